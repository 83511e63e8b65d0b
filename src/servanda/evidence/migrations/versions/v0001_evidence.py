"""Payloads, readings, rows, findings; and triggers that refuse to change or remove any of them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("payload", "reading", "notice", "block", "span", "entry", "finding")


def upgrade() -> None:
    _readings()
    _rows()
    _findings()
    for table in TABLES:
        _append_only(table)


def downgrade() -> None:
    raise NotImplementedError("evidence is never removed; go back by restoring a copy of the store")


def _readings() -> None:
    op.create_table(
        "payload",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "reading",
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
    op.create_table(
        "notice",
        sa.Column("reading_id", sa.Integer, _references("reading.reading_id"), primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("notice", sa.Text, nullable=False),
    )


def _rows() -> None:
    op.create_table(
        "block",
        sa.Column("first_row", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("reading_id", sa.Integer, _references("reading.reading_id"), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("parquet", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "span",
        sa.Column("reading_id", sa.Integer, _references("reading.reading_id"), primary_key=True),
        sa.Column("first_row", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "entry",
        sa.Column("entry_id", sa.Text, primary_key=True),
        sa.Column("row_no", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _findings() -> None:
    op.create_table(
        "finding",
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


def _append_only(table: str) -> None:
    """SQLite's trigger language; another database gets its own branch here when it is supported."""
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'evidence is append-only: {table} cannot be changed'); END"
        )


def _references(column: str) -> sa.ForeignKey:
    """Checked at commit: a reading is written last, when its counts are known."""
    return sa.ForeignKey(column, deferrable=True, initially="DEFERRED")
