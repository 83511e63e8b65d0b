"""The first page."""

from dataclasses import replace

import pytest

from servanda.findings import ANY_PARTY, Finding, Verdict
from servanda.report import ReportData
from servanda.report.strip import day_strip
from servanda.report.verdicts import TermRow, changes, summary, tally, term_rows

LOOKING = "nobody was looking well enough."


def rows_of(truce: ReportData, verdicts: list[Verdict]) -> list[TermRow]:
    base = truce.findings[0]
    return [TermRow(str(i), None, "", replace(base, verdict=v), None, ()) for i, v in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([], "No term of the agreement was in force, so nothing was found upon."),
        (["kept", "kept"], "All 2 terms kept, and enough was watched to say so."),
        (["unverifiable"], f"The one term cannot be verified: {LOOKING}"),
        (["unverifiable"] * 3, f"None of the 3 terms can be verified: {LOOKING}"),
        (["pending"], "The one term still pending."),
        (["alleged", "kept"], "1 of 2 terms alleged to be broken, 1 kept."),
        (
            ["unverifiable", "broken", "alleged", "broken", "unverifiable", "unverifiable"],
            f"2 of 6 terms broken, 1 alleged, 3 cannot be verified: {LOOKING}",
        ),
    ],
)
def test_one_sentence_from_the_verdicts(truce: ReportData, verdicts: list[Verdict], words: str) -> None:
    assert summary(rows_of(truce, verdicts)) == words


def test_rows_follow_the_agreement_and_name_the_parties(truce: ReportData) -> None:
    rows = term_rows(truce)
    assert [r.term_id for r in rows] == ["no_fire", "no_strikes", "no_advance", "no_heavy", "exchange", "no_denial"]
    assert [name for name, _ in rows[0].parties] == ["Northern Republic", "Південна Рада"]
    assert rows[0].whole is not None
    assert rows[0].whole.party == ANY_PARTY
    assert rows[0].day is not None
    assert rows[0].day.period == truce.period
    assert sum(n for _, n in tally(rows)) == 6


def test_without_a_finding_for_all_the_worst_party_speaks_for_the_term(truce: ReportData) -> None:
    only_parties = tuple(f for f in truce.findings if f.party != ANY_PARTY)
    rows = {r.term_id: r for r in term_rows(replace(truce, findings=only_parties))}
    assert rows["no_strikes"].whole is not None
    assert rows["no_strikes"].whole.party == "south"


def test_a_finding_on_a_term_of_another_version_is_shown_last(truce: ReportData) -> None:
    stray = replace(truce.findings[0], term_id="ended", clause="Art. 9")
    assert term_rows(replace(truce, findings=(*truce.findings, stray)))[-1].clause == "Art. 9"


def test_changes_are_the_verdicts_that_differ(truce: ReportData) -> None:
    found = [(c.term_id, c.party, c.was, c.now.verdict if c.now else None) for c in changes(truce)]
    assert found == [("no_strikes", "any", "alleged", "broken"), ("no_strikes", "south", "alleged", "broken")]


def test_late_evidence_on_an_earlier_day_is_a_change(truce: ReportData) -> None:
    earlier = next(f for f in truce.findings if f.period.name == "day" and f.period != truce.period)
    then: Finding = replace(earlier, verdict="pending", finding_id="old")
    found = changes(replace(truce, previous=(*truce.findings[:10], then)))
    assert [(c.was, c.now) for c in found] == [("pending", earlier)]


def test_a_finding_that_is_no_longer_stated_is_a_change(truce: ReportData) -> None:
    gone = replace(truce.findings[0], term_id="ended")
    found = changes(replace(truce, previous=(*truce.findings, gone)))
    assert [(c.term_id, c.now) for c in found] == [("ended", None)]


def test_the_strip_has_a_mark_per_term_and_day(truce: ReportData) -> None:
    strip = day_strip(truce, term_rows(truce))
    assert len(strip.days) == 2
    marks = {row.term_id: [f.verdict if f else None for f in cells] for row, cells in strip.rows}
    assert marks["no_strikes"] == ["alleged", "broken"]
    assert marks["exchange"] == ["pending", "pending"]
