"""ADS-B: five layouts, units of time, height and speed, old places, ground noise, nulls, accuracy, pseudonyms."""

import gzip
import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
import shapely
from tests.sources.conftest import context, data, file_payload, flags, merged, payload, real_data

from servanda.errors import SourceRefused
from servanda.sources.adsb import SOURCE
from servanda.sources.adsb_layouts import OPENSKY_COLUMNS
from servanda.sources.base import Reading

T = 1_741_000_000  # 3 March 2025, 11:06:40 UTC
Record = dict[str, Any]
FLOWN: Record = {
    "timestamp": T * 1000,
    "icao24": "abc123",
    "latitude": 50.25,
    "longitude": 30.75,
    "groundspeed": 100,
    "track": -90,
    "altitude": 10_000,
    "onground": False,
}


def decoded(*records: Mapping[str, Any]) -> Reading:
    return read([{**FLOWN, **r} for r in records])


def read(found: object, name: str = "file.json", **settings: Any) -> Reading:
    return SOURCE.read(payload(json.dumps(found), name), context(SOURCE, **settings))


def positions(reading: Reading) -> pl.DataFrame:
    return reading.observations.filter(pl.col("kind") == "aircraft_position")


def state(**given: Any) -> list[Any]:
    whole = {
        "icao24": "abc123", "time_position": T, "last_contact": T, "longitude": 30.75, "latitude": 50.25,
        "baro_altitude": 3048.0, "on_ground": False, "velocity": 51.4444, "true_track": 270.0, "position_source": 0,
    }  # fmt: skip
    return [{**whole, **given}.get(name) for name in OPENSKY_COLUMNS[:17]]


def aircraft(**given: Any) -> Record:
    return {"hex": "abc123", "lat": 50.25, "lon": 30.75, "alt_baro": 10_000, "gs": 100, "seen_pos": 0, **given}


HISTORY = "time,icao24,lat,lon,velocity,heading,vertrate,onground,baroaltitude,lastposupdate,lastcontact,hour\n"
SAME: dict[str, Callable[[], str]] = {
    "records": lambda: json.dumps([FLOWN]),
    "columns": lambda: json.dumps({k: {"0": v} for k, v in FLOWN.items()}),
    "lines": lambda: json.dumps(FLOWN),
    "lines with other messages": lambda: "\n".join(
        json.dumps(m)
        for m in (FLOWN, {"timestamp": T, "icao24": "abc123", "bds": "08", "callsign": "X"}, {**FLOWN, "timestamp": T})
    ),
    "seconds": lambda: json.dumps([{**FLOWN, "timestamp": T}]),
    "ISO 8601": lambda: json.dumps([{**FLOWN, "timestamp": "2025-03-03T11:06:40Z"}]),
    "states": lambda: json.dumps({"time": T, "states": [state()]}),
    "states with categories": lambda: json.dumps({"time": T, "states": [[*state(), 2]]}),
    "receiver": lambda: json.dumps({"now": T, "messages": 9, "aircraft": [aircraft()]}),
    "aggregator": lambda: json.dumps({"now": T * 1000, "total": 1, "ac": [aircraft()]}),
    "history": lambda: HISTORY + f"{T},abc123,50.25,30.75,51.4444,270,0,False,3048,{T},{T},{T}\n",
}


@pytest.mark.parametrize("way", SAME)
def test_every_layout_says_the_same_in_plain_units(way: str) -> None:
    got = SOURCE.read(payload(SAME[way]()), context(SOURCE))
    assert got.quarantine.is_empty(), got.quarantine["reason"].to_list()
    assert not [n for n in got.notices if "is new" in n]
    rows = positions(got).select("t_start", "t_end", "lon", "lat", "text", "label").unique()
    at = datetime(2025, 3, 3, 11, 6, 40, tzinfo=UTC)
    assert rows.rows() == [(at, at, 30.75, 50.25, "3048 m, 51 m/s", rows["label"][0])]


def test_rows_decide_alone() -> None:
    """Order, splitting, repetition, names of files and gzip change nothing."""
    flown = [{**FLOWN, "timestamp": T + 400 * i, "longitude": 30.0 + i / 10, "NUCp": i} for i in range(10)]
    records = [*flown, {**FLOWN, "onground": True}, {**FLOWN, "latitude": None, "longitude": None}]
    whole = read(records)
    squeezed = payload(gzip.compress(json.dumps(records).encode(), mtime=0), "file.json.gz")
    ways = {
        "permuted": [read(records[::-1], "other.json")],
        "split": [read(records[:4]), read(records[4:])],
        "repeated": [read([*records, *records])],
        "gzip": [SOURCE.read(squeezed, context(SOURCE))],
        "lines": [SOURCE.read(payload("\n".join(map(json.dumps, records))), context(SOURCE))],
    }
    assert whole.observations.height == 10 + 2, "ten positions, and two cells with a degraded one"
    for way, got in ways.items():
        for table in ("observations", "watches"):
            assert merged(got, table).equals(merged([whole], table)), f"{table} change when {way}"


def test_a_course_of_eight_bits_is_not_believed() -> None:
    """The sample keeps 135 as -121: no course may reach an observation."""
    one, other = decoded({"track": -121}), decoded({"track": 135})
    assert one.observations["observation_id"].to_list() == other.observations["observation_id"].to_list()


def test_aircraft_on_the_ground_are_no_overflight() -> None:
    assert decoded({"onground": True}).observations.is_empty()
    assert decoded({"onground": True}).watches.is_empty(), "reception at an airfield says nothing of the air above"
    assert read({"now": T, "aircraft": [aircraft(alt_baro="ground")]}).observations.is_empty()
    assert decoded({"onground": None, "bds": "06"}).observations.is_empty()
    assert not decoded({"onground": None, "bds": "05", "groundspeed": 0, "altitude": 0}).observations.is_empty()


@pytest.mark.parametrize(
    ("speed", "altitude", "flies"), [(39, 1400, 0), (39, 1600, 1), (41, 100, 1), (None, 100, 1), (10, None, 0)]
)
def test_without_a_field_for_it_slow_and_low_is_on_the_ground(speed: int, altitude: int, flies: int) -> None:
    assert positions(decoded({"onground": None, "groundspeed": speed, "altitude": altitude})).height == flies


def test_a_place_older_than_its_record_is_not_a_place_of_that_moment() -> None:
    """A parked aircraft was said to be at 38,000 feet, with a place three minutes old."""
    assert decoded({"last_position": (T - 90) * 1000, "altitude": 38_000}).observations.is_empty()
    fresh = positions(decoded({"last_position": (T - 9) * 1000}))
    assert fresh["t_start"].to_list() == [datetime(2025, 3, 3, 11, 6, 31, tzinfo=UTC)], "the time is that of the place"
    assert read({"time": T, "states": [state(time_position=T - 16)]}).observations.is_empty()
    assert read({"now": T, "aircraft": [aircraft(seen_pos=16.1)]}).observations.is_empty()


def test_records_without_a_place_are_counted_and_not_bad() -> None:
    got = decoded({"latitude": None, "longitude": None}, {})
    assert positions(got).height == 1
    assert got.quarantine.is_empty()
    assert any("1 records hold no position" in n for n in got.notices)


def test_no_aircraft_is_no_watch_and_no_calm() -> None:
    nothing: tuple[object, ...] = ({"time": T, "states": None}, {"now": T, "aircraft": []}, [])
    for empty in nothing:
        got = read(empty)
        assert got.watches.is_empty()
        assert any("no watch" in n for n in got.notices)


BAD = [
    ({"icao24": "xyz"}, "24 bits"),
    ({"icao24": None}, "24 bits"),
    ({"timestamp": 7}, "since 2000"),
    ({"timestamp": None}, "since 2000"),
    ({"timestamp": "yesterday"}, "since 2000"),
    ({"longitude": None}, "no longitude and latitude"),
    ({"longitude": "east"}, "no longitude and latitude"),
    ({"latitude": 97.5}, "swapped"),
    ({"longitude": 0, "latitude": 0}, "both 0"),
]


@pytest.mark.parametrize(("wrong", "reason"), BAD)
def test_bad_records_are_set_aside_with_number_and_reason(wrong: Record, reason: str) -> None:
    got = decoded({}, wrong)
    assert positions(got).height == 1
    assert got.quarantine["row"].to_list() == [2]
    assert reason in got.quarantine["reason"][0]


def test_what_is_no_record_is_set_aside() -> None:
    got = read([FLOWN, 7, "text", [1]])
    assert got.quarantine["row"].to_list() == [2, 3, 4]
    cut = json.dumps(FLOWN) + "\n" + json.dumps(FLOWN | {"timestamp": T + 1}) + "\n" + json.dumps(FLOWN)[:40]
    got = SOURCE.read(payload(cut), context(SOURCE))
    assert (positions(got).height, got.quarantine["row"].to_list()) == (2, [3])
    assert read({"time": T, "states": [state(), ["abc123"]]}).quarantine["row"].to_list() == [2]


@pytest.mark.parametrize(
    "text", ["", "[{", '{"a": 1}', "[" * 100_000, "[1" + "0" * 5000 + "]", "a,b\n1,2\n", '[{"a": 1}]', "null", "7"]
)
def test_files_that_are_no_such_file_are_refused_or_set_aside(text: str) -> None:
    try:
        got = SOURCE.read(payload(text), context(SOURCE))
    except SourceRefused as refusal:
        assert "Mend: " in str(refusal)
    else:
        assert got.observations.is_empty()
        assert got.quarantine.height


def test_mutated_files_never_crash() -> None:
    """Bytes changed, cut or doubled in every layout: quarantine, refusal or right rows. Fixed seed."""
    rng = random.Random(25)
    texts = [f().encode() for f in SAME.values()]
    for _ in range(600):
        raw = bytearray(rng.choice(texts))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randint(0, 3)] = bytes(rng.choice(b'{}[]",:09.-eEnul\x00\xff\\u') for _ in range(2))
        try:
            got = SOURCE.read(payload(bytes(raw)), context(SOURCE))
        except SourceRefused as refusal:
            assert "Mend: " in str(refusal)
            continue
        assert (
            positions(got)
            .select(pl.col("lon").is_between(-180, 180) & pl.col("lat").is_between(-90, 90))
            .to_series()
            .all()
        )


@pytest.mark.parametrize(
    ("said", "sigma_m", "degraded"),
    [
        ({"nac_p": 10, "nic": 8}, 10 / 2.4477, False),
        ({"nac_p": 8, "nic": 7}, 92.6 / 2.4477, False),
        ({"nac_p": 7, "nic": 8}, 185.2 / 2.4477, True),
        ({"nac_p": 9, "nic": 6}, 30 / 2.4477, True),
        ({"nac_p": 0, "nic": 0}, 37_040, True),
        ({"nic": 8}, 185.2 / 2.4477, False),
    ],
)
def test_accuracy_that_aircraft_state(said: Record, sigma_m: float, degraded: bool) -> None:
    got = read({"now": T, "aircraft": [aircraft(type="adsb_icao", **said)]})
    assert positions(got)["sigma_m"].to_list() == pytest.approx([sigma_m])
    assert flags(positions(got)) == [["degraded_navigation"] if degraded else []]
    assert (got.observations["kind"] == "jamming").sum() == degraded


def test_without_a_word_on_accuracy_nothing_is_said_of_interference() -> None:
    for got in (decoded({}), read({"now": T, "aircraft": [aircraft(type="mlat", nac_p=0, nic=0)]})):
        assert flags(got.observations) == [["accuracy_unstated"]]
        assert got.observations["sigma_m"].to_list() == [200.0]


def test_neither_address_nor_callsign_is_kept() -> None:
    got = decoded({"callsign": "N123XY"}).observations
    words = got.drop("payload_sha256").rows()
    assert not any(secret in str(words) for secret in ("abc123", "ABC123", "N123XY"))
    salted = read([FLOWN], salt="pepper").observations
    assert salted["label"].to_list() != got["label"].to_list()
    assert salted["record_id"].to_list() != got["record_id"].to_list(), "an id could be undone without the salt"


def test_every_field_is_accounted_for_and_a_new_one_is_a_notice() -> None:
    assert not set(SOURCE.fields.used) & set(SOURCE.fields.ignored)
    plain, extra = decoded({}), decoded({"brand_new": 7})
    assert any("'brand_new' is new" in n for n in extra.notices)
    assert extra.observations["observation_id"].equals(plain.observations["observation_id"])
    seventeen = read({"time": T, "states": [[*state(), 1, "what"]]})
    assert any("'column_18' is new" in n for n in seventeen.notices)


def test_a_watch_is_a_cell_and_hour_in_which_an_aircraft_flew() -> None:
    got = decoded({}, {"timestamp": T + 60, "longitude": 30.6}, {"timestamp": T + 3600}, {"longitude": 31.25}).watches
    assert got.height == 3, "two in one cell and hour are one watch"
    assert got["kind"].unique().to_list() == ["aircraft_overflight"]
    boxes = {shapely.from_wkb(f).bounds for f in got["footprint"]}
    assert boxes == {(30.5, 50.0, 31.0, 50.5), (31.0, 50.0, 31.5, 50.5)}
    assert (got["t_end"] - got["t_start"]).dt.total_hours().unique().to_list() == [1]


class TestRealData:
    pytestmark = real_data

    def test_a_calibration_flight(self) -> None:
        got = SOURCE.read(file_payload(data("adsb", "bornholm.json.gz")), context(SOURCE))
        assert got.quarantine.is_empty()
        assert got.observations.height == 2572
        first, last = got.observations["t_start"].min(), got.observations["t_start"].max()
        assert (first, last) == (
            datetime(2018, 11, 26, 9, 38, 15, tzinfo=UTC),
            datetime(2018, 11, 26, 13, 12, 30, tzinfo=UTC),
        )

    def test_ground_noise_is_left_out(self) -> None:
        """Counted by hand from the file: places not older than 15 s of records that do not say 'on ground'."""
        raw = json.loads(gzip.decompress(data("adsb", "noisy_ground.json.gz").read_bytes()))
        flies = [
            k
            for k in raw["timestamp"]
            if not raw["onground"][k] and raw["timestamp"][k] - raw["last_position"][k] <= 15_000
        ]
        said_to_fly = sum(not v for v in raw["onground"].values())
        got = SOURCE.read(file_payload(data("adsb", "noisy_ground.json.gz")), context(SOURCE))
        assert got.quarantine.is_empty()
        assert got.observations.height == len(flies) == 528 < said_to_fly

    def test_messages_of_every_type(self) -> None:
        lines = gzip.decompress(data("adsb", "modes_decoded_first3000.jsonl.gz").read_bytes()).decode().splitlines()
        messages = [json.loads(line) for line in lines]
        flown = {
            (m["icao24"], m["timestamp"], m["latitude"], m["longitude"])
            for m in messages
            if m.get("bds") == "05" and "latitude" in m
        }
        got = SOURCE.read(file_payload(data("adsb", "modes_decoded_first3000.jsonl.gz")), context(SOURCE))
        assert got.quarantine.is_empty()
        assert not [n for n in got.notices if "is new" in n]
        assert got.observations.height == len(flown)
        on_ground = sum(m.get("bds") == "06" and "latitude" in m for m in messages)
        assert any(f"{on_ground} records are of aircraft on the ground" in n for n in got.notices)
