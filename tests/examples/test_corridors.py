"""Corridors of 2022 on the real data: each announcement's verdict, against a count of the file by hand."""

import csv
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from servanda.mission import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "corridors-2022"
DATA = Path(os.environ.get("SERVANDA_DATA", ""), "corridors", "humanitarian_corridors_2022.csv")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set"),
]
VERDICTS = {
    "successful": "kept",
    "unsuccessful/disrupted": "broken",
    "disputed": "alleged",
    "proposed route/outcome unknown": "unverifiable",
}
GRAVEST = ["broken", "alleged", "unverifiable", "kept"]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("corridors") / "corridors-2022"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", "evidence*"))
    return run(folder)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def findings(result: dict[str, Any], term: str, period: str, party: str = "any") -> list[dict[str, Any]]:
    every = result["findings"]
    return [f for f in every if (f["term_id"], f["party"], f["period"]["name"]) == (term, party, period)]


def asked(finding: dict[str, Any]) -> dict[str, Any]:
    return next(r for r in finding["reasons"] if r["code"] == "asked")


def test_every_announcement_is_judged_as_its_outcome_says(result: dict[str, Any], rows: list[dict[str, str]]) -> None:
    (whole,) = findings(result, "announced-corridors", "in_force")
    expected = Counter(VERDICTS[r["status_result"]] for r in rows)
    assert asked(whole)["values"] == expected
    assert expected == {"kept": 125, "broken": 5, "alleged": 7, "unverifiable": 145}
    assert whole["verdict"] == "broken"


def test_only_what_the_sides_agreed_counts_in_the_narrow_reading(
    result: dict[str, Any], rows: list[dict[str, str]]
) -> None:
    for party in ("any", "UA", "RU"):
        (whole,) = findings(result, "agreed-corridors", "in_force", party)
        expected = Counter(VERDICTS[r["status_result"]] for r in rows if r["proposal"] == "Agreed")
        assert asked(whole)["values"] == expected


def test_each_day_names_its_announcements_with_their_outcomes(
    result: dict[str, Any], rows: list[dict[str, str]]
) -> None:
    by_day: dict[str, list[tuple[str, str]]] = {}
    for r in rows:
        day = f"20{r['Date'][6:]}-{r['Date'][3:5]}-{r['Date'][:2]}"
        by_day.setdefault(day, []).append((r["From"], VERDICTS[r["status_result"]]))
    days = findings(result, "announced-corridors", "day")
    assert len(days) == len(by_day)
    for finding in days:
        told = [(r["text"], r["values"]["verdict"]) for r in asked(finding)["because"]]
        day = told[0][0][:10]
        expected = by_day.pop(day)
        assert finding["verdict"] == next(v for v in GRAVEST if v in {v for _, v in expected})
        said = [(re.split(r" – ", t.removeprefix(f"{day}, "))[0], v) for t, v in told]
        assert sorted(said) == sorted(expected)
    assert by_day == {}


def test_nobody_knows_of_half_of_them_and_power_says_so(result: dict[str, Any], rows: list[dict[str, str]]) -> None:
    (whole,) = findings(result, "announced-corridors", "in_force")
    known = sum(VERDICTS[r["status_result"]] != "unverifiable" for r in rows)
    assert whole["power"] == pytest.approx(0.95 * known / len(rows), abs=1e-4)
    assert whole["expected_violations"]["high"] >= len(rows) - known


def test_obstructions_are_those_that_the_file_calls_disrupted(
    result: dict[str, Any], rows: list[dict[str, str]]
) -> None:
    (whole,) = findings(result, "unhindered", "in_force")
    assert len(whole["incident_ids"]) == sum(r["status_extra"] == "disrupted" for r in rows) == 3
