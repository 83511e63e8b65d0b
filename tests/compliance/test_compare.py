"""Before and after: counts at window edges, imputed ends, waves, and the interval of the ratio."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from servanda.compliance.compare import Measure, Question, compare, rate_ratio
from servanda.tables import OBSERVATIONS

T0 = datetime(2025, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
Rows = list[tuple[float, float, list[str]]]


def alerts(rows: Sequence[tuple[float, float, Sequence[str]]]) -> pl.DataFrame:
    """Rows of (start h, end h, flags)."""
    return OBSERVATIONS.conform(
        pl.DataFrame(
            {
                "observation_id": [f"o{i}" for i in range(len(rows))],
                "record_id": [f"r{i}" for i in range(len(rows))],
                "source_id": "alerts",
                "witness_group": "alerts",
                "kind": "air_raid_alert",
                "t_start": [T0 + a * HOUR for a, _, _ in rows],
                "t_end": [T0 + b * HOUR for _, b, _ in rows],
                "claim": "sighting",
                "flags": [f for _, _, f in rows],
                "text": "Region",
                "recorded_at": T0,
                "access": "open",
            },
            schema_overrides={"flags": pl.List(pl.String)},
        )
    )


def ask(measure: Measure) -> Question:
    window, before = (T0, T0 + 10 * HOUR), (T0 - 10 * HOUR, T0)
    return Question("Alerts", measure, "alerts", frozenset({"airspace"}), window, (before,), 1.0)


def test_windows_are_half_open() -> None:
    got = compare(ask("starts"), alerts([(0, 1, []), (10, 11, []), (-10, -9, []), (-10.1, -9, [])]))
    assert (got.value, got.baselines[0].value) == (1, 1)


def test_hours_count_what_lies_inside_the_window() -> None:
    got = compare(ask("hours"), alerts([(-2, 3, []), (8, 14, [])]))
    assert got.value == pytest.approx(3 + 2)
    assert got.baselines[0].value == pytest.approx(2)


def test_an_imputed_end_adds_a_start_but_no_hours() -> None:
    frame = alerts([(2, 2, ["end_imputed"])])
    assert compare(ask("starts"), frame).value == 1
    assert compare(ask("hours"), frame).value == 0


def test_uninformative_rows_are_left_out_of_both_sides_and_named() -> None:
    got = compare(ask("hours"), alerts([(-5, 5, ["uninformative"]), (1, 2, [])]))
    assert got.value == pytest.approx(1)
    assert got.baselines[0].value == 0
    assert got.excluded == ("Region: 1 observation, uninformative",)


def test_what_is_left_out_is_named_by_its_region_and_not_by_its_level() -> None:
    rows = alerts([(-5, 5, ["uninformative"])])
    region = rows.with_columns(label=pl.lit("oblast"), text=pl.lit("Far oblast"))
    assert compare(ask("hours"), region).left_out == (("Far oblast", 1),)
    coded = rows.with_columns(label=pl.lit("running_total"), text=pl.lit(None, pl.String))
    assert compare(ask("hours"), coded).excluded == ("running total: 1 observation, uninformative",)
    story = rows.with_columns(label=pl.lit("Battles"), text=pl.lit("On that day, " + "shots were fired. " * 9))
    assert compare(ask("hours"), story).left_out == (("Battles", 1),)


def test_uninformative_rows_of_another_time_are_not_named() -> None:
    got = compare(ask("hours"), alerts([(-500, -400, ["uninformative"]), (1, 2, [])]))
    assert got.excluded == ()


def test_twenty_alerts_of_one_raid_are_not_twenty_pieces_of_evidence() -> None:
    spread: Rows = [(h, h + 0.1, []) for h in range(-10, 0)]
    one_raid: Rows = [(h / 100 - 5, h / 100 - 4.9, []) for h in range(10)]
    calm, wave = compare(ask("starts"), alerts(spread[::2])), compare(ask("starts"), alerts(one_raid[:5]))
    assert calm.rate_ratio.high is not None
    assert wave.rate_ratio.high is not None
    assert wave.rate_ratio.high > calm.rate_ratio.high


def test_records_count_once_whatever_they_are_labelled() -> None:
    frame = alerts([(1, 1, []), (1, 1, [])]).with_columns(pl.lit("r").alias("record_id"))
    assert compare(ask("records"), frame).value == 1


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    got = rate_ratio(4, 30, 93, 60, 1.0)
    assert got.mean == pytest.approx(4 / 30 / (93 / 60))
    share = binomtest(4, 97).proportion_ci(0.95)
    assert got.low == pytest.approx(share.low / (1 - share.low) * 2)
    assert got.high == pytest.approx(share.high / (1 - share.high) * 2)


def test_the_interval_covers_the_true_ratio() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for x, b in zip(rng.poisson(12, 2000), rng.poisson(40, 2000), strict=True):
        interval = rate_ratio(float(x), 1, float(b), 2, 1.0)
        assert interval.low is not None
        assert interval.high is not None
        hits += interval.low <= 12 / 20 <= interval.high
    assert 0.95 <= hits / 2000 <= 0.985


def test_nothing_before_gives_no_upper_bound() -> None:
    got = rate_ratio(3, 1, 0, 1, 1.0)
    assert got.mean is None
    assert got.high is None
    assert got.low is not None
    assert got.low > 0
