"""Sectors: where something is that is heard or seen from a post, by bearing and distance. Degrees WGS 84, metres.

The error model is one for all that uses sectors. The true bearing is normal about the reported one, and lies within
``half_deg`` of it in 95 of 100 cases; so one standard deviation is ``half_deg`` / ``LEVEL``. The distance lies in the
band from ``low_m`` to ``high_m``, anywhere as likely.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda.geo import METRES_PER_DEGREE, WGS84

Floats = NDArray[np.float64]
LEVEL = 1.959964
"""Half-width of the middle 95 % of a normal law, in standard deviations."""
ARC = 17
"""Corners on each arc of a sector."""
MOST_HALF_DEG = 90.0
"""A wider sector says too little of a direction to be one."""
_WKB_BYTES = 13 + 16 * (2 * ARC + 1)
"""Of one ring with as many corners as a sector: other areas, however large, are not even opened."""
_STEPS = 6
"""Rounds of Gauss-Newton to the centre of an arc: three would do for the narrowest sector."""


@dataclass(frozen=True)
class Sectors:
    """Arrays (n,): the post in degrees, the bearing clockwise from true north, half the width, least and most range."""

    lon: Floats
    lat: Floats
    bearing_deg: Floats
    half_deg: Floats
    low_m: Floats
    high_m: Floats

    def __len__(self) -> int:
        return len(self.lon)

    def __getitem__(self, at: NDArray[np.bool_] | NDArray[np.int64]) -> "Sectors":
        return Sectors(*(getattr(self, name)[at] for name in self.__dataclass_fields__))


def areas(s: Sectors) -> NDArray[np.object_]:
    """(n,) the part of a ring about each post within the half-width of the bearing; ``ARC`` corners an arc."""
    made = shapely.polygons(_corners(s))
    return np.asarray(np.where(shapely.is_valid(made), made, shapely.make_valid(made)))


def _corners(s: Sectors) -> Floats:
    """(n, 2 ARC, 2) the far arc clockwise, then the near arc back."""
    turn = s.half_deg[:, None] * np.linspace(-1.0, 1.0, ARC)
    arcs = []
    for reach, way in ((s.high_m, turn), (s.low_m, turn[:, ::-1])):
        azimuth, far = (s.bearing_deg[:, None] + way).ravel(), np.repeat(reach, ARC)
        x, y, _ = WGS84.fwd(np.repeat(s.lon, ARC), np.repeat(s.lat, ARC), azimuth, far)
        arc = np.stack([x, y], axis=-1).reshape(len(s), ARC, 2)
        # A band from the post on has its near arc in one point, to the last digit.
        arcs.append(np.where((reach == 0.0)[:, None, None], np.stack([s.lon, s.lat], axis=1)[:, None], arc))
    return np.concatenate(arcs, axis=1)


def moments(s: Sectors) -> tuple[Floats, Floats]:
    """Variances (n,) in m² along the bearing and across it, seen from the middle of the band."""
    across = (s.low_m + s.high_m) / 2 * np.radians(s.half_deg) / LEVEL
    return (s.high_m - s.low_m) ** 2 / 12, across**2


def placed(s: Sectors) -> pl.DataFrame:
    """``geometry`` (WKB), and the best point ``lon``, ``lat`` in its middle with ``sigma_m``, its mean error."""
    x, y, _ = WGS84.fwd(s.lon, s.lat, s.bearing_deg, (s.low_m + s.high_m) / 2)
    along, across = moments(s)
    return pl.DataFrame(
        {
            "geometry": pl.Series(list(shapely.to_wkb(areas(s))), dtype=pl.Binary),
            "lon": pl.Series(np.asarray(x, dtype=np.float64)),
            "lat": pl.Series(np.asarray(y, dtype=np.float64)),
            "sigma_m": pl.Series(np.sqrt((along + across) / 2)),
        }
    )


def read(geometry: pl.Series) -> tuple[NDArray[np.int64], Sectors]:
    """Rows of ``geometry`` (WKB or null) that ``areas`` made, and what they were made from.

    A shape counts as such only if the same corners come out again, so any other area is left alone.
    """
    rows = np.flatnonzero((geometry.bin.size() == _WKB_BYTES).fill_null(False).to_numpy())
    shapes = shapely.from_wkb(geometry.gather(rows).to_numpy())
    ring = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_coordinates(shapes) == 2 * ARC + 1)
    rows, shapes = rows[ring], shapes[ring]
    corners = shapely.get_coordinates(shapes).reshape(-1, 2 * ARC + 1, 2)[:, :-1]
    found = _measured(corners)
    again = np.abs(_corners(found) - corners).max(axis=(1, 2), initial=0.0) * METRES_PER_DEGREE
    ours = again < 1.0 + 1e-3 * found.high_m
    return rows[ours], found[ours]


def _measured(corners: Floats) -> Sectors:
    far, near = corners[:, :ARC], corners[:, ARC:]
    lon, lat = _centre(far[:, [0, ARC // 2, ARC - 1]])
    azimuth, reach = _seen(lon, lat, far)
    low = _seen(lon, lat, near)[1].mean(axis=1)
    low = np.where(low < 1e-3 * reach.mean(axis=1), 0.0, low)
    half = (azimuth[:, -1] - azimuth[:, 0]) % 360.0 / 2
    return Sectors(lon, lat, azimuth[:, ARC // 2] % 360.0, half, low, reach.mean(axis=1))


def _seen(lon: Floats, lat: Floats, to: Floats) -> tuple[Floats, Floats]:
    """Azimuth (degrees) and distance (m) from each place to its corners (n, k, 2)."""
    start = [np.repeat(v[:, None], to.shape[1], axis=1) for v in (lon, lat)]
    azimuth, _, away = WGS84.inv(start[0], start[1], to[..., 0], to[..., 1])
    return np.asarray(azimuth), np.asarray(away)


def _centre(arc: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude (n,) of the centre of the circle through three points (n, 3, 2) on the ground."""
    scale = METRES_PER_DEGREE * np.stack([np.cos(np.radians(arc[:, 1, 1])), np.ones(len(arc))], axis=1)
    flat = (arc - arc[:, 1:2]) * scale[:, None]
    a, b = flat[:, 0], flat[:, 2]
    cross = 2.0 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    cross = np.where(np.abs(cross) < 1e-6, 1e-6, cross)
    aa, bb = (a**2).sum(axis=1), (b**2).sum(axis=1)
    start = np.stack([b[:, 1] * aa - a[:, 1] * bb, a[:, 0] * bb - b[:, 0] * aa], axis=1) / cross[:, None]
    lon, lat = (arc[:, 1] + start / scale).T
    for _ in range(_STEPS):
        lon, lat = np.clip(lon, -180, 180), np.clip(lat, -89, 89)
        azimuth, reach = _seen(lon, lat, arc)
        way = np.radians(azimuth)
        slope = np.stack([-np.sin(way), -np.cos(way), -np.ones_like(way)], axis=2)
        step = (np.linalg.pinv(slope) @ (reach.mean(axis=1, keepdims=True) - reach)[..., None])[..., 0]
        lon, lat = lon + step[:, 0] / scale[:, 0], lat + step[:, 1] / scale[:, 1]
    return lon, lat
