"""Alembic run from inside the program: no ini file, no command line, no output."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def _config() -> Config:
    config = Config()
    # the config format treats % as its own
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def heads() -> list[str]:
    """The newest revisions in this folder: one, or the folder is inconsistent."""
    return ScriptDirectory.from_config(_config()).get_heads()


def knows(revision: str) -> bool:
    """Does this program know the revision?"""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Run what is missing up to ``revision`` inside the transaction of ``connection``."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
