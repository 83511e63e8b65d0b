"""Alembic loads this file by its path. The connection and its transaction belong to the caller."""

from alembic import context

from servanda.evidence.database import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
