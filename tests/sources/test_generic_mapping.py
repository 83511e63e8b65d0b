"""Tables that other people keep: values in the wrong column, categories by pattern, a date that only a title has."""

import csv
import gzip
import io
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.sources.conftest import (
    assert_rows_decide_alone,
    context,
    csv_text,
    data,
    file_payload,
    flags,
    payload,
    real_data,
)

from servanda.sources.base import Reading
from servanda.sources.generic import SOURCE

HEADER = "entry,date,event_group,title,lat,lon,province,arms,violence"
ROWS = [
    "N1,2031-02-17,Bombing or Explosion,17/02/2031 Blast near the mill,45.1,10.1,North,,2",
    "N2,,Bombing or Explosion,18/02/2031 Blast near the ford,45.2,10.2,Nroth,9X1,GRAPHIC",
    "N3,2031-02-19,Housing Damage March 2031,19/02/2031 Roof gone,45.3,10.3,,,1",
    "N4,2031-02-20,Other,20/02/2031 Smoke,45.4,10.4,,,1",
]
MAPPING: dict[str, Any] = {
    "columns": {"date": "t_start", "event_group": "kind", "title": "text"},
    "kind_patterns": {"(?i)bombing|explosion": "explosive", "Damage": "damage"},
    "default_kind": "unclassified",
    "time_formats": ["%d/%m/%Y"],
    "time_zone": "Europe/Paris",
    "ignored": ["entry", "province", "arms", "violence"],
}
FROM_TITLE: dict[str, Any] = {"fallback": {"t_start": {"column": "title", "pattern": r"^(\d{1,2}/\d{1,2}/\d{4})"}}}


def read(*rows: str, header: str = HEADER, **settings: Any) -> Reading:
    return SOURCE.read(payload(csv_text(header, rows)), context(SOURCE, **settings))


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE, **MAPPING, **FROM_TITLE), HEADER, ROWS)


def test_words_become_kinds_by_word_then_pattern_then_default() -> None:
    got = read(*ROWS, **MAPPING, **FROM_TITLE).observations
    assert got["kind"].to_list() == ["explosive", "explosive", "damage", "unclassified"]
    assert got["label"].to_list() == [r.split(",")[2] for r in ROWS], "the provider's word stays as it is"
    word = read(*ROWS, **MAPPING, **FROM_TITLE, kinds={"Housing Damage March 2031": "property_damage", "Other": ""})
    assert word.observations["kind"].to_list() == ["explosive", "explosive", "property_damage"]
    assert any("1 rows are of categories that are no event" in n for n in word.notices)


def test_without_a_default_an_unknown_word_is_set_aside() -> None:
    got = read(*ROWS, **{**MAPPING, "default_kind": None}, **FROM_TITLE)
    assert got.quarantine["row"].to_list() == [4]
    assert "'Other' is no kind" in got.quarantine["reason"][0]


def test_the_first_pattern_that_is_found_counts() -> None:
    patterns = {"Blast": "explosive", "Bl": "damage"}
    got = read("Blast,2031-01-01,10,45", header="kind,t_start,lon,lat", kind_patterns=patterns).observations
    assert got["kind"].to_list() == ["explosive"]


def test_a_date_that_only_the_title_has_is_taken_from_it_and_flagged() -> None:
    got = read(*ROWS, **MAPPING, **FROM_TITLE)
    assert got.quarantine.is_empty()
    filled = got.observations.row(1, named=True)
    assert filled["t_start"] == datetime(2031, 2, 17, 23, tzinfo=UTC)
    assert filled["t_end"] == datetime(2031, 2, 18, 23, tzinfo=UTC), "a date alone is the whole local day"
    assert flags(got.observations) == [["day_precision"], ["day_precision", "filled"], *[["day_precision"]] * 2]


def test_without_that_setting_the_row_is_set_aside() -> None:
    got = read(*ROWS, **MAPPING)
    assert got.quarantine["row"].to_list() == [2]
    assert "t_start" in got.quarantine["reason"][0]


def test_what_the_row_itself_says_is_never_overruled() -> None:
    row = "N5,2031-02-17,Other,28/02/2031 Another day in the title,45.1,10.1,,,1"
    got = read(row, **MAPPING, **FROM_TITLE).observations
    assert got["t_start"].to_list() == [datetime(2031, 2, 16, 23, tzinfo=UTC)]
    assert flags(got) == [["day_precision"]]


def test_columns_are_tried_in_order_and_a_pattern_that_finds_nothing_is_passed_over() -> None:
    fallback = {"kind": [{"column": "arms", "pattern": r"(\d?X\d)"}, {"column": "event_group"}]}
    settings = {**MAPPING, "columns": {"date": "t_start"}, "kinds": {"9X1": "rocket_artillery"}}
    got = read(*ROWS[::2], ROWS[1].replace("N2,", "N2,2031-02-18"), **settings, fallback=fallback).observations
    assert got["kind"].to_list() == ["explosive", "rocket_artillery", "damage"]
    assert all("filled" not in f for f in flags(got)), "nothing was missing: this is where the value stands"


def test_columns_that_are_left_out_on_purpose_make_no_noise_and_others_do() -> None:
    assert read(*ROWS, **MAPPING, **FROM_TITLE).notices == ()
    told = read(*ROWS, **{**MAPPING, "ignored": []}, **FROM_TITLE).notices
    assert {n.split("'")[1] for n in told} == {"entry", "province", "arms", "violence"}
    gone = read(*ROWS, **MAPPING, fallback={"t_end": {"column": "until"}}).notices
    assert any("'until' is mapped but is not there" in n for n in gone)


def test_a_format_with_a_time_of_day_stays_an_instant() -> None:
    rows = ["artillery,17/02/2031 10:30,10,45", "artillery,17/02/2031,10,45"]
    formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y"]
    got = read(*rows, header="kind,t_start,lon,lat", time_formats=formats).observations
    assert (got["t_end"] - got["t_start"]).dt.total_hours().to_list() == [24, 0]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"default_kind": "explosiv"}, "Nearest: explosive"),
        ({"kind_patterns": {"x": "explosiv"}}, "Nearest: explosive"),
        ({"kind_patterns": {"(": "explosive"}}, "is no regular expression"),
        ({"fallback": {"t_start": {"column": "title", "pattern": "("}}}, "is no regular expression"),
        ({"fallback": {"t_start": {"column": "title", "pattern": "2031"}}}, "has no group"),
        ({"fallback": {"tstart": {"column": "title"}}}, "Nearest: t_start"),
        ({"fallback": {"observation_id": {"column": "title"}}}, "is no column that can be filled"),
    ],
)
def test_a_setting_that_cannot_work_is_an_error_at_once(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        SOURCE.settings.model_validate(settings)


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_stands_in_the_columns_is_read_or_set_aside(title: str, when: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [HEADER.split(","), ["N1", when, "x", title, "45", "10", "", "", ""]]
    )
    got = SOURCE.read(payload(out.getvalue().encode("utf-8", "replace")), context(SOURCE, **MAPPING, **FROM_TITLE))
    assert got.observations.height + got.quarantine.height == 1


VERIFIED: dict[str, Any] = {
    **MAPPING,
    "columns": {"date": "t_start", "event_group": "kind", "brief description": "text"},
    "kind_patterns": {
        "Infrastructure Damage": "damage",
        "^Bombing or Explosion|^Munitions": "explosive",
        "^Civilian Casualty": "civilian_harm",
        "^Ground Battle": "ground_combat",
        "Military Presence": "troops_present",
        "^Detentions": "detention",
    },
    "time_zone": "Europe/Kyiv",
    "ignored": ["entry", "country", "province", "district", "town/city", "arms/munition", "violence level"],
}


def title_day(title: str) -> date:
    day, month, year = title[:10].split("/")
    return date(int(year), int(month), int(day))


class TestRealData:
    """A table of geolocated footage, by mapping alone; counted again with the csv module."""

    pytestmark = real_data

    def rows(self) -> list[dict[str, str]]:
        raw = gzip.decompress(data("verified_events", "events_bellingcat_cir.csv.gz").read_bytes())
        return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))

    def read(self, **settings: Any) -> Reading:
        return SOURCE.read(
            file_payload(data("verified_events", "events_bellingcat_cir.csv.gz")), context(SOURCE, **settings)
        )

    def test_equal_entry_numbers_are_other_events_and_equal_rows_are_one(self) -> None:
        rows, got = self.rows(), self.read(**VERIFIED, **FROM_TITLE)
        distinct = {tuple(r.values()) for r in rows}
        assert got.quarantine.is_empty()
        assert got.observations.height == got.observations["record_id"].n_unique() == len(distinct) == 6647
        numbers = Counter(r["entry"] for r in rows)
        assert len(rows) - len(numbers) == 11, "the trap: eleven entry numbers too many"
        assert [n for n in got.notices if "3 exact duplicates" in n]

    def test_the_date_of_a_title_is_taken_where_it_is_the_only_one(self) -> None:
        rows, got = self.rows(), self.read(**VERIFIED, **FROM_TITLE).observations
        without = [r for r in rows if not r["date"]]
        zone = ZoneInfo("Europe/Kyiv")
        theirs = Counter(
            date.fromisoformat(r["date"]) if r["date"] else title_day(r["title"])
            for r in {tuple(r.values()): r for r in rows}.values()
        )
        assert Counter(t.astimezone(zone).date() for t in got["t_start"]) == theirs
        assert sum("filled" in f for f in flags(got)) == len(without) == 4

    def test_without_that_setting_the_four_rows_are_set_aside(self) -> None:
        got = self.read(**VERIFIED)
        numbers = [n for n, r in enumerate(self.rows(), 1) if not r["date"]]
        assert got.quarantine["row"].to_list() == numbers

    def test_kinds_are_those_of_the_groups(self) -> None:
        rows = {tuple(r.values()): r["event_group"] for r in self.rows()}.values()
        got = Counter(self.read(**VERIFIED, **FROM_TITLE).observations["kind"])
        assert got["damage"] == sum("Infrastructure Damage" in g for g in rows)
        assert got["explosive"] == sum(g.startswith(("Bombing or Explosion", "Munitions")) for g in rows)
        assert got["unclassified"] > 0, "losses, graves and 'Other' say no act: the default"
        assert sum(got.values()) == len(rows)
