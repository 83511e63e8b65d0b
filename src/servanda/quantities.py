"""Quantities as people write them: ``15 km`` in metres, ``14 days`` or ``P1D`` as a stretch of time."""

import math
import re
from dataclasses import dataclass
from datetime import timedelta

METRES = {
    "m": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "km": 1000.0,
    "kilometre": 1000.0,
    "kilometres": 1000.0,
    "kilometer": 1000.0,
    "kilometers": 1000.0,
    "nm": 1852.0,
    "nmi": 1852.0,
    "nautical mile": 1852.0,
    "nautical miles": 1852.0,
    "mi": 1609.344,
    "mile": 1609.344,
    "miles": 1609.344,
}
"""Metres per unit: SI; nautical mile (International Hydrographic Conference 1929); mile (1959 agreement)."""

_DAYS = {"day": 1, "days": 1, "d": 1, "week": 7, "weeks": 7, "w": 7}
_SECONDS = {
    "hour": 3600,
    "hours": 3600,
    "h": 3600,
    "minute": 60,
    "minutes": 60,
    "min": 60,
    "second": 1,
    "seconds": 1,
    "s": 1,
}
_VAGUE = frozenset({"month", "months", "year", "years", "y"})
_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_DISTANCE = re.compile(rf"{_NUMBER}\s*([A-Za-z]+(?: [A-Za-z]+)?)")
_PART = re.compile(rf"{_NUMBER}\s*([A-Za-z]+)")
_PARTS = re.compile(rf"{_NUMBER}\s*[A-Za-z]+(?:\s*(?:,|and)?\s*{_NUMBER}\s*[A-Za-z]+)*")
_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class QuantityError(ValueError):
    """A quantity that cannot be read: ``what`` is wrong, and how to ``mend`` it."""

    def __init__(self, what: str, mend: str) -> None:
        self.what, self.mend = what, mend
        super().__init__(f"{what} {mend}")


@dataclass(frozen=True)
class Span:
    """A stretch of time. ``days`` are calendar days: the clock time stays the same over a change of the clocks."""

    days: int
    rest: timedelta

    @property
    def elapsed(self) -> timedelta:
        """Every day counted as 24 hours."""
        return timedelta(days=self.days) + self.rest


def metres(text: str) -> float:
    """Read a distance above zero, such as ``15 km``, ``500 m``, ``12 nm`` or ``3 nautical miles``.

    Raises QuantityError.
    """
    match = _DISTANCE.fullmatch(text.strip())
    if match is None or match[2].lower() not in METRES:
        raise QuantityError(f"'{text}' is not a distance.", "Write a number and m, km, nm or mi, such as '15 km'.")
    value = float(match[1]) * METRES[match[2].lower()]
    if value <= 0 or not math.isfinite(value):
        raise QuantityError(f"the distance '{text}' is not above zero.", "Write a distance above zero, such as '2 km'.")
    return value


def span(text: str) -> Span:
    """Read a stretch of time above zero: ``24 hours``, ``14 days``, ``1 day 12 hours``, ``P1D``, ``PT36H``.

    Months and years are refused because they have no fixed length. Raises QuantityError.
    """
    days, seconds = _iso_parts(text.strip()) if text.strip().startswith("P") else _word_parts(text.strip())
    if seconds + days * 86400 <= 0:
        raise QuantityError(f"the time '{text}' is not above zero.", "Write a stretch above zero, such as '1 day'.")
    try:
        whole = int(days)
        out = Span(whole, timedelta(seconds=seconds + (days - whole) * 86400))
        _ = out.elapsed
    except OverflowError:
        raise QuantityError(f"the time '{text}' is too long.", "Write a shorter stretch, or leave it out.") from None
    return out


def duration(text: str) -> timedelta:
    """Like ``span``, with every day counted as 24 hours. Raises QuantityError."""
    return span(text).elapsed


def _iso_parts(text: str) -> tuple[float, float]:
    """Days and seconds of an ISO 8601 duration."""
    match = _ISO.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise _not_a_time(text)
    years, months, weeks, days, hours, minutes, seconds = (int(g or 0) for g in match.groups())
    if years or months:
        raise _no_fixed_length(text)
    return 7 * weeks + days, 3600 * hours + 60 * minutes + seconds


def _word_parts(text: str) -> tuple[float, float]:
    """Days and seconds of ``1 day 12 hours``."""
    if _PARTS.fullmatch(text) is None:
        raise _not_a_time(text)
    days = seconds = 0.0
    for number, unit in _PART.findall(text):
        name = unit.lower()
        if name in _VAGUE:
            raise _no_fixed_length(text)
        if name not in _DAYS and name not in _SECONDS:
            raise _not_a_time(text)
        days += float(number) * _DAYS.get(name, 0)
        seconds += float(number) * _SECONDS.get(name, 0)
    return days, seconds


def _not_a_time(text: str) -> QuantityError:
    mend = "Write a number and minutes, hours, days or weeks, such as '24 hours', or ISO 8601, such as 'P1D'."
    return QuantityError(f"'{text}' is not a stretch of time.", mend)


def _no_fixed_length(text: str) -> QuantityError:
    return QuantityError(
        f"'{text}' has no fixed length: months and years differ.", "Write it in days, such as '30 days'."
    )
