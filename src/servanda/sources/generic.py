"""Any table with the interchange columns: CSV, GeoJSON or Parquet, of observations or of watches.

Only a kind, a start and a place are required. Times without an offset are in the time zone set (UTC if none);
a date alone is the whole local day. Whatever cannot be read is set aside with the reason, never guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import finish_observations, finish_watches, listed, with_record_ids
from servanda.sources.generic_counts import CONVERTED_FLAG, counted
from servanda.sources.generic_files import WKB, read_rows
from servanda.sources.generic_fill import FILLED, FILLED_FLAG, fallback_columns, filled
from servanda.sources.generic_kinds import kind_check, kinded
from servanda.sources.generic_places import placed, point_checks
from servanda.sources.generic_sectors import SIGMA, with_sectors
from servanda.sources.generic_settings import COLUMNS, SET_BY_US, TableSettings
from servanda.sources.places import number
from servanda.sources.reading import ROW, Check, Rows, refuse, set_aside
from servanda.sources.times import AMBIGUOUS_HOUR, DAY_PRECISION, TIME_FLAGS, UNREADABLE, parse_times
from servanda.tables import ACCESS, CLAIMS, OBSERVATIONS, WATCH_STATUS, WATCHES

WORDS = {"claim": CLAIMS, "access": ACCESS, "reliability": tuple("ABCDEF"), "status": WATCH_STATUS}
NUMBERS = ("sigma_m", "count_low", "count_high", "credibility", "p_detect", "p_false")
_PLACES = ("lon", "lat", "geometry", "footprint", "place", "bearing_deg", WKB)


_THEIRS = "__their "
"""Prefix of the provider's own columns, kept to show a row that is set aside."""


@dataclass(frozen=True)
class _Checked:
    """Rows that passed every check, in the columns of their table; what was set aside; what is to be told."""

    good: pl.DataFrame
    watching: bool
    quarantine: pl.DataFrame
    notices: tuple[str, ...]


def read(payload: Payload, context: Context) -> Reading:
    """Read one table. Raises SourceRefused when it has no kind, no start or no place at all."""
    settings = TableSettings.model_validate(context.settings.model_dump())
    rows = read_rows(payload, settings, context)
    return read_as(SOURCE, rows, (), settings, payload, context)


def read_as(
    source: Source, rows: Rows, identity: Sequence[str], settings: TableSettings, payload: Payload, context: Context
) -> Reading:
    """Rows of ``source`` by the mapping in ``settings``.

    ``identity``: columns that name a record, the best first; the first that a row fills is its name. A row that
    fills none is all that it says.
    """
    checked = _checked(rows, identity, settings, payload, context)
    if checked.watching:
        watches = finish_watches(checked.good, source, payload, context)
        return Reading(watches=watches, quarantine=checked.quarantine, notices=checked.notices)
    observations, duplicates = finish_observations(checked.good, source, payload, context)
    return Reading(observations, quarantine=checked.quarantine, notices=(*checked.notices, *duplicates))


def _checked(
    rows: Rows, identity: Sequence[str], settings: TableSettings, payload: Payload, context: Context
) -> _Checked:
    provided = _renamed(_identified(rows, identity, context), rows.columns, settings)
    watching = _holds_watches(provided, settings)
    _need(provided, watching, settings, payload, context)
    notices = _notices(rows.columns, settings, payload)
    provided, dropped = kinded(provided, settings)
    if dropped:
        notices.append(f"{payload.name}: {dropped} rows are of categories that are no event.")
    provided, place_checks = placed(_timed(provided, settings), context)
    provided, sector_checks = with_sectors(provided, settings)
    provided, count_checks = counted(provided, settings)
    checks = [kind_check(provided), *_time_checks(), *place_checks, *sector_checks, *point_checks(provided, settings)]
    checks += [*count_checks, *_value_checks(provided), *_place_needed(watching, settings)]
    raw = [c for c in provided.columns if c.startswith(_THEIRS)]
    good, bad = set_aside(provided, checks, raw, payload, context)
    table = _watches(good, settings) if watching else _observations(good, settings)
    return _Checked(table, watching, pl.concat([rows.bad, bad]).sort("row"), tuple(notices))


def _identified(rows: Rows, identity: Sequence[str], context: Context) -> pl.DataFrame:
    """Add ``record_id``. What other rows fill decides nothing."""
    nameless, said = pl.lit(True), []
    for name in identity:
        said.append(pl.when(nameless).then(name).alias(name))
        nameless &= pl.col(name).is_null()
    said += [pl.when(nameless).then(c).alias(c) for c in rows.columns if c not in identity] if identity else []
    ids = with_record_ids(rows.frame.with_columns(said), rows.columns, context)["record_id"]
    return rows.frame.with_columns(ids)


def _renamed(frame: pl.DataFrame, theirs: list[str], settings: TableSettings) -> pl.DataFrame:
    """Their columns under our names, constants filled in, and a copy of all of theirs under the prefix."""
    ours = {settings.columns.get(c, c): c for c in theirs if settings.columns.get(c, c) in (*COLUMNS, WKB)}
    ours |= {mine: their for their, mine in settings.columns.items() if their in theirs}
    out = frame.select(
        ROW,
        *([pl.col("record_id").alias("__record")] if "record_id" in frame.columns else []),
        *(pl.col(their).alias(mine) for mine, their in ours.items() if mine not in SET_BY_US and mine != "record_id"),
        *(pl.col(c).alias(_THEIRS + c) for c in theirs if c != WKB),
    ).rename({"__record": "record_id"}, strict=False)
    out = filled(out, _THEIRS, settings)
    for name, value in settings.constants.items():
        given = pl.col(name) if name in out.columns else pl.lit(None, pl.String)
        out = out.with_columns(pl.coalesce(given, pl.lit(str(value))).alias(name))
    return out


def _holds_watches(frame: pl.DataFrame, settings: TableSettings) -> bool:
    if settings.holds == "auto":
        return "p_detect" in frame.columns or "status" in frame.columns
    return settings.holds == "watches"


def _need(frame: pl.DataFrame, watching: bool, settings: TableSettings, payload: Payload, context: Context) -> None:
    """Refuse a table that cannot hold what is required, naming all that it lacks."""
    needed = ["kind", "t_start", "t_end"] if watching else ["kind", "t_start"]
    missing = [c for c in needed if c not in frame.columns]
    places = [c for c in _PLACES if c in frame.columns]
    if not places and not (watching and settings.everywhere):
        missing.append("a place (lon and lat, geometry, place, or a post and bearing_deg)")
    if ("lon" in places) != ("lat" in places):
        missing.append("lat" if "lon" in places else "lon")
    if "place" in places and places == ["place"] and "regions" not in context.aux:
        missing.append("the boundaries of its places ('with: {regions: FILE}')")
    if missing:
        theirs = ", ".join(c.removeprefix(_THEIRS) for c in frame.columns if c.startswith(_THEIRS))
        mend = "Map its columns in the mission file, e.g. 'columns: {event_date: t_start}', or set constants."
        raise refuse(payload, context, f"it lacks {', '.join(missing)}; its columns are {theirs}.", mend)


def _notices(theirs: list[str], settings: TableSettings, payload: Payload) -> list[str]:
    others = fallback_columns(settings)
    told = {*others, *settings.ignored, WKB}
    unread = [c for c in theirs if settings.columns.get(c, c) not in COLUMNS and c not in told]
    absent = sorted({*settings.columns, *others} - set(theirs))
    ours = [c for c in theirs if settings.columns.get(c, c) in SET_BY_US]
    notices = [f"{payload.name}: column {c!r} is not read: it is no interchange column." for c in unread]
    notices += [f"{payload.name}: column {c!r} is mapped but is not there." for c in absent]
    return notices + [f"{payload.name}: column {c!r} is not read: it is set here, from the content." for c in ours]


def _timed(frame: pl.DataFrame, settings: TableSettings) -> pl.DataFrame:
    """Times to UTC. Without an end: the instant, or the day of a date; an end date counts to the end of that day."""
    zone = settings.time_zone or SOURCE.time_zone
    start = parse_times(frame["t_start"], zone, settings.time_formats)
    ended = "t_end" in frame.columns
    end = parse_times(frame["t_end"], zone, settings.time_formats)["t_end"] if ended else start["t_end"]
    given = frame["t_end"].is_not_null() if ended else pl.repeat(False, frame.height, eager=True)
    bad_end = given & end.is_null()
    frame = frame.with_columns(
        start["t_start"], end.zip_with(given, start["t_end"]).alias("t_end"), bad_end.alias("__bad_end")
    )
    if "recorded_at" in frame.columns:
        recorded = parse_times(frame["recorded_at"], zone, settings.time_formats)["t_end"]
        unread = frame["recorded_at"].is_not_null() & recorded.is_null()
        frame = frame.with_columns(recorded.alias("recorded_at"), (frame["__bad_end"] | unread).alias("__bad_end"))
    flags = {DAY_PRECISION: pl.lit(start["is_day"]), AMBIGUOUS_HOUR: pl.lit(start["is_twice"])}
    if "__filled" in frame.columns:
        flags[FILLED] = pl.col("__filled")
    own = listed(flags)
    if "flags" in frame.columns:
        own = pl.concat_list(
            [pl.col("flags").fill_null("").str.split("|").list.eval(pl.element().filter(pl.element() != "")), own]
        )
    return frame.with_columns(own.list.unique(maintain_order=True).alias("flags"))


def _time_checks() -> list[Check]:
    return [
        (pl.col("t_start").is_null(), "t_start: " + UNREADABLE),
        (pl.col("__bad_end"), "t_end or recorded_at: " + UNREADABLE),
        (pl.col("t_end") < pl.col("t_start"), "It ends before it starts."),
    ]


def _value_checks(frame: pl.DataFrame) -> list[Check]:
    checks: list[Check] = []
    for name, words in WORDS.items():
        if name in frame.columns:
            why = pl.format(f"{name} {{}} is none of {', '.join(words)}.", name)
            checks.append((~pl.col(name).is_in(words).fill_null(True), why))
    for name in NUMBERS:
        if name in frame.columns:
            top = {"p_detect": 1.0, "p_false": 1.0, "credibility": 6.0}.get(name, float("inf"))
            low = 1.0 if name == "credibility" else 0.0
            wrong = ~number(name).is_between(low, top).fill_null(False) & pl.col(name).is_not_null()
            checks.append((wrong, pl.format(f"{name} {{}} is not a number from {low:g} to {top:g}.", name)))
    if {"count_low", "count_high"} <= set(frame.columns):
        checks.append((number("count_high") < number("count_low"), "count_high is below count_low."))
    return checks


def _place_needed(watching: bool, settings: TableSettings) -> list[Check]:
    if watching and settings.everywhere:
        return []
    nowhere = pl.col("area").is_null() & (pl.lit(True) if watching else pl.col("x").is_null() | pl.col("y").is_null())
    what = "It does not say where it looked; a point needs range_m." if watching else "It has no place."
    return [(nowhere, what)]


def _observations(good: pl.DataFrame, settings: TableSettings) -> pl.DataFrame:
    sigma = number("sigma_m") if "sigma_m" in good.columns else pl.lit(None, pl.Float64)
    claim = pl.col("claim") if "claim" in good.columns else pl.lit(None, pl.String)
    point = pl.col("x").is_not_null() & pl.col("y").is_not_null()
    values: Mapping[str, pl.Expr] = {
        "lon": pl.when(point).then("x"),
        "lat": pl.when(point).then("y"),
        "geometry": pl.col("area"),
        "sigma_m": pl.coalesce(sigma, SIGMA, pl.when(point).then(pl.lit(settings.sigma_m, pl.Float64))),
        "claim": pl.coalesce(claim, pl.lit("sighting")),
        "access": _access(good, settings),
        **{name: number(name) for name in ("count_low", "count_high", "credibility") if name in good.columns},
    }
    kept = [c for c in good.columns if c in OBSERVATIONS.names]
    return good.select(*(c for c in kept if c not in values), *(v.alias(name) for name, v in values.items()))


def _access(good: pl.DataFrame, settings: TableSettings) -> pl.Expr:
    """What shows where a post is may not be published, unless the row says so."""
    own = pl.col("access") if "access" in good.columns else pl.lit(None, pl.String)
    near = settings.post_access if settings.access == "open" else settings.access
    return pl.coalesce(own, pl.when(pl.col(SIGMA).is_not_null()).then(pl.lit(near)))


def _watches(good: pl.DataFrame, settings: TableSettings) -> pl.DataFrame:
    def given(name: str, default: float | None) -> pl.Expr:
        own = number(name) if name in good.columns else pl.lit(None, pl.Float64)
        return pl.coalesce(own, pl.lit(default, pl.Float64)).alias(name)

    kept = [c for c in good.columns if c in WATCHES.names and c not in ("p_detect", "p_false", "footprint")]
    return good.select(
        *kept,
        pl.col("area").alias("footprint"),
        given("p_detect", settings.p_detect),
        given("p_false", settings.p_false),
    )


SOURCE = Source(
    name="table",
    title="Table of observations or watches",
    provider="the mission",
    licence="as the mission states",
    citation="as the mission states",
    url="",
    asks="As its provider asks: state provider, licence and citation in the mission file.",
    witness_group="",
    reliability="F",
    reliability_why="Nothing is known of it; the mission grades it.",
    time_zone="UTC",
    latency=timedelta(0),
    sigma_m=None,
    watch_model="Rows with p_detect or status are watches. A table of observations alone says nothing of silence.",
    is_monitor=False,
    fields=Fields(
        used={name: "interchange column" for name in COLUMNS if name not in SET_BY_US},
        ignored=dict.fromkeys(SET_BY_US, "set here, from the content"),
    ),
    aux={"regions": "boundary GeoJSON: areas for the column place"},
    settings=TableSettings,
    read=read,
    flags={**TIME_FLAGS, **FILLED_FLAG, **CONVERTED_FLAG},
)
