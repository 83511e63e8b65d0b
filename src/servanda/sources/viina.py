"""VIINA: war events that a machine coded from news headlines. Layout of six columns, one row per place named."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl
from pydantic import Field, field_validator

from servanda.kinds import tree
from servanda.kinds.crosswalk import codes, crosswalk, unknown, unknown_kind
from servanda.sources.base import Context, Fields, Payload, Reading, Settings, Source
from servanda.sources.content import finish_observations, finish_watches, known, listed, with_record_ids
from servanda.sources.fetch_github import VIINA as VIINA_FETCH
from servanda.sources.places import coordinate_checks, number, regions, union
from servanda.sources.reading import account, read_csv, set_apart, set_aside
from servanda.sources.times import (
    AMBIGUOUS_HOUR,
    DAY_PRECISION,
    TIME_FLAGS,
    UNREADABLE,
    local_day,
    midnight,
    parse_times,
)
from servanda.sources.viina_targets import TargetWords, targets

UNTYPED = "report_untyped"
OUTSIDE_BOX = "outside_box"
BY_WORDS = "by_words"


class ViinaSettings(Settings):
    """Settings of VIINA. Every number here is an assumption until it is learned from data."""

    p_true: float | None = 0.2
    """A machine chose the label; its AUC, measured on its training set, runs from 0.55 to 0.98 by label."""
    sigma_m: float = 5_000
    """A place is a town, found by a geocoder in a headline."""
    box: tuple[float, float, float, float] = (22.0, 44.0, 40.5, 52.6)
    """West, south, east, north, degrees: places outside are kept and flagged."""
    p_detect: float = 0.3
    """Chance that one incident anywhere in the country makes a headline that is labelled with its kind."""
    p_false: float = 0.8
    """Share of labels that do not stand for an incident of that kind at that place and time: 1 - p_true."""
    watched: tuple[str, ...] = ("armed_activity", "territory_change", "air_raid_alert", "harm", "damage")
    """Kinds of which a day with news is a watch."""
    target_words: Mapping[str, TargetWords] = Field(default_factory=dict)
    """Kind to the words of a headline that report it, for agreements about a class of targets: see the guide."""

    @field_validator("target_words")
    @classmethod
    def _kinds(cls, value: Mapping[str, TargetWords]) -> Mapping[str, TargetWords]:
        for kind in value:
            if kind not in tree():
                raise ValueError(unknown_kind(kind))
        return value

    def added_kinds(self) -> frozenset[str]:
        return frozenset(self.target_words)


def read(payload: Payload, context: Context) -> Reading:
    """Read one file: an observation for every label of every row, a watch for every local day with a row."""
    settings = _settings(context)
    rows = read_csv(payload, context)
    notices = account(rows.columns, SOURCE.fields, ("datetime", "lon", "lat"), payload, context)
    rows = set_apart(rows, SOURCE.fields)
    notices += _label_density(rows.frame, payload)
    frame = with_record_ids(rows.frame, known(rows.columns, SOURCE.fields), context)
    good, bad = set_aside(_placed(frame, settings), _checks(), rows.columns, payload, context)
    labelled = _labelled(good.with_columns(_column(good, "event_type").alias("label")))
    kinds = crosswalk("viina")
    frame = labelled.with_columns(
        pl.when(pl.col("code") == "")
        .then(pl.lit(UNTYPED))
        .otherwise(pl.col("code").replace_strict(kinds, default=None, return_dtype=pl.String))
        .alias("kind"),
    )
    books = tuple(codes("viina"))
    strange = pl.col("code").map_elements(lambda c: unknown(c, books, "label of this source"), return_dtype=pl.String)
    frame, unmapped = set_aside(frame, [(pl.col("kind").is_null(), strange)], rows.columns, payload, context)
    frame = frame.with_columns(
        pl.col("x").alias("lon"),
        pl.col("y").alias("lat"),
        pl.lit(settings.sigma_m).alias("sigma_m"),
        pl.lit("claim").alias("claim"),
        _column(frame, "headline").alias("text"),
    )
    frame = pl.concat([frame, _by_words(frame, settings)])
    observations, duplicates = finish_observations(frame, SOURCE, payload, context)
    watches = _watches(good, settings, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad, unmapped]).sort("row"), (*notices, *duplicates))


def _settings(context: Context) -> ViinaSettings:
    return ViinaSettings.model_validate(context.settings.model_dump())


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _placed(frame: pl.DataFrame, settings: ViinaSettings) -> pl.DataFrame:
    """Numbers, times and flags. Midnight to the second stands for an hour that nobody knows."""
    text = frame["datetime"].str.strip_chars()
    times = parse_times(text.str.strip_suffix(" 00:00:00"), settings.time_zone or SOURCE.time_zone)
    west, south, east, north = settings.box
    frame = frame.with_columns(number("lon").alias("x"), number("lat").alias("y")).hstack(times)
    inside = pl.col("x").is_between(west, east) & pl.col("y").is_between(south, north)
    flags = {DAY_PRECISION: pl.col("is_day"), AMBIGUOUS_HOUR: pl.col("is_twice"), OUTSIDE_BOX: ~inside}
    return frame.with_columns(listed(flags).alias("flags"))


def _checks() -> list[tuple[pl.Expr, pl.Expr | str]]:
    return [(pl.col("t_start").is_null(), UNREADABLE), *coordinate_checks("x", "y")]


def _labelled(frame: pl.DataFrame) -> pl.DataFrame:
    """One row for every label that may be an event; a row with none keeps one row, with an empty code."""
    leaks = [c for c in codes("viina") if not codes("viina")[c].kind]
    listed = pl.col("label").str.split("|").list.eval(pl.element().str.strip_chars()).list.unique(maintain_order=True)
    events = listed.list.eval(pl.element().filter(~pl.element().is_in([*leaks, ""]))).fill_null([])
    coded = pl.when(events.list.len() == 0).then(pl.lit([""])).otherwise(events)
    return frame.with_columns(coded.alias("code")).explode("code")


def _by_words(frame: pl.DataFrame, settings: ViinaSettings) -> pl.DataFrame:
    """One more observation of every record whose headline reports a kind by the mission's words."""
    found = targets(frame["text"], settings.target_words)
    records = frame.unique("record_id", keep="first", maintain_order=True).drop("kind")
    marked = records.join(found, on="text", how="inner", maintain_order="left").with_columns(
        pl.col("words").alias("label"), pl.col("flags").list.concat(pl.lit([BY_WORDS])).alias("flags")
    )
    return marked.select(frame.columns)


def _label_density(frame: pl.DataFrame, payload: Payload) -> list[str]:
    if "event_type" not in frame.columns or frame.is_empty():
        return []
    events = pl.col("event_type").fill_null("").str.replace_all(r"\b(loc|san|mil)\b|\|", "")
    share = frame.select((events != "").mean()).item()
    return [f"{payload.name}: {share:.0%} of rows carry an event label; compare typed counts only as shares of rows."]


def _watches(good: pl.DataFrame, settings: ViinaSettings, payload: Payload, context: Context) -> pl.DataFrame:
    """One watch for every local day with a row and every watched kind, over the regions given, or everywhere."""
    zone = settings.time_zone or SOURCE.time_zone
    areas = context.aux.get("regions")
    footprint = union(regions(areas, context).values()) if areas else None
    days = good.select(local_day(pl.col("t_start"), zone).alias("day")).unique().sort("day")
    frame = days.join(pl.DataFrame({"kind": list(settings.watched)}, schema={"kind": pl.String}), how="cross").select(
        midnight(pl.col("day"), zone).alias("t_start"),
        midnight(pl.col("day").dt.offset_by("1d"), zone).alias("t_end"),
        pl.lit(footprint, pl.Binary).alias("footprint"),
        "kind",
        pl.lit(settings.p_detect).alias("p_detect"),
        pl.lit(settings.p_false).alias("p_false"),
    )
    return finish_watches(frame, SOURCE, payload, context)


SOURCE = Source(
    name="viina",
    title="VIINA: violent incident information from news articles",
    provider="Y. Zhukov and collaborators",
    licence="ODbL-1.0",
    citation="Zhukov, Yuri (2022). VIINA: Violent Incident Information from News Articles.",
    url="https://github.com/zhukovyuri/VIINA",
    asks="Cite the data set; share adaptations of it under the same licence.",
    witness_group="viina",
    reliability="E",
    reliability_why="A machine chose the labels at cut-offs fitted in sample; a headline may be placed wrongly.",
    time_zone="Europe/Kyiv",
    latency=timedelta(hours=6),
    sigma_m=5_000,
    watch_model=(
        "News is read every six hours, so each local day with at least one row is a watch of the whole country. "
        "Most incidents make no headline: p_detect is low and an assumption. A day without any row is no watch."
    ),
    is_monitor=False,
    fields=Fields(
        used={
            "datetime": "time; midnight to the second means that the hour is not known",
            "lon": "degrees",
            "lat": "degrees",
            "event_type": "labels joined by |, each one observation",
            "headline": "text",
        },
        ignored={"place_name": "transliterated in several ways; the coordinates say the same"},
    ),
    aux={"regions": "boundary GeoJSON: the watch covers their union; without it, everywhere the agreement reaches"},
    settings=ViinaSettings,
    is_witness=False,
    kinds=frozenset(crosswalk("viina").values()) | {UNTYPED},
    read=read,
    flags={
        OUTSIDE_BOX: "Outside the box that the source covers: a geocoding error is likely.",
        BY_WORDS: "The kind follows from the mission's words for it, not from a label; the label holds what matched.",
        **TIME_FLAGS,
    },
    fetch=(VIINA_FETCH,),
    # News is read every six hours; the longest silence in four months of 2025 was eleven.
    cadence=timedelta(days=1),
    watches_from_rows=True,
)
