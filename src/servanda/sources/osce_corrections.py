"""Which of several figures for one period counts: later reports and rows correct earlier ones, and nothing is lost."""

import polars as pl

from servanda.sources.base import Context
from servanda.sources.content import reflagged
from servanda.sources.osce_settings import (
    CONFLICT,
    CORRECTION,
    PART_OF_PERIOD,
    PERIOD_INFERRED,
    PERIOD_UNSTATED,
    REPEATS,
    RESTATED,
    RUNNING_TOTAL,
    SUPERSEDED,
    TREND_ONLY,
    TRENDS,
    UNINFORMATIVE,
)
from servanda.sources.osce_totals import with_totals

PLACE = "geometry"


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Flag what repeats, corrects or is superseded. A restated figure takes the period of the report that it is about,
    and a running total the stretch that the periods leave open.

    A row supersedes an earlier one for the same region whose period begins or ends with its own.
    """
    del context
    running = pl.col("flags").list.contains(RUNNING_TOTAL)
    periods = _corrected(observations.filter(~running))
    return with_totals(periods, observations.filter(running)).select(observations.columns)


def _corrected(observations: pl.DataFrame) -> pl.DataFrame:
    restated = pl.col("flags").list.contains(RESTATED)
    own, again = observations.filter(~restated), observations.filter(restated)
    instant = pl.col("t_start") == pl.col("t_end")
    rank, rank_again = _ranked(own), pl.concat([_ranked(again.filter(instant)), _ranked(again.filter(~instant))])
    live = again.join(rank_again.filter("superseded"), on="record_id", how="anti", maintain_order="left")
    marks = _compared(live, _periods(own, rank))
    told = observations.join(pl.concat([rank, rank_again]), on="record_id", how="left", maintain_order="left")
    told = told.join(marks, on="observation_id", how="left", maintain_order="left")
    corrected = pl.col("record_id").is_in(marks.filter("differs")["replaces"].unique().implode())
    derived = {
        REPEATS: pl.col("repeats").fill_null(False),
        PART_OF_PERIOD: pl.col("part").fill_null(False),
        CORRECTION: pl.col("differs").fill_null(False),
        SUPERSEDED: pl.col("superseded") | corrected,
        CONFLICT: pl.col("conflict"),
    }
    unstated = pl.col("flags").list.contains(PERIOD_UNSTATED) & pl.col("period").is_null()
    vague = pl.col("flags").list.contains(TREND_ONLY) & (pl.col("label") != TRENDS["more"])
    derived[UNINFORMATIVE] = derived[REPEATS] | derived[PART_OF_PERIOD] | derived[SUPERSEDED] | unstated | vague
    told = told.with_columns(
        reflagged(pl.col("flags"), derived).alias("flags"), pl.coalesce("period", "t_start").alias("t_start")
    )
    return told.select(observations.columns)


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """record_id, superseded, conflict: of those that begin or end together the latest stands, then the lowest."""
    record = rows.group_by("record_id", maintain_order=True).agg(
        pl.col(PLACE, "t_start", "t_end", "recorded_at").first(), pl.col("count_low").max().alias("figure")
    )
    latest = [pl.col("recorded_at").max().over(PLACE, edge) for edge in ("t_start", "t_end")]
    record = record.with_columns(pl.any_horizontal(pl.col("recorded_at") < t for t in latest).alias("older"))
    group = [PLACE, "t_start", "t_end", "older"]
    record = record.sort("figure", "record_id", nulls_last=True).with_columns(
        (pl.int_range(pl.len()).over(group) > 0).alias("not_first"),
        ((pl.col("figure").n_unique().over(group) > 1) & ~pl.col("older")).alias("conflict"),
    )
    return record.select("record_id", (pl.col("older") | pl.col("not_first")).alias("superseded"), "conflict")


def _periods(own: pl.DataFrame, rank: pl.DataFrame) -> pl.DataFrame:
    """The period of every report that stands, with its figure (null for a trend), by region and start."""
    whole = own.sort("count_low", descending=True, nulls_last=True).unique("record_id", keep="first")
    standing = whole.join(rank.filter("superseded"), on="record_id", how="anti")
    return standing.select(
        PLACE,
        pl.col("t_start").alias("at"),
        pl.col("t_start").alias("from"),
        pl.col("t_end").alias("to"),
        pl.col("count_low").alias("said"),
        pl.col("record_id").alias("replaces"),
    ).sort("at", "replaces")


def _compared(again: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Of every restated figure: what it is beside the report on the period that ends where it ends."""
    inferred = pl.col("flags").list.contains(PERIOD_INFERRED).alias("inferred")
    asked = again.select(
        "observation_id", PLACE, "t_start", "t_end", "count_low", pl.col("t_end").alias("at"), inferred
    )
    found = asked.sort("at", "observation_id").join_asof(
        periods, on="at", by=PLACE, strategy="backward", allow_exact_matches=False, check_sortedness=False
    )
    instant = pl.col("t_start") == pl.col("t_end")
    by_end = instant | pl.col("inferred")
    same = (pl.col("to") == pl.col("t_end")) & (by_end | (pl.col("from") == pl.col("t_start")))
    same, agrees = same.fill_null(False), pl.col("said") == pl.col("count_low")
    overlaps = (pl.col("to") > pl.col("t_start")) & ~instant & ~same & pl.col("said").is_not_null()
    return found.select(
        "observation_id",
        (same & agrees).fill_null(False).alias("repeats"),
        (same & ~agrees).fill_null(False).alias("differs"),
        overlaps.fill_null(False).alias("part"),
        pl.when(same).then("from").alias("period"),
        "replaces",
    )
