"""The latent-class sampler: its gradient, its posterior, its refusals."""

import numpy as np
import pytest
from scipy.special import digamma
from tests.compliance.undercount.lists import PUBLISHED, kosovo

from servanda.compliance.undercount import Abstained, Captures, UndercountSettings, latent_class
from servanda.compliance.undercount.latent_sampler import Sampler, _log_gamma
from servanda.worlds.lists import ListWorld, draw


def test_the_gradient_is_that_of_the_posterior() -> None:
    counts = np.repeat(kosovo().counts[:, 1:].astype(np.int64), 2, axis=0)
    sampler = Sampler(counts, 4, UndercountSettings(), np.random.default_rng(1))
    said = sampler._point(sampler.x).slope
    for j in range(sampler.x.shape[1]):
        step = np.zeros_like(sampler.x)
        step[:, j] = 1e-5
        measured = (sampler._point(sampler.x + step).value - sampler._point(sampler.x - step).value) / 2e-5
        assert np.allclose(said[:, j], measured, rtol=1e-4, atol=1e-4), j


def test_kosovo_is_near_the_published_estimate_and_the_same_seed_gives_the_same_bytes() -> None:
    e = latent_class(kosovo())
    assert 10_000 < e.total < 10_900, e  # median 10,450 in long runs; Monte Carlo error of about 60
    assert 8_400 < e.low < 9_400 and 13_000 < e.high < 15_000, e
    assert e.low < PUBLISHED[0] < e.high
    assert dict(e.parts)["effective_draws"] >= 400
    assert latent_class(kosovo()) == e


def test_what_a_stick_leaves_is_drawn_however_little_it_is() -> None:
    rng = np.random.default_rng(1)
    for shape in (1e-8, 1e-3, 0.5, 40.0):
        drawn = _log_gamma(rng, np.full((200, 200), shape))
        assert np.isfinite(drawn).all()
        assert drawn.mean() == pytest.approx(digamma(shape), rel=0.03), shape


def test_the_sweep_and_the_trajectory_have_the_same_posterior() -> None:
    """One list pattern table small enough for plain Gibbs to mix: both ways give one distribution of the unseen."""
    counts = np.repeat(np.array([[40, 30, 20, 50, 15, 10, 12]]), 24, axis=0)
    settings = UndercountSettings(latent_classes=2)
    both = Sampler(counts, 3, settings, np.random.default_rng(1))
    both.warm_up()
    plain = Sampler(counts, 3, settings, np.random.default_rng(2))
    for _ in range(500):
        plain.gibbs()
    with_steps = both.run(150)
    alone = np.stack([plain.gibbs() for _ in range(3000)], axis=1)
    spread = alone.mean(axis=1).std() / np.sqrt(24) + with_steps.mean(axis=1).std() / np.sqrt(24)
    assert abs(np.log(with_steps + 1).mean() - np.log(alone + 1).mean()) < 0.15, spread


def test_it_holds_the_truth_where_lists_are_independent() -> None:
    rng = np.random.default_rng(3)
    world = ListWorld(800, (0.4, 0.35, 0.45))
    made = [latent_class(Captures(("a", "b", "c"), draw(world, rng)[None, :])) for _ in range(3)]
    assert sum(e.low <= 800 <= e.high for e in made) >= 2
    assert all(700 < e.total < 1000 for e in made)


def test_a_chain_that_did_not_converge_is_refused() -> None:
    with pytest.raises(Abstained) as caught:
        latent_class(kosovo(), UndercountSettings(latent_most=200, least_ess=50_000))
    assert caught.value.reason.code == "not_converged"


def test_too_many_incidents_are_skipped_by_name() -> None:
    with pytest.raises(Abstained) as caught:
        latent_class(kosovo(), UndercountSettings(latent_seen=1000))
    assert caught.value.reason.code == "too_many"
