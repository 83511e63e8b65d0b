"""Counts of many events in one report, against brute force and against simulation."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from servanda.compliance.chance import above, count_interval
from servanda.compliance.tally import EXACT_UP_TO, Tally, at_least_one, chain, interval, law, more_than, ones

reports = st.lists(st.tuples(st.floats(0, 1, width=16), st.integers(1, 4), st.floats(0.05, 1)), min_size=1, max_size=4)


def tally(rows: Sequence[tuple[float, float, float]]) -> Tally:
    """From (chance of each event given that the report is right, number, chance that it is right)."""
    each, n, p = (np.array(x, dtype=np.float64) for x in zip(*rows, strict=True))
    return Tally(each * p, n, p)


def brute(rows: list[tuple[float, int, float]]) -> np.ndarray:
    """Every way in which the reports are right or wrong."""
    out = np.zeros(int(sum(n for _, n, _ in rows)) + 1)
    for right in itertools.product((False, True), repeat=len(rows)):
        part = np.ones(1)
        for ok, (each, n, p) in zip(right, rows, strict=True):
            inside = binom.pmf(np.arange(n + 1), n, each) if ok else np.eye(1, n + 1)[0]
            part = np.convolve(part, inside * (p if ok else 1 - p))
        out += part
    return out


@given(reports)
def test_the_law_is_exact(rows: list[tuple[float, int, float]]) -> None:
    assert law(tally(rows)) == pytest.approx(brute(rows), abs=1e-9)


@given(reports, st.integers(0, 10))
def test_more_than_is_the_upper_tail(rows: list[tuple[float, int, float]], limit: int) -> None:
    assert more_than(tally(rows), limit) == pytest.approx(brute(rows)[limit + 1 :].sum(), abs=1e-9)


def test_one_of_many_is_not_the_share_of_the_interval() -> None:
    """A tenth of the period lies inside: of 20 events, at least one does with chance 1 - 0.9^20."""
    got = at_least_one(tally([(0.1, 20, 1.0), (0.1, 20, 0.5), (0.1, 1, 0.5), (0.1, 0, 1.0)]))
    assert got == pytest.approx([1 - 0.9**20, 0.5 * (1 - 0.9**20), 0.05, 0.0])


def test_an_open_count_has_no_upper_end_and_passes_any_limit() -> None:
    t = tally([(1.0, np.inf, 0.9), (1.0, 3, 1.0)])
    assert interval(t).high is None
    assert at_least_one(t)[0] == pytest.approx(0.9)
    assert more_than(t, 1e6) == pytest.approx(0.9)


def test_plain_events_are_counted_as_ever() -> None:
    q = np.random.default_rng(3).random(80)
    assert interval(ones(q)) == count_interval(q)
    assert more_than(ones(q), 30) == above(q, 30)
    assert at_least_one(ones(q)) is not None


@pytest.mark.parametrize("n", [30, 900])
def test_the_interval_holds_the_number_95_times_in_100(n: int) -> None:
    """900: more events in all than the exact law takes."""
    rng = np.random.default_rng(8)
    rows = [(float(e), n, 0.95) for e in rng.random(40)]
    t = tally(rows)
    assert (t.n.sum() > EXACT_UP_TO) == (n == 900)
    right = rng.random((4000, 40)) < t.p
    counts = (right * rng.binomial(n, t.q / t.p, (4000, 40))).sum(axis=1)
    got = interval(t)
    assert got.mean == pytest.approx(counts.mean(), rel=0.02)
    assert got.low is not None
    assert got.high is not None
    inside = np.mean((counts >= got.low) & (counts <= got.high))
    assert 0.94 <= inside <= 0.98
    assert got.high <= t.n.sum()


def test_a_count_that_may_be_wrong_as_a_whole_reaches_down_to_zero() -> None:
    got = interval(tally([(1.0, 111, 0.9)]))
    assert (got.low, got.high) == (0, 111)
    sure = interval(tally([(1.0, 111, 0.99)]))
    assert (sure.low, sure.high) == (111, 111)


def test_chained_tallies_keep_their_order() -> None:
    t = chain([tally([(0.5, 2, 1.0)]), ones(np.array([0.25]))])
    assert t.q.tolist() == [0.5, 0.25]
    assert t.n.tolist() == [2, 1]
