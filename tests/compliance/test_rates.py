"""How often a term is violated, and so what went unseen."""

import numpy as np
import pytest
from scipy import stats

from servanda.compliance.clock import Times
from servanda.compliance.rates import Rate, Unseen, exceeding, learn
from servanda.compliance.settings import AssessSettings
from servanda.compliance.tally import Tally, ones

DAY = 86_400_000_000
SETTINGS = AssessSettings()


def rate(at: list[float], noticed: float = 0.8, days: int = 30, **changed: float) -> Rate:
    """Violations at these days, each sure, under an even watch."""
    t = np.array([round(x * DAY) for x in at], dtype=np.int64)
    pieces = [(d * DAY, (d + 1) * DAY) for d in range(days)]
    settings = AssessSettings.model_validate(changed)
    return learn(pieces, lambda _low, _high: noticed, np.ones(len(at)), Times(t, t), settings)


def chance(of: Rate, day: int) -> float:
    unseen = of.unseen(day * DAY, (day + 1) * DAY)
    assert unseen is not None
    return unseen.any


def test_it_is_the_predictive_law_of_a_gamma_rate() -> None:
    """With a memory without end: gamma(½ + seen, looked), and Poisson for what is missed, is negative binomial."""
    got = rate([3.5, 8.2, 20.0], rate_memory_days=1e9)
    law = stats.nbinom(3.5, 24.0 / (24.0 + 0.2))
    assert chance(got, 5) == pytest.approx(1.0 - law.pmf(0), rel=1e-6)
    whole = got.unseen(0, 30 * DAY)
    assert whole is not None
    assert whole.mean == pytest.approx(3.5 / 24.0 * 6.0)
    assert whole.at_most(np.array([-1.0, 0.0, 2.0])) == pytest.approx([0.0, *stats.nbinom(3.5, 0.8).cdf([0, 2])])


def test_silence_lowers_it_as_far_as_somebody_looked() -> None:
    by_watch = [chance(rate([], noticed), 10) for noticed in (0.1, 0.5, 0.9, 1.0)]
    assert by_watch == sorted(by_watch, reverse=True)
    assert by_watch[-1] == 0.0
    assert chance(rate([], 0.9), 10) < chance(rate([1.5, 20.5], 0.9), 10)


def test_what_happened_yesterday_tells_more_than_what_happened_a_month_ago() -> None:
    got = rate([25.5, 26.5, 27.5])
    assert chance(got, 28) > 2 * chance(got, 2)


def test_part_of_a_day_holds_part_of_it() -> None:
    got = rate([3.5])
    half, whole = got.unseen(5 * DAY, 5 * DAY + DAY // 2), got.unseen(5 * DAY, 6 * DAY)
    assert half is not None and whole is not None
    assert half.mean == pytest.approx(whole.mean / 2)


def test_nobody_can_say_where_nobody_looked() -> None:
    assert rate([], 0.0).unseen(0, DAY) is None
    assert rate([3.5], 0.5, days=1).unseen(0, DAY) is None  # half a day of a perfect watch
    assert rate([3.5]).unseen(40 * DAY, 41 * DAY) is None


def test_reported_and_unseen_together_pass_a_limit() -> None:
    unseen, q = Unseen(1.3, 2.5), np.array([0.9, 0.4, 0.7])
    rng = np.random.default_rng(1)
    drawn = (rng.random((200_000, 3)) < q).sum(axis=1) + rng.poisson(rng.gamma(2.5, 1.3 / 2.5, 200_000))
    assert exceeding(ones(q), unseen, 2) == pytest.approx((drawn > 2).mean(), abs=0.005)


def test_too_many_for_an_exact_law() -> None:
    many = Tally(np.array([0.5]), np.array([10_000.0]), np.array([1.0]))
    assert exceeding(many, Unseen(200.0, 50.0), 5_000) > 0.99
    assert exceeding(many, Unseen(200.0, 50.0), 5_500) < 0.01


def test_what_comes_of_the_prior_alone_is_not_told() -> None:
    """A poor watch that saw nothing in a year leaves the whole answer to what was believed beforehand."""
    silent, told = rate([], 0.05, days=365), rate([40.5, 300.5], 0.05, days=365)
    assert silent.unseen(0, 365 * DAY) is None
    assert told.unseen(0, 365 * DAY) is not None
    assert rate([], 0.05, days=365, rate_most_assumed=1.0).unseen(0, 365 * DAY) is not None
    assert rate([], 0.9, days=365).unseen(0, 365 * DAY) is not None, "a good watch says something by its silence"
