"""What changed since the last report."""

from dataclasses import replace
from pathlib import Path

import pytest

from servanda.findings import ANY_PARTY, Finding
from servanda.report import ReportData, write
from servanda.report.changes import TermChange, changes
from servanda.report.verdicts import term_rows


def changed(data: ReportData) -> list[TermChange]:
    return changes(data, term_rows(data))


def of(data: ReportData, term: str, party: str, name: str) -> Finding:
    return next(f for f in data.findings if (f.term_id, f.party, f.period.name) == (term, party, name))


def test_one_row_per_term_with_the_parties_that_differ(truce: ReportData) -> None:
    (only,) = changed(truce)
    assert only.row.term_id == "no_strikes"
    assert (only.whole.was, only.whole.now and only.whole.now.verdict) == ("alleged", "broken")
    # North was alleged and still is, so it differs; South went the way of the term.
    parties = [(name, s.was, s.now and s.now.verdict, s.moved) for name, s in only.parties]
    assert parties == [("Northern Republic", "alleged", "alleged", False)]
    assert only.days == ()
    assert only.new_incidents == 7


def test_a_change_of_one_party_alone_is_a_change_of_the_term(truce: ReportData) -> None:
    before = tuple(
        replace(f, verdict="kept") if (f.term_id, f.party) == ("no_fire", "south") else f for f in truce.previous
    )
    rows = {c.row.term_id: c for c in changed(replace(truce, previous=before))}
    assert not rows["no_fire"].whole.moved
    assert [(name, s.was, s.moved) for name, s in rows["no_fire"].parties] == [("Південна Рада", "kept", True)]


def test_a_revised_day_is_named_once_in_the_row_of_its_term(truce: ReportData) -> None:
    earlier = [f for f in truce.findings if f.period.name == "day" and f.period != truce.period]
    mine = [f for f in earlier if f.term_id == "no_fire"]
    then = tuple(replace(f, verdict="pending", finding_id=f.finding_id + "-old") for f in mine)
    (row,) = changed(replace(truce, previous=(*truce.findings[:10], *then)))
    assert not row.whole.moved
    assert [(period, party, s.was, s.now) for period, party, s in row.days] == [
        (mine[0].period, "", "pending", next(f for f in mine if f.party == ANY_PARTY))
    ]


def test_a_term_that_is_no_longer_stated_is_a_change(truce: ReportData) -> None:
    gone = replace(truce.findings[0], term_id="ended", clause="Art. 9")
    row = changed(replace(truce, previous=(*truce.findings, gone)))[-1]
    assert (row.row.words, row.row.clause, row.whole.was, row.whole.now) == ("ended", "Art. 9", "broken", None)


def test_the_same_findings_twice_are_no_change(truce: ReportData) -> None:
    assert changed(replace(truce, previous=truce.findings)) == []


@pytest.mark.parametrize("most", [1, 10])
def test_the_list_is_short_and_counts_what_it_leaves_out(truce: ReportData, tmp_path: Path, most: int) -> None:
    before = tuple(replace(f, verdict="pending") for f in truce.previous)
    settings = replace(truce.settings, changes=most)
    paths = write(replace(truce, previous=before, settings=settings), tmp_path)
    html = paths[0].read_text("utf-8")
    section = html[html.index('<section id="changes"') : html.index('<section id="timeline"')]
    assert section.count("<tr>") == 1 + min(most, 6)
    left = "5\u00a0further terms with changes in"
    assert (left in section) == (most == 1)
    assert (left in paths[1].read_text("utf-8")) == (most == 1)


def test_revised_days_link_to_their_findings(truce: ReportData, tmp_path: Path) -> None:
    earlier = next(f for f in truce.findings if f.period.name == "day" and f.period != truce.period)
    then = replace(earlier, verdict="pending", finding_id="old")
    html = write(replace(truce, previous=(*truce.findings[:10], then)), tmp_path)[0].read_text("utf-8")
    assert f'href="#f-{earlier.finding_id}"' in html
    assert f'id="f-{earlier.finding_id}"' in html
