"""Exports: what may leave leaves, in formats that other programs open, and comes back as it went."""

import csv
import hashlib
import io
import json
import re
import sqlite3
import xml.dom.minidom
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyogrio
import pytest
import shapely
from polars.testing import assert_frame_equal
from tests.report.conftest import LINE, build
from tests.sources.conftest import context, file_payload

from servanda.report import ReportData
from servanda.report.exports import FORMATS, ZONES, Evidence, select, write
from servanda.report.exports.hxl import TAGS
from servanda.report.exports.layers import flat, layers
from servanda.sources.base import Reading
from servanda.sources.generic import SOURCE
from servanda.sources.generic_settings import SET_BY_US
from servanda.tables import INCIDENTS, OBSERVATIONS, WATCHES

NOT_KEPT = (*SET_BY_US, "record_id")
"""Columns that the table source sets itself, from the content."""


def zones() -> pl.DataFrame:
    rows = [
        {"zone_id": "sz", "label": "Withdrawal zone", "geometry": shapely.to_wkb(LINE.buffer(0.2))},
        {"zone_id": "loc", "label": "Line of contact & more", "geometry": shapely.to_wkb(LINE)},
    ]
    return ZONES.conform(pl.DataFrame(rows).with_columns(agreement_version=pl.lit("1")))


def enriched() -> ReportData:
    """The truce with an area, an incident without a place, counts, flags, and one incident nobody may know."""
    data = build()
    area = shapely.to_wkb(shapely.box(33.123456789, 48, 33.5, 48.4))
    first, second = data.observations["observation_id"].head(2).to_list()
    is_first, is_second = pl.col("observation_id") == first, pl.col("observation_id") == second
    observations = data.observations.with_columns(
        geometry=pl.when(is_first).then(pl.lit(area)).otherwise("geometry"),
        lon=pl.when(is_first).then(None).otherwise("lon"),
        lat=pl.when(is_first).then(None).otherwise("lat"),
        sigma_m=pl.lit(250.0),
        count_low=pl.when(is_second).then(3.0),
        count_unit=pl.when(is_second).then(pl.lit("explosions")),
        flags=pl.when(is_second).then(pl.lit(["day_precision", "end_imputed"])),
        witness_group="source_id",
        reliability=pl.lit("B"),
        label=pl.lit("their word"),
    )
    some = data.incidents["incident_id"].head(2).to_list()
    nowhere, areal = pl.col("incident_id") == some[0], pl.col("incident_id") == some[1]
    incidents = data.incidents.with_columns(
        lon=pl.when(nowhere | areal).then(None).otherwise("lon"),
        lat=pl.when(nowhere | areal).then(None).otherwise("lat"),
        geometry=pl.when(areal).then(pl.lit(area)),
        witness_groups=pl.lit(["insider", "newswire"]),
        kinds=pl.concat_list(pl.struct(value="kind", probability=pl.lit(0.75))),
    )
    sealed = data.membership.filter(pl.col("incident_id") == data.incidents["incident_id"][5])["observation_id"]
    observations = observations.with_columns(
        source_id=pl.when(pl.col("observation_id").is_in(sealed.implode())).then(pl.lit("insider")).otherwise("source_id"),
        access=pl.when(pl.col("observation_id").is_in(sealed.implode())).then(pl.lit("sealed")).otherwise("access"),
    )  # fmt: skip
    return replace(data, observations=observations, incidents=incidents)


@pytest.fixture(scope="module")
def rich() -> ReportData:
    return enriched()


@pytest.fixture(scope="module")
def public(rich: ReportData) -> Evidence:
    return select(rich, zones(), public=True)


@pytest.fixture(scope="module")
def full(rich: ReportData) -> Evidence:
    return select(rich, zones(), public=False)


@pytest.fixture(scope="module")
def out(public: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write(public, folder)
    return folder


@pytest.fixture(scope="module")
def out_full(full: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write(full, folder)
    return folder


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def come_back(path: Path) -> Reading:
    return SOURCE.read(file_payload(path), context(SOURCE))


def test_the_same_evidence_gives_the_same_bytes(rich: ReportData, out: Path, tmp_path: Path) -> None:
    shuffled = replace(
        rich,
        observations=rich.observations.sample(fraction=1.0, shuffle=True, seed=3),
        incidents=rich.incidents.sample(fraction=1.0, shuffle=True, seed=4),
        membership=rich.membership.sample(fraction=1.0, shuffle=True, seed=5),
        watches=rich.watches.sample(fraction=1.0, shuffle=True, seed=6),
    )
    write(select(shuffled, zones().reverse(), public=True), tmp_path)
    assert [p.relative_to(tmp_path) for p in files(tmp_path)] == [p.relative_to(out) for p in files(out)]
    for path in files(tmp_path):
        assert path.read_bytes() == out.joinpath(path.relative_to(tmp_path)).read_bytes(), path.name


def test_writing_twice_into_one_folder_changes_nothing(public: Evidence, out: Path, tmp_path: Path) -> None:
    for _ in range(2):
        write(public, tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    package = Path("datapackage.json")
    assert tmp_path.joinpath(package).read_bytes() == out.joinpath(package).read_bytes()


def test_one_format_writes_only_its_files_and_an_unknown_one_is_named(public: Evidence, tmp_path: Path) -> None:
    written = write(public, tmp_path, ["csv", "csv"])
    assert [p.relative_to(tmp_path).as_posix() for p in written] == [
        *(f"csv/{name}.csv" for name in TAGS), "datapackage.json",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no format shapefile; there are geojson"):
        write(public, tmp_path, ["shapefile"])


def test_every_format_has_a_name_at_the_command() -> None:
    from servanda.cli.out import Format

    assert [f.value for f in Format] == list(FORMATS)


# What may leave


def test_no_word_of_what_is_restricted_leaves_in_public(rich: ReportData, public: Evidence, out: Path) -> None:
    shut = rich.observations.filter(pl.col("access") != "open")
    ids = shut["observation_id"].to_list()
    assert len(ids) > 20, "the fixture has restricted observations"
    everything = b"".join(p.read_bytes() for p in files(out) if p.suffix != ".parquet")
    tables = "".join(flat(_texts(f)).write_csv() for f in public.tables.values())
    for secret in ("insider", "Somebody inside", "secret raw text"):
        assert secret.encode() not in everything
        assert secret not in tables
    found = set(re.findall(r"o\d{3}\b", everything.decode("latin-1") + tables))
    assert not found & set(ids)
    assert public.tables["findings"]["reasons"].null_count() == 0
    assert found >= set(rich.observations.filter(pl.col("access") == "open")["observation_id"].to_list())


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.exclude("geometry", "footprint"))


def test_the_mission_keeps_all_of_it(rich: ReportData, full: Evidence) -> None:
    assert_frame_equal(full.tables["observations"], rich.observations.sort("t_start", "observation_id"))
    assert_frame_equal(full.tables["incidents"], rich.incidents.sort("t_start", "incident_id"))
    assert full.tables["quarantine"]["raw"].unique().to_list() == ["secret raw text"]
    assert "insider" in full.tables["sources"]["source_id"]
    assert full.tables["findings"]["reasons"].null_count() == 0
    assert full.tables["findings"].height == len(rich.findings)


def test_restricted_incidents_are_blurred_and_say_how_much(rich: ReportData, public: Evidence) -> None:
    hidden = rich.incidents["incident_id"][5]
    told = public.tables["incidents"].row(by_predicate=pl.col("incident_id") == hidden, named=True)
    true = rich.incidents.row(by_predicate=pl.col("incident_id") == hidden, named=True)
    assert (told["lon"], told["lat"]) == (round(true["lon"], 1), round(true["lat"], 1))
    # 0.1 degree spread evenly has a standard deviation of 11,132 m / sqrt(12).
    assert told["sigma_m"] == pytest.approx((true["sigma_m"] ** 2 + (11_132 / 12**0.5) ** 2) ** 0.5, abs=1)
    others = public.tables["incidents"].filter(pl.col("incident_id") != hidden)
    exact = rich.incidents.sort("t_start", "incident_id").filter(pl.col("incident_id") != hidden)
    assert others["lon"].to_list() == exact["lon"].round(5).to_list()
    assert others["sigma_m"].to_list() == exact["sigma_m"].to_list()
    assert set(public.tables["incidents"]["witness_groups"].explode()) == {"newswire"}


def test_the_monitors_posts_stay_its_own(rich: ReportData) -> None:
    post = shapely.to_wkb(shapely.Point(33, 48).buffer(0.05))
    seen = replace(
        rich,
        watches=rich.watches.with_columns(footprint=pl.lit(post)),
        observations=rich.observations.with_columns(geometry=pl.lit(post)),
    )
    tables = select(seen, zones(), public=True).tables
    monitors = pl.col("source_id").is_in(["patrols", "drones"])
    for name, column in (("watches", "footprint"), ("observations", "geometry")):
        assert tables[name].filter(monitors).height
        assert tables[name].filter(monitors)[column].null_count() == tables[name].filter(monitors).height
        assert tables[name].filter(~monitors)[column].null_count() == 0
    kept = select(seen, zones(), public=False).tables["watches"]
    assert kept["footprint"].null_count() == 0


# GeoJSON


def test_geojson_observations_come_back_as_they_went(out: Path, public: Evidence) -> None:
    assert_same_observations(come_back(out / "geojson" / "observations.geojson"), public)


def test_geojson_names_what_it_speaks_of(out: Path, public: Evidence) -> None:
    for name, rows in (("zones", 2), ("incidents", 63), ("observations", public.tables["observations"].height)):
        read = json.loads(out.joinpath("geojson", f"{name}.geojson").read_text("utf-8"))
        assert (read["type"], read["name"], read["as_of"]) == ("FeatureCollection", name, "2031-04-21T06:00:00Z")
        assert len(read["features"]) == rows
    types = {f["geometry"]["type"] if f["geometry"] else None for f in _features(out, "incidents")}
    assert types == {"Point", "Polygon", None}
    some = _features(out, "incidents")[-1]["properties"]
    assert some["kinds"] == [{"value": some["kind"], "probability": 0.75}]
    assert some["terms"] == "no_fire"
    assert some["counted_as"] == "act"


def _features(out: Path, name: str) -> list[dict[str, Any]]:
    return list(json.loads(out.joinpath("geojson", f"{name}.geojson").read_text("utf-8"))["features"])


def test_pieces_do_not_change_geojson(public: Evidence, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip # noqa: E501
    monkeypatch.setattr("servanda.report.exports.geojson.PIECE", 10)
    write(public, tmp_path, ["geojson"])
    for path in tmp_path.glob("geojson/*"):
        assert path.read_bytes() == out.joinpath("geojson", path.name).read_bytes()


def assert_same_observations(got: Reading, evidence: Evidence, without: tuple[str, ...] = ()) -> None:
    """Every observation is back, and in each column all but what the reader sets itself is what it was."""
    assert got.quarantine.is_empty(), got.quarantine["reason"].to_list()
    sent = evidence.tables["observations"].with_columns(pl.col("flags").fill_null([]))
    columns = [c for c in OBSERVATIONS.names if c not in (*NOT_KEPT, *without)]
    back, expected = _drawn(got.observations.select(columns)), _drawn(sent.select(columns))
    order = ["t_start", "text", "lon", "kind"]
    assert_frame_equal(back.sort(order), expected.sort(order))


def _drawn(frame: pl.DataFrame) -> pl.DataFrame:
    """Geometry as text, so that the byte order of WKB does not matter."""
    if "geometry" not in frame.columns:
        return frame
    shapes = shapely.to_wkt(shapely.normalize(shapely.from_wkb(frame["geometry"].to_numpy())))
    return frame.with_columns(geometry=pl.Series(list(shapes), dtype=pl.String))


# Parquet and GeoParquet


def test_parquet_is_the_table_itself(out: Path, out_full: Path, public: Evidence, full: Evidence) -> None:
    for folder, evidence in ((out, public), (out_full, full)):
        assert {p.stem for p in folder.glob("tables/*.parquet")} == set(evidence.tables)
        for name, frame in evidence.tables.items():
            assert_frame_equal(pl.read_parquet(folder / "tables" / f"{name}.parquet"), frame)


def test_parquet_comes_back_through_the_table_source(out: Path, out_full: Path, public: Evidence, full: Evidence) -> None:  # fmt: skip # noqa: E501
    assert_same_observations(come_back(out / "tables" / "observations.parquet"), public)
    back = come_back(out_full / "tables" / "watches.parquet")
    located = full.tables["watches"].filter(pl.col("footprint").is_not_null())
    assert back.watches.height == located.height
    assert back.quarantine.height == full.tables["watches"].height - located.height


def test_watches_with_a_footprint_come_back(rich: ReportData, tmp_path: Path) -> None:
    post = shapely.to_wkb(shapely.box(33, 48, 34, 49))
    seen = replace(rich, watches=rich.watches.with_columns(footprint=pl.lit(post)))
    evidence = select(seen, zones(), public=False)
    write(evidence, tmp_path, ["parquet"])
    back = come_back(tmp_path / "tables" / "watches.parquet").watches
    keys = ["t_start", "status", "reason", "kind", "p_detect", "recorded_at"]
    assert_frame_equal(back.select(keys).sort(keys), evidence.tables["watches"].select(keys).sort(keys))
    assert {bytes(f) for f in back["footprint"]} == {post}
    assert list(back.columns) == list(WATCHES.names)


def test_geoparquet_says_where_and_in_what(out: Path, public: Evidence) -> None:
    for layer in layers(public):
        path = out / "geoparquet" / f"{layer.name}.parquet"
        geo = json.loads(pl.read_parquet_metadata(path)["geo"])
        assert geo["version"] == "1.1.0"
        column = geo["columns"][geo["primary_column"]]
        assert column["encoding"] == "WKB"
        assert "crs" not in column, "no crs means OGC:CRS84"
        shapes = shapely.from_wkb(pl.read_parquet(path)["geometry"].drop_nulls().to_numpy())
        if len(shapes):
            assert column["bbox"] == pytest.approx(shapely.total_bounds(shapes).tolist())
        assert set(column["geometry_types"]) == {g.geom_type for g in shapes}


def test_geoparquet_points_come_back_as_points(out: Path, public: Evidence) -> None:
    back = come_back(out / "geoparquet" / "observations.parquet")
    assert_same_observations(back, public)
    assert back.observations["geometry"].drop_nulls().len() == 1


# GeoPackage


@pytest.fixture(scope="module")
def gpkg(out_full: Path) -> Path:
    return out_full / "evidence.gpkg"


def test_geopackage_opens_with_its_layers(gpkg: Path, full: Evidence) -> None:
    found = dict(map(tuple, pyogrio.list_layers(gpkg)))
    assert found == {
        "zones": "MultiPolygon", "zones_lines": "MultiLineString", "watches": "MultiPolygon",
        "observations": "Point", "observations_areas": "MultiPolygon",
        "incidents": "Point", "incidents_areas": "MultiPolygon",
        "findings": None, "effort": None, "sources": None, "layer_styles": None,
    }  # fmt: skip
    counts = {name: pyogrio.read_info(gpkg, layer=name)["features"] for name in found}
    assert counts["incidents"] + counts["incidents_areas"] == full.tables["incidents"].height
    assert counts["observations"] + counts["observations_areas"] == full.tables["observations"].height
    assert (counts["incidents_areas"], counts["zones"], counts["zones_lines"]) == (1, 1, 1)
    assert counts["findings"] == full.tables["findings"].height
    for name, kind in found.items():
        assert pyogrio.read_info(gpkg, layer=name)["crs"] == ("EPSG:4326" if kind else None)


def test_geopackage_geometry_and_values_are_those_of_the_table(gpkg: Path, full: Evidence) -> None:
    meta, _, shapes, values = pyogrio.raw.read(gpkg, layer="incidents")
    got = dict(zip(meta["fields"], values, strict=True))
    rows = full.tables["incidents"].filter(pl.col("geometry").is_null())
    assert list(got["incident_id"]) == rows["incident_id"].to_list()
    assert list(got["probability"]) == rows["probability"].to_list()
    assert got["t_start"].astype("datetime64[ms]").tolist() == [
        t.replace(microsecond=t.microsecond // 1000 * 1000, tzinfo=None) for t in rows["t_start"]
    ]
    points = shapely.from_wkb(shapes)
    expected = shapely.points(rows["lon"].fill_null(float("nan")), rows["lat"].fill_null(float("nan")))
    there = ~shapely.is_missing(points)
    assert there.sum() == rows["lon"].count() == 61
    assert shapely.equals_exact(points[there], expected[there]).all()
    _, _, areas, _ = pyogrio.raw.read(gpkg, layer="incidents_areas")
    assert shapely.from_wkb(areas)[0].bounds == (33.123456789, 48, 33.5, 48.4)


def test_geopackage_headers_follow_the_standard(gpkg: Path, full: Evidence) -> None:
    with closing(sqlite3.connect(gpkg)) as db:
        assert db.execute("PRAGMA application_id").fetchone()[0] == 0x47504B47
        assert db.execute("PRAGMA user_version").fetchone()[0] == 10300
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        blob = db.execute("SELECT geom FROM zones").fetchone()[0]
        changed = {row[0] for row in db.execute("SELECT last_change FROM gpkg_contents")}
        refs = {row[0] for row in db.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}
    west, south, east, north = LINE.buffer(0.2).bounds
    envelope = [float(x) for x in memoryview(blob[8:40]).cast("d")]
    assert blob[:8] == b"GP\x00\x03" + (4326).to_bytes(4, "little")
    assert envelope == [west, east, south, north]
    assert shapely.from_wkb(blob[40:]).geom_type == "MultiPolygon"
    assert changed == {"2031-04-21T06:00:00.000Z"}
    assert refs == {-1, 0, 4326}


def test_every_layer_opens_with_a_style_in_the_colours_of_the_report(gpkg: Path, rich: ReportData) -> None:
    with closing(sqlite3.connect(gpkg)) as db:
        styles = {
            name: (qml, default)
            for name, qml, default in db.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles")
        }
        drawn = {row[0] for row in db.execute("SELECT table_name FROM gpkg_geometry_columns")}
        values = {row[0] for row in db.execute("SELECT DISTINCT kind_group FROM incidents")}
        verdicts = {row[0] for row in db.execute("SELECT DISTINCT verdict FROM zones")}
    assert set(styles) == drawn
    for name, (qml, default) in styles.items():
        parsed = xml.dom.minidom.parseString(qml)
        categories = parsed.getElementsByTagName("category")
        symbols = {s.getAttribute("name") for s in parsed.getElementsByTagName("symbol")}
        assert {c.getAttribute("symbol") for c in categories} == symbols, name
        assert default == 1
    by_value = {c.getAttribute("value") for c in xml.dom.minidom.parseString(styles["incidents"][0]).getElementsByTagName("category")}  # fmt: skip # noqa: E501
    assert values <= by_value
    assert verdicts == {None}, "no term of the truce names a zone"
    for group in rich.settings.kind_groups:
        r, g, b = (int(group.colour[i : i + 2], 16) for i in (1, 3, 5))
        assert f'"{r},{g},{b},255"' in styles["incidents"][0]


# CSV with hashtags


def test_hashtags_are_well_formed_and_in_the_second_row(out: Path) -> None:
    for name, tags in TAGS.items():
        rows = list(csv.reader(io.StringIO(out.joinpath("csv", f"{name}.csv").read_text("utf-8"))))
        assert rows[0] == list(tags)
        assert rows[1] == list(tags.values())
        assert all(re.fullmatch(r"#[a-z]+(\+[a-z][a-z0-9_]*)*", tag) for tag in rows[1])
        assert len(set(rows[1])) == len(rows[1])
        assert {len(r) for r in rows} == {len(tags)}
    core = "activity capacity cause date description event geo group indicator meta status"
    assert {t.split("+")[0] for tags in TAGS.values() for t in tags.values()} == {f"#{c}" for c in core.split()}


def test_csv_with_hashtags_comes_back(out: Path, public: Evidence) -> None:
    """The table source takes the row of hashtags for what it is; areas are not in CSV."""
    path = out / "csv" / "observations.csv"
    got = come_back(path)
    areal = public.tables["observations"].filter(pl.col("lon").is_null())["record_id"].to_list()
    assert got.quarantine["reason"].to_list() == ["It has no place."] * len(areal)
    kept = replace(public, tables={"observations": public.tables["observations"].filter(pl.col("lon").is_not_null())})
    assert_same_observations(Reading(got.observations), kept, ("geometry",))


def test_incidents_csv_can_be_a_source_of_another_mission(out: Path, public: Evidence) -> None:
    got = come_back(out / "csv" / "incidents.csv")
    placed = public.tables["incidents"].filter(pl.col("lon").is_not_null())
    assert got.observations.height == placed.height
    assert sorted(got.observations["kind"]) == sorted(placed["kind"])
    assert got.observations["t_start"].sort().to_list() == placed["t_start"].sort().to_list()


def test_numbers_in_csv_are_those_of_the_table(out: Path, public: Evidence) -> None:
    rows = csv.DictReader(io.StringIO(out.joinpath("csv", "findings.csv").read_text("utf-8")))
    next(rows)
    table = public.tables["findings"]
    for row, sent in zip(rows, table.iter_rows(named=True), strict=True):
        assert row["verdict"] == sent["verdict"]
        assert (float(row["probability"]) if row["probability"] else None) == sent["probability"]
        assert row["incident_ids"] == "|".join(sent["incident_ids"])
        assert row["t_start"] == sent["t_start"].strftime("%Y-%m-%dT%H:%M:%SZ")


# The package


def test_the_package_says_whose_data_it_is_and_names_every_file(out: Path, public: Evidence) -> None:
    told = json.loads(out.joinpath("datapackage.json").read_text("utf-8"))
    assert told["public"] is True
    assert told["as_of"] == "2031-04-21T06:00:00Z"
    assert {s["source_id"]: s["licence"] for s in told["sources"]}["newswire"] == "ODbL 1.0"
    assert [s["source_id"] for s in told["sources"]] == public.tables["sources"]["source_id"].to_list()
    named = {r["path"]: r for r in told["resources"]}
    others = {p.relative_to(out).as_posix(): p for p in files(out)}
    assert set(named) == set(others) - {"datapackage.json"}
    for path, resource in named.items():
        content = others[path].read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()


def test_an_empty_mission_writes_files_that_open(rich: ReportData, tmp_path: Path) -> None:
    empty = replace(
        rich,
        incidents=INCIDENTS.empty(),
        observations=OBSERVATIONS.empty(),
        membership=rich.membership.clear(),
        watches=WATCHES.empty(),
        incident_terms=rich.incident_terms.clear(),
        incident_regions=rich.incident_regions.clear(),
        effort=rich.effort.clear(),
        findings=(),
        as_of=datetime(2031, 4, 21, 6, 0, 0, 120_000, tzinfo=UTC),
    )
    write(select(empty, zones().clear(), public=True), tmp_path)
    assert pyogrio.read_info(tmp_path / "evidence.gpkg", layer="incidents")["features"] == 0
    assert json.loads(tmp_path.joinpath("geojson", "incidents.geojson").read_text())["features"] == []
    assert pl.read_parquet(tmp_path / "geoparquet" / "zones.parquet").height == 0
