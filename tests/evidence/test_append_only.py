"""The database itself refuses to change or remove evidence, and is what the schema module says."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from servanda.evidence import Receipt, Store, schema
from servanda.evidence.database import HEAD, VERSION_TABLE
from servanda.evidence.migrations import heads

Frames = Callable[..., pl.DataFrame]
Deliver = Callable[..., Receipt]
TABLES = [table.name for table in schema.METADATA.sorted_tables]


@pytest.fixture
def full(store: Store, deliver: Deliver, observed: Frames, finding: Callable[..., Any]) -> Store:
    """Every table has a row."""
    deliver(store, b"a", observations=observed("o1"), notices=("n",))
    store.issue([finding("f1")], datetime(2024, 5, 1, tzinfo=UTC))
    return store


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("pragma", ["recursive_triggers=OFF", "recursive_triggers=ON"])
def test_nothing_can_be_changed_or_removed(full: Store, table: str, pragma: str) -> None:
    connection = sqlite3.connect(full.path)
    connection.execute(f"PRAGMA {pragma}")
    before = connection.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    column = schema.METADATA.tables[table].columns.keys()[-1]
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
        with pytest.raises(sqlite3.IntegrityError, match=f"evidence is append-only: {table} cannot be changed"):
            connection.execute(statement)
    assert connection.execute(f"SELECT * FROM {table}").fetchall() == before
    connection.close()


@pytest.mark.parametrize("table", TABLES)
def test_the_program_itself_cannot_replace(full: Store, table: str) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), full._engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


def test_migrations_make_the_schema(store: Store) -> None:
    assert heads() == [HEAD]
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, schema.METADATA) == []
        assert sa.inspect(connection).get_foreign_keys("span")


@given(st.datetimes(timezones=st.timezones()))
def test_times_are_kept_exactly(t: datetime) -> None:
    back = schema.from_us(schema.to_us(t.astimezone(UTC)))
    assert back == t.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)
