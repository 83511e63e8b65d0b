"""The effort page: hours looked by zone and kind, what was lost to which cause, in words and tables."""

from dataclasses import replace

import polars as pl
import pytest
from tests.report.conftest import build

from servanda.report import ReportData
from servanda.report.data import EFFORT, LOOKED
from servanda.report.effort import effort_rows
from servanda.report.incidents import mark
from servanda.report.looked import by_source, gaps, heats, told
from servanda.report.page import render, view
from servanda.report.pdf.first import behind
from servanda.report.public import publishable

ROWS = [
    ("sea", "naval_fire", None, "watching", 17.0), ("sea", "naval_fire", None, "jammed", 20.0),
    ("sea", "naval_fire", None, "nobody", 11.0), ("sea", "naval_fire", "radar", "watching", 17.0),
    ("sea", "naval_fire", "insider", "watching", 3.0),
    ("land", "artillery", None, "watching", 48.0), ("land", "artillery", None, "nobody", 0.0),
    ("land", "artillery", "patrols", "watching", 30.0), ("land", "artillery", "drones", "watching", 30.0),
    ("land", "raid", None, "watching", 48.0), ("land", "raid", None, "nobody", 0.0),
    ("land", "fortification", None, "nobody", 48.0),
    (None, "consultation", None, "nobody", 48.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def truce() -> ReportData:
    rows = [(which, *r, 48.0 if which == "period" else 480.0) for which in ("period", "since") for r in ROWS]
    names = list(LOOKED)
    order = ["which", "zone", "kind", "source_id", "status", "hours", "of_hours"]
    assert names == order
    return replace(build(), looked=pl.DataFrame(rows, schema=LOOKED, orient="row"))


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_what_nobody_looked_at_is_said_with_its_causes_the_worst_first(truce: ReportData) -> None:
    assert [plain(told(truce, g)) for g in gaps(truce)] == [
        "Nobody looked for fortification in “land” in all 48 hours.",
        "Nobody looked at all zones in all 48 hours.",
        "Nobody looked at “sea” for 31 of 48 hours. Of these, jammed: 20 h; no watch stated: 11 h.",
    ]


def test_kinds_looked_for_alike_share_a_row_and_what_no_term_asks_is_no_zero(truce: ReportData) -> None:
    (heat,) = heats(truce)
    assert heat.columns == ("sea", "land", "all zones")
    rows = dict(heat.rows)
    assert list(rows) == ["Naval fire", "Artillery, Raid", "Fortification", "Consultation"]
    assert rows["Artillery, Raid"][0] is None
    now, since = rows["Naval fire"][0] or (None, None)
    assert now and since
    assert (now.hours, now.of_hours, round(now.share, 2), now.tint) == (17.0, 48.0, 0.35, 2)
    assert since.share == pytest.approx(17 / 480)
    assert rows["Fortification"][1][0].tint == 0  # type: ignore[index]


def test_sources_are_added_up_and_taken_together(truce: ReportData) -> None:
    rows = dict(by_source(truce)[0].rows)
    land = [rows[n][1][0].hours for n in ("patrols", "drones", "Added up", "Together; two at once are one hour")]  # type: ignore[index]
    assert land == [30.0, 30.0, 60.0, 48.0]
    assert rows["Added up"][1][0].is_sum, "a sum is no share of the time"  # type: ignore[index]
    assert rows["radar"][1] is None, "it never looked there"


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_behind_the_day_only_sources_that_watched_are_counted(truce: ReportData, language: str) -> None:
    rows = [
        ("period", "a", "raid", "watching", 5.0, None), ("previous", "b", "raid", "watching", 5.0, None),
        ("period", "b", "raid", "offline", 9.0, "no data"), ("since", "c", "raid", "watching", 5.0, None),
    ]  # fmt: skip
    data = replace(truce, effort=pl.DataFrame(rows, schema=EFFORT, orient="row"), language=language)
    html, markdown = render(view(data, mark(data)))
    one, three = (data.words.say("common.sources", n=n) for n in (1, 3))
    said = behind(data, view(data, mark(data)))
    paragraph = html[html.index('<p class="behind">') :]
    line = next(x for x in markdown.splitlines() if data.words.say("common.rows", n=data.quarantine.height) in x)
    for said_there in (paragraph[: paragraph.index("</p>")], line, said):
        assert one in said_there
        assert three not in said_there


def test_more_zones_than_fit_side_by_side_come_below(truce: ReportData) -> None:
    narrow = replace(truce, settings=replace(truce.settings, effort_zones=2))
    assert [h.columns for h in heats(narrow)] == [("sea", "land"), ("all zones",)]


def test_both_pages_say_it(truce: ReportData) -> None:
    html, markdown = (plain(t) for t in render(view(truce, mark(truce))))
    for page in (html, markdown):
        assert "Nobody looked at “sea” for 31 of 48 hours." in page
        assert "17 h · 35 %" in page
    assert 'class="r t0"' in html and 'class="r t2"' in html
    assert "| Artillery, Raid | — | 48 h · 100 %" in markdown


def test_where_somebody_always_looked_that_is_said(truce: ReportData) -> None:
    held = truce.looked.filter((pl.col("zone") == "land") & (pl.col("kind") == "artillery"))
    names = view(replace(truce, looked=held), mark(truce))
    assert names["gaps"] == []
    html, _ = render(names)
    assert "Somebody looked at every zone" in html


def test_hours_of_a_source_that_is_not_named_are_not_told_apart(truce: ReportData) -> None:
    open_ = publishable(truce)
    assert "insider" in truce.looked["source_id"].to_list()
    assert "insider" not in open_.looked["source_id"].to_list()
    assert open_.looked.filter(pl.col("source_id").is_null()).height == truce.looked["source_id"].null_count()


def test_a_source_states_what_it_lost_to_which_cause_since_the_start(truce: ReportData) -> None:
    more = pl.DataFrame(
        [("since", "drones", "explosive", s, h, None) for s, h in (("strike", 5.0), ("watching", 40.0), ("dark", 7.0))],
        schema=EFFORT, orient="row",
    )  # fmt: skip
    data = replace(truce, effort=pl.concat([truce.effort, more]))
    (drones,) = (r for r in effort_rows(data) if r.source_id == "drones")
    assert (drones.since_h, drones.since_lost_h) == (40.0, (("dark", 7.0), ("strike", 5.0)))
    assert drones.lost_h == (("jammed", 9.0), ("offline", 8.0))
    html, _ = render(view(data, mark(data)))
    assert "too dark" in html and "people stopped work" in html


@pytest.mark.parametrize("language", ["uk", "ru", "fr"])
def test_every_language_says_it_whole(truce: ReportData, language: str) -> None:
    data = replace(truce, languages=(language,))
    said = [told(data, g) for g in gaps(data)]
    assert len(said) == 3
    assert not any("Nobody" in s or "{" in s for s in said)
