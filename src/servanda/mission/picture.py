"""What the report draws and counts besides findings: regions, zones, land, and the effort behind the counts."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda.agreement.resolved import Agreement, Epoch, Version, ZoneBook
from servanda.agreement.zonefiles import ZoneFileError, expand, read_zone_file
from servanda.errors import MissionError, Problem
from servanda.findings import Period
from servanda.mission.config import FILE, Mission
from servanda.report.data import EFFORT, INCIDENT_REGIONS, INTERFERENCE, MapZone
from servanda.sources import adsb, adsb_interference, adsb_settings


def regions(mission: Mission) -> dict[str, BaseGeometry]:
    """Region name to area, in the order of the file. Raises MissionError."""
    entry = mission.written.regions
    if entry is None:
        return {}
    path = _path(mission, entry.file)
    try:
        features = json.loads(path.read_bytes())["features"]
        return {str(f["properties"][entry.name]): _area(f["geometry"]) for f in features}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _problem(
            mission, f"{path} is no GeoJSON file of areas with a property '{entry.name}': {error}."
        ) from None


def land(mission: Mission) -> BaseGeometry | None:
    """Land for the map. Raises MissionError."""
    if mission.written.map.land is None:
        return None
    path = _path(mission, mission.written.map.land)
    try:
        return read_zone_file(path, None)[0]
    except (ZoneFileError, OSError) as error:
        raise _problem(mission, str(error)) from None


def _path(mission: Mission, text: str) -> Path:
    try:
        return mission.folder / expand(text, mission.env)
    except ZoneFileError as mistake:
        raise _problem(mission, str(mistake)) from None


def _area(geometry: object) -> BaseGeometry:
    return shapely.make_valid(shapely.from_geojson(json.dumps(geometry)))


def _problem(mission: Mission, what: str) -> MissionError:
    return MissionError([Problem(str(mission.folder / FILE), 0, 0, what, "Check 'regions' and 'map'.")])


def incident_regions(incidents: pl.DataFrame, areas: Mapping[str, BaseGeometry]) -> pl.DataFrame:
    """incident_id, region: the region that an incident's best place, or the middle of its area, lies in."""
    placed = incidents.filter(pl.col("lon").is_not_null() | pl.col("geometry").is_not_null())
    if not areas or placed.is_empty():
        return pl.DataFrame(schema=INCIDENT_REGIONS)
    lon, lat = _middles(placed)
    owner = np.full(len(lon), -1)
    for i, area in enumerate(areas.values()):
        shapely.prepare(area)
        owner[(owner < 0) & shapely.contains_xy(area, lon, lat)] = i
    names = pl.Series("region", [*areas, None], dtype=pl.String)
    found = placed.select("incident_id").with_columns(names.gather(np.where(owner < 0, len(areas), owner)))
    return found.drop_nulls("region")


def _middles(placed: pl.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of each place; of an area, of a point well inside it."""
    lon, lat = (placed[c].fill_null(np.nan).to_numpy().copy() for c in ("lon", "lat"))
    at = np.flatnonzero(np.isnan(lon))
    if len(at):
        wkb = placed["geometry"].gather(at)
        distinct = wkb.unique(maintain_order=True).to_list()
        points = shapely.get_coordinates(shapely.point_on_surface(shapely.from_wkb(distinct)))
        known = dict(zip(distinct, points, strict=True))
        lon[at], lat[at] = np.array([known[w] for w in wkb]).T
    return lon, lat


def map_zones(mission: Mission, agreement: Agreement, zones: ZoneBook, at: datetime) -> tuple[MapZone, ...]:
    """The zones to draw as they lay at ``at``: those that the mission names, else those that terms name."""
    version = next((v for v in agreement.versions if v.t_to is None or at < v.t_to), agreement.versions[-1])
    wanted = mission.written.map
    named = [t.zone for t in version.terms if t.zone]
    out = [
        _zone(z, version, zones, at, "zone")
        for z in (wanted.zones or tuple(dict.fromkeys(named)))
        if z in version.zones
    ]
    return (*out, *(_zone(z, version, zones, at, "line") for z in wanted.lines if z in version.zones))


def _zone(zone_id: str, version: Version, zones: ZoneBook, at: datetime, role: str) -> MapZone:
    epochs = zones.epochs(version.version, zone_id)
    epoch = next((e for e in epochs if _holds(e, at)), epochs[-1])
    label = version.zones[zone_id].label or zone_id
    return MapZone(zone_id, label, epoch.geometry, "line" if role == "line" else "zone")


def _holds(epoch: Epoch, at: datetime) -> bool:
    return (epoch.t_from is None or epoch.t_from <= at) and (epoch.t_to is None or at < epoch.t_to)


def interference(mission: Mission, observations: pl.DataFrame, period: Period) -> pl.DataFrame:
    """What aircraft say of their navigation on the UTC days whose noon lies in the period, from open feeds only."""
    noon = pl.col("day") + timedelta(hours=12)
    mine = observations.filter(
        (pl.col("access") == "open")
        & (pl.col("t_start") >= period.t_from - timedelta(days=1))
        & (pl.col("t_start") < period.t_to + timedelta(days=1))
    )
    out = [pl.DataFrame(schema=INTERFERENCE)]
    for feed in mission.feeds:
        if feed.source is adsb.SOURCE:
            settings = adsb_settings.AdsbSettings.model_validate(feed.settings.model_dump())
            out.append(adsb_interference.cells(mine.filter(pl.col("source_id") == feed.id), settings))
    return pl.concat(out).filter((noon >= period.t_from) & (noon < period.t_to))


def effort(watches: pl.DataFrame, period: Period, previous: Period | None, since: datetime) -> pl.DataFrame:
    """Hours of watch by source, kind and status, in the period, in the one before, and from ``since`` on."""
    parts = [pl.DataFrame(schema=EFFORT)]
    whole = Period(min(since, period.t_from), period.t_to, "in_force")
    for which, stretch in (("period", period), ("previous", previous), ("since", whole)):
        if stretch is not None:
            parts.append(_hours(watches, stretch).with_columns(pl.lit(which).alias("which")).select(list(EFFORT)))
    return pl.concat(parts)


def _hours(watches: pl.DataFrame, period: Period) -> pl.DataFrame:
    low, high = pl.lit(period.t_from), pl.lit(period.t_to)
    seconds = (pl.min_horizontal("t_end", high) - pl.max_horizontal("t_start", low)).dt.total_microseconds() / 1e6
    inside = watches.with_columns((seconds / 3600.0).alias("hours")).filter(pl.col("hours") > 0)
    grouped = inside.group_by("source_id", "kind", "status", "reason").agg(pl.col("hours").sum().round(6))
    return grouped.sort("source_id", "kind", "status", "reason", nulls_last=True)
