"""The whole job: the same evidence gives the same bytes, the past can be replayed, and nothing said is lost."""

import json
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from servanda.errors import MissionError
from servanda.mission import run, run_mission
from servanda.mission.explain import account, explanation

END = datetime(2025, 3, 5, tzinfo=UTC)


def bytes_of(folder: Path) -> bytes:
    return run_mission(folder, END).reports.joinpath("findings.json").read_bytes()


def finding(result: dict[str, Any], term: str, party: str = "any", day: str | None = None) -> dict[str, Any]:
    name = "day" if day else "in_force"
    found = [
        f
        for f in result["findings"]
        if f["term_id"] == term and f["party"] == party and f["period"]["name"] == name
        and (day is None or f["period"]["from"].startswith(day))
    ]  # fmt: skip
    assert len(found) == 1
    return dict(found[0])


def test_the_verdicts_follow_from_the_files(folder: Path) -> None:
    result = run(folder, END)
    assert finding(result, "no-artillery")["verdict"] == "broken"
    assert finding(result, "no-artillery", "north")["verdict"] == "alleged"
    assert finding(result, "no-artillery", day="2025-03-01")["verdict"] == "alleged"
    assert finding(result, "no-naval-fire")["verdict"] == "unverifiable"
    assert result["agreement"]["title"] == "A truce of three days"
    assert result["agreement"]["version"] == "1"
    comparison = result["comparisons"][0]
    assert (comparison["value"], comparison["baselines"][0]["value"]) == (2, 1)


def test_the_result_is_the_content_of_the_file(folder: Path) -> None:
    outcome = run_mission(folder, END)
    assert outcome.result == json.loads((outcome.reports / "findings.json").read_text("utf-8"))
    names = {p.name for p in outcome.reports.iterdir()}
    assert names == {"report.html", "report.md", "report.pdf", "findings.json", "incidents.geojson"}
    assert outcome.reports.name == "2025-03-03"


def test_running_twice_changes_nothing(folder: Path) -> None:
    first = {p.name: p.read_bytes() for p in run_mission(folder, END).reports.iterdir()}
    again = {p.name: p.read_bytes() for p in run_mission(folder, END).reports.iterdir()}
    assert first == again


def test_shuffled_rows_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "shuffled"
    shutil.copytree(folder, other)
    path = other / "data" / "patrols.csv"
    head, *rows = path.read_text("utf-8").splitlines()
    random.Random(4).shuffle(rows)
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    assert bytes_of(folder) == bytes_of(other)


def test_a_file_split_in_two_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "split"
    shutil.copytree(folder, other)
    path = other / "data" / "patrols.csv"
    head, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([head, *rows[:2]]) + "\n", "utf-8")
    (other / "data" / "patrols-2.csv").write_text("\n".join([head, *rows[2:]]) + "\n", "utf-8")
    assert bytes_of(folder) == bytes_of(other)


def test_as_of_knows_nothing_that_was_recorded_later(folder: Path) -> None:
    early = run(folder, datetime(2025, 3, 3, tzinfo=UTC))
    assert early["as_of"] == "2025-03-03T00:00:00Z"
    assert finding(early, "no-artillery")["verdict"] == "alleged"
    assert finding(early, "no-naval-fire")["verdict"] == "pending"


def test_a_late_report_revises_the_finding_and_the_earlier_one_stays(folder: Path) -> None:
    before = finding(run(folder, datetime(2025, 3, 3, 12, tzinfo=UTC)), "no-artillery", day="2025-03-02")
    after = finding(run(folder, END), "no-artillery", day="2025-03-02")
    assert (before["verdict"], after["verdict"]) == ("alleged", "broken")
    assert after["supersedes"] == before["finding_id"]
    told = account(folder, before["finding_id"][:10])
    assert told["finding"]["verdict"] == "alleged"
    assert [h["verdict"] for h in told["history"]] == ["alleged", "broken"]


def test_evidence_that_arrives_later_revises_too(folder: Path) -> None:
    path = folder / "data" / "villages.csv"
    late = path.read_text("utf-8")
    path.write_text(late.splitlines()[0] + "\n", "utf-8")
    before = finding(run(folder, END), "no-artillery")
    path.write_text(late, "utf-8")
    after = finding(run(folder, END), "no-artillery")
    assert (before["verdict"], after["verdict"]) == ("alleged", "broken")
    assert after["supersedes"] == before["finding_id"]


def test_explain_names_the_observations(folder: Path) -> None:
    broken = finding(run(folder, END), "no-artillery")
    text = explanation(account(folder, broken["finding_id"]))
    assert "BROKEN" in text
    for observation_id in broken["observation_ids"]:
        assert observation_id in text


def test_a_bad_row_is_set_aside_and_the_rest_counts(folder: Path) -> None:
    path = folder / "data" / "patrols.csv"
    path.write_text(path.read_text("utf-8") + "artillery,yesterday,20.5,0.0,\n", "utf-8")
    result = run(folder, END)
    assert finding(result, "no-artillery")["verdict"] == "broken"
    report = (folder / "reports/2025-03-03/report.md").read_text("utf-8")
    assert "patrols.csv, row 5: t\\_start: It cannot be read as a time" in report


def test_a_refused_source_is_named_and_the_rest_is_done(folder: Path) -> None:
    (folder / "data" / "villages.csv").write_bytes(b"\x00\xff\xfe nonsense")
    outcome = run_mission(folder, END)
    assert [r.source_id for r in outcome.refused] == ["villages"]
    assert finding(outcome.result, "no-artillery")["verdict"] == "alleged"


def test_before_the_agreement_is_in_force_there_is_nothing_to_say(folder: Path) -> None:
    with pytest.raises(MissionError, match="not in force yet"):
        run(folder, datetime(2025, 2, 1, tzinfo=UTC))


def test_without_a_moment_the_end_of_the_story_is_taken(folder: Path) -> None:
    for now in (datetime(2025, 6, 1, 7, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)):
        assert run_mission(folder, now=now).result["as_of"] == "2025-03-04T00:00:00Z"
    assert run_mission(folder, now=datetime(2025, 3, 2, 7, tzinfo=UTC)).result["as_of"] == "2025-03-02T00:00:00Z"


def test_beyond_the_replay_limit_the_report_says_so(folder: Path) -> None:
    path = folder / "mission.yaml"
    path.write_text(path.read_text("utf-8") + "replay_limit: 2\n", "utf-8")
    outcome = run_mission(folder, END)
    assert "not replayed" in (outcome.reports / "report.md").read_text("utf-8")
