"""Humanitarian corridors: who announced which route for which day, and what is known to have come of it.

One row is one route on one day. A row gives an announcement; where an outcome is known, a watch of that route
on that day, tied to the row; and what the outcome says: an opening, an obstruction, or a claim and a denial.
An outcome that nobody knows gives no watch: it proves nothing either way.
"""

from datetime import timedelta

import numpy as np
import polars as pl
import shapely

from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import finish_observations, finish_watches, known, listed, with_record_ids
from servanda.sources.corridors_settings import CorridorSettings
from servanda.sources.places import circles, coordinate_checks, number
from servanda.sources.reading import Check, account, read_csv, set_apart, set_aside
from servanda.sources.times import DAY_PRECISION, TIME_FLAGS, midnight

NEEDED = ("Date", "proposal", "status_result", "from_latitude", "from_longitude", "to_latitude", "to_longitude")
OPTIONAL = ("date", "month", "day", "year", "status_extra", "From", "To", "from_adm1_name", "to_adm1_name")
REGION_PLACE, CONTRADICTED = "region_place", "place_contradicted"
AREA_WORDS = r"\b(region|regioin|oblast|district|raion)\b"
"""The misspelling is the provider's."""
BRACKETS = r"\s*[(\[]([^)\]]*)[)\]]"
OPENED, OBSTRUCTED = "corridor_opened", "corridor_obstructed"
DISPUTED_CREDIBILITY = 6
"""One says so and another denies it: truth cannot be judged (Admiralty code)."""
OUTCOMES = ("opened", "closed", "disputed", "unknown")


def read(payload: Payload, context: Context) -> Reading:
    """Read one file. Rows with two dates that disagree are set aside; no route is ever guessed."""
    settings = CorridorSettings.model_validate(context.settings.model_dump())
    rows = read_csv(payload, context)
    notices = account(rows.columns, SOURCE.fields, NEEDED, payload, context)
    rows = set_apart(rows, SOURCE.fields)
    frame = with_record_ids(rows.frame, known(rows.columns, SOURCE.fields), context)
    frame = frame.with_columns(pl.lit(None, pl.String).alias(c) for c in OPTIONAL if c not in frame.columns)
    frame = _outcome(_dated(_ends(frame), settings.time_zone or SOURCE.time_zone), settings)
    good, bad = set_aside(frame, _checks(), rows.columns, payload, context)
    good = _routes(_errors(good, settings))
    seen = pl.concat([_announced(good, settings), _came_of_it(good, settings)], how="diagonal")
    observations, repeated = finish_observations(seen, SOURCE, payload, context)
    watches = finish_watches(_watches(good, settings), SOURCE, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad]).sort("row"), (*notices, *repeated))


def _ends(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        number(f"{end}_{axis}itude").alias(f"{end}_{short}")
        for end in ("from", "to")
        for axis, short in (("long", "lon"), ("lat", "lat"))
    )


def _dated(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The day, as every column that gives it says; ``one_day`` is false where two of them disagree."""
    day = pl.col("Date").str.strip_chars().str.to_date("%d.%m.%y", strict=False)
    iso = pl.col("date").str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    parts = {"year": day.dt.year(), "month": day.dt.month(), "day": day.dt.day()}
    agree = [(number(name) == part) | pl.col(name).is_null() for name, part in parts.items()]
    agree.append((iso == day) | pl.col("date").is_null())
    start = day.cast(pl.Datetime("us"))
    return frame.with_columns(
        pl.all_horizontal(a.fill_null(False) for a in agree).alias("one_day"),
        midnight(start, zone).alias("t_start"),
        midnight(start.dt.offset_by("1d"), zone).alias("t_end"),
        listed({DAY_PRECISION: pl.lit(True)}).alias("flags"),
    )


def _outcome(frame: pl.DataFrame, settings: CorridorSettings) -> pl.DataFrame:
    words = {word.casefold(): outcome for word, outcome in settings.outcomes.items()}
    said = pl.col("status_result").str.strip_chars().str.to_lowercase()
    return frame.with_columns(said.replace_strict(words, default=None, return_dtype=pl.String).alias("outcome"))


def _checks() -> list[Check]:
    both = "Date {} and the columns date, year, month, day ({}, {}, {}, {}) do not say the same day."
    said = [pl.col(c).fill_null("") for c in ("Date", "date", "year", "month", "day")]
    unknown = pl.format("The status {} is none that is known; set 'outcomes'.", pl.col("status_result").fill_null(""))
    return [
        (pl.col("t_start").is_null(), pl.format("Date {} is no date; it is written DD.MM.YY.", said[0])),
        (~pl.col("one_day"), pl.format(both, *said)),
        (pl.col("proposal").is_null(), "It does not say who announced it."),
        (~pl.col("outcome").is_in(OUTCOMES).fill_null(False), unknown),
        *coordinate_checks("from_lon", "from_lat"),
        *coordinate_checks("to_lon", "to_lat"),
    ]


def _errors(frame: pl.DataFrame, settings: CorridorSettings) -> pl.DataFrame:
    """Place error of each route. It is large where an end is a region, or lies in another one than its name says."""
    ends = [(pl.col("From"), pl.col("from_adm1_name")), (pl.col("To"), pl.col("to_adm1_name"))]
    vague = [place.str.replace_all(BRACKETS, "").str.to_lowercase().str.contains(AREA_WORDS) for place, _ in ends]
    named = [
        _bare(place.str.extract(BRACKETS)).replace_strict(settings.named_regions, default=None, return_dtype=pl.String)
        != _bare(region)
        for place, region in ends
    ]
    region, elsewhere = (pl.any_horizontal(c.fill_null(False) for c in tests) for tests in (vague, named))
    error = pl.when(region | elsewhere).then(settings.region_error_m).otherwise(settings.route_error_m)
    flags = listed({REGION_PLACE: region, CONTRADICTED: elsewhere})
    return frame.with_columns(error.alias("sigma_m"), pl.concat_list("flags", flags).alias("flags"))


def _bare(name: pl.Expr) -> pl.Expr:
    """A region's name without the word for region."""
    return name.str.to_lowercase().str.replace_all(AREA_WORDS, "").str.strip_chars()


def _routes(frame: pl.DataFrame) -> pl.DataFrame:
    """The area of each route: the straight line between its ends on the map, widened by its place error.

    It is the hull of a circle around each end: the road itself is known far less well than this is drawn.
    """
    ends = [circles(frame[f"{end}_lon"], frame[f"{end}_lat"], frame["sigma_m"]) for end in ("from", "to")]
    here, there = (np.asarray(shapely.from_wkb(areas.to_list()), dtype=object) for areas in ends)
    hulls = shapely.convex_hull(shapely.union(here, there))
    return frame.with_columns(pl.Series("route", list(shapely.to_wkb(hulls)), pl.Binary))


def _announced(good: pl.DataFrame, settings: CorridorSettings) -> pl.DataFrame:
    """That a route was announced is on paper: by the sides together, or by the one that ``proposal`` names."""
    who = pl.col("proposal").str.strip_chars()
    both = who.str.to_lowercase().is_in([w.casefold() for w in settings.agreed])
    return _observed(good).with_columns(
        pl.when(both).then(pl.lit("corridor_agreed")).otherwise(pl.lit("corridor_proposed")).alias("kind"),
        pl.when(~both).then(who).alias("actor_claimed"),
        pl.lit("sighting").alias("claim"),
        pl.lit(1, pl.Int8).alias("credibility"),
        who.alias("label"),
        pl.col("way").alias("text"),
    )


def _came_of_it(good: pl.DataFrame, settings: CorridorSettings) -> pl.DataFrame:
    """An opening, an obstruction, or the two sides of a dispute; nothing where the outcome is not known."""
    observed = _observed(good).with_columns(
        pl.col("status_result").alias("label"),
        pl.concat_str("way", "status_extra", separator=": ", ignore_nulls=True).alias("text"),
    )
    extra = pl.col("status_extra").str.strip_chars().str.to_lowercase()
    stopped = extra.is_in([w.casefold() for w in settings.obstructed]).fill_null(False)
    disputed = pl.col("outcome") == "disputed"
    said = [
        (pl.col("outcome") == "opened", OPENED, "sighting"),
        ((pl.col("outcome") == "closed") & stopped, OBSTRUCTED, "sighting"),
        (disputed, OPENED, "claim"),
        (disputed, OPENED, "denial"),
    ]
    parts = [
        observed.filter(when).with_columns(
            pl.lit(kind).alias("kind"),
            pl.lit(claim).alias("claim"),
            pl.lit(None if claim == "sighting" else DISPUTED_CREDIBILITY, pl.Int8).alias("credibility"),
        )
        for when, kind, claim in said
    ]
    return pl.concat(parts)


def _observed(good: pl.DataFrame) -> pl.DataFrame:
    """What every observation of a row shares; nobody says which point of the route it is about."""
    way = pl.concat_str(pl.col("From"), pl.col("To"), separator=" – ")
    return good.with_columns(way.alias("way"), pl.col("route").alias("geometry"))


def _watches(good: pl.DataFrame, settings: CorridorSettings) -> pl.DataFrame:
    """A route whose outcome is known was looked at, for that row alone: the next route may be a different story."""
    return good.filter(pl.col("outcome") != "unknown").select(
        "t_start",
        "t_end",
        pl.col("route").alias("footprint"),
        pl.lit(OPENED).alias("kind"),
        pl.lit(settings.p_detect).alias("p_detect"),
        pl.lit(settings.p_false).alias("p_false"),
        pl.col("record_id").alias("about_record"),
    )


SOURCE = Source(
    name="corridors",
    title="Humanitarian corridors: announcements and outcomes",
    provider="PeaceRep, University of Edinburgh",
    licence="none stated: ask the provider before publishing",
    citation="PeaceRep, University of Edinburgh (2022). Humanitarian corridors in Ukraine, March to May 2022.",
    url="https://github.com/peacerep/ukraine-map",
    asks="States no terms: ask before publishing anything that is made from it, and name PeaceRep.",
    witness_group="",
    reliability="B",
    reliability_why="Researchers coded each row from named reports; nobody has coded it twice.",
    time_zone="Europe/Kyiv",
    latency=timedelta(hours=24),
    sigma_m=10_000,
    watch_model=(
        "Each route whose outcome is stated was followed that day, that route and no other. About half of the "
        "outcomes are unknown: those are no watch, so such a route is neither kept nor broken."
    ),
    is_monitor=False,
    fields=Fields(
        used={
            "HC_ID": "number of the row; part of the record's id",
            "Date": "day, DD.MM.YY",
            **dict.fromkeys(("date", "month", "day", "year"), "must say the same day as Date"),
            "proposal": "agreed, or who alone announced it",
            "status_result": "outcome",
            "status_extra": "outcome in free words: kept as text",
            "From": "start of the route; names a region or not",
            "To": "end of the route; names a region or not",
            **{f"{end}_{axis}itude": "degrees" for end in ("from", "to") for axis in ("lat", "long")},
            **dict.fromkeys(("from_adm1_name", "to_adm1_name"), "region of the coordinates: may contradict the name"),
        },
        ignored={
            **dict.fromkeys(("from_name", "to_name"), "the geocoder's name; From and To are what was announced"),
            **{
                f"{end}_{name}": "code of the region; its name is read"
                for end in ("from", "to")
                for name in ("adm1_code_full", "adm1_nr", "country_code")
            },
            **dict.fromkeys(("text", "Link", "article_source_id"), "press quotations, which some copies leave out"),
        },
    ),
    aux={},
    settings=CorridorSettings,
    read=read,
    flags={
        REGION_PLACE: "An end of the route is a whole region: its place error is large.",
        CONTRADICTED: "An end of the route lies in another region than its name says: its place error is large.",
        **TIME_FLAGS,
    },
    kinds=frozenset({"corridor_agreed", "corridor_proposed", OPENED, OBSTRUCTED}),
)
