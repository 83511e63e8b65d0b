"""The effort behind the counts: hours watched and lost, by source and by region."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda.findings import Period
from servanda.report.data import ReportData
from servanda.report.words import STATUSES


@dataclass(frozen=True)
class EffortRow:
    """Hours of one source: watched in both periods, lost in the period by status, and the reasons given.

    ``since_h``, ``since_lost_h``: the same since the agreement is in force.
    """

    source_id: str
    watched_h: float
    previous_h: float
    lost_h: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]
    since_h: float = 0.0
    since_lost_h: tuple[tuple[str, float], ...] = ()

    @property
    def told(self) -> str:
        """The reasons, one after the other, each with its own full stop or none."""
        return "; ".join(self.reasons).replace(".; ", ". ")


def effort_rows(data: ReportData) -> list[EffortRow]:
    """One row per source. Several kinds watched at once are one hour of watching, so the most per kind counts."""
    by = ["which", "source_id", "status", "reason"]
    hours = (
        data.effort.group_by([*by, "kind"]).agg(pl.col("hours").sum()).group_by(by).agg(pl.col("hours").max()).sort(by)
    )
    rows = []
    for source_id in sorted(data.effort["source_id"].unique().to_list()):
        mine = hours.filter(pl.col("source_id") == source_id)
        now = mine.filter(pl.col("which") == "period")
        since = mine.filter(pl.col("which") == "since")
        given = (pl.col("status") != "watching") & pl.col("reason").is_not_null() & (pl.col("reason") != "")
        reasons = now.filter(given).sort("hours", "reason", descending=[True, False])
        rows.append(
            EffortRow(
                source_id,
                _watched(now),
                _watched(mine.filter(pl.col("which") == "previous")),
                _lost(now),
                tuple(dict.fromkeys(reasons["reason"].to_list()))[:3],
                _watched(since),
                _lost(since),
            )
        )
    return rows


def _lost(hours: pl.DataFrame) -> tuple[tuple[str, float], ...]:
    """(status, hours) in the order of ``tables.WATCH_STATUS``."""
    lost = dict(hours.group_by("status").agg(pl.col("hours").sum()).iter_rows())
    return tuple((s, float(lost[s])) for s in STATUSES if s != "watching" and lost.get(s, 0.0) > 0)


def _watched(hours: pl.DataFrame) -> float:
    return float(hours.filter(pl.col("status") == "watching")["hours"].sum())


def region_hours(watches: pl.DataFrame, period: Period | None, regions: Mapping[str, BaseGeometry]) -> dict[str, float]:
    """Hours watched in each region (degrees, lon lat) within the period, summed over sources.

    A watch counts with the share of the region that its footprint covers, one without a footprint in full. Of
    the kinds that a source watches for, the one most watched counts, so that watching for two is not twice.
    """
    if period is None or not regions:
        return {}
    low, high = pl.lit(period.t_from), pl.lit(period.t_to)
    length = pl.min_horizontal("t_end", high) - pl.max_horizontal("t_start", low)
    watching = (
        watches.filter(pl.col("status") == "watching")
        .with_columns(hours=length.dt.total_microseconds() / 3.6e9)
        .filter(pl.col("hours") > 0)
        .group_by("source_id", "kind", "footprint")
        .agg(pl.col("hours").sum())
        .sort("source_id", "kind", "footprint")
    )
    if watching.is_empty():
        return dict.fromkeys(regions, 0.0)
    prints = watching["footprint"].unique().sort()
    row = watching.select(pl.col("footprint").replace_strict(prints, pl.int_range(len(prints), eager=True)))
    hours = watching["hours"].to_numpy()[:, None] * _covered(prints, regions)[row.to_series().to_numpy()]
    per_kind = watching.select("source_id", "kind").hstack(pl.DataFrame(hours, schema=list(regions)))
    most = (
        per_kind.group_by("source_id", "kind")
        .agg(pl.col(*regions).sum())
        .group_by("source_id")
        .agg(pl.col(*regions).max())
    )
    return {name: float(most[name].sort().sum()) for name in regions}


def _covered(prints: pl.Series, regions: Mapping[str, BaseGeometry]) -> NDArray[np.float64]:
    """Share of each region (columns) that each footprint (rows, WKB) covers; all where there is no footprint.

    Areas are in square degrees: within one region their ratio is that on the ground to a few per cent.
    """
    areas = shapely.make_valid(np.array(list(regions.values()), dtype=object))
    shapes = shapely.make_valid(shapely.from_wkb(prints.to_numpy()))
    out = np.where(shapely.is_missing(shapes)[:, None], 1.0, np.zeros((len(shapes), len(areas))))
    i, j = shapely.STRtree(areas).query(shapes, predicate="intersects")
    whole = np.maximum(shapely.area(areas[j]), np.finfo(np.float64).tiny)
    out[i, j] = np.minimum(shapely.area(shapely.intersection(shapes[i], areas[j])) / whole, 1.0)
    return out
