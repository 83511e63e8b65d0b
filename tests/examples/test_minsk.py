"""The Minsk withdrawal, simulated: whose band each sighting lies in and every verdict, by geometry of the test's own.

Distances here are geodesics to points along each line; sides come from a ray cast along the parallel. Nothing
of Servanda's geometry is used.
"""

import csv
import importlib.util
import json
import shutil
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pyproj import Geod

from servanda.mission import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "minsk-withdrawal"
GEOD = Geod(ellps="WGS84")
DONE, DONE_LATER = datetime.fromisoformat("2015-03-01"), datetime.fromisoformat("2015-03-03")
TERMS = {
    "artillery": (25, {"heavy_artillery_present"}, DONE),
    "artillery-later": (25, {"heavy_artillery_present"}, DONE_LATER),
    "rocket-launchers": (35, {"mlrs_present", "heavy_mlrs_present"}, DONE),
    "long-range": (70, {"heavy_mlrs_present", "tactical_missiles_present"}, DONE),
}
Line = list[tuple[float, float]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("minsk") / "minsk-withdrawal"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("reports", "evidence*", "__pycache__"))
    return copy


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    return run(folder)


def lines() -> dict[str, Line]:
    features = json.loads((EXAMPLE / "zones/lines.geojson").read_text("utf-8"))["features"]
    return {f["properties"]["measured_for"]: f["geometry"]["coordinates"] for f in features}


def distance_km(lon: float, lat: float, line: Line) -> float:
    points = np.concatenate([np.linspace(a, b, 400) for a, b in pairwise(line)])
    n = len(points)
    return float(min(GEOD.inv(np.full(n, lon), np.full(n, lat), points[:, 0], points[:, 1])[2])) / 1000


def is_west(lon: float, lat: float, line: Line) -> bool:
    """Does the parallel, going east from here, cross the line an odd number of times?"""
    crossings = 0
    for (x1, y1), (x2, y2) in pairwise(line):
        if (y1 <= lat) != (y2 <= lat) and lon < x1 + (lat - y1) / (y2 - y1) * (x2 - x1):
            crossings += 1
    return crossings % 2 == 1


def in_band(party: str, lon: float, lat: float, km: float) -> bool:
    line = lines()[party]
    if party == "UA":
        return is_west(lon, lat, line) and distance_km(lon, lat, line) <= km
    in_front = is_west(lon, lat, line) and not is_west(lon, lat, lines()["UA"])
    return in_front or (not is_west(lon, lat, line) and distance_km(lon, lat, line) <= km)


def sightings() -> list[dict[str, str]]:
    rows = []
    for name in ("patrol_seen.csv", "imagery_seen.csv"):
        with (EXAMPLE / "data" / name).open(encoding="utf-8") as file:
            rows += list(csv.DictReader(file))
    return rows


def inside(party: str, term: str) -> list[dict[str, str]]:
    km, kinds, start = TERMS[term]
    return [
        r
        for r in sightings()
        if r["actor_claimed"] == party
        and r["kind"] in kinds
        and datetime.fromisoformat(r["t_start"]) >= start
        and in_band(party, float(r["lon"]), float(r["lat"]), km)
    ]


def finding(result: dict[str, Any], term: str, party: str) -> dict[str, Any]:
    (found,) = [
        f for f in result["findings"] if (f["term_id"], f["party"], f["period"]["name"]) == (term, party, "in_force")
    ]
    return dict(found)


@pytest.mark.parametrize("party", ["UA", "AF"])
@pytest.mark.parametrize("term", TERMS)
def test_whose_band_each_weapon_stands_in(result: dict[str, Any], term: str, party: str) -> None:
    expected = inside(party, term)
    found = finding(result, term, party)
    assert found["verdict"] == ("broken" if expected else "kept")
    assert len(found["observation_ids"]) == len(expected)


def test_each_verdict_occurs_on_both_sides_of_a_deadline_that_is_read_in_two_ways() -> None:
    assert [bool(inside("AF", t)) for t in ("artillery", "artillery-later")] == [True, False]
    assert [bool(inside("UA", t)) for t in ("artillery", "artillery-later")] == [True, True]


def test_the_reference_line_decides() -> None:
    """Launchers far enough from the de facto line, and still too near the line that counts for their party."""
    launchers = inside("AF", "rocket-launchers")
    assert launchers
    for row in launchers:
        lon, lat = float(row["lon"]), float(row["lat"])
        assert distance_km(lon, lat, lines()["UA"]) > 35 > distance_km(lon, lat, lines()["AF"])


def test_no_sighting_lies_so_near_an_edge_that_its_error_would_decide() -> None:
    for row in sightings():
        for km in (25, 35, 70):
            distance = distance_km(float(row["lon"]), float(row["lat"]), lines()[row["actor_claimed"]])
            assert abs(distance - km) * 1000 > 3 * float(row["sigma_m"])


@pytest.mark.parametrize(
    ("term", "party", "verdict"),
    [
        ("start", "UA", "kept"),  # its first battery leaves on 16 February
        ("start", "AF", "broken"),  # nothing of its leaves before 21 February, under clear skies
        ("done", "UA", "kept"),  # the monitor saw the last of it come in on 27 February
        ("done", "AF", "alleged"),  # it says so itself, and nobody has seen it
        ("inventory", "UA", "kept"),
        ("inventory", "AF", "broken"),  # the visit of the third week was refused
        ("nothing-missing", "UA", "unverifiable"),  # one visit a week says little of the other days
        ("nothing-missing", "AF", "broken"),  # the first count found one missing
    ],
)
def test_what_was_to_be_done(result: dict[str, Any], term: str, party: str, verdict: str) -> None:
    assert finding(result, term, party)["verdict"] == verdict


def simulate(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("minsk_simulate", folder / "simulate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_committed_files(folder: Path) -> None:
    module = simulate(folder)
    made = dict(zip(("patrol", "imagery", "inventory"), module.everything(), strict=True))
    for name, tables in made.items():
        for part, rows in zip(("seen", "watches"), tables, strict=True):
            module.write(f"{name}_{part}.csv", rows)
    module.between()
    for path in [*sorted(EXAMPLE.glob("data/*.csv")), EXAMPLE / "zones/between.geojson"]:
        assert (folder / path.relative_to(EXAMPLE)).read_bytes() == path.read_bytes()
