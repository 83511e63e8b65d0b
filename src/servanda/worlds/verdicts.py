"""What is true of every term, party and period of a world: the answers that findings are marked by."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from servanda.agreement.model import Limit, Require, WrittenTerm
from servanda.findings import ANY_PARTY, Period
from servanda.quantities import duration
from servanda.worlds.simulate import World
from servanda.worlds.truth import bound, utc, window

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Truth:
    """What is true of one term, one party, one period.

    ``broken`` is None where nothing fell due: the deadline, or the end of a stretch, is not in the period.
    ``violations``: incidents that break a forbid term; days above a limit; stretches in which nothing was done.
    ``reported``: how many violating incidents at least one source reported; None for require and limit.
    ``exempted``: incidents that would count but for an exemption. ``fulfilled`` is None except for require.
    """

    term_id: str
    party: str
    period: Period
    broken: bool | None
    violations: int
    reported: int | None
    exempted: int
    fulfilled: bool | None


@dataclass(frozen=True)
class _Moments:
    """When one party did what a term is about, in order: what counts, what of that was reported, what is exempt."""

    counted: list[datetime]
    reported: list[datetime]
    exempted: list[datetime]


@dataclass(frozen=True)
class _Facts:
    """One term and its true incidents, by party and for ``any``. ``t_to`` is no later than the end of the world."""

    term_id: str
    term: WrittenTerm
    parties: tuple[str, ...]
    t_from: datetime
    t_to: datetime
    term_to: datetime
    moments: dict[str, _Moments]


def truth_verdicts(world: World, periods: Sequence[Period]) -> tuple[Truth, ...]:
    """The truth of every forbid, require and limit term, for each party and for ``any``, in each period.

    For ``any``, a forbid or limit counts whoever did it; a require must be met by every party that it binds.
    A period that a term does not touch gives no row; nothing is known beyond the simulated days.
    """
    return tuple(t for term_id in world.agreement.terms for t in _term(world, term_id, periods))


def _term(world: World, term_id: str, periods: Sequence[Period]) -> Iterator[Truth]:
    facts = _facts(world, term_id)
    for period in periods:
        if facts.term.allow or facts.term.guarantee or period.t_from >= facts.t_to or period.t_to <= facts.t_from:
            continue
        for party in (ANY_PARTY, *facts.parties):
            if facts.term.require:
                yield _require(facts, facts.term.require, party, period)
            elif facts.term.limit:
                yield _limit(facts, facts.term.limit, party, period)
            else:
                yield _forbid(facts, party, period)


def _facts(world: World, term_id: str) -> _Facts:
    term = world.agreement.terms[term_id]
    parties, (t_from, term_to) = bound(term, world.agreement), window(term, world.agreement)
    seen = world.origins["incident_id"].drop_nulls().unique()
    rows = (
        world.matches.filter(pl.col("term_id") == term_id)
        .join(world.incidents.select("incident_id", "t", "actor"), on="incident_id", how="left")
        .with_columns(pl.col("incident_id").is_in(seen.implode()).alias("reported"))
        .sort("t")
    )
    mine = {p: _moments(rows.filter(pl.col("actor") == p)) for p in parties}
    known_to = world.spec.start + timedelta(days=world.spec.days)
    moments = {ANY_PARTY: _moments(rows), **mine}
    return _Facts(term_id, term, parties, t_from, min(term_to, known_to), term_to, moments)


def _moments(rows: pl.DataFrame) -> _Moments:
    counts = pl.col("exempt_by").is_null()
    chosen = (counts, counts & pl.col("reported"), ~counts)
    return _Moments(*(rows.filter(which)["t"].to_list() for which in chosen))


def _number(moments: list[datetime], t_from: datetime, t_to: datetime) -> int:
    return bisect_left(moments, t_to) - bisect_left(moments, t_from)


def _forbid(facts: _Facts, party: str, period: Period) -> Truth:
    mine, within = facts.moments[party], (period.t_from, period.t_to)
    n, reported, exempted = (_number(m, *within) for m in (mine.counted, mine.reported, mine.exempted))
    return Truth(facts.term_id, party, period, n > 0, n, reported, exempted, None)


def _limit(facts: _Facts, limit: Limit, party: str, period: Period) -> Truth:
    """Per day: the days of the period, counted from its start; in force: all up to the end of the period."""
    t_from, t_to = max(facts.t_from, period.t_from), min(facts.t_to, period.t_to)
    days = [(t, t + DAY) for t in _steps(t_from, t_to, DAY)]
    stretches = days if limit.per == "day" else [(facts.t_from, t_to)]
    mine = facts.moments[party]
    over = sum(_number(mine.counted, a, b) > limit.max for a, b in stretches)
    exempted = sum(_number(mine.exempted, a, b) for a, b in stretches)
    return Truth(facts.term_id, party, period, over > 0, over, None, exempted, None)


def _require(facts: _Facts, require: Require, party: str, period: Period) -> Truth:
    due = _due(facts, require, period)
    parties = facts.parties if party == ANY_PARTY else (party,)
    undone = sum(_number(facts.moments[p].counted, a, b) < require.count for p in parties for a, b in due)
    if not due:
        return Truth(facts.term_id, party, period, None, 0, None, 0, None)
    return Truth(facts.term_id, party, period, undone > 0, undone, None, 0, undone == 0)


def _due(facts: _Facts, require: Require, period: Period) -> list[tuple[datetime, datetime]]:
    """The stretches in which it had to be done and that end in the period: each is asked for once."""
    end = min(period.t_to, facts.t_to)
    if require.every:
        step = duration(require.every)
        whole = [(t, t + step) for t in _steps(facts.t_from, end, step)]
        return [(a, b) for a, b in whole if period.t_from < b <= end]
    deadline = _deadline(facts, require)
    return [(facts.t_from, deadline)] if period.t_from < deadline <= end else []


def _deadline(facts: _Facts, require: Require) -> datetime:
    """A moment, or ``start + 14 days``; worlds write their times in UTC."""
    if isinstance(require.deadline, str):
        return facts.t_from + duration(require.deadline.partition("+")[2].strip())
    return facts.term_to if require.deadline is None else utc(require.deadline)


def _steps(t_from: datetime, t_to: datetime, step: timedelta) -> list[datetime]:
    """The starts of all steps that begin before ``t_to``."""
    return [t_from + i * step for i in range(-((t_from - t_to) // step))]
