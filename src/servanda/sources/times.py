"""Times as providers write them, to UTC intervals.

A time with an offset is an instant. A time without one is local: in the hour that clocks show twice it is
the interval between the two readings; in the hour that clocks skip it does not exist. A date alone is the
whole local day.
"""

from collections.abc import Sequence

import polars as pl

_OFFSET = r"[+-]\d{2}:?\d{2}$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_DAY_FORMAT = "%Y-%m-%d"
_NAIVE_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
_OFFSET_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z")
YEARS = (1900, 2200)
"""A time before the first of these years, or in or after the second, is a slip of the pen and cannot be read."""
_CLOCKS = ("%H", "%I", "%k", "%l", "%T", "%R", "%r", "%X", "%c", "%s", "%+")
"""Directives of a format that gives a time of day."""
DAY_PRECISION = "day_precision"
AMBIGUOUS_HOUR = "ambiguous_hour"
TIME_FLAGS = {
    DAY_PRECISION: "Only the date is known: the interval is the whole local day.",
    AMBIGUOUS_HOUR: "The clock showed this time twice that night: the interval spans both.",
}
UNREADABLE = "It cannot be read as a time; write 2025-04-19T18:00+03:00, or 2025-04-19 for a whole day."
"""Reason for a row whose time is null after ``parse_times``. A local time that clocks skipped is one, too."""


def parse_times(text: pl.Series, time_zone: str, formats: Sequence[str] = ()) -> pl.DataFrame:
    """Columns ``t_start``, ``t_end`` (UTC, half-open, null where unreadable), ``is_day`` and ``is_twice``.

    ``formats`` (strftime, without offset) are tried before ISO 8601; one without a time of day gives the whole
    local day. ``time_zone`` is an IANA name.
    """
    iso = text.str.strip_chars().str.replace(" ", "T", literal=True).str.replace("[Zz]$", "+00:00")
    has_offset = iso.str.contains(_OFFSET).fill_null(False)
    is_day = iso.str.contains(_DAY).fill_null(False)
    has_offset = has_offset & ~is_day
    column = pl.col("iso")
    local = pl.when(~pl.col("has_offset") & ~pl.col("is_day")).then(column)
    clocked = [f for f in formats if any(clock in f for clock in _CLOCKS)]
    naive = [_time(pl.col("text"), f) for f in clocked] + [_time(local, f) for f in _NAIVE_FORMATS]
    days = [_time(pl.col("text").str.strip_chars(), f) for f in formats if f not in clocked]
    fixed = [_time(pl.when(pl.col("has_offset")).then(column), f) for f in _OFFSET_FORMATS] if has_offset.any() else []
    frame = pl.DataFrame({"text": text, "iso": iso, "has_offset": has_offset, "is_day": is_day}).select(
        pl.coalesce(naive).alias("naive"),
        pl.coalesce([*fixed, pl.lit(None, pl.Datetime("us", "UTC"))]).alias("fixed"),
        pl.coalesce(*days, _time(pl.when(pl.col("is_day")).then(column), _DAY_FORMAT)).alias("day"),
        (pl.col("is_day") | pl.coalesce(*days, pl.lit(None)).is_not_null()).fill_null(False).alias("is_day"),
    )
    return (
        frame.select(
            pl.coalesce("fixed", to_utc(pl.col("naive"), time_zone), midnight(pl.col("day"), time_zone)).alias(
                "t_start"
            ),
            pl.coalesce(
                "fixed",
                to_utc(pl.col("naive"), time_zone, latest=True),
                midnight(pl.col("day").dt.offset_by("1d"), time_zone),
            ).alias("t_end"),
            "is_day",
        )
        .with_columns(pl.when(_both_plausible()).then(c).alias(c) for c in ("t_start", "t_end"))
        .with_columns((~pl.col("is_day") & (pl.col("t_end") > pl.col("t_start"))).fill_null(False).alias("is_twice"))
    )


def _both_plausible() -> pl.Expr:
    return plausible(pl.col("t_start")).is_not_null() & plausible(pl.col("t_end")).is_not_null()


def _time(text: pl.Expr, form: str) -> pl.Expr:
    return text.str.to_datetime(form, time_unit="us", strict=False)


def to_utc(naive: pl.Expr, time_zone: str, latest: bool = False) -> pl.Expr:
    """Local time to UTC: the earlier (or later) reading of a time shown twice; null for one that clocks skip."""
    local = naive.dt.replace_time_zone(time_zone, ambiguous="latest" if latest else "earliest", non_existent="null")
    # The midnight or the month about a plausible time may lie a little outside.
    return plausible(local.dt.convert_time_zone("UTC"), margin=1)


def plausible(t: pl.Expr, margin: int = 0) -> pl.Expr:
    """A UTC time within ``YEARS``, widened by ``margin`` years on both sides; else null."""
    first, last = YEARS
    since, until = (
        pl.datetime(year, 1, 1, time_unit="us", time_zone="UTC") for year in (first - margin, last + margin)
    )
    return pl.when(t.is_between(since, until, closed="left")).then(t)


def midnight(day: pl.Expr, time_zone: str) -> pl.Expr:
    """Start of a local day (naive midnight) in UTC; an hour later where clocks skip midnight."""
    return pl.coalesce(to_utc(day, time_zone), to_utc(day.dt.offset_by("1h"), time_zone))


def local_day(t: pl.Expr, time_zone: str) -> pl.Expr:
    """The local day, as naive midnight, that a UTC time falls on."""
    return t.dt.convert_time_zone(time_zone).dt.replace_time_zone(None).dt.truncate("1d")
