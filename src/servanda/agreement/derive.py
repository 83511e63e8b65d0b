"""Zones made from zones: geometry in, geometry out, all in degrees lon lat."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from servanda.geo import METRES_PER_DEGREE, buffer_m, edge, fill_slivers, length_m

GRID_DEGREES = 1.0
"""Coasts and borders are cut to whole squares of this size around an area before they are widened."""
TOUCH_DEGREES = 1e-7
"""About a centimetre: pieces this near to a cut were cut there."""


def union(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    return shapely.union_all(list(shapes))


def intersection(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """What all shapes share; of the parts, only those of the least dimension among the shapes are kept.

    Two areas that touch along a line share no area.
    """
    least = min(int(shapely.get_dimensions(s)) for s in shapes)
    return _of_dimension(shapely.intersection_all(list(shapes)), least)


def minus(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """The first shape less all others."""
    return shapely.difference(shapes[0], union(shapes[1:]))


def within(shape: BaseGeometry, distance_m: float, side: str, area: BaseGeometry | None) -> BaseGeometry:
    """Everything within a distance of ``shape``.

    ``side``: both; left or right of lines; inside or outside of ``area``, of which ``shape`` is an edge, or of
    ``shape`` itself when ``area`` is None. Inside an area is the strip along its edge.
    """
    if side in ("left", "right"):
        return buffer_m(shape, distance_m, "left" if side == "left" else "right")
    if side == "both":
        return buffer_m(shape, distance_m)
    whole = shape if area is None else area
    strip = buffer_m(edge(shape), distance_m)
    return _of_dimension(
        shapely.intersection(strip, whole) if side == "inside" else shapely.difference(strip, whole), 2
    )


def contact_edge(area: BaseGeometry, not_along: Sequence[BaseGeometry], tolerance_m: float) -> BaseGeometry:
    """The edge of an area (or a line) less all that runs within ``tolerance_m`` of the edges of ``not_along``.

    Holes narrower than the tolerance, where areas drawn separately fail to touch, have no edge. Of what was cut,
    pieces shorter than the tolerance are dropped: they are where two drawings of one coast stray apart.
    """
    lines = edge(fill_slivers(area, tolerance_m))
    if not not_along or lines.is_empty:
        return lines
    margin = tolerance_m / METRES_PER_DEGREE / max(np.cos(np.radians(min(89, np.abs(area.bounds[1::2]).max()))), 0.01)
    low = np.floor((np.array(area.bounds[:2]) - margin) / GRID_DEGREES) * GRID_DEGREES
    high = np.ceil((np.array(area.bounds[2:]) + margin) / GRID_DEGREES) * GRID_DEGREES
    strip = shapely.union_all([_strip(other, tolerance_m, (*low.tolist(), *high.tolist())) for other in not_along])
    left = shapely.line_merge(_of_dimension(shapely.difference(lines, strip), 1))
    pieces = shapely.get_parts(left)
    cut = shapely.dwithin(pieces, strip, TOUCH_DEGREES)
    long = np.array([length_m(p) >= tolerance_m for p in pieces], dtype=bool)
    return shapely.line_merge(shapely.union_all(pieces[~cut | long]))


@lru_cache(maxsize=64)
def _strip(other: BaseGeometry, tolerance_m: float, box: tuple[float, ...]) -> BaseGeometry:
    """The strip along the edges of a coast or border, cut to a box; kept, since many dates share it."""
    near = shapely.clip_by_rect(edge(fill_slivers(other, tolerance_m)), *box)
    return near if near.is_empty else buffer_m(near, tolerance_m)


def _of_dimension(geometry: BaseGeometry, dimension: int) -> BaseGeometry:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])
