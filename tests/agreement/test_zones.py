"""Zones as geometry by time and party."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from tests.agreement.conftest import Write

from servanda.agreement import derive
from servanda.agreement.loader import load
from servanda.agreement.resolved import ZoneBook
from servanda.agreement.zones import Zones, open_zones
from servanda.errors import AgreementError
from servanda.geo import area_m2, length_m

TERMS = 'terms:\n  quiet: {clause: "1", forbid: [explosive]}\n'
COUNTRY = shapely.box(20, 60, 24, 62)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def inline(shape: BaseGeometry) -> str:
    return json.dumps({"geometry": mapping(shape)})


def collection(*features: tuple[BaseGeometry, dict[str, Any]]) -> str:
    listed = [{"type": "Feature", "geometry": mapping(g), "properties": p} for g, p in features]
    return json.dumps({"type": "FeatureCollection", "features": listed})


def book(write: Write, zones: str, more: str = TERMS) -> Zones:
    path = write("zones:\n" + zones + more)
    agreement, _ = load(path, {"DATA": str(path.parent)})
    return open_zones(agreement, path.parent, {"DATA": str(path.parent)})


def only(zones: ZoneBook, zone_id: str, party: str | None = None) -> BaseGeometry:
    (epoch,) = zones.epochs("1", zone_id, party)
    assert (epoch.t_from, epoch.t_to) == (None, None)
    return epoch.geometry


def mistakes(write: Write, zones: str) -> str:
    with pytest.raises(AgreementError) as caught:
        book(write, zones)
    return str(caught.value)


def test_set_operations(write: Write) -> None:
    zones = book(
        write,
        f"  a: {inline(shapely.box(20, 60, 22, 61))}\n  b: {inline(shapely.box(21, 60, 23, 61))}\n"
        "  either: {union: [a, b]}\n  both: {intersect: [a, b]}\n  rest: {minus: [a, b]}\n",
    )
    assert only(zones, "either").equals(shapely.box(20, 60, 23, 61))
    assert only(zones, "both").equals(shapely.box(21, 60, 22, 61))
    assert only(zones, "rest").equals(shapely.box(20, 60, 21, 61))


def test_areas_that_touch_share_no_area(write: Write) -> None:
    a, b = shapely.box(20, 60, 21, 61), shapely.box(21, 60, 22, 61)
    zones = book(write, f"  a: {inline(a)}\n  b: {inline(b)}\n  both: {{intersect: [a, b]}}\n")
    assert only(zones, "both").is_empty


def test_a_file_filtered_by_properties_and_compressed(write: Write, tmp_path: Path) -> None:
    features = [(shapely.box(i, 50, i + 1, 51), {"code": f"R{i}", "level": 1}) for i in range(4)]
    (tmp_path / "regions.geojson.gz").write_bytes(gzip.compress(collection(*features).encode(), mtime=0))
    zones = book(
        write,
        "  one: {file: regions.geojson.gz, where: {code: R2}}\n"
        '  two: {file: "${DATA}/regions.geojson.gz", where: {code: [R0, R1], level: 1}}\n',
    )
    assert only(zones, "one").equals(features[2][0])
    assert only(zones, "two").equals(shapely.box(0, 50, 2, 51))


def test_an_invalid_ring_is_mended(write: Write) -> None:
    zones = book(write, f"  bow: {inline(shapely.Polygon([(20, 60), (22, 62), (22, 60), (20, 62)]))}\n")
    assert only(zones, "bow").is_valid
    assert area_m2(only(zones, "bow")) > 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is not JSON"),
        ('{"type": "Topology"}', "is JSON but not GeoJSON"),
        (collection(), "has no feature"),
        (collection((shapely.box(0, 0, 1, 1), {"name": "x"})), "Its properties are: name."),
        ('{"type": "Point", "coordinates": [400000, 10]}', "outside longitude"),
        ('{"type": "Polygon", "coordinates": [["a"]]}', "cannot be read"),
    ],
)
def test_a_bad_zone_file_is_refused(write: Write, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.geojson").write_text(content)
    where = "" if "400000" in content or ("Polygon" in content and "Feature" not in content) else ", where: {code: X}"
    text = mistakes(write, f"  bad: {{file: bad.geojson{where}}}\n  worse: {{file: bad.geojson{where}}}\n")
    assert message in text
    assert "agreement.yaml:8:" in text and "agreement.yaml:9:" in text, "both zones are reported, each at its line"


def test_a_side_that_a_zone_cannot_have_is_refused(write: Write) -> None:
    line = shapely.LineString([(20, 60), (21, 61)])
    text = mistakes(
        write,
        f"  a: {inline(COUNTRY)}\n  l: {inline(line)}\n"
        "  x: {within: 1 km, of: a, side: left}\n  y: {within: 1 km, of: l, side: inside}\n",
    )
    assert "'a' is not a line, so it has no left." in text
    assert "'l' is not an area or the edge of one: it has no inside." in text


def front(longitude: float) -> BaseGeometry:
    """The eastern part of the country, a little wider than it on the outer sides."""
    return shapely.box(longitude, 59.99, 24.01, 62.01)


CONTACT = f"""\
  country: {inline(COUNTRY)}
  control: {{series: "${{DATA}}/control_*.geojson"}}
  line: {{edge_of: control, not_along: [country], tolerance: 2 km}}
  strip: {{within: 10 km, of: line}}
  near: {{within: 10 km, of: line, side: inside}}
  far: {{within: 10 km, of: line, side: outside}}
"""


def series(folder: Path, **longitudes: float) -> None:
    for day, longitude in longitudes.items():
        (folder / f"control_{day[1:]}.geojson").write_text(collection((front(longitude), {})))


def test_a_dated_series_changes_at_local_midnight_and_lasts_on_both_sides(write: Write, tmp_path: Path) -> None:
    series(tmp_path, d20250301=22.0, d20250401=22.0, d20250402=22.5)
    zones = book(write, CONTACT)
    first, second = zones.epochs("1", "control")
    assert (first.t_from, first.t_to, second.t_to) == (None, utc(2025, 4, 1, 21), None)
    assert zones.dates("1", "control") == (utc(2025, 2, 28, 22), utc(2025, 3, 31, 21), utc(2025, 4, 1, 21))
    assert first.geometry.equals(front(22.0)) and second.geometry.equals(front(22.5))


def test_what_is_made_from_a_series_changes_with_it(write: Write, tmp_path: Path) -> None:
    series(tmp_path, d20250301=22.0, d20250402=22.5)
    zones = book(write, CONTACT)
    assert [e.t_from for e in zones.epochs("1", "strip")] == [None, utc(2025, 4, 1, 21)]
    assert zones.dates("1", "strip") == zones.dates("1", "control")
    before, after = zones.at("1", "strip", utc(2025, 4, 1, 20)), zones.at("1", "strip", utc(2025, 4, 1, 21))
    assert before.contains(shapely.Point(22, 61)) and not before.contains(shapely.Point(22.5, 61))
    assert after.contains(shapely.Point(22.5, 61)) and not after.contains(shapely.Point(22, 61))


def test_no_date_is_worked_out_before_somebody_looks(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series(tmp_path, d20250301=22.0, d20250402=22.5, d20250403=22.6)
    seen: list[BaseGeometry] = []
    real = derive.contact_edge

    def noted(area: BaseGeometry, *rest: Any) -> BaseGeometry:
        seen.append(area)
        return real(area, *rest)

    monkeypatch.setattr(derive, "contact_edge", noted)
    zones = book(write, CONTACT)
    zones.epochs("1", "strip")
    assert not seen
    zones.at("1", "line", utc(2025, 3, 5))
    zones.at("1", "line", utc(2025, 3, 6))
    assert len(seen) == 1, "one date is worked out, and once"


def test_the_line_of_contact_is_the_edge_without_coast_and_border(write: Write, tmp_path: Path) -> None:
    series(tmp_path, d20250301=22.0)
    line = only(book(write, CONTACT), "line")
    west, south, east, north = line.bounds
    assert (west, east) == pytest.approx((22.0, 22.0))
    expected = length_m(shapely.LineString([(22, 60), (22, 62)])) - 2 * 2_000
    assert length_m(line) == pytest.approx(expected, abs=100)
    assert south > 60 and north < 62


def test_the_strip_inside_and_the_strip_outside_make_up_the_strip(write: Write, tmp_path: Path) -> None:
    series(tmp_path, d20250301=22.0)
    zones = book(write, CONTACT)
    near, far, strip = only(zones, "near"), only(zones, "far"), only(zones, "strip")
    assert near.contains(shapely.Point(22.1, 61)) and far.contains(shapely.Point(21.9, 61))
    assert area_m2(near) + area_m2(far) == pytest.approx(area_m2(strip), rel=1e-6)


def test_each_party_can_have_its_own_zone_and_what_is_made_from_it(write: Write) -> None:
    a, b = shapely.box(20, 60, 21, 61), shapely.box(22, 60, 23, 61)
    zones = book(
        write,
        f"  a: {inline(a)}\n  b: {inline(b)}\n  own: {{per_party: {{north: a, south: b}}}}\n"
        "  wide: {within: 1 km, of: own}\n",
    )
    assert only(zones, "own", "north").equals(a)
    assert only(zones, "own").equals(shapely.union(a, b))
    assert only(zones, "own", "any").equals(shapely.union(a, b))
    assert not only(zones, "wide", "north").intersects(b)
    assert only(zones, "wide").covers(shapely.union(a, b))
    assert zones.differs("1", "wide") and not zones.differs("1", "a")


def test_an_amendment_redraws_a_zone_and_what_is_made_from_it(write: Write) -> None:
    redrawn = f"{{a: {inline(front(23))}}}"
    head = '  - {version: "2", effective: 2025-04-01T00:00, reference: Protocol'
    more = f"{TERMS}amendments:\n{head}, zones: {redrawn}}}\n"
    zones = book(write, f"  a: {inline(front(22))}\n  wide: {{within: 1 km, of: a}}\n", more)
    assert zones.epochs("1", "wide")[0].geometry.bounds[0] == pytest.approx(22, abs=0.03)
    assert zones.epochs("2", "wide")[0].geometry.bounds[0] == pytest.approx(23, abs=0.03)


def test_two_files_of_one_date_are_refused(write: Write, tmp_path: Path) -> None:
    series(tmp_path, d20250301=22.0)
    (tmp_path / "control_2025-03-01.geojson").write_text(collection((front(22), {})))
    assert "are of the same date" in mistakes(write, CONTACT)


def test_a_name_without_a_date_is_refused(write: Write, tmp_path: Path) -> None:
    series(tmp_path, d20250301=22.0, dlatest=22.5)
    assert "no date (year, month, day) can be read from the name 'control_latest.geojson'" in mistakes(write, CONTACT)


REAL = """\
zones:
  control: {series: "${SERVANDA_DATA}/deepstate/deepstatemap_data_*.geojson"}
  land: {file: "${SERVANDA_DATA}/boundaries/ne_50m_land_baltic_black_sea.geojson"}
  state: {file: "${SERVANDA_DATA}/boundaries/ukraine_adm1_simplified.geojson"}
  shoreless: {edge_of: control, not_along: [land], tolerance: 10 km}
  inland: {intersect: [shoreless, land]}
  line: {edge_of: inland, not_along: [state], tolerance: 2 km}
  strip: {within: 15 km, of: line}
"""


@pytest.mark.real_data
@pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set")
def test_a_line_of_contact_from_published_maps(write: Write) -> None:
    path = write(REAL + TERMS)
    zones = open_zones(load(path)[0], path.parent)
    assert len(zones.dates("1", "strip")) == 29
    t = utc(2025, 4, 20)
    line, strip = zones.at("1", "line", t), zones.at("1", "strip", t)
    assert 1_000_000 < length_m(line) < 1_250_000
    assert line.bounds[1] > 46.4, "no coast in the south is left"
    assert area_m2(strip) == pytest.approx(30_000 * 0.82 * length_m(line), rel=0.1), "a winding line makes less area"
    assert len(shapely.get_parts(line)) <= 5
