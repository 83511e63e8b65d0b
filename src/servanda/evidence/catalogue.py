"""Lists of what came in: payloads, notices, and where each row was met."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from servanda.evidence.blocks import chunks, holders
from servanda.evidence.schema import ENTRY, NOTICE, PAYLOAD, READING
from servanda.evidence.selection import Speaker
from servanda.tables import TIME, Column, Table

_SOURCE = Column("source_id", pl.String, "", "the id in the mission file", True)
_NAME = Column("payload_name", pl.String, "", "file name when it first came", True)
_SHA256 = Column("payload_sha256", pl.String, "", "SHA-256 of its bytes", True)
_READER = Column("reader", pl.String, "", "digest of program version and settings", True)
_INGESTED_AT = Column("ingested_at", TIME, "UTC", "when this reading was stored", True)

PAYLOADS = Table(
    "payloads",
    (
        _SOURCE,
        _NAME,
        _SHA256,
        Column("size_bytes", pl.Int64, "B", "as it came, compressed if it came so", True),
        _READER,
        _INGESTED_AT,
        Column("newest", pl.Boolean, "", "is it the newest reading of this payload", True),
        Column("observations", pl.Int64, "", "distinct observations in it", True),
        Column("watches", pl.Int64, "", "distinct watches in it", True),
        Column("quarantined", pl.Int64, "", "rows set aside", True),
        Column("notices", pl.Int64, "", "notices given", True),
    ),
)
NOTICES = Table("notices", (_SOURCE, _NAME, _SHA256, Column("notice", pl.String, "", "in plain words", True)))
PROVENANCE = Table(
    "provenance",
    (Column("id", pl.String, "", "observation_id or watch_id", True), _SOURCE, _NAME, _SHA256, _READER, _INGESTED_AT),
)


def payloads(connection: sa.Connection) -> pl.DataFrame:
    """``PAYLOADS``, sorted by (source_id, payload_name, payload_sha256), then in the order they were stored."""
    frame = _frame(connection, sa.select(READING, PAYLOAD.c.size_bytes).join_from(READING, PAYLOAD))
    newest = pl.col("reading_id") == pl.col("reading_id").max().over("source_id", "payload_sha256")
    frame = frame.with_columns(newest=newest).sort("source_id", "payload_name", "payload_sha256", "reading_id")
    return PAYLOADS.conform(frame.drop("reading_id"))


def notices(connection: sa.Connection, speaking: Sequence[Speaker]) -> pl.DataFrame:
    """``NOTICES`` of these readings, sorted by (source_id, payload_name, payload_sha256), then as given."""
    r = READING.c
    query = sa.select(NOTICE, r.source_id, r.payload_name, r.payload_sha256).join_from(NOTICE, READING)
    frame = _frame(connection, query).filter(pl.col("reading_id").is_in([s.reading_id for s in speaking]))
    return NOTICES.conform(
        frame.sort("source_id", "payload_name", "payload_sha256", "ordinal").drop("reading_id", "ordinal")
    )


def provenance(connection: sa.Connection, ids: Sequence[str]) -> pl.DataFrame:
    """``PROVENANCE``, sorted by (id, source_id, payload_name, payload_sha256), then in the order of storing."""
    entries = [
        (entry_id, row_no)
        for chunk in chunks(ids)
        for entry_id, row_no in connection.execute(sa.select(ENTRY).where(ENTRY.c.entry_id.in_(chunk)))
    ]
    found = pl.DataFrame(entries, schema={"id": pl.String, "row_no": pl.Int64}, orient="row").unique()
    held = found.join(holders(connection, found["row_no"]), on="row_no").unique(["id", "reading_id"])
    readings = _frame(connection, sa.select(READING)).select("reading_id", *PROVENANCE.names[1:])
    met = held.join(readings, on="reading_id")
    met = met.sort("id", "source_id", "payload_name", "payload_sha256", "reading_id")
    return PROVENANCE.conform(met.select(PROVENANCE.names))


def _frame(connection: sa.Connection, query: sa.Select[Any]) -> pl.DataFrame:
    """The rows of a query; ``reading_id`` is int64 even when there are none."""
    result = connection.execute(query)
    names = list(result.keys())
    rows = [tuple(row) for row in result]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None).cast({"reading_id": pl.Int64})
