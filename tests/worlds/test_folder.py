"""The mission folder: files that parse, columns that the tables have, an agreement that is valid, no truth inside."""

import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import shapely
from ruamel.yaml import YAML
from shapely.geometry import shape

from servanda import geo
from servanda.agreement.loader import load
from servanda.agreement.model import WrittenAgreement
from servanda.kinds import tree
from servanda.tables import OBSERVATIONS, WATCH_STATUS, WATCHES
from servanda.worlds.folder import mission_text, stated_p_true, write_mission
from servanda.worlds.ready import DEMO, NOISY, SPECS
from servanda.worlds.simulate import World, simulate
from servanda.worlds.spec import WorldSpec
from servanda.worlds.truth import kinds_of


@pytest.fixture(scope="module", params=list(SPECS.values()), ids=list(SPECS))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    spec: WorldSpec = request.param
    directory = tmp_path_factory.mktemp(spec.name)
    world = simulate(spec, 4)
    write_mission(world, directory)
    return world, directory


def test_observations_are_in_the_interchange_layout(written: tuple[World, Path]) -> None:
    world, directory = written
    for watcher in world.spec.watchers:
        frame = pl.read_csv(directory / "data" / f"{watcher.source_id}.csv", try_parse_dates=True)
        assert set(frame.columns) <= set(OBSERVATIONS.names)
        for name in ("record_id", "kind", "t_start", "t_end", "lon", "lat", "claim", "recorded_at"):
            assert frame[name].null_count() == 0, f"{watcher.source_id}.{name}"
        assert set(frame["kind"]) <= set(tree())
        assert frame["record_id"].is_unique().all()
        assert (frame["t_start"] <= frame["t_end"]).all()
        assert frame["recorded_at"].is_sorted(), "a provider adds at the end of its file"


def test_watches_are_in_the_interchange_layout(written: tuple[World, Path]) -> None:
    world, directory = written
    for watcher in (w for w in world.spec.watchers if w.states_watches):
        frame = pl.read_csv(directory / "data" / f"{watcher.source_id}_watches.csv", try_parse_dates=True)
        assert set(frame.columns) <= set(WATCHES.names)
        assert set(frame["status"]) <= set(WATCH_STATUS)
        assert set(frame["kind"]) == set(watcher.p_detect)
        assert (frame["t_start"] < frame["t_end"]).all()
        watching = frame.filter(pl.col("status") == "watching")
        assert watching["p_detect"].is_between(0, 1).all()
        assert frame.filter(pl.col("status") != "watching")["reason"].null_count() == 0
        for wkt in frame["footprint"].drop_nulls().unique():
            assert shapely.from_wkt(wkt).is_valid


def test_shifts_of_one_place_do_not_overlap(written: tuple[World, Path]) -> None:
    world, _ = written
    for source_id, frame in world.watches.items():
        gap = (
            frame.sort("footprint", "kind", "t_start")
            .with_columns(before=pl.col("t_end").shift().over("footprint", "kind"))
            .filter(pl.col("before") > pl.col("t_start"))
        )
        assert gap.is_empty(), source_id


def test_truth_is_not_in_the_files(written: tuple[World, Path]) -> None:
    _, directory = written
    for path in directory.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert "incident-" not in text and "rumour" not in text, path.name


def test_agreement_is_valid_and_loads_without_a_warning(written: tuple[World, Path]) -> None:
    _, directory = written
    path = directory / "agreement.yaml"
    model = WrittenAgreement.model_validate(YAML(typ="safe").load(path.read_text("utf-8")))
    assert 6 <= len(model.terms) <= 9
    agreement, warnings = load(path, {})
    assert warnings == []
    assert {t.term_id for v in agreement.versions for t in v.terms} == set(model.terms)


def test_mission_names_every_file_and_only_those(written: tuple[World, Path]) -> None:
    _, directory = written
    mission = YAML(typ="safe").load((directory / "mission.yaml").read_text("utf-8"))
    named = {s["path"] for s in mission["sources"]}
    assert named == {f"data/{p.name}" for p in (directory / "data").iterdir()}
    assert len({s["id"] for s in mission["sources"]}) == len(mission["sources"])
    assert mission["cutoff"] == "00:00"
    assert mission["regions"]["file"] == "zones/regions.geojson"


def test_zones_are_valid_and_the_regions_fill_the_theatre(written: tuple[World, Path]) -> None:
    _, directory = written
    regions = json.loads((directory / "zones" / "regions.geojson").read_text())["features"]
    areas = json.loads((directory / "zones" / "areas.geojson").read_text())["features"]
    shapes = {f["properties"]["name"]: shape(f["geometry"]) for f in (*regions, *areas)}
    assert all(s.is_valid and not s.is_empty for s in shapes.values())
    together = shapely.union_all([shapes[f["properties"]["name"]] for f in regions])
    assert together.symmetric_difference(shapes["theatre"]).area / shapes["theatre"].area < 1e-3
    assert len(regions) == 8


def test_the_buffer_is_what_the_agreement_says() -> None:
    """The simulation works on flat kilometres, the agreement on the ellipsoid: they differ by less than 0.1 %."""
    zones = simulate(DEMO, 1).place.zones
    there = geo.buffer_m(zones["line"], 5000)
    assert there.symmetric_difference(zones["buffer"]).area / there.area < 1e-3


def test_no_source_watches_the_term_that_none_can_verify() -> None:
    kinds = kinds_of(simulate(DEMO, 1).agreement.terms["no-fortification"])
    for spec in SPECS.values():
        assert all(watcher.p_of(kind) == 0 for watcher in spec.watchers for kind in kinds)


def test_a_copier_states_no_more_than_its_original() -> None:
    by_id = {w.source_id: w for w in NOISY.watchers}
    assert stated_p_true(NOISY, by_id["echo"]) == stated_p_true(NOISY, by_id["press"]) == 1 - by_id["press"].false_share
    text = mission_text(NOISY)
    assert "press-watches" in text and "echo-watches" not in text and "statements-watches" not in text


def test_times_are_written_in_utc(written: tuple[World, Path]) -> None:
    _, directory = written
    line = (directory / "data" / "patrols.csv").read_text().splitlines()[1]
    assert datetime.fromisoformat(line.split(",")[2]).utcoffset() is not None
