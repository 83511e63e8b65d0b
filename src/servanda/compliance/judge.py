"""The six verdicts, for one term, one party and one stretch of time: the rules of precedence, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.agreement.resolved import Term
from servanda.compliance.answers import Trigger
from servanda.compliance.chance import above, any_of
from servanda.compliance.exposure import Incidents
from servanda.compliance.learned import Learned, Parts
from servanda.compliance.power import Power
from servanda.compliance.rates import Unseen, exceeding
from servanda.compliance.settings import AssessSettings
from servanda.compliance.tally import Tally, more_than, ones
from servanda.compliance.weigh import Weighed
from servanda.findings import Verdict

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judgement:
    """A verdict on one stretch of time, and what it rests on.

    ``probability``: chance that the term was violated at least once in it, reported or not. ``sure`` and
    ``possible``: chances of the single violations (the latter with those nobody is named for), for counting.
    ``proven``, ``exempted``: rows of incidents. ``weights``: (row, chance) of every incident that bears on it.
    """

    verdict: Verdict
    probability: float
    sure: Floats
    possible: Floats
    power: Power
    over: bool
    proven: NDArray[np.int64]
    exempted: tuple[tuple[int, Term], ...]
    rows: NDArray[np.int64]
    weights: Floats
    why: str
    asked_by: Trigger | None = None
    """The incident that asked for it, for a term that asks for each."""

    parts: Parts | None = None
    """What ``probability`` is made of; None for what must be done, which silence speaks against."""

    known: bool = True
    """False, where there are no ``parts``: the chance is of the presumption alone, as nobody told or looked."""

    tallies: tuple[Tally, Tally] | None = None
    """``sure`` and ``possible`` where incidents may stand for many events; None: each for one."""

    @property
    def surely(self) -> Tally:
        return self.tallies[0] if self.tallies else ones(self.sure)

    @property
    def possibly(self) -> Tally:
        return self.tallies[1] if self.tallies else ones(self.possible)

    @property
    def seen(self) -> int:
        """How many violations are proven: as many as the proven incidents stand for inside the term."""
        if self.tallies is None:
            return len(self.proven)
        t = self.tallies[0].only(np.isin(self.rows, self.proven))
        inside = np.divide(t.n * t.q, t.p, out=np.ones_like(t.n), where=t.p > 0)
        return int(np.where(t.n == 1, 1.0, inside.round()).sum())


def any_part(parts: Sequence[Parts | None]) -> Parts | None:
    """Of several stretches or parties, independent of each other: that any was violated, seen or not."""
    some = [p for p in parts if p]
    if not some:
        return None
    unseen = [p.unseen for p in some if p.unseen is not None]
    return Parts(
        any_of(np.array([p.reported for p in some])),
        any_of(np.array(unseen)) if len(unseen) == len(some) else None,
        any_of(np.array([p.either for p in some])),
    )


def chance(judgements: Sequence[Judgement], settings: AssessSettings) -> float | None:
    """That any stretch was violated. None: not known, because next to nothing was reported and what went unseen is
    refused, or, of what must be done, because nothing was reported and nobody looked."""
    either = any_of(np.array([j.probability for j in judgements]))
    parts, known = any_part([j.parts for j in judgements]), [j.known for j in judgements]
    if parts is None:
        return either if all(known) or (any(known) and either >= settings.rate_least_reported) else None
    reported = any_of(np.concatenate([j.possible for j in judgements]))
    return None if parts.unseen is None and reported < settings.rate_least_reported else either


NOBODY = np.empty(0, dtype=np.int64)
LEAST_POWER = 0.01
"""Power below this counts as so much, where it is divided by."""


def worst(verdicts: list[Verdict]) -> Verdict:
    """Of several stretches: a broken one breaks the whole; the whole is kept only when every one is."""
    order: tuple[Verdict, ...] = ("broken", "exempt", "alleged", "pending", "unverifiable", "kept")
    return min(verdicts, key=order.index)


def silence(term: Term, power: Power, over: bool) -> tuple[Verdict, str]:
    """Nothing was reported that counts: worth as much as the chance that it would have been."""
    if not over:
        return "pending", "period_open"
    return ("kept", "power_enough") if power.power >= term.power else ("unverifiable", "power_short")


def _witnessed(term: Term, incidents: Incidents, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which incidents have the witnesses that the standard of proof asks for."""
    enough = incidents.witnesses[rows] >= term.proof.witnesses
    return enough & incidents.monitor_seen[rows] if term.proof.monitor_seen else enough


def _proven(term: Term, incidents: Incidents, rows: NDArray[np.int64], chance: Floats) -> NDArray[np.bool_]:
    return (chance >= term.proof.probability) & _witnessed(term, incidents, rows)


def judge_unasked(over: bool) -> Judgement:
    """Nothing asked, as far as is known. That nothing was reported is no proof that nothing did."""
    verdict: Verdict = "unverifiable" if over else "pending"
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    power = Power(0.0, (), ())
    why = "nothing_asked" if over else "period_open"
    return Judgement(verdict, 0.0, nothing, nothing, power, over, NOBODY, (), none, nothing, why, known=not over)


def judge_forbid(
    term: Term,
    w: Weighed,
    incidents: Incidents,
    power: Power,
    over: bool,
    settings: AssessSettings,
    parts: Parts | None = None,
) -> Judgement:
    """Broken by one proven incident; exempt when what would have been proof is covered; alleged by the rest."""
    proven = _proven(term, incidents, w.rows, w.sure)
    covered = 1.0 - np.divide(w.sure, w.gross, out=np.ones_like(w.gross), where=w.gross > 0)
    would = _proven(term, incidents, w.rows, w.gross) & (covered >= settings.exempt_share) & (w.exempt_by >= 0)
    exempted = tuple((int(w.rows[i]), w.exemptions[w.exempt_by[i]]) for i in np.flatnonzero(would & ~proven))
    verdict: Verdict
    if proven.any():
        verdict, why = "broken", "proof_met"
    elif exempted:
        verdict, why = "exempt", "exempted"
    elif any_of(w.possible) >= settings.alleged_probability:
        verdict, why = "alleged", _shortfall(term, w, incidents)
    else:
        verdict, why = silence(term, power, over)
    weights = np.maximum(w.possible, w.gross)
    parts = parts or Parts(any_of(w.sure), None, any_of(w.sure))
    return Judgement(
        verdict, parts.either, w.sure, w.possible, power, over, w.rows[proven], exempted, w.rows, weights, why,
        parts=parts, tallies=(w.surely, w.possibly),
    )  # fmt: skip


def _shortfall(term: Term, w: Weighed, incidents: Incidents) -> str:
    """What the weightiest allegation lacks."""
    best = int(np.argmax(w.possible))
    if w.possible[best] >= term.proof.probability and w.sure[best] < term.proof.probability:
        return "attribution_short"
    if w.possible[best] < term.proof.probability:
        return "probability_short"
    if incidents.witnesses[w.rows[best]] < term.proof.witnesses:
        return "witnesses_short"
    return "monitor_short"


def judge_limit(
    term: Term,
    w: Weighed,
    incidents: Incidents,
    power: Power,
    over: bool,
    settings: AssessSettings,
    learned: Learned | None = None,
    within: tuple[int, int] = (0, 0),
) -> Judgement:
    """More than the limit, counting only what meets the standard in witnesses; alleged counting everything.

    Kept only when what was seen and what could have gone unseen together stay within the limit.
    """
    assert term.limit is not None
    good = _witnessed(term, incidents, w.rows)
    maximum = term.limit.max
    surely, possibly = more_than(w.surely.only(good), maximum), more_than(w.possibly, maximum)
    headroom = exceeding(w.possibly, _unseen(w.possibly, power.power, settings), maximum)
    verdict: Verdict
    proven = NOBODY
    if surely >= term.proof.probability:
        verdict, why, proven = "broken", "limit_exceeded", w.rows[good]
    elif possibly >= settings.alleged_probability:
        verdict, why = "alleged", "limit_possibly_exceeded"
    elif over and headroom >= settings.alleged_probability:
        verdict, why = "unverifiable", "limit_headroom_short"
    else:
        verdict, why = silence(term, power, over)
    parts = _limit_parts(w, maximum, learned, within)
    q = np.array([possibly])
    return Judgement(
        verdict, parts.either, np.array([surely]), q, power, over, proven, (), w.rows, w.possible, why, parts=parts
    )  # fmt: skip


def _limit_parts(w: Weighed, maximum: float, learned: Learned | None, within: tuple[int, int]) -> Parts:
    """Rates count incidents: of counts of many, only what sources name the party for is told."""
    if learned is None or not w.surely.plain:
        reported = more_than(w.surely, maximum)
        return Parts(reported, None, reported)
    likely, unseen = ones(learned.likely(w.real, w.said)), learned.unseen(*within)
    reported = more_than(likely, maximum)
    if unseen is None:
        return Parts(reported, None, reported)
    either = exceeding(likely, unseen, maximum)
    return Parts(reported, (either - reported) / (1.0 - reported) if reported < 1 else 0.0, either)


def _unseen(possible: Tally, power: float, settings: AssessSettings) -> Unseen:
    """How many went unseen, if each is seen with chance ``power``: negative binomial, as the rate is known from those
    that were seen alone."""
    counted = np.where(np.isinf(possible.n), 1.0, possible.n)
    shape = float((possible.q * counted).sum()) + settings.rate_shape
    return Unseen(shape * (1.0 / max(power, LEAST_POWER) - 1.0), shape)


def judge_require(
    term: Term,
    w: Weighed,
    incidents: Incidents,
    power: Power,
    over: bool,
    settings: AssessSettings,
    asked: float = 1.0,
) -> Judgement:
    """Kept when fulfilment is proven in time; broken when the time is over and it would have been seen.

    The chance that it was not done follows by Bayes from the stated presumption that promises are kept, from what
    was reported (a chance ``r`` worth odds of ``r`` to ``1 - r``), and from the chance that fulfilment would have
    been missed. Broken needs that to reach the standard of proof too: power alone does not say how often promises
    are kept. ``asked``: chance that it was asked for at all; what nobody asked for is not broken.
    """
    assert term.obligation is not None
    count = term.obligation.count
    good = _witnessed(term, incidents, w.rows)
    done = above(w.sure[good], count - 1)
    reported = above(w.possible, count - 1)
    proven = done >= term.proof.probability
    unanswered = _undone(done, settings.presumed_fulfilled, 0.0) if proven else (
        _undone(reported, settings.presumed_fulfilled, 1.0 - power.power)
    )  # fmt: skip
    undone = asked * unanswered
    verdict: Verdict
    if proven:
        verdict, why = "kept", "fulfilled"
    elif not over:
        verdict, why = "pending", "deadline_open"
    elif power.power < term.power:
        verdict, why = "unverifiable", "power_short"
    elif undone >= term.proof.probability:
        verdict, why = "broken", "not_fulfilled"
    elif unanswered >= term.proof.probability:
        verdict, why = "alleged", "asking_unproven"
    elif reported >= settings.alleged_probability:
        verdict, why = "alleged", "fulfilment_unproven"
    else:
        verdict, why = "unverifiable", "power_below_proof"
    q = np.array([undone]) if over or proven else np.zeros(1)
    known = not over or power.power > 0 or max(done, reported) >= settings.rate_least_reported
    return Judgement(
        verdict, float(q[0]), q, np.array([asked * (1.0 - done)]) if over else q, power, over,
        w.rows[good] if proven else NOBODY, (), w.rows, w.possible, why, known=known,
    )  # fmt: skip


def _undone(reported: float, presumed: float, missed: float) -> float:
    """Chance that it was not done: by Bayes, from what was reported and the chance that doing it would be missed."""
    against = (1.0 - presumed) * (1.0 - reported)
    done = presumed * (reported + (1.0 - reported) * missed)
    return against / (against + done) if against + done > 0 else 0.0
