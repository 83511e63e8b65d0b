"""Which stretches of time a finding's period asks about, and when each is due."""

from dataclasses import dataclass
from datetime import timedelta

from servanda.agreement.resolved import Obligation, Term
from servanda.compliance.answers import Trigger
from servanda.compliance.clock import micros
from servanda.findings import Period


@dataclass(frozen=True)
class Stretch:
    """[low, high) is looked at; the answer is final when ``due`` is past. Microseconds UTC.

    ``trigger``: the incident that asks, for a term that asks for each.
    """

    low: int
    high: int
    due: int
    trigger: Trigger | None = None


def stretches(
    term: Term,
    window: tuple[int, int],
    period: Period,
    days: tuple[Period, ...],
    replaced: bool,
    triggers: tuple[Trigger, ...] = (),
) -> list[Stretch]:
    """What the verdict of ``term`` in ``period`` hangs on. ``window``: when it holds, microseconds UTC.

    - forbid: the period itself.
    - limit per day: the days in the period; in all: everything up to the end of the period, due at the end.
    - require by a deadline: everything up to the end of the period, due at the deadline; nothing is asked
      once an amendment has ``replaced`` it before that. Every so often: the whole stretches that end in the
      period, else the one that is running. For each trigger: the time to answer those that start in the period.

    A term that does not hold at any time in the period has none.
    """
    start, stop = window
    low, high = max(start, micros(period.t_from)), min(stop, micros(period.t_to))
    if low >= high:
        return []
    if term.obligation and term.obligation.for_each:
        return [Stretch(t.low, t.high, t.high, t) for t in triggers if low <= t.low < high]
    if term.obligation:
        last = replaced and period.name == "in_force"
        return _required(term.obligation, start, stop, low, high, last)
    if term.limit and term.limit.of == "incidents":
        if term.limit.per == "in_force":
            return [Stretch(start, high, stop)]
        return _daily(days, low, high)
    return [Stretch(low, high, high)]


def _required(o: Obligation, start: int, stop: int, low: int, high: int, replaced: bool) -> list[Stretch]:
    """By a deadline, or every so often."""
    if o.every:
        return _recurring(start, stop, o.every, low, high)
    due = micros(o.deadline)
    asked = not (replaced and stop < due)
    return [Stretch(start, min(high, due), due)] if asked and start < due else []


def _daily(days: tuple[Period, ...], low: int, high: int) -> list[Stretch]:
    """The parts of reporting days inside [low, high)."""
    parts = [(max(low, micros(d.t_from)), min(high, micros(d.t_to))) for d in days]
    return [Stretch(a, b, b) for a, b in parts if a < b]


def _recurring(start: int, stop: int, every: timedelta, low: int, high: int) -> list[Stretch]:
    """Whole stretches of length ``every`` from ``start``; a last one cut short by the end is not asked for."""
    step = micros_of(every)
    whole = [(start + i * step, start + (i + 1) * step) for i in range((stop - start) // step)]
    ending = [Stretch(a, b, b) for a, b in whole if low < b <= high]
    running = [Stretch(a, min(b, high), b) for a, b in whole if a < high < b]
    return ending or running


def micros_of(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
