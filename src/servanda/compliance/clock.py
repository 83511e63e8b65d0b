"""Times as int64 microseconds UTC, and how much of an uncertain time lies in a window."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR_PAST, FAR_FUTURE = np.iinfo(np.int64).min // 4, np.iinfo(np.int64).max // 4

Micros = NDArray[np.int64]


def micros(t: datetime | None, missing: int = FAR_FUTURE) -> int:
    """Microseconds since 1970, UTC; ``missing`` for None (an open end)."""
    return missing if t is None else (t - EPOCH) // timedelta(microseconds=1)


def column_micros(column: pl.Series) -> Micros:
    return column.dt.epoch("us").to_numpy().astype(np.int64)


@dataclass(frozen=True)
class Times:
    """Half-open intervals and instants, (n,) each, microseconds UTC, in order of ``start``."""

    start: Micros
    end: Micros

    @cached_property
    def _reach(self) -> Micros:
        """The latest end of all up to each: nothing before the first that reaches a moment does."""
        return np.maximum.accumulate(self.end)

    def touching(self, low: int, high: int) -> NDArray[np.int64]:
        """Positions of those that have a moment in [low, high), in order."""
        first, stop = int(np.searchsorted(self._reach, low)), int(np.searchsorted(self.start, high))
        start, end = self.start[first:stop], self.end[first:stop]
        return first + np.flatnonzero((end > low) | (start >= low))


def share_within(t_start: Micros, t_end: Micros, low: int, high: int) -> NDArray[np.float64]:
    """(n,) share of each half-open interval in [low, high); an instant is in or out, and its own start decides."""
    length = t_end - t_start
    overlap = np.minimum(t_end, high) - np.maximum(t_start, low)
    instant = (t_start >= low) & (t_start < high)
    return np.where(length > 0, np.maximum(overlap, 0) / np.maximum(length, 1), instant.astype(np.float64))
