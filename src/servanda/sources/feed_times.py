"""Times as feeds write them: RFC 822 with its zone names, ISO 8601, Unix seconds; all to text that ISO readers take."""

import re
from datetime import UTC, datetime

import polars as pl

from servanda.sources.reading import per_value

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
ZONES = {
    "ut": "+00:00",
    "utc": "+00:00",
    "gmt": "+00:00",
    "z": "+00:00",
    "est": "-05:00",
    "edt": "-04:00",
    "cst": "-06:00",
    "cdt": "-05:00",
    "mst": "-07:00",
    "mdt": "-06:00",
    "pst": "-08:00",
    "pdt": "-07:00",
}
"""Zone names of RFC 822, section 5.1. Any other name means different hours in different countries: it is not read."""
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?[\s-]+(\d{4}|\d{2}),?\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([A-Za-z]{1,5}|[+-]\d{2}:?\d{2})?"
)
_ASCTIME = re.compile(r"[A-Za-z]{3}\s+([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+(\d{4})")
_UNIX = re.compile(r"\d{10}(\d{3})?")
_LAST_OF_CENTURY = 68
"""Two digits up to this are of this century, as in POSIX."""


def iso(column: pl.Series) -> pl.Series:
    """Every time as ISO 8601 where its spelling is known; as it came where not."""
    return per_value(column, _iso)


def _iso(text: str) -> str:
    said = text.strip()
    if _UNIX.fullmatch(said):
        seconds = int(said) / (1000 if len(said) == 13 else 1)
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    match = _RFC822.fullmatch(said)
    if match is not None:
        day, month, year, hour, minute, second, zone = match.groups()
        return _written(year, month, day, hour, minute, second, zone) or text
    match = _ASCTIME.fullmatch(said)
    if match is not None:
        month, day, hour, minute, second, year = match.groups()
        return _written(year, month, day, hour, minute, second, None) or text
    return text


def _written(
    year: str, month: str, day: str, hour: str, minute: str, second: str | None, zone: str | None
) -> str | None:
    number = _MONTHS.get(month.casefold())
    offset = "" if zone is None else zone if zone[0] in "+-" else ZONES.get(zone.casefold())
    if number is None or offset is None:
        return None
    full = int(year) + (0 if len(year) == 4 else 2000 if int(year) <= _LAST_OF_CENTURY else 1900)
    return f"{full:04d}-{number:02d}-{int(day):02d}T{int(hour):02d}:{minute}:{second or '00'}{offset}"
