"""When a level changed: the exact posterior of the number of change-points and of their dates (Fearnhead 2006).

Inside a segment cell i has mean ``effort_i ((1 - kappa) level + kappa recent_i)``, where ``recent_i`` is the rate of
the last cells of the same segment: counts that pull the next ones along (INARCH: Ferland et al. 2006, Zhu 2011), so
that a wave is no change of level. Counts follow NB2. The level is summed out over a grid; dispersion and ``kappa``
are those for which the whole series, change-points summed out, is most likely.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.trend.negbin import log_law

Floats = NDArray[np.float64]
MOST = 8
"""The number of change-points is told up to this; the last is that or more."""
LEVELS = 32
"""Points of the grid of levels, from a tenth of the lowest to ten times the highest daily rate."""
ALPHAS = (0.003, 0.03, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
KAPPAS = (0.0, 0.15, 0.3, 0.45, 0.6)
WITHIN, THIN = 0.95, 1e-4
"""The dates of a change hold this share of its chance; cells with less chance than that bound it."""
MEMORY = 3
"""So many cells back a wave is felt."""


@dataclass(frozen=True)
class Series:
    """Arrays over cells in order. ``effort`` already holds what is known of weekdays; ``days``: start of each cell."""

    y: Floats
    effort: Floats
    at_least: NDArray[np.bool_]
    days: Floats


@dataclass(frozen=True)
class Change:
    """Index of the first cell of the new level: likeliest, and the run of cells that holds 95 % of its chance."""

    cell: int
    low: int
    high: int
    probability: float


@dataclass(frozen=True)
class Changes:
    """``number[k]``: posterior chance of k change-points (the last: that or more)."""

    changes: tuple[Change, ...]
    number: Floats
    alpha: float
    kappa: float


def change_points(series: Series, every_days: float, apart_days: float, sure: float) -> Changes:
    """As many change-points as there are with probability ``sure``, each with dates that hold it with that.

    ``every_days``: how far apart they are expected; ``apart_days``: two lie at least so far apart.
    """

    def best(pairs: Iterable[tuple[float, float]]) -> "_Pass":
        return max((_Pass(series, a, k, every_days, apart_days) for a, k in pairs), key=lambda p: p.evidence)

    # First the dispersion, then the pull of waves, then the dispersion again: the surface has one top.
    chosen = best((a, 0.0) for a in ALPHAS)
    chosen = best((chosen.alpha, k) for k in KAPPAS)
    near = ALPHAS.index(chosen.alpha)
    chosen = best((a, chosen.kappa) for a in ALPHAS[max(near - 2, 0) : near + 2])
    number = chosen.number(MOST)
    # So many at least, with the chance asked for; and of those, each that is to be found in one run of cells.
    many = int((1.0 - np.cumsum(number)[:-1] >= sure).sum())
    named = tuple(c for c in _named(chosen.sites(), many) if c.probability >= sure)
    return Changes(named, number, chosen.alpha, chosen.kappa)


class _Pass:
    """Filtering and smoothing over the start of the current segment."""

    def __init__(self, s: Series, alpha: float, kappa: float, every: float, apart: float) -> None:
        self.alpha, self.kappa = alpha, kappa
        self.n = len(s.y)
        self.totals = _Totals(s, alpha, kappa)
        gaps = np.diff(s.days, append=s.days[-1] + 1.0)
        self.log_hazard = np.log(-np.expm1(-gaps / every))
        self.log_stay = -gaps / every
        self.days, self.apart = s.days, apart
        self.segment = self._segments()
        self.forward = self._forward()
        self.evidence = float(self.forward[self.n])

    def _segments(self) -> Floats:
        """(n, n + 1) log of: this stretch is one segment, and it goes on so long; -inf if too short."""
        out = np.full((self.n, self.n + 1), -np.inf)
        stay = np.r_[0.0, np.cumsum(self.log_stay)]
        for end in range(1, self.n + 1):
            value = self.totals.of(end)
            length = (self.days[end] if end < self.n else np.inf) - self.days[:end]
            long_enough = (length >= self.apart) | (np.arange(end) == 0) & (end == self.n)
            first = np.arange(end)
            prior = stay[max(end - 1, 0)] - stay[first]
            out[:end, end] = np.where(long_enough, value + np.minimum(prior, 0.0), -np.inf)
        if self.n:
            # The last segment is cut off by the end of the series, not by a change.
            remaining = self.days[-1] + 1.0 - self.days
            out[1:, self.n] = np.where(remaining[1:] >= self.apart, out[1:, self.n], -np.inf)
        return out

    def _forward(self) -> Floats:
        """(n + 1,) log chance of the first cells, with a segment ending there."""
        out = np.full(self.n + 1, -np.inf)
        out[0] = 0.0
        for end in range(1, self.n + 1):
            hazard = self.log_hazard[end - 1] if end < self.n else 0.0
            out[end] = _log_sum(out[:end] + self.segment[:end, end]) + hazard
        return out

    def _backward(self) -> Floats:
        """(n + 1,) log chance of the cells from here on, given that a segment starts here."""
        out = np.full(self.n + 1, -np.inf)
        out[self.n] = 0.0
        for start in range(self.n - 1, -1, -1):
            ends = np.arange(start + 1, self.n + 1)
            hazard = np.where(ends < self.n, self.log_hazard[np.minimum(ends, self.n) - 1], 0.0)
            out[start] = _log_sum(self.segment[start, ends] + hazard + out[ends])
        return out

    def sites(self) -> Floats:
        """(n,) posterior chance that a new level starts with this cell; nothing at the first."""
        out = np.exp(self.forward[: self.n] + self._backward()[: self.n] - self.evidence)
        out[0] = 0.0
        return np.asarray(out)

    def number(self, most: int) -> Floats:
        """(most + 1,) posterior of the number of change-points; the last is that or more."""
        layer = np.full(self.n + 1, -np.inf)
        layer[0] = 0.0
        out = np.zeros(most + 1)
        for k in range(most):
            following = np.full(self.n + 1, -np.inf)
            for end in range(1, self.n + 1):
                hazard = self.log_hazard[end - 1] if end < self.n else 0.0
                following[end] = _log_sum(layer[:end] + self.segment[:end, end]) + hazard
            out[k] = np.exp(following[self.n] - self.evidence)
            layer = following
            layer[self.n] = -np.inf
        out[most] = max(0.0, 1.0 - out[:most].sum())
        return out


class _Totals:
    """Log likelihood of every stretch as one segment, the level summed out with an even prior on its logarithm."""

    def __init__(self, s: Series, alpha: float, kappa: float) -> None:
        rate = (s.y + 0.5) / s.effort
        self.grid = np.geomspace(rate.min() / 10.0, rate.max() * 10.0, LEVELS)
        memory = MEMORY if kappa > 0 else 0
        recent = [_recent(s.y / s.effort, back) for back in range(memory + 1)]
        tables = []
        for back, rates in enumerate(recent):
            held = kappa if back else 0.0
            mean = s.effort[:, None] * ((1.0 - held) * self.grid[None, :] + held * rates[:, None])
            tables.append(log_law(s.y[:, None], mean, alpha, np.broadcast_to(s.at_least[:, None], mean.shape)))
        self.memory, self.early = memory, tables[:-1]
        self.total = np.vstack([np.zeros(LEVELS), np.cumsum(tables[-1], axis=0)])

    def of(self, end: int) -> Floats:
        """(end,) of the stretches [start, end)."""
        later = np.minimum(np.arange(end) + self.memory, end)
        out = self.total[end] - self.total[later]
        for back, table in enumerate(self.early):
            at = np.arange(end) + back
            out = out + np.where((at < end)[:, None], table[np.minimum(at, end - 1)], 0.0)
        return np.asarray(_log_sum(out) - np.log(LEVELS))


def _log_sum(a: Floats) -> Floats:
    """Log of the sum of exponentials over the last axis; -inf where all is."""
    top = np.maximum(a.max(axis=-1), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(a - top[..., None]).sum(axis=-1)))


def _recent(rate: Floats, back: int) -> Floats:
    """Mean rate of the ``back`` cells before each."""
    if back == 0:
        return np.zeros(len(rate))
    total = np.r_[0.0, np.cumsum(rate)]
    i = np.arange(len(rate))
    first = np.maximum(i - back, 0)
    return np.asarray((total[i] - total[first]) / np.maximum(i - first, 1))


def _named(sites: Floats, many: int) -> Iterator[Change]:
    """The ``many`` fullest peaks of the posterior, in order of time, each with the run of cells that holds it."""
    left = sites.copy()
    found = []
    for _ in range(many):
        peak = int(left.argmax())
        # One change is a chance of one: what lies beyond it belongs to others.
        low, high = _run(left, peak, min(float(left.sum()), 1.0))
        whole = min(float(left[low:high].sum()), 1.0)
        first, last = _run(left, peak, WITHIN * whole)
        found.append(Change(peak, first, last - 1, whole))
        left[low:high] = 0.0
    yield from sorted(found, key=lambda c: c.cell)


def _run(sites: Floats, peak: int, wanted: float) -> tuple[int, int]:
    """The run of cells around the peak that holds ``wanted``, the fuller neighbour first; thin cells bound it."""
    low, high, mass = peak, peak + 1, float(sites[peak])
    while mass < wanted:
        below = sites[low - 1] if low > 0 else 0.0
        above = sites[high] if high < len(sites) else 0.0
        if max(below, above) < THIN:
            break
        if below >= above:
            low, mass = low - 1, mass + below
        else:
            high, mass = high + 1, mass + above
    return low, high
