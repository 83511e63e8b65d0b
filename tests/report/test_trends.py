"""The sentence of a trend says what its interval allows, in every language, and its drawing shows what it rests on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from servanda.findings import Interval, Trend, TrendChange, TrendPoint
from servanda.report import ReportData
from servanda.report.trends import sentence, trend_views

START = datetime(2031, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HELD = (("count", 6.0), ("count_before", 90.0), ("days", 7.0), ("days_before", 28.0), ("effort", 0.5))
MORE = (("dispersion", 0.3), ("correlation", 0.4))


def trend(said: str, ratio: Interval, basis: str = "watches") -> Trend:
    points = tuple(
        TrendPoint(START + DAY * i, START + DAY * (i + 1), float(i % 4), 1.0, i == 3, Interval(2.0, 1.0, 3.0))
        for i in range(35)
    )
    change = TrendChange(START + DAY * 28, START + DAY * 26, START + DAY * 29, 0.97, 3.2, 0.9)
    window = (START + DAY * 28, START + DAY * 35)
    return Trend(
        "Shots <b>heard</b>", "starts", "posts", (), *window, START, window[0], basis, said, ratio, HELD + MORE, points,
        (change,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "ratio", "words"),
    [
        ("fell", Interval(0.15, 0.09, 0.22), "Fell by 85 % (95 % interval: 78–91 %)."),
        ("no_change", Interval(1.04, 0.8, 1.35), "No change can be told (−20 % to +35 %)."),
        ("effort_unknown", Interval(None, None, None), "Cannot be compared: effort unknown."),
        ("rose", Interval(1.5, 1.2, 1.9), "Rose by 50 % (95 % interval: 20 %–90 %)."),
        ("rose_times", Interval(13.4, 8.7, 20.7), "Rose to 13 times as many (95 % interval: 8.7–21 times)."),
        ("fell_to_none", Interval(0.0, None, 0.4), "None in the window: a fall of at least 60 %."),
        (
            "reports",
            Interval(0.15, 0.09, 0.22),
            "Effort not stated: this compares reports, not what happened. Reports in the window over those before it, "
            "for the same time: 0.15 (0.09–0.22).",
        ),
    ],
)
def test_sentence(truce: ReportData, said: str, ratio: Interval, words: str) -> None:
    code = "rose" if said == "rose_times" else said
    assert words in sentence(truce, trend(code, ratio)).replace("\u00a0", " ")


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
@pytest.mark.parametrize(
    "said",
    ["fell", "rose", "fell_to_none", "rose_from_none", "no_change", "open", "effort_unknown", "before_too_short",
     "window_too_short", "too_few", "reports"],
)  # fmt: skip
def test_every_sentence_in_every_language(truce: ReportData, said: str, language: str) -> None:
    spoken = replace(truce, languages=(language,), trends=(trend(said, Interval(0.5, 0.2, 0.9)),))
    view = trend_views(spoken)[0]
    assert "{" not in view.said + "".join(view.sentences)
    assert view.sure == (said in ("fell", "rose", "fell_to_none", "rose_from_none"))
    drawn = str(view.picture)
    assert "<b>" not in drawn
    # A dashed line for the change, a triangle for the count of at least so many.
    assert drawn.count("stroke-dasharray") == 1
    assert drawn.count("<polygon") == 1


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_no_covered_day_is_not_told_as_only_0_days(truce: ReportData, language: str) -> None:
    bare = replace(trend("before_too_short", Interval(None, None, None)), values=(("days_before", 0.0), ("days", 3.0)))
    data = replace(truce, language=language)
    assert sentence(data, bare) == data.words.say("trend.before_uncovered")
    some = replace(bare, values=(("days_before", 2.0), ("days", 3.0)))
    assert sentence(data, some) == data.words.say("trend.before_too_short", days_before="2", days="3")
    late = replace(bare, said="window_too_short", values=(("days_before", 9.0), ("days", 0.0)))
    assert sentence(data, late) == data.words.say("trend.window_uncovered")


def test_a_drawing_of_several_years_names_each_once(truce: ReportData) -> None:
    short = trend("fell", Interval(0.15, 0.09, 0.22))
    years = replace(short, before_from=START - 650 * DAY)
    [plain], [long] = (trend_views(replace(truce, trends=(t,))) for t in (short, years))
    assert ">2031</text>" not in str(plain.picture)
    assert [str(long.picture).count(f">{y}</text>") for y in (2029, 2030, 2031)] == [1, 1, 1]


def test_part_of_a_report_is_not_told_as_one_that_nobody_looked_for(truce: ReportData) -> None:
    def said(unwatched: float) -> str:
        plain = trend("fell", Interval(0.15, 0.09, 0.22))
        held = replace(plain, values=(*plain.values, ("unwatched_count", unwatched)))
        return " ".join(trend_views(replace(truce, trends=(held,)))[0].sentences)

    assert "nobody is known to have been looking" in said(2.0)
    assert "nobody is known to have been looking" not in said(0.3)
