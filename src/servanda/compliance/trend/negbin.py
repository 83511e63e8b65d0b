"""The negative-binomial law, NB2: variance ``mean + alpha mean^2`` (Hilbe 2011), with counts of 'at least so many'."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def log_pmf(y: Floats, mean: Floats, alpha: Floats | float) -> Floats:
    """Log of the NB2 law; ``y`` need not be whole (expected counts), the normaliser is then that of its gamma form."""
    r = 1.0 / alpha
    choose = special.gammaln(y + r) - special.gammaln(r) - special.gammaln(y + 1.0)
    return np.asarray(choose + special.xlogy(y, alpha * mean) - (y + r) * np.log1p(alpha * mean))


def log_at_least(y: Floats, mean: Floats, alpha: Floats | float) -> Floats:
    """Log of the chance of ``y`` or more: a regularised incomplete beta function."""
    share = alpha * mean / (1.0 + alpha * mean)
    chance = special.betainc(np.maximum(y, 1e-9), 1.0 / alpha, share)
    return np.log(np.maximum(np.where(y > 0, chance, 1.0), 1e-300))


def log_law(y: Floats, mean: Floats, alpha: Floats | float, at_least: NDArray[np.bool_]) -> Floats:
    out = log_pmf(y, mean, alpha)
    return np.where(at_least, log_at_least(y, mean, alpha), out) if at_least.any() else out
