"""Many points in one zone, exactly and fast: a grid settles all cells that the zone's edge does not cross."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
CELLS = 512
"""Cells along each side of the zone's box."""
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
    left, low = np.meshgrid(x[:-1], y[:-1])
    right, high = np.meshgrid(x[1:], y[1:])
    # A hair wider than the cell, so that rounding never puts a point into a neighbour that the edge avoids.
    hair_x, hair_y = (east - west) * 1e-9, (north - south) * 1e-9
    boxes = shapely.box(left - hair_x, low - hair_y, right + hair_x, high + hair_y)
    edge = zone.boundary
    shapely.prepare(edge)
    shapely.prepare(zone)
    inner = np.where(shapely.intersects(edge, boxes), EDGE, OUT).astype(np.uint8)
    settled = inner == OUT
    centre = shapely.contains_xy(zone, (left + right)[settled] / 2, (low + high)[settled] / 2)
    inner[settled] = np.where(centre, IN, OUT)
    # Nothing beyond the box is inside; a point on its rim is on the edge at most, and so not inside either.
    state = np.pad(inner, 1, constant_values=OUT)
    return Raster(zone, west, south, CELLS / (east - west), CELLS / (north - south), state)
