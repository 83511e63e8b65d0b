"""Rows in Parquet blocks: each distinct row is stored once, under a number; a reading is spans of numbers.

Two rows are the same when every column but ``payload_sha256`` is equal: that one says where a row came
from, and the spans say it better. Rows with one id and different content (a payload read again with
other settings) are kept side by side.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlalchemy as sa

from servanda.evidence.schema import BLOCK, ENTRY, SPAN
from servanda.tables import OBSERVATIONS, QUARANTINE, WATCHES, Table

BLOCK_ROWS = 50_000
"""Most rows in a block: some 4 MB, read in 0.02 s, so that one row is found fast and many read as fast as one file."""
CHUNK = 5_000
"""Values in one IN list: below the 32,766 of SQLite."""
CELLS_AT_ONCE = 4_000_000
"""Cells that are decoded together, some 100 MB: four columns of a million rows, or all columns of 150,000."""
WHERE_FROM = "payload_sha256"

_Value = TypeVar("_Value", int, str)


@dataclass(frozen=True)
class Kept:
    """A table that is kept, and the column that identifies its rows (None: every row is kept as it comes)."""

    table: Table
    key: str | None

    @property
    def columns(self) -> list[str]:
        """What is stored of it."""
        return [name for name in self.table.names if name != WHERE_FROM]


KEPT_OBSERVATIONS = Kept(OBSERVATIONS, "observation_id")
KEPT_WATCHES = Kept(WATCHES, "watch_id")
KEPT_QUARANTINE = Kept(QUARANTINE, None)


@dataclass(frozen=True)
class Stored:
    """How many distinct rows a reading has, and how many of them nobody had brought before."""

    rows: int
    new: int


@dataclass(frozen=True)
class Files:
    """Parquet files, and how many rows they have together."""

    parquet: list[bytes]
    rows: int


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


def fetch(connection: sa.Connection, first_rows: Sequence[int]) -> Files:
    """The blocks that begin at these row numbers, which ascend."""
    parquet, rows = [], 0
    for chunk in chunks(first_rows):
        query = sa.select(BLOCK.c.parquet, BLOCK.c.row_count).where(BLOCK.c.first_row.in_(chunk))
        for data, row_count in connection.execute(query.order_by(BLOCK.c.first_row)):
            parquet.append(data)
            rows += row_count
    return Files(parquet, rows)


def decode(kept: Kept, files: Files, columns: Sequence[str], take: pl.Series) -> pl.DataFrame:
    """These columns of the rows at the positions ``take`` among all rows of ``files``, in that order.

    A few columns at a time, so that a large store is never in memory twice, once stored and once sorted.
    """
    schema = kept.table.schema
    schema.pop(WHERE_FROM, None)
    if not files.parquet:
        return pl.DataFrame(schema={name: schema[name] for name in columns})
    at_once = max(1, CELLS_AT_ONCE // max(1, files.rows))
    parts = [
        # a block older than a column of the table reads as nulls there
        pl.read_parquet(files.parquet, columns=list(group), schema=schema, missing_columns="insert").rechunk()[take]
        for group in (columns[at : at + at_once] for at in range(0, len(columns), at_once))
    ]
    return pl.concat(parts, how="horizontal")


def find(connection: sa.Connection, kept: Kept, ids: pl.Series) -> pl.DataFrame:
    """Every stored row with one of these ids: ``kept.columns`` and ``row_no`` (int64)."""
    found = [
        row_no
        for chunk in chunks(ids.to_list())
        for (row_no,) in connection.execute(sa.select(ENTRY.c.row_no).where(ENTRY.c.entry_id.in_(chunk)))
    ]
    numbers = np.unique(np.array(found, dtype=np.int64))
    return load_rows(connection, kept, numbers)


def load_rows(connection: sa.Connection, kept: Kept, numbers: npt.NDArray[np.int64]) -> pl.DataFrame:
    """The rows with these numbers (ascending, of any table): those of this one, and ``row_no``."""
    blocks = _blocks_of(connection, kept, numbers)
    holding = [
        (first, n) for first, n in blocks if np.searchsorted(numbers, first) < np.searchsorted(numbers, first + n)
    ]
    own = row_numbers(holding)
    wanted = np.flatnonzero(np.isin(own, numbers))
    files = fetch(connection, [first for first, _ in holding])
    return decode(kept, files, kept.columns, pl.Series(wanted)).with_columns(row_no=pl.Series(own[wanted]))


def holders(connection: sa.Connection, row_no: pl.Series) -> pl.DataFrame:
    """Every reading that holds one of these rows: ``row_no`` and ``reading_id`` (int64), in no set order."""
    rows = [tuple(row) for row in connection.execute(sa.select(SPAN))]
    names = ("reading_id", "first_row", "row_count")
    spans = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")
    end = pl.col("first_row") + pl.col("row_count")
    return (
        pl.DataFrame({"row_no": row_no.unique()}, schema={"row_no": pl.Int64})
        .join_where(
            spans.with_columns(end=end), pl.col("row_no") >= pl.col("first_row"), pl.col("row_no") < pl.col("end")
        )
        .select("row_no", "reading_id")
    )


def row_numbers(blocks: Iterable[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """The numbers of the rows in blocks given as (first_row, row_count), in that order."""
    ranges = [np.arange(first, first + n, dtype=np.int64) for first, n in blocks]
    return np.concatenate(ranges) if ranges else np.empty(0, dtype=np.int64)


def _blocks_of(connection: sa.Connection, kept: Kept, numbers: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """(first_row, row_count) of the blocks of this table between the least and the greatest number."""
    if not numbers.size:
        return []
    query = sa.select(BLOCK.c.first_row, BLOCK.c.row_count).where(
        BLOCK.c.content == kept.table.name,
        BLOCK.c.first_row <= int(numbers[-1]),
        BLOCK.c.first_row + BLOCK.c.row_count > int(numbers[0]),
    )
    return [(first, n) for first, n in connection.execute(query.order_by(BLOCK.c.first_row))]


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
    for part in rows.with_columns(position=pl.int_range(pl.len())).iter_slices(BLOCK_ROWS):
        stored = find(connection, kept, part[key].unique(maintain_order=True))
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
    for part in rows.iter_slices(BLOCK_ROWS):
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
    statement = str(ENTRY.insert().compile(dialect=connection.dialect))
    for at in range(0, part.height, CHUNK):
        ids = part[kept.key].slice(at, CHUNK).to_list()
        # plain tuples: four times as fast as one dictionary per row
        connection.exec_driver_sql(statement, list(zip(ids, range(first + at, first + at + len(ids)), strict=True)))


def _runs(numbers: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as (first, how many) of each unbroken run."""
    if not numbers.size:
        return
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        yield int(run[0]), int(run.size)


def chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Pieces that fit one IN list."""
    for at in range(0, len(values), CHUNK):
        yield values[at : at + CHUNK]
