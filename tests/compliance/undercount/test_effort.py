"""Estimates from effort: known detection, and repeated looks."""

import numpy as np
import pytest
from scipy.stats import nbinom

from servanda.compliance.undercount import Abstained, UndercountSettings, horvitz_thompson, n_mixture, occupancy


def test_with_equal_detection_the_interval_is_the_negative_binomial_one() -> None:
    e = horvitz_thompson(np.full(200, 0.5))
    assert e.total == pytest.approx(400)
    low, high = (200 + nbinom.ppf(q, 200, 0.5) for q in (0.025, 0.975))
    assert (e.low, e.high) == pytest.approx((low, high), abs=1.5)


def test_what_is_known_otherwise_is_seen_and_not_multiplied() -> None:
    e = horvitz_thompson(np.full(20, 1.0), beside=30.0)
    assert (e.seen, e.total, e.low, e.high) == (50.0, 50.0, 50.0, 50.0)


def test_intervals_hold_the_truth_where_detection_is_as_stated_and_not_where_it_is_overstated() -> None:
    rng = np.random.default_rng(1)
    held: dict[float, list[bool]] = {1.0: [], 1.25: []}
    for _ in range(1000):
        p = rng.choice([0.3, 0.6, 0.8], 300)
        found = p[rng.random(300) < p]
        for error, out in held.items():
            e = horvitz_thompson(found * error)
            out.append(e.low <= 300 <= e.high)
    assert 0.93 < np.mean(held[1.0]) < 0.975
    assert np.mean(held[1.25]) < 0.3


def test_doubt_whether_reports_are_real_widens_the_interval() -> None:
    p = np.full(100, 0.5)
    sure, doubtful = horvitz_thompson(np.full(50, 0.5)), horvitz_thompson(p, np.full(100, 0.5))
    assert doubtful.total == pytest.approx(sure.total)
    assert doubtful.high - doubtful.low > sure.high - sure.low


def test_refusals_of_effort() -> None:
    for detection, code in ((np.full(3, 0.5), "few_found"), (np.array([0.5] * 20 + [0.01]), "hardly_detectable")):
        with pytest.raises(Abstained) as caught:
            horvitz_thompson(detection)
        assert caught.value.reason.code == code


def test_the_n_mixture_holds_the_truth_with_detection_unknown_and_known() -> None:
    rng, held, known = np.random.default_rng(2), [], []
    for _ in range(25):
        n = rng.poisson(3.0, 40)
        y = rng.binomial(n[:, None], 0.5, (40, 4)).astype(np.int64)
        y[0, 0] = -1  # nobody looked
        e, k = n_mixture(y), n_mixture(y, np.full((40, 4), 0.5))
        held.append(e.low <= n.sum() <= e.high)
        known.append(k.low <= n.sum() <= k.high)
        assert k.high - k.low <= e.high - e.low
    assert np.mean(held) >= 0.8 and np.mean(known) >= 0.8  # 25 tries at 95 %: under 0.8 once in 300


def test_the_n_mixture_refuses_counts_that_say_nothing() -> None:
    for counts, code in (
        (np.zeros((20, 3)), "nothing_seen"),
        (np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3]]), "no_signal"),
    ):
        with pytest.raises(Abstained) as caught:
            n_mixture(counts.astype(np.int64))
        assert caught.value.reason.code == code


def test_occupancy_holds_the_truth_and_refuses_single_sightings() -> None:
    rng, held = np.random.default_rng(3), []
    for _ in range(40):
        there = rng.random(80) < 0.5
        e = occupancy(((rng.random((80, 4)) < 0.4) & there[:, None]).astype(np.int64))
        held.append(e.low <= there.sum() <= e.high)
    assert np.mean(held) >= 0.85
    with pytest.raises(Abstained) as caught:
        occupancy(np.eye(4, dtype=np.int64))
    assert caught.value.reason.code == "no_signal"
    assert UndercountSettings().seed == 0
