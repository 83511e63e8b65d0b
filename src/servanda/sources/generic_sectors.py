"""Rows of a generic table that place something from a post: a bearing, and how far it was."""

import polars as pl

from servanda import sectors
from servanda.sources.generic_settings import POST_COLUMNS, TableSettings
from servanda.sources.places import coordinate_checks, number
from servanda.sources.reading import Check

FARTHEST_M = 100_000.0
"""No post hears or sees farther: more is a slip."""
SIGMA = "__sector_sigma"
_N = {name: f"__{name}" for name in POST_COLUMNS}


def with_sectors(frame: pl.DataFrame, settings: TableSettings) -> tuple[pl.DataFrame, list[Check]]:
    """Fill x, y and area of rows that have no place but a bearing, and give ``__sector_sigma`` (m; null elsewhere).

    See ``servanda.sectors`` for the error model. ``frame`` has x, y and area already.
    """
    if "bearing_deg" not in frame.columns:
        return frame.with_columns(pl.lit(None, pl.Float64).alias(SIGMA)), []
    frame = frame.with_columns(
        (number(n) if n in frame.columns else pl.lit(None, pl.Float64)).alias(a) for n, a in _N.items()
    )
    unplaced = pl.col("x").is_null() & pl.col("y").is_null() & pl.col("area").is_null()
    asked = frame.select((pl.col("bearing_deg").is_not_null() & unplaced).alias("asked")).to_series()
    frame = _defaults(frame, settings)
    checks: list[Check] = [(pl.lit(asked) & when.fill_null(True), why) for when, why in _checks(frame)]
    wrong = frame.select(pl.any_horizontal(when for when, _ in checks).alias("wrong")).to_series()
    return _made(frame, asked & ~wrong), checks


def _defaults(frame: pl.DataFrame, settings: TableSettings) -> pl.DataFrame:
    """A bearing without an error or a band has those that the mission states."""
    stated = {
        "bearing_error_deg": settings.bearing_error_deg,
        "range_low_m": 0.0,
        "range_high_m": settings.range_high_m,
    }
    return frame.with_columns(
        pl.when(pl.col(name).is_null() if name in frame.columns else pl.lit(True))
        .then(pl.lit(value, pl.Float64))
        .otherwise(_N[name])
        .alias(_N[name])
        for name, value in stated.items()
    )


def _checks(frame: pl.DataFrame) -> list[Check]:
    bearing, error = pl.col(_N["bearing_deg"]), pl.col(_N["bearing_error_deg"])
    low, high = pl.col(_N["range_low_m"]), pl.col(_N["range_high_m"])
    post = coordinate_checks(_N["post_lon"], _N["post_lat"])
    most = sectors.MOST_HALF_DEG
    return [
        *((when, pl.format("Its post: {}", why if isinstance(why, pl.Expr) else pl.lit(why))) for when, why in post),
        (~bearing.is_between(-360, 360), "bearing_deg is no number of degrees."),
        (~((error > 0) & (error <= most)), f"bearing_error_deg is not a number above 0 and up to {most:g}."),
        (
            high.is_null(),
            "It has a bearing, and neither it nor the setting range_high_m says how far it may have been.",
        ),
        (
            ~((low >= 0) & (high > low) & (high <= FARTHEST_M)),
            f"range_low_m and range_high_m are not two distances up to {FARTHEST_M:,.0f} metres, the least first.",
        ),
    ]


def _made(frame: pl.DataFrame, usable: pl.Series) -> pl.DataFrame:
    at = usable.arg_true()
    order = ("post_lon", "post_lat", "bearing_deg", "bearing_error_deg", "range_low_m", "range_high_m")
    made = sectors.placed(sectors.Sectors(*(frame[_N[n]].gather(at).to_numpy() for n in order)))
    empty = pl.repeat(None, frame.height, dtype=pl.Float64, eager=True)
    area = frame["area"].to_list()
    for index, wkb in zip(at.to_list(), made["geometry"].to_list(), strict=True):
        area[index] = wkb
    return frame.with_columns(
        frame["x"].scatter(at, made["lon"]),
        frame["y"].scatter(at, made["lat"]),
        pl.Series("area", area, pl.Binary),
        empty.scatter(at, made["sigma_m"]).alias(SIGMA),
    )
