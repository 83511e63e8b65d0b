"""Who is said to hold what: dated polygon files, one observation each. One side's map is a claim, not a sighting."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from servanda.sources.base import Context, Fields, Payload, Reading, Settings, Source
from servanda.sources.content import finish_observations, reflagged, with_record_ids
from servanda.sources.fetch_github import DEEPSTATE as DEEPSTATE_FETCH
from servanda.sources.places import geojson, in_degrees, mended, shape
from servanda.sources.reading import quarantine_rows, refuse
from servanda.sources.times import DAY_PRECISION, TIME_FLAGS, YEARS, midnight

KIND = "territory_control"
NOT_UPDATED = "not_updated"
MENDED = "mended_geometry"
AREAS = ("Polygon", "MultiPolygon")


class ControlSettings(Settings):
    """Settings of territory maps."""

    p_true: float | None = 0.7
    """An assumption: one side's assessment, days behind in places."""
    date_pattern: str = r"(\d{4})-?(\d{2})-?(\d{2})"
    """Finds year, month and day in a file name."""
    holder: str | None = None
    """Who is said to hold the area, as the agreement names the party; the files do not say."""


def read(payload: Payload, context: Context) -> Reading:
    """Read one dated file: one observation of the union of its areas, over the whole local day."""
    settings = ControlSettings.model_validate(context.settings.model_dump())
    day = _date(payload, settings, context)
    features = geojson(payload, context)["features"]
    areas, bad, was_mended = _areas(features)
    if not areas:
        raise refuse(
            payload, context, "it holds no area.", "Fetch it again; an empty map does not say that nothing is held."
        )
    for area in areas:
        in_degrees(area, payload, context)
    area = shapely.normalize(shapely.union_all(areas))
    zone = settings.time_zone or SOURCE.time_zone
    midday = pl.datetime(day.year, day.month, day.day, time_unit="us")
    wkb = bytes(shapely.to_wkb(area))
    frame = pl.select(
        midnight(midday, zone).alias("t_start"),
        midnight(midday.dt.offset_by("1d"), zone).alias("t_end"),
        pl.lit(KIND).alias("kind"),
        pl.lit(wkb, pl.Binary).alias("geometry"),
        pl.lit("claim").alias("claim"),
        pl.lit(settings.holder, pl.String).alias("actor_claimed"),
        pl.lit([DAY_PRECISION, MENDED] if was_mended else [DAY_PRECISION]).alias("flags"),
        pl.lit(day.isoformat()).alias("date"),
    )
    frame = with_record_ids(frame, ["date", "geometry"], context)
    observations, _ = finish_observations(frame, SOURCE, payload, context)
    notices = _unknown_properties(features, payload)
    return Reading(observations, quarantine=quarantine_rows(bad, payload, context), notices=notices)


def _date(payload: Payload, settings: ControlSettings, context: Context) -> date:
    for match in re.finditer(settings.date_pattern, payload.name):
        try:
            found = date(*(int(part) for part in match.groups()))
        except (ValueError, TypeError, OverflowError):
            continue
        if found.year in range(*YEARS):
            return found
    mend = "Name it like map_20250419.geojson, or set date_pattern to find year, month and day."
    raise refuse(payload, context, "its name holds no date, and the content has none.", mend)


def _areas(features: Sequence[object]) -> tuple[list[BaseGeometry], list[tuple[int, str, str]], bool]:
    """Areas with valid rings, features that are none (row, reason, raw), and whether a ring was mended."""
    areas: list[BaseGeometry] = []
    bad: list[tuple[int, str, str]] = []
    was_mended = False
    for n, feature in enumerate(features, 1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict) or geometry.get("type") not in AREAS:
            bad.append((n, "It is not an area.", str(geometry)))
            continue
        raw = shape(geometry, mend=False)
        if raw is None:
            bad.append((n, "Its area cannot be read.", str(geometry)))
            continue
        area = mended(raw)
        if area.is_empty:
            bad.append((n, "Its area cannot be read.", str(geometry)))
            continue
        was_mended = was_mended or not raw.is_valid
        areas.append(area)
    return areas, bad, was_mended


def _unknown_properties(features: Sequence[object], payload: Payload) -> tuple[str, ...]:
    properties = [f.get("properties") for f in features if isinstance(f, dict)]
    found = {str(k) for p in properties if isinstance(p, dict) for k in p}
    unknown = sorted(found - set(SOURCE.fields.used) - set(SOURCE.fields.ignored))
    return tuple(f"{payload.name}: property {name!r} is new: its values are not read." for name in unknown)


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Flag a map that equals the one before it: it was not updated, which is not «nothing changed»."""
    before = observations.select("observation_id", "t_start", "geometry").sort("t_start", "observation_id")
    same = (pl.col("geometry") == pl.col("geometry").shift(1)) & (pl.col("t_start") > pl.col("t_start").shift(1))
    repeated = before.filter(same.fill_null(False))["observation_id"]
    flagged = pl.col("observation_id").is_in(repeated.implode())
    return observations.with_columns(reflagged(pl.col("flags"), {NOT_UPDATED: flagged}).alias("flags"))


SOURCE = Source(
    name="control",
    title="Maps of territory held",
    provider="DeepState UA, or any other publisher of dated polygon files",
    licence="none stated",
    citation="DeepStateMap. https://deepstatemap.live/",
    url="https://deepstatemap.live/",
    asks="No licence is stated: use it inside the mission, do not redistribute it.",
    witness_group="control",
    reliability="C",
    reliability_why="One side's assessment, made from reports and footage; days behind in places.",
    time_zone="Europe/Kyiv",
    latency=timedelta(0),
    sigma_m=None,
    watch_model=(
        "None: a map says who is said to hold what, it does not watch for incidents. A day without a file, or with "
        "the file of the day before, says nothing."
    ),
    is_monitor=False,
    fields=Fields(used={"geometry": "areas; the file's date is in its name"}, ignored={}),
    aux={},
    settings=ControlSettings,
    is_witness=False,
    kinds=frozenset({"territory_control"}),
    read=read,
    derive=derive,
    flags={
        NOT_UPDATED: "Equal to the map before it: the map was not updated, which is not «no change».",
        MENDED: "Rings that cross themselves were mended.",
        **TIME_FLAGS,
    },
    fetch=(DEEPSTATE_FETCH,),
    # One map a day.
    cadence=timedelta(days=1),
)
