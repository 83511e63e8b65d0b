"""Which readings speak now, and what they say together.

A payload may have been read several times: by another program version, or with other settings. One
reading of each (source, payload) speaks: the one that the run names, else the newest stored. A payload
that the run does not name at all (its file is gone from the folder) still speaks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from servanda.errors import EvidenceError
from servanda.evidence import blocks
from servanda.evidence.blocks import WHERE_FROM, Files, Kept
from servanda.evidence.schema import BLOCK, READING, SPAN, to_us

ReadingKey = tuple[str, str, str]
"""source_id, payload_sha256, reader."""


@dataclass(frozen=True)
class Speaker:
    """A reading that speaks."""

    reading_id: int
    payload_sha256: str


def speakers(
    connection: sa.Connection, source_ids: Sequence[str] | None, current: Sequence[ReadingKey] | None
) -> list[Speaker]:
    """One reading per (source, payload). Raises EvidenceError when ``current`` names what is not stored."""
    columns = (READING.c.reading_id, READING.c.source_id, READING.c.payload_sha256, READING.c.reader)
    stored = {
        (source_id, sha256, reader): reading_id
        for reading_id, source_id, sha256, reader in connection.execute(
            sa.select(*columns).order_by(READING.c.reading_id)
        )
    }
    chosen = {(source_id, sha256): reading_id for (source_id, sha256, _), reading_id in stored.items()}
    chosen |= _named(stored, current or ())
    wanted = None if source_ids is None else frozenset(source_ids)
    return [
        Speaker(reading_id, sha256)
        for (source_id, sha256), reading_id in sorted(chosen.items())
        if wanted is None or source_id in wanted
    ]


def rows(connection: sa.Connection, kept: Kept, speaking: Sequence[Speaker], as_of: datetime | None) -> pl.DataFrame:
    """The rows of these readings known at ``as_of``, one per id, as ``kept.table``, sorted by (t_start, id).

    Rows with one id can differ when payloads were read with different settings: the one recorded first
    is taken, then the least in content, so that the order of ingest does not matter. ``payload_sha256``
    is the least of the payloads that hold the row. Rows without an id come in the order of storing.
    """
    hashes, label = _labels(connection, speaking)
    query = sa.select(BLOCK.c.first_row, BLOCK.c.row_count).where(BLOCK.c.content == kept.table.name)
    holding = [
        (first, n)
        for first, n in connection.execute(query.order_by(BLOCK.c.first_row))
        if (label[first : first + n] >= 0).any()
    ]
    files = blocks.fetch(connection, [first for first, _ in holding])
    held_by = label[blocks.row_numbers(holding)]
    take = pl.Series(np.flatnonzero(held_by >= 0))
    if kept.key is not None:
        take = _chosen(kept, kept.key, files, take, as_of)
    frame = blocks.decode(kept, files, kept.columns, take)
    if WHERE_FROM in kept.table.names:
        frame = frame.with_columns(pl.Series(hashes, dtype=pl.String)[held_by[take]].alias(WHERE_FROM))
    return kept.table.conform(frame)


def _chosen(kept: Kept, key: str, files: Files, take: pl.Series, as_of: datetime | None) -> pl.Series:
    """Of the positions ``take``, those of the rows that are shown, in the order in which they are shown."""
    keys = blocks.decode(kept, files, [key, "t_start", "recorded_at"], take).with_columns(position=take)
    if as_of is not None:
        keys = keys.filter(pl.col("recorded_at").cast(pl.Int64) <= to_us(as_of))
    repeated = keys[key].is_duplicated()
    if repeated.any():
        rivals = keys["position"].filter(repeated)
        full = blocks.decode(kept, files, kept.columns, rivals).with_columns(position=rivals)
        winners = _one_per_id(full, key)["position"]
        keys = keys.filter(~repeated | keys["position"].is_in(winners.implode()))
    return keys.sort("t_start", key)["position"]


def by_id(connection: sa.Connection, kept: Kept, ids: Sequence[str]) -> pl.DataFrame:
    """Rows by id from every reading, one per id, those of the newest readings first; in no set order."""
    assert kept.key is not None
    found = blocks.find(connection, kept, pl.Series(ids, dtype=pl.String))
    newest = [s.reading_id for s in speakers(connection, None, None)]
    payloads = pl.DataFrame(
        [tuple(row) for row in connection.execute(sa.select(READING.c.reading_id, READING.c.payload_sha256))],
        schema={"reading_id": pl.Int64, WHERE_FROM: pl.String},
        orient="row",
    )
    held_by = (
        blocks.holders(connection, found["row_no"])
        .join(payloads.with_columns(superseded=~pl.col("reading_id").is_in(newest)), on="reading_id")
        .sort("superseded", WHERE_FROM)
        .unique("row_no", keep="first", maintain_order=True)
    )
    newest_of_its_id = pl.col("superseded") == pl.col("superseded").min().over(kept.key)
    frame = found.join(held_by, on="row_no").filter(newest_of_its_id).select(kept.table.names)
    return _one_per_id(kept.table.conform(frame), kept.key)


def _labels(connection: sa.Connection, speaking: Sequence[Speaker]) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Payload hashes, ascending, and for each row number the least of them that holds it (-1: none)."""
    hashes = sorted({s.payload_sha256 for s in speaking})
    rank = {sha256: i for i, sha256 in enumerate(hashes)}
    of_reading = {s.reading_id: rank[s.payload_sha256] for s in speaking}
    spans = [
        (of_reading[reading_id], first, n)
        for reading_id, first, n in connection.execute(sa.select(SPAN))
        if reading_id in of_reading
    ]
    end = connection.execute(sa.select(sa.func.max(BLOCK.c.first_row + BLOCK.c.row_count))).scalar() or 0
    label = np.full(end, -1, dtype=np.int32)
    for i, first, n in sorted(spans, reverse=True):  # the least hash is written last and stays
        label[first : first + n] = i
    return hashes, label


def _named(stored: dict[ReadingKey, int], current: Sequence[ReadingKey]) -> dict[tuple[str, str], int]:
    named: dict[tuple[str, str], int] = {}
    for source_id, sha256, reader in current:
        reading_id = stored.get((source_id, sha256, reader))
        if reading_id is None:
            raise EvidenceError(f"{source_id}: the store has no reading {reader} of payload {sha256}; ingest it first")
        if named.setdefault((source_id, sha256), reading_id) != reading_id:
            raise EvidenceError(f"{source_id}: two readings of payload {sha256} are named as current; name one")
    return named


def _one_per_id(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    repeated = frame[key].is_duplicated()
    if not repeated.any():
        return frame
    content = [
        pl.struct(name).struct.json_encode()
        if isinstance(dtype, pl.List)
        else pl.col(name)  # lists cannot be sorted by
        for name, dtype in frame.schema.items()
        if name not in ("recorded_at", WHERE_FROM)
    ]
    first = frame.filter(repeated).sort("recorded_at", *content).unique(key, keep="first", maintain_order=True)
    return pl.concat([frame.filter(~repeated), first])
