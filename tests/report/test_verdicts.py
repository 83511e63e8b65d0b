"""The first page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from servanda.findings import ANY_PARTY, Finding, Reason, Sensitivity, Trial, Verdict
from servanda.report import ReportData
from servanda.report.assumptions import assumption_rows
from servanda.report.incidents import mark
from servanda.report.page import render, view
from servanda.report.pdf.middle import timeline
from servanda.report.strip import day_strip
from servanda.report.verdicts import (
    TermRow,
    chance_parts,
    no_finding,
    reports_only,
    summary,
    tally,
    term_rows,
    why_unsure,
)

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
    assert summary(truce.words, rows_of(truce, verdicts)) == words


def test_the_sentence_blames_the_watch_only_where_power_fell_short(truce: ReportData) -> None:
    rows = term_rows(truce)
    assert summary(truce.words, rows).endswith(f"3 cannot be verified: {LOOKING}")
    seen = [replace(r, whole=replace(r.whole, power=0.9)) if r.whole and r.term_id == "no_heavy" else r for r in rows]
    assert summary(truce.words, seen).endswith("3 cannot be verified.")


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


def test_a_term_is_called_by_its_text_and_its_clause_is_a_reference(truce: ReportData) -> None:
    row = term_rows(truce)[3]
    assert row.words == "No heavy weapons near the line."
    assert row.reference == "no_heavy · Art. 3 (1)"
    assert row.reading == "15 km on both sides"
    bare = TermRow("x", None, "Art. 9", None, None, ())
    assert (bare.words, bare.reading) == ("x", "")


def reason(code: str, text: str = "", *because: Reason) -> Reason:
    return Reason(code, text, (), because)


@pytest.mark.parametrize(
    ("power", "verdict", "reasons", "words"),
    [
        (0.0, "unverifiable", (reason("power", "", reason("nobody_looking")),), "nobody was watching"),
        (
            0.3,
            "pending",
            (reason("power", "", reason("power_of"), reason("unwatched_kinds", "Nobody watched for: raid.")),),
            "nobody watched for: raid",
        ),
        (0.0, "alleged", (reason("power", "", reason("power_of")),), "1\u00a0source watched, proof needs 2"),
        (0.9, "unverifiable", (reason("limit_headroom_short", "Too near the limit."),), "Too near the limit"),
        (0.5, "unverifiable", (reason("power_short", "Nobody was looking."), reason("power")), ""),
        (0.9, "broken", (reason("proof_met", "Proven."),), ""),
    ],
)
def test_why_silence_proves_little_is_taken_from_the_reasons(
    truce: ReportData, power: float, verdict: Verdict, reasons: tuple[Reason, ...], words: str
) -> None:
    found = replace(truce.findings[0], power=power, verdict=verdict, reasons=reasons)
    assert why_unsure(truce, found) == words


def test_the_strip_has_a_mark_per_term_and_day(truce: ReportData) -> None:
    strip = day_strip(truce, term_rows(truce))
    assert len(strip.days) == 2
    marks = {row.term_id: [f.verdict if f else None for f in cells] for row, cells in strip.rows}
    assert marks["no_strikes"] == ["alleged", "broken"]
    assert marks["exchange"] == ["pending", "pending"]


def test_a_day_without_a_finding_says_whether_anything_was_asked(truce: ReportData) -> None:
    day, later = truce.period, truce.agreement.t_to
    assert later is not None
    assert no_finding(truce, "exchange", day.t_from, day.t_to) == "nothing fell due"
    assert no_finding(truce, "exchange", later, later + timedelta(days=1)) == "not in force"
    assert no_finding(truce, "of another agreement", day.t_from, day.t_to) == "not in force"


def test_a_chance_says_what_of_it_is_of_reports(truce: ReportData) -> None:
    def made(code: str, chance: float, reported: float, unseen: float | None) -> Finding:
        values = (("chance", chance), ("reported", reported), ("unseen", unseen))
        return replace(truce.findings[0], probability=chance, reasons=(Reason(code, "", values),))

    plain, partly = made("made_of", 0.3, 0.3, 0.001), made("made_of", 0.92, 0.0, 0.92)
    alone = made("made_of_reported", 0.09, 0.09, None)
    assert [chance_parts(truce, f) for f in (plain, alone)] == ["", ""]
    assert chance_parts(truce, partly).replace("\u00a0", " ") == "reported: < 1 %; unreported: 92 %"
    assert [reports_only(truce, f) for f in (plain, partly, alone)] == ["", "", "reports only"]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "not known"), ("fr", "inconnue"), ("uk", "невідомо"), ("ru", "неизвестно")]
)
def test_a_chance_that_nobody_knows_is_told_as_no_number(truce: ReportData, language: str, words: str) -> None:
    unknown = tuple(
        replace(f, probability=None, sensitivity=Sensitivity((Trial("trust", 2.0, f.verdict, None, f.power),)))
        for f in truce.findings
    )
    data = replace(truce, findings=unknown, language=language)
    html, markdown = render(view(data, mark(data)))
    rows = term_rows(data)
    assert markdown.count(words) == 3 * len(rows)
    assert html.count(words) >= 3 * len(rows)
    assert [t.ranges.count(words) for t in assumption_rows(data, rows)] == [1] * len(rows)


def test_two_readings_of_one_text_are_told_apart_in_every_table(truce: ReportData) -> None:
    version = truce.agreement.versions[0]
    held = {"no_fire": "wide: all of it", "no_strikes": "narrow: part of it"}
    terms = tuple(replace(t, text="All is quiet.", reading=held.get(t.term_id, "")) for t in version.terms)
    agreement = replace(truce.agreement, versions=(replace(version, terms=terms), *truce.agreement.versions[1:]))
    data = replace(truce, agreement=agreement)
    seen = view(data, mark(data))
    html, printed = render(seen)[0], str(timeline(data, seen))
    strip = html[html.index('<table class="strip">') :]
    strip = strip[: strip.index("</table>")]
    assert [strip.count(reading) for reading in held.values()] == [1, 1]
    assert [printed.count(reading) for reading in held.values()] == [1, 1]


def test_power_stands_below_the_verdict_of_each_day(truce: ReportData) -> None:
    data = replace(truce, findings=tuple(replace(f, power=0.37) for f in truce.findings))
    html, markdown = render(view(data, mark(data)))
    strip = html[html.index('<table class="strip">') :]
    assert strip[: strip.index("</table>")].count("37\u00a0%") == sum(
        f is not None for _, cells in day_strip(data, term_rows(data)).rows for f in cells
    )
    assert "Verdict and power by day" in markdown
