"""What each source contributed, in words; learned numbers with their range, stated ones called so; no hidden names."""

from dataclasses import replace

import polars as pl
import pytest

from servanda.findings import Sensitivity, Trial
from servanda.report import ReportData
from servanda.report.assumptions import assumption_rows
from servanda.report.contributions import contribution_rows, in_tens, notes
from servanda.report.data import CONTRIBUTIONS, QUALITIES
from servanda.report.incidents import mark
from servanda.report.language import catalogue
from servanda.report.page import render, view
from servanda.report.pdf.document import document
from servanda.report.public import publishable
from servanda.report.verdicts import term_rows

ENGLISH = catalogue("en")


@pytest.mark.parametrize(
    ("p", "low", "high", "said"),
    [
        (0.61, 0.52, 0.69, "about 6 in 10, 5 to 7"),
        (0.61, 0.59, 0.62, "about 61 in 100, 59 to 62"),
        (0.84, 0.83, 0.86, "about 84 in 100, 83 to 86"),
        (0.61, None, None, "about 6 in 10"),
        (0.95, None, None, "about 95 in 100"),
        (0.97, 0.9, 0.99, "about 97 in 100, 90 to 99"),
        (0.02, 0.0, 0.08, "about 2 in 100, 0 to 8"),
        (0.001, 0.0, 0.05, "fewer than 1 in 100, at most 5"),
        (0.001, 0.0, 0.002, "fewer than 1 in 100"),
    ],
)
def test_shares_are_told_in_tens_with_their_range(p: float, low: float | None, high: float | None, said: str) -> None:
    assert in_tens(ENGLISH, p, low, high) == said


def frame() -> pl.DataFrame:
    row = {"period": 3, "since": 40, "incidents": 30, "shared": 12, "alone": 18, "stated": 0.85, "matches": 12.0}
    learned = dict(zip(QUALITIES, (0.9, 0.6, 1500.0, 2.0, 0.1, 0.2), strict=True))
    ends = {f"{n}{e}": v * f for n, v in learned.items() for e, f in (("_low", 0.8), ("_high", 1.1))}
    rows = [{"source_id": "patrols", **row, **learned, **ends}]
    rows += [{"source_id": "press", **row, "matches": 0.0, "unlearned": "no_match"}]
    rows += [{"source_id": "wire", **row, "copies": 7, "unlearned": "one_group"}]
    return pl.DataFrame(rows, schema=CONTRIBUTIONS)


def test_learned_and_stated_are_told_apart(truce: ReportData) -> None:
    data = replace(truce, contributions=frame())
    patrols, press, wire = contribution_rows(data)
    assert patrols.learned[1:4] == (
        "about 6 in 10, 5 to 7",
        "about 1.5\u00a0km, 1.2\u00a0km to 1.7\u00a0km",
        "about 2\u00a0h, 1.6\u00a0h to 2.2\u00a0h",
    )
    assert press.learned == ()
    assert (press.counts[-1], wire.counts[-1]) == (0, 7)
    assert notes(data) == [
        "As stated, not learned, because there is no independent source to compare with: wire.",
        "As stated, not learned, because independent sources told too few of the same incidents: press.",
    ]


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_every_page_has_both_sections(truce: ReportData, language: str) -> None:
    trials = (Trial("trust", 0.5, "alleged", 0.1, 0.2), Trial("place", 3.0, "broken", 0.9, 0.9))
    findings = tuple(
        replace(f, sensitivity=Sensitivity(trials, ("gate",), 9)) if f.period.name == "in_force" else f
        for f in truce.findings
    )
    data = replace(truce, contributions=frame(), findings=findings, languages=(language,))
    html, markdown = render(view(data, mark(data)))
    words = catalogue(language)
    for key in ("sources.title", "sources.learned_title", "assumptions.title", "assumptions.gate", "assumptions.trust"):
        assert words.say(key) in html
        assert words.say(key).replace("’", "’") in markdown
    assert words.say("assumptions.title") in str(document(view(data, mark(data))))


def test_restricted_sources_are_not_named(truce: ReportData) -> None:
    hidden = truce.observations["source_id"][0]
    sealed = pl.when(pl.col("source_id") == hidden).then(pl.lit("sealed")).otherwise("access").alias("access")
    told = frame().with_columns(pl.lit(hidden).alias("source_id"))
    data = replace(truce, observations=truce.observations.with_columns(sealed), contributions=told)
    assert publishable(data).contributions.is_empty()


def test_parties_alike_are_told_in_one_line(truce: ReportData) -> None:
    moved = Sensitivity((Trial("trust", 0.5, "alleged", 0.1, 0.2),), (), 9)
    findings = tuple(
        replace(f, verdict="broken", sensitivity=moved) if f.period.name == "in_force" else f for f in truce.findings
    )
    data = replace(truce, findings=findings)
    lines = assumption_rows(data, term_rows(data))[0].lines
    assert lines == (
        "Changes to alleged if trust in reports is halved.",
        "The same for Northern Republic, Південна Рада.",
    )


def test_what_the_mission_notes_of_a_source_is_quoted(truce: ReportData) -> None:
    data = replace(truce, contributions=frame(), source_notes={"wire": "Follows press.", "nobody": "Not shown."})
    assert notes(data)[0] == "wire: Follows press."
    assert not any("Not shown" in n for n in notes(data))


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_a_source_that_makes_no_incidents_is_told_so(truce: ReportData, language: str) -> None:
    trends_only = frame().with_columns(unlearned=pl.lit("no_incident"))
    data = replace(truce, contributions=trends_only, language=language)
    assert notes(data) == [data.words.say("sources.no_incident", n=3, sources="patrols, press, wire")]
    assert notes(data)[0] in render(view(data, mark(data)))[0]
