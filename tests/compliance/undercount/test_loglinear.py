"""Log-linear models: against the published estimate, an independent optimiser, and worlds with known truth."""

import numpy as np
import pytest
from scipy.optimize import minimize
from tests.compliance.undercount.lists import PUBLISHED, kosovo

from servanda.compliance.undercount import Abstained, Captures, UndercountSettings, captures, log_linear
from servanda.compliance.undercount.captures import patterns
from servanda.compliance.undercount.loglinear import hierarchical, log_linear_model
from servanda.worlds.lists import ListWorld, draw

BALL = (("EXH", "ABA", "OSCE"), ("EXH", "HRW"), ("OSCE", "HRW"))
ABC = ("a", "b", "c")


def test_the_published_kosovo_estimate_is_the_best_single_model() -> None:
    e = log_linear_model(kosovo(), BALL)
    total, low, high = PUBLISHED
    assert abs(e.total - total) < 1.0, e
    assert abs(e.low - low) < 0.002 * low and abs(e.high - high) < 0.002 * high, e
    averaged = log_linear(kosovo())
    best = averaged.parts[0][0]
    assert best == "EXH*ABA + EXH*OSCE + EXH*HRW + ABA*OSCE + OSCE*HRW + EXH*ABA*OSCE", best


def test_the_average_over_models_is_wider_than_the_published_interval_and_holds_its_estimate() -> None:
    e = log_linear(kosovo())
    assert e.seen == 4400
    assert e.low < PUBLISHED[0] < e.high
    assert e.high - e.low > PUBLISHED[2] - PUBLISHED[1]
    assert e.parts[0][1] < 0.5, "no model has half of the weight, so the interval must hold the doubt"


def test_every_hierarchical_model_is_tried() -> None:
    assert [len(hierarchical(k, order).models) for k, order in ((3, 2), (4, 2), (4, 3), (5, 2))] == [8, 64, 113, 1024]


def test_a_fit_is_the_maximum_of_its_likelihood() -> None:
    counts = kosovo().counts[0, 1:]
    bits = patterns(4)[1:]
    design = np.c_[np.ones(15), bits, bits[:, 0] * bits[:, 1], bits[:, 2] * bits[:, 3]].astype(float)

    def loss(b: np.ndarray) -> float:
        return float((np.exp(design @ b) - counts * (design @ b)).sum())

    def slope(b: np.ndarray) -> np.ndarray:
        return np.asarray(design.T @ (np.exp(design @ b) - counts))

    best = minimize(loss, np.r_[6.0, np.zeros(6)], jac=slope, method="BFGS", options={"gtol": 1e-6})
    e = log_linear_model(kosovo(), (("EXH", "ABA"), ("OSCE", "HRW")))
    assert e.total == pytest.approx(4400 + np.exp(best.x[0]), rel=1e-4)


@pytest.mark.parametrize("chances", [(0.35, 0.3, 0.4), (0.35, 0.3, 0.25, 0.4)])
def test_intervals_hold_the_truth_where_lists_are_independent(chances: tuple[float, ...]) -> None:
    assert 0.91 < _held(ListWorld(600, chances), 300) < 0.99  # 95 % with 300 tries: within three standard errors


def test_intervals_hold_the_truth_where_a_dependence_is_in_the_models() -> None:
    assert 0.91 < _held(ListWorld(1000, (0.35, 0.3, 0.25, 0.4), "dependent", 5.0), 300) < 0.99


def test_where_incidents_differ_in_how_visible_they_are_the_truth_is_missed_on_the_low_side() -> None:
    assert _held(ListWorld(1000, (0.35, 0.3, 0.25, 0.4), "mixed", 3.0), 100) < 0.5


def test_lists_that_share_nothing_have_a_dependence_of_minus_infinity_and_others_speak() -> None:
    table = {(1, 0, 0): 60.0, (0, 1, 0): 50.0, (0, 0, 1): 70.0, (1, 0, 1): 20.0, (0, 1, 1): 25.0}
    e = log_linear(captures(table, ABC), UndercountSettings(runaway=50))
    assert e.seen == 225 and 225 < e.low < e.total < e.high < 3000
    assert all("a*b" in name for name, share in e.parts if share > 0.1), e.parts


def test_nothing_shared_at_all_is_refused() -> None:
    with pytest.raises(Abstained):
        log_linear(captures({(1, 0, 0): 60.0, (0, 1, 0): 50.0, (0, 0, 1): 70.0}, ABC))


def test_an_estimate_that_runs_away_is_refused() -> None:
    rare = Captures(ABC, draw(ListWorld(20_000, (0.02, 0.02, 0.02)), np.random.default_rng(1))[None, :])
    with pytest.raises(Abstained) as caught:
        log_linear(rare)
    assert caught.value.reason.code == "runaway"


def _held(world: ListWorld, tries: int) -> float:
    rng, names = np.random.default_rng(5), tuple("abcd"[: len(world.chances)])
    made = (log_linear(Captures(names, draw(world, rng)[None, :])) for _ in range(tries))
    return float(np.mean([e.low <= world.n <= e.high for e in made]))
