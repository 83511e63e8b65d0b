"""Laws of counts, against brute force and against textbook values."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servanda.compliance.chance import above, any_of, count_interval, poisson_binomial, unseen_bound

chances = st.lists(st.floats(0, 1), min_size=0, max_size=8).map(np.array)


def brute(q: np.ndarray) -> np.ndarray:
    law = np.zeros(len(q) + 1)
    for outcome in itertools.product((0, 1), repeat=len(q)):
        law[sum(outcome)] += np.prod([p if o else 1 - p for p, o in zip(q, outcome, strict=True)])
    return law


@given(chances)
def test_the_law_of_the_count_is_exact(q: np.ndarray) -> None:
    assert poisson_binomial(q) == pytest.approx(brute(q), abs=1e-12)


@given(chances)
def test_any_of_is_one_minus_none(q: np.ndarray) -> None:
    assert any_of(q) == pytest.approx(1 - brute(q)[0], abs=1e-9)


@given(chances, st.integers(0, 8))
def test_above_is_the_upper_tail(q: np.ndarray, limit: int) -> None:
    assert above(q, limit) == pytest.approx(brute(q)[limit + 1 :].sum(), abs=1e-9)


def test_many_events_use_one_law_over_block_borders() -> None:
    q = np.full(200, 0.5)
    law = poisson_binomial(q)
    assert law.sum() == pytest.approx(1)
    assert (law * np.arange(201)).sum() == pytest.approx(100)
    assert len(law) == 201


def test_the_interval_holds_the_count_95_times_in_100() -> None:
    rng = np.random.default_rng(5)
    q = rng.random(40) * 0.6
    interval = count_interval(q)
    counts = (rng.random((20_000, 40)) < q).sum(axis=1)
    assert interval.low is not None
    assert interval.high is not None
    inside = np.mean((counts >= interval.low) & (counts <= interval.high))
    assert 0.95 <= inside <= 0.985


def test_large_counts_agree_with_the_exact_law() -> None:
    q = np.full(500, 0.3)  # variance 105: the normal law is used
    law = np.cumsum(poisson_binomial(q))
    interval = count_interval(q)
    assert interval.low == pytest.approx(np.searchsorted(law, 0.025), abs=1)
    assert interval.high == pytest.approx(np.searchsorted(law, 0.975), abs=1)
    assert above(q, 160) == pytest.approx(1 - law[160], abs=0.01)


@pytest.mark.parametrize(
    ("seen", "power", "bound"), [(0, 0.0, None), (0, 1.0, 0), (0, 0.95, 1), (0, 0.5, 4), (0, 0.8, 1), (0, 0.01, 298)]
)
def test_the_bound_on_what_went_unseen(seen: int, power: float, bound: int | None) -> None:
    assert unseen_bound(seen, power) == bound


@given(st.integers(0, 30), st.floats(0.05, 0.95))
def test_the_bound_is_the_last_plausible_number(seen: int, power: float) -> None:
    bound = unseen_bound(seen, power)
    assert bound is not None
    rng = np.random.default_rng(1)
    for unseen, plausible in ((bound, True), (bound + 1, False)):
        chance = float(np.mean(rng.binomial(seen + unseen, power, 40_000) <= seen))
        assert (chance >= 0.05 - 0.006) if plausible else (chance <= 0.05 + 0.006)
