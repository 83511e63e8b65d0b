"""UCDP GED: deadly events that researchers coded from news, with stated precision. CSV, or the JSON of its API."""

from datetime import timedelta

import polars as pl

from servanda.kinds.crosswalk import crosswalk
from servanda.sources.base import Context, Payload, Reading, Settings, Source
from servanda.sources.content import finish_observations, listed, with_record_ids
from servanda.sources.curated import (
    CENTROID,
    IN_REGION,
    PRESS,
    known_word,
    marked,
    named_areas,
    one_of,
    published_watches,
    read_events,
    whole_number,
)
from servanda.sources.fetch_ucdp import CANDIDATES
from servanda.sources.fetch_ucdp import FETCH as UCDP_FETCH
from servanda.sources.places import coordinate_checks, number
from servanda.sources.reading import Check, account, set_apart, set_aside
from servanda.sources.times import DAY_PRECISION, midnight
from servanda.sources.ucdp_fields import FIELDS, NEEDED
from servanda.sources.ucdp_settings import (
    DATE_RANGE,
    DEATHS_DISORDERED,
    FLAGS,
    RELEASES,
    SUMMARY,
    TWO_EDITIONS,
    UNDER_CHECK,
    UcdpSettings,
)

REGION_COLUMNS = {"3": "adm_2", "4": "adm_1", "6": "country"}
"""Column with the name of the area that a class of ``where_prec`` is known to."""
_MIDNIGHT = r"(?i)^(12:00:00 am|00:00(:00(\.0+)?)?z?)?$"
_DATE = r"^(\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2})$"
_POINT = r"(?i)^\s*point\s*\(\s*([-+\d.e]+)\s+([-+\d.e]+)\s*\)\s*$"
_DATES = ("first", "last", "t_start", "t_end")
"""Null where a date cannot be read, or is far from ours."""


def read(payload: Payload, context: Context) -> Reading:
    """Read one file or one page of the API: an observation for every event, a watch for every month that holds one."""
    settings = UcdpSettings.model_validate(context.settings.model_dump())
    rows, notices = read_events(payload, context, "Result")
    if not rows.columns:
        return Reading(quarantine=rows.bad, notices=tuple(notices))
    notices += account(rows.columns, FIELDS, NEEDED, payload, context)
    rows = set_apart(rows, FIELDS)
    frame = rows.frame.with_columns(
        pl.lit(None, pl.String).alias(c) for c in FIELDS.used if c not in rows.columns
    ).with_columns(pl.col("id").str.strip_chars())
    frame = _valued(_placed(_dated(frame, settings), settings, context))
    good, bad = set_aside(frame, _checks(frame, settings), rows.columns, payload, context)
    good = _believed(with_record_ids(good, ["id"], context), settings)
    observations, duplicates = finish_observations(good, SOURCE, payload, context)
    # A date known to a month or worse does not show that its last month was published.
    dated = good.filter(pl.col("date_prec").str.strip_chars().is_in(["1", "2", "3"]))
    watches, told = published_watches(dated, "1mo", _zone(settings), SOURCE, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad]).sort("row"), (*notices, *duplicates, *told))


def _zone(settings: Settings) -> str:
    return settings.time_zone or SOURCE.time_zone


def _day(name: str, order: str) -> pl.Expr:
    """A date as naive midnight; null where it is no date, or has a time of day."""
    text = pl.col(name).str.strip_chars()
    day, clock = text.str.replace(r"[ T].*$", ""), text.str.replace(r"^[^ T]*[ T]?", "")
    sound = day.str.contains(_DATE) & clock.str.contains(_MIDNIGHT)
    slashes = "%m/%d/%Y" if order == "month_first" else "%d/%m/%Y"
    forms = [day.str.to_datetime(f, time_unit="us", strict=False) for f in (slashes, "%Y-%m-%d")]
    return pl.when(sound).then(pl.coalesce(forms))


def _dated(frame: pl.DataFrame, settings: UcdpSettings) -> pl.DataFrame:
    """``t_start``, ``t_end`` (to the end of the last day), ``recorded_at`` by the day of release."""
    zone = _zone(settings)
    first, last = (_day(c, settings.date_order) for c in ("date_start", "date_end"))
    unit, after = RELEASES[settings.release]
    out = midnight(pl.col("last").dt.truncate(unit).dt.offset_by(after), zone)
    return frame.with_columns(first.alias("first"), last.alias("last")).with_columns(
        midnight(pl.col("first"), zone).alias("t_start"),
        midnight(pl.col("last").dt.offset_by("1d"), zone).alias("t_end"),
        (out if settings.latency_h is None else pl.lit(None, pl.Datetime("us", "UTC"))).alias("recorded_at"),
    )


def _placed(frame: pl.DataFrame, settings: UcdpSettings, context: Context) -> pl.DataFrame:
    """``x``, ``y`` as written; ``area`` of the region an event is known to; the point of ``geom_wkt``."""
    precision = pl.col("where_prec").str.strip_chars()
    known_to = pl.coalesce(pl.when(precision == code).then(pl.col(c)) for code, c in REGION_COLUMNS.items())
    areas = named_areas(frame.select(known_to).to_series(), settings.region_names, context)
    errors = {str(k): v for k, v in settings.place_error_m.items()}
    return frame.with_columns(
        number("longitude").alias("x"),
        number("latitude").alias("y"),
        areas.alias("geometry"),
        precision.replace_strict(errors, default=None, return_dtype=pl.Float64).alias("sigma_m"),
        *(pl.col("geom_wkt").str.extract(_POINT, i).cast(pl.Float64, strict=False).alias(f"wkt_{i}") for i in (1, 2)),
    )


def _valued(frame: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("type_of_violence").str.strip_chars()
    deaths = [number(c) for c in ("low", "best", "high")]
    return frame.with_columns(
        kind.replace_strict(crosswalk("ucdp"), default=None, return_dtype=pl.String).alias("kind"),
        pl.min_horizontal(deaths).alias("count_low"),
        pl.max_horizontal(deaths).alias("count_high"),
        ((deaths[0] > deaths[1]) | (deaths[1] > deaths[2])).fill_null(False).alias("disordered"),
    )


def _checks(frame: pl.DataFrame, settings: UcdpSettings) -> list[Check]:
    apart = pl.max_horizontal((pl.col("wkt_1") - pl.col("x")).abs(), (pl.col("wkt_2") - pl.col("y")).abs())
    conflict = pl.col("geom_wkt").is_not_null() & ~(apart <= settings.max_conflict_deg).fill_null(False)
    year = pl.col("year").str.strip_chars()
    of_year = (year == pl.col("first").dt.year().cast(pl.String)) | (year == pl.col("last").dt.year().cast(pl.String))
    why = "date_start or date_end is no date (1/22/2014 12:00:00 AM, 01/22/2014 00:00 or 2014-01-22)."
    return [
        (pl.col("id").is_null(), "It has no id."),
        known_word(frame, "type_of_violence", "ucdp", "type of violence of UCDP"),
        one_of("date_prec", tuple("12345")),
        one_of("where_prec", tuple("1234567")),
        (pl.any_horizontal(pl.col(c).is_null() for c in _DATES), why + " See the setting date_order."),
        (~of_year.fill_null(False), pl.format("Its dates are not in its year, {}.", year.fill_null("(none)"))),
        (pl.col("last") < pl.col("first"), "It ends before it starts. See the setting date_order."),
        *coordinate_checks("x", "y"),
        (conflict, pl.format("Latitude {} and longitude {} are not at its geom_wkt, {}.", "y", "x", "geom_wkt")),
        *(whole_number(c) for c in ("low", "best", "high")),
    ]


def _believed(good: pl.DataFrame, settings: UcdpSettings) -> pl.DataFrame:
    """The columns of observations: what it is, where, how far to believe it, who is named."""
    in_region = pl.col("geometry").is_not_null()
    checked = pl.col("code_status").str.strip_chars().str.to_lowercase().fill_null("clear") == "clear"
    summary = pl.col("event_clarity").str.strip_chars().fill_null("1") != "1"
    several = (number("number_of_sources") >= 2).fill_null(False)
    flags = {
        DAY_PRECISION: (pl.col("first") == pl.col("last")) & (pl.col("date_prec").str.strip_chars() == "1"),
        DATE_RANGE: pl.col("date_prec").str.strip_chars() != "1",
        CENTROID: ~in_region & ~pl.col("where_prec").str.strip_chars().is_in(["1", "2"]),
        IN_REGION: in_region,
        SUMMARY: summary,
        UNDER_CHECK: ~checked,
        DEATHS_DISORDERED: pl.col("disordered"),
    }
    blamed = pl.col("type_of_violence").str.strip_chars().is_in(list(settings.blamed_types))
    parts = [pl.col(c) for c in ("dyad_name", "where_coordinates", "source_headline")]
    text = pl.concat_str(parts, separator="; ", ignore_nulls=True)
    return good.with_columns(
        pl.when(~in_region).then("x").alias("lon"),
        pl.when(~in_region).then("y").alias("lat"),
        pl.when(~in_region).then("sigma_m").alias("sigma_m"),
        pl.when(pl.col("count_low").is_not_null()).then(pl.lit("deaths")).alias("count_unit"),
        pl.when(blamed).then("side_a").alias("actor_claimed"),
        pl.lit("claim").alias("claim"),
        pl.col("type_of_violence").alias("label"),
        listed(flags).alias("flags"),
        pl.when(text != "").then(text).alias("text"),
        pl.lit("en").alias("language"),
        pl.when(~checked).then(4).when(summary | ~several).then(3).otherwise(2).alias("credibility"),
    )


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Flag events that two releases give with different content: which is newer, the rows do not say."""
    twice = pl.col("observation_id").n_unique().over("record_id") > 1
    return marked(observations, {TWO_EDITIONS: twice})


SOURCE = Source(
    name="ucdp",
    title="UCDP Georeferenced Event Dataset",
    provider="Uppsala Conflict Data Program",
    licence="CC BY 4.0",
    citation=(
        "Sundberg, Ralph, and Erik Melander (2013). Introducing the UCDP Georeferenced Event Dataset. "
        "Journal of Peace Research 50(4); and the codebook of the version used."
    ),
    url="https://ucdp.uu.se/downloads/",
    asks="Cite the article and the version. The API needs a token, asked for by e-mail, and has a daily quota.",
    witness_group=PRESS,
    reliability="B",
    reliability_why="Coded by people from named news and checked twice; what the news relays may be one side's claim.",
    time_zone="UTC",
    latency=timedelta(days=547),
    sigma_m=None,
    watch_model=(
        "Each month that holds a whole event inside the boundary file was published, and is a watch of it. Without "
        "that file, and in months without an event, there is none. p_detect is not known and counts as 0: only "
        "incidents with a death are coded, so silence says nothing of fire that killed nobody."
    ),
    is_monitor=False,
    is_witness=False,
    fields=FIELDS,
    aux={"regions": "boundary GeoJSON: areas for events known to a region; what the watches cover"},
    settings=UcdpSettings,
    kinds=frozenset(crosswalk("ucdp").values()),
    read=read,
    derive=derive,
    flags=FLAGS,
    fetch=(UCDP_FETCH, CANDIDATES),
    # Candidate events are published by month; the yearly edition holds every month of its year.
    cadence=timedelta(days=31),
    watches_from_rows=True,
)
