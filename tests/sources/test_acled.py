"""ACLED: forms of the export, precision, editions and deletions, who is named, and what may not be passed on."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
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
from servanda.fusion import fuse
from servanda.kinds import tree
from servanda.kinds.crosswalk import codes
from servanda.sources.acled import SOURCE
from servanda.sources.base import Reading
from servanda.sources.registry import profile
from servanda.tables import OBSERVATIONS

HEADER = (
    "event_id_cnty,event_date,year,time_precision,disorder_type,event_type,sub_event_type,actor1,assoc_actor_1,inter1,"
    "actor2,assoc_actor_2,inter2,interaction,civilian_targeting,iso,region,country,admin1,admin2,admin3,location,"
    "latitude,longitude,geo_precision,source,source_scale,notes,fatalities,tags,timestamp"
)
SHELLING = "Shelling/artillery/missile attack"
USUAL = {
    **{"event_date": "2031-06-14", "year": "2031", "time_precision": "1", "disorder_type": "Political violence"},
    **{"event_type": "Explosions/Remote violence", "sub_event_type": SHELLING, "actor1": "Forces of Northland"},
    **{"inter1": "1", "actor2": "Forces of Southland", "inter2": "8", "interaction": "18", "country": "Landia"},
    **{"admin1": "Region R_1", "latitude": "46.5", "longitude": "30.5", "geo_precision": "1", "source": "The Courier"},
    **{"source_scale": "National", "notes": "Shells fell near the ford.", "fatalities": "2", "timestamp": "1940000000"},
}
EDITED = datetime.fromtimestamp(1940000000, UTC)


def event(number: object = 1, **given: str) -> str:
    row = {**dict.fromkeys(HEADER.split(","), ""), **USUAL, "event_id_cnty": f"LND{number}", **given}
    assert len(row) == 31, "a column of the test is none of the provider"
    return ",".join(row.values())


def read(*rows: str, header: str = HEADER, **given: object) -> Reading:
    aux = {"regions": squares(R_1=(30, 46), R_2=(36, 49))}
    return SOURCE.read(payload(csv_text(header, rows)), context(SOURCE, aux, **given))


def one(**given: str) -> dict[str, Any]:
    got = read(event(**given))
    assert got.quarantine.is_empty(), got.quarantine["reason"].to_list()
    return got.observations.row(0, named=True)


def reason(**given: str) -> str:
    got = read(event(), event(2, **given))
    assert got.observations.height == 1, "the good row beside it must stay"
    assert got.quarantine["row"].to_list() == [2]
    return str(got.quarantine["reason"][0])


def deletions(**stamps: int) -> Reading:
    rows = [f"{name},{stamp}" for name, stamp in stamps.items()]
    return SOURCE.read(payload(csv_text("event_id_cnty,deleted_timestamp", rows)), context(SOURCE))


def derived(*readings: Reading) -> pl.DataFrame:
    assert SOURCE.derive is not None
    return SOURCE.derive(OBSERVATIONS.conform(merged(readings, "observations")), context(SOURCE))


ROWS = [
    event(1),
    event(2, time_precision="2", geo_precision="2", event_type="Battles", sub_event_type="Armed clash"),
    event(3, time_precision="3", geo_precision="3"),
    event(4, event_date="2031-06-20", fatalities="0", longitude="36.5", latitude="49.5"),
]


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE), HEADER, ROWS)
    assert_rows_decide_alone(SOURCE, context(SOURCE, {"regions": squares(R_1=(30, 46))}), HEADER, ROWS)
    assert_rows_decide_alone(SOURCE, context(SOURCE), "event_id_cnty,deleted_timestamp", ["LND1,1950000000", "LND2,1"])


@pytest.mark.parametrize("needed", ["event_id_cnty", "event_date", "time_precision", "geo_precision", "latitude"])
def test_every_field_is_accounted_for(needed: str) -> None:
    assert_fields_accounted(SOURCE, context(SOURCE), HEADER, ROWS[0], needed)


def test_columns_in_another_order_and_in_capitals_are_the_same_events() -> None:
    plain = read(*ROWS).observations
    records = list(csv.DictReader(io.StringIO(csv_text(HEADER, ROWS))))
    turned = HEADER.split(",")[::-1]
    text = csv_text(",".join(turned).upper(), [",".join(r[c] for c in turned) for r in records])
    again = SOURCE.read(payload(text), context(SOURCE, {"regions": squares(R_1=(30, 46), R_2=(36, 49))}))
    assert again.observations.drop("payload_sha256").equals(plain.drop("payload_sha256"))
    assert not [n for n in again.notices if "is new" in n]


def test_a_column_that_somebody_added_is_a_notice() -> None:
    got = read(event() + ",x", header=HEADER + ",my_cluster")
    assert [n for n in got.notices if "'my_cluster' is new" in n]


@pytest.mark.parametrize("written", ["2031-06-14", "14/06/2031", "14 June 2031", "14-June-2031", "2031-06-14 00:00:00"])
def test_every_form_of_a_date_is_the_same_day(written: str) -> None:
    assert one(event_date=written)["t_start"] == datetime(2031, 6, 14, tzinfo=UTC)


def test_an_export_with_the_month_first_must_be_declared() -> None:
    assert "date_formats" in reason(event_date="06/14/2031")
    got = read(event(event_date="06/14/2031"), date_formats=["%m/%d/%Y"]).observations
    assert got["t_start"].to_list() == [datetime(2031, 6, 14, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("precision", "start", "days", "flag"),
    [
        ("1", datetime(2031, 6, 14, tzinfo=UTC), 1, "day_precision"),
        ("2", datetime(2031, 6, 11, tzinfo=UTC), 7, "week_precision"),
        ("3", datetime(2031, 6, 1, tzinfo=UTC), 30, "month_precision"),
    ],
)
def test_the_interval_is_as_wide_as_what_is_known(precision: str, start: datetime, days: int, flag: str) -> None:
    got = one(time_precision=precision)
    assert got["t_start"] == start
    assert got["t_end"] - got["t_start"] == timedelta(days=days)
    assert got["flags"] == [flag]


def test_days_are_local() -> None:
    got = read(event(event_date="2031-03-30"), time_zone="Europe/Kyiv").observations
    assert got["t_start"].to_list() == [datetime(2031, 3, 29, 22, tzinfo=UTC)]
    assert (got["t_end"] - got["t_start"]).dt.total_hours().to_list() == [23]


def test_the_place_error_grows_with_the_class_of_precision() -> None:
    assert [one(geo_precision=p, admin1="Elsewhere")["sigma_m"] for p in "123"] == [3_000, 15_000, 50_000]
    assert "centroid" in one(geo_precision="3", admin1="Elsewhere")["flags"]
    got = one(geo_precision="3")
    assert (got["lon"], got["lat"], got["sigma_m"], got["geometry"] is None) == (None, None, None, False)
    mapped = read(event(geo_precision="3", admin1="One"), region_names={"One": "Region R_1"}).observations
    assert mapped["geometry"].null_count() == 0
    with pytest.raises(ValidationError, match="runs from 1 to 3, not 4"):
        SOURCE.settings.model_validate({"place_error_m": {4: 1}})


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"event_id_cnty": ""}, "no event_id_cnty"),
        ({"event_date": "yesterday"}, "no date"),
        ({"event_date": ""}, "no date"),
        ({"event_date": "14/06/31"}, "no date"),
        ({"time_precision": "4"}, "time_precision '4' is none of 1, 2, 3"),
        ({"geo_precision": ""}, "geo_precision '' is none of 1, 2, 3"),
        ({"sub_event_type": "Armed clashes"}, "Nearest: Armed clash"),
        ({"event_type": "", "sub_event_type": ""}, "is no event type of ACLED"),
        ({"fatalities": "several"}, "fatalities 'several' is not a whole number"),
        ({"fatalities": "-3"}, "not a whole number"),
        ({"timestamp": "2031-07-01"}, "no time in Unix seconds"),
        ({"timestamp": "1940000000000"}, "no time in Unix seconds"),
        ({"timestamp": "1000000000"}, "edited before it happened"),
        ({"latitude": ""}, "no longitude and latitude"),
        ({"latitude": "0", "longitude": "0"}, "a default, not a place"),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_the_reason(given: dict[str, str], word: str) -> None:
    assert word in reason(**given)


@pytest.mark.parametrize("code", sorted(c for c in codes("acled") if codes("acled")[c].kind))
def test_every_type_of_the_code_book_has_its_kind(code: str) -> None:
    assert one(sub_event_type=code)["kind"] == codes("acled")[code].kind


def test_the_event_type_counts_where_there_is_no_sub_type() -> None:
    assert one(sub_event_type="")["kind"] == "explosive"
    assert one(sub_event_type="")["label"] == "Explosions/Remote violence"


def test_a_misspelt_class_and_codes_in_words_change_nothing() -> None:
    plain = one()
    for other in ({"disorder_type": "Demostrations"}, {"inter1": "State forces", "interaction": "State forces-Rebels"}):
        assert one(**other) == {**plain, "payload_sha256": one(**other)["payload_sha256"]}


def test_no_deaths_reported_is_no_count_and_any_is_at_least() -> None:
    got = one(fatalities="2")
    assert (got["count_low"], got["count_high"], got["count_unit"]) == (2, None, "deaths")
    for written in ("0", ""):
        got = one(fatalities=written)
        assert (got["count_low"], got["count_high"], got["count_unit"]) == (None, None, None)


def test_only_one_sided_types_say_who_did_it() -> None:
    assert one()["actor_claimed"] == "Forces of Northland"
    assert one(event_type="Battles", sub_event_type="Armed clash")["actor_claimed"] is None
    assert one(actor1="Unidentified Armed Group (Landia)")["actor_claimed"] is None
    assert one(actor1="")["actor_claimed"] is None
    got = read(event(event_type="Riots", sub_event_type="Mob violence"), blamed_types=["Riots"]).observations
    assert got["actor_claimed"].to_list() == ["Forces of Northland"]


def test_targets_and_sources_are_kept() -> None:
    assert "civilian_targeting" in one(civilian_targeting="Civilian targeting")["flags"]
    assert one()["text"] == "Shells fell near the ford. Source: The Courier (National)"
    assert one(source_scale="")["text"] == "Shells fell near the ford. Source: The Courier"
    assert one(source="", notes="")["text"] is None


def test_its_rows_are_restricted_and_prove_nothing_by_number() -> None:
    assert one()["access"] == "restricted"
    assert one()["claim"] == "claim"
    assert read(event(), access="open").observations["access"].to_list() == ["open"]
    row = profile(SOURCE, "acled", SOURCE.settings()).row(0, named=True)
    assert (row["is_witness"], row["witness_group"]) == (False, "press")


def test_an_edition_is_known_from_its_last_edit() -> None:
    assert one()["recorded_at"] == EDITED
    assert one(timestamp="")["recorded_at"] == datetime(2031, 6, 25, tzinfo=UTC), "ten days after the day is over"


def test_of_two_editions_the_newer_one_counts() -> None:
    old = read(event(1, fatalities="2"), event(2))
    new = read(event(1, fatalities="7", timestamp="1941000000", event_date="2031-06-15"))
    got = derived(old, new).sort("recorded_at", "observation_id")
    assert got["record_id"].n_unique() == 2
    marked = got.filter(pl.col("flags").list.contains("superseded"))
    assert marked["count_low"].to_list() == [2]
    assert marked["flags"].to_list() == [["day_precision", "superseded", "uninformative"]]
    again = derived(new, old).sort("recorded_at", "observation_id")
    assert again.equals(got), "the order in which files came decides nothing"


def test_what_was_known_before_the_edit_is_what_counted_then() -> None:
    old, new = read(event(1)), read(event(1, fatalities="7", timestamp="1941000000"))
    whole = merged([old, new], "observations")
    assert SOURCE.derive is not None
    then = SOURCE.derive(OBSERVATIONS.conform(whole.filter(pl.col("recorded_at") <= EDITED)), context(SOURCE))
    assert flags(then) == [["day_precision"]]
    assert then["count_low"].to_list() == [2]


def test_a_deletion_takes_every_edition_back_from_then_on() -> None:
    editions = read(event(1), event(2)), read(event(1, fatalities="7", timestamp="1941000000"))
    gone = deletions(LND1=1950000000, LND9=1950000000)
    assert gone.quarantine.is_empty()
    assert gone.watches.is_empty()
    assert gone.observations["claim"].to_list() == ["retraction"] * 2
    assert gone.observations["recorded_at"].unique().to_list() == [datetime.fromtimestamp(1950000000, UTC)]
    got = derived(*editions, gone)
    marked = got.filter(pl.col("flags").list.contains("deleted"))
    assert marked["record_id"].n_unique() == 1
    assert marked.height == 2
    assert all("uninformative" in f for f in flags(marked))
    left = got.filter((pl.col("claim") == "claim") & ~pl.col("flags").list.contains("uninformative"))
    assert left.height == 1


def test_an_event_that_came_back_after_its_deletion_counts() -> None:
    got = derived(deletions(LND1=1935000000), read(event(1)))
    assert not [f for f in flags(got.filter(pl.col("claim") == "claim")) if "uninformative" in f]


def test_fusion_forgets_what_was_deleted() -> None:
    sources = profile(SOURCE, "it", SOURCE.settings())
    kept = derived(read(event(1), event(2, event_date="2031-05-25")))
    gone = derived(read(event(1), event(2, event_date="2031-05-25")), deletions(LND1=1950000000))
    assert fuse(kept, sources=sources).incidents.height == 2
    assert fuse(gone, sources=sources).incidents.height == 1


def test_a_deletion_without_a_time_is_set_aside() -> None:
    rows = ["LND1,", ",1950000000", "LND2,soon"]
    got = SOURCE.read(payload(csv_text("event_id_cnty,deleted_timestamp", rows)), context(SOURCE))
    assert got.quarantine["row"].to_list() == [1, 2, 3]


def as_json(rows: list[str], **envelope: object) -> bytes:
    records = list(csv.DictReader(io.StringIO(csv_text(HEADER, rows))))
    numbers = ("time_precision", "geo_precision", "fatalities", "timestamp", "year", "iso")
    typed = [{k: int(v) if k in numbers and v else v for k, v in r.items()} for r in records]
    head = {"status": 200, "success": True, "last_update": 5, "count": len(rows), "messages": []}
    return json.dumps({**head, "data": typed, **envelope}).encode()


def test_the_interface_says_the_same_as_the_file() -> None:
    plain = read(*ROWS)
    aux = {"regions": squares(R_1=(30, 46), R_2=(36, 49))}
    got = SOURCE.read(payload(as_json(ROWS), "acled.json"), context(SOURCE, aux))
    assert got.observations.drop("payload_sha256").equals(plain.observations.drop("payload_sha256"))
    assert got.watches.drop("payload_sha256").equals(plain.watches.drop("payload_sha256"))
    gone = json.dumps(
        {"status": 200, "success": True, "data": [{"event_id_cnty": "LND1", "deleted_timestamp": 1950000000}]}
    )
    as_file = deletions(LND1=1950000000).observations.drop("payload_sha256")
    assert SOURCE.read(payload(gone), context(SOURCE)).observations.drop("payload_sha256").equals(as_file)


def test_an_error_of_the_interface_is_refused_and_an_empty_page_is_no_calm() -> None:
    empty = SOURCE.read(payload(as_json([])), context(SOURCE))
    assert empty.observations.is_empty()
    assert empty.watches.is_empty()
    assert any("nothing of calm" in n for n in empty.notices)
    for wrong in (b'{"status": 403, "success": false, "error": [{"message": "no access"}]}', b'{"data": "none"}'):
        with pytest.raises(SourceRefused, match=r"no list 'data'.*Mend: "):
            SOURCE.read(payload(wrong), context(SOURCE))


def test_a_day_with_an_event_in_the_region_is_a_watch_of_unknown_strength() -> None:
    far = event(7, longitude="70", event_date="2031-06-10")
    got = read(*ROWS, far).watches
    assert got["p_detect"].null_count() == got.height
    starts = set(got["t_start"])
    assert starts == {datetime(2031, 6, 14, tzinfo=UTC), datetime(2031, 6, 20, tzinfo=UTC)}, "vague dates are no days"
    assert datetime(2031, 6, 14, tzinfo=UTC) in starts
    assert datetime(2031, 6, 10, tzinfo=UTC) not in starts, "an event elsewhere says nothing of this region"
    assert (got["recorded_at"] == got["t_end"] + timedelta(days=10)).all()
    silent = SOURCE.read(payload(csv_text(HEADER, ROWS)), context(SOURCE))
    assert silent.watches.is_empty()
    assert any("no watches" in n for n in silent.notices)


FIELD = st.one_of(st.text(max_size=8), st.sampled_from(["", "0", "-1", "nan", "9" * 30, "1/2/2031", "3", "1e400"]))


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


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The file, read without the source."""
    path = data("acled", "acled_format_sample_31_columns.csv")
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


class TestRealData:
    pytestmark = real_data

    def test_the_sample(self, rows: list[dict[str, str]]) -> None:
        aux = {"regions": file_payload(data("boundaries", "ukraine_adm1_simplified.geojson"))}
        path = data("acled", "acled_format_sample_31_columns.csv")
        got = SOURCE.read(file_payload(path), context(SOURCE, aux, time_zone="Europe/Kyiv"))
        seen = got.observations
        assert got.quarantine.is_empty()
        assert seen.height == seen["record_id"].n_unique() == len(rows) == 750
        assert got.notices == ()
        assert Counter(seen["label"]) == Counter(r["sub_event_type"] for r in rows)
        assert Counter(seen["recorded_at"].dt.epoch("s")) == Counter(int(r["timestamp"]) for r in rows)
        assert seen["count_low"].sum() == sum(int(r["fatalities"]) for r in rows)
        assert seen["count_low"].null_count() == sum(r["fatalities"] == "0" for r in rows)
        marks = Counter(f for fs in flags(seen) for f in fs)
        assert marks["day_precision"] == sum(r["time_precision"] == "1" for r in rows) == 745
        assert marks["centroid"] + marks["in_region"] == sum(r["geo_precision"] == "3" for r in rows) == 28
        one_sided = ("Explosions/Remote violence", "Violence against civilians")
        named = [r for r in rows if r["event_type"] in one_sided and not r["actor1"].startswith("Unidentified")]
        assert seen["actor_claimed"].drop_nulls().len() == len(named)
        zone = ZoneInfo("Europe/Kyiv")
        days = {t.astimezone(zone).date().isoformat() for t in got.watches["t_start"]}
        assert days <= {r["event_date"] for r in rows if r["time_precision"] == "1"}
        assert len(days) > 140, "the sample has events on most days from January to June"

    def test_a_third_partys_export_of_it_gives_the_same_ids(self, rows: list[dict[str, str]]) -> None:
        out = io.StringIO()
        writer = csv.writer(out)
        names = sorted(rows[0])
        writer.writerow([*names, "cluster"])
        for r in rows:
            turned = "/".join(r["event_date"].split("-")[::-1])
            writer.writerow([*(turned if n == "event_date" else r[n] for n in names), "1"])
        got = SOURCE.read(payload(out.getvalue()), context(SOURCE))
        plain = SOURCE.read(file_payload(data("acled", "acled_format_sample_31_columns.csv")), context(SOURCE))
        assert got.observations["observation_id"].equals(plain.observations["observation_id"])
        assert [n for n in got.notices if "'cluster' is new" in n]
