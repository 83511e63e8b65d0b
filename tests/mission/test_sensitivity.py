"""Findings judged again with one assumption changed: what moves them is named, what cannot matter is not tried."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from servanda.findings import Finding, Interval, Period, Sensitivity, Trial
from servanda.fusion.beliefs import Beliefs, hazard_times, odds_times
from servanda.fusion.calibration import Calibration
from servanda.fusion.quality import Quality
from servanda.fusion.trial import Learned
from servanda.mission import run, run_mission
from servanda.mission.explain import account, explanation
from servanda.mission.explain_words import ASSUMPTIONS as WORDS
from servanda.mission.pipeline import gather
from servanda.mission.sensitivity import CHANGES
from servanda.mission.sensitivity_settings import ASSUMPTIONS
from servanda.report.language import catalogue

END = datetime(2025, 3, 5, tzinfo=UTC)


def set_in(folder: Path, text: str) -> None:
    with (folder / "mission.yaml").open("a", encoding="utf-8") as file:
        file.write(text)


RUMOUR = (
    "A column of armoured vehicles was seen crossing the river by the old mill bridge late in the evening, "
    "and several shells landed in the market square soon afterwards"
)


def add_text(path: Path, text: str) -> None:
    """The same text to every row."""
    head, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([f"{head},text", *(f'{row},"{text}"' for row in rows)]) + "\n", "utf-8")


def whole(result: dict[str, Any], term: str, party: str = "any") -> dict[str, Any]:
    (found,) = (
        f for f in result["findings"] if (f["term_id"], f["party"], f["period"]["name"]) == (term, party, "in_force")
    )
    return dict(found)


def test_every_assumption_can_be_changed_and_told() -> None:
    assert tuple(CHANGES) == ASSUMPTIONS == tuple(WORDS)
    assert all(catalogue("en").messages[f"assumptions.{a}"] == WORDS[a] for a in ASSUMPTIONS)


def test_a_proof_that_just_suffices_falls_with_less_trust(folder: Path) -> None:
    path = folder / "mission.yaml"
    path.write_text(path.read_text("utf-8").replace("reliability: A", "reliability: B"), encoding="utf-8")
    set_in(folder, "sensitivity: {factors: [0.000001, 2.0]}\n")
    outcome = run_mission(folder, END)
    f = whole(outcome.result, "no-artillery")
    moved = {(t["assumption"], t["factor"]): t["verdict"] for t in f["sensitivity"]["trials"]}
    assert (f["verdict"], moved["trust", 0.000001], moved["trust", 2.0]) == ("broken", "unverifiable", "broken")
    assert f["sensitivity"]["holds"] is False
    assert "unverifiable if trust in reports is multiplied by 1e-06" in (outcome.reports / "report.md").read_text(
        "utf-8"
    )


def test_trust_moves_the_chance_in_its_direction(folder: Path) -> None:
    f = whole(run(folder, END), "no-artillery", "north")
    by = {(t["assumption"], t["factor"]): t for t in f["sensitivity"]["trials"]}
    assert by["trust", 0.5]["probability"] <= f["probability"] <= by["trust", 2.0]["probability"]
    assert by["detection", 0.5]["power"] < f["power"] or f["power"] == 0
    ends = [t["probability"] for t in by.values()] + [f["probability"]]
    assert f["sensitivity"]["probability"] == {"low": min(ends), "high": max(ends)}


def test_only_the_whole_window_is_tried_and_only_what_can_matter(folder: Path) -> None:
    result = run(folder, END)
    assert all(("sensitivity" in f) == (f["period"]["name"] == "in_force") for f in result["findings"])
    tried = {t["assumption"] for t in whole(result, "no-artillery")["sensitivity"]["trials"]}
    assert {"trust", "detection", "place", "same_event"} <= tried
    assert not tried & {"trigger", "presumption"}, "no term asks for anything"


def test_the_finding_itself_does_not_hang_on_it(folder: Path) -> None:
    with_it = run(folder, END)
    set_in(folder, "sensitivity: {enabled: false}\n")
    without = run(folder, END)
    assert [f["finding_id"] for f in with_it["findings"]] == [f["finding_id"] for f in without["findings"]]
    assert not any("sensitivity" in f for f in without["findings"])


def test_with_too_many_observations_it_says_so(folder: Path) -> None:
    set_in(folder, "sensitivity: {most_observations: 1}\n")
    outcome = run_mission(folder, END)
    held = whole(outcome.result, "no-artillery")["sensitivity"]
    assert held["trials"] == []
    assert "trust" in held["not_tried"]
    assert "Not tried: trust in reports" in (outcome.reports / "report.md").read_text("utf-8")


def test_factors_and_assumptions_are_settings(folder: Path) -> None:
    set_in(folder, "sensitivity: {factors: [3], assumptions: [trust]}\n")
    trials = whole(run(folder, END), "no-artillery")["sensitivity"]["trials"]
    assert [(t["assumption"], t["factor"]) for t in trials] == [("trust", 3.0)]


def test_odds_and_hazards_turn_back() -> None:
    p = np.array([0.0, 0.01, 0.5, 0.99, 1.0])
    assert np.allclose(odds_times(odds_times(p, 2.0), 0.5), p)
    assert np.allclose(hazard_times(hazard_times(p, 2.0), 0.5), p)
    assert odds_times(np.array(0.5), 2.0) == pytest.approx(2 / 3)
    assert hazard_times(np.array(0.5), 2.0) == pytest.approx(0.75)


def test_beliefs_of_some_sources_are_those_of_the_same_sources() -> None:
    q = Quality(*(np.arange(3.0) + 10 * i for i in range(7)))
    calibration = Calibration(np.array([1.0, 0.1, 0.2, 0.3, 1.1, 1.2, 1.3]))
    b = Beliefs(("a", "b", "c"), Learned(q, q, q), True, 0.3, calibration).of(["a", "c"])
    assert b.learned.quality.false.tolist() == [10.0, 12.0]
    assert b.calibration is not None
    assert b.calibration.weights.tolist() == [1.0, 0.1, 0.3, 1.1, 1.3]


def test_the_report_counts_what_each_source_told(folder: Path) -> None:
    table = gather(folder, END).data.contributions
    counts = ["period", "since", "incidents", "shared", "alone"]
    rows = {r[0]: r[1:] for r in table.select("source_id", *counts).iter_rows()}
    assert rows == {"patrols": (0, 3, 3, 1, 2), "villages": (0, 1, 1, 1, 0), "watches": (0, 0, 0, 0, 0)}
    assert dict(table.select("source_id", "unlearned").iter_rows()) == {
        "patrols": "few_reports", "villages": "few_reports", "watches": "silent",
    }  # fmt: skip


def test_explain_tells_each_sources_part_and_what_went_unseen(folder: Path) -> None:
    f = whole(run(folder, END), "no-artillery")
    told = account(folder, f["finding_id"])
    parts = {p["source_id"]: p for p in told["contributed"]}
    assert parts["villages"]["incidents"] == parts["villages"]["told_by_others"] == 1
    assert parts["villages"]["without"]["verdict"] != "broken", "one witness group alone proves it"
    assert (
        parts["villages"]["incidents_without"][0]["without"] < parts["villages"]["incidents_without"][0]["probability"]
    )
    (gap,) = told["unseen"]
    assert (gap["kind"], gap["zone"], gap["watched"]) == ("artillery", "buffer", gap["hours"])
    text = explanation(told)
    assert "somebody looked in buffer all 72 hours" in text
    assert "How much hangs on the assumptions:" in text


def test_explain_tells_who_repeats_whom_and_why(folder: Path) -> None:
    told = account(folder, whole(run(folder, END), "no-artillery")["finding_id"])
    assert told["copies"] == [] and "repeat" not in explanation(told)
    add_text(folder / "data/patrols.csv", RUMOUR)
    add_text(folder / "data/villages.csv", RUMOUR)
    told = account(folder, whole(run(folder, END), "no-artillery")["finding_id"])
    (copy,) = told["copies"]
    counted = gather(folder, END).data.contributions.select("source_id", "copies")
    assert dict(counted.iter_rows()) == {"patrols": 0, "villages": 1, "watches": 0}
    assert (copy["source_id"], copy["of_source_id"], copy["why"]) == ("villages", "patrols", "same words")
    assert copy["observation_id"] != copy["of"]
    line = (
        f"{copy['observation_id']} villages repeats {copy['of']} patrols: same words (incident {copy['incident_id']})"
    )
    assert line in explanation(told)


def test_explain_says_when_the_past_cannot_be_judged_again(folder: Path) -> None:
    f = whole(run(folder, END), "no-artillery")
    path = folder / "agreement.yaml"
    path.write_text(path.read_text("utf-8").replace("20.0, -0.1", "19.9, -0.1"), encoding="utf-8")
    path.write_text(path.read_text("utf-8").replace("artillery]", "artillery], power: 0.5"), encoding="utf-8")
    told = account(folder, f["finding_id"])
    assert "contributed" not in told
    assert told["not_worked_out"] in explanation(told)


def test_a_finding_says_which_trials_move_it() -> None:
    f = Finding("", "t", "", "any", Period(END, END, "in_force"), "kept", 0.1, Interval(0, 0, 0), 0.8, 0, 0.9, 2, "1")
    trials = (Trial("trust", 0.5, "kept", 0.05, 0.7), Trial("trust", 2.0, "alleged", 0.2, 0.9))
    moved = replace(f, sensitivity=Sensitivity(trials))
    assert [t.factor for t in moved.moved] == [2.0]
    assert (moved.chances, moved.powers) == ((0.05, 0.2), (0.7, 0.9))
    unknown = replace(f, sensitivity=Sensitivity((Trial("trust", 0.5, "kept", None, 0.7), *trials)))
    assert unknown.chances is None
    assert unknown.to_json()["sensitivity"]["probability"] == {"low": None, "high": None}
    assert "sensitivity" not in f.to_json()
