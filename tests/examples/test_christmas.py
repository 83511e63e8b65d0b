"""The Christmas ceasefire of 2023: two siren lists that tell of the same alerts, against a join made by hand."""

import csv
import gzip
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from servanda.mission.pipeline import gather
from servanda.report import ReportData

NAME = "christmas-truce-2023"
ROOT = Path(__file__).parents[2] / "examples"
DATA = Path(os.environ.get("SERVANDA_DATA", ""))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set"),
]
START, END = datetime.fromisoformat("2023-01-06T12:00+03:00"), datetime.fromisoformat("2023-01-08T00:00+03:00")
WEEK, LEARNED = timedelta(days=7), timedelta(days=28)


@dataclass(frozen=True)
class Alert:
    region: str
    start: datetime
    end: datetime
    end_seen: bool


def alerts(name: str) -> list[Alert]:
    """Alerts of whole oblasts."""
    with gzip.open(DATA / "alerts" / name, "rt", encoding="utf-8") as file:
        return [
            Alert(
                r.get("oblast") or r["region"],
                datetime.fromisoformat(r["started_at"]),
                datetime.fromisoformat(r["finished_at"]),
                r.get("naive") != "True",
            )
            for r in csv.DictReader(file)
            if r.get("level", "oblast") == "oblast"
        ]


def within(rows: list[Alert], low: datetime, high: datetime) -> list[Alert]:
    return [a for a in rows if low <= a.start < high]


def joined(one: list[Alert], other: list[Alert]) -> int:
    """Pairs of one oblast that overlap in time, each alert in one pair at most, the nearest starts first."""
    of: dict[str, list[tuple[int, Alert]]] = defaultdict(list)
    for j, b in enumerate(other):
        of[b.region].append((j, b))
    found = sorted(
        (abs(a.start - b.start), i, j)
        for i, a in enumerate(one)
        for j, b in of[a.region]
        if a.start <= b.end and b.start <= a.end
    )
    left: set[int] = set()
    right: set[int] = set()
    for _, i, j in found:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
    return len(left)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    folder = tmp_path_factory.mktemp("christmas") / NAME
    shutil.copytree(ROOT / NAME, folder, ignore=shutil.ignore_patterns("reports", "evidence*"))
    return gather(folder).data


@pytest.fixture(scope="module")
def lists() -> dict[str, list[Alert]]:
    return {
        "sirens_official": alerts("official_data_en_20220315_20240423.csv.gz"),
        "sirens_volunteer": alerts("volunteer_data_en_20220225_20241010.csv.gz"),
    }


def test_starts_and_hours_before_in_and_after(made: ReportData, lists: dict[str, list[Alert]]) -> None:
    stated = {"sirens_official": [54, 65, 63], "sirens_volunteer": [60, 71, 73]}
    for c in made.comparisons:
        values = [c.value, *(b.value for b in c.baselines)]
        for shift, value, expected in zip((0 * WEEK, -WEEK, WEEK), values, stated[c.source_id], strict=True):
            low, high = START + shift, END + shift
            if c.measure == "starts":
                assert value == len(within(lists[c.source_id], low, high)) == expected
            else:
                inside = [min(a.end, high) - max(a.start, low) for a in lists[c.source_id] if a.end_seen]
                hours = sum(max(t, timedelta(0)).total_seconds() for t in inside) / 3600
                assert value == pytest.approx(hours, abs=1e-3)


def test_each_alert_is_one_incident(made: ReportData, lists: dict[str, list[Alert]]) -> None:
    official, volunteer = (within(rows, START, END) for rows in lists.values())
    both = joined(official, volunteer)
    assert both == len(official) == 54
    told = {r["source_id"]: r for r in made.contributions.iter_rows(named=True)}
    assert [told[s]["shared"] for s in lists] == [both, both]
    assert told["sirens_volunteer"]["alone"] == len(volunteer) - both


def test_what_is_learned_is_what_the_join_says(made: ReportData, lists: dict[str, list[Alert]]) -> None:
    official, volunteer = (within(rows, START - LEARNED, END + LEARNED) for rows in lists.values())
    both = joined(official, volunteer)
    share = {"sirens_official": both / len(volunteer), "sirens_volunteer": both / len(official)}
    assert share["sirens_official"] == pytest.approx(0.83, abs=0.005)
    assert share["sirens_volunteer"] == pytest.approx(0.99, abs=0.005)
    for row in made.contributions.filter(made.contributions["source_id"].is_in(list(lists))).iter_rows(named=True):
        assert row["detect"] == pytest.approx(share[row["source_id"]], abs=0.05)
        assert row["detect_low"] < share[row["source_id"]] < row["detect_high"]
        assert row["p_true_low"] is None  # two lists cannot show what either makes up
        assert row["matches"] == pytest.approx(both, rel=0.02)
        assert row["time_h"] < 0.05  # their starts are seconds apart
        assert row["repeat"] < 0.01  # no list tells an alert twice


def test_one_party_is_bound_and_nobody_can_tell_whether_it_kept_its_word(made: ReportData) -> None:
    assert {f.verdict for f in made.findings if f.period.name == "in_force"} == {"unverifiable"}
    assert {f.party for f in made.findings} == {"any", "RU"}


def test_a_file_without_events_is_an_outage_and_not_calm(made: ReportData) -> None:
    (deadly,) = (t for t in made.trends if t.source_id == "ucdp")
    assert deadly.said == "effort_unknown"
    reasons = made.watches.filter(source_id="ucdp", status="offline")["reason"].to_list()
    assert any("24 January 2023" in r for r in reasons)
