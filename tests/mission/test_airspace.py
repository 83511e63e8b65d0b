"""A no-fly mission from receiver files to the report: overflights, jammed cells, no conclusion, and the map."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from markupsafe import escape

from servanda.mission.pipeline import gather
from servanda.report import ReportData
from servanda.report.areas import pointed
from servanda.report.data import INTERFERENCE
from servanda.report.interference import airspace
from servanda.report.language import catalogue
from servanda.report.writer import write
from servanda.sources.adsb_interference import CELLS

DAY = 1_740_960_000  # 3 March 2025, 00:00 UTC
AGREEMENT = """
title: No-fly zone
version: "1"
time_zone: Etc/UTC
in_force: {from: 2025-03-03T00:00, to: 2025-03-04T00:00}
parties: {N: {name: North}}
zones:
  sky:
    label: No-fly zone
    geometry: {type: Polygon, coordinates: [[[20.6, 50.1], [20.9, 50.1], [20.9, 50.4], [20.6, 50.4], [20.6, 50.1]]]}
terms:
  no-flights:
    clause: Article 4
    forbid: [aircraft_overflight]
    in: sky
    proof: {probability: 0.9, witnesses: 1}
"""
MISSION = """
title: No-fly zone
time_zone: Etc/UTC
sources:
  - {id: air, source: adsb, path: data/*.json, settings: {access: ACCESS}}
"""


def snapshot(minute: int, *aircraft: tuple[int, float, float, int]) -> dict[str, Any]:
    return {
        "now": DAY + 36_060 + 60 * minute,
        "aircraft": [
            {"hex": f"{n:06x}", "lon": x, "lat": y, "alt_baro": 9000, "gs": 300, "seen_pos": 1, "nac_p": p}
            for n, x, y, p in aircraft
        ],
    }  # fmt: skip


def story() -> list[dict[str, Any]]:
    """One aircraft crosses the zone; twelve fly west of it, two of them degraded; five far away; one degraded in it."""
    crossing = [snapshot(m, (1, 20.3 + m / 10, 50.25, 9)) for m in range(8)]
    west = snapshot(20, *((100 + i, 19.3, 50.2, 0 if i < 2 else 9) for i in range(12)))
    east = snapshot(20, *((200 + i, 22.3, 50.2, 9) for i in range(5)))
    return [*crossing, west, east, snapshot(40, (2, 20.75, 50.25, 0))]


def made(folder: Path, access: str = "open") -> ReportData:
    (folder / "data").mkdir()
    for i, one in enumerate(story()):
        (folder / "data" / f"{i:02}.json").write_text(json.dumps(one), "utf-8")
    (folder / "agreement.yaml").write_text(AGREEMENT, "utf-8")
    (folder / "mission.yaml").write_text(MISSION.replace("ACCESS", access), "utf-8")
    return gather(folder).data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    return made(tmp_path_factory.mktemp("air"))


def test_the_flight_through_the_zone_breaks_the_term_and_the_degraded_one_does_not(data: ReportData) -> None:
    whole = next(f for f in data.findings if f.period.name == "in_force" and f.party == "any")
    assert whole.verdict == "broken"
    flights = data.incidents.filter(pl.col("kind") == "aircraft_overflight")
    inside = data.incident_terms.filter(pl.col("probability") >= 0.9)
    assert inside.height == 1, "one aircraft for eight minutes is one overflight"
    assert flights.height == 1 + 12 + 5 + 1


def test_levels_reach_the_report_by_cell(data: ReportData) -> None:
    got = data.interference.select("aircraft", "degraded", "level").sort("aircraft", "degraded").rows()
    assert got == [(1, 0, "few"), (1, 0, "few"), (2, 1, "few"), (5, 0, "few"), (12, 2, "strong")]
    jammed = data.watches.filter(pl.col("status") == "jammed")
    assert jammed.height == 1


def test_the_tables_of_source_and_report_are_the_same() -> None:
    assert dict(CELLS) == INTERFERENCE


def test_the_view(data: ReportData) -> None:
    view = airspace(data)
    assert view is not None
    assert dict(view.cells) == {"normal": 0, "possible": 0, "strong": 1, "few": 4}
    assert (view.in_zone, view.elsewhere, view.untrusted) == (1, 10 + 5, 2 + 1)
    assert [(c.lon, c.lat, c.aircraft, c.degraded, c.level) for c in view.disturbed] == [
        (19.25, 50.25, 12, 2, "strong")
    ]
    assert view.picture.count("<path") > 0


def test_the_map_draws_an_overflight_where_it_was_in_the_zone(data: ReportData) -> None:
    placed = pointed(data.incidents, data.zones)
    inside = placed.filter(pl.col("lon").is_between(20.6, 20.9) & pl.col("lat").is_between(50.1, 50.4))
    assert inside.height == 2, "the crossing, and the middle of the degraded one"
    assert placed["lon"].null_count() == 0


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_the_page_says_that_an_empty_cell_is_no_conclusion(data: ReportData, language: str, tmp_path: Path) -> None:
    words = catalogue(language)
    assert not [k for k in words.missing if k.startswith("airspace.")]
    for level in ("normal", "possible", "strong", "few"):
        for n in (1, 2, 5):
            assert words.say(f"airspace.cell_{level}", n=n, degraded=1, share="1", low="0", high="2")
    if language == "en":
        write(data, tmp_path)
        page = (tmp_path / "report.html").read_text("utf-8")
        assert str(escape(words.say("airspace.empty"))) in page
        assert "too few aircraft for a conclusion: 4" in page
        write(data, tmp_path / "again")
        assert (tmp_path / "again" / "report.html").read_text("utf-8") == page


def test_restricted_positions_are_not_drawn(tmp_path: Path) -> None:
    hidden = made(tmp_path, "restricted")
    assert hidden.interference.is_empty()
    assert airspace(hidden) is None


def test_a_mission_without_aircraft_has_no_such_section(data: ReportData) -> None:
    nothing = replace(data, observations=data.observations.clear(), interference=data.interference.clear())
    assert airspace(nothing) is None
