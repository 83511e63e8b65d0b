"""What a trend says, on series with a known truth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import shapely
from scipy import stats

from servanda.compliance.clock import micros
from servanda.compliance.trend import Question, TrendSettings, trend_of_feed
from servanda.compliance.trend.ask import Measure, answer, said
from servanda.compliance.trend.changepoints import Series, change_points
from servanda.compliance.trend.effort import hours_watched
from servanda.compliance.trend.negbin import log_at_least, log_pmf
from servanda.compliance.trend.series import Cells, Events, daily, inside, periods
from servanda.findings import Interval
from servanda.tables import OBSERVATIONS, WATCHES

START = datetime(2031, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = TrendSettings()


def question(before: int, window: int, measure: Measure = "starts") -> Question:
    edges = tuple(START + DAY * i for i in range(before + window + 1))
    names = tuple(t.weekday() for t in edges[:-1])
    return Question(
        "made", measure, "made", frozenset(), (edges[before], edges[-1]), (START, edges[before]), edges, names
    )


def cells(y: np.ndarray, effort: np.ndarray | float = 24.0, least: np.ndarray | None = None) -> Cells:
    n = len(y)
    at = np.array([micros(START + DAY * i) for i in range(n + 1)])
    none = np.zeros(n, dtype=bool)
    return Cells(
        at[:-1], at[1:], y.astype(float), np.full(n, 24.0) * 0 + effort, none if least is None else least,
        np.zeros(n, dtype=np.int64),
    )  # fmt: skip


def test_law_is_that_of_scipy() -> None:
    y = np.arange(0.0, 30.0)
    mean, alpha = np.full(30, 7.0), 0.4
    expected = stats.nbinom(1 / alpha, 1 / (1 + alpha * 7.0))
    assert np.allclose(np.exp(log_pmf(y, mean, alpha)), expected.pmf(y))
    assert np.allclose(np.exp(log_at_least(y, mean, alpha)), expected.sf(y - 1))


def test_fall_is_named_and_effort_is_taken_out() -> None:
    rng = np.random.default_rng(4)
    y = np.r_[rng.poisson(20, 42), rng.poisson(4, 14)]
    fell = answer(question(42, 14), cells(y), "watches", SETTINGS)
    assert fell.said == "fell"
    assert fell.rate_ratio.low is not None and fell.rate_ratio.high is not None
    assert fell.rate_ratio.low < 0.2 < fell.rate_ratio.high < 0.35
    # The same counts, with a fifth of the watching: nothing happened but that people looked away.
    less = np.r_[np.full(42, 24.0), np.full(14, 4.8)]
    same = answer(question(42, 14), cells(y, less), "watches", SETTINGS)
    assert same.said == "no_change"
    assert same.rate_ratio.mean == pytest.approx(5 * (fell.rate_ratio.mean or 0), rel=0.02)


def test_interval_holds_the_truth() -> None:
    rng, hits, named = np.random.default_rng(5), 0, 0
    for _ in range(30):
        y = rng.poisson(rng.gamma(1 / 0.3, 0.3, 35) * 8.0)
        t = answer(question(28, 7), cells(y), "watches", SETTINGS)
        hits += (t.rate_ratio.low or 0) <= 1.0 <= (t.rate_ratio.high or np.inf)
        named += bool(t.changes)
    # Of 30 with a chance of 0.95 each, 25 or fewer happen three times in 100; the seed is fixed.
    assert hits >= 26
    assert named <= 3


def test_no_word_without_effort() -> None:
    y = np.r_[np.full(42, 20), np.full(14, 2)]
    silent = answer(question(42, 14), cells(y), "none", SETTINGS)
    assert silent.said == "effort_unknown"
    assert silent.rate_ratio == Interval(None, None, None)
    assert not silent.points and not silent.changes
    told = answer(question(42, 14), cells(y), "none", TrendSettings(without_effort="reports"))
    assert told.said == "reports"
    assert told.rate_ratio.high is not None and told.rate_ratio.high < 1
    assert not told.changes and all(p.fitted is None for p in told.points)


@pytest.mark.parametrize(
    ("ratio", "code"),
    [
        (Interval(0.15, 0.09, 0.22), "fell"),
        (Interval(0.9, 0.8, 1.35), "no_change"),
        (Interval(2.0, 1.2, 3.0), "rose"),
        (Interval(0.0, None, 0.4), "fell_to_none"),
        (Interval(None, 1.5, None), "rose_from_none"),
        (Interval(0.0, None, 1.4), "open"),
        (Interval(0.95, 0.9, 1.0), "no_change"),
    ],
)
def test_words_go_no_further_than_the_interval(ratio: Interval, code: str) -> None:
    assert said(ratio) == code


def test_unwatched_days_are_no_zeros() -> None:
    y = np.r_[np.full(42, 10), np.zeros(14)]
    watched = np.r_[np.full(42, 24.0), np.full(4, 24.0), np.zeros(10)]
    t = answer(question(42, 14), cells(y, watched), "watches", SETTINGS)
    assert dict(t.values)["days"] == 4.0
    assert t.said == "fell_to_none"
    blind = answer(question(42, 14), cells(y, np.r_[np.full(42, 24.0), np.zeros(14)]), "watches", SETTINGS)
    assert blind.said == "window_too_short"


def test_at_least_counts_pull_upwards() -> None:
    rng = np.random.default_rng(8)
    y = rng.poisson(rng.gamma(4.0, 5.0, 56))
    least = y > 25
    seen = np.minimum(y, 25)
    q = question(28, 28)
    exact = answer(q, cells(y), "covered_hours", SETTINGS)
    window = np.arange(56) >= 28
    capped = answer(q, cells(np.where(window, seen, y), 24.0, least & window), "covered_hours", SETTINGS)
    taken_as_exact = answer(q, cells(np.where(window, seen, y)), "covered_hours", SETTINGS)
    truth = exact.rate_ratio.mean or 0
    assert abs(np.log((capped.rate_ratio.mean or 0) / truth)) < abs(
        np.log((taken_as_exact.rate_ratio.mean or 0) / truth)
    )


def test_waves_widen_the_interval() -> None:
    rng = np.random.default_rng(9)
    wave = np.repeat(rng.gamma(2.0, 0.5, 14), 6)
    y = rng.poisson(15 * wave)
    order = rng.permutation(84)
    waves, mixed = (answer(question(56, 28), cells(v), "watches", SETTINGS) for v in (y, y[order]))
    assert dict(waves.values)["correlation"] > 2 * dict(mixed.values)["correlation"]
    wide, narrow = (np.log((t.rate_ratio.high or 0) / (t.rate_ratio.low or 1)) for t in (waves, mixed))
    assert wide > 1.3 * narrow


def test_change_is_dated() -> None:
    rng, held = np.random.default_rng(10), 0
    for _ in range(8):
        y = rng.poisson(np.r_[np.full(45, 12.0), np.full(45, 3.0)] * rng.gamma(5.0, 0.2, 90)).astype(float)
        found = change_points(Series(y, np.ones(90), np.zeros(90, bool), np.arange(90.0)), 365.0, 5.0, 0.95)
        held += len(found.changes) == 1 and found.changes[0].low <= 45 <= found.changes[0].high
        assert found.number.sum() == pytest.approx(1.0, abs=1e-6)
    assert held >= 7


def test_effort_is_no_change_point() -> None:
    rng = np.random.default_rng(11)
    effort = np.r_[np.full(45, 1.0), np.full(45, 0.25)]
    y = rng.poisson(12 * effort).astype(float)
    none = np.zeros(90, bool)
    assert not change_points(Series(y, effort, none, np.arange(90.0)), 365.0, 5.0, 0.95).changes
    assert change_points(Series(y, np.ones(90), none, np.arange(90.0)), 365.0, 5.0, 0.95).changes


def watch(
    hours: float, p: float | None, footprint: shapely.Polygon | None = None, group: str = "a"
) -> dict[str, object]:
    return {
        "watch_id": f"{hours}{p}{group}{footprint}", "source_id": "made", "witness_group": group, "t_start": START,
        "t_end": START + timedelta(hours=hours), "kind": "armed_activity", "p_detect": p, "status": "watching",
        "footprint": None if footprint is None else shapely.to_wkb(footprint), "recorded_at": START,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("watches", "expected"),
    [
        ([watch(12, 0.5)], 6.0),
        ([watch(12, 0.5), watch(6, 0.5)], 6.0),
        ([watch(12, 0.5), watch(12, 0.5, group="b")], 9.0),
        ([watch(24, 1.0, shapely.box(0, 0, 1, 1))], 12.0),
        ([watch(24, None)], 24.0),
    ],
)
def test_hours_watched(watches: list[dict[str, object]], expected: float) -> None:
    frame = WATCHES.conform(pl.DataFrame(watches, schema={k: v for k, v in WATCHES.schema.items() if k in watches[0]}))
    zone = shapely.box(0, 0, 2, 1)
    got = hours_watched(cells(np.zeros(1)), frame, frozenset({"armed_activity"}), zone, np.ones(24), 256)
    assert got[0] == pytest.approx(expected, rel=0.03)


def test_events_known_to_the_day_are_spread_over_it() -> None:
    a = np.array([micros(START), micros(START)])
    events = Events(a, np.array([micros(START + DAY), micros(START)]), np.ones(2), np.array([False, True]))
    got = daily(events, (START, START + DAY * 0.75, START + DAY))
    assert got.count.tolist() == [1.75, 0.25]


def counts(rows: list[tuple[float, float, float, float | None]]) -> pl.DataFrame:
    made: list[dict[str, object]] = [
        {
            "observation_id": str(i), "record_id": str(i), "source_id": "made", "witness_group": "made",
            "kind": "ceasefire_violation", "t_start": START + DAY * a, "t_end": START + DAY * b, "count_low": low,
            "count_high": high, "count_unit": "violations", "claim": "sighting", "recorded_at": START, "access": "open",
            "flags": [],
        }
        for i, (a, b, low, high) in enumerate(rows)
    ]  # fmt: skip
    return OBSERVATIONS.conform(pl.DataFrame(made, schema_overrides={"flags": pl.List(pl.String)}))


def test_periods_are_as_long_as_they_are() -> None:
    got = periods(counts([(0, 1, 5, 5), (1, 3, 8, None), (4, 5, 0, 0)]), "violations", 0, micros(START + DAY * 9))
    assert got.effort.tolist() == [24.0, 48.0, 24.0]
    assert got.at_least.tolist() == [False, True, False]
    assert inside(got, (START + DAY * 2, START + DAY * 9)).tolist() == [0.0, 0.5, 1.0]


def test_weekend_periods_and_gaps_change_nothing() -> None:
    rng = np.random.default_rng(12)
    rows: list[tuple[float, float, float, float | None]] = []
    day = 0
    while day < 100:
        length = 2 if day % 7 == 5 else 1
        if rng.random() < 0.7:
            n = float(rng.poisson((20.0 if day < 60 else 4.0) * length))
            rows.append((day, day + length, n, n))
        day += length
    q = replace(question(60, 40, "counts"), kinds=frozenset({"ceasefire_violation"}))
    t = trend_of_feed(q, counts(rows), WATCHES.empty(), SETTINGS)
    assert (t.said, t.effort_basis) == ("fell", "covered_hours")
    assert (t.rate_ratio.low or 0) < 0.2 < (t.rate_ratio.high or 0)
    assert [c.at for c in t.changes] and abs(t.changes[0].at - (START + DAY * 60)) <= 3 * DAY
