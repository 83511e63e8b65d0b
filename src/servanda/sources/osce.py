"""Periodic counts of an observer mission: so many violations from cut-off to cut-off in one region.

Layout: one row for each report, period and region, as compiled from the daily reports of the OSCE SMM. An empty
figure is not stated; 0 is zero.
"""

from datetime import timedelta

import polars as pl
import shapely

from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import digests, finish_observations, finish_watches, known, listed, with_record_ids
from servanda.sources.count_words import at_least
from servanda.sources.osce_corrections import derive
from servanda.sources.osce_settings import (
    AT_LEAST,
    BASES,
    FIGURES,
    FLAGS,
    PERIOD_INFERRED,
    PERIOD_UNSTATED,
    PROVIDER_FLAGS,
    RESTATED,
    RUNNING_TOTAL,
    TREND_ONLY,
    TRENDS,
    UNINFORMATIVE,
    UNIT,
    OsceSettings,
    settings_of,
)
from servanda.sources.places import number, regions
from servanda.sources.reading import Check, account, read_csv, refuse, set_apart, set_aside
from servanda.sources.times import UNREADABLE, parse_times

NEEDED = ("report_number", "issued_on", "as_of", "period_from", "region", "ceasefire_violations")
MAIN, *PARTS = FIGURES
TOTAL = "cumulative_since_27_july_2020"
OPTIONAL = (
    *(*PARTS, "previous_period_violations", "previous_basis", "period_hours", TOTAL),
    *("at_least", "trend", "flags", "source_url_title"),
)
BREAKDOWN = ("ceasefire_violations_at_least", "bursts_and_shots_at_least", "previous_period_total")


def read(payload: Payload, context: Context) -> Reading:
    """One observation for every figure of every row, and a watch for every period with a stated count."""
    areas = _areas(payload, context)
    rows = read_csv(payload, context)
    _refuse_totals(rows.columns, payload, context)
    notices = account(rows.columns, SOURCE.fields, NEEDED, payload, context)
    rows = set_apart(rows, SOURCE.fields)
    frame = with_record_ids(rows.frame, known(rows.columns, SOURCE.fields), context)
    frame = _numbers(_placed(_timed(_whole(frame), context), areas, context))
    good, bad = set_aside(frame, _checks(), rows.columns, payload, context)
    notices += _strange_flags(good, payload)
    good = good.with_columns(_provider_flags())
    totals = _totals(good, areas, settings_of(context))
    told = pl.concat([_counts(good), _trends(good), _restated(good, context), totals], how="diagonal")
    text = pl.concat_str(pl.format("Report {}", "report_number"), "source_url_title", separator=": ", ignore_nulls=True)
    told = told.with_columns(pl.lit("sighting").alias("claim"), text.alias("text"))
    observations, repeated = finish_observations(told, SOURCE, payload, context)
    watches = finish_watches(_watches(good, settings_of(context)), SOURCE, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad]).sort("row"), (*notices, *repeated))


def _areas(payload: Payload, context: Context) -> dict[str, bytes]:
    if "regions" not in context.aux:
        mend = "Name a boundary GeoJSON in the mission file: 'with: {regions: FILE}'."
        raise refuse(payload, context, "a count is for a region, and no boundary file was given.", mend)
    return regions(context.aux["regions"], context)


def _refuse_totals(columns: list[str], payload: Payload, context: Context) -> None:
    """A running total holds what the periods hold: to count both would count twice."""
    if set(BREAKDOWN) & set(columns):
        reason = "it holds running totals, not counts of a period and region."
        raise refuse(payload, context, reason, "Leave it out; check sums against it by hand.")


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column of the layout, trimmed; null where the file lacks it."""
    given = [c for c in (*NEEDED, *OPTIONAL) if c in frame.columns]
    trimmed = frame.with_columns(pl.col(c).str.strip_chars() for c in given)
    return trimmed.with_columns(pl.lit(None, pl.String).alias(c) for c in OPTIONAL if c not in given)


def _timed(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """``t_start``, ``t_end`` of the period, ``recorded_at``: the end of the local day of issue."""
    zone = context.settings.time_zone or SOURCE.time_zone
    start, end, issued = (parse_times(frame[c], zone) for c in ("period_from", "as_of", "issued_on"))
    return frame.with_columns(
        start["t_start"],
        end["t_end"],
        issued["t_end"].alias("recorded_at"),
        (start["is_day"] | end["is_day"]).alias("no_clock"),
    )


def _placed(frame: pl.DataFrame, areas: dict[str, bytes], context: Context) -> pl.DataFrame:
    mapped = {k.casefold(): v.casefold() for k, v in settings_of(context).areas.items()}
    code = pl.col("region").str.to_lowercase().replace(mapped)
    return frame.with_columns(code.replace_strict(areas, default=None, return_dtype=pl.Binary).alias("geometry"))


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Figures as ``n:`` columns, and what is said to be 'at least' as a list."""
    figures = [number(c).alias(f"n:{c}") for c in (*FIGURES, "previous_period_violations", "period_hours", TOTAL)]
    words = pl.col("at_least").fill_null("").str.split(";").list.eval(pl.element().str.strip_chars())
    return frame.with_columns(*figures, words.list.eval(pl.element().filter(pl.element() != "")).alias("open"))


def _checks() -> list[Check]:
    hours = (pl.col("t_end") - pl.col("t_start")).dt.total_seconds() / 3600
    lacking = pl.format("The boundary file has no area named {}: give its name there in the setting areas.", "region")
    silent = pl.all_horizontal(pl.col(c).is_null() for c in (*FIGURES, "previous_period_violations", "trend"))
    return [
        (pl.col("t_start").is_null() | pl.col("t_end").is_null() | pl.col("recorded_at").is_null(), UNREADABLE),
        (pl.col("no_clock"), "Its period has a date without a time of day, and days end at a cut-off."),
        (pl.col("t_end") <= pl.col("t_start"), "It ends before it starts."),
        (pl.col("recorded_at") < pl.col("t_end"), "It was issued before its period ended."),
        (
            (hours - pl.col("n:period_hours")).abs() > 0.01,
            pl.format("It gives {} hours, and from start to end it is {}.", "period_hours", hours.round(2)),
        ),
        (pl.col("region").is_null(), "It names no region."),
        (pl.col("geometry").is_null(), lacking),
        (pl.col("report_number").is_null(), "It has no report number."),
        *(_count_check(c) for c in (*FIGURES, "previous_period_violations", TOTAL)),
        *(_part_check(c) for c in PARTS),
        *(_word_check(c, words) for c, words in (("trend", tuple(TRENDS)), ("previous_basis", BASES))),
        (
            ~pl.col("open").list.set_difference(list(AT_LEAST)).list.len().eq(0),
            pl.format("'{}' in at_least is none of: {}.", "at_least", pl.lit(", ".join(AT_LEAST))),
        ),
        (silent, "It states no figure and no trend."),
    ]


def _count_check(name: str) -> Check:
    n = pl.col(f"n:{name}")
    bad = pl.col(name).is_not_null() & (n.is_null() | (n < 0) | (n != n.round()))
    return bad.fill_null(True), pl.format("{} '{}' is no count.", pl.lit(name), pl.col(name))


def _part_check(name: str) -> Check:
    too_many = (pl.col(f"n:{name}") > pl.col(f"n:{MAIN}")) & ~pl.col("open").list.contains(MAIN)
    return too_many, pl.format("{} are part of {}, and there are more of them.", pl.lit(name), pl.lit(MAIN))


def _word_check(name: str, words: tuple[str, ...]) -> Check:
    return ~pl.col(name).is_in(words), pl.format(
        "{} '{}' is none of: {}.", pl.lit(name), name, pl.lit(", ".join(words))
    )


def _written_flags() -> pl.Expr:
    return pl.col("flags").fill_null("").str.split(";").list.eval(pl.element().str.strip_chars())


def _provider_flags() -> pl.Expr:
    """What the compiler wrote, in the words of ``FLAGS``."""
    fits = {flag: _written_flags().list.eval(pl.element().str.contains(p)).list.any() for flag, p in _marks().items()}
    return listed(fits).alias("flags")


def _marks() -> dict[str, str]:
    # A flag 'trend only' may be for the other region of the report: what the row itself states decides.
    return {flag: pattern for flag, pattern in PROVIDER_FLAGS.items() if flag != TREND_ONLY}


def _strange_flags(good: pl.DataFrame, payload: Payload) -> list[str]:
    written = good.select(_written_flags().explode().alias("flag")).to_series().drop_nulls().unique().sort()
    strange = [f for f in written if f and not pl.Series([f]).str.contains("|".join(PROVIDER_FLAGS.values())).all()]
    return [f"{payload.name}: the flag {f!r} is new: it is not read." for f in strange]


def _counts(good: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        good.filter(pl.col(f"n:{name}").is_not_null()).with_columns(
            pl.lit(kind).alias("kind"), pl.lit(name).alias("label"), *_count(f"n:{name}", name)
        )
        for name, kind in FIGURES.items()
    )


def _count(column: str, name: str) -> list[pl.Expr]:
    n = pl.col(column)
    low, high = at_least(n, pl.col("open").list.contains(name))
    return [low.alias("count_low"), high.alias("count_high"), pl.lit(UNIT).alias("count_unit")]


def _trends(good: pl.DataFrame) -> pl.DataFrame:
    """A trend without a number. 'More' says that there were some; 'fewer' and 'similar' do not even say that."""
    only = good.filter(pl.col(f"n:{MAIN}").is_null() & pl.col("trend").is_not_null())
    flags = pl.when(pl.col("trend") == "more").then([TREND_ONLY]).otherwise([TREND_ONLY, UNINFORMATIVE])
    return only.with_columns(
        pl.lit(FIGURES[MAIN]).alias("kind"),
        pl.col("trend").replace_strict(TRENDS, return_dtype=pl.String).alias("label"),
        pl.col("flags").list.concat(flags).alias("flags"),
    )


def _restated(good: pl.DataFrame, context: Context) -> pl.DataFrame:
    """The figure for the period before: its own record. Where its length is not stated it is left an instant, unless
    reports of that weekday follow one of a day."""
    told = good.filter(pl.col("n:previous_period_violations").is_not_null())
    stated = (pl.col("previous_basis") == "previous_24_hours").fill_null(False)
    weekday = pl.col("t_start").dt.convert_time_zone(context.settings.time_zone or SOURCE.time_zone).dt.weekday()
    usual = weekday.is_in(settings_of(context).daily)
    unstated = pl.when(usual).then([RESTATED, PERIOD_INFERRED]).otherwise([RESTATED, PERIOD_UNSTATED, UNINFORMATIVE])
    flags = pl.when(stated).then([RESTATED]).otherwise(unstated)
    told = told.with_columns(
        pl.lit(FIGURES[MAIN]).alias("kind"),
        pl.lit("previous_period_violations").alias("label"),
        pl.col("t_start").alias("t_end"),
        pl.when(stated | usual).then(pl.col("t_start") - timedelta(hours=24)).otherwise("t_start").alias("t_start"),
        pl.col("flags").list.concat(flags).alias("flags"),
        *_count("n:previous_period_violations", "previous"),
    )
    return told.with_columns(digests(told, ["record_id", "label"]).alias("record_id"))


def _totals(good: pl.DataFrame, areas: dict[str, bytes], settings: OsceSettings) -> pl.DataFrame:
    """The running total of all regions of the setting areas, at the end of the period: once for a report."""
    told = good.filter(pl.col(f"n:{TOTAL}").is_not_null())
    known = [areas[code.casefold()] for code in sorted(settings.areas.values()) if code.casefold() in areas]
    if len(known) < 2:
        return told.clear()
    whole = shapely.to_wkb(shapely.unary_union(shapely.from_wkb(known)))
    told = told.with_columns(
        pl.lit(FIGURES[MAIN]).alias("kind"),
        pl.lit(RUNNING_TOTAL).alias("label"),
        pl.lit(whole, pl.Binary).alias("geometry"),
        pl.col("t_end").alias("t_start"),
        pl.lit([RUNNING_TOTAL, UNINFORMATIVE]).alias("flags"),
        *_count(f"n:{TOTAL}", "cumulative"),
    )
    told = told.with_columns(digests(told, ["report_number", "as_of", TOTAL, "label"]).alias("record_id"))
    return told.unique("record_id", keep="first", maintain_order=True)


def _watches(good: pl.DataFrame, settings: OsceSettings) -> pl.DataFrame:
    """A period with a stated count is a watch of its region; one with a trend or no report is none."""
    kinds = pl.DataFrame(
        list(settings.p_detect.items()), schema={"kind": pl.String, "p_detect": pl.Float64}, orient="row"
    )
    stated = good.filter(pl.col(f"n:{MAIN}").is_not_null())
    return stated.join(kinds, how="cross", maintain_order="left").select(
        "t_start",
        "t_end",
        pl.col("geometry").alias("footprint"),
        "kind",
        "p_detect",
        pl.lit(settings.p_false).alias("p_false"),
        "recorded_at",
    )


SOURCE = Source(
    name="osce",
    title="Periodic counts of ceasefire violations by an observer mission",
    provider="OSCE Special Monitoring Mission to Ukraine (figures from its daily reports)",
    licence="Public reports; the figures are facts",
    citation="OSCE Special Monitoring Mission to Ukraine, Daily Reports.",
    url="https://www.osce.org/special-monitoring-mission-to-ukraine/reports",
    asks="Name the OSCE as the source of every figure.",
    witness_group="osce",
    reliability="A",
    reliability_why="The mission counts what its own patrols and cameras saw and heard, and says who was where.",
    time_zone="Europe/Kyiv",
    latency=timedelta(hours=24),
    sigma_m=None,
    watch_model=(
        "Every period for which a report states a count is a watch of that region. The chance that one violation is "
        "counted is low: cameras stand at some places, patrols go by day and are held up. A report that is not in "
        "the data, or gives a trend without a number, is no watch: a low count is not proof of calm."
    ),
    is_monitor=True,
    fields=Fields(
        ignored={},
        used={
            "report_number": "names the report; must be there",
            "issued_on": "date; the figures are known by the end of that local day",
            "period_from": "start of the period, with offset or in the mission's time",
            "as_of": "end of the period",
            "period_hours": "length of the period; must agree with its start and end",
            "region": "region, found in the boundary file by name or by the setting areas",
            "ceasefire_violations": "count; empty: not stated; 0: none",
            "explosions": "count, part of the violations",
            "assessed_exercise": "count of violations assessed as live-fire exercise, part of the violations",
            "previous_period_violations": "a second look at the period before: repeats it or corrects it",
            "previous_basis": "previous_period, or previous_24_hours where only the last day of it is meant",
            TOTAL: "running total of all regions in the setting areas; what it adds between two reports counts where "
            "their periods leave one stretch open",
            "at_least": "names of the figures that are given as 'at least', joined by ;",
            "trend": "more, fewer or similar where no number is given",
            "flags": "remarks of whoever compiled the table, joined by ;",
            "source_url_title": "title of the report",
        },
    ),
    aux={"regions": "boundary GeoJSON: needed, a count is for a region"},
    settings=OsceSettings,
    kinds=frozenset(FIGURES.values()),
    read=read,
    derive=derive,
    flags=FLAGS,
    # One report a day; that of Monday covers the days since the last one, so nothing is left out.
    cadence=timedelta(days=1),
)
