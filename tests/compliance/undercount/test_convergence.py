"""Convergence figures against cases whose answer is known."""

import numpy as np

from servanda.compliance.undercount.convergence import effective, r_hat


def test_independent_draws_count_in_full() -> None:
    draws = np.random.default_rng(1).standard_normal((4, 2000))
    assert 6500 < effective(draws) < 9500
    assert r_hat(draws) < 1.005


def test_an_autoregression_counts_by_its_theory() -> None:
    rng, rho = np.random.default_rng(2), 0.9
    draws = np.zeros((8, 4000))
    noise = rng.standard_normal(draws.shape)
    for i in range(1, draws.shape[1]):
        draws[:, i] = rho * draws[:, i - 1] + noise[:, i]
    wanted = draws.size * (1 - rho) / (1 + rho)
    assert 0.8 * wanted < effective(draws) < 1.2 * wanted


def test_chains_in_different_places_or_of_different_spread_are_seen() -> None:
    draws = np.random.default_rng(3).standard_normal((4, 1000))
    assert r_hat(draws + np.array([[0.0], [0.0], [0.0], [2.0]])) > 1.1
    assert r_hat(draws * np.array([[1.0], [1.0], [1.0], [5.0]])) > 1.1
    assert effective(draws + np.array([[0.0], [0.0], [0.0], [2.0]])) < 100


def test_a_constant_says_nothing() -> None:
    assert not np.isfinite(r_hat(np.ones((4, 100)))) or effective(np.ones((4, 100))) == 0
