"""Sources are learned from a longer stretch than is fused, where the mission says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from servanda.mission import run_mission

END = datetime(2025, 3, 5, tzinfo=UTC)
START = datetime(2025, 2, 3, tzinfo=UTC)
TOLD = 100
"""Incidents of February; villages tell every second one, patrols all but every fifth."""


@pytest.fixture
def heard(folder: Path) -> Path:
    """The mission, with a month of reports before the agreement is in force."""
    rng = np.random.default_rng(1)
    lon, lat, late = rng.uniform(20.0, 21.0, TOLD), rng.uniform(-0.5, 0.5, TOLD), rng.uniform(-0.2, 0.2, TOLD)
    for name, which in (("patrols", [i for i in range(TOLD) if i % 5]), ("villages", range(0, TOLD, 2))):
        path = folder / "data" / f"{name}.csv"
        head, *rows = path.read_text("utf-8").splitlines()
        for i in which:
            t = START + timedelta(hours=6 * i + late[i] * (name == "villages"))
            told = {"kind": "artillery", "t_start": t.isoformat(), "lon": f"{lon[i]:.4f}", "lat": f"{lat[i]:.4f}"}
            told["recorded_at"] = (t + timedelta(hours=1)).isoformat()
            rows.append(",".join(told.get(column, "") for column in head.split(",")))
        path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return folder


def told(folder: Path, settings: str) -> str:
    """What the report says of its sources."""
    path = folder / "mission.yaml"
    path.write_text(path.read_text("utf-8") + settings, "utf-8")
    text = (run_mission(folder, END).reports / "report.md").read_text("utf-8")
    return text.partition("## What each source contributed")[2].partition("##")[0]


def test_what_came_before_teaches_and_the_report_says_so(heard: Path) -> None:
    text = told(heard, "learn_days: 30\nfusion: {learn_from: 100}\n")
    villages = [line for line in text.splitlines() if line.startswith("| villages")][1]
    assert villages.split("|")[3].strip().startswith("about 5 in 10")
    assert "Learned from 30\u00a0days before and after the time in force as well." in text


def test_without_it_only_the_time_in_force_does(heard: Path) -> None:
    text = told(heard, "fusion: {learn_from: 100}\n")
    assert "because there are too few reports in all: patrols, villages" in text


def test_many_reports_that_match_nothing_are_not_too_few(heard: Path) -> None:
    path = heard / "data" / "villages.csv"
    path.write_text(path.read_text("utf-8").replace(",20.", ",60."), "utf-8")
    text = told(heard, "learn_days: 30\nfusion: {learn_from: 100}\n")
    assert "because independent sources told too few of the same incidents: patrols, villages" in text
