"""Entries of a report to observations: what, when, where, how many, who is said to have done it."""

import numpy as np
import polars as pl

from servanda import sectors
from servanda.kinds import tree
from servanda.kinds.crosswalk import unknown_kind
from servanda.sources.base import Context, Payload
from servanda.sources.count_words import interval
from servanda.sources.odk_form import CLAIMS, COUNTS, PLACED, UNKNOWN_ACTOR
from servanda.sources.odk_places import with_point
from servanda.sources.odk_settings import OdkSettings, sense
from servanda.sources.odk_watches import NOWHERE
from servanda.sources.places import number
from servanda.sources.reading import Check, set_aside
from servanda.sources.times import UNREADABLE, parse_times

CLOCK_AHEAD = "clock_ahead"
FAR_M = 10_000.0
"""Most distance of what has a bearing, no stated range, and a kind that is not in the table of senses."""
FARTHEST_M = 100_000.0
"""No post hears or sees farther: more is a slip."""
_NUMBERS = ("bearing", "range_low", "range_high", "count_low", "count_high")
_RAW = ("kind", "claim", "t_from", "t_to", "placed", "bearing", "range_low", "range_high", "count_says", "count_low")


def seen(
    entries: pl.DataFrame, settings: OdkSettings, zone: str, payload: Payload, context: Context
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Observation columns of every good entry, and the quarantine of the others (row: that of the report).

    ``entries``: see ``odk_rows.entry_rows``, with ``area`` and ``clock_ahead`` of the report.
    """
    frame, point_checks = with_point(_timed(_kinded(entries, settings), zone), "at", settings.point_sigma_m, settings)
    frame = frame.with_columns(number(n).alias(f"{n}_n") for n in _NUMBERS).with_columns(_how().alias("how"))
    checks = [*_what_checks(), *_when_checks(), *point_checks, *_where_checks(), *_count_checks()]
    told = [
        (when, pl.format("Entry {}: {}", "entry", why if isinstance(why, pl.Expr) else pl.lit(why)))
        for when, why in checks
    ]
    good, bad = set_aside(frame, told, _RAW, payload, context)
    return _observations(_placed(good, settings), settings), bad


def near_post(settings: OdkSettings) -> str:
    """Access of what would give away where the observer stood."""
    return settings.post_access if settings.access == "open" else settings.access


def _kinded(entries: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    known = {k: k for k in tree()} | {theirs: ours for theirs, ours in settings.kinds.items() if ours}
    silent = [theirs for theirs, ours in settings.kinds.items() if not ours]
    kept = entries.filter(~pl.col("kind").is_in(silent).fill_null(False))
    return kept.with_columns(
        pl.col("kind").alias("label"), pl.col("kind").replace_strict(known, default=None, return_dtype=pl.String)
    )


def _timed(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """An entry without a time of its own happened during the watch."""
    first, last = parse_times(frame["t_from"], zone), parse_times(frame["t_to"], zone)
    own_start = pl.when(pl.col("t_from").is_null()).then("t_start").otherwise(first["t_start"])
    unread = (pl.col("t_from").is_not_null() & first["t_start"].is_null()) | (
        pl.col("t_to").is_not_null() & last["t_end"].is_null()
    )
    own_end = (
        pl.when(pl.col("t_to").is_not_null())
        .then(last["t_end"])
        .when(pl.col("t_from").is_not_null())
        .then(first["t_end"])
        .otherwise("t_end")
    )
    return frame.with_columns(own_start.alias("t_start"), own_end.alias("t_end"), unread.alias("unread"))


def _how() -> pl.Expr:
    """A form that is not ours does not ask how the place is known; it follows from what is filled in."""
    guess = (
        pl.when(pl.col("at").is_not_null())
        .then(pl.lit("point"))
        .when(pl.col("bearing").is_not_null())
        .then(pl.lit("bearing"))
        .when(pl.col("post_lon").is_not_null())
        .then(pl.lit("here"))
        .otherwise(pl.lit("zone"))
    )
    return pl.coalesce("placed", guess)


def _what_checks() -> list[Check]:
    strange = pl.col("label").map_elements(unknown_kind, return_dtype=pl.String)
    return [
        (pl.col("label").is_null(), "It has no kind."),
        (pl.col("kind").is_null(), strange),
        (
            ~pl.col("claim").is_in(CLAIMS).fill_null(True),
            pl.format("claim {} is none of " + ", ".join(CLAIMS) + ".", "claim"),
        ),
    ]


def _when_checks() -> list[Check]:
    return [
        (pl.col("unread"), UNREADABLE),
        (pl.col("t_end") < pl.col("t_start"), "It ends before it starts."),
    ]


def _where_checks() -> list[Check]:
    bearing = pl.col("how") == "bearing"
    high, low = pl.col("range_high_n"), pl.col("range_low_n")
    return [
        (~pl.col("how").is_in(PLACED), pl.format("placed {} is none of " + ", ".join(PLACED) + ".", "how")),
        ((pl.col("how") == "point") & pl.col("at_lon").is_null(), "It is said to be at a point, and has none."),
        (bearing & ~pl.col("bearing_n").is_between(-360, 360).fill_null(False), "Its bearing is no number of degrees."),
        (
            pl.col("how").is_in(["bearing", "here"]) & pl.col("post_lon").is_null(),
            "It is placed from the post, and the report has no point for that.",
        ),
        ((pl.col("how") == "zone") & pl.col("area").is_null(), NOWHERE),
        (
            bearing
            & ((low < 0) | (low > FARTHEST_M) | (high <= 0) | (high > FARTHEST_M) | (high <= low)).fill_null(False),
            "Its ranges are not two distances in metres, the least first.",
        ),
    ]


def _count_checks() -> list[Check]:
    low, high = pl.col("count_low_n"), pl.col("count_high_n")
    says = pl.col("count_says").fill_null("exactly")
    return [
        (~says.is_in(COUNTS), pl.format("count_says {} is none of " + ", ".join(COUNTS) + ".", says)),
        (pl.col("count_low").is_not_null() & ~(low >= 0).fill_null(False), "Its count is no number from 0."),
        ((says == "between") & ~(high >= low).fill_null(False), "Its counts are not two numbers, the least first."),
    ]


def _placed(good: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """``lon``, ``lat``, ``sigma_m``, ``geometry`` and ``access`` by how the place is known."""
    shut = pl.lit(near_post(settings)).alias("access")
    plain = pl.lit(None, pl.String).alias("access")
    nothing = pl.lit(None, pl.Binary).alias("geometry")
    by = {how: good.filter(pl.col("how") == how) for how in PLACED}
    here_sigma = (pl.col("post_sigma_m") ** 2 + settings.here_sigma_m**2).sqrt()
    none = [pl.lit(None, pl.Float64).alias(c) for c in ("lon", "lat", "sigma_m")]
    return pl.concat(
        [
            by["point"].with_columns(*_at("at", pl.col("at_sigma_m")), nothing, plain),
            by["here"].with_columns(*_at("post", here_sigma), nothing, shut),
            by["zone"].with_columns(*none, pl.col("area").alias("geometry"), plain),
            _sectors(by["bearing"], settings).with_columns(shut),
        ],
        how="diagonal",
    )


def _at(name: str, sigma: pl.Expr) -> list[pl.Expr]:
    return [pl.col(f"{name}_lon").alias("lon"), pl.col(f"{name}_lat").alias("lat"), sigma.alias("sigma_m")]


def _sectors(frame: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    if frame.is_empty():
        return frame
    reach = {k: s.range_m for k in frame["kind"].unique().to_list() if (s := sense(k, settings)) is not None}
    frame = frame.with_columns(pl.col("range_low_n").fill_null(0.0)).with_columns(
        pl.coalesce(
            "range_high_n",
            pl.max_horizontal(
                pl.col("kind").replace_strict(reach, default=FAR_M, return_dtype=pl.Float64), 2 * pl.col("range_low_n")
            ),
        ).alias("range_high_n")
    )
    lon, lat, bearing, low, high = (
        frame[c].to_numpy() for c in ("post_lon", "post_lat", "bearing_n", "range_low_n", "range_high_n")
    )
    half = np.full(len(lon), settings.bearing_error_deg)
    made = sectors.placed(sectors.Sectors(lon, lat, bearing + settings.declination_deg, half, low, high))
    return frame.hstack(made).with_columns((pl.col("sigma_m") ** 2 + pl.col("post_sigma_m") ** 2).sqrt())


def _observations(placed: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    low, high, says = pl.col("count_low_n"), pl.col("count_high_n"), pl.col("count_says").fill_null("exactly")
    least, most = interval(says, low, high, settings.about_share)
    photo = pl.when(pl.col("photo").is_not_null()).then(pl.format("Picture: {}.", "photo"))
    return placed.with_columns(
        least.alias("count_low"),
        most.alias("count_high"),
        pl.when((says != "not") & low.is_not_null()).then("count_unit").alias("count_unit"),
        pl.when(pl.col("actor") != UNKNOWN_ACTOR).then("actor").alias("actor_claimed"),
        pl.coalesce("claim", pl.lit("sighting")).alias("claim"),
        pl.concat_str("notes", photo, separator=" ", ignore_nulls=True).replace("", None).alias("text"),
        pl.when("clock_ahead").then(pl.lit([CLOCK_AHEAD])).otherwise(pl.lit([], pl.List(pl.String))).alias("flags"),
    )
