"""Corridor announcements and outcomes: every trap of the provider's layout. All rows here are made up."""

import csv
from datetime import UTC, datetime

import polars as pl
import pytest
import shapely
from pyproj import Geod
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
)

from servanda.sources.base import Reading
from servanda.sources.corridors import CONTRADICTED, REGION_PLACE, SOURCE

HEADER = (
    "HC_ID,Date,date,month,day,year,proposal,status_result,status_extra,"
    "From,from_name,from_latitude,from_longitude,from_adm1_code_full,from_adm1_nr,from_adm1_name,from_country_code,"
    "To,to_name,to_latitude,to_longitude,to_adm1_code_full,to_adm1_nr,to_adm1_name,to_country_code"
)
CELLS = {
    "HC_ID": "1", "Date": "05.03.22", "date": "2022-03-05", "month": "3", "day": "5", "year": "2022",
    "proposal": "Northland", "status_result": "successful", "status_extra": "successful",
    "From": "Oldtown", "from_name": "Oldtown", "from_latitude": "47.0", "from_longitude": "36.0",
    "from_adm1_code_full": "UA.05", "from_adm1_nr": "5", "from_adm1_name": "Donetsk Oblast", "from_country_code": "UA",
    "To": "Newtown", "to_name": "Newtown", "to_latitude": "48.0", "to_longitude": "35.0",
    "to_adm1_code_full": "UA.26", "to_adm1_nr": "26", "to_adm1_name": "Zaporizhzhya Oblast", "to_country_code": "UA",
}  # fmt: skip
UNKNOWN = "proposed route/outcome unknown"


def row(**cells: str) -> str:
    changed = {**CELLS, **cells}
    return ",".join(f'"{changed[name]}"' if "," in changed[name] else changed[name] for name in HEADER.split(","))


def dated(**cells: str) -> dict[str, str]:
    return {"date": "", "month": "", "day": "", "year": "", **cells}


def read(*rows: str, **settings: object) -> Reading:
    return SOURCE.read(payload(csv_text(HEADER, rows)), context(SOURCE, None, **settings))


def said(reading: Reading) -> list[tuple[str, str]]:
    return reading.observations.select("kind", "claim").sort("kind", "claim").rows()


def test_a_success_is_an_announcement_an_opening_and_a_watch_of_one_record() -> None:
    reading = read(row())
    assert said(reading) == [("corridor_opened", "sighting"), ("corridor_proposed", "sighting")]
    assert reading.observations["record_id"].n_unique() == 1
    (watch,) = reading.watches.rows(named=True)
    assert (watch["kind"], watch["status"], watch["p_detect"]) == ("corridor_opened", "watching", 0.95)
    assert watch["about_record"] == reading.observations["record_id"][0]


@pytest.mark.parametrize(
    ("status", "extra", "observed", "watched"),
    [
        ("unsuccessful/disrupted", "unsuccessful", [], 1),
        ("unsuccessful/disrupted", "disrupted", [("corridor_obstructed", "sighting")], 1),
        ("disputed", "disputed", [("corridor_opened", "claim"), ("corridor_opened", "denial")], 1),
        (UNKNOWN, UNKNOWN, [], 0),
        (UNKNOWN, "disrupted", [], 0),
        (" Successful ", "", [("corridor_opened", "sighting")], 1),
    ],
)
def test_each_outcome(status: str, extra: str, observed: list[tuple[str, str]], watched: int) -> None:
    reading = read(row(status_result=status, status_extra=extra))
    assert said(reading) == sorted([*observed, ("corridor_proposed", "sighting")])
    assert reading.watches.height == watched


def test_a_status_that_nobody_knows_is_set_aside_and_can_be_set() -> None:
    strange = row(status_result="postponed")
    reading = read(strange)
    assert "The status postponed is none that is known" in reading.quarantine["reason"][0]
    assert reading.observations.height == reading.watches.height == 0
    assert read(strange, outcomes={"Postponed": "closed"}).watches.height == 1


def test_agreed_or_announced_by_one_side() -> None:
    both, one = (read(row(proposal=p)).observations.filter(pl.col("label") == p) for p in ("Agreed", "Southmark"))
    assert both.select("kind", "actor_claimed").rows() == [("corridor_agreed", None)]
    assert one.select("kind", "actor_claimed").rows() == [("corridor_proposed", "Southmark")]


def test_the_day_is_the_local_day() -> None:
    summer = read(row(**dated(Date="03.05.22"))).observations
    assert summer["t_start"].unique().to_list() == [datetime(2022, 5, 2, 21, tzinfo=UTC)]
    short = read(row(**dated(Date="27.03.22"))).observations
    assert (short["t_end"] - short["t_start"]).dt.total_hours().unique().to_list() == [23]


@pytest.mark.parametrize("cell", [{"date": "2022-05-03"}, {"month": "5"}, {"day": "6"}, {"year": "2021"}, {"day": "?"}])
def test_two_dates_that_disagree_are_set_aside(cell: dict[str, str]) -> None:
    reading = read(row(**cell), row())
    assert reading.quarantine["row"].to_list() == [1]
    assert "do not say the same day" in reading.quarantine["reason"][0]


@pytest.mark.parametrize("text", ["2022-03-05", "31.02.22", "5 March", ""])
def test_a_date_that_is_none_is_set_aside(text: str) -> None:
    assert "DD.MM.YY" in read(row(**dated(Date=text))).quarantine["reason"][0]


def test_missing_and_swapped_coordinates_are_set_aside() -> None:
    bad = read(
        row(from_latitude=""), row(to_latitude="135", to_longitude="48"), row(from_latitude="0", from_longitude="0")
    )
    assert bad.quarantine.height == 3
    assert bad.observations.height == 0


def test_several_routes_a_day_and_the_same_route_twice_stay_apart() -> None:
    reading = read(row(HC_ID="1"), row(HC_ID="2"), row(HC_ID="3", To="Elsewhere", to_latitude="49.0"))
    announced = reading.observations.filter(pl.col("kind") == "corridor_proposed")
    assert announced["record_id"].n_unique() == 3
    assert reading.watches["about_record"].n_unique() == 3


def test_the_route_is_a_strip_of_the_stated_error() -> None:
    area = shapely.from_wkb(read(row()).observations["geometry"][0])
    middle = shapely.Point(35.5, 47.5)
    assert area.contains(shapely.MultiPoint([(36.0, 47.0), (35.0, 48.0), middle.coords[0]]))
    along, across = 10_000.0, Geod(ellps="WGS84")
    azimuth = across.inv(36.0, 47.0, 35.0, 48.0)[0]
    for turn in (90.0, -90.0):
        for factor, inside in ((0.95, True), (1.05, False)):
            lon, lat, _ = across.fwd(middle.x, middle.y, azimuth + turn, along * factor)
            assert area.contains(shapely.Point(lon, lat)) is inside


@pytest.mark.parametrize(
    ("cells", "flag"),
    [
        ({"From": "Oldtown region"}, REGION_PLACE),
        ({"To": "Newtown District"}, REGION_PLACE),
        ({"From": "Oldtown (Luhansk)"}, CONTRADICTED),
        ({"From": "Oldtown (Kyiv regioin)"}, CONTRADICTED),
        ({"From": "Oldtown (Kyiv region)", "from_adm1_name": "Kiev"}, ""),
        ({"From": "Oldtown [Donetsk region]"}, ""),
        ({"From": "Oldtown (steel works)"}, ""),
    ],
)
def test_a_place_that_is_a_region_or_in_another_one_than_it_says_has_a_large_error(
    cells: dict[str, str], flag: str
) -> None:
    observations = read(row(**cells)).observations
    assert observations["sigma_m"].unique().to_list() == [75_000.0 if flag else 10_000.0]
    assert all((flag in f) if flag else len(f) == 1 for f in flags(observations))


def test_free_text_is_kept_as_text() -> None:
    reading = read(row(status_extra="successful, 800 people; 3 buses stopped"))
    opened = reading.observations.filter(pl.col("kind") == "corridor_opened")
    assert opened["text"][0] == "Oldtown – Newtown: successful, 800 people; 3 buses stopped"
    assert opened["label"][0] == "successful"
    assert opened["count_low"].null_count() == 1


def test_a_route_between_two_equal_places_is_a_circle() -> None:
    area = shapely.from_wkb(read(row(to_latitude="47.0", to_longitude="36.0")).observations["geometry"][0])
    assert area.area > 0


def test_only_the_columns_that_decide_are_needed() -> None:
    header = "Date,proposal,status_result,from_latitude,from_longitude,to_latitude,to_longitude"
    text = csv_text(header, ["05.03.22,Agreed,successful,47,36,48,35"])
    assert SOURCE.read(payload(text), context(SOURCE)).observations.height == 2


def test_rows_decide_alone_and_fields_are_accounted_for() -> None:
    rows = [row(HC_ID=str(i), status_result=s) for i, s in enumerate(["successful", "disputed", UNKNOWN])]
    assert_rows_decide_alone(SOURCE, context(SOURCE), HEADER, rows)
    assert_fields_accounted(SOURCE, context(SOURCE), HEADER, row(), "status_result")


class TestRealData:
    pytestmark = real_data

    def test_every_row_is_read_and_outcomes_count_as_in_the_file(self) -> None:
        path = data("corridors", "humanitarian_corridors_2022.csv")
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        reading = SOURCE.read(file_payload(path), context(SOURCE))
        assert reading.quarantine.height == 0
        assert reading.notices == ()
        kinds = reading.observations["kind"].value_counts().rows()
        agreed = sum(r["proposal"] == "Agreed" for r in rows)
        known = [r["status_result"] for r in rows if r["status_result"] != UNKNOWN]
        assert dict(kinds) == {
            "corridor_agreed": agreed,
            "corridor_proposed": len(rows) - agreed,
            "corridor_opened": known.count("successful") + 2 * known.count("disputed"),
            "corridor_obstructed": sum(r["status_extra"] == "disrupted" for r in rows),
        }
        assert (len(rows), reading.watches.height) == (282, len(known))
