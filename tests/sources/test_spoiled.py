"""What the fuzz runs have found, kept: files that once crashed a reader, hid a row or put words into our mouth."""

import gzip
import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
import shapely
from tests.fuzz.samples import samples
from tests.fuzz.shapes import Table
from tests.sources.conftest import context, csv_text, payload
from tests.sources.test_adsb import aircraft, decoded
from tests.sources.test_control import SQUARE
from tests.sources.test_firms import AREA, MODIS
from tests.sources.test_firms import ROWS as FIRES
from tests.sources.test_generic import HEADER, ROWS
from tests.sources.test_ucdp import ROWS as EVENTS
from tests.sources.test_ucdp import as_json
from tests.sources.test_viina import HEADER as NEWS
from tests.sources.test_viina import ROWS as HEADLINES

from servanda.errors import SourceRefused
from servanda.sources import reading
from servanda.sources.base import TOLD_CHARACTERS, Reading, told
from servanda.sources.registry import sources

KNOWN = sources()


def read(source: str, content: str | bytes, name: str = "file", **settings: object) -> Reading:
    return KNOWN[source].read(payload(content, name), context(KNOWN[source], None, **settings))


def regions(features: list[Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize(
    "features",
    [
        ["a word", [], None, {"geometry": "here", "properties": 7}],
        [
            {
                "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1e300], [0, 0]]]},
                "properties": {"id": 1},
            }
        ],
        [{"geometry": {"type": "Polygon", "coordinates": [[[1, 1], [1, 1], [1, 1], [1, 1]]]}, "properties": {"id": 1}}],
    ],
)
def test_boundaries_that_are_none_are_refused(features: list[Any]) -> None:
    source = KNOWN["viina"]
    aux = {"regions": payload(regions(features))}
    with pytest.raises(SourceRefused, match="Mend: "):
        source.read(payload(csv_text(NEWS, HEADLINES)), context(source, aux))


@pytest.mark.parametrize("source", ["ucdp", "acled", "odk", "feed", "control"])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' + "9" * 5_000 + "}", '{"a": "\\ud800"}', '{"a": '])
def test_json_that_no_reader_can_take_is_refused(source: str, text: str) -> None:
    with pytest.raises(SourceRefused, match="Mend: "):
        read(source, text, "map_20250508.json")


def test_half_a_surrogate_pair_is_a_question_mark() -> None:
    page = as_json(EVENTS).replace(b"A named person", b"A \\ud800 person").replace(b"Shots", b"\\ud83d\\ude00 Shots")
    got = read("ucdp", page).observations
    assert got.height == len(EVENTS)
    assert any("😀" in text for text in got["text"]), "a whole pair is a character"


def test_pages_are_counted_only_in_plain_digits() -> None:
    for pages in ("²", "9" * 5_000):
        assert not [n for n in read("ucdp", as_json(EVENTS, TotalPages=pages)).notices if "pages" in n]


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-12:00", "0001-01-01", "1899-12-31", "2200-01-01", "10000-01-01"])
def test_a_time_far_from_ours_is_a_slip_of_the_pen(time: str) -> None:
    got = read("table", csv_text(HEADER, [f"mortar,{time},37.5,48.1", ROWS[0]]))
    assert (got.observations.height, got.quarantine["row"].to_list()) == (1, [1])


def test_the_last_day_that_can_be_read_has_its_midnight() -> None:
    rows = ["mortar,1900-01-02,37.5,48.1", "mortar,2199-12-30,37.5,48.1"]
    assert read("table", csv_text(HEADER, rows), time_zone="Asia/Tokyo").observations.height == 2


def test_a_year_in_fire_data_is_checked_too() -> None:
    got = read("firms", csv_text(MODIS, [FIRES[0].replace("2025-", "9999-"), FIRES[1]]))
    assert (got.observations.height, got.quarantine["row"].to_list()) == (1, [1])


def test_an_empty_value_in_the_reason_does_not_let_the_row_pass() -> None:
    got = read("firms", csv_text(MODIS, [FIRES[0].replace("2025-04-20", ""), FIRES[1]]))
    assert (got.observations.height, got.quarantine["row"].to_list()) == (1, [1])


def test_features_without_sound_properties_are_set_aside() -> None:
    names = AREA.split(",")
    line = "48.15,37.25,331.6,0.39,0.36,2026-06-24,5,N,VIIRS,n,2.0NRT,295,11.3,D"
    values = line.split(",")
    good = {"type": "Feature", "properties": dict(zip(names, values, strict=True))}
    got = read("firms", regions([good, {"properties": "words"}, {"properties": [1]}]))
    assert (got.observations.height, got.quarantine["row"].to_list()) == (1, [2, 3])


def test_a_map_with_odd_properties_is_read_and_one_beyond_the_earth_is_refused() -> None:
    def feature(ring: list[list[float]]) -> dict[str, Any]:
        return {"properties": -1, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    name = "map_20250508.geojson"
    assert read("control", regions([feature(SQUARE)]), name).observations.height == 1
    broken = [*SQUARE[:2], [-1e300, 49.0], SQUARE[0]]
    with pytest.raises(SourceRefused, match=r"no degrees|no area"):
        read("control", regions([feature(SQUARE), feature(broken)]), name)
    flat = read("control", regions([feature(SQUARE), feature([[35.0, 48.0]] * 4)]), name)
    assert flat.quarantine["reason"].to_list() == ["Its area cannot be read."]


def test_numbers_that_no_integer_holds_are_no_accuracy() -> None:
    got = decoded({"NACp": -1e300, "altitude": 1e300, "groundspeed": 1e300}, {"timestamp": 1_741_000_999})
    assert got.observations.filter(kind="aircraft_position").height == 2
    assert aircraft()["hex"] == "abc123"


def test_a_record_without_an_id_leaves_the_others_theirs() -> None:
    feed = next(s for s in samples("feed") if s.name == "alerts.json")
    whole = json.loads(feed.shape.data())
    plain = feed.source.read(payload(json.dumps(whole)), feed.context({})).observations
    del whole["alerts"][2]["id"]
    got = feed.source.read(payload(json.dumps(whole)), feed.context({})).observations
    assert got["observation_id"].to_list() == plain["observation_id"].to_list()


def parquet(**columns: object) -> bytes:
    import io

    usual = {"kind": ["mortar"], "t_start": ["2025-04-19"], "lon": ["37.5"], "lat": ["48.1"]}
    out = io.BytesIO()
    pl.DataFrame({**usual, **columns}).write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize("columns", [{"__row": [1]}, {"__wkb": ["x"]}, {"geometry": [b"x"], "footprint": [b"x"]}])
def test_parquet_columns_under_our_own_names_are_refused(columns: dict[str, object]) -> None:
    with pytest.raises(SourceRefused, match="Mend: "):
        read("table", parquet(**columns))


def test_parquet_bytes_and_empty_texts_are_no_values() -> None:
    got = read("table", parquet(flags=[b"\xff"], geometry=[""], t_end=[""]))
    assert got.quarantine.is_empty()
    assert got.observations["flags"].to_list() == [["day_precision"]]


def test_a_panic_of_the_parquet_library_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def panics(_: object) -> None:
        raise pl.exceptions.PanicException("assertion failed")

    monkeypatch.setattr(pl, "read_parquet", panics)
    with pytest.raises(SourceRefused, match="Parquet"):
        read("table", parquet())


def test_a_csv_column_under_our_name_for_row_numbers_is_refused() -> None:
    for header, rows in ((HEADER + ",__row", [ROWS[0] + ",1"]), (HEADER + ',"__row "', [ROWS[0] + ","])):
        with pytest.raises(SourceRefused, match="__row"):
            read("table", csv_text(header, rows))


def test_a_gzip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1_000)
    with pytest.raises(SourceRefused, match="unpacks to more than"):
        read("table", gzip.compress(b" " * 1_001))
    monkeypatch.setattr(reading, "MOST_BYTES", 2_000)
    assert read("table", gzip.compress(csv_text(HEADER, ROWS).encode())).observations.height == 3


def test_messages_do_not_steer_the_terminal() -> None:
    assert told("a\x1b[31mb\nc\u202ed\ud800") == "a [31mb c d?"
    assert len(told("x" * 10_000)) == TOLD_CHARACTERS
    with pytest.raises(SourceRefused) as refusal:
        read("viina", "\x1b[31mkind,b\n1,2\n")
    assert "\x1b" not in str(refusal.value)
    got = read("table", csv_text(HEADER, [f"mor\x1btar{'z' * 5_000},2025-04-19,37.5,48.1"]))
    assert "\x1b" not in got.quarantine["reason"][0]
    assert len(got.quarantine["reason"][0]) <= TOLD_CHARACTERS
    assert "\x1b" in got.quarantine["raw"][0], "what came is kept as it came"


@pytest.mark.parametrize(
    "column", ["access", "url", "count_low", "t_start", "kind", "witness_group", "geometry", "flags"]
)
@pytest.mark.parametrize("source", ["viina", "alerts", "firms", "corridors", "osce", "ucdp", "acled", "adsb"])
def test_a_new_column_is_told_and_never_taken_for_one_of_ours(source: str, column: str) -> None:
    sample = next(s for s in samples(source) if isinstance(s.shape, Table) and s.alone)
    assert isinstance(sample.shape, Table)
    if column in sample.shape.header:
        return
    wider = Table([*sample.shape.header, column], [[*r, "sealed"] for r in sample.shape.records])
    plain, got = (
        sample.source.read(sample.payload(shape.data()), sample.context(sample.aux)) for shape in (sample.shape, wider)
    )
    for table in ("observations", "watches"):
        assert getattr(got, table).drop("payload_sha256").equals(getattr(plain, table).drop("payload_sha256"))
    if column not in {**sample.source.fields.used, **sample.source.fields.ignored}:
        assert any(repr(column) in n for n in got.notices)


@pytest.mark.parametrize("source", ["ucdp", "acled"])
def test_a_date_in_the_year_nought_is_set_aside(source: str) -> None:
    sample = samples(source)[0]
    text = sample.shape.data().decode().replace("2031-06-14", "0000-01-01", 1).replace("1/22/2031", "0000-01-01", 1)
    got = sample.source.read(payload(text), sample.context(sample.aux))
    assert got.quarantine["row"].to_list() == [1]


def test_a_map_from_the_year_one_has_no_date() -> None:
    feature = {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}, "properties": {}}
    with pytest.raises(SourceRefused, match="no date"):
        read("control", regions([feature]), "map_00010101.geojson")


@pytest.mark.parametrize("shape", ["POLYGON EMPTY", "POLYGON ((0 0, 1 0, 1 1e9, 0 0))"])
def test_a_binary_geometry_is_judged_as_a_written_one(shape: str) -> None:
    raw = shapely.to_wkb(shapely.from_wkt(shape))
    got = read("table", parquet(geometry=[bytes(raw)]))
    assert got.quarantine["reason"].to_list() == ["Its geometry cannot be read, is empty, or is not in degrees."]


def test_a_length_of_time_in_parquet_is_text() -> None:
    got = read("table", parquet(text=[timedelta(hours=1)]))
    assert got.observations["text"].to_list() == ["1:00:00"]
