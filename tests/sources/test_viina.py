"""VIINA: unknown hours, cut-off labels, leaks, several labels, places outside, and silence."""

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.sources.conftest import (
    assert_fields_accounted,
    assert_rows_decide_alone,
    context,
    csv_text,
    data,
    file_payload,
    flags,
    payload,
    real_data,
    squares,
)

from servanda.errors import SourceRefused
from servanda.sources.viina import SOURCE

HEADER = "datetime,lon,lat,place_name,event_type,headline"
ROWS = [
    "2025-05-08 00:00:00,37.6,47.9,Town,control|occupy,Front line moved",
    "2025-05-08 14:05:00,37.0,50.2,Other,firefighb,Exchange of fire",
    "2025-05-09 00:00:00,30.5,50.4,City,,A court story",
    "2025-05-09 00:00:00,30.5,50.4,City,loc,A story about a place",
    "2025-05-10 03:00:00,36.2,49.9,Big Town,airstrike|loc,Bombs",
]


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE), HEADER, ROWS)


def test_every_field_is_accounted_for() -> None:
    assert_fields_accounted(SOURCE, context(SOURCE), HEADER, ROWS[1], "datetime")


def test_midnight_is_the_whole_local_day() -> None:
    got = SOURCE.read(payload(csv_text(HEADER, ROWS[:1])), context(SOURCE)).observations
    assert got["t_start"].unique().to_list() == [datetime(2025, 5, 7, 21, tzinfo=UTC)]
    assert got["t_end"].unique().to_list() == [datetime(2025, 5, 8, 21, tzinfo=UTC)]
    assert all("day_precision" in f for f in flags(got))


def test_a_known_hour_is_an_instant_in_local_time() -> None:
    got = SOURCE.read(payload(csv_text(HEADER, ROWS[1:2])), context(SOURCE)).observations
    assert got["t_start"].to_list() == got["t_end"].to_list() == [datetime(2025, 5, 8, 11, 5, tzinfo=UTC)]
    assert flags(got) == [[]]


def test_day_of_the_clock_change_has_23_hours() -> None:
    row = "2025-03-30 00:00:00,37.6,47.9,Town,uav,Drones"
    got = SOURCE.read(payload(csv_text(HEADER, [row])), context(SOURCE)).observations
    assert (got["t_end"] - got["t_start"]).dt.total_hours().to_list() == [23]


def test_each_label_is_one_observation_of_the_same_record() -> None:
    got = SOURCE.read(payload(csv_text(HEADER, ROWS[:1])), context(SOURCE)).observations
    assert sorted(got["kind"]) == ["territory_change", "territory_occupied"]
    assert got["record_id"].n_unique() == 1
    assert got["observation_id"].n_unique() == 2
    assert got["label"].unique().to_list() == ["control|occupy"], "the provider's category must stay verbatim"


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("firefighb", "firefight"),
        ("airalerb", "air_raid_alert"),
        ("arresb", "detention"),
        ("retreab", "withdrawal"),
        ("aad", "air_defence"),
        ("", "report_untyped"),
        ("loc", "report_untyped"),
        ("san", "report_untyped"),
    ],
)
def test_cut_off_labels_and_leaks(label: str, kind: str) -> None:
    row = f"2025-02-01 00:00:00,37.6,47.9,Town,{label},Text"
    got = SOURCE.read(payload(csv_text(HEADER, [row])), context(SOURCE)).observations
    assert got["kind"].to_list() == [kind]


def test_a_label_never_seen_goes_to_quarantine_and_the_others_stay() -> None:
    row = "2025-02-01 00:00:00,37.6,47.9,Town,artilery|uav,Text"
    got = SOURCE.read(payload(csv_text(HEADER, [row])), context(SOURCE))
    assert got.observations["kind"].to_list() == ["drone_strike"]
    assert got.quarantine["row"].to_list() == [1]
    assert "Nearest: artillery" in got.quarantine["reason"][0]


def test_a_label_alone_proves_nothing() -> None:
    got = SOURCE.read(payload(csv_text(HEADER, ROWS)), context(SOURCE)).observations
    assert set(got["claim"]) == {"claim"}
    assert set(got["reliability"]) == {"E"}
    assert set(got["witness_group"]) == {"viina"}
    assert SOURCE.settings().p_true == 0.2


def test_a_place_outside_the_box_is_kept_and_flagged() -> None:
    row = "2025-05-08 10:00:00,2.35,48.85,Far away,uav,Text"
    got = SOURCE.read(payload(csv_text(HEADER, [row])), context(SOURCE)).observations
    assert flags(got) == [["outside_box"]]


def test_bad_rows_are_set_aside_with_number_and_reason() -> None:
    rows = [
        ROWS[1],
        "yesterday,37.6,47.9,T,uav,x",
        "2025-05-08 10:00:00,47.9,97.6,T,uav,x",
        "2025-05-08 10:00:00,,,T,uav,x",
        "a,b",
    ]
    got = SOURCE.read(payload(csv_text(HEADER, rows)), context(SOURCE))
    assert got.observations.height == 1
    assert got.quarantine["row"].to_list() == [2, 3, 4, 5]
    reasons = got.quarantine["reason"].to_list()
    for reason, word in zip(
        reasons, ("time", "swapped", "longitude and latitude", "2 fields where the header has 6"), strict=True
    ):
        assert word in reason


def test_quotes_doubled_inside_and_line_breaks_are_text() -> None:
    text = HEADER + '\n"2025-05-08 10:00:00","37.6","47.9","T","uav","He said ""no"",\ntwice"\n'
    got = SOURCE.read(payload(text), context(SOURCE)).observations
    assert got["text"].to_list() == ['He said "no",\ntwice']


def test_a_file_that_is_cut_off_or_in_another_encoding_is_refused() -> None:
    with pytest.raises(SourceRefused, match="ends inside a quoted field"):
        SOURCE.read(payload(HEADER + '\n"2025-05-08 10:00:00","37.6'), context(SOURCE))
    bad = (HEADER + "\n" + ROWS[1] + "\n").encode() + "2025-05-08 10:00:00,37,48,T,uav,naïve\n".encode("cp1252")
    with pytest.raises(SourceRefused, match=r"line 3 is not utf-8.*Mend: Convert"):
        SOURCE.read(payload(bad), context(SOURCE))


def test_watches_one_for_each_day_with_news_and_kind() -> None:
    area = squares(UA_30=(30, 50), UA_63=(36, 49))
    ctx = context(SOURCE, {"regions": area}, watched=("armed_activity",), p_detect=0.25)
    got = SOURCE.read(payload(csv_text(HEADER, ROWS)), ctx).watches
    assert got.height == 3, "three local days have rows"
    assert got["p_detect"].unique().to_list() == [0.25]
    assert got["p_false"].unique().to_list() == [0.8]
    assert got["footprint"].null_count() == 0
    assert (got["recorded_at"] >= got["t_end"]).all(), "a day's news cannot be known before the day is over"


def test_label_density_is_told() -> None:
    got = SOURCE.read(payload(csv_text(HEADER, ROWS)), context(SOURCE))
    assert any("60% of rows carry an event label" in n for n in got.notices)


class TestRealData:
    pytestmark = real_data

    @pytest.mark.parametrize(
        ("month", "rows", "distinct"), [("02", 4004, 3999), ("04", 3764, 3763), ("05", 3793, 3792)]
    )
    def test_months(self, month: str, rows: int, distinct: int) -> None:
        got = SOURCE.read(file_payload(data("viina", f"viina_incidents_2025{month}.csv.gz")), context(SOURCE))
        assert got.quarantine.is_empty()
        assert got.observations["record_id"].n_unique() == distinct < rows
        outside = got.observations.filter(pl.col("flags").list.contains("outside_box"))["record_id"].n_unique()
        assert outside == (2 if month == "05" else outside)
