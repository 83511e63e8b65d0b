"""Reports to watches: which kinds the observers could have reported, how far from their post, and what kept them."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from servanda.kinds import tree
from servanda.sources.odk_form import understood
from servanda.sources.odk_settings import OdkSettings, sense
from servanda.sources.places import circles
from servanda.sources.reading import ROW

Areas = Mapping[str, bytes]
"""Area (WKB) of every zone and place of the agreement that does not move, by id, case-folded."""
NOWHERE = (
    "It does not say where: it has no point, and no area is known for its zone. "
    "Give the areas that 'servanda forms' wrote: 'with: {zones: forms/zones.geojson}'."
)
SHORT = "The report is incomplete: it says that {} things were seen, and {} came."
MOST_ENTRIES = 2**31
"""Stands for a number of entries that cannot be one: the report is in doubt."""
HIDDEN = "The file lacks the entries of the reports, and they do not say how many there were."
AHEAD = "The clock of the phone is {} minutes ahead of the server: when it was is not known."


def with_areas(frame: pl.DataFrame, areas: Areas) -> pl.DataFrame:
    """Add ``area`` (WKB): that of the place, else that of the zone, else null."""
    found = [
        pl.col(c).str.to_lowercase().replace_strict(dict(areas), default=None, return_dtype=pl.Binary)
        for c in ("place", "zone")
    ]
    return frame.with_columns((pl.coalesce(found) if areas else pl.lit(None, pl.Binary)).alias("area"))


def with_doubts(frame: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """Add ``doubt``: why the hours of a report cannot be taken for a watch; null where they can."""
    tolerance = timedelta(minutes=settings.clock_tolerance_min)
    said = pl.col("seen_count").cast(pl.Float64, strict=False).fill_null(0)
    said = pl.max_horizontal(said, pl.when(pl.col("anything") == "yes").then(1.0).otherwise(0.0))
    said = said.cast(pl.Int64, strict=False).fill_null(MOST_ENTRIES)
    ahead = pl.max_horizontal("t_end", "closed") - pl.col("recorded_at")
    return frame.with_columns(
        (ahead > tolerance).fill_null(False).alias("clock_ahead"),
        pl.when(pl.col("listed") < said)
        .then(pl.format(SHORT, said, pl.col("listed")))
        .when(~pl.col("whole") & pl.col("seen_count").is_null() & (pl.col("anything") != "no").fill_null(True))
        .then(pl.lit(HIDDEN))
        .when(ahead > tolerance)
        .then(pl.format(AHEAD, ahead.dt.total_minutes()))
        .alias("doubt"),
    )


def watches(frame: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """One row for every report and kind that it could have reported; ``frame`` has ``area`` and ``doubt``.

    A post watches a circle as wide as the kind carries; a patrol that moved watches its zone, each place of it for a
    part of the time. A report in doubt, and one that says that nobody could look, is no watch but lost hours.
    """
    asked = (
        pl.col("asked").str.split(" ")
        if not settings.watched
        else pl.coalesce(pl.col("asked").str.split(" "), pl.lit(list(settings.watched)))
    )
    each = frame.with_columns(asked.alias("kind")).explode("kind").filter(pl.col("kind").is_in(list(tree())))
    known = {k: sense(k, settings) for k in each["kind"].unique().sort().to_list()}
    able = {k: s for k, s in known.items() if s is not None}
    each = each.filter(pl.col("kind").is_in(list(able))).with_columns(
        pl.col("kind")
        .replace_strict({k: s.range_m for k, s in able.items()}, default=None, return_dtype=pl.Float64)
        .alias("reach"),
        pl.col("kind")
        .replace_strict({k: s.p_detect for k, s in able.items()}, default=None, return_dtype=pl.Float64)
        .alias("p"),
    )
    looking = (pl.col("status") == "watching") & pl.col("doubt").is_null()
    over = pl.col("area").is_not_null() & (
        ~looking | (pl.col("mode") == "patrol").fill_null(False) | pl.col("post_lon").is_null()
    )
    return _shaped(
        each.with_columns(
            pl.when(~looking)
            .then(0.0)
            .when(over)
            .then(pl.col("p") * settings.patrol_share)
            .otherwise("p")
            .alias("p_detect"),
            over.alias("over"),
        ),
        settings,
    )


def check_watches(frame: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """What a yes-or-no question was answered about was looked at with care: a watch of its kind at its zone."""
    rows = []
    for row in frame.filter(pl.col("status") == "watching", pl.col("doubt").is_null()).iter_rows(named=True):
        for check in understood(row["checks"] or ""):
            if row.get(check.answer) in ("yes", "no") and check.kind in tree():
                rows.append((row[ROW], check.kind))
    asked = pl.DataFrame(rows, schema={ROW: pl.Int64, "kind": pl.String}, orient="row").unique(maintain_order=True)
    each = asked.join(frame, on=ROW, how="left", maintain_order="left")
    near = {k: s.range_m for k in each["kind"].unique().to_list() if (s := sense(k, settings)) is not None}
    reach = pl.col("kind").replace_strict(near, default=settings.here_sigma_m, return_dtype=pl.Float64)
    placed = each.with_columns(
        reach.alias("reach"),
        pl.lit(settings.p_detect_check).alias("p_detect"),
        pl.col("area").is_not_null().alias("over"),
    )
    return _shaped(placed, settings)


def _shaped(each: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """Watch columns: the area where ``over``, else a circle of ``reach`` metres about the post."""
    each = each.filter(pl.col("over") | pl.col("post_lon").is_not_null())
    round_post = each.filter(~pl.col("over"))
    circle = circles(round_post["post_lon"], round_post["post_lat"], round_post["reach"])
    each = pl.concat(
        [each.filter("over").with_columns(pl.col("area").alias("footprint")), round_post.with_columns(circle)]
    )
    status = pl.when(pl.col("doubt").is_not_null() & (pl.col("status") == "watching")).then(pl.lit("offline"))
    return each.select(
        "t_start",
        "t_end",
        "footprint",
        "kind",
        "p_detect",
        pl.lit(settings.p_false).alias("p_false"),
        status.otherwise("status").alias("status"),
        pl.when(pl.col("status") == "watching").then("doubt").otherwise("reason").alias("reason"),
        "recorded_at",
    )
