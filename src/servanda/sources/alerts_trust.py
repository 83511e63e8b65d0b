"""Which alert intervals say nothing, over all rows of the source: those without end, and their surroundings."""

from datetime import timedelta

import polars as pl
import shapely

from servanda.sources.alerts_settings import UNINFORMATIVE, settings_of
from servanda.sources.base import Context
from servanda.sources.content import identified_watches, reflagged

_UNIT = ["geometry", "text"]
_PART_LEVELS = ("raion", "hromada")
"""Alerts for a part of a region do not blind the whole region."""


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Flag rows as uninformative that lie within ``distrust_days`` of an interval longer than ``max_informative_h``."""
    spans = _blind(observations, context)
    ids = observations.select("observation_id", "t_start", "t_end", *_UNIT).join(spans, on=_UNIT)
    near = (pl.col("t_end") >= pl.col("from")) & (pl.col("t_start") <= pl.col("to"))
    hit = ids.filter(near)["observation_id"].unique()
    flagged = pl.col("observation_id").is_in(hit.implode())
    return observations.with_columns(reflagged(pl.col("flags"), {UNINFORMATIVE: flagged}).alias("flags"))


def derive_watches(watches: pl.DataFrame, observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Take blind regions out of every watch that their blind time touches, and add one offline watch for each."""
    whole = observations.filter(~pl.col("label").is_in(_PART_LEVELS).fill_null(False))
    spans = _blind(whole, context)
    if spans.is_empty() or watches.is_empty():
        return watches
    touched = (
        watches.select("watch_id", "t_start", "t_end")
        .join(spans.select("geometry", "from", "to"), how="cross")
        .filter((pl.col("t_end") > pl.col("from")) & (pl.col("t_start") < pl.col("to")))
    )
    blind = touched.group_by("watch_id").agg(pl.col("geometry").unique().sort())
    joined = watches.join(blind, on="watch_id", how="left", maintain_order="left")
    left: dict[tuple[bytes, ...], bytes] = {}
    footprints = [
        _less(f, tuple(g), left) if g is not None else f for f, g in joined.select("footprint", "geometry").rows()
    ]
    narrowed = joined.drop("geometry", "watch_id").with_columns(pl.Series("footprint", footprints, pl.Binary))
    return identified_watches(pl.concat([narrowed, _offline(spans, watches)], how="diagonal"))


def _blind(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Stretches of time (``from``, ``to``) in which a unit's rows say nothing, overlaps merged."""
    settings = settings_of(context)
    around = timedelta(days=settings.distrust_days)
    endless = (pl.col("t_end") - pl.col("t_start")) > timedelta(hours=settings.max_informative_h)
    spans = observations.filter(endless).select(
        *_UNIT,
        (pl.col("t_start") - around).alias("from"),
        (pl.col("t_end") + around).alias("to"),
        "recorded_at",
    )
    spans = spans.sort(*_UNIT, "from", "to")
    reach = pl.col("to").cum_max().shift(1).over(_UNIT)
    group = (pl.col("from") > reach).fill_null(True).cum_sum()
    merged = spans.with_columns(group.alias("group")).group_by(*_UNIT, "group", maintain_order=True)
    return merged.agg(pl.col("from").min(), pl.col("to").max(), pl.col("recorded_at").max()).drop("group")


def _offline(spans: pl.DataFrame, watches: pl.DataFrame) -> pl.DataFrame:
    shared = watches.select("source_id", "witness_group", "kind").row(0, named=True)
    return spans.select(
        pl.col("from").alias("t_start"),
        pl.col("to").alias("t_end"),
        pl.col("geometry").alias("footprint"),
        *(pl.lit(value).alias(name) for name, value in shared.items()),
        pl.lit(0.0).alias("p_detect"),
        pl.lit("offline").alias("status"),
        pl.format("Alerts of {} were merged into intervals without end: starts and ends are lost.", "text").alias(
            "reason"
        ),
        "recorded_at",
    )


def _less(footprint: bytes, areas: tuple[bytes, ...], seen: dict[tuple[bytes, ...], bytes]) -> bytes:
    """``footprint`` without ``areas``, computed once for equal input."""
    key = (footprint, *areas)
    if key not in seen:
        rest = shapely.difference(shapely.from_wkb(footprint), shapely.union_all(shapely.from_wkb(list(areas))))
        seen[key] = bytes(shapely.to_wkb(shapely.normalize(rest)))
    return seen[key]
