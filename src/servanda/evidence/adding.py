"""Rows go in: those stored before become spans of their numbers, new ones become blocks."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from servanda.evidence import blocks, database
from servanda.evidence.blocks import Kept
from servanda.evidence.schema import BLOCK, ENTRY, SPAN


@dataclass(frozen=True)
class Stored:
    """How many distinct rows a reading has, and how many of them nobody had brought before."""

    rows: int
    new: int


def add(connection: sa.Connection, reading_id: int, kept: Kept, frame: pl.DataFrame) -> Stored:
    """Store the rows of one reading. Raises ValueError when ``frame`` is not of this table."""
    if frame.is_empty():
        return Stored(0, 0)
    rows = kept.table.conform(frame).select(kept.columns)
    if kept.key is None:
        known = np.empty(0, dtype=np.int64)
        new = rows
    else:
        rows = _distinct(rows, kept.key)
        matched = _match(connection, kept, kept.key, rows)
        known = matched["row_no"].sort().to_numpy()
        new = rows if matched.is_empty() else rows.filter(~pl.int_range(pl.len()).is_in(matched["position"].implode()))
    spans = [*_runs(known), *_append(connection, reading_id, kept, new)]
    if spans:
        connection.execute(
            SPAN.insert(), [{"reading_id": reading_id, "first_row": first, "row_count": n} for first, n in spans]
        )
    return Stored(rows.height, new.height)


def _distinct(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Without repeated rows, sorted by id: neighbours in the index of ids are then written together."""
    repeated = rows[key].is_duplicated()
    if repeated.any():
        rows = pl.concat([rows.filter(~repeated), rows.filter(repeated).unique(maintain_order=True)])
    return rows.sort(key)


def _match(connection: sa.Connection, kept: Kept, key: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Which of ``rows`` are stored already: ``position`` among them and ``row_no`` (int64)."""
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_right")) for name in rows.columns if name != key)
    found = [pl.DataFrame(schema={"position": pl.Int64, "row_no": pl.Int64})]
    # part by part, so that only a part of what is stored is in memory
    for part in rows.with_columns(position=pl.int_range(pl.len())).iter_slices(blocks.BLOCK_ROWS):
        stored = blocks.find(connection, kept, part[key].unique(maintain_order=True))
        found.append(part.join(stored, on=key).filter(same).select("position", "row_no"))
    return pl.concat(found)


def _append(connection: sa.Connection, reading_id: int, kept: Kept, rows: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """Write new rows as blocks and yield each block's (first_row, row_count)."""
    if rows.is_empty():
        return
    last = connection.execute(
        sa.select(BLOCK.c.first_row, BLOCK.c.row_count).order_by(BLOCK.c.first_row.desc()).limit(1)
    ).first()
    first = 0 if last is None else last.first_row + last.row_count
    for part in rows.iter_slices(blocks.BLOCK_ROWS):
        _write(connection, reading_id, kept, part, first)
        yield first, part.height
        first += part.height


def _write(connection: sa.Connection, reading_id: int, kept: Kept, part: pl.DataFrame, first: int) -> None:
    buffer = io.BytesIO()
    part.write_parquet(buffer, compression="zstd", statistics=False)
    data = buffer.getvalue()
    connection.execute(
        BLOCK.insert(),
        {
            "first_row": first,
            "row_count": part.height,
            "reading_id": reading_id,
            "content": kept.table.name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "parquet": data,
        },
    )
    if kept.key is None:
        return
    numbers = range(first, first + part.height)
    database.insert_tuples(connection, ENTRY, list(zip(part[kept.key].to_list(), numbers, strict=True)))


def _runs(numbers: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, how many) of each unbroken run."""
    if not numbers.size:
        return
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        yield int(run[0]), int(run.size)
