"""ACLED: events that researchers code from news every week. CSV of any age, the JSON of its API, and its deletions."""

from datetime import timedelta

import polars as pl

from servanda.kinds.crosswalk import crosswalk
from servanda.sources.acled_settings import (
    CIVILIANS,
    FIELDS,
    FLAGS,
    MONTH,
    NEEDED,
    NEEDED_DELETIONS,
    WEEK,
    AcledSettings,
)
from servanda.sources.base import Context, Payload, Reading, Source
from servanda.sources.content import finish_observations, listed, with_record_ids
from servanda.sources.curated import (
    CENTROID,
    IN_REGION,
    PRESS,
    known_word,
    named_areas,
    newest_edition,
    one_of,
    published_watches,
    read_events,
    whole_number,
)
from servanda.sources.fetch_acled import FETCH as ACLED_FETCH
from servanda.sources.places import coordinate_checks, number
from servanda.sources.reading import Check, Rows, account, set_apart, set_aside
from servanda.sources.times import DAY_PRECISION, midnight
from servanda.tables import TIME

UNTYPED = "report_untyped"
_LAST_SECOND = 4_102_444_800
"""2100-01-01: a larger time stamp is not in seconds."""


def read(payload: Payload, context: Context) -> Reading:
    """Read one file: an observation for every event and a watch for every day with one; or a list of deletions."""
    rows, notices = read_events(payload, context, "data")
    if not rows.columns:
        return Reading(quarantine=rows.bad, notices=tuple(notices))
    rows = _lower_case(rows)
    deletions = "deleted_timestamp" in rows.columns and "event_date" not in rows.columns
    notices += account(rows.columns, FIELDS, NEEDED_DELETIONS if deletions else NEEDED, payload, context)
    rows = set_apart(rows, FIELDS)
    absent = [pl.lit(None, pl.String).alias(c) for c in FIELDS.used if c not in rows.columns]
    frame = rows.frame.with_columns(absent).with_columns(pl.col("event_id_cnty").str.strip_chars())
    read_as = _deletions if deletions else _events
    got = read_as(frame, rows.columns, payload, context)
    quarantine = pl.concat([rows.bad, got.quarantine]).sort("row")
    return Reading(got.observations, got.watches, quarantine, (*notices, *got.notices))


def _events(frame: pl.DataFrame, raw: list[str], payload: Payload, context: Context) -> Reading:
    settings = AcledSettings.model_validate(context.settings.model_dump())
    frame = _placed(_dated(_stamped(frame, "timestamp"), settings), settings, context)
    frame = _kinded(frame)
    good, bad = set_aside(frame, _checks(frame), raw, payload, context)
    good = _said(with_record_ids(good, ["event_id_cnty"], context), settings)
    observations, duplicates = finish_observations(good, SOURCE, payload, context)
    # An edition's time stamp says nothing of when its day was first published; a vague date, nothing of its last day.
    exact = good.filter(pl.col("time_precision").str.strip_chars() == "1")
    days = exact.with_columns(pl.lit(None, TIME).alias("recorded_at"))
    watches, told = published_watches(days, "1d", _zone(settings), SOURCE, payload, context)
    return Reading(observations, watches, bad, (*duplicates, *told))


def _deletions(frame: pl.DataFrame, raw: list[str], payload: Payload, context: Context) -> Reading:
    good, bad = set_aside(_stamped(frame, "deleted_timestamp"), _deletion_checks(), raw, payload, context)
    finished = _taken_back(with_record_ids(good, ["event_id_cnty"], context))
    observations, duplicates = finish_observations(finished, SOURCE, payload, context)
    return Reading(observations, quarantine=bad, notices=tuple(duplicates))


def _zone(settings: AcledSettings) -> str:
    return settings.time_zone or SOURCE.time_zone


def _lower_case(rows: Rows) -> Rows:
    """Older exports shout their column names."""
    names = {c: c.lower() for c in rows.columns}
    return rows if len(set(names.values())) < len(names) else Rows(rows.frame.rename(names), rows.bad)


def _stamped(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """``recorded_at`` of Unix seconds; null where there are none that can be read."""
    seconds = number(name)
    sound = seconds.is_between(1, _LAST_SECOND)
    stamp = pl.from_epoch(pl.when(sound).then(seconds).cast(pl.Int64), time_unit="s").dt.replace_time_zone("UTC")
    return frame.with_columns(stamp.cast(TIME).alias("recorded_at"))


def _dated(frame: pl.DataFrame, settings: AcledSettings) -> pl.DataFrame:
    """``t_start``, ``t_end``: the day, seven days around it, or its calendar month, in the time zone set."""
    text = pl.col("event_date").str.strip_chars().str.replace(r"[ T]00:00(:00(\.0+)?)?Z?$", "")
    forms = [text.str.to_datetime(f, time_unit="us", strict=False) for f in ("%Y-%m-%d", *settings.date_formats)]
    day = pl.coalesce(pl.when(text.str.contains(r"\d{4}")).then(form) for form in forms)
    precision = pl.col("time_precision").str.strip_chars()
    first, after = pl.col("day"), pl.col("day").dt.offset_by("1d")
    month = first.dt.truncate("1mo")
    starts = pl.when(precision == "2").then(first.dt.offset_by("-3d")).when(precision == "3").then(month)
    ends = pl.when(precision == "2").then(after.dt.offset_by("3d")).when(precision == "3")
    span = (starts.otherwise(first), ends.then(month.dt.offset_by("1mo")).otherwise(after))
    zone = _zone(settings)
    return frame.with_columns(day.alias("day")).with_columns(
        midnight(span[0], zone).alias("t_start"), midnight(span[1], zone).alias("t_end")
    )


def _placed(frame: pl.DataFrame, settings: AcledSettings, context: Context) -> pl.DataFrame:
    """``x``, ``y`` as written, ``sigma_m``, and ``geometry`` of an event that is known to a region only."""
    precision = pl.col("geo_precision").str.strip_chars()
    region = frame.select(pl.when(precision == "3").then("admin1")).to_series()
    errors = {str(k): v for k, v in settings.place_error_m.items()}
    return frame.with_columns(
        number("longitude").alias("x"),
        number("latitude").alias("y"),
        precision.replace_strict(errors, default=None, return_dtype=pl.Float64).alias("sigma_m"),
        named_areas(region, settings.region_names, context).alias("geometry"),
    )


def _kinded(frame: pl.DataFrame) -> pl.DataFrame:
    word = pl.coalesce(pl.col(c).str.strip_chars().replace("", None) for c in ("sub_event_type", "event_type"))
    kind = word.replace_strict(crosswalk("acled"), default=None, return_dtype=pl.String)
    return frame.with_columns(word.alias("word"), kind.alias("kind"))


def _checks(frame: pl.DataFrame) -> list[Check]:
    unread = pl.col("timestamp").is_not_null() & pl.col("recorded_at").is_null()
    return [
        (pl.col("event_id_cnty").is_null(), "It has no event_id_cnty."),
        known_word(frame, "word", "acled", "event type of ACLED"),
        one_of("time_precision", tuple("123")),
        one_of("geo_precision", tuple("123")),
        (
            _undated("day", "t_start", "t_end"),
            "event_date is no date that is known here. See the setting date_formats.",
        ),
        (unread, pl.format("timestamp {} is no time in Unix seconds.", "timestamp")),
        (pl.col("recorded_at") < pl.col("t_start"), "It was last edited before it happened."),
        *coordinate_checks("x", "y"),
        whole_number("fatalities"),
    ]


def _undated(*names: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_null() for name in names)


def _said(good: pl.DataFrame, settings: AcledSettings) -> pl.DataFrame:
    """The columns of observations: what, where, how many, who is named, in whose words."""
    in_region = pl.col("geometry").is_not_null()
    precision = pl.col("time_precision").str.strip_chars()
    flags = {
        DAY_PRECISION: precision == "1",
        WEEK: precision == "2",
        MONTH: precision == "3",
        CENTROID: ~in_region & (pl.col("geo_precision").str.strip_chars() == "3"),
        IN_REGION: in_region,
        CIVILIANS: pl.col("civilian_targeting").fill_null("").str.strip_chars() != "",
    }
    deaths = pl.when(number("fatalities") > 0).then(number("fatalities"))
    nobody = pl.any_horizontal([pl.lit(False), *(pl.col("actor1").str.starts_with(p) for p in settings.unnamed)])
    blamed = pl.col("event_type").str.strip_chars().is_in(list(settings.blamed_types)) & ~nobody
    scale = pl.when(pl.col("source").is_not_null()).then(pl.format(" ({})", "source_scale")).fill_null("")
    source = pl.format("Source: {}{}", "source", scale)
    text = pl.concat_str(["notes", source], separator=" ", ignore_nulls=True)
    return good.with_columns(
        pl.when(~in_region).then("x").alias("lon"),
        pl.when(~in_region).then("y").alias("lat"),
        pl.when(~in_region).then("sigma_m").alias("sigma_m"),
        deaths.alias("count_low"),
        pl.when(deaths.is_not_null()).then(pl.lit("deaths")).alias("count_unit"),
        pl.when(blamed).then("actor1").alias("actor_claimed"),
        pl.lit("claim").alias("claim"),
        pl.col("word").alias("label"),
        listed(flags).alias("flags"),
        pl.when(text != "").then(text).alias("text"),
        pl.lit("en").alias("language"),
    )


def _deletion_checks() -> list[Check]:
    written = pl.col("deleted_timestamp").fill_null("")
    return [
        (pl.col("event_id_cnty").is_null(), "It has no event_id_cnty."),
        (pl.col("recorded_at").is_null(), pl.format("deleted_timestamp '{}' is no time in Unix seconds.", written)),
    ]


def _taken_back(good: pl.DataFrame) -> pl.DataFrame:
    """A deletion is a retraction of the record, known from then on; where it had been is not repeated."""
    return good.with_columns(
        pl.lit(UNTYPED).alias("kind"),
        pl.lit("retraction").alias("claim"),
        pl.lit("deleted").alias("label"),
        pl.format("{} was deleted.", "event_id_cnty").alias("text"),
        pl.lit("en").alias("language"),
        pl.col("recorded_at").alias("t_start"),
        pl.col("recorded_at").alias("t_end"),
    )


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Of the editions of an event only the newest counts; after a deletion, none."""
    return newest_edition(observations)


SOURCE = Source(
    name="acled",
    title="ACLED: armed conflict location and event data",
    provider="Armed Conflict Location and Event Data (ACLED)",
    licence="ACLED terms of use: no redistribution of the data",
    citation=(
        "Raleigh, Clionadh, Roudabeh Kishi and Andrew Linke (2023). Political instability patterns are obscured by "
        "conflict dataset scope conditions, sources, and coding choices. Humanities and Social Sciences "
        "Communications 10, 74. ACLED, acleddata.com, with the date of download."
    ),
    url="https://acleddata.com/",
    asks=(
        "An account (OAuth), attribution with the date of download, and no redistribution. Some accounts get recent "
        "events late or only in sums."
    ),
    witness_group=PRESS,
    reliability="C",
    reliability_why="Coded by people within a week from news and observers, the parties' own statements among them.",
    time_zone="UTC",
    latency=timedelta(days=10),
    sigma_m=None,
    watch_model=(
        "Published every week. Each day that holds an event inside the boundary file was published, and is a watch "
        "of it. Without that file, and on days without an event, there is none. p_detect is not known and counts as 0."
    ),
    is_monitor=False,
    is_witness=False,
    fields=FIELDS,
    aux={"regions": "boundary GeoJSON: areas for events known to a region; what the watches cover"},
    settings=AcledSettings,
    kinds=frozenset(crosswalk("acled").values()) | {UNTYPED},
    read=read,
    derive=derive,
    flags=FLAGS,
    fetch=(ACLED_FETCH,),
    # Published every week.
    cadence=timedelta(days=7),
    watches_from_rows=True,
)
