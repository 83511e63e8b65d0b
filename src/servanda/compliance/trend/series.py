"""Counts by day for a trend: from one feed's observations, from incidents, or from counts over periods."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda import kinds
from servanda.compliance.clock import Micros, column_micros, micros
from servanda.compliance.count_rates import stated

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Arrays over stretches of time, in order. ``effort`` in hours of full watching; ``stratum``: region."""

    t_from: Micros
    t_to: Micros
    count: Floats
    effort: Floats
    at_least: NDArray[np.bool_]
    stratum: NDArray[np.int64]

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> "Cells":
        return Cells(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def with_effort(self, effort: Floats) -> "Cells":
        return replace(self, effort=effort)


@dataclass(frozen=True)
class Events:
    """Arrays: ``size`` spread evenly over [t_from, t_to), or at t_from. ``timed``: is the hour known."""

    t_from: Micros
    t_to: Micros
    size: Floats
    timed: NDArray[np.bool_]


def wanted(wanted_kinds: frozenset[str]) -> pl.Expr:
    """Is the column ``kind`` among them or below; of no kinds: every kind that is one."""
    if not wanted_kinds:
        return pl.col("kind") != "report_untyped"
    return pl.col("kind").is_in([k for k in kinds.tree() if set(kinds.lineage(k)) & wanted_kinds])


def events_of_feed(observations: pl.DataFrame, measure: str) -> Events:
    """``starts`` and ``records``: one each at its start, or over its day if only that is known; ``hours``: its length.

    Hours are told in mean lengths, so that a unit is one event and varies as one.
    """
    ordered = observations.sort("t_start", "observation_id")
    if measure == "records":
        ordered = ordered.unique("record_id", keep="first", maintain_order=True)
    start, end = column_micros(ordered["t_start"]), column_micros(ordered["t_end"])
    by_day = ordered["flags"].list.contains("day_precision").fill_null(False).to_numpy()
    if measure == "hours":
        length = (end - start).astype(np.float64)
        mean = length[length > 0].mean() if (length > 0).any() else 1.0
        return Events(start, end, length / mean, ~by_day)
    return Events(start, np.where(by_day, end, start), np.ones(len(start)), ~by_day)


def events_of_incidents(incidents: pl.DataFrame, weight: Floats) -> Events:
    """``weight``: expected number that each incident stands for, such as its chance."""
    start, end = column_micros(incidents["t_start"]), column_micros(incidents["t_end"])
    return Events(start, end, weight, end - start < DAY_US // 2)


def expected_of_kinds(incidents: pl.DataFrame, wanted_kinds: frozenset[str]) -> Floats:
    """(n,) chance that each incident happened and was of these kinds."""
    share = {k: kinds.share(k, wanted_kinds) if wanted_kinds else 1.0 for k in kinds.tree()}
    said = incidents.with_row_index("i").select("i", "kinds").explode("kinds").unnest("kinds")
    part = pl.col("probability") * pl.col("value").replace_strict(share, default=0.0, return_dtype=pl.Float64)
    sums = said.group_by("i").agg(part.sum().clip(0.0, 1.0).alias("share")).sort("i")
    out = np.zeros(incidents.height)
    out[sums["i"].to_numpy()] = sums["share"].fill_null(0.0).to_numpy()
    return np.asarray(out * incidents["probability"].to_numpy())


def daily(events: Events, edges: Sequence[datetime]) -> Cells:
    """Cells from edge to edge, half-open; effort is not known yet."""
    at = np.array([micros(e) for e in edges], dtype=np.int64)
    low, high = at[:-1], at[1:]
    instant = events.t_to <= events.t_from
    place = np.searchsorted(at, events.t_from[instant], side="right") - 1
    inside = (place >= 0) & (place < len(low))
    count = np.bincount(place[inside], events.size[instant][inside], minlength=len(low)).astype(np.float64)
    a, b, size = events.t_from[~instant], events.t_to[~instant], events.size[~instant]
    rate = size / np.maximum(b - a, 1)
    for i in range(len(low)):
        count[i] += float((rate * np.maximum(np.minimum(b, high[i]) - np.maximum(a, low[i]), 0)).sum())
    n = len(low)
    return Cells(low, high, count, np.zeros(n), np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64))


def periods(observations: pl.DataFrame, unit: str, low: int, high: int) -> Cells:
    """One cell for every period and region with a stated count; hours of the period are its effort.

    What no report covers is no cell. A period that begins before ``low`` or ends after ``high`` is left out.
    """
    counts = stated(observations, unit).sort("t_start", "geometry", "observation_id")
    start, end = column_micros(counts["t_start"]), column_micros(counts["t_end"])
    regions = counts["geometry"].unique().sort().to_list()
    which = {region: i for i, region in enumerate(regions)}
    cells = Cells(
        start,
        end,
        counts["count_low"].to_numpy().astype(np.float64),
        (end - start) / HOUR_US,
        counts["count_high"].is_null().to_numpy(),
        np.array([which[g] for g in counts["geometry"]], dtype=np.int64),
    )
    return cells.only((start >= low) & (end <= high))


def summed(cells: Cells) -> Cells:
    """Regions added up: only periods that are stated for every region."""
    if len(np.unique(cells.stratum)) < 2:
        return cells
    frame = pl.DataFrame({"a": cells.t_from, "b": cells.t_to, "y": cells.count, "e": cells.effort, "o": cells.at_least})
    whole = (
        frame.group_by("a", "b")
        .agg(pl.col("y").sum(), pl.col("e").mean(), pl.col("o").any(), pl.len().alias("n"))
        .filter(pl.col("n") == len(np.unique(cells.stratum)))
        .sort("a", "b")
    )
    a, b, y, e, o = (whole[c].to_numpy() for c in "abyeo")
    return Cells(a, b, y, e, o, np.zeros(len(a), dtype=np.int64))


def inside(cells: Cells, window: tuple[datetime, datetime]) -> Floats:
    """(n,) share of each cell that lies in the window."""
    a, b = (micros(t) for t in window)
    overlap = np.maximum(np.minimum(cells.t_to, b) - np.maximum(cells.t_from, a), 0)
    return np.asarray(overlap / np.maximum(cells.t_to - cells.t_from, 1))


def weekdays(cells: Cells, days: Sequence[datetime], names: Sequence[int]) -> Floats:
    """(n, 7) share of each cell in each weekday; ``days`` are edges of reporting days, ``names`` 0 (Monday) to 6."""
    at = np.array([micros(t) for t in days], dtype=np.int64)
    out = np.zeros((len(cells.t_from), 7))
    for a, b, name in zip(at[:-1], at[1:], names, strict=True):
        overlap = np.maximum(np.minimum(cells.t_to, b) - np.maximum(cells.t_from, a), 0)
        out[:, name] += overlap / np.maximum(cells.t_to - cells.t_from, 1)
    return out
