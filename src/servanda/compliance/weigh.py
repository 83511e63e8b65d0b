"""What each incident counts for in one stretch of time, for one party: before exemptions and after."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.agreement.resolved import Term
from servanda.compliance.attribution import evidence
from servanda.compliance.clock import micros, share_within
from servanda.compliance.exposure import Exposure, Incidents
from servanda.compliance.tally import Tally, at_least_one, chain
from servanda.findings import ANY_PARTY

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weighed:
    """Arrays over the incidents (``rows``) that bear on a term in a stretch of time.

    ``sure`` is the chance that the incident violates the term by this party as far as sources name it;
    ``possible`` counts what nobody is named for as well. Both are net of exemptions; ``gross`` is ``sure``
    before them. Of an incident that stands for many, all three are chances that any of them is a violation.
    ``exempt_by`` is the position of the weightiest exemption in ``exemptions``, -1 for none.
    """

    rows: NDArray[np.int64]
    sure: Floats
    possible: Floats
    gross: Floats
    exempt_by: NDArray[np.int64]
    exemptions: tuple[Term, ...]
    surely: Tally
    """``sure``, counting the events of each incident, as many as it has at least."""
    possibly: Tally
    """``possible``, counting as many events as it may have."""
    real: Floats
    """Chance that any of it happened in the zone and time, of the kind, less what is exempt; whoever did it."""
    said: Floats
    """What sources say for it that this party did it, were all alike beforehand."""


def weigh(exposure: Exposure, incidents: Incidents, party: str, low: int, high: int) -> Weighed:
    """Weigh the incidents against one version of a term over [low, high), microseconds UTC."""
    low, high = max(low, exposure.t_from), min(high, exposure.t_to)
    at = exposure.times.touching(low, high)
    rows = exposure.rows[at]
    start, end = exposure.times.start[at], exposure.times.end[at]
    within = share_within(start, end, low, max(low, high))
    exempt, exempt_by = np.zeros(len(rows)), np.full(len(rows), -1)
    best = np.zeros(len(rows))
    for i, exemption in enumerate(exposure.exemptions):
        allow = exemption.term
        covered = exemption.mass[at] * share_within(start, end, *_overlap(allow, low, high))
        exempt += covered
        exempt_by[covered > best] = i
        best = np.maximum(best, covered)
    gross = exposure.mass[at] * within
    net = np.maximum(gross - exempt, 0.0)
    named, unnamed, shared = _attribution(exposure.term, incidents, party, rows)
    sure = named + (unnamed if shared else 0.0)
    p, low_n, high_n = incidents.probability[rows], exposure.low[at], exposure.high[at]
    surely = Tally(np.minimum(net * sure, 1.0), low_n, p)
    possibly = Tally(np.minimum(net * (named + unnamed), 1.0), high_n, p)
    before = Tally(np.minimum(gross * sure, 1.0), low_n, p)
    mine = exposure.term.parties if party == ANY_PARTY else (party,)
    return Weighed(
        rows,
        at_least_one(surely),
        at_least_one(possibly),
        at_least_one(before),
        exempt_by,
        tuple(x.term for x in exposure.exemptions),
        surely,
        possibly,
        at_least_one(Tally(np.minimum(net, 1.0), low_n, p)),
        evidence(incidents, rows, mine),
    )


def join(parts: list[Weighed]) -> Weighed:
    """One after another; one incident may be in several parts."""
    exemptions = tuple(x for p in parts for x in p.exemptions)
    shift = np.cumsum([0] + [len(p.exemptions) for p in parts])
    by = [np.where(p.exempt_by >= 0, p.exempt_by + s, -1) for p, s in zip(parts, shift, strict=False)]
    return Weighed(
        np.concatenate([p.rows for p in parts]),
        np.concatenate([p.sure for p in parts]),
        np.concatenate([p.possible for p in parts]),
        np.concatenate([p.gross for p in parts]),
        np.concatenate(by),
        exemptions,
        chain([p.surely for p in parts]),
        chain([p.possibly for p in parts]),
        np.concatenate([p.real for p in parts]),
        np.concatenate([p.said for p in parts]),
    )


def _overlap(allow: Term, low: int, high: int) -> tuple[int, int]:
    a, b = max(low, micros(allow.t_from)), min(high, micros(allow.t_to))
    return a, max(a, b)


def _attribution(term: Term, incidents: Incidents, party: str, rows: NDArray[np.int64]) -> tuple[Floats, Floats, bool]:
    """Chance that ``party`` did it by name, chance that nobody is named, and whether the latter counts as proof.

    For the term as a whole (``any``) it does when the term binds every party: whoever did it, broke it. A
    ``require`` term is fulfilled by an act that nobody is named for, as by one of the party's own.
    """
    unnamed = incidents.unattributed[rows]
    whole = party == ANY_PARTY
    mine = term.parties if whole else (party,)
    named = np.zeros(len(rows))
    for p in mine:
        if p in incidents.actors:
            named += incidents.actors[p][rows]
    shared = term.type == "require" or (whole and set(incidents.actors) <= set(term.parties))
    return np.minimum(named, 1.0), unnamed, shared
