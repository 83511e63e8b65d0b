"""Shares of uncertain places in zones, against the exact law and against brute force."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from servanda.compliance.place import METRES_PER_DEGREE, gaussian_points, overlap_share, share_inside, shares_inside

HALF = shapely.box(0.0, -5.0, 10.0, 5.0)


def share(lon: float, lat: float, sigma_m: float, zone: shapely.Geometry) -> float:
    return float(share_inside(np.array([lon]), np.array([lat]), np.array([sigma_m]), zone, 256)[0])


@settings(deadline=None)
@given(st.floats(-3.5, 3.5), st.floats(100, 20_000), st.floats(-3, 3))
def test_a_straight_edge_gives_the_normal_law(sigmas: float, sigma_m: float, lat: float) -> None:
    lon = sigmas * sigma_m / (METRES_PER_DEGREE * np.cos(np.radians(lat)))
    assert share(lon, lat, sigma_m, HALF) == pytest.approx(norm.cdf(sigmas), abs=0.02)


def test_a_place_without_error_is_in_or_out() -> None:
    assert share(0.001, 0, 0.0, HALF) == 1
    assert share(-0.001, 0, float("nan"), HALF) == 0


def test_a_strip_narrower_than_the_error_is_not_missed() -> None:
    strip = shapely.box(-1.0, 0.02, 1.0, 0.03)  # 1.1 km wide, 2.2 km north of the place
    expected = norm.cdf(0.03 * METRES_PER_DEGREE / 2000) - norm.cdf(0.02 * METRES_PER_DEGREE / 2000)
    assert share(0.0, 0.0, 2000.0, strip) == pytest.approx(expected, abs=0.03)


def test_far_places_are_settled_without_quadrature() -> None:
    assert share(5.0, 0.0, 10_000, HALF) == 1
    assert share(-5.0, 0.0, 10_000, HALF) == 0


def test_the_points_stand_for_a_normal_law() -> None:
    points = gaussian_points(2000)
    assert points.mean(axis=0) == pytest.approx([0, 0], abs=0.01)
    assert points.std(axis=0) == pytest.approx([1, 1], abs=0.01)


def test_an_area_counts_by_the_part_that_lies_inside() -> None:
    assert overlap_share(shapely.box(-1, 0, 1, 1), HALF) == pytest.approx(0.5)
    assert overlap_share(shapely.LineString([(-1, 0), (3, 0)]), HALF) == pytest.approx(0.75)


def test_places_and_areas_mix_and_an_unknown_place_is_nowhere() -> None:
    area = shapely.to_wkb(shapely.box(-1, 0, 1, 1))
    nan = float("nan")
    got = shares_inside(
        np.array([5.0, nan, nan]), np.array([0.0, nan, nan]), np.array([100.0, nan, nan]), [None, area, None], HALF, 96
    )
    assert got == pytest.approx([1.0, 0.5, 0.0])
