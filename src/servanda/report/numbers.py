"""How numbers and times are written: rounded as far as they are known, as the language has it, in local time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from servanda.findings import Interval, Period
from servanda.report.language import Catalogue

NONE = "—"
DASH = "–"


@dataclass(frozen=True)
class Figures:
    """Writes numbers as a language does."""

    words: Catalogue

    def percent(self, p: float | None) -> str:
        """A chance in whole per cent; never a flat 0 or 100, which no estimate supports."""
        if p is None:
            return NONE
        if p < 0.01:
            return self.words.say("language.below", n=self._per_cent("1"))
        return (
            self.words.say("language.above", n=self._per_cent("99")) if p > 0.99 else self._per_cent(f"{p * 100:.0f}")
        )

    def chance(self, p: float | None) -> str:
        """As ``percent``; of a chance that nobody can say, that it is not known."""
        return self.words.say("common.not_known") if p is None else self.percent(p)

    def share(self, p: float) -> str:
        """A true share, which may be 0 or 100 per cent."""
        return self._per_cent(f"{p * 100:.0f}")

    def _per_cent(self, digits: str) -> str:
        return self.words.say("language.percent", n=digits)

    def power(self, p: float) -> str:
        """As ``percent``, but nobody looking at all is a fact and not an estimate."""
        return self.words.say("common.none") if p == 0 else self.percent(p)

    def point(self, digits: str) -> str:
        """Digits as Python writes them, with the decimal and thousands signs of the language."""
        signs = {".": self.words.say("language.decimal"), ",": self.words.say("language.thousands")}
        return "".join(signs.get(c, c) for c in digits)

    def number(self, value: float | None) -> str:
        """One decimal below ten, whole with thousands separators above."""
        if value is None:
            return NONE
        if 0 < value < 0.05:
            return self.words.say("language.below", n=self.point("0.1"))
        return self.point(f"{value:.1f}".removesuffix(".0") if abs(value) < 10 else f"{value:,.0f}")

    def significant(self, value: float) -> str:
        """Three significant digits."""
        return self.point(f"{value:.3g}")

    def fixed(self, value: float, decimals: int = 3) -> str:
        return self.point(f"{value:.{decimals}f}")

    def interval(self, estimate: Interval) -> str:
        """Mean and 95 % interval: ``3.2 (1–6)``."""
        if estimate.mean is None:
            return NONE
        if estimate.low is None:
            return self.number(estimate.mean)
        if estimate.high is None:
            return f"{self.number(estimate.mean)} (≥ {self.number(estimate.low)})"
        return f"{self.number(estimate.mean)} ({self._range(self.number(estimate.low), self.number(estimate.high))})"

    def ratio(self, estimate: Interval) -> str:
        """A rate ratio with two decimals below ten: ``0.62 (0.41–0.93)``."""
        if estimate.mean is None:
            return NONE
        if estimate.low is None and estimate.high is None:
            return self._ratio(estimate.mean)
        low, high = self._ratio(estimate.low or 0.0), self._ratio(estimate.high)
        return f"{self._ratio(estimate.mean)} ({self._range(low, high)})"

    def _ratio(self, x: float | None) -> str:
        if x is None:
            return "∞"
        if 0 < x < 0.005:
            return self.words.say("language.below", n=self.point("0.01"))
        return self.point(f"{x:.2f}" if x < 10 else f"{x:,.0f}")

    def _range(self, low: str, high: str) -> str:
        return self.words.say("language.range", low=low, high=high)

    def ratio_words(self, estimate: Interval) -> str:
        """What the ratio of a comparison says in words: no direction, for it is not adjusted for effort."""
        if estimate.mean is None:
            return self.words.say("comparisons.none")
        if estimate.low is None and estimate.high is None:
            return self.words.say("comparisons.unsure")
        low, high = estimate.low or 0.0, float("inf") if estimate.high is None else estimate.high
        return self.words.say(f"comparisons.{'open' if low <= 1 <= high else 'shown'}")

    def hours(self, value: float | None) -> str:
        return NONE if value is None else self.words.say("common.hours", hours=self.number(value))

    def duration(self, value: float | None) -> str:
        """A time in hours, told in minutes below one hour."""
        if value is None or value >= 1.0:
            return self.hours(value)
        minutes = round(60.0 * value)
        return self.words.say("common.minutes", minutes=minutes) if minutes else self.words.say("common.under_a_minute")

    def distance(self, metres: float | None) -> str:
        """A standard deviation of a place, in metres or kilometres."""
        if metres is None:
            return NONE
        if metres < 1000:
            return self.words.say("common.metres", metres=f"{metres:.0f}")
        return self.words.say("common.kilometres", kilometres=self.number(metres / 1000))

    def latitude(self, degrees: float, digits: str = "g") -> str:
        side = "north" if degrees >= 0 else "south"
        return self.words.say(f"common.{side}", degrees=self.point(f"{abs(degrees):{digits}}"))

    def longitude(self, degrees: float, digits: str = "g") -> str:
        side = "east" if degrees >= 0 else "west"
        return self.words.say(f"common.{side}", degrees=self.point(f"{abs(degrees):{digits}}"))


def anchor(prefix: str, identity: str) -> str:
    """A fragment id that is safe in HTML and in a link, whatever the identity holds."""
    return f"{prefix}-" + re.sub(r"[^A-Za-z0-9_-]", lambda m: f".{ord(m[0]):x}", identity)


def short(identity: str) -> str:
    return identity if len(identity) <= 12 else identity[:10] + "…"


@dataclass(frozen=True)
class Clock:
    """Writes UTC times as local ones. Month names are those of the catalogue, so that no locale changes a report."""

    time_zone: str
    words: Catalogue

    def local(self, t: datetime) -> datetime:
        return t.astimezone(ZoneInfo(self.time_zone))

    def date(self, t: datetime) -> str:
        at = self.local(t)
        month = self.words.names("language.months")[at.month - 1]
        return self.words.say("language.date", day=self._day_of_month(at), month=month, year=str(at.year))

    def day(self, t: datetime) -> str:
        at = self.local(t)
        month = self.words.names("language.short_months")[at.month - 1]
        return self.words.say("language.day", day=self._day_of_month(at), month=month)

    def _day_of_month(self, at: datetime) -> str:
        return self.words.say("language.first_of_month") if at.day == 1 else str(at.day)

    def days(self, t_from: datetime, t_to: datetime, beside: datetime | None = None) -> str:
        """The days of a half-open stretch; one that ends at midnight does not reach into the next day.

        With years where they differ, or differ from that of ``beside``.
        """
        end = t_to - timedelta(microseconds=1) if t_to > t_from else t_to
        first, last = self.day(t_from), self.day(end)
        a, b, c = (self.local(t).year for t in (t_from, end, beside or end))
        first, last = (f"{first}\u00a0{a}" if a != b else first), (f"{last}\u00a0{b}" if {a, b} != {c} else last)
        if self.local(t_from).date() == self.local(end).date():
            return last
        return first if first == last else self.words.say("language.range", low=first, high=last)

    def time(self, t: datetime) -> str:
        at = self.local(t)
        return self._time(at.hour, at.minute)

    def _time(self, hour: int, minute: int) -> str:
        return self.words.say("language.time", hour=f"{hour:02}", minute=f"{minute:02}")

    def moment(self, t: datetime) -> str:
        return self.words.say("language.moment", date=self.date(t), time=self.time(t))

    def offset(self, t: datetime) -> str:
        delta = self.local(t).utcoffset() or timedelta()
        minutes = int(delta.total_seconds() // 60)
        sign, minutes = ("−" if minutes < 0 else "+"), abs(minutes)
        return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")

    def span(self, t_from: datetime, t_to: datetime) -> str:
        """A half-open stretch; one that ends at midnight ends at 24:00 of its last day."""
        last, end = t_to, self.time(t_to)
        at = self.local(t_to)
        if (at.hour, at.minute) == (0, 0) and t_to > t_from:
            last, end = t_to - timedelta(microseconds=1), self._time(24, 0)
        start = self.date(t_from)
        if start == self.date(last):
            return self.words.say("language.span_of_day", date=start, start=self.time(t_from), end=end)
        until = self.words.say("language.moment", date=self.date(last), time=end)
        return self.words.say("language.span", start=self.moment(t_from), end=until)

    def period(self, period: Period) -> str:
        return self.span(period.t_from, period.t_to)

    def instant(self, t_from: datetime, t_to: datetime) -> str:
        """When an incident happened: a moment, or the stretch in which it did."""
        return self.moment(t_from) if t_to - t_from < timedelta(minutes=1) else self.span(t_from, t_to)


def utc(t: datetime) -> datetime:
    return t.astimezone(UTC)
