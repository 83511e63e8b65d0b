"""Places that are better known one way than the other: normal laws that need not be round.

A covariance is held as its mean variance v and its lean (d, e): [[v + d, e], [e, v - d]], x east and y north, km². A
round law has no lean, so arrays of zeros cost nothing.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda import sectors

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_LEAN = 0.98
"""Of the mean variance: the longer axis is at most ten times the shorter one."""
POST_DECIMALS = 4
"""Of a degree: posts within about ten metres are one."""


@dataclass(frozen=True)
class Pooled:
    """Arrays (c,): mean place, mean variance; lean: (c, 2)."""

    x_km: Floats
    y_km: Floats
    var_km2: Floats
    lean: Floats


def leans(geometry: pl.Series, s_km: Floats) -> tuple[Floats, Integers]:
    """(n, 2) km²: of a sector from its bearing and band, 0 for all else; (n,) a number from 1 on for each post.

    ``s_km`` may hold NaN.
    """
    out, post = np.zeros((len(geometry), 2)), np.zeros(len(geometry), dtype=np.int64)
    at, found = sectors.read(geometry)
    along, across = (v / 1e6 for v in sectors.moments(found))
    way, half = 2.0 * np.radians(found.bearing_deg), (along - across) / 2
    most = MOST_LEAN * np.nan_to_num(s_km[at]) ** 2
    size = np.clip(half, -most, most)
    out[at] = np.stack([-size * np.cos(way), size * np.sin(way)], axis=1)
    place = np.round(np.stack([found.lon, found.lat], axis=1), POST_DECIMALS)
    post[at] = 1 + np.unique(place, axis=0, return_inverse=True)[1].reshape(-1)
    return out, post


def pooled(lab: Integers, x: Floats, y: Floats, var: Floats, lean: Floats, n: int) -> Pooled:
    """The product of the laws of each label; a label that nobody has is vague."""
    if not lean.any():
        weight = 1.0 / var
        total = np.maximum(np.bincount(lab, weight, n), 1e-300)
        east, north = (np.bincount(lab, weight * v, n) / total for v in (x, y))
        return Pooled(east, north, 1.0 / total, np.zeros((n, 2)))
    d, e = lean.T
    size = var**2 - d**2 - e**2
    trace, one, two = (np.bincount(lab, w / size, n) for w in (var, -d, -e))
    px = np.bincount(lab, ((var - d) * x - e * y) / size, n)
    py = np.bincount(lab, ((var + d) * y - e * x) / size, n)
    whole = np.maximum(trace**2 - one**2 - two**2, 1e-300)
    v, d, e = np.maximum(trace, 1e-300) / whole, -one / whole, -two / whole
    return Pooled((v + d) * px + e * py, e * px + (v - d) * py, v, np.stack([d, e], axis=1))


def density(dx: Floats, dy: Floats, var: Floats, lean: Floats) -> Floats:
    """Per km², of the law with this covariance at (dx, dy) from its middle."""
    d, e = lean.T
    size = var**2 - d**2 - e**2
    q = ((var - d) * dx**2 - 2.0 * e * dx * dy + (var + d) * dy**2) / size
    return np.asarray(np.exp(-0.5 * q) / (2.0 * np.pi * np.sqrt(size)))
