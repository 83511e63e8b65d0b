"""Interference with satellite navigation, as aircraft themselves report it: per cell and UTC day.

T10: below 2 % of aircraft degraded is normal, to 10 % possible, above strong; without aircraft no conclusion.
"""

import numpy as np
import polars as pl
import shapely
from scipy.stats import norm

from servanda.sources.adsb_settings import (
    DEGRADED,
    JAMMING,
    OVERFLIGHT,
    POSITION,
    UNINFORMATIVE,
    UNSTATED,
    AdsbSettings,
    settings_of,
)
from servanda.sources.base import Context
from servanda.sources.content import identified_watches, reflagged
from servanda.sources.places import union
from servanda.tables import TIME

CELLS = pl.Schema(
    {
        "day": TIME,
        "cell": pl.Binary(),
        "aircraft": pl.Int64(),
        "degraded": pl.Int64(),
        "share": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "level": pl.String(),
    }
)
"""One row per cell (WKB) and UTC day: aircraft that stated their accuracy, those degraded, their share with its
95 % interval, and the level: normal, possible, strong, or few (too few aircraft for a conclusion)."""
UNCERTAIN = 3
"""Credibility of interference seen in aircraft alone: possibly true, for degraded navigation has other causes."""
REASON = "Navigation degraded by interference: what aircraft broadcast there is no proof of place."


def wilson(k: np.ndarray, n: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a share, k of n (Wilson 1927): it stays between 0 and 1 and is honest for few."""
    z = float(norm.ppf(0.5 + confidence / 2))
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def cells(observations: pl.DataFrame, settings: AdsbSettings) -> pl.DataFrame:
    """Every cell and day with an aircraft that stated its accuracy, as ``CELLS``; before or after ``derive``."""
    stated = _own_places(observations).filter(~pl.col("flags").list.contains(UNSTATED))
    if stated.is_empty():
        return pl.DataFrame(schema=CELLS)
    side = settings.cell_deg
    degraded = pl.col("flags").list.contains(DEGRADED)
    each = (
        stated.with_columns((pl.col(c) / side).floor().cast(pl.Int64).alias(f"cell_{c}") for c in ("lon", "lat"))
        .group_by(pl.col("t_start").dt.truncate("1d").alias("day"), "cell_lon", "cell_lat", "label")
        .agg((degraded.mean() >= settings.degraded_share).alias("is_degraded"))
    )
    table = (
        each.group_by("day", "cell_lon", "cell_lat")
        .agg(pl.len().cast(pl.Int64).alias("aircraft"), pl.col("is_degraded").sum().cast(pl.Int64).alias("degraded"))
        .sort("day", "cell_lon", "cell_lat")
    )
    west, south = (table[c].to_numpy() * side for c in ("cell_lon", "cell_lat"))
    boxes = shapely.to_wkb(shapely.box(west, south, west + side, south + side))
    low, high = wilson(table["degraded"].to_numpy(), table["aircraft"].to_numpy())
    share = pl.col("degraded") / pl.col("aircraft")
    return table.select(
        "day",
        pl.Series("cell", list(boxes), pl.Binary),
        "aircraft",
        "degraded",
        share.alias("share"),
        pl.Series("low", low),
        pl.Series("high", high),
        _level(share, settings).alias("level"),
    ).select(pl.col(name).cast(dtype) for name, dtype in CELLS.items())


def _level(share: pl.Expr, settings: AdsbSettings) -> pl.Expr:
    return (
        pl.when(pl.col("aircraft") < settings.least_aircraft)
        .then(pl.lit("few"))
        .when(share > settings.strong_share)
        .then(pl.lit("strong"))
        .when(share >= settings.possible_share)
        .then(pl.lit("possible"))
        .otherwise(pl.lit("normal"))
    )


def _own_places(observations: pl.DataFrame) -> pl.DataFrame:
    """Positions, those that stand for an overflight among them: the first point of one is its own."""
    rows = observations.filter(pl.col("kind").is_in([POSITION, OVERFLIGHT]))
    apart = pl.col("geometry").is_not_null()
    sets = rows.filter(apart)
    if sets.is_empty():
        return rows
    first = shapely.get_coordinates(shapely.get_geometry(shapely.from_wkb(sets["geometry"].to_list()), 0))
    placed = sets.with_columns(pl.Series("lon", first[:, 0]), pl.Series("lat", first[:, 1]))
    return pl.concat([rows.filter(~apart), placed])


def graded(observations: pl.DataFrame, settings: AdsbSettings) -> pl.DataFrame:
    """Of all aircraft degraded in a strong cell and day one row stands for the interference; others say nothing."""
    jamming = observations.filter(pl.col("kind") == JAMMING)
    if jamming.is_empty():
        return observations
    strong = cells(observations, settings).filter(pl.col("level") == "strong")
    found = jamming.join(
        strong, left_on=["t_start", "geometry"], right_on=["day", "cell"], how="left", maintain_order="left"
    )
    first = pl.col("observation_id") == pl.col("observation_id").min().over("t_start", "geometry")
    stands = pl.col("level").is_not_null() & first
    words = pl.format(
        "{} of {} aircraft degraded ({} %; 95 %: {} to {} %)",
        "degraded",
        "aircraft",
        *((pl.col(c) * 100).round().cast(pl.Int64) for c in ("share", "low", "high")),
    )
    marked = found.with_columns(
        reflagged(pl.col("flags"), {UNINFORMATIVE: ~stands}).alias("flags"),
        pl.when(stands).then(UNCERTAIN).cast(pl.Int8).alias("credibility"),
        pl.when(stands).then(words).alias("text"),
    ).select(observations.columns)
    return pl.concat([observations.filter(pl.col("kind") != JAMMING), marked]).sort("t_start", "observation_id")


def derive_watches(watches: pl.DataFrame, observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """A strongly disturbed cell was jammed that day; where there is a conclusion, interference was watched for.

    Cells watched alike in one hour become one watch.
    """
    settings = settings_of(context)
    if watches.is_empty():
        return watches
    level = cells(observations, settings).select("day", pl.col("cell").alias("footprint"), "level")
    known = watches.with_columns(pl.col("t_start").dt.truncate("1d").alias("day")).join(
        level, on=["day", "footprint"], how="left", maintain_order="left"
    )
    jammed = (pl.col("level") == "strong").fill_null(False)
    flights = known.with_columns(
        pl.when(jammed).then(0.0).otherwise("p_detect").alias("p_detect"),
        pl.when(jammed).then(pl.lit("jammed")).otherwise("status").alias("status"),
        pl.when(jammed).then(pl.lit(REASON)).otherwise("reason").alias("reason"),
    )
    concluded = known.filter((pl.col("level") != "few").fill_null(False)).with_columns(
        pl.lit(JAMMING).alias("kind"),
        pl.lit(settings.p_detect_jamming).alias("p_detect"),
        pl.lit(settings.p_false_jamming).alias("p_false"),
    )
    return identified_watches(_united(pl.concat([flights, concluded]).drop("day", "level", "watch_id")))


def _united(watches: pl.DataFrame) -> pl.DataFrame:
    shared = [c for c in watches.columns if c not in ("footprint", "payload_sha256")]
    grouped = watches.sort("payload_sha256").group_by(shared, maintain_order=True)
    one = grouped.agg(pl.col("footprint").unique().sort(), pl.col("payload_sha256").first())
    seen = {areas: union(areas) for areas in {tuple(a) for a in one["footprint"].to_list()}}
    return one.with_columns(pl.Series("footprint", [seen[tuple(a)] for a in one["footprint"].to_list()], pl.Binary))
