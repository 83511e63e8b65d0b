"""An estimate of how many there were, seen or not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from servanda.compliance.undercount.refusal import Abstained

Floats = NDArray[np.float64]
LOW, MIDDLE, HIGH = 0.025, 0.5, 0.975
Z = 1.959963984540054
"""Of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Estimate:
    """``total`` incidents in all with their 95 % interval, of which ``seen`` are known; ``lists`` it rests on.

    ``parts``: models and their shares (log-linear), classes or diagnostics (latent class), whatever explains it.
    """

    method: str
    seen: float
    total: float
    low: float
    high: float
    lists: tuple[str, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()


def within_reach(estimate: Estimate, runaway: float) -> Estimate:
    """The estimate, unless its upper bound runs away: then Abstained."""
    if not np.isfinite(estimate.high) or estimate.high > runaway * max(estimate.seen, 1.0):
        raise Abstained("runaway", times=runaway)
    return estimate


def log_normal(unseen: float, variance: float) -> tuple[float, float]:
    """95 % bounds of the unseen, log-normal about their estimate (Chao 1987, eq. 12)."""
    if unseen <= 0:
        return 0.0, 0.0
    factor = np.exp(Z * np.sqrt(np.log1p(variance / unseen**2)))
    return float(unseen / factor), float(unseen * factor)


def mixture_quantiles(seen: Floats, log_unseen: Floats, spread: Floats, weight: Floats) -> tuple[float, float, float]:
    """2.5, 50, 97.5 % points of ``seen`` plus a log-normal, mixed by ``weight`` (all of one length), by bisection."""
    low = np.full(3, float(seen.min()))
    high = np.full(3, float((seen + np.exp(np.minimum(log_unseen + 8.0 * spread, 300.0))).max()))
    wanted = np.array([LOW, MIDDLE, HIGH])
    for _ in range(80):
        middle = (low + high) / 2
        with np.errstate(divide="ignore"):
            unseen = np.log(np.maximum(middle[:, None] - seen, 0.0))
        below = ndtr((unseen - log_unseen) / spread) @ weight < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return float(low[0]), float(low[1]), float(low[2])
