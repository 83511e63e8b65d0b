"""Why nothing was learned of a source: what makes no incident is neither silent nor unmatched."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from servanda.agreement.loader import load
from servanda.findings import Period
from servanda.fusion import Priors, fuse
from servanda.mission.contributions import contributions
from servanda.tables import OBSERVATIONS, SOURCES

T0 = datetime(2025, 3, 1, tzinfo=UTC)
AGREEMENT = """
title: Ceasefire
time_zone: Etc/UTC
in_force: {from: 2025-03-01T00:00, to: 2025-03-31T00:00}
parties: {north: {name: Northland}}
zones: {all: {geometry: {type: Polygon, coordinates: [[[19, -1], [21, -1], [21, 1], [19, 1], [19, -1]]]}}}
terms: {fire: {clause: Art. 1, in: all, forbid: [artillery]}}
"""


def unlearned(folder: Path, priors: Priors, *tellers: tuple[str, str]) -> dict[str, str]:
    """Reason by source; each teller (source, kind) tells of something on ten days, and long before of artillery."""
    (folder / "agreement.yaml").write_text(AGREEMENT, "utf-8")
    agreement, _ = load(folder / "agreement.yaml", {})
    rows = [
        {
            "observation_id": f"{name}{i}", "record_id": f"{name}{i}", "source_id": name, "witness_group": name,
            "kind": kind, "claim": "sighting", "t_start": T0 + timedelta(days=i), "t_end": T0 + timedelta(days=i),
            "lon": 20.0, "lat": 0.0, "sigma_m": 100.0, "access": "open", "recorded_at": T0,
        }
        for name, told in tellers
        for i, kind in ((-400, "artillery"), *((i, told) for i in range(10)))
    ]  # fmt: skip
    seen = OBSERVATIONS.conform(pl.DataFrame(rows, infer_schema_length=None))
    profiles = [
        {
            "source_id": name, "provider": name, "witness_group": name, "sigma_m": 100.0, "licence": "",
            "citation": "", "reliability": "B", "is_monitor": False, "is_witness": True,
        }
        for name in ("deaths", "mission", "mute", "press")
    ]  # fmt: skip
    sources = SOURCES.conform(pl.DataFrame(profiles, schema=SOURCES.schema))
    day = Period(T0 + timedelta(days=8), T0 + timedelta(days=9), "day")
    fused = fuse(seen, sources=sources, priors=priors)
    return dict(contributions(fused, seen, sources, agreement, day, priors).select("source_id", "unlearned").rows())


def test_reports_that_make_no_incident_are_no_independent_source(tmp_path: Path) -> None:
    trends_only = Priors(no_incident=("armed_activity",), learn_from=5)
    got = unlearned(tmp_path, trends_only, ("mission", "artillery"), ("deaths", "armed_activity"))
    assert got == {"mission": "one_group", "deaths": "no_incident", "mute": "silent", "press": "silent"}


def test_reports_that_make_incidents_are(tmp_path: Path) -> None:
    got = unlearned(tmp_path, Priors(learn_from=5), ("mission", "artillery"), ("press", "drone_overflight"))
    assert got["mission"] == got["press"] == "no_match"
