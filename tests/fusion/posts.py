"""Simulated posts: what they would write down of bursts whose place is known."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda import sectors
from servanda.fusion import Priors
from servanda.geo import WGS84
from servanda.sectors import LEVEL, Sectors

BANDS_M = np.array([0.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0])
"""Edges of the range bands of a patrol log; what seems farther than the last is not written down."""
CENTRE = (37.5, 48.1)
RANGE_ERROR = Priors.model_validate({}).range_error


@dataclass(frozen=True)
class Bursts:
    """``lon``, ``lat`` (n,) of the truth, and ``rows`` as ``located`` takes them."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    rows: pl.DataFrame


REACH_M = 14_000.0
"""Bursts are heard so far: much farther than what is written down, so that no edge shapes what is."""


def near(
    rng: np.random.Generator, lon: NDArray[np.float64], lat: NDArray[np.float64], reach_m: float
) -> tuple[NDArray[np.float64], ...]:
    """A place for each, spread evenly over the disc about it."""
    far = reach_m * np.sqrt(rng.random(lon.shape))
    x, y, _ = WGS84.fwd(lon, lat, rng.uniform(0, 360, lon.shape), far)
    return np.asarray(x), np.asarray(y)


def bursts(n: int, posts: int, error_deg: float, seed: int, *, line: bool = False, point_m: float = 0.0) -> Bursts:
    """``n`` bursts, each heard from ``posts`` posts with a bearing error of ``error_deg`` (one standard deviation).

    ``line``: all posts stand close together on one side, which is poor geometry. ``point_m``: one more report, a
    point with that error.
    """
    rng = np.random.default_rng(seed)
    lon, lat = near(rng, np.full(n, CENTRE[0]), np.full(n, CENTRE[1]), 20_000.0)
    truth = [np.repeat(v[:, None], posts, 1) for v in (lon, lat)]
    post_lon, post_lat, azimuth, guess = (np.full((n, posts), np.inf) for _ in range(4))
    while (far := (guess >= BANDS_M[-1]).any(axis=1)).any():
        m = int(far.sum())
        at = [v[far] for v in truth]
        if line:
            at = [np.repeat(v[:, None], posts, 1) for v in near(rng, at[0][:, 0], at[1][:, 0], REACH_M)]
        post_lon[far], post_lat[far] = near(rng, at[0], at[1], 400.0 if line else REACH_M)
        azimuth[far], _, reach = WGS84.inv(post_lon[far], post_lat[far], truth[0][far], truth[1][far])
        guess[far] = np.asarray(reach) * np.exp(rng.normal(0.0, RANGE_ERROR, (m, posts)))
    heard = azimuth + rng.normal(0.0, error_deg, (n, posts))
    band = np.searchsorted(BANDS_M, guess) - 1
    half = np.full(n * posts, error_deg * LEVEL)
    s = Sectors(
        post_lon.ravel(), post_lat.ravel(), heard.ravel(), half, BANDS_M[band].ravel(), BANDS_M[band + 1].ravel()
    )
    made = sectors.placed(s).select("lon", "lat", "geometry", (pl.col("sigma_m") / 1000.0).alias("s_km"))
    group = np.repeat(np.arange(n), posts)
    rows = made.with_columns(group=pl.Series(group), witness_group=pl.lit("patrol"))
    if point_m:
        x, y, _ = WGS84.fwd(lon, lat, np.full(n, 90.0), rng.normal(0, point_m, n))
        x, y, _ = WGS84.fwd(x, y, np.zeros(n), rng.normal(0, point_m, n))
        point = pl.DataFrame({"lon": np.asarray(x), "lat": np.asarray(y), "group": np.arange(n)}).with_columns(
            geometry=pl.lit(None, pl.Binary), s_km=pl.lit(point_m / 1000.0), witness_group=pl.lit("press")
        )
        rows = pl.concat([rows, point.select(rows.columns)]).sort("group", maintain_order=True)
    return Bursts(
        lon, lat, rows.with_row_index("id").with_columns(observation_id=pl.col("id").cast(pl.String)).drop("id")
    )


def held(b: Bursts, found: pl.DataFrame) -> NDArray[np.bool_]:
    """Does each ellipse hold the truth?"""
    azimuth, _, away = WGS84.inv(found["lon"].to_numpy(), found["lat"].to_numpy(), b.lon, b.lat)
    turn = np.radians(np.asarray(azimuth) - found["ellipse_azimuth_deg"].to_numpy())
    along, across = np.asarray(away) * np.cos(turn), np.asarray(away) * np.sin(turn)
    q = (along / found["ellipse_major_m"].to_numpy()) ** 2 + (across / found["ellipse_minor_m"].to_numpy()) ** 2
    return np.asarray(q <= 1.0)
