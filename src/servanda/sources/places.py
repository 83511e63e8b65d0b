"""Places as providers write them: coordinates, geometries, names of regions. Degrees WGS 84, lon before lat."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from servanda.sources.base import Context, Payload
from servanda.sources.reading import Check, loaded_json, refuse

_WGS84 = Geod(ellps="WGS84")
_CIRCLE_CORNERS = 64
NAME_KEYS = ("shapeISO", "shapeName", "iso", "code", "name", "NAME", "id")
"""Properties by which a region in a GeoJSON file may be called."""


def number(name: str) -> pl.Expr:
    """A text column as a number; null where it is not one. Infinity and NaN are not numbers here."""
    value = pl.col(name).str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def coordinate_checks(lon: str = "lon", lat: str = "lat") -> list[Check]:
    """Checks on two numeric columns that may not be null: range, swapped, and the null island."""
    x, y = pl.col(lon), pl.col(lat)
    swapped = (y.abs() > 90) & (x.abs() <= 90) & (y.abs() <= 180)
    return [
        (x.is_null() | y.is_null(), "It has no longitude and latitude that can be read as numbers."),
        (swapped, pl.format("Latitude {} is out of range and longitude {} is not: they look swapped.", y, x)),
        ((x.abs() > 180) | (y.abs() > 90), pl.format("Longitude {} or latitude {} is out of range.", x, y)),
        ((x == 0) & (y == 0), "Longitude and latitude are both 0: that is a default, not a place."),
    ]


def geojson(payload: Payload, context: Context) -> dict[str, Any]:
    """The GeoJSON object in a payload. Raises SourceRefused where it is none."""
    found = loaded_json(payload, context)
    if not isinstance(found, dict) or not isinstance(found.get("features"), list):
        raise refuse(payload, context, "it is not a GeoJSON FeatureCollection.", "Export it as a FeatureCollection.")
    return found


def shape(geometry: Mapping[str, Any] | None, mend: bool = True) -> BaseGeometry | None:
    """A GeoJSON geometry as a shape, its rings mended if asked; None where there is none or it cannot be read."""
    if not geometry:
        return None
    made = shapely.from_geojson(json.dumps(geometry), on_invalid="ignore")
    if made is None or made.is_empty:
        return None
    made = mended(made) if mend else made
    return None if made.is_empty else made


def mended(geometry: BaseGeometry) -> BaseGeometry:
    """The same area with valid rings; parts that are not areas are dropped from an area."""
    if geometry.is_valid:
        return geometry
    valid = shapely.make_valid(geometry)
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        return valid
    areas = [g for g in shapely.get_parts(valid).tolist() if g.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(areas)


def regions(payload: Payload, context: Context) -> dict[str, bytes]:
    """Area (WKB) of every region in a boundary file, by each of its names and codes, case-folded.

    A name that two features share is given to neither.
    """
    named: dict[str, bytes | None] = {}
    for feature in geojson(payload, context)["features"]:
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        area = shape(geometry) if isinstance(geometry, dict) else None
        if area is None or area.geom_type not in ("Polygon", "MultiPolygon"):
            continue
        in_degrees(area, payload, context)
        wkb = shapely.to_wkb(area)
        properties = feature.get("properties")
        for name in sorted(set(_names(properties if isinstance(properties, dict) else {}))):
            named[name] = wkb if named.get(name, wkb) == wkb else None
    if not named:
        reason = f"no area in it has a name under {', '.join(NAME_KEYS)}."
        raise refuse(payload, context, reason, "Use a boundary file with shapeISO or name properties.")
    return {name: wkb for name, wkb in named.items() if wkb is not None}


def in_degrees(area: BaseGeometry, payload: Payload, context: Context) -> None:
    """Raise SourceRefused for an area that is not in degrees."""
    west, south, east, north = area.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        reason = f"its coordinates run to {west}, {south}, {east}, {north}: these are no degrees."
        raise refuse(payload, context, reason, "Export it in WGS 84 degrees (CRS84), longitude first.")


def _names(properties: Mapping[str, Any]) -> Iterable[str]:
    return (str(properties[k]).strip().casefold() for k in NAME_KEYS if properties.get(k) not in (None, ""))


def union(areas: Iterable[bytes]) -> bytes:
    """Union of areas given as WKB; the order of the areas does not matter."""
    shapes = shapely.from_wkb(sorted(set(areas)))
    return bytes(shapely.to_wkb(shapely.normalize(shapely.union_all(shapes))))


def circles(lon: pl.Series, lat: pl.Series, radius_m: pl.Series) -> pl.Series:
    """Areas (WKB) within ``radius_m`` on the ground of each point, as 64-gons."""
    n = len(lon)
    azimuth = np.tile(np.linspace(0.0, 360.0, _CIRCLE_CORNERS, endpoint=False), n)
    origin = [np.repeat(s.to_numpy(), _CIRCLE_CORNERS) for s in (lon, lat, radius_m)]
    x, y, _ = _WGS84.fwd(origin[0], origin[1], azimuth, origin[2])
    corners = np.column_stack([x, y]).reshape(n, _CIRCLE_CORNERS, 2)
    return pl.Series("footprint", list(shapely.to_wkb(shapely.polygons(corners))), pl.Binary)
