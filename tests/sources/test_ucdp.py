"""UCDP GED: two date forms, two encodings, stated precision, counts out of order, who is named, editions, silence."""

import csv
import gzip
import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.sources.conftest import (
    assert_fields_accounted,
    assert_rows_decide_alone,
    context,
    csv_text,
    data,
    file_payload,
    flags,
    merged,
    payload,
    real_data,
    squares,
)

from servanda.errors import SourceRefused
from servanda.fusion.priors import Priors
from servanda.kinds import tree
from servanda.sources.base import Reading
from servanda.sources.registry import profile
from servanda.sources.ucdp import SOURCE

HEADER = (
    "id,relid,year,active_year,code_status,type_of_violence,conflict_dset_id,conflict_new_id,conflict_name,"
    "dyad_dset_id,dyad_new_id,dyad_name,side_a_dset_id,side_a_new_id,side_a,side_b_dset_id,side_b_new_id,side_b,"
    "number_of_sources,source_article,source_office,source_date,source_headline,source_original,where_prec,"
    "where_coordinates,where_description,adm_1,adm_2,latitude,longitude,geom_wkt,priogrid_gid,country,country_id,"
    "region,event_clarity,date_prec,date_start,date_end,deaths_a,deaths_b,deaths_civilians,deaths_unknown,"
    "best,high,low,gwnoa,gwnob"
)
USUAL = {
    **{"year": "2031", "active_year": "1", "code_status": "Clear", "type_of_violence": "1"},
    **{"dyad_name": "Northland - Southland", "side_a": "Northland", "side_b": "Southland"},
    **{"number_of_sources": "2", "source_headline": "Shots at the ford", "source_original": "A named person"},
    **{"where_prec": "1", "where_coordinates": "Ford", "adm_1": "Region R_1", "latitude": "46.5", "longitude": "30.5"},
    **{"country": "Landia", "event_clarity": "1", "date_prec": "1", "date_start": "1/22/2031 12:00:00 AM"},
    **{"date_end": "1/22/2031 12:00:00 AM", "best": "3", "high": "5", "low": "2"},
}


def event(number: object = 1, **given: str) -> str:
    row = {**dict.fromkeys(HEADER.split(","), ""), **USUAL, "id": str(number), **given}
    assert len(row) == 49, "a column of the test is none of the provider"
    return ",".join(row.values())


def read(*rows: str, **given: object) -> Reading:
    aux = {"regions": squares(R_1=(30, 46), R_2=(36, 49))}
    return SOURCE.read(payload(csv_text(HEADER, rows)), context(SOURCE, aux, **given))


def one(**given: str) -> dict[str, Any]:
    got = read(event(**given))
    assert got.quarantine.is_empty(), got.quarantine["reason"].to_list()
    return got.observations.row(0, named=True)


def reason(**given: str) -> str:
    got = read(event(), event(2, **given))
    assert got.observations.height == 1, "the good row beside it must stay"
    assert got.quarantine["row"].to_list() == [2]
    return str(got.quarantine["reason"][0])


ROWS = [
    event(1),
    event(2, date_start="01/02/2031 00:00", date_end="01/05/2031 00:00", date_prec="2"),
    event(3, where_prec="4", type_of_violence="3"),
    event(4, date_start="2031-03-01 00:00:00.000", date_end="2031-03-31 00:00:00.000", date_prec="4"),
]


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE), HEADER, ROWS)
    assert_rows_decide_alone(SOURCE, context(SOURCE, {"regions": squares(R_1=(30, 46))}), HEADER, ROWS)


@pytest.mark.parametrize("needed", ["id", "date_start", "where_prec", "type_of_violence", "year"])
def test_every_field_is_accounted_for(needed: str) -> None:
    assert_fields_accounted(SOURCE, context(SOURCE), HEADER, ROWS[0], needed)


@pytest.mark.parametrize(
    "written",
    ["3/4/2031 12:00:00 AM", "03/04/2031 00:00", "03/04/2031", "2031-03-04", "2031-03-04T00:00:00", "2031-03-04 00:00"],
)
def test_every_form_of_a_date_is_the_same_day_month_first(written: str) -> None:
    got = one(date_start=written, date_end=written)
    assert (got["t_start"], got["t_end"]) == (datetime(2031, 3, 4, tzinfo=UTC), datetime(2031, 3, 5, tzinfo=UTC))
    assert got["flags"] == ["day_precision"]


def test_a_spreadsheet_that_puts_the_day_first_can_be_read() -> None:
    got = read(event(date_start="04/03/2031", date_end="04/03/2031"), date_order="day_first").observations
    assert got["t_start"].to_list() == [datetime(2031, 3, 4, tzinfo=UTC)]
    assert "date_order" in reason(date_start="22/01/2031", date_end="22/01/2031")


def test_days_are_local_and_a_day_may_have_23_hours() -> None:
    day = {"date_start": "3/30/2031 12:00:00 AM", "date_end": "3/30/2031 12:00:00 AM"}
    got = read(event(**day), time_zone="Europe/Kyiv").observations
    assert (got["t_end"] - got["t_start"]).dt.total_hours().to_list() == [23]


def test_a_range_of_days_runs_to_the_end_of_the_last_one() -> None:
    got = one(date_start="1/24/2031 12:00:00 AM", date_end="02/06/2031 00:00", date_prec="4")
    assert got["t_end"] - got["t_start"] == timedelta(days=14)
    assert got["flags"] == ["date_range"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"date_start": "1/22/2031 10:30:00 AM"}, "no date"),
        ({"date_start": "1/22/31 12:00:00 AM"}, "no date"),
        ({"date_end": ""}, "no date"),
        ({"date_end": "2/30/2031 12:00:00 AM"}, "no date"),
        ({"date_end": "1/21/2031 12:00:00 AM"}, "ends before it starts"),
        ({"year": "2030"}, "not in its year, 2030"),
        ({"year": ""}, "not in its year"),
        ({"date_prec": "6"}, "date_prec '6' is none of 1, 2"),
        ({"where_prec": "0"}, "where_prec '0' is none of 1, 2"),
        ({"where_prec": ""}, "where_prec '' is none of 1, 2"),
        ({"type_of_violence": "4"}, "'4' is no type of violence of UCDP"),
        ({"type_of_violence": ""}, "is no type of violence"),
        ({"id": ""}, "no id"),
        ({"best": "many"}, "best 'many' is not a whole number"),
        ({"low": "-1"}, "low '-1' is not a whole number"),
        ({"latitude": "", "geom_wkt": ""}, "no longitude and latitude"),
        ({"latitude": "130.5", "longitude": "46.5"}, "swapped"),
        ({"geom_wkt": "POINT (46.5 30.5)"}, "not at its geom_wkt"),
        ({"geom_wkt": "POINT (30.5"}, "not at its geom_wkt"),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_the_reason(given: dict[str, str], word: str) -> None:
    assert word in reason(**given)


def test_a_geom_wkt_that_only_rounds_otherwise_is_no_conflict() -> None:
    assert (
        one(latitude="48.694329", longitude="39.453292", geom_wkt="POINT (39.4532924 48.6943296)")["lat"] == 48.694329
    )
    assert one(geom_wkt="POINT(30.5 46.5)")["lon"] == 30.5


def test_windows_1252_is_told_and_read_as_a_whole() -> None:
    text = csv_text(HEADER, [event(source_headline="It\u2019s a \u201cquiet\u201d day \u2013 they say")])
    windows = SOURCE.read(payload(text.encode("cp1252")), context(SOURCE))
    utf8 = SOURCE.read(payload(text.encode()), context(SOURCE))
    assert windows.observations["text"].to_list() == utf8.observations["text"].to_list()
    assert windows.observations["observation_id"].equals(utf8.observations["observation_id"])
    assert [n for n in windows.notices if "Windows-1252" in n]
    assert not [n for n in utf8.notices if "Windows-1252" in n]
    with pytest.raises(SourceRefused, match=r"is not cp1252.*Mend: "):
        SOURCE.read(payload(text.encode("cp1252") + b"\x81\n"), context(SOURCE))


def test_line_breaks_and_doubled_quotes_in_fields_are_text() -> None:
    row = event(source_headline="HEAD").replace("HEAD", '"He said ""no"",\ntwice"')
    got = read(row, event(2))
    assert got.observations.height == 2
    assert 'He said "no",\ntwice' in str(got.observations.filter(pl.col("text").str.contains("He said"))["text"][0])


def test_the_place_error_grows_with_the_class_of_precision() -> None:
    found = {p: one(where_prec=p, adm_1="", country="") for p in "1234567"}
    assert [found[p]["sigma_m"] for p in "1246"] == [1_000, 12_500, 45_000, 220_000]
    assert found["1"]["sigma_m"] < found["2"]["sigma_m"]
    assert [p for p in "1234567" if "centroid" in found[p]["flags"]] == list("34567")


def test_an_event_known_to_a_region_is_that_region_and_no_point() -> None:
    for known_to in (
        {"where_prec": "4"},
        {"where_prec": "3", "adm_2": "region r_1 "},
        {"where_prec": "6", "country": "R-1"},
    ):
        got = one(**known_to)
        assert got["geometry"] is not None, known_to
        assert (got["lon"], got["lat"], got["sigma_m"]) == (None, None, None)
        assert "in_region" in got["flags"]
    assert one(where_prec="5")["geometry"] is None, "a stretch of land is not the region that it lies in"


def test_region_names_may_be_mapped_and_one_unknown_keeps_its_point() -> None:
    row = event(where_prec="4", adm_1="Oblast One")
    assert read(row).observations["geometry"].to_list() == [None]
    got = read(row, region_names={"oblast one": "REGION r_1"}).observations
    assert got["geometry"].null_count() == 0


def test_place_errors_that_are_set_change_only_their_class() -> None:
    got = read(event(where_prec="2"), event(2), place_error_m={2: 25_000}).observations.sort("sigma_m")
    assert got["sigma_m"].to_list() == [1_000, 25_000]
    with pytest.raises(ValidationError, match="runs from 1 to 7, not 8"):
        SOURCE.settings.model_validate({"place_error_m": {8: 1}})


def test_deaths_are_a_range_that_holds_all_that_is_said() -> None:
    got = one()
    assert (got["count_low"], got["count_high"], got["count_unit"]) == (2, 5, "deaths")
    for low, best, high in (("7", "7", "6"), ("0", "396", "0"), ("9", "2", "9")):
        got = one(low=low, best=best, high=high)
        said = [int(v) for v in (low, best, high)]
        assert (got["count_low"], got["count_high"]) == (min(said), max(said))
        assert "deaths_disordered" in got["flags"]
    got = one(low="", best="", high="")
    assert (got["count_low"], got["count_high"], got["count_unit"]) == (None, None, None)


def test_only_one_sided_violence_says_who_did_it() -> None:
    assert one()["actor_claimed"] is None
    assert one(type_of_violence="2")["actor_claimed"] is None
    got = one(type_of_violence="3")
    assert (got["kind"], got["actor_claimed"]) == ("civilian_harm", "Northland")
    assert read(event(), blamed_types=("1",)).observations["actor_claimed"].to_list() == ["Northland"]


@pytest.mark.parametrize(
    ("given", "credibility", "flag"),
    [
        ({}, 2, None),
        ({"number_of_sources": "1"}, 3, None),
        ({"number_of_sources": "-1"}, 3, None),
        ({"number_of_sources": ""}, 3, None),
        ({"event_clarity": "2"}, 3, "summary_event"),
        ({"code_status": "Check deaths"}, 4, "under_check"),
        ({"code_status": "Check vague or biased source"}, 4, "under_check"),
        ({"code_status": ""}, 2, None),
    ],
)
def test_credibility_follows_the_providers_doubts(given: dict[str, str], credibility: int, flag: str | None) -> None:
    got = one(**given)
    assert got["credibility"] == credibility
    assert [f for f in got["flags"] if f != "day_precision"] == ([flag] if flag else [])


def test_it_proves_nothing_by_number() -> None:
    row = profile(SOURCE, "ged", SOURCE.settings()).row(0, named=True)
    assert (row["is_witness"], row["is_monitor"], row["witness_group"]) == (False, False, "press")
    assert one()["claim"] == "claim"
    assert Priors.model_validate({}).reliability[SOURCE.reliability] < 0.9


def test_no_source_of_the_press_is_named_in_text() -> None:
    assert "A named person" not in str(one()["text"])
    assert one()["text"] == "Northland - Southland; Ford; Shots at the ford"


def test_it_is_known_when_its_release_was_out() -> None:
    assert one()["recorded_at"] == datetime(2032, 7, 1, tzinfo=UTC)
    monthly = read(event(), release="monthly").observations
    assert monthly["recorded_at"].to_list() == [datetime(2031, 3, 1, tzinfo=UTC)]
    at_once = read(event(), latency_h=0).observations
    assert at_once["recorded_at"].to_list() == at_once["t_end"].to_list()


def test_a_month_with_an_event_in_the_region_is_a_watch_of_unknown_strength() -> None:
    outside = event(2, longitude="70", date_start="5/5/2031 12:00:00 AM", date_end="5/5/2031 12:00:00 AM")
    got = read(event(), outside).watches
    assert got["t_start"].unique().to_list() == [datetime(2031, 1, 1, tzinfo=UTC)]
    assert got["t_end"].unique().to_list() == [datetime(2031, 2, 1, tzinfo=UTC)]
    assert set(got["kind"]) == {"armed_activity", "civilian_harm"}
    assert got["p_detect"].null_count() == got.height, "nobody has measured it: it must count as 0"
    assert (got["recorded_at"] >= got["t_end"]).all(), "a month cannot be known before it is over"
    stated = read(event(), p_detect=0.1, watched=("harm",)).watches
    assert stated.select("kind", "p_detect").rows() == [("harm", 0.1)]


def test_an_event_that_reaches_over_the_end_of_a_month_shows_neither_month_as_published() -> None:
    over = event(2, date_start="1/30/2031 12:00:00 AM", date_end="2/2/2031 12:00:00 AM", date_prec="2")
    assert read(over).watches.is_empty()
    assert read(event(), over).watches["t_start"].unique().to_list() == [datetime(2031, 1, 1, tzinfo=UTC)]


def test_without_a_boundary_file_there_is_no_watch_and_that_is_told() -> None:
    got = SOURCE.read(payload(csv_text(HEADER, ROWS)), context(SOURCE))
    assert got.watches.is_empty()
    assert any("no watches" in n for n in got.notices)


def as_json(rows: list[str], **envelope: object) -> bytes:
    records = list(csv.DictReader(io.StringIO(csv_text(HEADER, rows))))
    typed: list[dict[str, object]] = [
        {
            k: float(v) if k in ("latitude", "longitude") else int(v) if v.isdigit() and k != "gwnoa" else v or None
            for k, v in record.items()
        }
        | {"active_year": True}
        for record in records
    ]
    return json.dumps(
        {"TotalCount": len(rows), "TotalPages": 1, "NextPageUrl": "", "Result": typed, **envelope}
    ).encode()


def test_the_interface_says_the_same_as_the_file() -> None:
    plain = read(*ROWS).observations.drop("payload_sha256")
    got = SOURCE.read(payload(as_json(ROWS), "page.json"), context(SOURCE, {"regions": squares(R_1=(30, 46))}))
    assert got.quarantine.is_empty()
    assert got.observations.drop("payload_sha256").equals(plain)


def test_pages_that_are_missing_errors_and_an_empty_page_are_told() -> None:
    got = SOURCE.read(payload(as_json(ROWS, TotalPages=9)), context(SOURCE))
    assert any("one of 9 pages" in n for n in got.notices)
    empty = SOURCE.read(payload(as_json([])), context(SOURCE))
    assert empty.observations.is_empty()
    assert any("nothing of calm" in n for n in empty.notices)
    for wrong in (b'{"Message": "token is not valid"}', b"[]", b'{"Result": {}}', b'{"Result": [', b"[" * 100_000):
        with pytest.raises(SourceRefused, match="Mend: "):
            SOURCE.read(payload(wrong), context(SOURCE))


def test_a_record_that_is_none_is_set_aside() -> None:
    broken = json.loads(as_json(ROWS[:1]))
    broken["Result"].append("a word")
    got = SOURCE.read(payload(json.dumps(broken)), context(SOURCE))
    assert (got.observations.height, got.quarantine["row"].to_list()) == (1, [2])


def test_editions_of_one_event_are_one_record_and_flagged() -> None:
    old, new = read(event(best="3")), read(event(best="4", low="4"), event(2))
    both = SOURCE.derive(merged([old, new], "observations"), context(SOURCE)) if SOURCE.derive else None
    assert both is not None
    marked = both.filter(pl.col("flags").list.contains("two_editions"))
    assert (marked.height, marked["record_id"].n_unique()) == (2, 1)
    assert both["record_id"].n_unique() == 2


FIELD = st.one_of(
    st.text(max_size=8), st.sampled_from(["", "0", "-1", "nan", "9" * 30, "1/2/2031", "POINT (1 2)", "3"])
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(HEADER.split(",")), FIELD, max_size=6))
def test_whatever_stands_in_a_row_is_read_or_set_aside(changes: dict[str, str]) -> None:
    out = io.StringIO()
    row = {**dict(zip(HEADER.split(","), event().split(","), strict=True)), **changes}
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([HEADER.split(","), row.values()])
    try:
        got = SOURCE.read(payload(out.getvalue().encode("utf-8", "replace")), context(SOURCE))
    except SourceRefused:
        return
    assert got.observations.height + got.quarantine.height == 1
    assert set(got.observations["kind"]) <= set(tree())
    assert (got.observations["t_end"] > got.observations["t_start"]).all()


def ged() -> Path:
    return data("ucdp", "ged_ukraine_2014_2022_mixed_encoding.csv.gz")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The file, read without the source."""
    return list(csv.DictReader(io.StringIO(gzip.decompress(ged().read_bytes()).decode("cp1252"), newline="")))


@pytest.fixture(scope="module")
def got() -> Reading:
    aux = {"regions": file_payload(data("boundaries", "ukraine_adm1_simplified.geojson"))}
    return SOURCE.read(file_payload(ged()), context(SOURCE, aux, time_zone="Europe/Kyiv"))


def day(text: str) -> date:
    month, day, year = text.split(" ", maxsplit=1)[0].split("/")
    return date(int(year), int(month), int(day))


class TestRealData:
    pytestmark = real_data

    def test_every_event_is_there_once_and_the_encoding_is_told(self, rows: list[dict[str, str]], got: Reading) -> None:
        assert got.quarantine.is_empty()
        assert got.observations.height == got.observations["record_id"].n_unique() == len(rows) == 3883
        assert [n for n in got.notices if "Windows-1252" in n]
        assert not [n for n in got.notices if "is new" in n]

    def test_years_and_lengths_are_those_of_the_file(self, rows: list[dict[str, str]], got: Reading) -> None:
        zone = ZoneInfo("Europe/Kyiv")
        mine = Counter(
            (a.astimezone(zone).date(), (b.astimezone(zone).date() - a.astimezone(zone).date()).days)
            for a, b in got.observations.select("t_start", "t_end").rows()
        )
        theirs = Counter((day(r["date_start"]), (day(r["date_end"]) - day(r["date_start"])).days + 1) for r in rows)
        assert mine == theirs

    def test_deaths_kinds_and_doubts_are_those_of_the_file(self, rows: list[dict[str, str]], got: Reading) -> None:
        seen = got.observations
        triples = [sorted(int(r[c]) for c in ("low", "best", "high")) for r in rows]
        assert seen["count_low"].sum() == sum(t[0] for t in triples)
        assert seen["count_high"].sum() == sum(t[2] for t in triples)
        disordered = [r for r in rows if not int(r["low"]) <= int(r["best"]) <= int(r["high"])]
        marks = Counter(f for fs in flags(seen) for f in fs)
        assert marks["deaths_disordered"] == len(disordered) == 31
        assert marks["under_check"] == sum(r["code_status"] != "Clear" for r in rows) == 13
        assert marks["summary_event"] == sum(r["event_clarity"] == "2" for r in rows) == 513
        assert marks["day_precision"] == sum(r["date_prec"] == "1" for r in rows) == 2809
        assert Counter(seen["kind"]) == {"armed_activity": 3877, "civilian_harm": 6}
        assert seen["actor_claimed"].drop_nulls().len() == sum(r["type_of_violence"] == "3" for r in rows)

    def test_regions_are_areas_where_the_file_has_them(self, rows: list[dict[str, str]], got: Reading) -> None:
        names = {"donetsk oblast", "luhansk oblast", "kherson oblast", "kharkiv oblast", "sumy oblast"}
        known = sum(r["where_prec"] == "4" and r["adm_1"].lower() in names for r in rows)
        marks = Counter(f for fs in flags(got.observations) for f in fs)
        assert marks["in_region"] >= known > 500
        vague = sum(r["where_prec"] in "34567" for r in rows)
        assert marks["in_region"] + marks["centroid"] == vague

    def test_watches_end_with_the_last_month_that_was_published(self, rows: list[dict[str, str]], got: Reading) -> None:
        ends = [(day(r["date_start"]), day(r["date_end"])) for r in rows if r["date_prec"] in "123"]
        months = {(a.year, a.month) for a, b in ends if (a.year, a.month) == (b.year, b.month)}
        starts = {(t.year, t.month) for t in (s.astimezone(ZoneInfo("Europe/Kyiv")) for s in got.watches["t_start"])}
        assert starts <= months
        assert max(starts) == max(months) == (2023, 2)
        assert not starts & {(2022, 8), (2022, 10), (2023, 1), (2023, 3)}, "events only reach into these months"
