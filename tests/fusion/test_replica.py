"""Replicas keep where and when things happen together; how clear matching is, from its chances."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from tests.fusion.worlds import THREE, world

from servanda.fusion import Priors
from servanda.fusion.association import Links
from servanda.fusion.coincidences import coincidences
from servanda.fusion.estimate import _clear, improved
from servanda.fusion.model import Model, model
from servanda.fusion.quality import stated
from servanda.fusion.replica import NEAR, _times_near, replica
from servanda.fusion.reports import reports
from servanda.tables import SOURCES

PRIORS = Priors.model_validate({})


@cache
def seen(width_km: float = 300.0) -> Model:
    r = reports(world(THREE, 300, 60, seed=9, width_km=width_km)[0], SOURCES.empty(), PRIORS)
    return model(r, stated(r, PRIORS), PRIORS)


def fronts() -> tuple[np.ndarray, ...]:
    """Four places far apart, each with a month of its own in which something happens every fifty hours; shuffled."""
    rng = np.random.default_rng(2)
    at = np.repeat(np.arange(4), NEAR)
    x, y = (100.0 * v + rng.uniform(-5, 5, len(at)) for v in (at // 2, at % 2))
    t = 10_000.0 * at + 50.0 * np.tile(np.arange(NEAR), 4)
    order = rng.permutation(len(at))
    return at[order], x[order], y[order], t[order]


def test_times_change_places_among_neighbours_only() -> None:
    at, x, y, t = fronts()
    moved = _times_near(seen(), x, y, t, np.random.default_rng(1))
    half = PRIORS.cell_h / 2
    for place in range(4):
        # Fifty hours apart, so each is near to one of the old ones only, and none is used twice.
        assert np.sort(moved[at == place]) == pytest.approx(np.sort(t[at == place]), abs=half)
    assert (np.abs(moved - t) > half).mean() > 0.8


def test_times_that_coincide_are_taken_apart() -> None:
    at, x, y, t = fronts()
    moved = _times_near(seen(), x, y, np.where(at == 1, 12_000.0, t), np.random.default_rng(1))
    assert len(np.unique(moved[at == 1])) == NEAR
    assert moved[at == 1] == pytest.approx(np.full(NEAR, 12_000.0), abs=PRIORS.cell_h / 2)


def test_times_of_nothing_are_none() -> None:
    none = np.empty(0)
    assert len(_times_near(seen(), none, none, none, np.random.default_rng(1))) == 0


@pytest.mark.parametrize(
    ("chances", "clear"),
    [((1.0, 0.0), 1.0), ((0.5, 0.5), 0.0), ((0.9, 0.1), 0.64), ((0.0, 0.0), 0.0)],
    ids=["certain", "all alike", "nearly certain", "nothing is shared"],
)
def test_matching_is_clear_where_its_chances_are(chances: tuple[float, float], clear: float) -> None:
    m = seen()
    source = m.r.sources.index("rough")
    own = np.flatnonzero(m.r.source == source)
    own = own[: len(own) // 2 * 2]
    others = np.flatnonzero(m.r.source != source)
    rest = np.setdiff1d(np.flatnonzero(m.r.source == source), own)
    chance = np.r_[np.resize(chances, len(own)), np.full(len(rest), chances[0]), np.ones(len(others))]
    report = np.concatenate([own, rest, others])
    got = _clear(m, Links(report, np.zeros(len(report), dtype=np.int64), chance), source)
    assert got == pytest.approx(clear, abs=0.01)


def test_a_dense_world_is_less_clear() -> None:
    sparse, dense = (improved(m, coincidences(m.r, PRIORS))[1] for m in (seen(), seen(30.0)))
    assert (sparse > dense + 0.1).all()


def test_a_source_tells_in_a_replica_of_its_own_kinds_alone() -> None:
    rows, _ = world(THREE, 600, 60, seed=4)
    rows = rows.with_columns(pl.col("kind").replace("artillery", "detention"))
    rows = rows.filter((pl.col("source_id") != "exact") | (pl.col("kind") == "detention"))
    r = reports(rows, SOURCES.empty(), PRIORS)
    m = model(r, stated(r, PRIORS), PRIORS)
    made = replica(m, 0).reports
    exact = r.sources.index("exact")
    assert set(made.kind[made.source == exact].tolist()) == set(r.kind[r.source == exact].tolist())
    told = np.bincount(made.source, minlength=3) / np.bincount(r.source, minlength=3)
    assert told == pytest.approx(np.ones(3), abs=0.4)
