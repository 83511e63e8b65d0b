"""Rows in Parquet blocks: each distinct row is stored once, under a number; a reading is spans of numbers.

Two rows are the same when every column but ``payload_sha256`` is equal: that one says where a row came
from, and the spans say it better. Rows with one id and different content (a payload read again with
other settings) are kept side by side.
"""

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
class Files:
    """Parquet files, and how many rows they have together."""

    parquet: list[bytes]
    rows: int


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


def chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Pieces that fit one IN list."""
    for at in range(0, len(values), CHUNK):
        yield values[at : at + CHUNK]
