"""Reports to groups: in each round every group joins the partner it fits best, if that is mutual."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.links import Pairs, log_odds
from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
MOST_ROUNDS = 40


@dataclass(frozen=True)
class Groups:
    """Arrays (g,) by group: precision-weighted place and time, their variances, sources as bits.

    ``apart``: as bits, the sources of which it holds a report that is never one with another of the same source.
    """

    x_km: Floats
    y_km: Floats
    s_km2: Floats
    t_h: Floats
    s_h2: Floats
    kind: NDArray[np.int64]
    density: Floats
    sources: NDArray[np.uint64]
    apart: NDArray[np.uint64]


def merge(r: Reports, pairs: Pairs, density: Floats, priors: Priors) -> NDArray[np.int64]:
    """(n,) group of each report, numbered by first report."""
    label = np.arange(len(r.x_km))
    for _ in range(MOST_ROUNDS):
        linked = _distinct(np.sort(label[pairs], axis=1), len(label))
        if not len(linked):
            break
        groups = _gather(r, density, label)
        odds = _odds(groups, linked, priors)
        told_apart = (groups.apart[linked[:, 0]] & groups.apart[linked[:, 1]]) != 0
        fit = (odds > np.log(priors.link_odds)) & ~told_apart
        chosen = _mutual(linked[fit], odds[fit], len(label))
        if not len(chosen):
            break
        label = _join(label, chosen)
    return label


def _distinct(pairs: Pairs, n: int) -> Pairs:
    """Pairs of two different groups, each once, in order."""
    apart = pairs[pairs[:, 0] != pairs[:, 1]]
    codes = np.unique(apart[:, 0] * n + apart[:, 1])
    return np.column_stack([codes // n, codes % n])


def _gather(r: Reports, density: Floats, label: NDArray[np.int64]) -> Groups:
    n = len(label)
    weight, weight_t = 1.0 / r.s_km**2, 1.0 / r.s_h**2

    def mean(values: Floats, weights: Floats, total: Floats) -> Floats:
        return np.bincount(label, values * weights, n) / np.maximum(total, 1e-300)

    total = np.bincount(label, weight, n).astype(np.float64)
    total_t = np.bincount(label, weight_t, n).astype(np.float64)
    sources, apart = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
    bits = np.uint64(1) << (r.source % 64).astype(np.uint64)
    np.bitwise_or.at(sources, label, bits)
    np.bitwise_or.at(apart, label, np.where(r.distinct, bits, np.uint64(0)))
    top = np.zeros(n)
    np.maximum.at(top, label, density)
    return Groups(
        mean(r.x_km, weight, total),
        mean(r.y_km, weight, total),
        1.0 / np.maximum(total, 1e-300),
        mean(r.t_h, weight_t, total_t),
        1.0 / np.maximum(total_t, 1e-300),
        r.kind,
        top,
        sources,
        apart,
    )


def _odds(g: Groups, pairs: Pairs, priors: Priors) -> Floats:
    a, b = pairs[:, 0], pairs[:, 1]
    return log_odds(
        (g.x_km[a] - g.x_km[b]) ** 2 + (g.y_km[a] - g.y_km[b]) ** 2,
        (g.t_h[a] - g.t_h[b]) ** 2,
        g.s_km2[a] + g.s_km2[b],
        g.s_h2[a] + g.s_h2[b],
        np.sqrt(g.density[a] * g.density[b]),
        g.kind[a],
        g.kind[b],
        (g.sources[a] & g.sources[b]) != 0,
        priors,
    )


def _mutual(pairs: Pairs, odds: Floats, n: int) -> Pairs:
    """The pairs in which each is the other's best; ties go to the smaller index."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.lexsort((both[:, 1], -np.r_[odds, odds], both[:, 0]))
    both = both[order]
    first = np.r_[True, both[1:, 0] != both[:-1, 0]] if len(both) else np.empty(0, dtype=bool)
    best = np.full(n, -1)
    best[both[first, 0]] = both[first, 1]
    mutual = (best[pairs[:, 0]] == pairs[:, 1]) & (best[pairs[:, 1]] == pairs[:, 0])
    return np.asarray(pairs[mutual])


def _join(label: NDArray[np.int64], chosen: Pairs) -> NDArray[np.int64]:
    target = np.arange(len(label))
    target[chosen[:, 1]] = chosen[:, 0]
    return np.asarray(target[label])
