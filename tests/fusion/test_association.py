"""Belief propagation against going through all matchings, the map of calibration, and what silence says."""

from itertools import product

import numpy as np
import pytest

from servanda.fusion.association import Links, choose, marginals
from servanda.fusion.calibration import Calibration, _fitted
from servanda.fusion.clusters import joined_false


def by_hand(report: list[int], cluster: list[int], odds: list[float]) -> list[float]:
    """Sum over every set of edges in which no report and no cluster stands twice."""
    total, with_edge = 0.0, np.zeros(len(odds))
    for chosen in product((False, True), repeat=len(odds)):
        at = [i for i, c in enumerate(chosen) if c]
        if len({report[i] for i in at}) < len(at) or len({cluster[i] for i in at}) < len(at):
            continue
        weight = float(np.prod([odds[i] for i in at]))
        total += weight
        with_edge[at] += weight
    return list(with_edge / total)


@pytest.mark.parametrize(
    ("report", "cluster", "odds", "tolerance"),
    [
        ([0], [0], [3.0], 1e-9),
        ([0, 0], [0, 1], [3.0, 1.0], 1e-3),
        ([0, 1], [0, 0], [3.0, 0.5], 1e-3),
        ([0, 1, 1, 2], [0, 0, 1, 1], [2.0, 1.0, 4.0, 0.5], 1e-3),
        ([0, 0, 1, 1], [0, 1, 0, 1], [5.0, 1.0, 0.5, 2.0], 0.06),
    ],
    ids=["one edge", "one report", "one cluster", "a chain: exact", "a loop: near"],
)
def test_marginals_are_those_of_all_matchings(
    report: list[int], cluster: list[int], odds: list[float], tolerance: float
) -> None:
    got = marginals(np.array(report), np.array(cluster), np.array(odds))
    assert got == pytest.approx(by_hand(report, cluster, odds), abs=tolerance)


def test_each_report_and_each_incident_is_used_once_the_likeliest_first() -> None:
    links = Links(np.array([0, 0, 1, 2]), np.array([0, 1, 0, 2]), np.array([0.9, 0.8, 0.7, 0.1]))
    kept = choose(links, 0.2)
    assert list(zip(kept.report, kept.cluster, strict=True)) == [(0, 0)]


def test_a_wrong_formula_is_mended_by_what_is_known_of_replicas() -> None:
    """Stated log odds that are twice too far from even, of two kinds of incidents of which one is rarer than told."""
    rng = np.random.default_rng(1)
    true = rng.normal(0.5, 1.0, 20_000)
    alone = rng.random(20_000) < 0.5
    happened = rng.random(20_000) < 1 / (1 + np.exp(-(true - 1.0 * alone)))
    weights = _fitted(np.column_stack([2.0 * true, alone, ~alone]), happened, 4.0)
    assert weights == pytest.approx([0.5, -1.0, 0.0], abs=0.06)


def test_what_cannot_be_stays_so() -> None:
    calibration = Calibration(np.array([1.0, 2.0, 0.0]))
    got = calibration(np.array([0.0, 0.5]), np.array([0, 1]), np.array([0, 0]))
    assert got[0] == 0.0
    assert got[1] == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_two_that_meet_are_surer_than_two_that_do_not() -> None:
    alone, met = joined_false(np.array([0.6, 0.6]), np.array([0.0, 1.0]), 0.05)
    assert alone == pytest.approx(0.4)
    assert met == pytest.approx(0.05)
