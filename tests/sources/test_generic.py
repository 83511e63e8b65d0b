"""Any table: three formats, mapped columns and categories, times, places, watches; nothing is guessed."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
import shapely
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
    squares,
)

from servanda.errors import SourceRefused
from servanda.kinds import tree
from servanda.sources.base import Reading
from servanda.sources.generic import SOURCE

HEADER = "kind,t_start,lon,lat"
ROWS = [
    "artillery,2025-04-19T18:00+03:00,37.5,48.1",
    "mortar,2025-04-19 18:05:00,37.6,48.2",
    "small_arms,2025-04-20,37.7,48.3",
]


def read(header: str, rows: list[str], **settings: object) -> Reading:
    aux = {"regions": squares(R_1=(30, 46), R_2=(36, 49))}
    return SOURCE.read(payload(csv_text(header, rows)), context(SOURCE, aux, **settings))


def reasons(header: str, rows: list[str], **settings: object) -> list[str]:
    got = read(header, rows, **settings)
    assert got.observations.is_empty()
    assert got.watches.is_empty()
    assert got.quarantine["row"].to_list() == list(range(1, len(rows) + 1))
    return got.quarantine["reason"].to_list()


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE), HEADER, ROWS)


def test_ids_stay_what_they_are() -> None:
    """A change of these is a change of every stored id: it needs a migration, not a new expectation."""
    got = read(HEADER, ROWS).observations
    assert got["observation_id"].to_list() == EXPECTED_IDS


EXPECTED_IDS = ["5318595e26d85023d2289404", "1919282e810cf089d2e721cc", "5ea44aea5be4b4f6437c25a9"]


def test_only_kind_start_and_place_are_needed() -> None:
    got = read(HEADER, ROWS).observations
    assert got["t_start"].to_list() == [
        datetime(2025, 4, 19, 15, tzinfo=UTC),
        datetime(2025, 4, 19, 18, 5, tzinfo=UTC),
        datetime(2025, 4, 20, tzinfo=UTC),
    ]
    assert got["t_end"].to_list() == [
        datetime(2025, 4, 19, 15, tzinfo=UTC),
        datetime(2025, 4, 19, 18, 5, tzinfo=UTC),
        datetime(2025, 4, 21, tzinfo=UTC),
    ]
    assert flags(got) == [[], [], ["day_precision"]]
    assert got["claim"].to_list() == ["sighting"] * 3
    assert got["label"].to_list() == ["artillery", "mortar", "small_arms"]


def test_local_times_are_in_the_zone_set() -> None:
    got = read(HEADER, ROWS[1:], time_zone="Europe/Kyiv").observations
    assert got["t_start"].to_list() == [datetime(2025, 4, 19, 15, 5, tzinfo=UTC), datetime(2025, 4, 19, 21, tzinfo=UTC)]


def test_an_hour_shown_twice_is_an_interval_and_a_skipped_one_is_set_aside() -> None:
    rows = ["mortar,2025-10-26 03:30:00,37.6,48.2", "mortar,2025-03-30 03:30:00,37.6,48.2"]
    got = read(HEADER, rows, time_zone="Europe/Kyiv")
    assert (got.observations["t_end"] - got.observations["t_start"]).dt.total_minutes().to_list() == [60]
    assert flags(got.observations) == [["ambiguous_hour"]]
    assert got.quarantine["row"].to_list() == [2]


def test_end_dates_count_to_the_end_of_the_day() -> None:
    got = read(HEADER + ",t_end", ["artillery,2025-04-19,37.5,48.1,2025-04-20"]).observations
    assert got["t_end"].to_list() == [datetime(2025, 4, 21, tzinfo=UTC)]


def test_what_cannot_be_read_is_set_aside_with_the_reason() -> None:
    rows = [
        "artilery,2025-04-19,37.5,48.1",
        "artillery,19/04/2025,37.5,48.1",
        "artillery,2025-04-19,200.5,48.1",
        "artillery,2025-04-19,48.1,137.5",
        "artillery,2025-04-19,0,0",
        "artillery,2025-04-19,east,48.1",
        "artillery,2025-04-19,,",
        ",2025-04-19,37.5,48.1",
        "artillery,,37.5,48.1",
        "artillery,2025-04-19,nan,48.1",
    ]
    words = (
        "Nearest: artillery",
        "t_start: It cannot be read as a time",
        "out of range",
        "swapped",
        "a default, not a place",
        "no longitude and latitude",
        "no place",
        "no kind",
        "t_start",
        "no longitude and latitude",
    )
    for reason, word in zip(reasons(HEADER, rows), words, strict=True):
        assert word in reason


def test_swapped_coordinates_are_suspected_inside_a_box() -> None:
    (reason,) = reasons(HEADER, ["artillery,2025-04-19,48.1,37.5"], box=[36, 47, 39, 50])
    assert "if they were swapped" in reason


def test_wrong_values_are_set_aside() -> None:
    header = HEADER + ",claim,count_low,count_high,credibility,sigma_m,t_end"
    start = "artillery,2025-04-19,37.5,48.1"
    rows = [
        f"{start},rumour,,,,,",
        f"{start},,some,,,,",
        f"{start},,5,4,,,",
        f"{start},,,,7,,",
        f"{start},,,,,-5,",
        f"{start},,,,,,2025-04-01",
        f"{start},,,,,,later",
    ]
    words = (
        "rumour is none of sighting",
        "count_low some",
        "below count_low",
        "credibility 7",
        "sigma_m -5",
        "ends before",
        "t_end",
    )
    for reason, word in zip(reasons(header, rows), words, strict=True):
        assert word in reason


def test_their_columns_categories_and_constants() -> None:
    header = "id,what,when,x,y,extra"
    rows = ["1,Shelling,14/08/2020,37.5,48.1,z", "2,Weather,14/08/2020,37.5,48.1,z", "3,Unheard,14/08/2020,37.5,48.1,z"]
    got = read(
        header,
        rows,
        columns={"what": "kind", "when": "t_start", "x": "lon", "y": "lat", "gone": "text"},
        kinds={"Shelling": "artillery", "Weather": ""},
        constants={"language": "en", "sigma_m": 250},
        time_formats=["%d/%m/%Y"],
    )
    assert got.observations["kind"].to_list() == ["artillery"]
    assert got.observations["label"].to_list() == ["Shelling"]
    assert got.observations["language"].to_list() == ["en"]
    assert got.observations["sigma_m"].to_list() == [250.0]
    assert got.quarantine["row"].to_list() == [3]
    assert "'Unheard' is no kind" in got.quarantine["reason"][0]
    told = " ".join(got.notices)
    for word in (
        "'extra' is not read",
        "'id' is not read",
        "'gone' is mapped but is not there",
        "1 rows are of categories",
    ):
        assert word in told


def test_a_built_in_code_book() -> None:
    got = read(
        "sub_event_type,event_date,lon,lat",
        ["Air/drone strike,2022-01-01,37,48"],
        columns={"sub_event_type": "kind", "event_date": "t_start"},
        crosswalk="acled",
    )
    assert got.observations["kind"].to_list() == ["aerial_strike"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"kinds": {"x": "artilery"}}, "Nearest: artillery"),
        ({"columns": {"x": "tstart"}}, "Nearest: t_start"),
        ({"columns": {"x": "lon", "y": "lon"}}, "mapped to 'lon'"),
        ({"constants": {"colour": "red"}}, "no interchange column"),
        ({"crosswalk": "acledd"}, "Nearest: acled"),
        ({"monitr": True}, "monitr"),
    ],
)
def test_settings_that_cannot_work_are_told_at_once(settings: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SOURCE.settings.model_validate(settings)


def test_a_table_without_what_is_needed_is_refused_naming_all_of_it() -> None:
    with pytest.raises(
        SourceRefused, match=r"it lacks kind, t_start, a place .*its columns are a, b.*Mend: Map its columns"
    ):
        read("a,b", ["1,2"])
    with pytest.raises(SourceRefused, match="it lacks lat"):
        read("kind,t_start,lon", ["artillery,2025-04-19,37"])
    with pytest.raises(SourceRefused, match=r"with: \{regions"):
        SOURCE.read(payload("kind,t_start,place\nartillery,2025-04-19,R-1\n"), context(SOURCE))


@pytest.mark.parametrize(
    "written",
    [
        "POLYGON ((30 46, 31 46, 31 47, 30 46))",
        shapely.from_wkt("POLYGON ((30 46, 31 46, 31 47, 30 46))").wkb_hex,
        '{"type":"Polygon","coordinates":[[[30,46],[31,46],[31,47],[30,46]]]}',
    ],
)
def test_geometry_in_every_spelling(written: str) -> None:
    quoted = '"' + written.replace('"', '""') + '"'
    got = SOURCE.read(payload(f"kind;t_start;geometry\nartillery;2025-04-19;{quoted}\n"), context(SOURCE)).observations
    assert shapely.from_wkb(got["geometry"][0]).area == pytest.approx(0.5)
    assert got["lon"].to_list() == [None]


def test_geometry_that_is_none_and_places_that_are_unknown() -> None:
    (reason,) = reasons("kind,t_start,geometry", ["artillery,2025-04-19,somewhere"])
    assert "no WKT, GeoJSON or WKB" in reason
    (reason,) = reasons("kind,t_start,place", ["artillery,2025-04-19,Region R_9"])
    assert "Nearest: region r_" in reason


def test_a_region_by_name_or_code() -> None:
    got = read("kind,t_start,place", ["artillery,2025-04-19,R-1", "artillery,2025-04-19,region r_1"]).observations
    assert got["geometry"].n_unique() == 1
    assert shapely.from_wkb(got["geometry"][0]).bounds == (30, 46, 31, 47)


def test_watches_are_told_by_their_columns() -> None:
    header = "kind,t_start,t_end,lon,lat,range_m,p_detect,status,reason"
    rows = [
        "explosive,2025-04-19T00:00Z,2025-04-20T00:00Z,37,48,5000,0.9,,",
        "explosive,2025-04-20T00:00Z,2025-04-21T00:00Z,37,48,5000,0,jammed,strong interference",
    ]
    got = read(header, rows, p_false=0.1)
    assert got.observations.is_empty()
    assert got.watches["status"].to_list() == ["watching", "jammed"]
    assert got.watches["p_false"].to_list() == [0.1, 0.1]
    area = shapely.from_wkb(got.watches["footprint"][0])
    # At 48° N a degree of latitude is 111.2 km.
    assert area.bounds[3] - 48 == pytest.approx(5.0 / 111.2, rel=1e-3)
    assert_rows_decide_alone(SOURCE, context(SOURCE), header, rows)


def test_bad_watches_are_set_aside() -> None:
    header = "kind,t_start,t_end,lon,lat,range_m,p_detect,status"
    start = "explosive,2025-04-19T00:00Z,2025-04-20T00:00Z,37,48"
    rows = [f"{start},5000,1.5,", f"{start},5000,0.5,asleep", f"{start},,0.5,", f"{start},-1,0.5,"]
    words = ("p_detect 1.5", "asleep is none of watching", "needs range_m", "range_m -1")
    for reason, word in zip(reasons(header, rows), words, strict=True):
        assert word in reason


def test_rows_that_are_no_event_do_not_shift_the_checks_of_the_others() -> None:
    rows = ["Weather,2025-04-19,R-1", "artillery,2025-04-19,R-1", "artillery,2025-04-19,R-7"]
    got = read("kind,t_start,place", rows, kinds={"Weather": ""})
    assert got.observations.height == 1
    assert got.quarantine["row"].to_list() == [3]


def test_a_watch_everywhere_must_be_said() -> None:
    header, row = "kind,t_start,t_end,p_detect", "explosive,2025-04-19T00:00Z,2025-04-20T00:00Z,0.5"
    with pytest.raises(SourceRefused, match="a place"):
        read(header, [row])
    assert read(header, [row], everywhere=True).watches["footprint"].to_list() == [None]


def test_parquet_and_geojson_say_what_csv_says() -> None:
    header = HEADER + ",text,count_low"
    rows = ["artillery,2025-04-19T18:00:00+03:00,37.5,48.1,loud,3", "mortar,2025-04-19T19:00:00+03:00,37.6,48.2,,4"]
    csv_got = read(header, rows).observations.drop("payload_sha256", "record_id", "observation_id")
    frame = pl.DataFrame(
        {
            "kind": ["artillery", "mortar"],
            "t_start": [datetime(2025, 4, 19, 15, tzinfo=UTC), datetime(2025, 4, 19, 16, tzinfo=UTC)],
            "lon": [37.5, 37.6],
            "lat": [48.1, 48.2],
            "text": ["loud", None],
            "count_low": [3, 4],
        }
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    parquet = SOURCE.read(payload(buffer.getvalue(), "t.parquet"), context(SOURCE)).observations
    assert parquet.drop("payload_sha256", "record_id", "observation_id").equals(csv_got)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [r["lon"], r["lat"]]},
            "properties": {
                "kind": r["kind"],
                "t_start": r["t_start"].isoformat(),
                "text": r["text"],
                "count_low": r["count_low"],
            },
        }
        for r in frame.rows(named=True)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    geo = SOURCE.read(payload(text, "t.geojson"), context(SOURCE)).observations
    assert geo.drop("payload_sha256", "record_id", "observation_id").equals(csv_got)


def test_a_broken_parquet_file_is_refused() -> None:
    with pytest.raises(SourceRefused, match="Parquet"):
        SOURCE.read(payload(b"PAR1nonsense", "t.parquet"), context(SOURCE))


def test_a_table_of_what_was_said_says_so() -> None:
    said = read(HEADER, ROWS, constants={"claim": "claim"})
    assert said.observations["claim"].unique().to_list() == ["claim"]


finite = st.floats(-89, 89, allow_nan=False).filter(lambda v: abs(v) > 1e-6)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(tree())),
            st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            finite,
            finite,
            st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=20),
        ),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_round_trip_of_whatever_a_table_holds(rows: list[tuple[str, datetime, float, float, str]]) -> None:
    """Written by the standard CSV writer, read back exactly; reading again or in another order gives the same ids."""
    import csv

    out = io.StringIO()
    csv.writer(out).writerows(
        [
            ("kind", "t_start", "lon", "lat", "text"),
            *((k, t.isoformat(), repr(x), repr(y), s) for k, t, x, y, s in rows),
        ]
    )
    got = SOURCE.read(payload(out.getvalue()), context(SOURCE))
    assert got.quarantine.is_empty()
    read_back = sorted(got.observations.select("kind", "t_start", "lon", "lat", pl.col("text").fill_null("")).rows())
    assert read_back == sorted(set(rows))


class TestRealData:
    pytestmark = real_data

    def test_acled_layout(self) -> None:
        settings: dict[str, Any] = {
            "columns": {
                "sub_event_type": "kind",
                "event_date": "t_start",
                "longitude": "lon",
                "latitude": "lat",
                "notes": "text",
            },
            "crosswalk": "acled",
        }
        got = SOURCE.read(
            file_payload(data("acled", "acled_format_sample_31_columns.csv")), context(SOURCE, **settings)
        )
        assert got.quarantine.is_empty()
        assert got.observations.height == 750

    def test_ucdp_layout_in_its_own_encoding_and_two_forms_of_date(self) -> None:
        settings: dict[str, Any] = {
            "columns": {"type_of_violence": "kind", "date_start": "t_start", "longitude": "lon", "latitude": "lat"},
            "crosswalk": "ucdp",
            "encoding": "cp1252",
            "time_formats": ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M"],
        }
        file = file_payload(data("ucdp", "ged_ukraine_2014_2022_mixed_encoding.csv.gz"))
        with pytest.raises(SourceRefused, match="is not utf-8"):
            SOURCE.read(file, context(SOURCE, **{**settings, "encoding": "utf-8"}))
        got = SOURCE.read(file, context(SOURCE, **settings))
        assert got.observations.height + got.quarantine.height == 3883
        assert got.quarantine.is_empty(), got.quarantine["reason"].to_list()[:3]
