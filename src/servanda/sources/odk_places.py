"""Places in a report: the point that a phone gives, with its accuracy."""

import polars as pl

from servanda.sources.odk_settings import OdkSettings
from servanda.sources.places import coordinate_checks
from servanda.sources.reading import Check

RADIUS_68 = 1.5096
"""Radius that holds 68 % of a plane normal law, in standard deviations: sqrt(-2 ln 0.32). Accuracy of a phone."""
_WKT = r"(?i)^POINT\s*Z?\s*\(\s*(\S+)\s+(\S+?)[\s)]"


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
