"""Maps of territory held: a date only in the name, broken rings, maps that were not updated, days without a map."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
import shapely
from tests.sources.conftest import context, data, file_payload, flags, payload, real_data

from servanda.errors import SourceRefused
from servanda.sources.base import Payload
from servanda.sources.control import SOURCE

SQUARE = [[35.0, 48.0], [36.0, 48.0], [36.0, 49.0], [35.0, 49.0], [35.0, 48.0]]
BOWTIE = [[35.0, 48.0], [36.0, 49.0], [36.0, 48.0], [35.0, 49.0], [35.0, 48.0]]


def chart(
    ring: list[list[float]], name: str = "map_20250508.geojson", kind: str = "MultiPolygon", **properties: object
) -> Payload:
    coordinates = [[ring]] if kind == "MultiPolygon" else [ring]
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
    return payload(json.dumps({"type": "FeatureCollection", "features": [feature]}), name)


def test_one_claim_over_the_local_day_that_the_name_gives() -> None:
    got = SOURCE.read(chart(SQUARE), context(SOURCE, holder="side a")).observations
    assert got["kind"].to_list() == ["territory_control"]
    assert got["claim"].to_list() == ["claim"]
    assert got["actor_claimed"].to_list() == ["side a"]
    assert got["t_start"].to_list() == [datetime(2025, 5, 7, 21, tzinfo=UTC)]
    assert got["t_end"].to_list() == [datetime(2025, 5, 8, 21, tzinfo=UTC)]
    assert shapely.from_wkb(got["geometry"][0]).area == pytest.approx(1)
    assert flags(got) == [["day_precision"]]


def test_a_map_is_no_watch() -> None:
    assert SOURCE.read(chart(SQUARE), context(SOURCE)).watches.is_empty()


@pytest.mark.parametrize("name", ["map_20250508.geojson", "2025-05-08.json", "v20999999_20250508.geojson"])
def test_names_with_a_date(name: str) -> None:
    got = SOURCE.read(chart(SQUARE, name), context(SOURCE)).observations
    assert got["t_end"].to_list() == [datetime(2025, 5, 8, 21, tzinfo=UTC)]


def test_content_decides_the_id_not_the_file() -> None:
    first = SOURCE.read(chart(SQUARE, "map_20250508.geojson"), context(SOURCE)).observations
    other = SOURCE.read(
        chart(SQUARE[2:] + SQUARE[1:3], "copy 2025-05-08.geojson", "Polygon"), context(SOURCE)
    ).observations
    assert first["observation_id"].equals(other["observation_id"]), "the same area from another corner is the same"


def test_rings_that_cross_themselves_are_mended() -> None:
    got = SOURCE.read(chart(BOWTIE), context(SOURCE)).observations
    area = shapely.from_wkb(got["geometry"][0])
    assert area.is_valid
    assert area.area == pytest.approx(0.5)
    assert flags(got) == [["day_precision", "mended_geometry"]]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (chart(SQUARE, "latest.geojson"), "no date"),
        (payload('{"type": "FeatureCollection", "features": []}', "20250508.json"), "no area"),
        (payload("{", "20250508.json"), "not JSON"),
        (payload("[]", "20250508.json"), "FeatureCollection"),
        (chart([[c * 1e5 for c in p] for p in SQUARE]), "no degrees"),
    ],
)
def test_files_that_say_nothing_are_refused(file: Payload, why: str) -> None:
    with pytest.raises(SourceRefused, match=why):
        SOURCE.read(file, context(SOURCE))


def test_what_is_no_area_is_set_aside_and_new_properties_are_told() -> None:
    point = {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    whole = json.loads(chart(SQUARE).data)
    whole["features"].append(point)
    got = SOURCE.read(payload(json.dumps(whole), "20250508.json"), context(SOURCE))
    assert got.quarantine.select("row", "reason").rows() == [(2, "It is not an area.")]
    assert any("'name' is new" in n for n in got.notices)


def test_a_map_like_the_day_before_was_not_updated() -> None:
    assert SOURCE.derive is not None
    moved = [[x + 0.1, y] for x, y in SQUARE]
    days = [(SQUARE, "20250508"), (SQUARE, "20250509"), (moved, "20250510"), (SQUARE, "20250512")]
    ctx = context(SOURCE)
    frames = [SOURCE.read(chart(ring, f"{day}.geojson"), ctx).observations for ring, day in days]
    got = SOURCE.derive(pl.concat(frames), ctx)
    assert ["not_updated" in f for f in flags(got)] == [False, True, False, False]
    assert SOURCE.derive(got, ctx).equals(got)
    back = SOURCE.derive(pl.concat(frames[::-1]), ctx)
    assert back.sort("observation_id").equals(got.sort("observation_id"))


class TestRealData:
    pytestmark = real_data

    def test_29_maps_of_which_one_was_not_updated(self) -> None:
        assert SOURCE.derive is not None
        ctx = context(SOURCE)
        readings = [SOURCE.read(file_payload(f), ctx) for f in sorted(data("deepstate").glob("*.geojson"))]
        got = SOURCE.derive(pl.concat([r.observations for r in readings]), ctx)
        assert got.height == 29
        assert all(shapely.is_valid(shapely.from_wkb(got["geometry"].to_numpy())))
        days = got.filter(pl.col("flags").list.contains("not_updated"))["t_end"].dt.date().to_list()
        assert "2025-05-09" in map(str, days)
