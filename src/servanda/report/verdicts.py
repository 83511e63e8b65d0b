"""The first page: one row per term, a tally, and one sentence."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from servanda.agreement.resolved import Term
from servanda.findings import ANY_PARTY, VERDICTS, Finding, Reason, Verdict
from servanda.report.data import ReportData
from servanda.report.language import Catalogue
from servanda.report.reasons import told

IN_FORCE = "in_force"
POWER_SHORT = "power_short"
"""Code of the reason that says no more than the power beside it."""
MADE_OF, MADE_OF_REPORTED = "made_of", "made_of_reported"
"""Codes of the reasons that say what of a chance is of what was reported, and that all of it is."""
TOLD_LAST: tuple[Verdict, ...] = ("broken", "alleged", "exempt", "kept", "pending", "unverifiable")


@dataclass(frozen=True)
class TermRow:
    """One term: its findings for the whole window, for the reporting day, and for each party."""

    term_id: str
    term: Term | None
    clause: str
    whole: Finding | None
    day: Finding | None
    parties: tuple[tuple[str, Finding], ...]

    @property
    def main(self) -> Finding | None:
        return self.whole or self.day

    @property
    def words(self) -> str:
        """What the term is called: its text, because terms may share a clause; its id where it has no text."""
        return self.term.text if self.term and self.term.text else self.term_id

    @property
    def reference(self) -> str:
        """Where to find it: id and clause."""
        return f"{self.term_id} · {self.clause}" if self.clause else self.term_id

    @property
    def reading(self) -> str:
        return self.term.reading if self.term else ""


def party_name(data: ReportData, party_id: str) -> str:
    """The name in the agreement; its id where the agreement does not know it."""
    if party_id == ANY_PARTY:
        return data.words.say("common.whoever")
    return next((p.name for p in data.agreement.parties if p.party_id == party_id), party_id)


def by_party(findings: Iterable[Finding]) -> dict[str, dict[str, Finding]]:
    """Findings by term and party."""
    out: dict[str, dict[str, Finding]] = {}
    for finding in findings:
        out.setdefault(finding.term_id, {})[finding.party] = finding
    return out


def overall(findings: dict[str, Finding]) -> Finding | None:
    """The finding about the term whoever did it; else the one of highest precedence."""
    if ANY_PARTY in findings:
        return findings[ANY_PARTY]
    ranked = sorted(findings.values(), key=lambda f: (VERDICTS.index(f.verdict), f.party))
    return ranked[0] if ranked else None


def today(data: ReportData) -> list[Finding]:
    """The findings for the reporting day."""
    span = (data.period.t_from, data.period.t_to)
    return [f for f in data.findings if f.period.name != IN_FORCE and (f.period.t_from, f.period.t_to) == span]


def whole(data: ReportData) -> list[Finding]:
    return whole_of(data.findings)


def whole_of(findings: Iterable[Finding]) -> list[Finding]:
    """The findings for the whole window; of two for one term and party, the one that reaches furthest."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        if finding.period.name == IN_FORCE:
            key = (finding.term_id, finding.party)
            if key not in kept or finding.period.t_to >= kept[key].period.t_to:
                kept[key] = finding
    return list(kept.values())


def term_rows(data: ReportData) -> list[TermRow]:
    """One row per term that can be found upon, in the order of the agreement; exemptions are not verdicts."""
    in_force, day = by_party(whole(data)), by_party(today(data))
    terms = data.terms
    extra = sorted((set(in_force) | set(day)) - set(terms))
    rows = []
    for term_id in [*terms, *extra]:
        term = terms.get(term_id)
        mine, now = in_force.get(term_id, {}), day.get(term_id, {})
        if term is not None and term.type == "allow" and not mine and not now:
            continue
        per_party = mine or now
        order = [p.party_id for p in data.agreement.parties]
        named = sorted(
            (p for p in per_party if p != ANY_PARTY), key=lambda p: (order.index(p) if p in order else 99, p)
        )
        main = overall(per_party)
        clause = term.clause if term else main.clause if main else ""
        parties = tuple((party_name(data, p), per_party[p]) for p in named)
        rows.append(TermRow(term_id, term, clause, overall(mine), overall(now), parties))
    return rows


def no_finding(data: ReportData, term_id: str, t_from: datetime, t_to: datetime) -> str:
    """Why a term has no finding for a stretch: it was not in force, or in force and nothing fell due."""
    for version in data.agreement.versions:
        for term in version.terms:
            ends = [t for t in (version.t_to, term.t_to, t_to) if t is not None]
            if term.term_id == term_id and max(version.t_from, term.t_from, t_from) < min(ends):
                return data.words.say("terms.nothing_due")
    return data.words.say("terms.not_in_force")


def reports_only(data: ReportData, finding: Finding) -> str:
    """Words for a chance that is of what was reported alone, because too little was watched; else empty."""
    alone = any(r.code == MADE_OF_REPORTED for r in _flat(finding.reasons))
    return data.words.say("terms.by_reports_alone") if alone else ""


def chance_parts(data: ReportData, finding: Finding) -> str:
    """What of the chance is of what was reported and what of what was not, where the first is not all of it."""
    found = next((r for r in _flat(finding.reasons) if r.code == MADE_OF), None)
    if found is None:
        return ""
    values, percent = dict(found.values), data.figures.percent
    reported, unseen = float(values["reported"] or 0.0), float(values["unseen"] or 0.0)
    if percent(reported) == percent(finding.probability):
        return ""
    return data.words.say("terms.by_reports", reported=percent(reported), unseen=percent(unseen))


def why_unsure(data: ReportData, finding: Finding) -> str:
    """Why silence proves little, where the reasons say so: nobody watched, too few did, or what else was short."""
    flat = list(_flat(finding.reasons))
    if any(r.code == "nobody_looking" for r in flat):
        return data.words.say("terms.nobody_watching")
    unwatched = next((r for r in flat if r.code == "unwatched_kinds"), None)
    # Sources that are not independent of each other are one here.
    watching = sum(r.code == "power_of" for r in flat)
    if unwatched:
        text = told(data.words, unwatched, finding).rstrip(".")
        return text[0].lower() + text[1:]
    if finding.power == 0 and 0 < watching < finding.proof_witnesses:
        return data.words.say("terms.too_few_sources", n=watching, needed=finding.proof_witnesses)
    first = finding.reasons[0] if finding.verdict == "unverifiable" and finding.reasons else None
    if first is None or first.code == POWER_SHORT:
        return ""
    return told(data.words, first, finding, is_duty(data, finding.term_id)).rstrip(".")


def is_duty(data: ReportData, term_id: str) -> bool:
    """Does the term ask for something to be done?"""
    term = data.terms.get(term_id)
    return term is not None and term.type == "require"


def _flat(reasons: Iterable[Reason]) -> Iterator[Reason]:
    for reason in reasons:
        yield reason
        yield from _flat(reason.because)


def exemptions(data: ReportData) -> list[Term]:
    return [t for t in data.terms.values() if t.type == "allow"]


def tally(rows: list[TermRow]) -> list[tuple[Verdict, int]]:
    """How many terms have which verdict, those told last at the end."""
    counts = Counter(r.main.verdict for r in rows if r.main)
    return [(v, counts[v]) for v in TOLD_LAST if counts[v]]


def summary(words: Catalogue, rows: list[TermRow]) -> str:
    """One sentence, made from the verdicts alone; it says that nobody was looking only where power fell short."""
    counts = tally(rows)
    total = sum(n for _, n in counts)
    if not total:
        return words.say("summary.nothing")
    (first, n), *rest = counts
    if n == total:
        parts = [words.say(f"summary.all_{first}", n=total)]
    else:
        parts = [words.say(f"summary.lead_{first}", n=n, total=total)]
        parts += [words.say(f"summary.rest_{v}", n=m) for v, m in rest]
    blind = counts[-1][0] == "unverifiable" and _blind(rows)
    sentence = "summary.sentence_blind" if blind else "summary.sentence"
    return words.say(sentence, parts=words.say("summary.comma").join(parts))


def _blind(rows: list[TermRow]) -> bool:
    """Did every term that cannot be verified lack the power that it asks for?"""
    open_rows = [r for r in rows if r.main and r.main.verdict == "unverifiable"]
    return all(r.term is None or r.main is None or r.main.power < r.term.power for r in open_rows)
