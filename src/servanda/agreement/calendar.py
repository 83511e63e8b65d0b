"""Local time: moments in UTC, days that start at a cut-off, deadlines counted in calendar days."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from servanda.agreement.resolved import Agreement
from servanda.findings import Period
from servanda.quantities import Span

DAY = "day"
IN_FORCE = "in_force"


class LocalTimeError(ValueError):
    """A local time that does not name one moment: ``what`` is wrong, and how to ``mend`` it."""

    def __init__(self, what: str, mend: str) -> None:
        self.what, self.mend = what, mend
        super().__init__(f"{what} {mend}")


def lenient_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC. A local time that the clocks pass twice is the first; one they skip moves on by the gap."""
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


def strict_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC; a time with an offset keeps it.

    Raises LocalTimeError for a local time that the clocks skip or pass twice, or that is out of range.
    """
    try:
        first, second = (lenient_utc(local.replace(fold=fold), zone) for fold in (0, 1))
    except OverflowError:
        raise LocalTimeError(f"the time {local} is out of range.", "Write a year between 2 and 9998.") from None
    if local.tzinfo or first == second:
        return first
    choices = " or ".join(sorted(t.astimezone(zone).isoformat() for t in (first, second)))
    shown = local.isoformat(sep=" ", timespec="minutes")
    if first.astimezone(zone).replace(tzinfo=None) == local:
        what = f"the clocks in {zone.key} show {shown} twice on that day."
    else:
        what = f"the clocks in {zone.key} skip {shown} on that day."
    raise LocalTimeError(what, f"Give the offset: {choices}.")


def add(start: datetime, length: Span, zone: ZoneInfo) -> datetime:
    """``start`` plus calendar days at the same local clock time, plus hours as they pass; UTC.

    Raises OverflowError beyond the year 9999.
    """
    local = start.astimezone(zone).replace(tzinfo=None) + timedelta(days=length.days)
    return lenient_utc(local, zone) + length.rest


def periods(agreement: Agreement, cutoff: str, time_zone: str, until: datetime) -> tuple[Period, ...]:
    """The reporting days of an agreement up to ``until``, then the in-force window as a whole; all UTC.

    A day runs from ``cutoff`` ('HH:MM', local to ``time_zone``) to the next, so that it has 23 or 25 hours
    when the clocks change. Days are clipped to the in-force window and cut where an amendment takes effect.
    The last one is the one that holds the last moment before ``until``. The period ``in_force`` ends with the
    agreement, or, when that is open-ended, with the last day. Nothing when the agreement starts after ``until``.

    Raises ValueError for a cut-off that is not a time of day.
    """
    zone, clock = ZoneInfo(time_zone), time.fromisoformat(cutoff)
    if until <= agreement.t_from:
        return ()
    last = next(t for t in _cutoffs(until, clock, zone) if t >= until)
    end = last if agreement.t_to is None else min(agreement.t_to, last)
    cuts = {agreement.t_from, end}
    for t in _cutoffs(agreement.t_from, clock, zone):
        if t >= end:
            break
        cuts.add(t)
    for version in agreement.versions:
        cuts |= {version.t_from, version.t_to or end}
    edges = sorted(t for t in cuts if agreement.t_from <= t <= end)
    days = [Period(a, b, DAY) for a, b in pairwise(edges) if _in_force(agreement, a)]
    return (*days, Period(agreement.t_from, agreement.t_to or last, IN_FORCE))


def _cutoffs(near: datetime, clock: time, zone: ZoneInfo) -> Iterator[datetime]:
    """Cut-offs in UTC, from the last one not after ``near`` or earlier, without end."""
    day = near.astimezone(zone).date() - timedelta(days=1)
    while True:
        yield lenient_utc(datetime.combine(day, clock), zone)
        day += timedelta(days=1)


def _in_force(agreement: Agreement, t: datetime) -> bool:
    return any(v.t_from <= t and (v.t_to is None or t < v.t_to) for v in agreement.versions)
