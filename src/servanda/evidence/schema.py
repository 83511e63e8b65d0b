"""The database tables of the store. Migrations create them; a test holds the two together.

Times are int64 microseconds since 1970 UTC. Rows of observations, watches and quarantine live in Parquet
blocks; every stored row has a number, unique over all blocks. A span says which rows a reading holds, so
that a row met again in another payload costs a span and not a copy. Entries find rows by their id.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

METADATA = sa.MetaData()


def _references(column: str) -> sa.ForeignKey:
    """Checked at commit: a reading is written last, when its counts are known."""
    return sa.ForeignKey(column, deferrable=True, initially="DEFERRED")


PAYLOAD = sa.Table(
    "payload",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
)

READING = sa.Table(
    "reading",
    METADATA,
    sa.Column("reading_id", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("payload_sha256", sa.Text, _references("payload.sha256"), nullable=False),
    sa.Column("payload_name", sa.Text, nullable=False),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("ingested_at", sa.BigInteger, nullable=False),
    sa.Column("observations", sa.BigInteger, nullable=False),
    sa.Column("watches", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("notices", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("source_id", "payload_sha256", "reader", name="uq_reading"),
)

NOTICE = sa.Table(
    "notice",
    METADATA,
    sa.Column("reading_id", sa.Integer, _references("reading.reading_id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("notice", sa.Text, nullable=False),
)

BLOCK = sa.Table(
    "block",
    METADATA,
    sa.Column("first_row", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
    sa.Column("reading_id", sa.Integer, _references("reading.reading_id"), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("parquet", sa.LargeBinary, nullable=False),
)

SPAN = sa.Table(
    "span",
    METADATA,
    sa.Column("reading_id", sa.Integer, _references("reading.reading_id"), primary_key=True),
    sa.Column("first_row", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
)

ENTRY = sa.Table(
    "entry",
    METADATA,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("row_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

FINDING = sa.Table(
    "finding",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("finding_id", sa.Text, nullable=False, unique=True),
    sa.Column("term_id", sa.Text, nullable=False, index=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("t_from", sa.Text, nullable=False),
    sa.Column("t_to", sa.Text, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("supersedes", sa.Text, nullable=True, index=True),
    sa.Column("document", sa.Text, nullable=False),
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(t: datetime) -> int:
    """Microseconds since 1970 UTC, exactly. Raises ValueError for a time without a zone."""
    if t.tzinfo is None:
        raise ValueError(f"{t.isoformat()} has no time zone")
    return (t - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """The inverse of ``to_us``, in UTC."""
    return _EPOCH + timedelta(microseconds=us)
