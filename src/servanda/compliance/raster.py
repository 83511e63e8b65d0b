"""Many points in one zone, exactly and fast: a grid settles all cells that the zone's edge does not cross."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
CELLS = 512
"""Cells along each side of the zone's box."""
SIZES = (64, 8, 1)
"""Cells along each side of the squares that are looked at one after the other: what the edge does not cross is settled
as a whole."""
OUT, IN, EDGE = 0, 1, 2


@dataclass(frozen=True)
class Raster:
    """``state``: (CELLS + 2, CELLS + 2) of OUT, IN or EDGE; the outermost cells stand for everything beyond."""

    zone: BaseGeometry
    west: float
    south: float
    per_lon: float
    per_lat: float
    state: NDArray[np.uint8]

    def contains(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """The same as ``shapely.contains_xy``; lon, lat of any equal shape, degrees."""
        column = np.clip((lon - self.west) * self.per_lon + 1.0, 0.0, CELLS + 1.0).astype(np.int32)
        row = np.clip((lat - self.south) * self.per_lat + 1.0, 0.0, CELLS + 1.0).astype(np.int32)
        state = self.state[row, column]
        inside: NDArray[np.bool_] = state == IN
        open_ = state == EDGE
        inside[open_] = shapely.contains_xy(self.zone, lon[open_], lat[open_])
        return inside


def rasterise(zone: BaseGeometry) -> Raster:
    """Grid a zone that is not empty and has an extent both ways."""
    west, south, east, north = zone.bounds
    x, y = np.linspace(west, east, CELLS + 1), np.linspace(south, north, CELLS + 1)
    edge = zone.boundary
    shapely.prepare(edge)
    shapely.prepare(zone)
    inner = np.full((1, 1), EDGE, dtype=np.uint8)
    for size in SIZES:
        finer = CELLS // size // len(inner)
        inner = inner.repeat(finer, axis=0).repeat(finer, axis=1)
        open_ = np.nonzero(inner == EDGE)
        inner[open_] = _states(zone, edge, x[::size], y[::size], *open_)
    # Nothing beyond the box is inside; a point on its rim is on the edge at most, and so not inside either.
    state = np.pad(inner, 1, constant_values=OUT)
    return Raster(zone, west, south, CELLS / (east - west), CELLS / (north - south), state)


def _states(
    zone: BaseGeometry, edge: BaseGeometry, x: Floats, y: Floats, row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """(n,) OUT, IN or EDGE for these cells of the grid with lines ``x`` and ``y``."""
    left, low, right, high = x[column], y[row], x[column + 1], y[row + 1]
    # A hair wider than the cell, so that rounding never puts a point into a neighbour that the edge avoids.
    hair_x, hair_y = (x[-1] - x[0]) * 1e-9, (y[-1] - y[0]) * 1e-9
    boxes = shapely.box(left - hair_x, low - hair_y, right + hair_x, high + hair_y)
    inside = shapely.contains_xy(zone, (left + right) / 2, (low + high) / 2)
    return np.where(shapely.intersects(edge, boxes), EDGE, np.where(inside, IN, OUT)).astype(np.uint8)
