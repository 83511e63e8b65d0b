"""Which reports could be of one incident, and the odds that they are."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from servanda import kinds
from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Pairs = NDArray[np.int64]
PRECISION_STEP = 4.0
"""Reports whose place errors differ by no more than this factor are searched together."""
CONSEQUENCE_ROOTS = frozenset({"damage", "harm", "environment"})
ACT_ROOT = "armed_activity"


def candidates(r: Reports, density_: Floats, priors: Priors) -> Pairs:
    """(m, 2) pairs of reports that are likelier one incident than two, smaller index first, without repeats."""
    key = _precision(r.s_km) * 64 + _precision(r.s_h)
    classes = [np.flatnonzero(key == k) for k in np.unique(key)]
    found = [np.empty(0, dtype=np.int64)]
    for a, ours in enumerate(classes):
        for theirs in classes[a:]:
            pairs = np.sort(_near(r, ours, theirs, priors), axis=1)
            pairs = pairs[_comparable(r, pairs) & ~_told_apart(r, pairs)]
            fit = _odds(r, pairs, density_, priors) > np.log(priors.link_odds)
            found.append(pairs[fit, 0] * len(key) + pairs[fit, 1])
    codes = np.unique(np.concatenate(found))
    return np.column_stack([codes // max(len(key), 1), codes % max(len(key), 1)])


def _comparable(r: Reports, pairs: Pairs) -> NDArray[np.bool_]:
    """A count of incidents is only ever one with another source's count of the same place and period."""
    a, b = pairs[:, 0], pairs[:, 1]
    period = (r.t_h[a] == r.t_h[b]) & (r.s_h[a] == r.s_h[b])
    place = (r.x_km[a] == r.x_km[b]) & (r.y_km[a] == r.y_km[b])
    same = period & place & (r.source[a] != r.source[b])
    return np.where(r.counted[a] | r.counted[b], r.counted[a] & r.counted[b] & same, True)


def _odds(r: Reports, pairs: Pairs, density_: Floats, priors: Priors) -> Floats:
    a, b = pairs[:, 0], pairs[:, 1]
    return log_odds(
        (r.x_km[a] - r.x_km[b]) ** 2 + (r.y_km[a] - r.y_km[b]) ** 2,
        (r.t_h[a] - r.t_h[b]) ** 2,
        r.s_km[a] ** 2 + r.s_km[b] ** 2,
        r.s_h[a] ** 2 + r.s_h[b] ** 2,
        np.sqrt(density_[a] * density_[b]),
        r.kind[a],
        r.kind[b],
        r.source[a] == r.source[b],
        priors,
    )


def _told_apart(r: Reports, pairs: Pairs) -> NDArray[np.bool_]:
    """Pairs of one source that it knows to be two incidents."""
    a, b = pairs[:, 0], pairs[:, 1]
    return np.asarray((r.source[a] == r.source[b]) & r.distinct[a] & r.distinct[b])


def _precision(s: Floats) -> NDArray[np.int64]:
    step: NDArray[np.int64] = np.floor(np.log(s) / np.log(PRECISION_STEP)).astype(np.int64)
    return step + 16


def _near(r: Reports, ours: NDArray[np.int64], theirs: NDArray[np.int64], priors: Priors) -> Pairs:
    """The nearest of ``theirs`` to each of ``ours`` and the other way, in units of their joint errors."""
    place = priors.gate_sigmas * np.hypot(r.s_km[ours].max(), r.s_km[theirs].max())
    time = priors.gate_sigmas * np.hypot(r.s_h[ours].max(), r.s_h[theirs].max())

    def scaled(i: NDArray[np.int64]) -> Floats:
        return np.column_stack([r.x_km[i] / place, r.y_km[i] / place, r.t_h[i] / time])

    out = []
    for one, other in ((ours, theirs),) if ours is theirs else ((ours, theirs), (theirs, ours)):
        k = min(priors.neighbours + (ours is theirs), len(other))
        distance, index = cKDTree(scaled(other)).query(scaled(one), k=k, distance_upper_bound=1.0, workers=2)
        distance, index = np.reshape(distance, (len(one), -1)), np.reshape(index, (len(one), -1))
        row, column = np.nonzero(np.isfinite(distance))
        found = np.column_stack([one[row], other[index[row, column]]])
        out.append(found[found[:, 0] != found[:, 1]])
    return np.concatenate(out)


def density(r: Reports, priors: Priors) -> Floats:
    """(n,) other reports of the same source and root of kind per km2 and hour, around each report."""
    if not len(r.x_km):
        return np.empty(0)
    roots = _roots()[r.kind]
    cells = [r.source, roots, *(np.floor(v / unit).astype(np.int64) for v, unit in _axes(r, priors))]
    code = np.zeros(len(r.x_km), dtype=np.int64)
    for column in cells:
        code = code * (int(np.ptp(column)) + 1) + (column - column.min())
    _, inverse, counts = np.unique(code, return_inverse=True, return_counts=True)
    local = (counts[inverse.reshape(-1)] - 1) / (priors.cell_km**2 * priors.cell_h)
    extent = [max(float(np.ptp(v)), unit) for v, unit in _axes(r, priors)]
    everywhere = np.bincount(r.source)[r.source] / np.prod(extent)
    return np.asarray(np.maximum(local, everywhere))


def _axes(r: Reports, priors: Priors) -> tuple[tuple[Floats, float], ...]:
    return ((r.x_km, priors.cell_km), (r.y_km, priors.cell_km), (r.t_h, priors.cell_h))


@cache
def _roots() -> NDArray[np.int64]:
    names = sorted({kinds.lineage(k)[-1] for k in kinds.tree()})
    return np.array([names.index(kinds.lineage(k)[-1]) for k in kinds.tree()])


@cache
def _relations(same_root: float, consequence: float) -> Floats:
    """(kinds, kinds) weight of two reported kinds being one incident: 1 where one is the other or above it."""
    names = list(kinds.tree())
    lineages = [kinds.lineage(k) for k in names]

    def relation(a: int, b: int) -> float:
        if names[a] in lineages[b] or names[b] in lineages[a]:
            return 1.0
        x, y = lineages[a][-1], lineages[b][-1]
        if x == y:
            return 0.0 if x in ("airspace", "statement") else same_root
        return consequence if {x, y} <= CONSEQUENCE_ROOTS | {ACT_ROOT} else 0.0

    return np.array([[relation(a, b) for b in range(len(names))] for a in range(len(names))])


def log_odds(
    separation_km2: Floats,
    separation_h2: Floats,
    s_km2: Floats,
    s_h2: Floats,
    density_: Floats,
    kind_a: NDArray[np.int64],
    kind_b: NDArray[np.int64],
    shared_source: NDArray[np.bool_],
    priors: Priors,
) -> Floats:
    """Log odds that two reports, or groups of reports, are of one incident rather than of two.

    Chance of the separation if they are one, against the density of unrelated reports: the marked-Poisson
    form of record linkage (Fellegi and Sunter 1969). s_km2 and s_h2 are the summed variances of the two.
    """
    match = -separation_km2 / (2 * s_km2) - separation_h2 / (2 * s_h2)
    match -= np.log(2 * np.pi * s_km2) + 0.5 * np.log(2 * np.pi * s_h2)
    prior = np.where(shared_source, priors.repeat, priors.corroboration)
    relation = _relations(priors.same_root, priors.consequence)[kind_a, kind_b]
    with np.errstate(divide="ignore"):
        return np.asarray(match + np.log(prior / (1 - prior)) + np.log(relation) - np.log(density_))
