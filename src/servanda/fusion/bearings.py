"""Where an incident was, from bearings and distances of several posts, and points: an ellipse that holds it in 95 %.

Each report is a likelihood over the ground. From a post the bearing is normal about the reported one (see
``servanda.sectors``), and the distance is judged with a relative error, so that the edges of its band are soft:
P(band from a to b | distance r) = Phi(ln(r/a)/e) - Phi(ln(r/b)/e). A point is a round normal law. Their product with an
even prior is summed on a grid that is fitted to it, so that curved and crossing sectors are taken as they are
(bearings-only fixing: Stansfield 1947; the grid instead of his small-angle form holds with poor geometry, too).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from servanda import sectors
from servanda.geo import METRES_PER_DEGREE
from servanda.sectors import LEVEL, Sectors

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEAST_SIGMA_M = 10.0
"""No place and no post is taken to be better known."""
HELD = 0.95
"""Share of the law that the ellipse holds."""
REACH = 4.5
"""How far a grid reaches, in standard deviations of the law it is fitted to."""
GRIDS = (15, 15, 19, 31)
"""Points on a side of the grids in a row, each fitted to what the last one found."""
CHUNK = 32
"""Incidents summed at once: bounds memory."""


@dataclass(frozen=True)
class Said:
    """Arrays (m,) by report, in order of incident. east, north: the point, or the post, in metres about the middle
    of the incident; sigma_m: its error on each axis. bearing (radians from north), spread (radians), low_m, high_m:
    of a sector; NaN for a point. east_0, north_0, along, across: middle of what it says, and variances there."""

    incident: Integers
    east: Floats
    north: Floats
    sigma_m: Floats
    bearing: Floats
    spread: Floats
    low_m: Floats
    high_m: Floats
    middle_m: Floats
    along: Floats
    across: Floats

    def __getitem__(self, at: Integers | slice) -> "Said":
        return Said(*(getattr(self, name)[at] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Fix:
    """Arrays (n,): the mean place (metres), its covariance (n, 2, 2) in m², and ``scale``: the ellipse that holds
    ``HELD`` of the law has semi-axes of so many standard deviations."""

    east: Floats
    north: Floats
    covariance: Floats
    scale: Floats


def located(rows: pl.DataFrame, range_error: float) -> pl.DataFrame:
    """Best place and ellipse of every ``group`` of reports that has a sector among them.

    ``rows`` has group, witness_group, observation_id, lon, lat, s_km, geometry. Of points, each witness group counts
    by its best; of sectors, each post once. Gives group, lon, lat, sigma_m, ellipse_major_m, ellipse_minor_m (half
    axes) and ellipse_azimuth_deg (of the longer one, from north, 0 to 180).
    """
    at, found = sectors.read(rows["geometry"]) if rows.height else (np.empty(0, np.int64), None)
    if found is None or not len(found):
        return _EMPTY
    marked = _marked(rows, at, found).join(rows[at].select("group").unique(), on="group", how="semi")
    order = marked.sort("group", "is_sector", "s_km", "observation_id")
    kept = order.unique(["group", "witness_group", "post"], keep="first", maintain_order=True)
    names = kept["group"].unique(maintain_order=True)
    middle = kept.group_by("group", maintain_order=True).agg(pl.col("lon", "lat").mean())
    said = _said(kept, middle)
    fix = fixed(said, len(names), range_error)
    return _table(names, middle, fix)


_EMPTY = pl.DataFrame(
    schema={
        "group": pl.Int64,
        **dict.fromkeys(
            ("lon", "lat", "sigma_m", "ellipse_major_m", "ellipse_minor_m", "ellipse_azimuth_deg"), pl.Float64
        ),
    }
)
_SECTOR = ("post_lon", "post_lat", "bearing_deg", "half_deg", "low_m", "high_m")


def _marked(rows: pl.DataFrame, at: Integers, found: Sectors) -> pl.DataFrame:
    """Reports with a place, with the columns of ``_SECTOR`` (null for points) and ``post``, a name for each post."""
    of = pl.DataFrame(
        {"row": at} | dict(zip(_SECTOR, (getattr(found, f) for f in found.__dataclass_fields__), strict=True))
    )
    narrow = rows.select("group", "witness_group", "observation_id", "lon", "lat", "s_km").with_row_index("row")
    joined = narrow.cast({"row": pl.Int64}).join(of, on="row", how="left", maintain_order="left")
    post = pl.concat_str(pl.col("post_lon", "post_lat").round(4).cast(pl.String), separator=" ").fill_null("")
    return joined.filter(pl.col("lon").is_not_null()).with_columns(
        post.alias("post"), pl.col("post_lon").is_not_null().alias("is_sector")
    )


def _said(kept: pl.DataFrame, middle: pl.DataFrame) -> Said:
    incident = kept["group"].rank("dense").to_numpy().astype(np.int64) - 1
    lon_0, lat_0 = (middle[c].to_numpy()[incident] for c in ("lon", "lat"))
    post_lon, post_lat, bearing, half, low, high = (
        kept[c].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in _SECTOR
    )
    is_post = ~np.isnan(bearing)
    lon = np.where(is_post, post_lon, kept["lon"].to_numpy())
    lat = np.where(is_post, post_lat, kept["lat"].to_numpy())
    along, across = sectors.moments(Sectors(lon, lat, bearing, half, low, high))
    stated = (1000.0 * kept["s_km"].to_numpy()) ** 2
    own = np.where(is_post, stated - (along + across) / 2, stated)
    return Said(
        incident,
        (lon - lon_0) * np.cos(np.radians(lat_0)) * METRES_PER_DEGREE,
        (lat - lat_0) * METRES_PER_DEGREE,
        np.sqrt(np.maximum(own, LEAST_SIGMA_M**2)),
        np.radians(bearing),
        np.radians(half) / LEVEL,
        low,
        high,
        (low + high) / 2,
        along,
        across,
    )


def fixed(said: Said, n: int, range_error: float) -> Fix:
    """The laws of ``n`` incidents, each with one report at least; ``said.incident`` counts from 0 without gaps."""
    edges = np.searchsorted(said.incident, np.arange(n + 1))
    parts = []
    for start in range(0, n, CHUNK):
        end = min(start + CHUNK, n)
        part = said[slice(int(edges[start]), int(edges[end]))]
        parts.append(_fitted(part, edges[start:end] - edges[start], part.incident - start, range_error))
    return Fix(*(np.concatenate([getattr(p, f) for p in parts]) for f in Fix.__dataclass_fields__))


def _fitted(said: Said, starts: Integers, of: Integers, range_error: float) -> Fix:
    mean, covariance = _start(said, starts)
    for step, side in enumerate(GRIDS):
        axis = np.linspace(-REACH, REACH, side)
        unit = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        values, vectors = np.linalg.eigh(covariance)
        # The first grid is wide: the sum of normal laws that it starts from may be far too sure.
        width = np.sqrt(np.maximum(values, LEAST_SIGMA_M**2)) * (3.0 if step == 0 else 1.0)
        shape = vectors * width[:, None, :]
        points = mean[:, None, :] + unit @ shape.transpose(0, 2, 1)
        weight = _weights(said, starts, points[of], range_error)
        mean = (weight[..., None] * points).sum(axis=1)
        away = points - mean[:, None, :]
        covariance = np.einsum("ng,ngi,ngj->nij", weight, away, away) + np.eye(2) * 1e-6
    q = np.einsum("ngi,nij,ngj->ng", away, np.linalg.inv(covariance), away)
    return Fix(mean[:, 0], mean[:, 1], covariance, _holding(q, weight))


def _start(said: Said, starts: Integers) -> tuple[Floats, Floats]:
    """The product of normal laws with the moments of each report: where the first grid lies."""
    sector = ~np.isnan(said.bearing)
    along, across, reach = (np.where(sector, v, 0.0) for v in (said.along, said.across, said.middle_m))
    way = np.where(sector, said.bearing, 0.0)
    s, c, own = np.sin(way), np.cos(way), said.sigma_m**2
    u, v = along + own, across + own
    precision = np.stack([s * s / u + c * c / v, s * c * (1 / u - 1 / v), c * c / u + s * s / v], axis=1)
    x, y = said.east + reach * s, said.north + reach * c
    pulled = np.stack([precision[:, 0] * x + precision[:, 1] * y, precision[:, 1] * x + precision[:, 2] * y], axis=1)
    total, pull = np.add.reduceat(precision, starts), np.add.reduceat(pulled, starts)
    covariance = np.linalg.inv(total[:, [0, 1, 1, 2]].reshape(-1, 2, 2))
    return (covariance @ pull[..., None])[..., 0], covariance


def _weights(said: Said, starts: Integers, points: Floats, range_error: float) -> Floats:
    """(incidents, points) share of the law at each point; ``points`` (reports, points, 2)."""
    east, north = points[..., 0] - said.east[:, None], points[..., 1] - said.north[:, None]
    square = east**2 + north**2
    fit = -0.5 * square / said.sigma_m[:, None] ** 2
    sector = np.flatnonzero(~np.isnan(said.bearing))
    if len(sector):
        fit[sector] = _sector_fit(said[sector], east[sector], north[sector], square[sector], range_error)
    total = np.add.reduceat(fit, starts)
    weight = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _sector_fit(said: Said, east: Floats, north: Floats, square: Floats, range_error: float) -> Floats:
    """Log likelihood of a sector; the error of the post's own place widens the bearing and softens the band."""
    r = np.sqrt(np.maximum(square, 1.0))
    turn = (np.arctan2(east, north) - said.bearing[:, None] + np.pi) % (2 * np.pi) - np.pi
    post = (said.sigma_m[:, None] / r) ** 2
    soft = np.sqrt(range_error**2 + post)
    with np.errstate(divide="ignore"):
        near = np.where(said.low_m > 0, np.log(said.low_m), -np.inf)[:, None]
    far = np.log(said.high_m)[:, None]
    band = ndtr((np.log(r) - near) / soft) - ndtr((np.log(r) - far) / soft)
    spread = said.spread[:, None] ** 2 + post
    return np.asarray(-0.5 * turn**2 / spread - 0.5 * np.log(spread) + np.log(np.maximum(band, 1e-30)))


def _holding(q: Floats, weight: Floats) -> Floats:
    """(n,) distance, in standard deviations, within which ``HELD`` of each law lies."""
    order = np.argsort(q, axis=1)
    ranked = np.take_along_axis(q, order, axis=1)
    held = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    at = (held < HELD).sum(axis=1).clip(max=q.shape[1] - 1)
    return np.asarray(np.sqrt(np.take_along_axis(ranked, at[:, None], axis=1)[:, 0]))


def _table(names: pl.Series, middle: pl.DataFrame, fix: Fix) -> pl.DataFrame:
    values, vectors = np.linalg.eigh(fix.covariance)
    minor, major = (fix.scale[:, None] * np.sqrt(np.maximum(values, 0.0))).T
    azimuth = np.degrees(np.arctan2(vectors[:, 0, 1], vectors[:, 1, 1])) % 180.0
    lon_0, lat_0 = (middle[c].to_numpy() for c in ("lon", "lat"))
    numbers = {
        "lon": lon_0 + fix.east / (METRES_PER_DEGREE * np.cos(np.radians(lat_0))),
        "lat": lat_0 + fix.north / METRES_PER_DEGREE,
        "sigma_m": np.sqrt(values.mean(axis=1)),
        "ellipse_major_m": major,
        "ellipse_minor_m": minor,
        "ellipse_azimuth_deg": azimuth,
    }
    return pl.DataFrame({"group": names, **numbers}).with_columns(pl.col(numbers).round(9))
