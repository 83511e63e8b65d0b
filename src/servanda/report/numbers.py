"""How numbers and times are written: rounded as far as they are known, local time with its zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from servanda.findings import Interval, Period

NONE = "—"
DASH = "–"
NBSP = "\u00a0"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def percent(p: float | None) -> str:
    """A chance in whole per cent; never a flat 0 or 100, which no estimate supports."""
    if p is None:
        return NONE
    if p < 0.01:
        return f"<{NBSP}1{NBSP}%"
    return f">{NBSP}99{NBSP}%" if p > 0.99 else f"{p * 100:.0f}{NBSP}%"


def power(p: float) -> str:
    """As ``percent``, but nobody looking at all is a fact and not an estimate."""
    return "none" if p == 0 else percent(p)


def number(value: float | None) -> str:
    """One decimal below ten, whole with thousands separators above."""
    if value is None:
        return NONE
    if 0 < value < 0.05:
        return f"<{NBSP}0.1"
    return f"{value:.1f}".removesuffix(".0") if abs(value) < 10 else f"{value:,.0f}"


def interval(estimate: Interval) -> str:
    """Mean and 95 % interval: ``3.2 (1–6)``."""
    if estimate.mean is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return number(estimate.mean)
    return f"{number(estimate.mean)} ({number(estimate.low)}{DASH}{number(estimate.high)})"


def ratio(estimate: Interval) -> str:
    """A rate ratio with two decimals below ten: ``0.62 (0.41–0.93)``."""
    if estimate.mean is None:
        return NONE

    def one(x: float | None) -> str:
        if x is None:
            return "∞"
        if 0 < x < 0.005:
            return f"<{NBSP}0.01"
        return f"{x:.2f}" if x < 10 else f"{x:,.0f}"

    if estimate.low is None and estimate.high is None:
        return one(estimate.mean)
    return f"{one(estimate.mean)} ({one(estimate.low or 0.0)}{DASH}{one(estimate.high)})"


def ratio_words(estimate: Interval) -> str:
    """What a rate ratio says in words; an interval that reaches across 1 shows no change."""
    if estimate.mean is None:
        return "No ratio can be given."
    if estimate.mean == 1:
        return "As in the baseline."
    side = "Lower" if estimate.mean < 1 else "Higher"
    if estimate.low is None and estimate.high is None:
        return f"{side} than in the baseline; how sure that is cannot be said."
    low, high = estimate.low or 0.0, float("inf") if estimate.high is None else estimate.high
    if low <= 1 <= high:
        return f"{side} than in the baseline, but the interval does not exclude no change."
    return f"{side} than in the baseline; the interval excludes no change."


def hours(value: float | None) -> str:
    return NONE if value is None else f"{number(value)}{NBSP}h"


def distance(metres: float | None) -> str:
    """A standard deviation of a place, in metres or kilometres."""
    if metres is None:
        return NONE
    return f"{metres:.0f}{NBSP}m" if metres < 1000 else f"{number(metres / 1000)}{NBSP}km"


def plural(n: int, one: str, many: str = "") -> str:
    return f"{n:,}{NBSP}{one if n == 1 else many or one + 's'}"


def anchor(prefix: str, identity: str) -> str:
    """A fragment id that is safe in HTML and in a link, whatever the identity holds."""
    return f"{prefix}-" + re.sub(r"[^A-Za-z0-9_-]", lambda m: f".{ord(m[0]):x}", identity)


def short(identity: str) -> str:
    return identity if len(identity) <= 12 else identity[:10] + "…"


@dataclass(frozen=True)
class Clock:
    """Writes UTC times as local ones. Month names are ours, so that no locale changes a report."""

    time_zone: str

    def local(self, t: datetime) -> datetime:
        return t.astimezone(ZoneInfo(self.time_zone))

    def date(self, t: datetime) -> str:
        at = self.local(t)
        return f"{at.day}{NBSP}{MONTHS[at.month - 1]} {at.year}"

    def day(self, t: datetime) -> str:
        at = self.local(t)
        return f"{at.day}{NBSP}{MONTHS[at.month - 1][:3]}"

    def days(self, t_from: datetime, t_to: datetime) -> str:
        """The days of a half-open stretch; one that ends at midnight does not reach into the next day."""
        first, last = self.day(t_from), self.day(t_to - timedelta(microseconds=1) if t_to > t_from else t_to)
        return first if first == last else f"{first}{DASH}{last}"

    def time(self, t: datetime) -> str:
        at = self.local(t)
        return f"{at.hour:02}:{at.minute:02}"

    def moment(self, t: datetime) -> str:
        return f"{self.date(t)}, {self.time(t)}"

    def offset(self, t: datetime) -> str:
        delta = self.local(t).utcoffset() or timedelta()
        minutes = int(delta.total_seconds() // 60)
        sign, minutes = ("−" if minutes < 0 else "+"), abs(minutes)
        return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")

    def span(self, t_from: datetime, t_to: datetime) -> str:
        """A half-open stretch; one that ends at midnight ends at 24:00 of its last day."""
        last, end = t_to, self.time(t_to)
        if end == "00:00" and t_to > t_from:
            last, end = t_to - timedelta(microseconds=1), "24:00"
        if self.date(t_from) == self.date(last):
            return f"{self.date(t_from)}, {self.time(t_from)}{DASH}{end}"
        return f"{self.date(t_from)}, {self.time(t_from)} {DASH} {self.date(last)}, {end}"

    def period(self, period: Period) -> str:
        return self.span(period.t_from, period.t_to)

    def instant(self, t_from: datetime, t_to: datetime) -> str:
        """When an incident happened: a moment, or the stretch in which it did."""
        return self.moment(t_from) if t_to - t_from < timedelta(minutes=1) else self.span(t_from, t_to)


UTC_CLOCK = Clock("UTC")


def utc(t: datetime) -> datetime:
    return t.astimezone(UTC)
