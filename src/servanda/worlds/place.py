"""An invented place: a wiggly line of contact of some 200 km, and the zones about it.

It is drawn on the open Atlantic at the equator, where nobody's land is meant, and where one degree has the
same length over the whole map to 1 part in 10 000, so that flat kilometres serve for the simulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry
from shapely.ops import split, substring

LON_0, LAT_0 = -20.0, 0.0
KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT = 111.31949, 110.57428
"""WGS 84 at the equator: pi a / 180, and pi a (1 - e^2) / 180."""
DECIMALS = 5
"""Written coordinates: 1.1 m."""
BUFFER_KM, AREA_KM, THEATRE_KM = 5.0, 20.0, 40.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Geometry of a world. ``zones`` are WGS 84 degrees, lon lat; ``line_km`` is in flat kilometres.

    ``regions`` are districts with a name, for the map and for reports.
    """

    line_km: LineString
    zones: Mapping[str, BaseGeometry]
    regions: Mapping[str, BaseGeometry]


def to_degrees(xy_km: Floats) -> Floats:
    """(n, 2) flat kilometres to (n, 2) lon lat degrees."""
    lon_lat: Floats = xy_km / np.array([KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT]) + np.array([LON_0, LAT_0])
    return lon_lat


def to_km(lon_lat: Floats) -> Floats:
    """(n, 2) lon lat degrees to (n, 2) flat kilometres."""
    xy_km: Floats = (lon_lat - np.array([LON_0, LAT_0])) * np.array([KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT])
    return xy_km


def degrees(geometry: BaseGeometry) -> BaseGeometry:
    """A flat geometry in degrees, rounded as it is written, so that file and simulation hold the same shape."""
    return shapely.transform(geometry, lambda xy: np.round(to_degrees(xy), DECIMALS))


def beat(line_km: LineString, from_km: float, to_km: float, reach_km: float) -> BaseGeometry:
    """Footprint of a watched stretch: all within reach of it. Degrees, lon lat."""
    return degrees(substring(line_km, from_km, to_km).buffer(reach_km, quad_segs=4).simplify(0.2))


@cache
def place(extent_km: float) -> Place:
    """The place for a line whose ends are ``extent_km`` apart, west and east."""
    x = np.linspace(0.0, extent_km, 101)
    line = LineString(np.c_[x, 8 * np.sin(x / 16) + 3 * np.sin(x / 6 + 1)])
    north, south = _halves(line, extent_km)
    near, area, theatre = (line.buffer(km) for km in (BUFFER_KM, AREA_KM, THEATRE_KM))
    at = [line.interpolate(share, normalized=True) for share in (0.2, 0.5, 0.75)]
    zones = {
        "line": line,
        "buffer": near,
        "north_area": area.intersection(north).difference(near),
        "south_area": area.intersection(south).difference(near),
        "theatre": theatre,
        "no_fly": box(at[1].x - 30, at[1].y - 25, at[1].x + 30, at[1].y + 25),
        "training_ground": Point(at[0].x, at[0].y + 5).buffer(6),
        "corridor": box(at[2].x - 2, at[2].y - 25, at[2].x + 2, at[2].y + 25),
        "north_depot": Point(at[1].x, at[1].y + 16).buffer(3),
        "south_depot": Point(at[1].x, at[1].y - 16).buffer(3),
    }
    edges = [-THEATRE_KM, *(np.arange(1, 4) * extent_km / 4), extent_km + THEATRE_KM]
    regions = {
        f"{side} {k + 1}": theatre.intersection(half).intersection(box(edges[k], -1e3, edges[k + 1], 1e3))
        for side, half in (("North", north), ("South", south))
        for k in range(4)
    }
    return Place(line, {k: degrees(g) for k, g in zones.items()}, {k: degrees(g) for k, g in regions.items()})


def _halves(line: LineString, extent_km: float) -> tuple[Polygon, Polygon]:
    """The country north and south of the line, which is carried on straight beyond its ends."""
    xy = np.asarray(line.coords)
    far = THEATRE_KM * 2
    long_line = LineString([(-far, xy[0, 1]), *xy, (extent_km + far, xy[-1, 1])])
    parts = split(box(-far, -far * 2, extent_km + far, far * 2), long_line).geoms
    south, north = sorted(parts, key=lambda p: p.representative_point().y)
    return north, south


def features(geometries: Mapping[str, BaseGeometry]) -> dict[str, Any]:
    """A GeoJSON feature collection with the property ``name``."""
    rows = [{"type": "Feature", "properties": {"name": k}, "geometry": mapping(g)} for k, g in geometries.items()]
    return {"type": "FeatureCollection", "features": rows}
