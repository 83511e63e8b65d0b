"""How much of an uncertain place lies in a zone."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda.compliance.raster import rasterise

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of mean radius 6,371.0088 km."""
NEAR_SIGMAS = 4.0
"""Beyond this many standard deviations from a zone's edge a place is wholly in or out (error < 0.0004)."""
CLOSE_SIGMAS = 1.5
"""Within this many the full number of points is used; beyond it less than 7 % of the law can lie across."""
RASTER_FROM = 1_000_000
"""Points from which it pays to grid the zone first; the answer is the same."""
CHUNK = 512
"""Places worked on together, so that their points fit the cache."""

Floats = NDArray[np.float64]
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


def gaussian_points(n: int) -> Floats:
    """(n, 2) points, in standard deviations, that stand for a plane normal law with equal weights.

    A Fibonacci spiral with normal radii: deterministic and even (Swinbank and Purser 2006).
    """
    i = np.arange(n)
    radius = np.sqrt(-2.0 * np.log1p(-(i + 0.5) / n))
    points: Floats = np.c_[radius * np.cos(i * _GOLDEN_ANGLE), radius * np.sin(i * _GOLDEN_ANGLE)]
    return points


def share_inside(lon: Floats, lat: Floats, sigma_m: Floats, zone: BaseGeometry, points: int) -> Floats:
    """(n,) share of each place's normal law over ``zone``; lon, lat (n,) degrees, sigma_m (n,) metres, NaN as 0.

    Places close to the zone's edge are weighed with ``points`` points each, those from which only a tail can
    reach over it with half as many: the error is largest in the middle of the law.
    """
    sigma = np.nan_to_num(sigma_m, nan=0.0)
    shapely.prepare(zone)
    inside: Floats = shapely.contains_xy(zone, lon, lat).astype(np.float64)
    if zone.is_empty or not (sigma > 0).any():
        return inside
    near = _near_edge(lon, lat, sigma, zone)
    for reach, (low, high) in ((points, (0.0, CLOSE_SIGMAS)), (points // 2, (CLOSE_SIGMAS, NEAR_SIGMAS))):
        rows = np.flatnonzero((near >= low) & (near < high))
        inside[rows] = _quadrature(lon[rows], lat[rows], sigma[rows], zone, gaussian_points(reach))
    return inside


def _quadrature(lon: Floats, lat: Floats, sigma: Floats, zone: BaseGeometry, offsets: Floats) -> Floats:
    """(n,) share of points around each place that lie in the zone; on two threads, in chunks of even size."""

    exact = partial(shapely.contains_xy, zone)
    contains = rasterise(zone).contains if len(lon) * len(offsets) > RASTER_FROM and zone.area > 0 else exact

    def chunk(start: int) -> Floats:
        rows = slice(start, start + CHUNK)
        dy = sigma[rows, None] * offsets[:, 1] / METRES_PER_DEGREE
        dx = sigma[rows, None] * offsets[:, 0] / (METRES_PER_DEGREE * np.cos(np.radians(lat[rows, None])))
        return np.asarray(contains(lon[rows, None] + dx, lat[rows, None] + dy).mean(axis=1))

    with ThreadPoolExecutor(2) as pool:
        return np.concatenate([np.empty(0), *pool.map(chunk, range(0, len(lon), CHUNK))])


def _near_edge(lon: Floats, lat: Floats, sigma: Floats, zone: BaseGeometry) -> Floats:
    """(n,) at least so many standard deviations to the zone's edge: 0, CLOSE_SIGMAS or NEAR_SIGMAS.

    Lengths east are taken short, so that no place is thought farther than it is.
    """
    squeeze = float(np.cos(np.radians(min(89.0, np.abs(np.r_[lat, zone.bounds[1::2]]).max()))))
    edge = shapely.transform(zone.boundary, lambda xy: xy * [squeeze, 1.0])
    shapely.prepare(edge)
    steps = np.full(len(lon), NEAR_SIGMAS)
    rows = np.flatnonzero(sigma > 0)
    at = shapely.points(lon[rows] * squeeze, lat[rows])
    for sigmas, nearer in ((NEAR_SIGMAS, CLOSE_SIGMAS), (CLOSE_SIGMAS, 0.0)):
        hit = shapely.dwithin(at, edge, sigmas * sigma[rows] / METRES_PER_DEGREE)
        rows, at = rows[hit], at[hit]
        steps[rows] = nearer
    return steps


def overlap_share(area: BaseGeometry, zone: BaseGeometry) -> float:
    """Share of ``area`` that lies in ``zone``: of its surface, or of its length where it has no surface."""
    squeeze = float(np.cos(np.radians(area.centroid.y)))
    area, zone = (shapely.transform(g, lambda xy: xy * [squeeze, 1.0]) for g in (area, zone))
    if not area.is_valid:
        area = shapely.make_valid(area)
    if area.area > 0:
        return float(min(1.0, area.intersection(zone).area / area.area))
    if area.length > 0:
        return float(min(1.0, area.intersection(zone).length / area.length))
    return float(zone.intersects(area))


def shares_inside(
    lon: Floats, lat: Floats, sigma_m: Floats, areas: list[bytes | None], zone: BaseGeometry, points: int
) -> Floats:
    """(n,) share in ``zone`` of places given as point with error or, where lon is NaN, as WKB area; 0 if neither."""
    out = np.zeros(len(lon))
    known = ~np.isnan(lon)
    if known.any():
        out[known] = share_inside(lon[known], lat[known], sigma_m[known], zone, points)
    cache: dict[bytes, float] = {}
    for i in np.flatnonzero(~known):
        wkb = areas[i]
        if wkb is not None:
            if wkb not in cache:
                cache[wkb] = overlap_share(shapely.from_wkb(wkb), zone)
            out[i] = cache[wkb]
    return out
