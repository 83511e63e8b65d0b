"""What nobody reported, on the page."""

import json
from dataclasses import replace

import polars as pl

from servanda.compliance.undercount.refusal import Abstained
from servanda.findings import Undercount
from servanda.report import ReportData
from servanda.report.export import findings_json
from servanda.report.incidents import mark
from servanda.report.page import render, view
from servanda.report.pdf.document import document
from servanda.report.public import publishable
from servanda.report.undercounts import undercount_rows

FOUND = Undercount("no_fire", "", "log_linear", 81.0, 120.4, 101.2, 160.0, ("a", "b", "c"), (("a*b", 0.7),))
REFUSED = Abstained("few_lists", lists=2, least=3, relaying=4).reason


def _with(truce: ReportData) -> ReportData:
    return replace(truce, undercounts=(FOUND, Undercount("no_strikes", "2031-04", "effort", 3.0, refused=REFUSED)))


def test_an_estimate_and_a_reason_are_rows_of_words(truce: ReportData) -> None:
    one, other = undercount_rows(_with(truce))
    assert (one.total, one.basis, one.refused) == ("120 (101 to 160)", "3 lists: a, b, c", False)
    assert other.refused and other.basis.startswith(
        "Independent lists that saw such incidents themselves: 2; 3 are needed."
    )


def test_effort_says_whose_watches_and_with_what_chance_as_stated(truce: ReportData) -> None:
    def basis(low: float, high: float) -> str:
        parts = (("least_chance", low), ("most_chance", high))
        effort = Undercount("no_fire", "", "effort", 81.0, 120.4, 101.2, 160.0, ("a", "b"), parts)
        return undercount_rows(replace(truce, undercounts=(effort,)))[0].basis

    assert basis(0.3, 0.9).replace("\u00a0", " ") == (
        "Watches of a, b; an incident is found with a chance of 30 % to 90 %, as stated"
    )
    assert "chance of 30" in basis(0.3, 0.3) and " to " not in basis(0.3, 0.3)


def test_a_stratum_is_named_in_words(truce: ReportData) -> None:
    part = Undercount("no_fire", "2031-04 · explosive · Northland", "effort", 3.0, refused=REFUSED)
    (row,) = undercount_rows(replace(truce, undercounts=(part,)))
    assert row.stratum.startswith("2031-04 · ") and row.stratum.endswith(" · Northland")
    assert " · explosive · " not in row.stratum


def test_findings_json_holds_them(truce: ReportData) -> None:
    held = json.loads(findings_json(publishable(_with(truce))))["undercounts"]
    assert held[0]["estimate"] == 120.4 and held[0]["lists"] == ["a", "b", "c"] and held[0]["refused"] is None
    assert held[1]["estimate"] is None and held[1]["refused"]["code"] == "few_lists"


def test_a_restricted_list_has_no_name(truce: ReportData) -> None:
    sources = truce.sources.head(1).with_columns(source_id=pl.lit("quiet-post"), witness_group=pl.lit("b"))
    watched = truce.observations.head(1).with_columns(source_id=pl.lit("quiet-post"), access=pl.lit("restricted"))
    hidden = replace(
        _with(truce), sources=pl.concat([truce.sources, sources]), observations=pl.concat([truce.observations, watched])
    )
    found = publishable(hidden).undercounts[0]
    assert "b" not in found.lists and len(found.lists) == 3 and found.parts == ()


def test_the_page_shows_them_in_both_forms(truce: ReportData) -> None:
    data = publishable(_with(truce))
    html, markdown = render(view(data, mark(data)))
    for text in (html, markdown):
        assert "120 (101 to 160)" in text and "What nobody reported" in text and "3 are needed" in text
    assert "What nobody reported" not in render(view(truce, mark(truce)))[1]


def test_terms_with_the_same_answer_share_a_row(truce: ReportData) -> None:
    same = [Undercount(term, "", "log_linear", seen, refused=REFUSED) for term, seen in (("a", 3.0), ("b", 0.5))]
    counted = Undercount("c", "", "log_linear", 0.0, refused=Abstained("counted", counted=9).reason)
    rows = undercount_rows(replace(truce, undercounts=(same[0], FOUND, same[1], counted)))
    assert [r.term_ids for r in rows] == [("a", "b"), ("no_fire",), ("c",)]
    assert [r.seen for r in rows] == ["0.5–3", "81", "—"]


def test_they_are_on_paper_too(truce: ReportData) -> None:
    data = publishable(_with(truce))
    assert "120 (101 to 160)" in str(document(view(data, mark(data))))
