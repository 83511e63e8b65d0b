"""A count of violations over a period is that many violations: from observations to findings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely

from servanda.agreement.calendar import periods
from servanda.agreement.loader import load
from servanda.agreement.zones import open_zones
from servanda.compliance.assess import assess
from servanda.compliance.settings import AssessSettings
from servanda.findings import Finding
from servanda.fusion import FusionResult, Priors, fuse
from servanda.tables import OBSERVATIONS, SOURCES, WATCHES

T0 = datetime(2025, 3, 1, 12, tzinfo=UTC)
AT_AVERAGE = AssessSettings.model_validate({"record_shape": 1e9})
"""Nothing is learned of the reports: what is asked here is what counts do."""
AREA = shapely.to_wkb(shapely.box(20.0, -0.1, 21.0, 0.1))
AGREEMENT = """
title: Ceasefire
time_zone: Etc/UTC
in_force: {from: 2025-03-01T12:00, to: 2025-03-06T12:00}
parties: {north: {name: Northland}, south: {name: Southmark}}
zones:
  all: {geometry: {type: Polygon, coordinates: [[[20, -0.1], [21, -0.1], [21, 0.1], [20, 0.1], [20, -0.1]]]}}
  half: {geometry: {type: Polygon, coordinates: [[[20, -0.1], [20.5, -0.1], [20.5, 0.1], [20, 0.1], [20, -0.1]]]}}
terms:
  fire: {clause: Art. 1, in: all, forbid: [armed_activity], proof: {witnesses: 1}}
  blasts: {clause: Art. 2, in: all, forbid: [explosive], proof: {witnesses: 1}}
  west: {clause: Art. 3, in: half, forbid: [armed_activity], proof: {witnesses: 1}}
  few: {clause: Art. 4, in: all, limit: {kinds: [armed_activity], max: 10, per: in_force}, proof: {witnesses: 1}}
  quiet: {clause: Art. 5, in: all, forbid: [armed_activity], proof: {witnesses: 1}}
  training: {clause: Art. 6, in: all, allow: {kinds: [live_fire_exercise], exempt_from: [quiet]}}
"""


def count(low: float, hours: tuple[float, float] = (0, 24), **more: Any) -> dict[str, Any]:
    """So many violations in the area between two hours after the start."""
    return {
        "source_id": "mission",
        "witness_group": "mission",
        "kind": "ceasefire_violation",
        "t_start": T0 + timedelta(hours=hours[0]),
        "t_end": T0 + timedelta(hours=hours[1]),
        "geometry": AREA,
        "count_low": low,
        "count_high": low,
        "count_unit": "violations",
        "claim": "sighting",
        "recorded_at": T0,
        "access": "open",
    } | more


def fused(*reports: dict[str, Any], p_true: float = 0.99, **priors: Any) -> FusionResult:
    rows = [{"observation_id": f"o{i}", "record_id": f"r{i}"} | r for i, r in enumerate(reports)]
    seen = OBSERVATIONS.conform(pl.DataFrame(rows, infer_schema_length=None))
    names = seen["source_id"].unique().sort().to_list()
    about = {
        "licence": "",
        "citation": "",
        "reliability": "A",
        "p_true": p_true,
        "is_monitor": True,
        "is_witness": True,
    }
    profile = [{"source_id": n, "provider": n, "witness_group": n, "sigma_m": 50.0} | about for n in names]
    sources = SOURCES.conform(pl.DataFrame(profile, schema=SOURCES.schema))
    return fuse(seen, priors=Priors.model_validate(priors), sources=sources)


@pytest.fixture
def findings(tmp_path: Path) -> Any:
    (tmp_path / "agreement.yaml").write_text(AGREEMENT, "utf-8")
    agreement, _ = load(tmp_path / "agreement.yaml", {})
    zones = open_zones(agreement, tmp_path, {})
    as_of = T0 + timedelta(days=6)

    def find(term: str, *reports: dict[str, Any], day: int | None = None, **more: Any) -> Finding:
        got = fused(*reports, **more)
        tables = (got.incidents, got.membership, WATCHES.empty(), SOURCES.empty())
        days = periods(agreement, "12:00", "Etc/UTC", as_of)
        made = assess(agreement, zones, *tables, days, as_of, AT_AVERAGE).findings
        start = None if day is None else T0 + timedelta(days=day)
        return next(
            f
            for f in made
            if f.term_id == term
            and f.party == "any"
            and (f.period.name == "in_force" if start is None else f.period.name == "day" and f.period.t_from == start)
        )

    return find


def test_a_count_is_so_many_violations(findings: Any) -> None:
    got = findings("fire", count(111))
    assert got.verdict == "broken"
    assert got.expected_violations.mean == pytest.approx(0.99 * 111)
    assert (got.expected_violations.low, got.expected_violations.high) == (111, 111)
    assert got.probability == pytest.approx(0.99)


def test_a_period_across_the_start_counts_in_part(findings: Any) -> None:
    """A quarter of the period lies before the agreement: 3 of 4 violations lie after it, and one surely almost."""
    got = findings("fire", count(4, (-6, 18)))
    assert got.expected_violations.mean == pytest.approx(0.99 * 3)
    assert got.probability == pytest.approx(0.99 * (1 - 0.25**4))
    one = findings("fire", count(1, (-6, 18)))
    assert one.probability == pytest.approx(0.99 * 0.75)


def test_two_days_give_each_its_share(findings: Any) -> None:
    first = findings("fire", count(10, (0, 48)), day=0)
    assert first.expected_violations.mean == pytest.approx(0.99 * 5)
    assert first.probability == pytest.approx(0.99 * (1 - 0.5**10))


def test_a_zone_that_holds_half_of_the_area_holds_half_of_the_count(findings: Any) -> None:
    got = findings("west", count(10))
    assert got.expected_violations.mean == pytest.approx(0.99 * 5, rel=1e-6)
    assert got.probability == pytest.approx(0.99 * (1 - 0.5**10), rel=1e-6)


def test_parts_of_a_count_are_not_counted_beside_it(findings: Any) -> None:
    parts = (count(10, record_id="r"), count(3, record_id="r", kind="explosion_undetermined"))
    assert findings("fire", *parts).expected_violations.mean == pytest.approx(0.99 * 10)
    assert findings("blasts", *parts).expected_violations.mean == pytest.approx(0.99 * 3)
    table = fused(*parts).incidents
    assert table.select("kind", "count_low", "count_high").row(0) == ("ceasefire_violation", 10, 10)
    assert table["observations"].to_list() == [2]


def test_one_explosion_among_many_is_sure(findings: Any) -> None:
    parts = (count(50, record_id="r"), count(1, record_id="r", kind="explosion_undetermined"))
    assert findings("blasts", *parts).probability == pytest.approx(0.99)


def test_at_least_leaves_the_number_open(findings: Any) -> None:
    got = findings("fire", count(98, count_high=None))
    assert got.expected_violations.mean == pytest.approx(0.99 * 98)
    assert got.expected_violations.high is None
    assert any("at least 98" in b.text for r in got.reasons for i in r.because for b in i.because)


def test_zero_counted_is_no_incident() -> None:
    assert fused(count(0)).incidents.is_empty()
    assert fused(count(0, count_unit="explosions")).incidents.is_empty()


def test_what_is_assessed_as_training_is_exempt_and_the_rest_is_not(findings: Any) -> None:
    parts = (count(100, record_id="r"), count(90, record_id="r", kind="live_fire_exercise"))
    got = findings("quiet", *parts)
    assert got.expected_violations.mean == pytest.approx(0.99 * 10)
    assert got.verdict == "broken"
    all_of_it = (count(100, record_id="r"), count(100, record_id="r", kind="live_fire_exercise"))
    assert findings("quiet", *all_of_it).verdict == "exempt"


def test_a_limit_counts_the_events_not_the_reports(findings: Any) -> None:
    assert findings("few", count(11)).verdict == "broken"
    assert findings("few", count(9)).verdict != "broken"
    assert findings("few", count(6), count(6, (24, 48))).verdict == "broken"


def test_what_went_unseen_follows_from_the_number_seen(findings: Any) -> None:
    assert findings("fire", count(5)).unseen_upper95 is None, "nobody was watching"


def test_counts_of_two_periods_are_never_one_incident() -> None:
    got = fused(*(count(5, (24 * d, 24 * d + 24)) for d in range(40)))
    assert got.incidents.height == 40
    assert got.incidents["count_low"].sum() == 200


def test_two_missions_that_count_the_same_period_count_once() -> None:
    other: dict[str, Any] = {"source_id": "other", "witness_group": "other"}
    got = fused(count(5), count(7, **other)).incidents
    assert got.select("count_low", "count_high", "witnesses").rows() == [(5, 7, 2)]
    assert fused(count(5), count(7, (24, 48), **other)).incidents.height == 2


def test_the_unit_decides_what_is_counted(findings: Any) -> None:
    """Thirty rounds are one shelling to one side and thirty violations to another: the mission file says which."""
    shelling = count(30, count_unit="explosions", kind="artillery")
    assert findings("fire", shelling).expected_violations.mean == pytest.approx(0.99)
    as_each = findings("fire", shelling, incident_units=("explosions",))
    assert as_each.expected_violations.mean == pytest.approx(0.99 * 30)
