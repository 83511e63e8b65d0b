"""What the record of a term tells of a party: base rate, share and rate, against worlds drawn from the same law."""

import numpy as np
import pytest
from numpy.typing import NDArray

from servanda.compliance import attribution, base_rate
from servanda.compliance.clock import Times
from servanda.compliance.learned import Learned, learn, record
from servanda.compliance.settings import AssessSettings

DAY = 86_400_000_000
PIECES = [(d * DAY, (d + 1) * DAY) for d in range(30)]
Floats = NDArray[np.float64]


def learned(real: Floats, said: Floats, expected: float, noticed: float = 0.8, **changed: float) -> Learned:
    t = np.linspace(0, 30 * DAY, len(real), endpoint=False).astype(np.int64)
    settings = AssessSettings.model_validate(changed)
    told = record(real, expected, Times(t, t), PIECES, lambda _low, _high: noticed, settings)
    return learn(told, said, (1, 1), settings)


def test_reports_as_good_as_their_sources_average_stay_as_they_are() -> None:
    """Forty reports of sources of which 7 in 10 are real: as many real ones as go with the false ones."""
    real = np.full(40, 0.7)
    assert base_rate.real(base_rate.learn(real, 28.0, 0.5), real) == pytest.approx(0.7, abs=0.02)


def test_a_few_weak_reports_where_many_were_to_come_are_likely_of_nothing() -> None:
    """Three lone reports of sources that are right seven times for each error: twenty-one real ones are missing."""
    real = np.full(3, 0.3)
    moved = base_rate.real(base_rate.learn(real, 2.1 * 7, 0.5), real)
    assert moved.max() < 0.05
    sure = np.array([0.3, 0.3, 0.999])
    assert base_rate.real(base_rate.learn(sure, 1.4 * 7, 0.5), sure)[2] > 0.97


def test_a_large_shape_learns_nothing() -> None:
    real = np.array([0.2, 0.9])
    assert base_rate.real(base_rate.learn(real, 50.0, 1e9), real) == pytest.approx(real)


def test_unnamed_acts_fall_to_the_parties_by_what_is_named() -> None:
    """Nine of ten named acts are this party's: an act that nobody is named for is its, by about nine in ten."""
    said = np.r_[np.full(18, 0.98), np.full(2, 0.02), np.full(20, 0.5)]
    share = attribution.learn(np.ones(40), said, 1, 1, 0.5)
    assert share[0] @ share[1] == pytest.approx(0.9, abs=0.03)
    assert learned(np.ones(40), said, 0.0).likely(np.ones(1), np.array([0.5]))[0] == pytest.approx(0.9, abs=0.03)


def test_one_report_against_all_others_is_likely_mistaken() -> None:
    said = np.r_[np.full(40, 0.05), 0.95]
    got = learned(np.ones(41), said, 0.0)
    assert got.likely(np.ones(1), np.array([0.95]))[0] < 0.5
    assert learned(np.ones(2), np.array([0.5, 0.95]), 0.0).likely(np.ones(1), np.array([0.95]))[0] > 0.8


def test_nobody_else_may_have_done_it() -> None:
    values, weight = attribution.learn(np.ones(3), np.ones(3), 2, 0, 0.5)
    assert (values.tolist(), weight.tolist()) == ([1.0], [1.0])


def test_chances_are_right_over_worlds_of_the_same_law() -> None:
    """Shares and rates drawn from the stated laws, reports as those say: stated and true agree in each tenth."""
    rng = np.random.default_rng(7)
    stated, true = [], []
    for _ in range(250):
        share, per_day = rng.beta(0.5, 0.5), rng.gamma(0.5, 2.0)
        at, mine, seen, named = _draw(rng, share, per_day)
        t = np.floor(at * DAY).astype(np.int64)
        said = np.where(named, np.where(mine, 0.95, 0.05), 0.5)
        settings = AssessSettings(rate_memory_days=1e9)
        told = record(np.ones(int(seen.sum())), 0.0, Times(t[seen], t[seen]), PIECES, lambda _a, _b: 0.6, settings)
        got = learn(told, said[seen], (1, 1), settings)
        for day in range(0, 30, 3):
            here = seen & (np.floor(at) == day)
            parts = got.parts(np.ones(int(here.sum())), said[here], day * DAY, (day + 1) * DAY)
            stated.append(parts.either)
            true.append(bool((mine & (np.floor(at) == day)).any()))
    p, happened = np.array(stated), np.array(true)
    for low in np.arange(0, 1, 0.2):
        within = (p >= low) & (p < low + 0.2 + 1e-9)
        assert p[within].mean() == pytest.approx(happened[within].mean(), abs=0.05)


def _draw(
    rng: np.random.Generator, share: float, per_day: float
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Days of the acts, whether this party did each, whether anybody reported it, whether somebody is named (rightly
    in 95 of 100 cases; the few wrong names are left out of ``named``)."""
    n = rng.poisson(30 * per_day)
    at = np.sort(rng.uniform(0, 30, n))
    return at, rng.random(n) < share, rng.random(n) < 0.6, rng.random(n) < 0.5


def test_without_a_watch_only_what_was_reported_counts() -> None:
    got = learned(np.array([0.6]), np.array([0.5]), 0.6, noticed=0.0)
    parts = got.parts(np.array([0.6]), np.array([0.5]), 0, 30 * DAY)
    assert parts.unseen is None
    assert parts.either == parts.reported


@pytest.mark.parametrize("n", [0, 3000])
def test_none_or_very_many(n: int) -> None:
    got = learned(np.full(n, 0.9), np.full(n, 0.5), 0.9 * n)
    parts = got.parts(np.full(n, 0.9), np.full(n, 0.5), 0, 30 * DAY)
    assert parts.reported == pytest.approx(float(n > 0), abs=0.01)  # all of them may be of the other
    assert len(got.likely(np.full(n, 0.9), np.full(n, 0.5))) == n


def test_groups_of_like_acts_stand_for_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    real, said = rng.beta(2, 2, 20_000), rng.choice([0.05, 0.5, 0.95], 20_000)
    grouped = learned(real, said, 9_000.0)
    monkeypatch.setattr(base_rate, "GROUPS", 10**6)
    single = learned(real, said, 9_000.0)
    assert grouped.factor == pytest.approx(single.factor, rel=1e-3)
    assert grouped.share == pytest.approx(single.share, abs=5e-3)
