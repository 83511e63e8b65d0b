"""What the whole record of a term tells of one party: how much of what is reported is real, who does it, how often.

Three things are learned together from all that is reported of a term: ``base_rate`` (how many of the reports are
real), ``attribution`` (the party's share in them) and ``rates`` (how many a day, and so how many unseen). A chance is
their mean over what is still open in all three.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.compliance import attribution, base_rate, rates
from servanda.compliance.base_rate import blocks
from servanda.compliance.clock import Times
from servanda.compliance.rates import Rate, Unseen
from servanda.compliance.settings import AssessSettings

Floats = NDArray[np.float64]
NODES = 24
"""Values that stand for each posterior, of equal weight; twice as many change no chance by 0.003."""
NEVER = -50.0
"""Logarithm of a chance below which no more acts are looked at: one in 10^21."""


@dataclass(frozen=True)
class Parts:
    """Chance that something reported is a violation, that something unseen is (None: nobody can say), and of either."""

    reported: float
    unseen: float | None
    either: float


@dataclass(frozen=True)
class Learned:
    """``factor``, ``share`` (nodes,): equally likely values of the base rate and of the party's share.

    ``alike``: its share if all were alike; ``mean_factor``: what the rate was learned at.
    """

    factor: Floats
    share: Floats
    alike: float
    rate: Rate

    def chances(self, real: Floats, said: Floats) -> Floats:
        """(factors, shares, n) chance of each act to be a violation by this party."""
        happened = base_rate.moved(self.factor, real)
        return happened[:, None, :] * attribution.doers(self.share, said, self.alike)[None, :, :]

    def likely(self, real: Floats, said: Floats) -> Floats:
        """(n,) their mean."""
        parts = zip(blocks(real), blocks(said), strict=True)
        return np.concatenate([np.zeros(0), *(self.chances(r, s).mean(axis=(0, 1)) for r, s in parts)])

    def _none(self, real: Floats, said: Floats) -> Floats:
        """(factors, shares) chance that no act is a violation."""
        log = np.zeros((len(self.factor), len(self.share)))
        for r, s in zip(blocks(real), blocks(said), strict=True):
            log += np.log1p(-np.minimum(self.chances(r, s), 1.0 - 1e-15)).sum(axis=2)
            if log.max() < NEVER:
                break
        return np.asarray(np.exp(log))

    def unseen(self, low: int, high: int) -> Unseen | None:
        """Law of what went unseen of this party in [low, high), microseconds UTC."""
        whole = self.rate.unseen(low, high)
        return None if whole is None else Unseen(whole.mean * float(self.share.mean()), whole.shape)

    def parts(self, real: Floats, said: Floats, low: int, high: int) -> Parts:
        """Chances for [low, high), microseconds UTC, in which acts were reported."""
        none, whole = self._none(real, said), self.rate.unseen(low, high)
        reported = 1.0 - float(none.mean())
        if whole is None:
            return Parts(reported, None, reported)
        clear = np.exp(-whole.mean * np.outer(self.factor / self.factor.mean(), self.share))
        return Parts(reported, 1.0 - float(clear.mean()), 1.0 - float((none * clear).mean()))


@dataclass(frozen=True)
class Record:
    """All that is reported of a term in one zone, whoever did it.

    ``factor`` (nodes,): equally likely values of the base rate; ``real`` (n,): chance of each act to have happened,
    moved by it; ``rate``: how many a day.
    """

    factor: Floats
    real: Floats
    rate: Rate


def record(
    real: Floats,
    expected: float,
    times: Times,
    pieces: Sequence[tuple[int, int]],
    noticed: Callable[[int, int], float],
    settings: AssessSettings,
) -> Record:
    """``real``: (n,) chance of each reported act to have happened as the term forbids, by what its sources are worth;
    ``expected``: real acts that go with the false ones among them, by the sources' average. The rest as in
    ``rates.learn``."""
    factors = base_rate.learn(real, expected, settings.record_shape)
    moved = base_rate.real(factors, real)
    rate = rates.learn(pieces, noticed, moved, times, settings)
    return Record(_nodes(base_rate.GRID, factors), moved, rate)


def learn(told: Record, said: Floats, parties: tuple[int, int], settings: AssessSettings) -> Learned:
    """What a record tells of one party. ``said``: (n,) what speaks for it; ``parties``: how many are meant, and how
    many others there are."""
    mine, rest = parties
    share = attribution.learn(told.real, said, mine, rest, settings.attribution_prior)
    return Learned(told.factor, _nodes(*share), mine / max(mine + rest, 1), told.rate)


def _nodes(values: Floats, weight: Floats) -> Floats:
    """Means of as many equally likely parts of a law."""
    if len(values) == 1:
        return values
    edges = np.r_[0.0, np.cumsum(weight)]
    edges /= edges[-1]
    area = np.r_[0.0, np.cumsum(weight * values)] / weight.sum()
    return np.asarray(np.diff(np.interp(np.linspace(0.0, 1.0, NODES + 1), edges, area)) * NODES)
