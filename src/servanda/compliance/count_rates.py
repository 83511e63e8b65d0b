"""Stated counts per covered day: what no report covers is not zero, and a period across an edge counts in part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda.compliance.clock import column_micros, micros

DAY_US = 86_400_000_000
WITHIN = 0.999
"""Share of a region's area from which on it lies inside another."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CountRate:
    """Of some windows together. ``total``: counts, prorated; ``days``: covered days, mean over regions.

    ``per_day``: all regions together, each by its own covered days; None where a region has none.
    ``open``: some count is of 'at least so many', so that all this is a lower bound. ``dispersion``: variance
    over mean of the counts of blocks of time; None where no block can be held against another.
    """

    total: float
    days: float
    per_day: float | None
    open: bool
    dispersion: float | None
    observation_ids: tuple[str, ...]


def stated(observations: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Observations with a count in ``unit`` over a time, each record once: its largest count holds the others.

    ``observation_ids``: those behind each row; more than one where regions are added up.
    """
    named = pl.col("count_unit").str.strip_chars().str.to_lowercase() == unit.strip().lower()
    known = observations.filter(named & pl.col("count_low").is_not_null() & (pl.col("t_end") > pl.col("t_start")))
    ordered = known.sort("count_low", "observation_id", descending=[True, False])
    single = ordered.unique("record_id", keep="first").sort("t_start", "observation_id")
    return _together(single.with_columns(pl.concat_list("observation_id").alias("observation_ids")))


def _together(counts: pl.DataFrame) -> pl.DataFrame:
    """Where some count is of several regions at once, all are: regional counts of one period are added up.

    A period that not every one of those regions states is then none: what happened in the others is not known.
    """
    whole, parts = _whole(counts["geometry"].drop_nulls().unique().sort().to_list())
    if whole is None:
        return counts
    regional = counts.filter(pl.col("geometry").is_in(parts))
    open_end = pl.col("count_high").is_null().any()
    sums = regional.group_by("t_start", "t_end", maintain_order=True).agg(
        pl.all().exclude("count_low", "count_high", "observation_ids", "geometry").first(),
        pl.col("count_low").sum(),
        pl.when(open_end).then(None).otherwise(pl.col("count_high").sum()).alias("count_high"),
        pl.col("observation_ids").list.explode(keep_nulls=False, empty_as_null=False),
        pl.col("geometry").n_unique().alias("stated"),
    )
    sums = sums.filter(pl.col("stated") == len(parts)).with_columns(pl.lit(whole, pl.Binary).alias("geometry"))
    others = counts.filter(~pl.col("geometry").is_in(parts) | pl.col("geometry").is_null())
    return pl.concat([others, sums.select(others.columns)]).sort("t_start", "observation_id")


def _whole(areas: Sequence[bytes]) -> tuple[bytes | None, list[bytes]]:
    """The area that holds the most others, and those; None where none holds two."""
    shapes = [shapely.make_valid(shapely.from_wkb(a)) for a in areas]
    best: tuple[bytes | None, list[bytes]] = (None, [])
    for whole, shape in zip(areas, shapes, strict=True):
        # A part that was cut out of the whole may stick out by what rounding does to its edge.
        held = [
            a for a, s in zip(areas, shapes, strict=True)
            if a != whole and s.area > 0 and shape.intersection(s).area > WITHIN * s.area
        ]  # fmt: skip
        if len(held) > max(len(best[1]), 1):
            best = whole, held
    return best


def count_rate(
    counts: pl.DataFrame,
    windows: Sequence[tuple[datetime, datetime]],
    regions: Sequence[bytes | None],
    block_days: float,
) -> CountRate:
    """Rate over ``windows`` of ``counts`` (as from ``stated``), all in ``regions`` (WKB of the areas).

    The dispersion is Pearson's chi-square over its degrees of freedom (McCullagh and Nelder 1989), of blocks of
    ``block_days`` within each window and region, so that days of fighting that come in runs count as the runs they are.
    """
    parts = [_inside(counts, a, b, block_days) for a, b in windows]
    rates, days, squares, freedom = [], [], 0.0, 0
    for region in regions:
        here = [p.filter(pl.col("geometry").eq_missing(pl.lit(region, pl.Binary))) for p in parts]
        covered = float(sum(p["days"].sum() for p in here))
        days.append(covered)
        rates.append(float(sum(p["size"].sum() for p in here)) / covered if covered > 0 else None)
        for part in here:
            added, free = _pearson(part)
            squares, freedom = squares + added, freedom + free
    known = [r for r in rates if r is not None]
    used = pl.concat(parts)
    return CountRate(
        float(used["size"].sum()),
        sum(days) / len(days) if days else 0.0,
        sum(known) if known and len(known) == len(rates) else None,
        bool(used["count_high"].is_null().any()),
        max(1.0, squares / freedom) if freedom else None,
        tuple(used["observation_ids"].list.explode(keep_nulls=False, empty_as_null=False).to_list()),
    )


def _inside(counts: pl.DataFrame, low: datetime, high: datetime, block_days: float) -> pl.DataFrame:
    """Size and covered days of every count in the window, in proportion to the time inside, and its block."""
    start, end = column_micros(counts["t_start"]), column_micros(counts["t_end"])
    a, b = micros(low), micros(high)
    overlap = np.maximum(np.minimum(end, b) - np.maximum(start, a), 0)
    middle = (np.maximum(start, a) + np.minimum(end, b)) // 2
    sized = counts.select("observation_ids", "geometry", "count_high").with_columns(
        pl.Series("size", counts["count_low"].to_numpy() * overlap / (end - start), pl.Float64),
        pl.Series("days", overlap / DAY_US, pl.Float64),
        pl.Series("block", (middle - a) // int(block_days * DAY_US), pl.Int64),
    )
    return sized.filter(pl.col("days") > 0)


def _pearson(part: pl.DataFrame) -> tuple[float, int]:
    """Chi-square of the blocks of one window and region against its mean rate, and its degrees of freedom."""
    blocks = part.group_by("block").agg(pl.col("size", "days").sum()).sort("block")
    size, days = blocks["size"].to_numpy(), blocks["days"].to_numpy()
    if len(size) < 2 or size.sum() <= 0:
        return 0.0, 0
    mean: Floats = size.sum() / days.sum() * days
    return float(((size - mean) ** 2 / mean).sum()), len(size) - 1
