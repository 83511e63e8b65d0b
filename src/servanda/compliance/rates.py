"""How often a term is violated, learned from what was noticed and how well anybody looked; and so what went unseen.

Violations of a term by a party come at a rate. Each is noticed (reported by at least one source) with a chance that
follows from the watches. What is reported, divided by the time looked, gives the rate as a gamma law; what went
unseen on a day is then negative binomial: small after long silence under a good watch, large where much is seen by few.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from servanda.compliance.clock import Micros, Times, share_within
from servanda.compliance.settings import AssessSettings
from servanda.compliance.tally import EXACT_UP_TO, Tally, law, more_than

Floats = NDArray[np.float64]
DAY_US = 86_400_000_000.0


@dataclass(frozen=True)
class Unseen:
    """Law of the number of unseen violations in a stretch: negative binomial with this mean and this shape."""

    mean: float
    shape: float

    @property
    def any(self) -> float:
        """Chance of at least one."""
        return float(-np.expm1(-self.shape * np.log1p(self.mean / self.shape)))

    def at_most(self, most: Floats) -> Floats:
        """Chance of no more than ``most`` (n,), which may be below zero."""
        p = self.shape / (self.shape + self.mean)
        return np.where(most < 0, 0.0, special.betainc(self.shape, np.maximum(np.floor(most), 0.0) + 1.0, p))


@dataclass(frozen=True)
class Rate:
    """What was learned of one term and party, by pieces of time (about a day each) of equal number of values.

    ``missed``: days of each piece times the chance that a violation in it goes unnoticed. ``rate``: mean number of
    violations a day; NaN where too little was looked to say. ``assumed``: the part of it that is there before any
    report; ``most_assumed`` and ``least_reported``: see the settings. ``seen``: expected number of reported ones;
    ``memory``: (pieces, pieces) how far one piece tells of another.
    """

    low: Micros
    high: Micros
    missed: Floats
    rate: Floats
    seen: Floats
    memory: Floats
    shape: float
    assumed: Floats
    most_assumed: float
    least_reported: float

    def unseen(self, low: int, high: int) -> Unseen | None:
        """What went unseen in [low, high), microseconds UTC; None: too little was looked at, so nobody can say."""
        share = np.clip((np.minimum(self.high, high) - np.maximum(self.low, low)) / (self.high - self.low), 0.0, 1.0)
        here = np.flatnonzero(share > 0)
        if not len(here) or np.isnan(self.rate[here]).any():
            return None
        missed = (share * self.missed)[here]
        reported = float(self.memory[here].max(axis=0) @ self.seen)
        assumed = Unseen(float(missed @ self.assumed[here]), self.shape)
        if reported < self.least_reported and assumed.any > self.most_assumed:
            return None
        return Unseen(float(missed @ self.rate[here]), self.shape + reported)


def exceeding(reported: Tally, unseen: Unseen, limit: float) -> float:
    """Chance that reported and unseen violations together are more than ``limit``.

    With too many reports for an exact law, the mean of the unseen is taken off the limit.
    """
    t = reported.only(reported.q > 0)
    if np.isinf(t.n).any() or t.n.sum() > EXACT_UP_TO:
        return more_than(t, limit - unseen.mean)
    chance = law(t)
    within = (chance * unseen.at_most(limit - np.arange(len(chance), dtype=np.float64))).sum()
    return float(np.clip(1.0 - within, 0.0, 1.0))


def learn(
    pieces: Sequence[tuple[int, int]],
    noticed: Callable[[int, int], float],
    likely: Floats,
    times: Times,
    settings: AssessSettings,
) -> Rate:
    """``pieces``: half-open, in time order; ``noticed``: chance that a violation in one is reported by anybody.

    ``likely``: chance of each incident to be a violation, at one of ``times``. Gamma law
    with the shape ``rate_shape`` and no rate beforehand, each other day weighing half as much for every
    ``rate_memory_days`` that it is away (a power prior: Ibrahim and Chen 2000).
    """
    low, high = (np.array([p[i] for p in pieces], dtype=np.int64) for i in (0, 1))
    days = (high - low) / DAY_US
    chance = np.array([noticed(a, b) for a, b in pieces])
    seen = np.array([_within(times, likely, a, b) for a, b in pieces])
    middle = (low + (high - low) // 2) / DAY_US
    memory = 0.5 ** (np.abs(middle[:, None] - middle) / settings.rate_memory_days)
    looked = memory @ (days * chance)
    enough = looked >= settings.rate_least_days
    rate, assumed = np.full(len(days), np.nan), np.full(len(days), np.nan)
    rate[enough] = (settings.rate_shape + memory @ seen)[enough] / looked[enough]
    assumed[enough] = settings.rate_shape / looked[enough]
    return Rate(
        low,
        high,
        days * (1.0 - chance),
        rate,
        seen,
        memory,
        settings.rate_shape,
        assumed,
        settings.rate_most_assumed,
        settings.rate_least_reported,
    )


def _within(times: Times, likely: Floats, low: int, high: int) -> float:
    """Expected number of those incidents in [low, high)."""
    at = times.touching(low, high)
    return float(likely[at] @ share_within(times.start[at], times.end[at], low, high))
