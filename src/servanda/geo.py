"""Distances and areas on the ground, for shapes in degrees (WGS 84, lon lat).

An edge between two vertices is straight in lon and lat, as in GeoJSON (RFC 7946, section 3.1.1). Shapes
may touch the antimeridian; none may hold a pole.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from shapely.geometry.base import BaseGeometry

Side = Literal["both", "left", "right"]
Coordinates = NDArray[np.float64]

WGS84 = Geod(ellps="WGS84")
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
CHUNK_M = 100_000.0
"""Shapes are buffered in pieces of this size, each in a projection of its own."""
RELATIVE_ERROR = 1e-4
"""What each approximation in ``buffer_m`` may add, as a share of the distance: edges in, edges out, fewer vertices."""
QUADRANT_SEGMENTS = 32
"""Chords per quarter circle: a chord lies inside its arc by 1 - cos(pi / 128), or 0.03 % of the radius."""
MAX_LATITUDE = 89.0
METRES_PER_DEGREE = math.pi * EARTH_RADIUS_M / 180


@cache
def local_projection(lon: float, lat: float) -> Transformer:
    """Degrees to metres around a place, azimuthal equidistant: exact from the centre, 0.04 % off at 300 km."""
    local = CRS.from_dict({"proj": "aeqd", "lon_0": lon, "lat_0": lat, "ellps": "WGS84", "units": "m"})
    return Transformer.from_crs(CRS.from_epsg(4326), local, always_xy=True)


def to_local(geometry: BaseGeometry, lon: float, lat: float) -> BaseGeometry:
    """A shape in degrees as metres east and north of (lon, lat)."""
    transformer = local_projection(lon, lat)
    return shapely.transform(geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))


def from_local(geometry: BaseGeometry, lon: float, lat: float) -> BaseGeometry:
    """The inverse of ``to_local``. Longitudes stay within 180 degrees of ``lon``, so they may pass ±180."""
    transformer = local_projection(lon, lat)

    def back(xy: Coordinates) -> Coordinates:
        x, y = transformer.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
        return np.column_stack([lon + (x - lon + 180) % 360 - 180, y])

    return shapely.transform(geometry, back)


def area_m2(geometry: BaseGeometry) -> float:
    """Area on the ellipsoid in square metres; 0 for points and lines."""
    dense = shapely.segmentize(shapely.orient_polygons(geometry), 0.1)
    return abs(float(WGS84.geometry_area_perimeter(dense)[0])) if shapely.get_dimensions(geometry) == 2 else 0.0


def length_m(geometry: BaseGeometry) -> float:
    """Length of lines, or of the edges of areas, in metres on the ellipsoid."""
    return float(WGS84.geometry_length(shapely.segmentize(geometry, 0.1)))


def distance_m(lon1: Any, lat1: Any, lon2: Any, lat2: Any) -> Coordinates:
    """Distances between points in metres on the ellipsoid; numbers or arrays of the same shape."""
    return np.asarray(WGS84.inv(lon1, lat1, lon2, lat2)[2], dtype=np.float64)


def edge(geometry: BaseGeometry) -> BaseGeometry:
    """The edges of the areas in a shape, with its lines and points as they are."""
    parts = shapely.get_parts(geometry)
    dimensions = shapely.get_dimensions(parts)
    lines = shapely.union_all([*shapely.boundary(parts[dimensions == 2]), *parts[dimensions == 1]])
    return shapely.union_all([shapely.line_merge(lines), *parts[dimensions == 0]])


def buffer_m(geometry: BaseGeometry, distance_m: float, side: Side = "both") -> BaseGeometry:
    """Everything within ``distance_m`` metres on the ground, in degrees; true to 0.1 % of the distance.

    Holds for lines of any length and distances up to 1,000 km. Areas keep their inside. ``side`` keeps the
    part left or right of a line in its direction, ends being continued straight on; it needs lines.
    Raises ValueError for a distance not above zero, and for a side of anything but lines.
    """
    if not distance_m > 0:
        raise ValueError(f"a buffer needs a distance above zero, not {distance_m}")
    if side != "both":
        return _one_side(geometry, distance_m, side)
    areas = [p for p in shapely.get_parts(geometry) if shapely.get_dimensions(p) == 2]
    pieces = [_buffer_piece(piece, distance_m) for piece in _pieces(geometry, distance_m)]
    return shapely.make_valid(_wrapped(shapely.union_all([*areas, *pieces])))


def fill_slivers(area: BaseGeometry, width_m: float) -> BaseGeometry:
    """An area without the holes that are narrower than ``width_m`` on average (twice area over perimeter).

    Neighbouring areas drawn separately leave such gaps where they should touch.
    """
    return shapely.union_all([_without_slivers(part, width_m) for part in shapely.get_parts(area)])


def _without_slivers(part: BaseGeometry, width_m: float) -> BaseGeometry:
    if shapely.get_dimensions(part) != 2:
        return part
    rings = shapely.get_parts(shapely.get_rings(part))
    holes = [h for h in rings[1:] if 2 * area_m2(shapely.polygons(h)) >= width_m * length_m(h)]
    return shapely.polygons(rings[0], holes or None)


def _step_m(distance_m: float, latitude: float) -> float:
    """Longest edge whose bow, straight in degrees against straight on the ground, stays under the error.

    The bow of a parallel of latitude over its chord of length L is L² tan(latitude) / 8R.
    """
    slope = max(math.tan(math.radians(min(abs(latitude), MAX_LATITUDE))), 1e-3)
    return min(math.sqrt(8 * EARTH_RADIUS_M * RELATIVE_ERROR * distance_m / slope), CHUNK_M)


def _pieces(geometry: BaseGeometry, distance_m: float) -> Iterator[BaseGeometry]:
    """Points and short segments of the edges of a shape, grouped by squares of ``CHUNK_M``."""
    parts = shapely.get_parts(edge(geometry)) if not geometry.is_empty else []
    points = [p for p in parts if shapely.get_dimensions(p) == 0]
    step = _step_m(distance_m, max(abs(geometry.bounds[1]), abs(geometry.bounds[3]))) if len(parts) else 1.0
    lines = shapely.segmentize([p for p in parts if shapely.get_dimensions(p) == 1], step / METRES_PER_DEGREE)
    atoms = np.array([*points, *_segments(lines)], dtype=object)
    if not len(atoms):
        return
    middle = shapely.get_coordinates(shapely.centroid(atoms))
    row = np.floor(middle[:, 1] * METRES_PER_DEGREE / CHUNK_M)
    shrink = np.cos(np.radians(np.clip(row * CHUNK_M / METRES_PER_DEGREE, -MAX_LATITUDE, MAX_LATITUDE)))
    column = np.floor(middle[:, 0] * shrink * METRES_PER_DEGREE / CHUNK_M)
    _, group = np.unique(np.column_stack([row, column]), axis=0, return_inverse=True)
    for i in range(int(group.max()) + 1):
        yield shapely.geometrycollections(atoms[group.ravel() == i])


def _segments(lines: Any) -> list[BaseGeometry]:
    """Every edge of some lines as a line of two points."""
    pairs = [np.stack([xy[:-1], xy[1:]], axis=1) for xy in map(shapely.get_coordinates, lines)]
    return list(shapely.linestrings(np.concatenate(pairs))) if pairs else []


def _buffer_piece(piece: BaseGeometry, distance_m: float) -> BaseGeometry:
    """Buffer a piece in its own projection. Atom by atom: GEOS smooths a longer line by 1 % of the distance."""
    west, south, east, north = piece.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    atoms = to_local(piece, lon, lat)
    area = shapely.union_all(shapely.buffer(shapely.get_parts(atoms), distance_m, quad_segs=QUADRANT_SEGMENTS))
    plain = shapely.simplify(area, RELATIVE_ERROR * distance_m)
    return from_local(shapely.segmentize(plain, _step_m(distance_m, lat)), lon, lat)


def _wrapped(geometry: BaseGeometry) -> BaseGeometry:
    """The same shape with every longitude between -180 and 180."""
    west, _, east, _ = geometry.bounds if not geometry.is_empty else (0.0, 0.0, 0.0, 0.0)
    if west >= -180 and east <= 180:
        return geometry
    turned = [
        shapely.transform(
            geometry.intersection(shapely.box(-180 + turn, -90, 180 + turn, 90)),
            lambda xy, turn=turn: xy - np.array([turn, 0.0]),
        )
        for turn in (-360.0, 0.0, 360.0)
    ]
    return shapely.union_all(turned)


def _one_side(geometry: BaseGeometry, distance_m: float, side: Side) -> BaseGeometry:
    """The part of the buffer of lines that lies to one side of them."""
    if geometry.is_empty:
        return geometry
    if shapely.get_dimensions(geometry) != 1:
        raise ValueError("left and right need a line: an area or a point has neither")
    merged = shapely.line_merge(shapely.force_2d(geometry), directed=True)
    return shapely.union_all([_half(line, distance_m, side) for line in shapely.get_parts(merged)])


def _half(line: BaseGeometry, distance_m: float, side: Side) -> BaseGeometry:
    """Cut the buffer of one line along the line, and keep the faces that touch it from the wanted side."""
    whole = buffer_m(line, distance_m)
    xy = shapely.get_coordinates(line)
    cuts = [line] if line.is_ring else [line, _ray(xy[1], xy[0], whole, line), _ray(xy[-2], xy[-1], whole, line)]
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all([whole.boundary, *cuts]))))
    faces = faces[shapely.contains_properly(whole, shapely.point_on_surface(faces))]
    middle, step = (xy[:-1] + xy[1:]) / 2, xy[1:] - xy[:-1]
    normal = np.column_stack([-step[:, 1], step[:, 0]]) / np.linalg.norm(step, axis=1, keepdims=True)
    nudge = 1e-4 * distance_m / METRES_PER_DEGREE * (1 if side == "left" else -1)
    hits = shapely.STRtree(faces).query(shapely.points(middle + nudge * normal), predicate="intersects")[1]
    return shapely.union_all(faces[np.unique(hits)])


def _ray(before: Coordinates, end: Coordinates, area: BaseGeometry, line: BaseGeometry) -> BaseGeometry:
    """A line's end, continued straight on until it leaves ``area`` or meets the line again."""
    way = (end - before) / np.linalg.norm(end - before)
    west, south, east, north = area.bounds
    ray = shapely.linestrings([end, end + way * (east - west + north - south)])
    stops = shapely.intersection(ray, shapely.union(area.boundary, line))
    far = shapely.line_locate_point(ray, shapely.points(shapely.get_coordinates(stops)))
    reach = far[far > 1e-9]
    return (
        shapely.linestrings([end, end + way * (float(reach.min()) * (1 + 1e-9))]) if len(reach) else shapely.Point(end)
    )
