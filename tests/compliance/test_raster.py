"""The grid gives the same answers as the exact test, everywhere."""

import numpy as np
import shapely

from servanda.compliance.raster import rasterise

RAGGED = shapely.LineString([(0, 0), (1, 0.4), (1.3, 1.7), (2, 1)]).buffer(0.15).union(shapely.box(3, 0, 4, 1))
HOLED = RAGGED.difference(shapely.Point(3.5, 0.5).buffer(0.2))


def test_every_point_is_where_the_exact_test_puts_it() -> None:
    rng = np.random.default_rng(8)
    lon, lat = rng.uniform(-1, 5, 400_000), rng.uniform(-1, 3, 400_000)
    assert np.array_equal(rasterise(HOLED).contains(lon, lat), shapely.contains_xy(HOLED, lon, lat))


def test_points_on_cell_borders_and_on_the_rim() -> None:
    zone = shapely.box(0, 0, 1, 1).difference(shapely.box(0.25, 0.25, 0.5, 0.5))
    steps = np.linspace(-0.25, 1.25, 769)
    lon, lat = (v.ravel() for v in np.meshgrid(steps, steps))
    assert np.array_equal(rasterise(zone).contains(lon, lat), shapely.contains_xy(zone, lon, lat))
