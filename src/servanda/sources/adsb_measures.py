"""What a record of an aircraft says, in one unit each, whatever the layout: when, where, how well known, in the air."""

import polars as pl

from servanda.sources.adsb_layouts import FEET, KNOTS, Layout
from servanda.sources.adsb_settings import NAC_P_M, NIC_M, NUC_P_M, R95_TO_SIGMA, AdsbSettings
from servanda.sources.places import coordinate_checks, number
from servanda.sources.reading import Check
from servanda.sources.times import parse_times

SINCE, UNTIL = 946_684_800, 4_102_444_800
"""2000 and 2100, seconds since 1970: a time outside is a unit mistaken, or a default."""
MILLISECONDS_FROM = 1e11
"""A number above this counts milliseconds: as seconds it would be past the year 5000."""
RECEIVED = ("adsb", "adsr")
"""Kinds of message (as readsb names them) whose place is the aircraft's own."""


def measured(frame: pl.DataFrame, layout: Layout, settings: AdsbSettings) -> pl.DataFrame:
    """Working columns: aircraft, t_s (of the place), age_s, lon, lat, on_ground, accuracy_m, is_degraded, told."""
    moment = _seconds(frame, layout.moment)
    known = _seconds(frame, layout.position) if layout.position in frame.columns else moment
    if layout.age in frame.columns:
        known = moment - frame.select(number(layout.age).fill_null(0.0)).to_series()
    x, y = (_numeric(frame, n) for n in (layout.lon, layout.lat))
    unreadable = pl.any_horizontal(
        _column(frame, n).is_not_null() & _numeric(frame, n).is_null() for n in (layout.lon, layout.lat)
    )
    altitude, speed = _numeric(frame, layout.altitude), _numeric(frame, layout.speed)
    out = frame.with_columns(
        _column(frame, layout.aircraft).str.strip_chars().str.to_lowercase().alias("aircraft"),
        known.alias("t_s"),
        (moment - known).fill_null(0.0).alias("age_s"),
        unreadable.alias("unreadable"),
        _on_ground(frame, layout, settings).alias("on_ground"),
        *_accuracy(frame, settings),
        _told(altitude * layout.altitude_m, speed * layout.speed_mps).alias("told"),
        x.alias("x"),
        y.alias("y"),
    )
    return out.drop("lon", "lat", strict=False).rename({"x": "lon", "y": "lat"})


def checks(layout: Layout) -> list[Check]:
    no_time = f"{layout.moment} cannot be read as a time since 2000: seconds or milliseconds since 1970, or ISO 8601."
    return [
        (~pl.col("aircraft").str.contains(r"^~?[0-9a-f]{6}$").fill_null(False), "It has no address of 24 bits."),
        (~pl.col("t_s").is_between(SINCE, UNTIL).fill_null(False), no_time),
        *coordinate_checks("lon", "lat"),
    ]


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _numeric(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """The first of these columns that the file has, as a number."""
    found = next((n for n in names if n in frame.columns), None)
    return number(found) if found else pl.lit(None, pl.Float64)


def _seconds(frame: pl.DataFrame, name: str) -> pl.Series:
    """Seconds since 1970 from seconds, milliseconds or ISO 8601 (UTC where it names no offset)."""
    counted = frame.select(_numeric(frame, name)).to_series()
    if name not in frame.columns:
        return counted
    written = frame.select(pl.when(counted.is_null()).then(pl.col(name))).to_series()
    iso = parse_times(written, "UTC")["t_start"].dt.epoch("us").cast(pl.Float64) / 1e6
    seconds = pl.select(pl.when(counted > MILLISECONDS_FROM).then(counted / 1000).otherwise(counted)).to_series()
    return pl.select(pl.coalesce(seconds, iso)).to_series()


def _on_ground(frame: pl.DataFrame, layout: Layout, settings: AdsbSettings) -> pl.Expr:
    """What the record says; else slow and low, in the units of the decoded layout."""
    said = _column(frame, layout.ground).str.to_lowercase()
    flag = pl.when(said.is_in(["true", "1", "ground"])).then(True).when(said.is_not_null()).then(False)
    message = _column(frame, "bds").replace_strict({"05": False, "06": True}, default=None, return_dtype=pl.Boolean)
    slow = _numeric(frame, layout.speed) * layout.speed_mps < settings.ground_kn * KNOTS
    low = _numeric(frame, layout.altitude) * layout.altitude_m < settings.ground_ft * FEET
    return pl.coalesce(flag, message, slow.fill_null(False) & low.fill_null(True))


def _accuracy(frame: pl.DataFrame, settings: AdsbSettings) -> list[pl.Expr]:
    """``is_stated``, ``is_degraded`` and ``accuracy_m`` (standard deviation on each axis)."""
    scales = (
        (_numeric(frame, "nac_p", "NACp"), NAC_P_M, settings.nac_p_least),
        (_numeric(frame, "nic", "NIC"), NIC_M, settings.nic_least),
        (_numeric(frame, "NUCp"), NUC_P_M, settings.nuc_p_least),
    )
    kind = _column(frame, "type")
    own = kind.is_null() | pl.any_horizontal(kind.str.starts_with(k) for k in RECEIVED)
    stated = own & pl.any_horizontal(v.is_not_null() for v, _, _ in scales)
    poor = pl.any_horizontal((v < least).fill_null(False) for v, _, least in scales)
    radius = pl.coalesce(
        v.cast(pl.Int64, strict=False).replace_strict(radii, default=None, return_dtype=pl.Float64) / R95_TO_SIGMA
        for v, radii, _ in scales
    )
    sigma = pl.when(stated).then(radius.fill_null(settings.worst_sigma_m)).otherwise(settings.unstated_sigma_m)
    return [stated.alias("is_stated"), (stated & poor).alias("is_degraded"), sigma.alias("accuracy_m")]


def _told(altitude_m: pl.Expr, speed_mps: pl.Expr) -> pl.Expr:
    """Height and speed in plain units, whatever the layout's."""
    parts = (
        pl.format("{} m", altitude_m.round().cast(pl.Int64, strict=False)),
        pl.format("{} m/s", speed_mps.round().cast(pl.Int64, strict=False)),
    )
    return pl.concat_str(parts, separator=", ", ignore_nulls=True)
