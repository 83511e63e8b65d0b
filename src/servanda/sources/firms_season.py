"""Which fires ordinary burning does not explain: The Economist's war-fire rule (2023), against a baseline.

A cell-day with less than 5 % chance of a fire in a normal season is a candidate. A cell with candidates at
least 7 days apart is notable on those days; so is any fire less than 10 days after one of them.
"""

import numpy as np
import polars as pl

from servanda.sources.base import Context
from servanda.sources.content import reflagged
from servanda.sources.firms_settings import (
    KIND,
    NO_BASELINE,
    PERMANENT,
    SEASONAL,
    UNUSUAL,
    FirmsSettings,
    settings_of,
)
from servanda.sources.reading import read_csv, refuse

BASELINE = ("LATITUDE", "LONGITUDE", "ACQ_DATE")
_YEAR_DAYS = 366
_CELL = ["cx", "cy"]


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Set the flags seasonal, permanent_source, unusual and no_baseline, and the kind of unusual anomalies."""
    if observations.is_empty():
        return observations
    settings = settings_of(context)
    base = baseline(context, settings)
    fires = _celled(
        observations.select("observation_id", "lon", "lat", pl.col("t_start").dt.date().alias("day")), settings
    )
    fires = fires.hstack(_usual(fires, base, settings)).with_columns(_permanent(fires, base, settings))
    fires = fires.with_columns(_unusual(fires, settings))
    conditions = {
        NO_BASELINE: fires["usual"].is_null(),
        SEASONAL: (fires["usual"] >= settings.usual_probability).fill_null(False),
        PERMANENT: fires["permanent"],
        UNUSUAL: fires["unusual"],
    }
    flagged = {name: pl.lit(value) for name, value in conditions.items()}
    kind = pl.when(pl.lit(fires["unusual"])).then(pl.lit(settings.unusual_kind or KIND)).otherwise(pl.lit(KIND))
    return observations.with_columns(reflagged(pl.col("flags"), flagged).alias("flags"), kind.alias("kind"))


def baseline(context: Context, settings: FirmsSettings) -> pl.DataFrame:
    """Fires of normal years: lon, lat, day and their cells; empty without a baseline file. Raises SourceRefused."""
    if "baseline" not in context.aux:
        return _celled(pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "day": pl.Date}), settings)
    payload = context.aux["baseline"]
    rows = read_csv(payload, context).frame
    names = {c.upper(): c for c in rows.columns}
    missing = [c for c in BASELINE if c not in names]
    if missing:
        raise refuse(payload, context, f"it lacks the column {', '.join(missing)}.", f"It needs {', '.join(BASELINE)}.")
    lat, lon, day = (pl.col(names[c]) for c in BASELINE)
    frame = rows.select(
        lon.cast(pl.Float64, strict=False).alias("lon"),
        lat.cast(pl.Float64, strict=False).alias("lat"),
        day.str.to_date("%Y-%m-%d", strict=False).alias("day"),
    )
    return _celled(frame.drop_nulls(), settings)


def _celled(fires: pl.DataFrame, settings: FirmsSettings) -> pl.DataFrame:
    """Add the cell (cx, cy), the fine cell (px, py) and the day of the year (1 to 366)."""
    sizes = {"c": settings.cell_deg, "p": settings.permanent_cell_deg}
    cells = [
        (pl.col(axis) / size).floor().cast(pl.Int32).alias(prefix + letter)
        for prefix, size in sizes.items()
        for axis, letter in (("lon", "x"), ("lat", "y"))
    ]
    return fires.with_columns(*cells, pl.col("day").dt.ordinal_day().cast(pl.Int32).alias("doy"))


def _usual(fires: pl.DataFrame, base: pl.DataFrame, settings: FirmsSettings) -> pl.DataFrame:
    """Column ``usual``: chance of a fire in this cell on a day like this in a normal season; null where not known."""
    width = settings.season_half_width_days
    held = pl.DataFrame(
        {"doy": pl.Series(range(1, _YEAR_DAYS + 1), dtype=pl.Int32), "held": _days_held(base, settings)}
    )
    wanted = fires.select(*_CELL, "doy").unique()
    burnt = base.select(*_CELL, "day", pl.col("doy").alias("then")).unique()
    apart = (pl.col("doy") - pl.col("then")).abs()
    near = pl.min_horizontal(apart, _YEAR_DAYS - apart) <= width
    counts = wanted.join(burnt, on=_CELL).filter(near).group_by(*_CELL, "doy").agg(pl.len().alias("days"))
    out = fires.select(*_CELL, "doy").join(counts, on=[*_CELL, "doy"], how="left", maintain_order="left")
    out = out.join(held, on="doy", how="left", maintain_order="left")
    return out.select(pl.when(pl.col("held") > 0).then(pl.col("days").fill_null(0) / pl.col("held")).alias("usual"))


def _days_held(base: pl.DataFrame, settings: FirmsSettings) -> pl.Series:
    """For each day of the year: how many baseline days lie near it; 0 where the baseline holds too few to speak."""
    width = 2 * settings.season_half_width_days + 1
    spans = base.group_by(pl.col("day").dt.year()).agg(pl.col("doy").min().alias("a"), pl.col("doy").max().alias("b"))
    days = np.zeros(_YEAR_DAYS, dtype=np.int64)
    for first, last in spans.select("a", "b").rows():
        days[first - 1 : last] += 1
    ring = np.concatenate([days[-settings.season_half_width_days :], days, days[: settings.season_half_width_days]])
    near = np.convolve(ring, np.ones(width, dtype=np.int64), mode="valid")
    enough = near >= settings.least_baseline_share * width * max(spans.height, 1)
    return pl.Series("held", np.where(enough, near, 0))


def _permanent(fires: pl.DataFrame, base: pl.DataFrame, settings: FirmsSettings) -> pl.Series:
    """Whether each fire lies in a fine cell that was hot in most baseline years, on many days."""
    fine = ["px", "py"]
    years = base["day"].dt.year().n_unique()
    hot = base.group_by(fine).agg(
        pl.col("day").dt.year().n_unique().alias("years"),
        pl.col("day").n_unique().alias("days"),
        pl.col("day").dt.month().n_unique().alias("months"),
    )
    least_years = settings.permanent_years_share * years
    hot = hot.filter(
        (pl.col("years") >= least_years)
        & (pl.col("days") >= settings.permanent_days)
        & (pl.col("months") >= settings.permanent_months)
    )
    joined = fires.select(fine).join(hot.with_columns(permanent=True), on=fine, how="left", maintain_order="left")
    return joined["permanent"].fill_null(False)


def _unusual(fires: pl.DataFrame, settings: FirmsSettings) -> pl.Series:
    """Whether each fire satisfies the rule; permanent sources never do."""
    moving = fires.filter(~pl.col("permanent"))
    candidates = moving.filter(pl.col("usual") < settings.usual_probability).select(*_CELL, "day").unique()
    apart = pl.duration(days=settings.least_apart_days)
    day = pl.col("day")
    far = (day - day.min().over(_CELL) >= apart) | (day.max().over(_CELL) - day >= apart)
    notable = candidates.filter(far).sort("day").with_columns(day.alias("since"))
    days = moving.select(*_CELL, "day").unique().sort("day")
    followed = days.join_asof(notable, on="day", by=_CELL, strategy="backward", check_sortedness=False)
    chosen = followed.filter(day - pl.col("since") < pl.duration(days=settings.follow_days)).select(*_CELL, "day")
    keys = fires.select(*_CELL, "day").join(
        chosen.with_columns(hit=True), on=[*_CELL, "day"], how="left", maintain_order="left"
    )
    return (keys["hit"].fill_null(False) & ~fires["permanent"]).alias("unusual")
