"""Air-raid alerts of one country's regions: official, volunteer and merged layouts. A warning is not a strike."""

import csv
from datetime import date, timedelta
from functools import cache
from importlib import resources

import polars as pl

from servanda.kinds.crosswalk import unknown
from servanda.sources.alerts_settings import END_IMPUTED, FLAGS, KIND, MENDED_PLACE, AlertsSettings, settings_of
from servanda.sources.alerts_trust import derive, derive_watches
from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import finish_observations, finish_watches, known, with_record_ids
from servanda.sources.fetch_github import ALERTS as ALERTS_FETCH
from servanda.sources.places import regions, union
from servanda.sources.reading import account, read_csv, refuse, set_apart, set_aside
from servanda.sources.times import UNREADABLE, local_day, midnight, parse_times

LAYOUTS = {
    "official": ("oblast", "raion", "hromada", "level", "started_at", "finished_at"),
    "volunteer": ("region", "started_at", "finished_at", "naive"),
    "merged": ("region", "started_at", "finished_at", "n_subalerts"),
}
"""Columns by which a layout is known."""


@cache
def region_codes() -> dict[str, str]:
    """Code (ISO 3166-2) of every region by the provider's name, case-folded."""
    return {row["name"].casefold(): row["code"] for row in _region_rows()}


@cache
def silent_from() -> dict[str, date]:
    """Regions under one unending alert, which the provider left out from that day on."""
    return {r["code"]: date.fromisoformat(r["silent_from"]) for r in _region_rows() if r["silent_from"]}


def _region_rows() -> list[dict[str, str]]:
    text = resources.files("servanda.sources").joinpath("data", "region_names.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def read(payload: Payload, context: Context) -> Reading:
    """Read one file: an observation for every alert, a watch for every local day with an alert that began."""
    areas = _areas(payload, context)
    rows = read_csv(payload, context)
    layout = _layout(rows.columns, payload, context)
    notices = account(rows.columns, SOURCE.fields, LAYOUTS[layout], payload, context)
    rows = set_apart(rows, SOURCE.fields)
    frame = with_record_ids(rows.frame, known(rows.columns, SOURCE.fields), context)
    frame = _timed(_placed(frame, layout, areas), layout, context)
    frame, left_out = _of_level(frame, context)
    good, bad = set_aside(frame, _checks(areas), rows.columns, payload, context)
    good = good.with_columns(
        pl.lit(KIND).alias("kind"), pl.lit("sighting").alias("claim"), pl.col("unit").alias("text")
    )
    observations, duplicates = finish_observations(good, SOURCE, payload, context)
    watches = _watches(good, areas, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad]).sort("row"), (*notices, *duplicates, *left_out))


def _of_level(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[str]]:
    """Without alerts for a level that the mission does not name, and a notice of how many these are."""
    levels = settings_of(context).levels
    other = pl.lit(False) if levels is None else ~pl.col("label").is_in(levels).fill_null(True)
    kept = frame.filter(~other)
    n = frame.height - kept.height
    return kept, [f"Left out, as not of level {' or '.join(levels)}: {n}."] if levels and n else []


def _areas(payload: Payload, context: Context) -> dict[str, bytes]:
    """Area (WKB) of every region that the alias table names, by code."""
    if "regions" not in context.aux:
        mend = "Name a boundary GeoJSON with shapeISO properties in the mission file: 'with: {regions: FILE}'."
        raise refuse(payload, context, "an alert is for a region, and no boundary file was given.", mend)
    found = regions(context.aux["regions"], context)
    return {code: found[code.casefold()] for code in sorted(set(region_codes().values())) if code.casefold() in found}


def _layout(columns: list[str], payload: Payload, context: Context) -> str:
    for name, needed in LAYOUTS.items():
        if set(needed) <= set(columns):
            return name
    known_layouts = "; ".join(f"{name}: {', '.join(needed)}" for name, needed in LAYOUTS.items())
    reason = f"its columns ({', '.join(columns)}) are no layout of this source."
    raise refuse(payload, context, reason, f"Give it the columns of one of them. {known_layouts}.")


def _placed(frame: pl.DataFrame, layout: str, areas: dict[str, bytes]) -> pl.DataFrame:
    """Columns ``unit`` (the place as written, finest last), ``label`` (level), ``code``, ``geometry``, ``flags``."""
    if layout == "official":
        codes = list(region_codes())
        first, second = (_cleaned(pl.col(c)).is_in(codes).fill_null(False) for c in ("oblast", "raion"))
        swapped = ~first & second
        oblast = pl.when(swapped).then("raion").otherwise("oblast")
        raion = pl.when(swapped).then("oblast").otherwise("raion")
        unit = pl.concat_str([oblast, raion, pl.col("hromada")], separator=", ", ignore_nulls=True)
        label = pl.col("level")
    else:
        swapped, oblast, unit = pl.lit(False), pl.col("region"), pl.col("region")
        label = pl.lit(None, pl.String)
    code = _cleaned(oblast).replace_strict(region_codes(), default=None, return_dtype=pl.String)
    flags = pl.when(swapped).then(pl.lit([MENDED_PLACE])).otherwise(pl.lit([], pl.List(pl.String)))
    frame = frame.with_columns(unit=unit, label=label, region_name=oblast, code=code, flags=flags)
    table = pl.DataFrame(list(areas.items()), schema={"code": pl.String, "geometry": pl.Binary}, orient="row")
    return frame.join(table, on="code", how="left", maintain_order="left")


def _cleaned(name: pl.Expr) -> pl.Expr:
    return name.str.strip_chars().str.to_lowercase()


def _timed(frame: pl.DataFrame, layout: str, context: Context) -> pl.DataFrame:
    """``t_start`` and ``t_end``; an end that nobody saw is no end: the observation is the instant of the start."""
    zone = context.settings.time_zone or "UTC"
    start = parse_times(frame["started_at"], zone).select("t_start")
    end = parse_times(frame["finished_at"], zone).select(pl.col("t_end").alias("end"))
    naive = pl.col("naive").str.to_lowercase().is_in(["true", "1"]) if layout == "volunteer" else pl.lit(False)
    imputed = naive | pl.col("finished_at").is_null()
    return (
        frame.hstack(start)
        .hstack(end)
        .with_columns(
            pl.when(imputed).then("t_start").otherwise("end").alias("t_end"),
            pl.when(imputed).then(pl.col("flags").list.concat(pl.lit([END_IMPUTED]))).otherwise("flags").alias("flags"),
        )
    )


def _checks(areas: dict[str, bytes]) -> list[tuple[pl.Expr, pl.Expr | str]]:
    names = tuple(region_codes())

    def strange(name: str) -> str:
        return unknown(name, names, "region of this source") + " Mend: correct the name, or add it to the region table."

    named = pl.col("region_name").fill_null("").map_elements(strange, return_dtype=pl.String)
    lacking = pl.format("The boundary file has no area with the code {} for {}.", "code", "region_name")
    return [
        (pl.col("code").is_null(), named),
        (pl.col("geometry").is_null(), lacking),
        (pl.col("t_start").is_null() | pl.col("t_end").is_null(), UNREADABLE),
        (pl.col("t_end") < pl.col("t_start"), "It ends before it starts."),
    ]


def _watches(good: pl.DataFrame, areas: dict[str, bytes], payload: Payload, context: Context) -> pl.DataFrame:
    """One watch for every local day on which an alert began, over all regions that the provider reported on."""
    settings = settings_of(context)
    zone = settings.time_zone or SOURCE.time_zone
    days = good.select(local_day(pl.col("t_start"), zone).alias("day")).unique().sort("day")
    footprints: dict[tuple[str, ...], bytes] = {}
    covered = []
    for day in days["day"].dt.date().to_list():
        codes = tuple(c for c in areas if not (c in silent_from() and day >= silent_from()[c]))
        if codes not in footprints:
            footprints[codes] = union(areas[c] for c in codes)
        covered.append(footprints[codes])
    frame = days.with_columns(pl.Series("footprint", covered, pl.Binary)).select(
        midnight(pl.col("day"), zone).alias("t_start"),
        midnight(pl.col("day").dt.offset_by("1d"), zone).alias("t_end"),
        "footprint",
        pl.lit(KIND).alias("kind"),
        pl.lit(settings.p_detect).alias("p_detect"),
        pl.lit(settings.p_false).alias("p_false"),
    )
    return finish_watches(frame, SOURCE, payload, context)


SOURCE = Source(
    name="alerts",
    title="Air-raid alerts by region",
    provider="Vadimkin, air-raid sirens dataset (official and volunteer channels)",
    licence="MIT",
    citation="Vadimkin, air-raid sirens dataset. https://github.com/Vadimkin/ukrainian-air-raid-sirens-dataset",
    url="https://github.com/Vadimkin/ukrainian-air-raid-sirens-dataset",
    asks="Keep the licence notice.",
    witness_group="alerts",
    reliability="B",
    reliability_why="The official channel records its own warnings; volunteers miss some starts and many ends.",
    time_zone="Europe/Kyiv",
    latency=timedelta(hours=24),
    sigma_m=None,
    watch_model=(
        "Every local day on which at least one alert began, for every region that the provider reports on. Regions "
        "under one unending alert are left out by the provider: no watch there. Around an interval that lasts longer "
        "than any ordinary alert, the region is offline. No alert is not proof of no strike."
    ),
    is_monitor=False,
    fields=Fields(
        used={
            "oblast": "region (official)",
            "raion": "district (official)",
            "hromada": "community (official)",
            "level": "of what the alert was for (official)",
            "region": "region (volunteer, merged)",
            "started_at": "start, with offset",
            "finished_at": "end, with offset",
            "naive": "the end was not seen (volunteer)",
        },
        ignored={
            "source": "the channel, constant in a file",
            "n_subalerts": "how many alerts were merged into one interval; the interval says what is needed",
        },
    ),
    aux={"regions": "boundary GeoJSON with shapeISO: needed, an alert is for a region"},
    settings=AlertsSettings,
    kinds=frozenset({"air_raid_alert"}),
    read=read,
    derive=derive,
    derive_watches=derive_watches,
    flags=FLAGS,
    fetch=(ALERTS_FETCH,),
    # The file is published daily; the longest time without a start in four months of 2025 was nineteen hours.
    cadence=timedelta(days=1),
    watches_from_rows=True,
)
