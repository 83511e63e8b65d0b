"""Incidents, watches and the agreement in; findings out: one per term, party and period."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from servanda.agreement.resolved import Agreement, ZoneBook
from servanda.compliance import exposure, power
from servanda.compliance.answers import Asking, Trigger, ties
from servanda.compliance.chance import any_of, unseen_bound
from servanda.compliance.clock import micros
from servanda.compliance.exposure import Incidents
from servanda.compliance.judge import (
    Judgement,
    any_part,
    chance,
    judge_forbid,
    judge_limit,
    judge_require,
    judge_unasked,
    worst,
)
from servanda.compliance.learned import Parts
from servanda.compliance.power import Power
from servanda.compliance.reasons import explain
from servanda.compliance.segments import Meters, Segment, asks_for_each, counting, learned_from, segments_of
from servanda.compliance.settings import AssessSettings
from servanda.compliance.stretches import Stretch, stretches
from servanda.compliance.tally import chain, interval, ones
from servanda.compliance.weigh import Weighed, join
from servanda.findings import ANY_PARTY, Finding, Interval, Period
from servanda.tables import OBSERVATIONS


@dataclass(frozen=True)
class Assessment:
    """``incident_terms``: incident_id, term_id, probability (that it violates it), exempt_by (allow term)."""

    findings: tuple[Finding, ...]
    incident_terms: pl.DataFrame


@dataclass(frozen=True)
class _Case:
    """All that a finding about one term is made from."""

    segments: tuple[Segment, ...]
    incidents: Incidents
    evidence: "_Evidence"
    as_of: datetime
    days: tuple[Period, ...]
    settings: AssessSettings


class _Evidence:
    """Observation ids by incident, looked up for the few incidents that a finding lists."""

    def __init__(self, membership: pl.DataFrame) -> None:
        ordered = membership.select("incident_id", "observation_id").sort("incident_id", "observation_id")
        self._incidents, self._observations = ordered["incident_id"], ordered["observation_id"]

    def of(self, incident_ids: Sequence[str], most: int) -> list[str]:
        """The first observation ids of these incidents, incident by incident in the order given."""
        wanted = pl.Series(incident_ids, dtype=pl.String)
        low = self._incidents.search_sorted(wanted, side="left").to_list()
        high = self._incidents.search_sorted(wanted, side="right").to_list()
        rows = [i for a, b in zip(low, high, strict=True) for i in range(a, b)]
        return self._observations.gather(rows[:most]).to_list()


def assess(
    agreement: Agreement,
    zones: ZoneBook,
    incidents: pl.DataFrame,
    membership: pl.DataFrame,
    watches: pl.DataFrame,
    sources: pl.DataFrame,
    periods: Sequence[Period],
    as_of: datetime,
    settings: AssessSettings | None = None,
    observations: pl.DataFrame | None = None,
    only: str | None = None,
    meters: Meters | None = None,
    terms: Collection[str] | None = None,
) -> Assessment:
    """Judge every forbid, limit and require term for each party and for the term as a whole (``any``).

    ``observations`` say which incidents come from one record; only terms that ask for each look at them.
    Tables are as in ``tables.py``; ``periods`` are the reporting days and the in-force window; ``as_of`` is
    the moment (UTC) at which nothing later is known; ``only``: find upon periods of this name alone;
    ``meters``: kept by the caller for judgements on the same watches, sources and settings, which then share power;
    ``terms``: judge those with these ids alone.
    Pure: the same input gives the same findings.
    """
    settings = settings or AssessSettings()
    ready = exposure.prepare(incidents, agreement)
    looked = power.prepare(watches, sources, settings)
    evidence = _Evidence(membership)
    seen = OBSERVATIONS.empty() if observations is None else observations
    tied = ties(ready, membership, seen) if asks_for_each(agreement) else None
    meters = meters or Meters()
    days = tuple(p for p in periods if p.name == "day")
    end = max((p.t_to for p in periods), default=agreement.t_from)
    findings: list[Finding] = []
    touched: list[pl.DataFrame] = []
    for versions in segments_of(agreement, zones, ready, looked, settings, micros(end), tied, meters, terms):
        segments = tuple(learned_from(s, ready, days, as_of, settings) for s in versions)
        case = _Case(segments, ready, evidence, as_of, days, settings)
        findings.extend(_findings(case, [p for p in periods if only in (None, p.name)]))
        touched.append(_touched(case))
    return Assessment(tuple(findings), pl.concat([_no_touch(), *touched]))


def _findings(case: _Case, periods: Sequence[Period]) -> list[Finding]:
    out = []
    parties = (ANY_PARTY, *dict.fromkeys(p for s in case.segments for p in s.term.parties))
    for period in periods:
        stretches_by_segment = [
            (s, x)
            for s in case.segments
            for x in stretches(s.term, s.window, period, case.days, s.replaced, s.triggers)
        ]
        stretches_by_segment += _unasked(case, period, bool(stretches_by_segment))
        if not stretches_by_segment:
            continue
        powers: dict[tuple[int, str], Power] = {}
        for party in parties:
            judged = []
            for i, (s, x) in enumerate(stretches_by_segment):
                owner = party if party in s.meters else ANY_PARTY
                if (i, owner) not in powers:
                    powers[i, owner] = _power(s, owner, x, case.as_of)
                if party == ANY_PARTY or party in s.term.parties:
                    judged.append((s, _judge(case, s, x, party, powers[i, owner])))
            if judged:
                out.append(_finding(case, period, party, judged))
    return out


def _unasked(case: _Case, period: Period, asked: bool) -> list[tuple[Segment, Stretch]]:
    """Of a term that asks for each: the time in which more may yet ask, or all of it when nothing has."""
    last = case.segments[-1]
    if last.asking is None or period.name != "in_force" or (asked and case.as_of >= period.t_to):
        return []
    return [(last, Stretch(last.window[0], last.window[1], micros(period.t_to)))]


def _power(segment: Segment, owner: str, stretch: Stretch, as_of: datetime) -> Power:
    high = min(stretch.high, micros(as_of))
    if high <= stretch.low:
        return Power(0.0, (), ())
    if segment.asking and stretch.trigger:
        return segment.asking.power(stretch.trigger, stretch.low, high)
    return segment.meter(owner).over(stretch.low, high)


def _judge(case: _Case, segment: Segment, stretch: Stretch, party: str, found: Power) -> Judgement:
    term, incidents, settings = segment.term, case.incidents, case.settings
    if segment.asking and stretch.trigger is None:
        return judge_unasked(micros(case.as_of) >= stretch.due)
    over = micros(case.as_of) >= stretch.due <= stretch.high
    each_its_own = term.obligation or (term.limit and len(segment.exposures) > 1)
    if each_its_own and party == ANY_PARTY and len(term.parties) > 1:
        each = [_judge(case, segment, stretch, p, found) for p in term.parties]
        verdict = worst([j.verdict for j in each])
        decisive = next(j for j in each if j.verdict == verdict)
        q = np.concatenate([j.sure for j in each])
        possible = np.concatenate([j.possible for j in each])
        if stretch.trigger:  # one act that did not come is one violation, however many parties owed it
            q, possible = q.max(keepdims=True), possible.max(keepdims=True)
        chances = np.array([j.probability for j in each])
        probability = float(chances.max()) if stretch.trigger else any_of(chances)
        parts = any_part([j.parts for j in each])
        known = all(j.known for j in each)
        return replace(
            decisive, probability=probability, sure=q, possible=possible, tallies=None, parts=parts, known=known
        )
    w = counting(term, segment.weigh(incidents, party, stretch.low, stretch.high), incidents)
    within = (stretch.low, min(stretch.high, micros(case.as_of)))
    if segment.asking and stretch.trigger:
        return _judge_answer(segment.asking, w, stretch.trigger, found, over)
    if term.obligation:
        return judge_require(term, w, incidents, found, over, settings)
    if term.limit and term.limit.of == "incidents":
        return judge_limit(term, w, incidents, found, over, settings, segment.learned.get(party), within)
    return judge_forbid(term, w, incidents, found, over, settings, _parts(segment, incidents, party, within))


def _parts(segment: Segment, incidents: Incidents, party: str, within: tuple[int, int]) -> Parts | None:
    """Chances of a ``forbid`` term; where each party has its own zone, the whole is what each does there."""
    owners = (party,) if party in segment.learned else segment.term.parties
    parts = []
    for p in owners:
        if p in segment.learned:
            w = counting(segment.term, segment.weigh(incidents, p, *within), incidents)
            parts.append(segment.learned[p].parts(w.real, w.said, *within))
    return any_part(parts)


def _judge_answer(asks: Asking, w: Weighed, trigger: Trigger, found: Power, over: bool) -> Judgement:
    """One trigger. What nobody followed counts as no violation in the estimate, and as one in its upper end."""
    w = asks.answers(w, trigger)
    j = judge_require(asks.term, w, asks.incidents, found, over, asks.settings, trigger.chance)
    if j.verdict == "unverifiable":
        j = replace(j, probability=0.0, sure=np.zeros(1), known=False)
    rows, weights = np.r_[j.rows, trigger.row], np.r_[j.weights, trigger.chance]
    return replace(j, rows=rows, weights=weights, asked_by=trigger)


def _finding(case: _Case, period: Period, party: str, judged: list[tuple[Segment, Judgement]]) -> Finding:
    judgements = [j for _, j in judged]
    verdict = worst([j.verdict for j in judgements])
    segment, decisive = next((s, j) for s, j in judged if j.verdict == verdict)
    asked = [j for j in judgements if j.asked_by] or judgements
    seen_power = float(np.mean([j.power.power for j in asked]))
    proven = sum(j.seen if segment.term.type != "require" else 0 for j in judgements)
    ids = _weightiest(case, judgements)
    observation_ids = case.evidence.of(ids, case.settings.evidence_limit)
    total = len(np.unique(np.concatenate([j.rows[j.weights > 0] for j in judgements])))
    probability = chance(judgements, case.settings)
    reasons = explain(
        segment.term, verdict, judgements, decisive, case.incidents, party, total, len(ids), probability is not None
    )
    finding = Finding(
        "",
        segment.term.term_id,
        segment.term.clause,
        party,
        period,
        verdict,
        probability,
        _expected(judgements),
        seen_power,
        unseen_bound(proven, seen_power, case.settings.unseen_confidence),
        segment.term.proof.probability,
        segment.term.proof.witnesses,
        segment.version.version,
        reasons,
        tuple(observation_ids),
        tuple(ids),
    )
    return replace(finding, finding_id=finding_id(finding))


def _expected(judgements: list[Judgement]) -> Interval:
    """Mean of what sources name the party for; the upper end counts what nobody is named for as well.

    None where a count is of 'at least so many': no number is too high.
    """
    sure = interval(chain([j.surely for j in judgements]))
    possible = interval(chain([j.possibly for j in judgements]))
    high = None if possible.high is None else max(sure.high or 0.0, possible.high)
    return Interval(sure.mean, sure.low, high)


def _weightiest(case: _Case, judgements: list[Judgement]) -> list[str]:
    """Ids of the incidents that bear on the finding, weightiest first, no more than the limit."""
    rows = np.concatenate([j.rows for j in judgements])
    weights = np.concatenate([j.weights for j in judgements])
    keep = np.flatnonzero(weights > 0)
    order = keep[np.lexsort((rows[keep], -weights[keep]))]
    chosen = list(dict.fromkeys(rows[order].tolist()))[: case.settings.evidence_limit]
    return case.incidents.frame["incident_id"].gather(chosen).to_list() if chosen else []


def finding_id(finding: Finding) -> str:
    """Hash of all that the finding says; what it supersedes is no part of it."""
    content = finding.to_json()
    del content["finding_id"], content["supersedes"]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _no_touch() -> pl.DataFrame:
    schema = {"incident_id": pl.String, "term_id": pl.String, "probability": pl.Float64, "exempt_by": pl.String}
    return pl.DataFrame(schema=schema)


def _asked(triggers: tuple[Trigger, ...]) -> Weighed:
    """What asks bears on a term as well."""
    rows, chance = np.array([t.row for t in triggers], dtype=np.int64), np.array([t.chance for t in triggers])
    one = ones(chance)
    return Weighed(rows, chance, chance, chance, np.full(len(rows), -1), (), one, one, chance, np.ones(len(rows)))


def _touched(case: _Case) -> pl.DataFrame:
    """Which incidents bear on the term at all, over its whole time."""
    parts = []
    for s in case.segments:
        w = s.weigh(case.incidents, ANY_PARTY, *s.window)
        if s.triggers:
            w = join([w, _asked(s.triggers)])
        names = [t.term_id for t in w.exemptions]
        keep = np.maximum(w.possible, w.gross) > 0
        at = w.rows[keep]
        covered = [names[i] if i >= 0 else None for i in w.exempt_by[keep]]
        columns = {
            "incident_id": case.incidents.frame["incident_id"].gather(at),
            "term_id": pl.Series([s.term.term_id] * len(at), dtype=pl.String),
            "probability": pl.Series(w.possible[keep], dtype=pl.Float64),
            "exempt_by": pl.Series(covered, dtype=pl.String),
        }
        parts.append(pl.DataFrame(columns))
    return pl.concat(parts)
