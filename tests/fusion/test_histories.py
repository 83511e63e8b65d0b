"""What capture histories say of sources, where the truth is known and nothing has to be matched."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from servanda.fusion.histories import HELD_DETECT, Histories, Rates, rates
from servanda.fusion.quality import logit, share

Floats = NDArray[np.float64]
SEEDS = 60
DETECT, FALSE, REPEAT = np.array([0.5, 0.4, 0.6, 0.3]), np.array([0.1, 0.3, 0.2, 0.15]), np.array([0.0, 0.1, 0.05, 0.0])
BELIEVED = logit(np.full(4, 0.3)), logit(np.full(4, 0.2))


def told(there: int, covers: list[bool], rng: np.random.Generator, unlike: float = 0.0) -> NDArray[np.bool_]:
    """(incidents and false reports, 4) which groups tell each, of those that cover its kind.

    ``unlike``: how far log odds of being seen differ between incidents (standard deviation).
    """
    each = share(logit(DETECT) + rng.normal(0.0, unlike, there)[:, None]) * covers
    true = rng.random((there, 4)) < each
    lone = rng.poisson(there * each.mean(axis=0) * (1 + REPEAT) * FALSE / (1 - FALSE))
    return np.concatenate([true[true.any(axis=1)], np.repeat(np.eye(4, dtype=bool), lone, axis=0)])


def counted(*kinds: tuple[int, list[bool]], seed: int, unlike: float = 0.0) -> Histories:
    """Histories of kinds, each with the number of its incidents and the groups that cover it."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [np.column_stack([np.full(len(x), i), x]) for i, (n, c) in enumerate(kinds) for x in [told(n, c, rng, unlike)]]
    )
    rows, count = np.unique(rows, axis=0, return_counts=True)
    return Histories(rows[:, 1:] > 0, rows[:, 0], count.astype(float), np.array([c for _, c in kinds]))


def estimated(h: Histories) -> Rates:
    return rates(h, *BELIEVED, REPEAT)


ALL, NOT_LAST, TWO = [True] * 4, [True, True, True, False], [True, True, False, False]


@cache
def many(there: int) -> tuple[Rates, ...]:
    return tuple(estimated(counted((there, ALL), seed=seed)) for seed in range(SEEDS))


def test_rates_are_right_on_average() -> None:
    detect = np.mean([share(x.detect) for x in many(3000)], axis=0)
    false = np.mean([x.false for x in many(3000)], axis=0)
    assert detect == pytest.approx(DETECT, abs=0.01)
    assert false == pytest.approx(logit(FALSE), abs=0.12)


def test_information_is_what_estimates_scatter_by() -> None:
    """z-scores of every source, and their joint law: the mean of z' z is the number of sources."""
    off = np.array([x.false - logit(FALSE) for x in many(3000)])
    sd = np.array([np.sqrt(np.diag(np.linalg.inv(x.information))) for x in many(3000)])
    assert (off / sd).std(axis=0) == pytest.approx(np.ones(4), abs=0.3)
    joint = np.mean([o @ x.information @ o for o, x in zip(off, many(3000), strict=True)])
    assert joint == pytest.approx(4.0, abs=1.2)


def test_information_grows_with_the_number_of_incidents() -> None:
    few, more = (np.median([np.diag(x.information) for x in many(n)], axis=0) for n in (3000, 9000))
    assert more / few == pytest.approx(np.full(4, 3.0), rel=0.15)


def test_of_two_groups_the_false_shares_are_as_believed() -> None:
    """Five numbers, three counts: a source that errs and one that sees what the other misses look the same."""
    got = estimated(counted((3000, TWO), seed=1))
    assert got.false == pytest.approx(BELIEVED[1], abs=0.1)
    assert np.diag(got.information)[:2].max() < HELD_DETECT
    three = estimated(counted((3000, NOT_LAST), seed=1))
    assert np.diag(three.information)[:3].min() > 1000 * np.diag(got.information)[:2].max()


def test_kinds_that_other_groups_cover_are_counted_apart() -> None:
    """A source that never tells of a kind has not missed it: else its detection would look a third too low."""
    apart = [estimated(counted((2000, ALL), (1000, NOT_LAST), seed=seed)) for seed in range(20)]
    assert np.mean([share(x.detect) for x in apart], axis=0) == pytest.approx(DETECT, abs=0.02)
    assert np.mean([x.false for x in apart], axis=0) == pytest.approx(logit(FALSE), abs=0.2)


def test_who_covers_nothing_stays_as_believed() -> None:
    got = estimated(counted((2000, NOT_LAST), seed=3))
    assert (got.detect[3], got.false[3]) == pytest.approx((BELIEVED[0][3], BELIEVED[1][3]))
    assert got.information[3] == pytest.approx(np.zeros(4), abs=1e-9)


def test_incidents_that_are_hard_to_see_are_taken_for_false_ones() -> None:
    """A limit, as the statistician's page states it: all incidents are taken to be equally easy to see."""
    got = [estimated(counted((3000, ALL), seed=seed, unlike=1.0)) for seed in range(20)]
    assert np.mean([share(x.false) for x in got], axis=0) == pytest.approx([0.17, 0.34, 0.28, 0.19], abs=0.01)
    assert (np.mean([share(x.detect) for x in got], axis=0) > DETECT + 0.09).all()
