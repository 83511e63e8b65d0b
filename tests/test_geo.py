"""Distances and areas on the ground."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from servanda.geo import (
    EARTH_RADIUS_M,
    WGS84,
    Coordinates,
    area_m2,
    buffer_m,
    distance_m,
    edge,
    fill_slivers,
    from_local,
    length_m,
    to_local,
)

LONG_LINE = shapely.LineString([(20, 60), (40, 60.5), (41, 50)])
"""About 1,100 km along a parallel, then 1,170 km along a meridian."""


def distances_to_line(points: Coordinates, line: shapely.LineString) -> Coordinates:
    """Geodesic distance from each point to a line, by brute force: every 20 m near the nearest of a coarse search."""
    coarse = shapely.get_coordinates(shapely.segmentize(line, 0.01))
    out = []
    for lon, lat in points:
        nearest = int(
            distance_m(np.full(len(coarse), lon), np.full(len(coarse), lat), coarse[:, 0], coarse[:, 1]).argmin()
        )
        part = shapely.LineString(coarse[max(0, nearest - 2) : nearest + 3])
        fine = shapely.get_coordinates(shapely.segmentize(part, 0.0002))
        out.append(distance_m(np.full(len(fine), lon), np.full(len(fine), lat), fine[:, 0], fine[:, 1]).min())
    return np.array(out)


@pytest.mark.parametrize("metres", [500.0, 15_000.0, 300_000.0])
def test_the_edge_of_a_buffer_is_at_the_distance_to_a_thousandth(metres: float) -> None:
    ring = buffer_m(LONG_LINE, metres).exterior
    points = shapely.get_coordinates(shapely.line_interpolate_point(ring, np.linspace(0, 1, 41), normalized=True))
    assert distances_to_line(points, LONG_LINE) == pytest.approx(metres, rel=1e-3)


def test_the_area_of_a_long_buffer_is_right_to_a_thousandth() -> None:
    meridian = shapely.LineString([(37, 45), (37, 55)])
    width = 15_000.0
    expected = 2 * width * length_m(meridian) + math.pi * width**2
    assert area_m2(buffer_m(meridian, width)) == pytest.approx(expected, rel=1e-3)


def test_left_and_right_share_the_buffer_and_nothing_else() -> None:
    left, right = buffer_m(LONG_LINE, 15_000, "left"), buffer_m(LONG_LINE, 15_000, "right")
    whole = area_m2(buffer_m(LONG_LINE, 15_000))
    assert area_m2(left) + area_m2(right) == pytest.approx(whole, rel=1e-6)
    assert area_m2(shapely.intersection(left, right)) < whole * 1e-6
    assert left.contains(shapely.Point(30, 60.3))
    assert right.contains(shapely.Point(30, 60.2))


def test_sides_follow_the_direction_of_the_line() -> None:
    line = shapely.LineString([(30, 50), (31, 50.4), (31.5, 49.8), (32, 50.1)])
    left = buffer_m(line, 10_000, "left")
    assert shapely.equals_exact(left.normalize(), buffer_m(line.reverse(), 10_000, "right").normalize(), 1e-6)


def test_the_sides_of_a_ring_are_its_inside_and_its_outside() -> None:
    square = shapely.box(30, 50, 31, 51, ccw=True)
    ring = shapely.LineString(square.exterior.coords)
    left, right = buffer_m(ring, 5_000, "left"), buffer_m(ring, 5_000, "right")
    assert shapely.difference(left, square).area < 1e-6 * left.area
    assert shapely.intersection(right, square).area < 1e-6 * right.area


@given(st.lists(st.tuples(st.floats(30, 31), st.floats(48, 49)), min_size=2, max_size=6, unique=True))
@settings(max_examples=25, deadline=None)
def test_the_sides_of_any_line_make_up_its_buffer(points: list[tuple[float, float]]) -> None:
    line = shapely.LineString(np.round(points, 3))
    if not line.is_simple or line.length < 0.05 or line.is_ring:
        return
    both = [buffer_m(line, 3_000, side) for side in ("left", "right")]
    whole = buffer_m(line, 3_000)
    assert shapely.union_all(both).area == pytest.approx(whole.area, rel=1e-3)


def test_an_area_keeps_its_inside_and_its_holes_shrink() -> None:
    ring = shapely.box(30, 50, 32, 52) - shapely.box(30.5, 50.5, 31.5, 51.5)
    wide = buffer_m(ring, 10_000)
    assert wide.covers(ring)
    assert 0 < shapely.Polygon(wide.interiors[0]).area < 1


def test_a_buffer_over_the_antimeridian_is_split_there() -> None:
    shape = buffer_m(shapely.Point(179.9, 10), 50_000)
    assert shape.geom_type == "MultiPolygon"
    assert shape.bounds[0] == -180 and shape.bounds[2] == 180
    assert area_m2(shape) == pytest.approx(math.pi * 50_000**2, rel=1e-3)


def test_nothing_has_no_buffer() -> None:
    assert buffer_m(shapely.Polygon(), 1000).is_empty
    assert buffer_m(shapely.LineString(), 1000, "left").is_empty


@pytest.mark.parametrize("metres", [0.0, -5.0, math.nan])
def test_a_distance_not_above_zero_is_refused(metres: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        buffer_m(shapely.Point(30, 50), metres)


def test_an_area_has_no_left() -> None:
    with pytest.raises(ValueError, match="need a line"):
        buffer_m(shapely.box(30, 50, 31, 51), 1000, "left")


def test_area_and_length() -> None:
    octant = shapely.Polygon([(0, 0), (90, 0), (90, 89.999), (0, 89.999)])
    assert area_m2(octant) == pytest.approx(4 * math.pi * EARTH_RADIUS_M**2 / 8, rel=2e-3)
    assert area_m2(shapely.LineString([(0, 0), (1, 1)])) == 0
    assert length_m(shapely.LineString([(37, 45), (37, 46)])) == pytest.approx(WGS84.inv(37, 45, 37, 46)[2])


def test_a_hole_takes_its_area_away() -> None:
    outer, inner = shapely.box(30, 50, 32, 52), shapely.box(30.5, 50.5, 31.5, 51.5)
    assert area_m2(outer - inner) == pytest.approx(area_m2(outer) - area_m2(inner), rel=1e-9)


def test_edges_are_where_areas_end_not_where_they_meet() -> None:
    two = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.LineString([(5, 5), (6, 6)])])
    assert edge(two).length == pytest.approx(4 + math.sqrt(2))


def test_slivers_are_filled_and_lakes_are_kept() -> None:
    land = shapely.box(30, 50, 31, 51) - shapely.box(30.2, 50.2, 30.8, 50.205) - shapely.box(30.3, 50.5, 30.6, 50.8)
    assert len(fill_slivers(land, 2_000).interiors) == 1


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(-0.9, 0.9), st.floats(-0.9, 0.9))
def test_local_projection_round_trip(lon: float, lat: float, dx: float, dy: float) -> None:
    point = shapely.Point(lon + dx, lat + dy)
    back = from_local(to_local(point, lon, lat), lon, lat)
    assert (back.x, back.y) == pytest.approx((point.x, point.y), abs=1e-9)
