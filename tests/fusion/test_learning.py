"""Learning on worlds with known truth: what sources are like, how many incidents there were, how sure each is."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from tests.fusion.worlds import THREE, Teller, world

from servanda.fusion import FusionResult, Priors, fuse
from servanda.fusion.coincidences import coincidences
from servanda.fusion.reports import reports
from servanda.tables import SOURCES

PRIORS = Priors.model_validate({})


@cache
def learned() -> tuple[pl.DataFrame, np.ndarray, FusionResult]:
    rows, truth = world(THREE, 1500, 90, seed=1)
    return rows, truth, fuse(rows)


def of(name: str) -> dict[str, float]:
    return learned()[2].sources.row(by_predicate=pl.col("source_id") == name, named=True)


@pytest.mark.parametrize("teller", THREE, ids=lambda t: t.name)
def test_sources_are_found_to_be_what_they_are(teller: Teller) -> None:
    got = of(teller.name)
    assert got["detect"] == pytest.approx(teller.detect, abs=0.06)
    assert got["p_true"] == pytest.approx(1 - teller.false, abs=0.08)
    # Beside a source of 1.5 km, 0.4 km and 0.6 km look nearly alike: only their sum of squares is seen.
    assert got["sigma_m"] == pytest.approx(1000 * teller.km, rel=0.15, abs=250)
    assert got["time_h"] == pytest.approx(teller.hours, rel=0.2, abs=0.15)
    assert got["repeat"] == pytest.approx(teller.repeat, abs=0.04)
    assert got["confusion"] == pytest.approx(teller.confusion, abs=0.1)


def test_learned_numbers_have_intervals_that_hold_them() -> None:
    for teller in THREE:
        got = of(teller.name)
        for name in ("detect", "p_true", "repeat", "confusion", "sigma_m", "time_h"):
            assert got[f"{name}_low"] < got[name] < got[f"{name}_high"]


def test_the_number_of_incidents_is_right() -> None:
    _, truth, got = learned()
    there = len(np.unique(truth[truth >= 0])) + int((truth < 0).sum())
    assert got.incidents.height == pytest.approx(there, rel=0.05)


def test_incidents_are_as_sure_as_they_are_often_true() -> None:
    rows, truth, got = learned()
    real = rows.select("observation_id").with_columns(pl.Series("real", truth >= 0))
    happened = got.membership.join(real, on="observation_id").group_by("incident_id").agg(pl.col("real").any())
    both = got.incidents.join(happened, on="incident_id").select("probability", "real")
    p, y = both["probability"].to_numpy(), both["real"].to_numpy()
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    assert error < 0.08
    assert p[y].mean() > p[~y].mean() + 0.2


def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_rows() -> None:
    rows, _, got = learned()
    again = fuse(rows.sample(fraction=1.0, shuffle=True, seed=3))
    assert again.incidents.equals(got.incidents)
    assert again.membership.equals(got.membership)
    assert again.sources.equals(got.sources)


@cache
def rough_alone_and_copied() -> tuple[dict[str, float], dict[str, float]]:
    """One wire, told by one source, and by two of one witness group."""
    rows, _ = world(THREE, 800, 60, seed=2)
    rows = rows.with_columns(pl.col("source_id").alias("witness_group"))
    copy = rows.filter(pl.col("source_id") == "rough").with_columns(
        pl.lit("echo").alias("source_id"), (pl.col("observation_id") + "e").alias("observation_id")
    )
    alone, copied = fuse(rows).sources, fuse(pl.concat([rows, copy])).sources
    before, after = (x.filter(pl.col("source_id") == "rough").row(0, named=True) for x in (alone, copied))
    return before, after


def test_copies_do_not_make_each_other_look_watchful() -> None:
    before, after = rough_alone_and_copied()
    assert after["detect"] == pytest.approx(before["detect"], abs=0.08)


def test_copies_do_not_make_each_other_look_true() -> None:
    before, after = rough_alone_and_copied()
    assert after["p_true"] == pytest.approx(before["p_true"], abs=0.1)


def test_with_few_reports_what_is_stated_stands() -> None:
    rows, _ = world(THREE, 60, 30, seed=4)
    got = fuse(rows)
    assert rows.height < PRIORS.learn_from
    assert (got.sources["matches"] == 0).all()
    assert got.sources["detect_low"].is_null().all()
    assert (got.sources["p_true"] == PRIORS.reliability["F"]).all()


def test_coincidences_give_the_joint_errors_of_a_pair() -> None:
    pair = (Teller("one", 0.6, 0.5, 0.5, repeat=0.0), Teller("two", 0.6, 3.0, 2.0, repeat=0.0))
    rows, _ = world(pair, 1500, 90, seed=5)
    start = coincidences(reports(rows, SOURCES.empty(), PRIORS), PRIORS)
    assert np.sqrt(start.km2.sum()) == pytest.approx(np.hypot(0.5, 3.0), rel=0.12)
    assert np.sqrt(start.h2.sum()) == pytest.approx(np.hypot(0.5, 2.0), rel=0.12)


def known_sources(p_true: float) -> pl.DataFrame:
    """A sources table that states the same trust and place error for each of ``THREE``."""
    rows = [{"source_id": t.name, "p_true": p_true, "sigma_m": 1000.0 * t.km} for t in THREE]
    return pl.concat([SOURCES.empty(), pl.DataFrame(rows)], how="diagonal_relaxed")


def test_where_trust_and_place_are_stated_the_rest_is_learned() -> None:
    rows, _ = world(THREE, 800, 60, seed=6)
    got = fuse(rows, sources=known_sources(0.85)).sources
    for teller in THREE:
        row = got.row(by_predicate=pl.col("source_id") == teller.name, named=True)
        assert row["detect"] == pytest.approx(teller.detect, abs=0.1)
        assert row["time_h"] == pytest.approx(teller.hours, rel=0.3, abs=0.2)
        assert row["detect_low"] < row["detect"] < row["detect_high"]
        assert row["sigma_m_low"] is None, "every report states its place error"


def test_what_nobody_else_tells_teaches_nothing() -> None:
    rows, _ = world(THREE[:2], 800, 60, seed=7)
    far = pl.when(pl.col("source_id") == THREE[0].name).then(pl.col("lat") + 20.0).otherwise(pl.col("lat"))
    got = fuse(rows.with_columns(far.alias("lat")), sources=known_sources(0.85))
    assert got.beliefs is not None and not got.beliefs.known
    assert got.sources["detect"].to_list() == [PRIORS.corroboration] * 2
    assert got.sources["p_true"].to_list() == [pytest.approx(0.85)] * 2
    assert got.sources["detect_low"].is_null().all()


def test_a_source_that_misses_nothing_can_be_learned() -> None:
    sure = Teller("sure", 1.0, 0.3, 0.2, false=0.0, repeat=0.0)
    got = fuse(world((sure, *THREE[1:]), 400, 60, seed=8)[0]).sources
    row = got.row(by_predicate=pl.col("source_id") == "sure", named=True)
    assert 0.85 < row["detect"] <= 1.0


def one_kind(seed: int) -> pl.DataFrame:
    """``THREE`` where half of what happens is detention, and the first tells of nothing else."""
    rows, _ = world(THREE, 1500, 90, seed=seed)
    rows = rows.with_columns(pl.col("kind").replace("artillery", "detention"))
    return rows.filter((pl.col("source_id") != "exact") | (pl.col("kind") == "detention"))


def test_a_source_of_one_kind_is_judged_by_that_kind() -> None:
    got = fuse(one_kind(9)).sources
    row = got.row(by_predicate=pl.col("source_id") == "exact", named=True)
    assert row["detect"] == pytest.approx(0.4, abs=0.08), "of detentions, not of all that happens"


def test_with_two_groups_a_false_share_stays_as_stated() -> None:
    got = fuse(world(THREE[:2], 1500, 90, seed=10)[0]).sources
    assert got["p_true_low"].is_null().all()
    assert got["p_true"].to_list() == [pytest.approx(PRIORS.unstated_true)] * 2
    assert got["detect_low"].is_not_null().all()
