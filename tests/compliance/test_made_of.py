"""What a finding says of its chance, end to end: reported, unseen, and what the whole record takes from it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from servanda.agreement.calendar import periods
from servanda.agreement.loader import load
from servanda.agreement.zones import open_zones
from servanda.compliance.assess import assess
from servanda.compliance.settings import AssessSettings
from servanda.findings import Finding, Reason
from servanda.fusion import fuse
from servanda.tables import OBSERVATIONS, SOURCES, WATCHES

T0 = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
AGREEMENT = """
title: Ceasefire
time_zone: Etc/UTC
in_force: {from: 2025-03-01T00:00, to: 2025-03-31T00:00}
parties: {north: {name: Northland}, south: {name: Southmark}}
zones:
  all: {geometry: {type: Polygon, coordinates: [[[20, -1], [21, -1], [21, 1], [20, 1], [20, -1]]]}}
terms:
  fire: {clause: Art. 1, in: all, forbid: [artillery], proof: {probability: 0.8, witnesses: 1}, power: 0.5}
  few: {clause: Art. 2, in: all, limit: {kinds: [artillery], max: 1, per: day}, proof: {witnesses: 1}, power: 0.5}
  leave: {clause: Art. 3, in: all, binds: [south], require: {kinds: [withdrawal], deadline: 2025-03-10T00:00}}
"""


def report(day: float, actor: str | None = None) -> dict[str, Any]:
    t = T0 + day * DAY
    return {
        "kind": "artillery", "t_start": t, "t_end": t, "lon": 20.5, "lat": (day % 1) - 0.5, "sigma_m": 100.0,
        "actor_claimed": actor,
    }  # fmt: skip


def found(folder: Path, reports: list[dict[str, Any]], p_detect: float | None, p_true: float = 0.9, **more: Any) -> Any:
    """Findings by (term, party, day or None), of one source that looks everywhere with this chance, or not at all."""
    (folder / "agreement.yaml").write_text(AGREEMENT, "utf-8")
    agreement, _ = load(folder / "agreement.yaml", {})
    one = {"source_id": "post", "witness_group": "post", "recorded_at": T0}
    rows = [{"observation_id": f"o{i}", "record_id": f"r{i}", "claim": "sighting", "access": "open"} | one | r
            for i, r in enumerate(reports)]  # fmt: skip
    seen = OBSERVATIONS.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else OBSERVATIONS.empty()
    looks = [{"watch_id": "w", "t_start": T0, "t_end": T0 + 30 * DAY, "footprint": None, "kind": "artillery",
              "p_detect": p_detect, "p_false": 1 - p_true, "status": "watching"} | one]  # fmt: skip
    watches = WATCHES.conform(pl.DataFrame(looks)) if p_detect else WATCHES.empty()
    profile = {
        "source_id": "post", "provider": "post", "witness_group": "post", "sigma_m": 100.0, "licence": "",
        "citation": "", "reliability": "A", "p_true": p_true, "is_monitor": True, "is_witness": True,
    }  # fmt: skip
    sources = SOURCES.conform(pl.DataFrame([profile], schema=SOURCES.schema))
    got = fuse(seen, watches, sources=sources)
    as_of = T0 + 31 * DAY
    every = periods(agreement, "00:00", "Etc/UTC", as_of)
    made = assess(
        agreement, open_zones(agreement, folder, {}), got.incidents, got.membership, watches, sources, every, as_of,
        **more,
    )  # fmt: skip
    return {(f.term_id, f.party, None if f.period.name == "in_force" else (f.period.t_from - T0).days): f
            for f in made.findings}  # fmt: skip


def reason(f: Finding, code: str) -> Reason:
    return next(r for r in f.reasons if r.code == code)


def test_silence_under_a_good_watch_leaves_a_small_chance(tmp_path: Path) -> None:
    f = found(tmp_path, [], 0.9)["fire", "any", 9]
    assert f.verdict == "kept"
    assert 0 < f.probability < 0.01
    values = dict(reason(f, "made_of").values)
    assert values["reported"] == 0
    assert values["chance"] == values["unseen"] == pytest.approx(f.probability, rel=1e-5)


def test_what_is_often_seen_half_is_often_missed(tmp_path: Path) -> None:
    """A violation on each of two days in three, a watch that sees half: a silent day is likelier broken than not."""
    often = found(tmp_path, [report(d + 0.3) for d in range(30) if d % 3], 0.5)["fire", "any", 9]
    rare = found(tmp_path, [report(1.3)], 0.5)["fire", "any", 9]
    assert rare.probability < 0.1
    assert 0.35 < often.probability < 0.6


def test_without_a_watch_nobody_can_say(tmp_path: Path) -> None:
    """On a day with a report the chance is of that alone; on a day without one, and of a limit, nothing is known."""
    got = found(tmp_path, [report(2.3)], None)
    told, silent = got["fire", "any", 2], got["fire", "any", 5]
    assert told.probability == pytest.approx(dict(reason(told, "made_of_reported").values)["reported"], rel=1e-5)
    assert "too little was watched" in reason(told, "made_of_reported").text
    for f in (silent, got["few", "any", 2], got["few", "any", None]):
        assert (f.probability, f.verdict, f.power) == (None, "unverifiable", 0)
        assert "not known" in reason(f, "chance_unknown").text
        assert f.to_json()["probability"] is None
    assert got["fire", "any", None].probability == pytest.approx(told.probability, rel=0.01)


def test_what_next_to_nothing_is_can_be_set(tmp_path: Path) -> None:
    """A report of a chance under ``rate_least_reported`` is no evidence of a chance; one above it is."""
    any_is_evidence = AssessSettings(rate_least_reported=0.0)
    assert found(tmp_path, [report(2.3)], None, p_true=0.03)["fire", "any", 2].probability is None
    told = found(tmp_path, [report(2.3)], None, p_true=0.03, settings=any_is_evidence)["fire", "any", 2]
    assert 0 < told.probability < 0.05


def test_a_duty_that_nobody_told_of_or_looked_for_is_not_put_at_the_presumption(tmp_path: Path) -> None:
    unlooked, told = found(tmp_path, [], None), found(tmp_path, [report(2.3) | {"kind": "withdrawal"}], None)
    assert unlooked["leave", "south", None].probability is None
    assert unlooked["leave", "south", None].reasons[-2].code == "chance_unknown"
    assert 0 < told["leave", "south", None].probability < 0.5


def test_an_act_that_nobody_is_named_for_is_shared_out(tmp_path: Path) -> None:
    """North is named nine times and south once: the unnamed act is north's, likely, and no proof for either."""
    named = [report(d + 0.3, "Northland") for d in range(9)] + [report(12.3, "Southmark")]
    got = found(tmp_path, [*named, report(20.3)], 0.9)
    assert got["fire", "north", 20].verdict == got["fire", "south", 20].verdict == "alleged"
    assert got["fire", "north", 20].probability > 0.6
    assert got["fire", "south", 20].probability < 0.3
    assert got["fire", "any", 20].verdict == "broken"


def test_a_limit_counts_what_went_unseen(tmp_path: Path) -> None:
    """One a day is allowed, and one is seen on most days by a watch that sees half of them."""
    often = [report(d + 0.3) for d in range(30) if d % 5]
    poor, good = found(tmp_path, often, 0.5)["few", "any", 6], found(tmp_path, often, 0.97)["few", "any", 6]
    assert poor.probability > 0.2
    assert good.probability < 0.05
