"""Days with any, by several observers whose chances are not known."""

import numpy as np
import pytest

from servanda.compliance.undercount import Abstained, UndercountSettings, days_with_any

EVERY_DAY = np.ones((100, 3), bool)


def _world(rng: np.random.Generator, chances: tuple[float, ...] = (0.6, 0.5, 0.4)) -> tuple[np.ndarray, int]:
    there = rng.random(100) < 0.5
    return (rng.random((1, 100, 3)) < np.array(chances)) & there[None, :, None], int(there.sum())


def test_it_holds_the_truth() -> None:
    rng, held = np.random.default_rng(1), []
    for _ in range(40):
        reported, truth = _world(rng)
        e = days_with_any(reported, EVERY_DAY)
        held.append(e.low <= truth <= e.high)
        assert e.seen == reported.any(axis=2).sum() <= e.low
    assert np.mean(held) >= 0.85  # 40 tries at 95 %: under 0.85 once in 300


def test_days_that_nobody_watched_are_like_the_rest() -> None:
    reported, _ = _world(np.random.default_rng(2))
    looked = EVERY_DAY.copy()
    looked[80:] = False
    e = days_with_any(reported & looked, looked)
    whole = days_with_any((reported & looked)[:, :80], looked[:80])
    assert e.total == pytest.approx(whole.total * 100 / 80, rel=0.1)


def test_what_is_known_otherwise_is_a_lower_bound_and_no_part_of_the_fit() -> None:
    reported, _ = _world(np.random.default_rng(3))
    known = np.ones((1, 100), bool)
    assert days_with_any(reported, EVERY_DAY, known).low == 100
    one_day = np.zeros((1, 100), bool)
    one_day[0, int(reported[0].any(axis=1).argmin())] = True
    assert days_with_any(reported, EVERY_DAY, one_day).total - days_with_any(reported, EVERY_DAY).total <= 1


def test_doubt_whether_reports_are_real_widens_the_interval() -> None:
    rng = np.random.default_rng(4)
    reported, _ = _world(rng, (0.9, 0.9, 0.9))
    doubted = reported & (rng.random((50, 100, 1)) < 0.7)
    sure, unsure = days_with_any(reported, EVERY_DAY), days_with_any(doubted, EVERY_DAY)
    assert unsure.total < sure.total and unsure.high - unsure.low > 2 * (sure.high - sure.low)


def test_refusals() -> None:
    reported, _ = _world(np.random.default_rng(5))
    alone = np.zeros_like(EVERY_DAY)
    alone[:, 0] = True
    apart = np.zeros_like(reported)
    apart[0, :30, 0] = apart[0, 30:60, 1] = True
    for said, looked, code in (
        (reported, alone, "few_days"),
        (np.zeros_like(reported), EVERY_DAY, "nothing_seen"),
        (apart, EVERY_DAY, "few_agreed"),
    ):
        with pytest.raises(Abstained) as caught:
            days_with_any(said, looked)
        assert caught.value.reason.code == code
    with pytest.raises(Abstained) as caught:
        days_with_any(reported, EVERY_DAY, settings=UndercountSettings(least_ess=1_000_000))
    assert caught.value.reason.code == "not_converged"
