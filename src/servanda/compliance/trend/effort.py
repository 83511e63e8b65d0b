"""Hours watched: by the watches that could see such events, for the part of the zone and the chance to report one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda import kinds
from servanda.compliance.clock import Micros, column_micros
from servanda.compliance.power import places_in
from servanda.compliance.trend.series import HOUR_US, Cells, Events

Floats = NDArray[np.float64]
Basis = Literal["watches", "watch_hours", "covered_hours", "none"]
"""``watch_hours``: no watch states its chance to report, which is taken to be the same throughout."""


@dataclass(frozen=True)
class _Channels:
    """What can be on: of a group, over places (row of ``covered``), for leaves (row of ``sees``), with a chance."""

    group: NDArray[np.int64]
    p: Floats
    covered: NDArray[np.bool_]
    sees: NDArray[np.bool_]
    on: Floats
    """(channels, pieces) share of each piece of time."""


def basis_of(watches: pl.DataFrame) -> Basis:
    if watches.is_empty():
        return "none"
    return "watches" if watches["p_detect"].is_not_null().any() else "watch_hours"


def able(watches: pl.DataFrame, wanted: frozenset[str]) -> pl.DataFrame:
    """The watches that were kept and could see one of these kinds; of no kinds: all that were kept."""
    kept = watches.filter((pl.col("status") == "watching") & pl.col("about_record").is_null())
    if not wanted:
        return kept
    leaves = frozenset().union(*map(kinds.leaves, wanted))
    return kept.filter(pl.col("kind").is_in([k for k in kinds.tree() if kinds.leaves(k) & leaves]))


def hours_watched(
    cells: Cells, watches: pl.DataFrame, wanted: frozenset[str], zone: BaseGeometry | None, day: Floats, places: int
) -> Floats:
    """(n,) hours of full watching in each cell: chance that an event at any place, of any kind, is reported.

    ``watches`` as from ``able``. Without a zone: of the area that any of them covers. ``day`` (24,) weighs the hours
    of the UTC day by how much happens in them; its mean is 1.
    """
    low, high = int(cells.t_from.min()), int(cells.t_to.max())
    marks = np.arange(low - low % HOUR_US, high + HOUR_US, HOUR_US)
    at = np.unique(np.clip(np.r_[marks, cells.t_from, cells.t_to], low, high))
    channels = _channels(watches, wanted, zone, places, at)
    share = np.zeros(len(at) - 1)
    known: dict[bytes, float] = {}
    for i in range(len(share)):
        key = np.round(channels.on[:, i], 6).tobytes()
        if key not in known:
            known[key] = _seen(channels, channels.on[:, i])
        share[i] = known[key]
    hour = (at[:-1] // HOUR_US) % 24
    total = np.r_[0.0, np.cumsum(share * day[hour] * np.diff(at) / HOUR_US)]
    return np.asarray(total[np.searchsorted(at, cells.t_to)] - total[np.searchsorted(at, cells.t_from)])


def _channels(
    watches: pl.DataFrame, wanted: frozenset[str], zone: BaseGeometry | None, places: int, at: Micros
) -> _Channels:
    p = pl.lit(1.0) if basis_of(watches) == "watch_hours" else pl.col("p_detect").fill_null(0.0)
    kept = watches.with_columns(p.alias("p")).filter(pl.col("p") > 0)
    ways = ("witness_group", "footprint", "kind", "p")
    distinct = kept.select(ways).unique().sort(ways, nulls_last=True)
    numbered = kept.join(distinct.with_row_index("way"), on=ways, how="left", nulls_equal=True)
    on = np.zeros((distinct.height, len(at) - 1))
    for way, part in sorted(numbered.partition_by("way", as_dict=True).items()):
        on[int(way[0])] = _share_on(part, at)
    groups = distinct["witness_group"].unique().sort().to_list()
    leaves = sorted(frozenset().union(*map(kinds.leaves, wanted or distinct["kind"].to_list())))
    sees = np.array([[leaf in kinds.leaves(k) for leaf in leaves] for k in distinct["kind"]], dtype=bool)
    return _Channels(
        np.array([groups.index(g) for g in distinct["witness_group"]], dtype=np.int64),
        distinct["p"].to_numpy(),
        _covered(distinct["footprint"].to_list(), zone, places),
        np.unique(sees, axis=1) if sees.size else sees,
        on,
    )


def _share_on(watches: pl.DataFrame, at: Micros) -> Floats:
    """(pieces,) share of each piece of time in which at least one of these watches was kept."""
    spans = np.sort(np.c_[column_micros(watches["t_start"]), column_micros(watches["t_end"])], axis=0)
    # With starts and ends sorted apart, a union of intervals is where more have started than ended.
    marks = np.unique(np.r_[at, np.clip(spans.ravel(), at[0], at[-1])])
    live = np.searchsorted(spans[:, 0], marks[:-1], side="right") > np.searchsorted(
        spans[:, 1], marks[:-1], side="right"
    )
    total = np.r_[0.0, np.cumsum(np.where(live, np.diff(marks), 0))]
    whole = np.interp(at, marks, total)
    return np.asarray(np.diff(whole) / np.maximum(np.diff(at), 1))


def _covered(footprints: Sequence[bytes | None], zone: BaseGeometry | None, places: int) -> NDArray[np.bool_]:
    shapes = [None if f is None else shapely.make_valid(shapely.from_wkb(f)) for f in footprints]
    areas = [s for s in shapes if s is not None]
    if not areas:
        return np.ones((len(shapes), 1), dtype=bool)
    points = places_in(shapely.unary_union(areas) if zone is None else zone, places)
    rows = [
        np.ones(len(points), bool) if s is None else shapely.contains_xy(s, points[:, 0], points[:, 1]) for s in shapes
    ]
    return np.array(rows)


def _seen(c: _Channels, on: Floats) -> float:
    """Mean over places and kinds of the chance that at least one group reports; a group is as good as its best."""
    live = np.flatnonzero(on > 0)
    if not len(live) or not c.covered.size or not c.sees.size:
        return 0.0
    missed = np.ones((c.covered.shape[1], c.sees.shape[1]))
    for group in np.unique(c.group[live]):
        mine = live[c.group[live] == group]
        chance = (on[mine] * c.p[mine])[:, None, None] * c.covered[mine][:, :, None] * c.sees[mine][:, None, :]
        missed *= 1.0 - chance.max(axis=0)
    return float(1.0 - missed.mean())


def day_of(events: Events, low: int, high: int) -> Floats:
    """(24,) how much happens in each hour of the UTC day, mean 1; drawn towards even by one event an hour.

    Makes a window that is not whole days comparable with days: six evening hours are not a quarter of a day.
    """
    start = events.t_from[events.timed]
    here = start[(start >= low) & (start < high)]
    counts = np.bincount((here // HOUR_US) % 24, minlength=24) + 1.0
    return np.asarray(counts / counts.mean())
