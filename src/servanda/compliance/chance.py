"""Distributions behind a finding: how many incidents were violations, and how many went unseen."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from servanda.findings import Interval

NORMAL_FROM_VARIANCE = 100.0
"""Above this variance the normal law replaces the exact sum; its quantiles are then within one incident."""
BLOCK = 64
"""Events whose law is worked out together; only speed hangs on it."""

Floats = NDArray[np.float64]


def any_of(q: Floats) -> float:
    """Chance that at least one of independent events with chances ``q`` (n,) happened."""
    return float(-np.expm1(np.log1p(-np.clip(q, 0.0, 1.0 - 1e-15)).sum())) + 0.0


def poisson_binomial(q: Floats) -> Floats:
    """Exact law of the number of events, ``p[k] = P(K = k)``, k = 0..n: blocks by recursion, then convolved.

    Hong (2013), Computational Statistics & Data Analysis 59.
    """
    blocks = np.zeros((-(-len(q) // BLOCK), BLOCK))
    blocks.ravel()[: len(q)] = q
    laws = np.zeros((len(blocks), BLOCK + 1))
    laws[:, 0] = 1.0
    for p in blocks.T[: len(q)]:
        laws[:, 1:] = laws[:, 1:] * (1.0 - p[:, None]) + laws[:, :-1] * p[:, None]
        laws[:, 0] *= 1.0 - p
    parts = list(laws) or [np.ones(1)]
    while len(parts) > 1:
        paired = [np.convolve(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = paired + parts[len(paired) * 2 :]
    return np.asarray(parts[0][: len(q) + 1])


def count_interval(q: Floats) -> Interval:
    """Mean and central 95 % interval of the number of events with chances ``q`` (n,)."""
    q = q[q > 0]
    if not len(q):
        return Interval(0.0, 0.0, 0.0)
    mean, variance = float(q.sum()), float((q * (1.0 - q)).sum())
    if variance > NORMAL_FROM_VARIANCE:
        half = 1.959964 * math.sqrt(variance)
        return Interval(mean, float(math.floor(max(mean - half, 0.0))), float(math.ceil(mean + half)))
    cumulative = np.cumsum(poisson_binomial(np.sort(q)))
    low, high = np.searchsorted(cumulative, [0.025, 0.975])
    return Interval(mean, float(min(low, len(q))), float(min(high, len(q))))


def above(q: Floats, limit: float) -> float:
    """Chance that more than ``limit`` of the events with chances ``q`` (n,) happened."""
    q = q[q > 0]
    if len(q) <= limit:
        return 0.0
    mean, variance = float(q.sum()), float((q * (1.0 - q)).sum())
    if variance > NORMAL_FROM_VARIANCE:
        return float(special.ndtr((mean - limit - 0.5) / math.sqrt(variance)))
    return float(min(1.0, poisson_binomial(np.sort(q))[math.floor(limit) + 1 :].sum()))


def unseen_bound(seen: int, power: float, confidence: float = 0.95) -> int | None:
    """Largest number of unseen violations that the evidence does not rule out.

    If ``seen + u`` violations had happened, each found with chance ``power``, finding no more than ``seen``
    would have chance P(Bin(seen + u, power) <= seen). The bound is the largest u for which that is at least
    1 - confidence: Clopper and Pearson (1934) turned round. None when power is 0: no bound exists.
    """
    if power <= 0:
        return None
    if power >= 1:
        return 0

    def plausible(unseen: int) -> bool:
        return float(special.bdtr(seen, seen + unseen, power)) >= 1.0 - confidence

    high = 1
    while plausible(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if plausible(middle) else (low, middle)
    return low
