"""What changed since the last report: one row per term."""

from collections.abc import Iterable
from dataclasses import dataclass

from servanda.findings import ANY_PARTY, Finding, Period, Verdict
from servanda.report.data import ReportData
from servanda.report.verdicts import IN_FORCE, TermRow, by_party, overall, party_name, whole_of

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Step:
    """From one verdict to another. ``was`` None: not yet found upon; ``now`` None: no longer stated."""

    was: Verdict | None
    now: Finding | None

    @property
    def moved(self) -> bool:
        return self.was != (self.now.verdict if self.now else None)


@dataclass(frozen=True)
class TermChange:
    """What is said of one term now and was not said in the last report.

    ``whole``: the whole window, whoever did it. ``parties``: those whose verdict, or its change, differs from
    that. ``days``: earlier days that were revised, each with the party when only a party's verdict was.
    """

    row: TermRow
    whole: Step
    parties: tuple[tuple[str, Step], ...]
    days: tuple[tuple[Period, str, Step], ...]
    new_incidents: int


def changes(data: ReportData, rows: list[TermRow]) -> list[TermChange]:
    """The terms of which a verdict differs from the last report, in the order of the agreement."""
    now, before = by_party(whole_of(data.findings)), by_party(whole_of(data.previous))
    gone = sorted({f.term_id for f in data.previous} - {r.term_id for r in rows})
    clauses = {f.term_id: f.clause for f in data.previous}
    every = [*rows, *(TermRow(t, data.terms.get(t), clauses[t], None, None, ()) for t in gone)]
    found = (_of_term(data, row, now.get(row.term_id, {}), before.get(row.term_id, {})) for row in every)
    return [change for change in found if change is not None]


def revised(found: Iterable[TermChange]) -> tuple[Finding, ...]:
    """The findings on earlier days that these changes name."""
    return tuple(step.now for change in found for _, _, step in change.days if step.now)


def _of_term(data: ReportData, row: TermRow, now: dict[str, Finding], before: dict[str, Finding]) -> TermChange | None:
    new, old = overall(now), overall(before)
    whole = _step(old, new)
    named = sorted((now.keys() | before.keys()) - {ANY_PARTY})
    steps = [(p, _step(before.get(p), now.get(p))) for p in named]
    days = _days(data, row.term_id)
    if not (whole.moved or days or any(s.moved for _, s in steps)):
        return None
    said = (whole.was, new.verdict if new else None)
    unlike = tuple((party_name(data, p), s) for p, s in steps if (s.was, s.now.verdict if s.now else None) != said)
    fresh = len(set(new.incident_ids) - set(old.incident_ids if old else ())) if new else 0
    return TermChange(row, whole, unlike, days, fresh)


def _step(old: Finding | None, new: Finding | None) -> Step:
    return Step(old.verdict if old else None, new)


def _days(data: ReportData, term_id: str) -> tuple[tuple[Period, str, Step], ...]:
    """Per earlier day of which something was said before and is said otherwise now: the term's step, or a party's."""
    now, before = _daily(data.findings, term_id), _daily(data.previous, term_id)
    steps: dict[Key, tuple[Period, str, Step]] = {}
    # Whoever did it comes first, so that it speaks for its day.
    for key in sorted(before, key=lambda k: (k[2], k[1] != ANY_PARTY, k[1])):
        step = _step(before[key], now.get(key))
        day = (key[0], "", key[2], key[3])
        if step.moved and day not in steps:
            party = "" if key[1] == ANY_PARTY else party_name(data, key[1])
            steps[day] = (before[key].period, party, step)
    return tuple(steps.values())


def _daily(findings: Iterable[Finding], term_id: str) -> dict[Key, Finding]:
    return {f.key: f for f in findings if f.term_id == term_id and f.period.name != IN_FORCE}
