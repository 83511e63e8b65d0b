"""The examples on the real data: their figures, against a computation that does not use the pipeline."""

import csv
import gzip
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servanda.mission import run

ROOT = Path(__file__).parents[2] / "examples"
DATA = Path(os.environ.get("SERVANDA_DATA", ""))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set"),
]
WEEK = timedelta(days=7)
UNINFORMATIVE_H = 120.0


def result_of(name: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp(name) / name
    shutil.copytree(ROOT / name, folder, ignore=shutil.ignore_patterns("reports", "evidence*"))
    return run(folder)


@pytest.fixture(scope="module")
def easter(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return result_of("easter-truce-2025", tmp_path_factory)


@pytest.fixture(scope="module")
def victory_day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return result_of("victory-day-truce-2025", tmp_path_factory)


def by_hand(start: datetime, end: datetime) -> tuple[int, float]:
    """Starts and hours of alerts in a window, regions with an interval of more than five days left out."""
    with (DATA / "alerts/oblast_alert_intervals_20250201_20250531.csv").open(encoding="utf-8") as file:
        rows = [
            (r["region"], datetime.fromisoformat(r["started_at"]), datetime.fromisoformat(r["finished_at"]))
            for r in csv.DictReader(file)
        ]
    left_out = {region for region, a, b in rows if (b - a).total_seconds() / 3600 > UNINFORMATIVE_H}
    used = [(a, b) for region, a, b in rows if region not in left_out]
    starts = sum(start <= a < end for a, _ in used)
    seconds = sum(max(0.0, (min(b, end) - max(a, start)).total_seconds()) for a, b in used)
    return starts, seconds / 3600


def comparison(result: dict[str, Any], measure: str) -> dict[str, Any]:
    return next(c for c in result["comparisons"] if c["measure"] == measure)


@pytest.mark.parametrize(
    ("name", "start", "hours", "stated"),
    [
        ("easter", "2025-04-19T18:00+03:00", 30, [(4, 1.6), (51, 87.7), (42, 78.0)]),
        ("victory_day", "2025-05-08T00:00+03:00", 72, [(42, 74.8), (120, 242.9), (119, 274.6)]),
    ],
)
def test_alerts_before_in_and_after(
    name: str, start: str, hours: int, stated: list[tuple[int, float]], request: pytest.FixtureRequest
) -> None:
    result = request.getfixturevalue(name)
    starts, alert_hours = comparison(result, "starts"), comparison(result, "hours")
    got = [
        (a["value"], b["value"])
        for a, b in zip([starts, *starts["baselines"]], [alert_hours, *alert_hours["baselines"]], strict=True)
    ]
    t0 = datetime.fromisoformat(start)
    for shift, (count, total), expected in zip((0 * WEEK, -WEEK, WEEK), got, stated, strict=True):
        counted, added = by_hand(t0 + shift, t0 + shift + timedelta(hours=hours))
        assert count == counted == expected[0]
        assert total == pytest.approx(added, abs=1e-3)
        assert total == pytest.approx(expected[1], abs=0.05)


def test_the_two_uninformative_regions_are_left_out_and_named(easter: dict[str, Any]) -> None:
    text = " ".join(comparison(easter, "hours")["excluded"])
    assert "Kharkivska oblast" in text
    assert "Dnipropetrovska oblast" in text
    assert len(comparison(easter, "hours")["excluded"]) == 2


def test_labelled_news_rows_of_20_april(easter: dict[str, Any]) -> None:
    with gzip.open(DATA / "viina/viina_incidents_202504.csv.gz", "rt", encoding="utf-8-sig") as file:
        rows = [r for r in csv.DictReader(file) if r["datetime"].startswith("2025-04-20") and r["event_type"]]
    assert comparison(easter, "records")["value"] == len(rows) == 17


def verdict(result: dict[str, Any], term: str) -> str:
    return str(
        next(
            f["verdict"]
            for f in result["findings"]
            if f["term_id"] == term and f["party"] == "any" and f["period"]["name"] == "in_force"
        )
    )


def test_noise_and_silence_prove_nothing(easter: dict[str, Any], victory_day: dict[str, Any]) -> None:
    for result in (easter, victory_day):
        assert verdict(result, "ground-attack") != "kept"
        assert verdict(result, "naval-fire") == "unverifiable"
        assert {f["verdict"] for f in result["findings"]} <= {"alleged", "unverifiable"}


def test_every_finding_about_something_reported_leads_to_observations(easter: dict[str, Any]) -> None:
    for finding in easter["findings"]:
        if finding["verdict"] == "alleged":
            assert finding["observation_ids"]
