"""Places in a report: a phone's point, and a bearing and range from where the observer stood."""

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from servanda.sources.odk_settings import OdkSettings
from servanda.sources.places import coordinate_checks
from servanda.sources.reading import Check

_WGS84 = Geod(ellps="WGS84")
_ARC = 17
"""Corners on each arc of a sector."""
RADIUS_68 = 1.5096
"""Radius that holds 68 % of a plane normal law, in standard deviations: sqrt(-2 ln 0.32). Accuracy of a phone."""
_WKT = r"(?i)^POINT\s*Z?\s*\(\s*(\S+)\s+(\S+?)[\s)]"

Floats = NDArray[np.float64]


def with_point(
    frame: pl.DataFrame, name: str, plain_sigma_m: float, settings: OdkSettings
) -> tuple[pl.DataFrame, list[Check]]:
    """Columns ``<name>_lon``, ``_lat`` (degrees, null where not given) and ``_sigma_m``; checks on what was given."""
    text = pl.col(name).str.strip_chars()
    parts = text.str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
    wkt = text.str.contains(_WKT).fill_null(False)
    lat = pl.when(wkt).then(text.str.extract(_WKT, 2)).otherwise(parts.list.get(0, null_on_oob=True))
    lon = pl.when(wkt).then(text.str.extract(_WKT, 1)).otherwise(parts.list.get(1, null_on_oob=True))
    accuracy = _finite(pl.when(~wkt).then(parts.list.get(3, null_on_oob=True)))
    sigma = pl.when(accuracy > 0).then(pl.max_horizontal(accuracy / RADIUS_68, pl.lit(settings.least_sigma_m)))
    frame = frame.with_columns(
        _finite(lon).alias(f"{name}_lon"),
        _finite(lat).alias(f"{name}_lat"),
        pl.coalesce(sigma, pl.lit(plain_sigma_m)).alias(f"{name}_sigma_m"),
    )
    given = pl.col(name).is_not_null()
    checks: list[Check] = [
        (given & when, pl.format(f"{name}: {{}}", why if isinstance(why, pl.Expr) else pl.lit(why)))
        for when, why in coordinate_checks(f"{name}_lon", f"{name}_lat")
    ]
    return frame, checks


def _finite(text: pl.Expr) -> pl.Expr:
    value = text.cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def sectors(lon: Floats, lat: Floats, bearing: Floats, low_m: Floats, high_m: Floats, half_deg: float) -> pl.DataFrame:
    """Where something is that is heard or seen from a post: ``geometry`` (WKB), ``lon``, ``lat``, ``sigma_m``.

    Arrays (n,): the post in degrees, the bearing in degrees clockwise from true north, the least and the most
    distance in metres. The area is the part of a ring within ``half_deg`` of the bearing. The best point lies in its
    middle; its error is that of an even law over range and angle: (high - low) / sqrt(12) along, r a / sqrt(3) across.
    """
    turn = np.linspace(-half_deg, half_deg, _ARC)
    n = len(lon)
    rings = []
    for reach, way in ((high_m, turn), (low_m, turn[::-1])):
        x, y, _ = _WGS84.fwd(
            np.repeat(lon, _ARC), np.repeat(lat, _ARC), (bearing[:, None] + way).ravel(), np.repeat(reach, _ARC)
        )
        rings.append(np.stack([x, y], axis=-1).reshape(n, _ARC, 2))
    areas = shapely.make_valid(shapely.polygons(np.concatenate(rings, axis=1)))
    middle = (low_m + high_m) / 2
    x, y, _ = _WGS84.fwd(lon, lat, bearing, middle)
    along, across = (high_m - low_m) ** 2 / 12, (middle * np.radians(half_deg)) ** 2 / 3
    return pl.DataFrame(
        {
            "geometry": pl.Series(list(shapely.to_wkb(areas)), dtype=pl.Binary),
            "lon": pl.Series(np.asarray(x, dtype=np.float64)),
            "lat": pl.Series(np.asarray(y, dtype=np.float64)),
            "sigma_m": pl.Series(np.sqrt((along + across) / 2)),
        }
    )
