"""Which moment a run speaks for, and which day its report is about."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from servanda.agreement.calendar import lenient_utc
from servanda.findings import Period


def _cutoffs(t: datetime, cutoff: str, time_zone: str) -> list[datetime]:
    """The cut-offs (local time of day) of the three local days around ``t``, in order; UTC."""
    zone, clock = ZoneInfo(time_zone), time.fromisoformat(cutoff)
    day = t.astimezone(zone).date()
    return [lenient_utc(datetime.combine(day + timedelta(days=n), clock), zone) for n in (-1, 0, 1)]


def cutoff_at_or_before(t: datetime, cutoff: str, time_zone: str) -> datetime:
    """The last reporting cut-off at or before ``t``; UTC."""
    return max(c for c in _cutoffs(t, cutoff, time_zone) if c <= t)


def cutoff_at_or_after(t: datetime, cutoff: str, time_zone: str) -> datetime:
    """The first reporting cut-off at or after ``t``; UTC."""
    return min(c for c in _cutoffs(t, cutoff, time_zone) if c >= t)


def default_as_of(
    in_force_to: datetime | None, evidence_end: datetime | None, now: datetime, cutoff: str, time_zone: str
) -> datetime:
    """The moment to speak for when the user names none: the last cut-off, or the end of a story that is over.

    A window that is past and whose evidence is all in gives the first cut-off after both, whatever the
    wall clock says, so that the same evidence gives the same report on any day.
    """
    latest = cutoff_at_or_before(now, cutoff, time_zone)
    if in_force_to is None:
        return latest
    settled = cutoff_at_or_after(max(in_force_to, evidence_end or in_force_to), cutoff, time_zone)
    return min(latest, settled)


@dataclass(frozen=True)
class Reporting:
    """The day that a report is about, and the one before it."""

    period: Period
    previous: Period | None


def reporting(periods: tuple[Period, ...], as_of: datetime) -> Reporting | None:
    """The last day that has begun by ``as_of``; None before the agreement is in force."""
    days = [p for p in periods if p.name == "day" and p.t_from < as_of]
    return Reporting(days[-1], days[-2] if len(days) > 1 else None) if days else None
