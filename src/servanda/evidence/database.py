"""Opening the database: everything that is particular to SQLite, and the way to the newest schema."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from servanda.errors import EvidenceError

HEAD = "0001"
"""The newest revision in ``migrations/versions``."""
VERSION_TABLE = "servanda_version"
LOCK_TIMEOUT_S = 30.0
"""How long a writer waits for another one. Ingesting a million rows takes seconds, not minutes."""
CACHE_KIB = 65_536
"""Page cache: keeps the index of ids in memory while a large payload comes in."""


def connect(path: Path, lock_timeout_s: float) -> sa.Engine:
    """An engine whose transactions are real ones; those of ``writing`` take the write lock at once."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": lock_timeout_s},
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def writing(engine: sa.Engine) -> sa.Engine:
    """The same engine for writers: they queue at the start, so none fails half way for want of the lock."""
    return engine.execution_options(writes=True)


def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver's own implicit transactions would split ours
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # without it INSERT OR REPLACE deletes unseen by the triggers
        f"cache_size=-{CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def insert_tuples(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows given in the order of the columns: four times as fast as one dictionary per row."""
    connection.exec_driver_sql(str(table.insert().compile(dialect=connection.dialect)), list(rows))


@contextmanager
def refusals(path: Path, lock_timeout_s: float) -> Iterator[None]:
    """Turn what the database says into an EvidenceError that a user can act on."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        said = str(error.orig)
        if "locked" in said or "busy" in said:
            what = f"another process is writing to it and did not finish within {lock_timeout_s:g} s; try again later"
        elif "not a database" in said:
            what = "this file is not an evidence store; name another file in the mission"
        elif "unable to open" in said:
            what = "it cannot be opened; is it a file, and may you read and write it and its folder?"
        elif "malformed" in said:
            what = "the file is damaged; restore it from a copy, nothing was changed"
        else:
            what = f"the database refused: {said}"
        raise EvidenceError(f"{path}: {what}") from error


def migrate(engine: sa.Engine, path: Path) -> None:
    """Bring the database to ``HEAD``: a new file gets all tables, an older store what it lacks, in one transaction.

    Raises EvidenceError for a database that is not a store or that a newer program has changed.
    """
    with engine.connect() as connection:
        version = _version(connection, path)
    if version == HEAD:
        return
    from servanda.evidence.migrations import knows, upgrade  # Alembic takes 0.3 s to import and is seldom needed

    if version is not None and not knows(version):
        raise EvidenceError(
            f"{path}: this store has schema {version}, made by a newer program (this one knows {HEAD}); "
            "update servanda. Nothing was changed."
        )
    _use_write_ahead_log(engine)
    with writing(engine).begin() as connection:
        upgrade(connection, HEAD)


def _version(connection: sa.Connection, path: Path) -> str | None:
    """The stored revision; None for an empty database."""
    names = sa.inspect(connection).get_table_names()
    if not names:
        return None
    if VERSION_TABLE not in names:
        raise EvidenceError(f"{path}: this database is not an evidence store; name another file in the mission")
    version = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()
    if version is None:
        raise EvidenceError(f"{path}: this store does not say its schema; restore it from a copy")
    return str(version)


def _use_write_ahead_log(engine: sa.Engine) -> None:
    """Readers go on while a writer writes. The file remembers it."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
