"""A mission whose posts report by bearing: what it fixes, what its map shows, and that no post is given away."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from servanda.geo import WGS84, distance_m
from servanda.mission.pipeline import run_mission

TRUCE = Path(__file__).parents[1] / "scenarios" / "truce.yaml"
POSTS = {"p1": (20.40, 0.00), "p2": (20.52, 0.06), "p3": (20.47, -0.07)}
BURST = (20.47, 0.01)
MISSION = """title: Posts by the river
agreement: agreement.yaml
time_zone: Etc/UTC
cutoff: "00:00"
map: {{zones: [range]}}
sources:
{sources}"""
SOURCE = """  - id: {name}
    source: table
    path: {name}.csv
    settings: {{monitor: true, provider: the mission, licence: its own, citation: its own, post_access: {access}}}
"""


def mission(folder: Path, access: dict[str, str]) -> Path:
    """One table for each post; ``access``: of each, by its name."""
    (folder / "agreement.yaml").write_text(TRUCE.read_text("utf-8"), "utf-8")
    (folder / "mission.yaml").write_text(
        MISSION.format(sources="".join(SOURCE.format(name=n, access=a) for n, a in access.items())), "utf-8"
    )
    for name in access:
        lon, lat = POSTS[name]
        bearing, _, away = WGS84.inv(lon, lat, *BURST)
        header = (
            "kind,t_start,post_lon,post_lat,bearing_deg,bearing_error_deg,range_low_m,range_high_m,count,count_unit\n"
        )
        row = f"artillery,2025-03-05T10:00Z,{lon},{lat},{bearing:.1f},6,{0.7 * away:.0f},{1.4 * away:.0f}"
        (folder / f"{name}.csv").write_text(f"{header}{row},about 40,explosions\n", "utf-8")
    return folder


def incident(folder: Path) -> tuple[dict[str, Any], str]:
    """The only incident as published, and the whole report."""
    made = run_mission(folder)
    (feature,) = json.loads((made.reports / "incidents.geojson").read_text("utf-8"))["features"]
    return feature, (made.reports / "report.html").read_text("utf-8")


def test_three_posts_fix_a_burst_and_the_map_shows_the_ellipse(tmp_path: Path) -> None:
    feature, html = incident(mission(tmp_path, dict.fromkeys(POSTS, "open")))
    told = feature["properties"]
    assert float(distance_m(*BURST, *feature["geometry"]["coordinates"])) < told["ellipse_major_m"] < 2500
    assert (told["count_low"], told["count_high"], told["witnesses"]) == (30, 50, 3)
    assert "holds the place in 95 of 100 cases" in html


def test_a_restricted_post_is_not_given_away(tmp_path: Path) -> None:
    feature, html = incident(mission(tmp_path, dict.fromkeys(POSTS, "restricted")))
    told = feature["properties"]
    assert told["place_coarsened"] is True
    assert feature["geometry"]["coordinates"] == [20.5, 0.0], "as coarse as the restricted cell"
    assert [told[f"ellipse_{n}"] for n in ("major_m", "minor_m", "azimuth_deg")] == [None] * 3
    assert "holds the place in 95 of 100 cases" not in html
    assert not any(f"{lon:.2f}" in html and f"{lat:.2f} °N" in html for lon, lat in POSTS.values())


def test_an_open_report_beside_it_does_not_open_its_area(tmp_path: Path) -> None:
    """The ellipse of an open and a restricted bearing would still point at the restricted post."""
    feature, _ = incident(mission(tmp_path, {"p1": "restricted", "p2": "open"}))
    told = feature["properties"]
    assert told["place_coarsened"] is False
    assert told["ellipse_azimuth_deg"] is None
    assert feature["geometry"]["type"] == "Point"


@pytest.mark.parametrize("access", ["open", "restricted"])
def test_no_sector_is_published(tmp_path: Path, access: str) -> None:
    """Not even of one post alone: a sector has its apex at the post."""
    feature, _ = incident(mission(tmp_path, {"p1": access}))
    shape = shapely.from_geojson(json.dumps(feature["geometry"]))
    assert np.min(shapely.distance(shape, shapely.points(POSTS["p1"]))) > 0.005
