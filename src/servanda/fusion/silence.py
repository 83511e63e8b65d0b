"""What silence says: a report that nobody confirms is worth less when others were looking."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda import kinds

Floats = NDArray[np.float64]
MOMENTS = (1 / 6, 1 / 2, 5 / 6)
"""Where an uncertain time is looked at: the middles of its thirds."""


@dataclass(frozen=True)
class _Post:
    """The watches of one group over one footprint for one kind, in order of start; p is the chance to report."""

    group: str
    kinds: frozenset[str]
    footprint: BaseGeometry | None
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    p: Floats

    def chance(self, t: NDArray[np.int64]) -> Floats:
        """(n,) chance to report at moments ``t``, microseconds UTC."""
        at = np.searchsorted(self.start, t, side="right") - 1
        on = (at >= 0) & (t < self.end[at])
        return np.where(on, self.p[at], 0.0)


def unconfirmed(incidents: pl.DataFrame, watches: pl.DataFrame) -> Floats:
    """(n,) log of the chance that every group that was looking and is not in the incident would stay silent.

    ``incidents`` has kind, t_start, t_end, lon, lat, groups (all witness groups in it). Groups are taken as
    independent; within one, the best watch counts. Incidents without a point are left as they are.
    """
    total = np.zeros(incidents.height)
    lon, lat = (incidents[c].fill_null(np.nan).to_numpy() for c in ("lon", "lat"))
    start, end = (incidents[c].dt.epoch("us").to_numpy() for c in ("t_start", "t_end"))
    posts = _posts(watches)
    for group in dict.fromkeys(post.group for post in posts):
        absent = ~incidents["groups"].list.contains(group).to_numpy() & ~np.isnan(lon)
        best = np.zeros(incidents.height)
        for post in (p for p in posts if p.group == group):
            fits = absent & incidents["kind"].is_in(sorted(post.kinds)).to_numpy()
            at = np.flatnonzero(fits & (end >= post.start[0]) & (start < post.end.max()))
            if post.footprint is not None and len(at):
                at = at[shapely.contains_xy(post.footprint, lon[at], lat[at])]
            moments = [post.chance(start[at] + ((end[at] - start[at]) * m).astype(np.int64)) for m in MOMENTS]
            best[at] = np.maximum(best[at], np.mean(moments, axis=0))
        total += np.log1p(-np.minimum(best, 0.999))
    return total


def _posts(watches: pl.DataFrame) -> list[_Post]:
    on = watches.filter((pl.col("status") == "watching") & (pl.col("p_detect") > 0))
    keys = ["witness_group", "kind", "footprint"]
    out = []
    for (group, kind, footprint), rows in on.sort(*keys, "t_start", "t_end", nulls_last=True).group_by(
        keys, maintain_order=True
    ):
        shape = None if footprint is None else shapely.from_wkb(footprint)
        if shape is not None:
            shapely.prepare(shape)
        below = frozenset(k for k in kinds.tree() if str(kind) in kinds.lineage(k))
        times = [rows[c].dt.epoch("us").to_numpy() for c in ("t_start", "t_end")]
        out.append(_Post(str(group), below, shape, times[0], times[1], rows["p_detect"].to_numpy()))
    return out
