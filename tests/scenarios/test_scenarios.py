"""Every scenario file: an agreement, what was seen, who was looking, and the verdicts that must follow."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from ruamel.yaml import YAML

from servanda.agreement.calendar import periods
from servanda.agreement.loader import load
from servanda.agreement.zones import open_zones
from servanda.compliance.assess import assess
from servanda.findings import Finding
from servanda.fusion import fuse
from servanda.tables import OBSERVATIONS, SOURCES, WATCHES

HERE = Path(__file__).parent
FILES = sorted(p for p in HERE.glob("*.yaml") if p.name != "truce.yaml")


def cases() -> list[Any]:
    out = []
    for file in FILES:
        for number, scenario in enumerate(YAML(typ="safe").load(file.read_text("utf-8"))):
            out.append(pytest.param(scenario, id=f"{file.stem}-{number + 1}"))
    return out


def moment(text: Any) -> datetime:
    t = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return t.astimezone(UTC) if t.tzinfo else t.replace(tzinfo=UTC)


def observation(number: int, o: Mapping[str, Any]) -> dict[str, Any]:
    start = moment(o["t"])
    end = moment(o["until"]) if "until" in o else start
    return {
        "observation_id": f"o{number:03}",
        "record_id": o.get("record", f"o{number:03}"),
        "source_id": o["source"],
        "witness_group": o.get("group", o["source"]),
        "kind": o["kind"],
        "t_start": start,
        "t_end": end,
        "lon": o["at"][0] if "at" in o else None,
        "lat": o["at"][1] if "at" in o else None,
        "sigma_m": float(o.get("sigma_m", 50)),
        "geometry": shapely.to_wkb(shapely.LineString(o["route"]).buffer(0.05)) if "route" in o else None,
        "text": o.get("text"),
        "count_low": o.get("count"),
        "count_high": o.get("count_high", o.get("count")),
        "count_unit": o.get("unit"),
        "actor_claimed": o.get("by"),
        "claim": o.get("claim", "sighting"),
        "recorded_at": end,
        "access": "open",
    }


def watch(number: int, w: Mapping[str, Any]) -> dict[str, Any]:
    area = shapely.box(*w["box"]) if "box" in w else shapely.box(19.0, -2.0, 21.5, 2.0)
    return {
        "watch_id": f"w{number:03}",
        "source_id": w["source"],
        "witness_group": w["source"],
        "t_start": moment(w.get("from", "2025-03-01")),
        "t_end": moment(w.get("to", "2025-03-06")),
        "footprint": shapely.to_wkb(area),
        "kind": w["kind"],
        "p_detect": w["p"],
        "p_false": 0.05,
        "status": w.get("status", "watching"),
        "recorded_at": moment(w.get("from", "2025-03-01")),
        "about_record": w.get("record"),
    }


def judge(scenario: Mapping[str, Any]) -> list[Finding]:
    agreement, _ = load(HERE / scenario.get("agreement", "truce.yaml"), {})
    zones = open_zones(agreement, HERE, {})
    observations = pl.DataFrame(
        [observation(i, o) for i, o in enumerate(scenario.get("seen", []))], schema_overrides=OBSERVATIONS.schema
    )
    watches = pl.DataFrame([watch(i, w) for i, w in enumerate(scenario.get("looked", []))])
    names = sorted({r["source"] for key in ("seen", "looked") for r in scenario.get(key, [])})
    about = scenario.get("sources", {})
    rows = [
        {
            "source_id": n, "provider": n, "licence": "", "citation": "", "witness_group": n, "reliability": "A",
            "p_true": about.get(n, {}).get("p_true", 0.95), "sigma_m": 50.0,
            "is_monitor": about.get(n, {}).get("monitor", False),
            "is_witness": about.get(n, {}).get("witness", True),
        }
        for n in names
    ]  # fmt: skip
    sources = SOURCES.conform(pl.DataFrame(rows, schema=SOURCES.schema))
    seen = OBSERVATIONS.conform(observations) if observations.height else OBSERVATIONS.empty()
    looked = WATCHES.conform(watches) if watches.height else WATCHES.empty()
    as_of = moment(scenario.get("as_of", "2025-03-07"))
    fused = fuse(seen, looked, sources=sources)
    spans = periods(agreement, "00:00", "Etc/UTC", as_of)
    evidence = (fused.incidents, fused.membership, looked, sources)
    return list(assess(agreement, zones, *evidence, spans, as_of, observations=seen).findings)


def about_day(finding: Finding, wanted: Any) -> bool:
    if wanted is None:
        return finding.period.name == "in_force"
    start = moment(wanted)
    return finding.period.name == "day" and start <= finding.period.t_from < start + timedelta(days=1)


@pytest.mark.parametrize("scenario", cases())
def test_scenario(scenario: Mapping[str, Any]) -> None:
    findings = judge(scenario)
    for expected in scenario["expect"]:
        party = expected.get("party", "any")
        found = [
            f
            for f in findings
            if f.term_id == expected["term"] and f.party == party and about_day(f, expected.get("day"))
        ]
        assert len(found) == 1, f"{expected}: {len(found)} findings"
        finding = found[0]
        reasons = "\n".join(r.text for r in finding.reasons)
        assert finding.verdict == expected["verdict"], f"{scenario['about']}\n{expected}\n{reasons}"
        for code in expected.get("because", []):
            assert code in {r.code for r in finding.reasons}, f"{code} not in {reasons}"
        for words in expected.get("says", []):
            told = "\n".join(str(r.to_json()) for r in finding.reasons)
            assert words in told, f"{words!r} not in {told}"
        if "violations" in expected:
            low, high = expected["violations"]
            assert (finding.expected_violations.low, finding.expected_violations.high) == (low, high)
        if "power" in expected:
            assert finding.power == pytest.approx(expected["power"], abs=0.02)
        if "unseen" in expected:
            assert finding.unseen_upper95 == expected["unseen"]
