"""Stated counts per covered day: gaps are not zero, edges are prorated, and runs of fighting widen the interval."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import shapely

from servanda.compliance.compare import Question, compare
from servanda.findings import Comparison
from servanda.tables import OBSERVATIONS

T0 = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EAST, WEST, BOTH = (shapely.to_wkb(shapely.box(*b)) for b in ((1, 0, 2, 1), (0, 0, 1, 1), (0, 0, 2, 1)))
Row = tuple[float, float, float | None, float | None]
"""Start and end in days, count_low, count_high."""


def counts(*rows: Row, region: bytes = EAST, kind: str = "ceasefire_violation", **more: object) -> pl.DataFrame:
    names = [f"{region.hex()}{kind}{i}" for i in range(len(rows))]
    fields: dict[str, object] = {
        "observation_id": names,
        "record_id": [f"{region.hex()}{i}" for i in range(len(rows))],
        "source_id": "mission",
        "witness_group": "mission",
        "kind": kind,
        "t_start": [T0 + a * DAY for a, *_ in rows],
        "t_end": [T0 + b * DAY for _, b, *_ in rows],
        "geometry": region,
        "count_low": pl.Series([r[2] for r in rows], dtype=pl.Float64),
        "count_high": pl.Series([r[3] for r in rows], dtype=pl.Float64),
        "count_unit": "violations",
        "claim": "sighting",
        "recorded_at": T0,
        "access": "open",
    }
    return OBSERVATIONS.conform(pl.DataFrame(fields | more))


def ask(*frames: pl.DataFrame, days: float = 10, kinds: frozenset[str] = frozenset()) -> Comparison:
    window, before = (T0, T0 + days * DAY), (T0 - days * DAY, T0)
    question = Question("Violations a day", "counts", "mission", kinds, window, (before,), 1.0)
    return compare(question, pl.concat(frames))


def daily(low: int, high: int, n: float) -> list[Row]:
    return [(d, d + 1, n, n) for d in range(low, high)]


def test_only_covered_days_are_in_the_denominator() -> None:
    got = ask(counts((0, 1, 6, 6), (4, 5, 2, 2), *daily(-10, 0, 8)))
    assert got.value == pytest.approx(4)
    assert got.covered_days == pytest.approx(2)
    assert got.baselines[0].value == pytest.approx(8)
    assert "8 violations in 2.0 of 10.0 days, against 80 in 10.0 of 10.0" in got.note


def test_a_stated_zero_is_a_covered_day() -> None:
    assert ask(counts((0, 1, 6, 6), (4, 5, 0, 0), *daily(-10, 0, 8))).value == pytest.approx(3)


def test_a_window_without_reports_has_no_value() -> None:
    got = ask(counts((0, 1, 6, 6)))
    assert got.baselines[0].value is None
    assert got.rate_ratio.mean is None
    assert got.to_json()["baselines"][0]["value"] is None


def test_a_period_across_an_edge_counts_in_part_on_both_sides() -> None:
    got = ask(counts((-1.5, 0.5, 8, 8)))
    assert got.value == pytest.approx(4)
    assert got.covered_days == pytest.approx(0.5)
    assert got.baselines[0].value == pytest.approx(4)
    assert got.baselines[0].covered_days == pytest.approx(1.5)


def test_regions_add_up_each_by_its_own_days() -> None:
    east = counts(*daily(0, 2, 10), *daily(-2, 0, 10))
    west = counts(*daily(0, 8, 1), *daily(-2, 0, 1), region=WEST)
    got = ask(east, west)
    assert got.value == pytest.approx(11)
    assert got.baselines[0].value == pytest.approx(11)
    assert ask(east, counts(*daily(-2, 0, 1), region=WEST)).value is None, "half of the area is not all of it"


def test_parts_of_a_count_are_not_added_to_it() -> None:
    whole = counts((0, 1, 9, 9), (-1, 0, 9, 9))
    part = counts((0, 1, 4, 4), (-1, 0, 2, 2), kind="explosion_undetermined")
    assert ask(whole, part).value == pytest.approx(9)
    blasts = ask(whole, part, kinds=frozenset({"explosive"}))
    assert (blasts.value, blasts.baselines[0].value) == (4, 2)


def test_at_least_makes_a_lower_bound_on_its_side() -> None:
    here = ask(counts((0, 1, 9, None), *daily(1, 10, 9), *daily(-10, 0, 3)))
    assert here.at_least
    assert here.rate_ratio.high is None
    assert here.rate_ratio.low is not None
    assert here.rate_ratio.low > 0
    before = ask(counts((-1, 0, 9, None), *daily(-10, -1, 9), *daily(0, 10, 3)))
    assert before.baselines[0].at_least
    assert before.rate_ratio.low == 0
    assert before.rate_ratio.high is not None


def test_uninformative_figures_and_other_units_are_left_out() -> None:
    flagged = counts((2, 3, 50, 50), flags=pl.Series([["uninformative"]], dtype=pl.List(pl.String)), label="again")
    other = counts((2, 3, 70, 70), count_unit="shells")
    got = ask(counts((0, 1, 6, 6), (-1, 0, 6, 6)), flagged, other)
    assert got.value == pytest.approx(6)
    assert got.excluded == ("again: 1 observation, uninformative",)


def test_one_day_against_one_day_has_no_interval() -> None:
    got = ask(counts((0, 1, 6, 6), (-1, 0, 12, 12)))
    assert got.rate_ratio.mean == pytest.approx(0.5)
    assert (got.rate_ratio.low, got.rate_ratio.high) == (None, None)


def test_runs_of_fighting_widen_the_interval() -> None:
    steady = counts(*daily(0, 56, 10), *daily(-56, 0, 10))
    run = [(float(d), float(d + 1), n, n) for d in range(-56, 56) for n in [40.0 if (d // 7) % 4 == 0 else 0.0]]
    calm, wild = (ask(f, days=56).rate_ratio for f in (steady, counts(*run)))
    assert calm.mean == wild.mean == pytest.approx(1)
    assert calm.high is not None
    assert wild.high is not None
    assert wild.high > 2 * calm.high


def test_the_interval_covers_the_true_ratio_of_clustered_counts() -> None:
    """Weeks of very different rates (gamma, coefficient of variation 1), days Poisson within them; no change."""
    rng = np.random.default_rng(4)
    hits, n = 0, 150
    for _ in range(n):
        weeks = rng.gamma(1.0, 20.0, 24)
        days = enumerate(rng.poisson(np.repeat(weeks, 7)).astype(float), -84)
        rows: list[Row] = [(d, d + 1, k, k) for d, k in days]
        got = ask(counts(*rows), days=84).rate_ratio
        assert got.low is not None
        assert got.high is not None
        hits += got.low <= 1 <= got.high
    assert hits / n >= 0.9


def test_where_one_count_is_of_all_regions_all_are_counted_together() -> None:
    east, west = counts((0, 1, 6, 6), (1, 2, 1, 1)), counts((0, 1, 2, 2), (2, 3, 9, 9), region=WEST)
    got = ask(east, west, counts((3, 5, 10, 10), *daily(-10, 0, 8), region=BOTH))
    assert got.covered_days == pytest.approx(3), "what one region alone states is no count of both"
    assert got.value == pytest.approx((6 + 2 + 10) / 3)
    assert len(got.observation_ids) == 3


def test_an_open_count_of_one_region_leaves_the_sum_open() -> None:
    east, west = counts((0, 1, 6, None)), counts((0, 1, 2, 2), region=WEST)
    assert ask(east, west, counts(*daily(-10, 0, 8), region=BOTH)).at_least
