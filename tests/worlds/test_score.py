"""Marks of findings whose quality is known because they are made from the truth."""

from datetime import timedelta
from math import isnan

import numpy as np
import pytest

from servanda.findings import Finding, Interval, Period, Verdict
from servanda.report.language import catalogue
from servanda.worlds.ready import DEMO
from servanda.worlds.score import calibration, expected_calibration_error, pair, score, score_pairs
from servanda.worlds.simulate import simulate
from servanda.worlds.verdicts import Truth, truth_verdicts

WORLD = simulate(DEMO, 2)
DAYS = [Period(DEMO.start + timedelta(days=d), DEMO.start + timedelta(days=d + 1), "day") for d in range(DEMO.days)]
TRUTHS = truth_verdicts(WORLD, DAYS)


def finding(truth: Truth, verdict: Verdict, probability: float | None, n: float, unseen: int | None = 0) -> Finding:
    return Finding(
        finding_id="f", term_id=truth.term_id, clause="Art.", party=truth.party, period=truth.period, verdict=verdict,
        probability=probability, expected_violations=Interval(n, n, n), power=0.9, unseen_upper95=unseen,
        proof_probability=0.9, proof_witnesses=2, agreement_version="1",
    )  # fmt: skip


def perfect(truth: Truth) -> Finding:
    if truth.broken is None:
        return finding(truth, "pending", 0.0, 0)
    verdict: Verdict = "broken" if truth.broken else "exempt" if truth.exempted else "kept"
    n = truth.reported or 0
    return finding(truth, verdict, float(truth.broken), n, unseen=truth.violations - n)


def test_perfect_findings_have_perfect_marks() -> None:
    marks = score([perfect(t) for t in TRUTHS], WORLD)
    counts = {verdict: numbers for verdict, *numbers in marks.table}
    assert counts["broken"][1:] == [0, 0] and counts["broken"][0] > 0
    assert counts["kept"][:2] == [0, 0] and counts["kept"][2] > 0
    assert counts["exempt"][0] == 0 and counts["exempt"][1] > 0
    assert marks.broken_proof == pytest.approx(0.9)
    assert marks.broken_right == 1 and marks.kept_wrong == 0 and marks.ece == 0
    assert marks.coverage_reported == marks.coverage_all == 1
    assert marks.not_due == sum(t.broken is None for t in TRUTHS) > 0
    assert marks.kept_stated_miss == pytest.approx(0.1)
    assert sum(map(sum, counts.values())) == len(TRUTHS) - marks.not_due


def test_a_chance_that_is_not_known_is_not_marked() -> None:
    unknown = score([finding(t, "kept", None, 0) for t in TRUTHS], WORLD)
    assert isnan(unknown.ece) and unknown.reliability == ()
    assert unknown.kept_wrong > 0, "the verdict is marked all the same"


def test_calling_everything_kept_is_found_out() -> None:
    due = [t for t in TRUTHS if t.broken is not None]
    share = np.mean([bool(t.broken) for t in due])
    marks = score([finding(t, "kept", 0.0, 0) for t in TRUTHS], WORLD)
    assert marks.kept_wrong == pytest.approx(share) and marks.ece == pytest.approx(share)
    assert isnan(marks.broken_right)
    assert marks.coverage_all < 1
    unbounded = score([finding(t, "unverifiable", 0.0, 0, unseen=None) for t in TRUTHS], WORLD)
    assert unbounded.coverage_all == 1, "no bound on the unseen holds anything"
    assert unbounded.unverifiable_broken == sum(bool(t.broken) for t in due)
    assert isnan(unbounded.ece), "abstentions are not marked for calibration"


def test_interval_must_hold_what_was_reported() -> None:
    loud = [t for t in TRUTHS if t.reported]
    marks = score([finding(t, "alleged", 0.5, (t.reported or 0) + 1) for t in loud], WORLD)
    assert loud and marks.coverage_reported == 0


def test_calibrated_statements_have_a_small_error_and_shifted_ones_the_shift() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 0.8, 40_000)
    happened = rng.random(40_000) < p
    honest = expected_calibration_error(calibration(list(zip(p.tolist(), happened.tolist(), strict=True))))
    shifted = expected_calibration_error(calibration(list(zip((p + 0.2).tolist(), happened.tolist(), strict=True))))
    assert honest < 0.01
    assert shifted == pytest.approx(0.2, abs=0.01)


def test_certainty_falls_in_the_last_bin() -> None:
    bins = calibration([(1.0, True), (0.0, False)])
    assert [b.findings for b in bins] == [1, *[0] * 8, 1]


def test_findings_of_unknown_terms_are_left_out_and_pairs_join() -> None:
    stranger = finding(Truth("no-such-term", "any", DAYS[0], False, 0, 0, 0, None), "kept", 0, 0)
    assert pair([stranger], WORLD) == []
    pairs = pair([perfect(t) for t in TRUTHS], WORLD)
    assert score_pairs(pairs * 2).ece == score_pairs(pairs).ece
    assert sum(sum(row[1:]) for row in score_pairs(pairs * 2).table) == 2 * sum(
        sum(row[1:]) for row in score_pairs(pairs).table
    )


def test_every_row_can_be_said_in_a_report() -> None:
    marks, words = score([perfect(t) for t in TRUTHS], WORLD), catalogue("en")
    assert marks.rows[0][0] == "findings"
    assert all(words.say(f"scoreboard.{code}") for code, _, _ in marks.rows)
    assert all(words.say(f"scoreboard.{code}_note", **dict(values)) for code, _, values in marks.rows)
    assert marks.reliability == ((0.0, 0.0, marks.bins[0].findings), (1.0, 1.0, marks.bins[-1].findings))
