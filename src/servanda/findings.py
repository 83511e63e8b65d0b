"""What compliance says: findings and comparisons. Shared by the stages after it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Verdict = Literal["broken", "exempt", "alleged", "kept", "unverifiable", "pending"]
VERDICTS: tuple[Verdict, ...] = ("broken", "exempt", "alleged", "kept", "unverifiable", "pending")
"""In order of precedence."""

ANY_PARTY = "any"
"""Party of a finding about the term as a whole, whoever did it."""


@dataclass(frozen=True)
class Period:
    """A half-open interval, UTC. ``name`` is ``day`` or ``in_force``."""

    t_from: datetime
    t_to: datetime
    name: str

    def to_json(self) -> dict[str, str]:
        return {"from": iso(self.t_from), "to": iso(self.t_to), "name": self.name}


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    mean: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, float | None]:
        return {"mean": rounded(self.mean), "low": rounded(self.low), "high": rounded(self.high)}


@dataclass(frozen=True)
class Reason:
    """A node of the reason tree: a code for machines, numbers, plain words, and what it rests on."""

    code: str
    text: str
    values: tuple[tuple[str, float | int | str | None], ...] = ()
    because: tuple["Reason", ...] = ()
    observation_ids: tuple[str, ...] = ()
    aside: tuple[tuple[str, int | str], ...] = ()
    """What the sentence names beside ``values``, for those who tell it in another language; not in findings.json."""

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"code": self.code, "text": self.text}
        if self.values:
            out["values"] = {k: rounded(v) if isinstance(v, float) else v for k, v in self.values}
        if self.observation_ids:
            out["observation_ids"] = list(self.observation_ids)
        if self.because:
            out["because"] = [r.to_json() for r in self.because]
        return out


@dataclass(frozen=True)
class Trial:
    """The same finding with one assumption changed by a factor: see ``servanda.mission.sensitivity``."""

    assumption: str
    factor: float
    verdict: Verdict
    probability: float | None
    power: float

    def to_json(self) -> dict[str, Any]:
        return {
            "assumption": self.assumption,
            "factor": self.factor,
            "verdict": self.verdict,
            "probability": rounded(self.probability),
            "power": rounded(self.power),
        }


@dataclass(frozen=True)
class Sensitivity:
    """How much hangs on the assumptions. ``not_tried``: those that cost too much with over ``limit`` observations."""

    trials: tuple[Trial, ...]
    not_tried: tuple[str, ...] = ()
    limit: int = 0


@dataclass(frozen=True)
class Finding:
    """The answer for one term, one party, one period."""

    finding_id: str
    term_id: str
    clause: str
    party: str
    period: Period
    verdict: Verdict
    probability: float | None
    """Chance that the term was violated at least once (for require: that it was not fulfilled); None: not known, for
    next to nothing was reported and too little was watched."""
    expected_violations: Interval
    power: float
    """Chance that one violation would have been found to the standard of proof."""
    unseen_upper95: int | None
    """Upper 95 % bound of violations that could have gone unseen; None: unbounded, nobody was looking."""
    proof_probability: float
    proof_witnesses: int
    agreement_version: str
    reasons: tuple[Reason, ...] = ()
    observation_ids: tuple[str, ...] = ()
    incident_ids: tuple[str, ...] = ()
    supersedes: str | None = None
    extra: tuple[tuple[str, Any], ...] = field(default=())
    sensitivity: Sensitivity | None = None
    """How it moves when assumptions do; no part of what it says, so the id does not hang on it."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the finding is about, whatever it says."""
        return (self.term_id, self.party, iso(self.period.t_from), iso(self.period.t_to))

    def to_json(self) -> dict[str, Any]:
        return {
            "finding_id": self.finding_id,
            "term_id": self.term_id,
            "clause": self.clause,
            "agreement_version": self.agreement_version,
            "party": self.party,
            "period": self.period.to_json(),
            "verdict": self.verdict,
            "probability": rounded(self.probability),
            "expected_violations": self.expected_violations.to_json(),
            "power": rounded(self.power),
            "unseen_upper95": self.unseen_upper95,
            "proof": {"probability": self.proof_probability, "witnesses": self.proof_witnesses},
            "reasons": [r.to_json() for r in self.reasons],
            "observation_ids": list(self.observation_ids),
            "incident_ids": list(self.incident_ids),
            "supersedes": self.supersedes,
            **({"sensitivity": self._sensitivity(self.sensitivity)} if self.sensitivity else {}),
        }

    @property
    def moved(self) -> tuple[Trial, ...]:
        """The trials in which another verdict comes out."""
        return tuple(t for t in self.sensitivity.trials if t.verdict != self.verdict) if self.sensitivity else ()

    @property
    def chances(self) -> tuple[float, float] | None:
        """Least and greatest chance over all trials and the finding itself; None: not known in one of them."""
        values = [x.probability for x in self._tried()]
        known = [p for p in values if p is not None]
        return (min(known), max(known)) if len(known) == len(values) else None

    @property
    def powers(self) -> tuple[float, float]:
        """Least and greatest power over all trials and the finding itself."""
        values = [x.power for x in self._tried()]
        return min(values), max(values)

    def _tried(self) -> tuple["Finding | Trial", ...]:
        return (self, *(self.sensitivity.trials if self.sensitivity else ()))

    def _sensitivity(self, held: Sensitivity) -> dict[str, Any]:
        (p_low, p_high), (power_low, power_high) = self.chances or (None, None), self.powers
        return {
            "holds": not self.moved,
            "probability": {"low": rounded(p_low), "high": rounded(p_high)},
            "power": {"low": rounded(power_low), "high": rounded(power_high)},
            "trials": [t.to_json() for t in held.trials],
            "not_tried": list(held.not_tried),
            "limit": held.limit,
        }


@dataclass(frozen=True)
class BaselineValue:
    """The same measure in a baseline window."""

    t_from: datetime
    t_to: datetime
    value: float | None
    """None: no report covers the window, which is not zero."""
    covered_days: float | None = None
    """Of a measure of counts: days of the window that reports cover."""
    at_least: bool = False
    """Some count is given as 'at least so many'."""

    def to_json(self) -> dict[str, Any]:
        return {"from": iso(self.t_from), "to": iso(self.t_to), "value": rounded(self.value), **_coverage(self)}


@dataclass(frozen=True)
class Comparison:
    """A measure in the window against stated baseline windows."""

    measure: str
    source_id: str
    title: str
    t_from: datetime
    t_to: datetime
    value: float | None
    baselines: tuple[BaselineValue, ...]
    rate_ratio: Interval
    excluded: tuple[str, ...] = ()
    """What was left out of both sides, and why."""
    note: str = ""
    observation_ids: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    """(name, observations) behind ``excluded``; with ``aside``, for those who tell it in another language."""
    aside: tuple[tuple[str, float], ...] = ()
    """What ``note`` names: ``wave_gap_h``, hours, and ``dispersion``; of a measure of counts, the sums and days."""
    covered_days: float | None = None
    at_least: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "source_id": self.source_id,
            "title": self.title,
            "window": {"from": iso(self.t_from), "to": iso(self.t_to)},
            "value": rounded(self.value),
            **_coverage(self),
            "baselines": [b.to_json() for b in self.baselines],
            "rate_ratio": self.rate_ratio.to_json(),
            "excluded": list(self.excluded),
            "note": self.note,
            "observation_ids": list(self.observation_ids),
        }


STRATUM_SEPARATOR = " · "
"""Between the month, kind, region and party that a stratum is named by."""


@dataclass(frozen=True)
class Undercount:
    """How many incidents there were in all in a stratum of a term, seen or not, or why nobody can say.

    ``stratum``: empty for the whole term, else what bounds it, with separators. ``seen``: expected number of real ones
    among the reported. ``estimate``, ``low``, ``high``: in all, with the 95 % interval; None where ``refused`` says
    why. ``lists``: what it rests on.
    """

    term_id: str
    stratum: str
    method: str
    seen: float
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    lists: tuple[str, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()
    """Models and their shares, or what the sampler did."""
    refused: Reason | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "term_id": self.term_id,
            "stratum": self.stratum,
            "method": self.method,
            "seen": rounded(self.seen),
            "estimate": rounded(self.estimate),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "lists": list(self.lists),
            "parts": {k: rounded(v) for k, v in self.parts},
            "refused": self.refused.to_json() if self.refused else None,
        }


@dataclass(frozen=True)
class TrendPoint:
    """One stretch of a series. ``effort``: per hour, against its mean before the window; ``fitted``: level per day."""

    t_from: datetime
    t_to: datetime
    count: float
    effort: float
    at_least: bool
    fitted: Interval | None

    def to_json(self) -> dict[str, Any]:
        return {
            "from": iso(self.t_from),
            "to": iso(self.t_to),
            "count": rounded(self.count),
            "effort": rounded(self.effort),
            "at_least": self.at_least,
            "fitted": self.fitted.to_json() if self.fitted else None,
        }


@dataclass(frozen=True)
class TrendChange:
    """A change of level: likeliest moment, the span that holds it with 95 % posterior probability, levels per day."""

    at: datetime
    low: datetime
    high: datetime
    probability: float
    level_before: float
    level_after: float

    def to_json(self) -> dict[str, Any]:
        return {
            "at": iso(self.at),
            "low": iso(self.low),
            "high": iso(self.high),
            "probability": rounded(self.probability),
            "level_before": rounded(self.level_before),
            "level_after": rounded(self.level_after),
        }


@dataclass(frozen=True)
class Trend:
    """A rate in a window against one stretch before, for equal effort. ``said``: the code of what may be said of it."""

    title: str
    measure: str
    source_id: str | None
    """None: fused incidents of all sources."""
    kinds: tuple[str, ...]
    t_from: datetime
    t_to: datetime
    before_from: datetime
    before_to: datetime
    effort_basis: str
    """What effort was read from: ``watches``, ``watch_hours``, ``covered_hours``, or ``none``."""
    said: str
    rate_ratio: Interval
    values: tuple[tuple[str, float], ...]
    points: tuple[TrendPoint, ...] = ()
    changes: tuple[TrendChange, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "measure": self.measure,
            "source_id": self.source_id,
            "kinds": list(self.kinds),
            "window": {"from": iso(self.t_from), "to": iso(self.t_to)},
            "before": {"from": iso(self.before_from), "to": iso(self.before_to)},
            "effort_basis": self.effort_basis,
            "said": self.said,
            "rate_ratio": self.rate_ratio.to_json(),
            "values": {k: rounded(v) for k, v in self.values},
            "change_points": [c.to_json() for c in self.changes],
            "series": [p.to_json() for p in self.points],
        }


def _coverage(of: BaselineValue | Comparison) -> dict[str, float | bool | None]:
    """Said of a measure of counts only."""
    return {} if of.covered_days is None else {"covered_days": rounded(of.covered_days), "at_least": of.at_least}


def iso(t: datetime) -> str:
    """UTC, seconds, with a Z; microseconds only where they are not zero."""
    text = t.isoformat(timespec="microseconds" if t.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def rounded(value: float | None) -> float | None:
    """Six significant digits: what is stored and shown does not hang on the last bit of a sum."""
    return None if value is None else float(f"{value:.6g}")
