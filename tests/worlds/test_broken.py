"""Worlds that break one assumption each: that one, and nothing else."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from servanda.worlds.broken import BROKEN
from servanda.worlds.folder import stated_p_true
from servanda.worlds.incidents import levels, stream
from servanda.worlds.ready import DEMO, PATROLS
from servanda.worlds.simulate import World, simulate

SEED = 3


@pytest.fixture(scope="module")
def demo() -> World:
    return simulate(DEMO, SEED)


@pytest.mark.parametrize("name", [n for n in BROKEN if n != "waves"])
def test_what_happens_and_what_is_said_stays(name: str, demo: World) -> None:
    world = simulate(BROKEN[name], SEED)
    assert_frame_equal(world.incidents, demo.incidents)
    for source, said in demo.observations.items():
        assert_frame_equal(world.observations[source], said)


@pytest.mark.parametrize(("name", "factor"), [("sees-less", 1.2), ("sees-more", 0.8)])
def test_watches_state_another_chance(name: str, factor: float, demo: World) -> None:
    p, true = (w.watches["array"]["p_detect"].drop_nulls() for w in (simulate(BROKEN[name], SEED), demo))
    assert p.to_numpy() == pytest.approx(np.minimum(true.to_numpy() * factor, 1.0), abs=1e-5)


@pytest.mark.parametrize(("name", "factor"), [("errs-more", 0.5), ("errs-less", 2.0)])
def test_sources_state_another_share_of_errors(name: str, factor: float) -> None:
    spec = BROKEN[name]
    patrols = next(w for w in spec.watchers if w.source_id == "patrols")
    assert 1 - stated_p_true(spec, patrols) == pytest.approx(factor * PATROLS.false_share)


def test_copies_do_not_say_that_they_are() -> None:
    world = simulate(BROKEN["copying"], SEED)
    groups = [w.witness_group for w in world.spec.watchers]
    for source in ("echo", "mirror", "relay"):
        assert groups.count(source) == 1
        assert world.observations[source].height > 20
        assert not world.observations[source]["text"].str.contains("As ").any()
        assert set(world.origins.filter(pl.col("source_id") == source)["role"]) == {"copy"}


def test_waves_have_mean_one_and_last_for_days() -> None:
    drawn = np.array([levels(BROKEN["waves"], stream(seed, "levels")) for seed in range(400)])
    assert drawn.mean() == pytest.approx(1.0, abs=0.05)
    logs = np.log(drawn)
    assert logs.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(logs[:, :-3].ravel(), logs[:, 3:].ravel())[0, 1] == pytest.approx(np.exp(-1), abs=0.05)
    assert (levels(DEMO, stream(1, "levels")) == 1).all()
