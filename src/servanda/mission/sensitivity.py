"""How much hangs on the assumptions: each finding on the whole window, judged again with one of them changed.

What was learned of sources is changed as it was learned, and not learned again: a stated number that is wrong is
mended by the data, so changing only that would show too little.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import polars as pl

from servanda.agreement.resolved import Agreement, Term, ZoneBook
from servanda.compliance.assess import assess
from servanda.compliance.segments import Meters
from servanda.compliance.settings import AssessSettings
from servanda.findings import Finding, Period, Sensitivity, Trial
from servanda.fusion import Beliefs, FusionResult, Priors, fuse
from servanda.fusion.beliefs import Belief, bent
from servanda.mission.sensitivity_settings import Assumption, SensitivitySettings

IN_FORCE = "in_force"


@dataclass(frozen=True)
class Assumed:
    """All that a judgement takes for granted. ``trusted``: sources as power sees them; ``sources``: as fusion does."""

    beliefs: Beliefs
    priors: Priors
    settings: AssessSettings
    observations: pl.DataFrame
    watches: pl.DataFrame
    sources: pl.DataFrame
    trusted: pl.DataFrame


@dataclass(frozen=True)
class Case:
    """What was judged, and what came out. ``observations`` of ``assumed``: those that were fused; ``seen``: all."""

    agreement: Agreement
    zones: ZoneBook
    periods: tuple[Period, ...]
    as_of: datetime
    seen: pl.DataFrame
    assumed: Assumed
    fused: FusionResult


def with_sensitivity(findings: tuple[Finding, ...], case: Case, settings: SensitivitySettings) -> tuple[Finding, ...]:
    """The findings, those on the in-force window with their ``sensitivity``. Pure; the order stays."""
    if not settings.enabled:
        return findings
    wanted = [a for a in settings.assumptions if _can_matter(a, case)]
    many = case.assumed.observations.height > settings.most_observations
    left = tuple(a for a in wanted if many and a not in JUDGED_ONLY)
    base = {f.key: f for f in findings if f.period.name == IN_FORCE}
    trials: dict[tuple[str, str, str, str], list[Trial]] = {key: [] for key in base}
    meters = Meters()
    for name in (a for a in wanted if a not in left):
        for factor in settings.factors:
            moved = _judged(case, CHANGES[name](case.assumed, factor), base, meters, _hanging_on(name, case))
            for key in trials.keys() & moved.keys():
                f = moved[key]
                trials[key].append(Trial(name, factor, f.verdict, f.probability, f.power))
    limit = settings.most_observations
    return tuple(
        replace(f, sensitivity=Sensitivity(tuple(trials[f.key]), left, limit)) if f.key in base else f for f in findings
    )


def _judged(
    case: Case,
    now: Assumed,
    base: Mapping[tuple[str, str, str, str], Finding],
    meters: Meters,
    terms: frozenset[str],
) -> Mapping[tuple[str, str, str, str], Finding]:
    """What comes out with ``now``, on which these terms hang. What does not move is not worked out again."""
    was = case.assumed
    same_watch = now.watches is was.watches and now.trusted is was.trusted and now.settings is was.settings
    fused = case.fused if _fuses_alike(now, was) else _fused(now)
    same_incidents = fused is case.fused or (
        fused.incidents.equals(case.fused.incidents) and fused.membership.equals(case.fused.membership)
    )
    if same_watch and same_incidents:
        return base
    found = assess(
        case.agreement, case.zones, fused.incidents, fused.membership, now.watches, now.trusted, case.periods,
        case.as_of, now.settings, case.seen, IN_FORCE, meters if same_watch else None, terms,
    )  # fmt: skip
    others = {key: f for key, f in base.items() if f.term_id not in terms}
    return others | {f.key: f for f in found.findings}


def _hanging_on(assumption: Assumption, case: Case) -> frozenset[str]:
    """Ids of the terms whose findings may move with it."""
    hangs = JUDGED_ONLY.get(assumption)
    return frozenset(t.term_id for v in case.agreement.versions for t in v.terms if hangs is None or hangs(t))


def _requires(term: Term) -> bool:
    return term.type == "require"


def _asks_for_each(term: Term) -> bool:
    return term.obligation is not None and bool(term.obligation.for_each)


def _fuses_alike(now: Assumed, was: Assumed) -> bool:
    if now.observations.is_empty():
        return True
    parts = ("beliefs", "priors", "observations", "watches", "sources")
    return all(getattr(now, part) is getattr(was, part) for part in parts)


def _fused(a: Assumed) -> FusionResult:
    return fuse(a.observations, a.watches, priors=a.priors, sources=a.sources, beliefs=a.beliefs)


def _can_matter(assumption: Assumption, case: Case) -> bool:
    """An assumption that nothing of the mission hangs on is not tried, and not told."""
    if assumption in JUDGED_ONLY:
        return bool(_hanging_on(assumption, case))
    looks = case.assumed.watches.filter((pl.col("status") == "watching") & (pl.col("p_detect") > 0)).height > 0
    if assumption in ("trust", "detection", "place") and looks:
        return True
    return case.assumed.observations.height > 0


def _odds(column: str, factor: float) -> pl.Expr:
    return factor * pl.col(column) / (1.0 - pl.col(column) + factor * pl.col(column))


def _believed(belief: Belief, a: Assumed, factor: float) -> Assumed:
    return replace(a, beliefs=bent(a.beliefs, belief, factor))


def _trust(a: Assumed, factor: float) -> Assumed:
    """Of reports by what fusion believes; of watches by what they and their sources state."""
    unstated = a.settings.unstated_p_false
    settings = a.settings.model_copy(update={"unstated_p_false": unstated / (unstated + factor * (1.0 - unstated))})
    return replace(
        _believed("trust", a, factor),
        trusted=a.trusted.with_columns(_odds("p_true", factor)),
        watches=a.watches.with_columns(_odds("p_false", 1.0 / factor)),
        settings=settings,
    )


def _detection(a: Assumed, factor: float) -> Assumed:
    seen = (1.0 - (1.0 - pl.col("p_detect")) ** factor).alias("p_detect")
    return replace(_believed("detection", a, factor), watches=a.watches.with_columns(seen))


def _place(a: Assumed, factor: float) -> Assumed:
    wider = pl.col("sigma_m") * factor
    return replace(
        _believed("place", a, factor),
        observations=a.observations.with_columns(wider),
        sources=a.sources.with_columns(wider),
        trusted=a.trusted.with_columns(wider),
    )


def _rumour(a: Assumed, factor: float) -> Assumed:
    p = a.priors.rumour
    return replace(a, priors=a.priors.model_copy(update={"rumour": factor * p / (1.0 - p + factor * p)}))


def _gate(a: Assumed, factor: float) -> Assumed:
    return replace(a, priors=a.priors.model_copy(update={"gate_sigmas": a.priors.gate_sigmas * factor}))


def _trigger(a: Assumed, factor: float) -> Assumed:
    wider = {"trigger_sigmas": a.settings.trigger_sigmas * factor}
    return replace(a, settings=a.settings.model_copy(update=wider))


def _presumption(a: Assumed, factor: float) -> Assumed:
    p = a.settings.presumed_fulfilled
    moved = {"presumed_fulfilled": factor * p / (1.0 - p + factor * p)}
    return replace(a, settings=a.settings.model_copy(update=moved))


CHANGES: Mapping[Assumption, Callable[[Assumed, float], Assumed]] = {
    "trust": _trust,
    "detection": _detection,
    "place": _place,
    "time": partial(_believed, "time"),
    "kind": partial(_believed, "kind"),
    "repeats": partial(_believed, "repeats"),
    "same_event": partial(_believed, "same_event"),
    "rumour": _rumour,
    "gate": _gate,
    "trigger": _trigger,
    "presumption": _presumption,
}
JUDGED_ONLY: Mapping[Assumption, Callable[[Term], bool]] = {"trigger": _asks_for_each, "presumption": _requires}
"""Need no matching of reports, so they are tried however many there are; with the terms that hang on them."""
