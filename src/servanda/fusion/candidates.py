"""Which reports could be of one incident: near enough in place and time, given the errors of both."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Pairs = NDArray[np.int32]
MANY = 20_000
"""Places from which on two threads look faster than one."""
MOST_NEIGHBOURS = 64
"""Of more neighbours than this, every second, third ... stands for as many: the density is then known to an eighth."""
PRECISION_STEP = 4.0
"""Reports of one source whose errors differ by no more than this factor are searched together."""


def candidates(r: Reports, s_km: Floats, var_h: Floats, priors: Priors) -> tuple[Pairs, ...]:
    """For each source (m, 2) pairs (report of it, other), sorted: the ``neighbours`` nearest of each class, within
    ``gate_sigmas``."""
    key = (r.source * 64 + _step(s_km)) * 64 + _step(np.sqrt(var_h))
    classes = [np.flatnonzero(key == k) for k in np.unique(key)]
    return tuple(_of_source(r, s, classes, s_km, var_h, priors) for s in range(len(r.sources)))


def _of_source(r: Reports, source: int, classes: list[Integers], s_km: Floats, var_h: Floats, priors: Priors) -> Pairs:
    found = [np.empty(0, dtype=np.int64)]
    for ours in classes:
        if r.source[ours[0]] != source:
            continue
        for theirs in classes:
            pairs = _near(r, ours, theirs, s_km, var_h, priors)
            pairs = pairs[_comparable(r, pairs) & ~_told_apart(r, pairs)]
            found.append(pairs[:, 0] * len(r) + pairs[:, 1])
    codes = np.concatenate(found)
    found.clear()
    codes.sort()
    out = np.empty((len(codes), 2), dtype=np.int32)
    out[:, 0], out[:, 1] = codes // max(len(r), 1), codes % max(len(r), 1)
    return out


def _workers(places: int) -> int:
    return 2 if places >= MANY else 1


def _step(s: Floats) -> Integers:
    step: Integers = np.floor(np.log(s) / np.log(PRECISION_STEP)).astype(np.int64)
    return step + 32


def _near(r: Reports, ours: Integers, theirs: Integers, s_km: Floats, var_h: Floats, priors: Priors) -> Integers:
    """The nearest of ``theirs`` to each of ``ours``, in units of their joint errors."""
    place = priors.gate_sigmas * np.hypot(s_km[ours].max(), s_km[theirs].max())
    time = priors.gate_sigmas * np.sqrt(var_h[ours].max() + var_h[theirs].max())

    def scaled(i: Integers) -> Floats:
        return np.column_stack([r.x_km[i] / place, r.y_km[i] / place, r.t_h[i] / time])

    k = min(priors.neighbours + (ours is theirs), len(theirs))
    distance, index = cKDTree(scaled(theirs)).query(
        scaled(ours), k=k, distance_upper_bound=1.0, workers=_workers(len(ours))
    )
    distance, index = np.reshape(distance, (len(ours), -1)), np.reshape(index, (len(ours), -1))
    row, column = np.nonzero(np.isfinite(distance))
    found = np.column_stack([ours[row], theirs[index[row, column]]])
    return np.asarray(found[found[:, 0] != found[:, 1]])


def _comparable(r: Reports, pairs: Integers) -> NDArray[np.bool_]:
    """A count of incidents is only ever one with another source's count of the same place and period."""
    a, b = pairs[:, 0], pairs[:, 1]
    period = (r.t_h[a] == r.t_h[b]) & (r.width_h[a] == r.width_h[b])
    place = (r.x_km[a] == r.x_km[b]) & (r.y_km[a] == r.y_km[b])
    same = period & place & (r.source[a] != r.source[b])
    return np.where(r.counted[a] | r.counted[b], r.counted[a] & r.counted[b] & same, True)


def _told_apart(r: Reports, pairs: Integers) -> NDArray[np.bool_]:
    """Pairs of one source that it knows to be two incidents."""
    a, b = pairs[:, 0], pairs[:, 1]
    return np.asarray((r.source[a] == r.source[b]) & r.distinct[a] & r.distinct[b])


def density(r: Reports, s_km: Floats, priors: Priors) -> Floats:
    """(n,) reports of the same source per km² and hour around each report, whatever their kind.

    In place: the nearest neighbours, or all within the report's own error where these are nearer. In time: the
    share of the reports in the same stretch of ``cell_h`` and the two beside it.
    """
    out = np.empty(len(r))
    for source in range(len(r.sources)):
        at = np.flatnonzero(r.source == source)
        if len(at):
            out[at] = _around(r, at, s_km, priors) * _when(r.t_h[at], priors.cell_h)
    return out


def _around(r: Reports, at: Integers, s_km: Floats, priors: Priors) -> Floats:
    """Other reports per km²: the number of neighbours grows as the root of the number of reports, for a steady
    error. With too few reports for that, they are spread over a cell of ``cell_km``."""
    places = np.column_stack([r.x_km[at], r.y_km[at]])
    k = max(int(np.sqrt(len(at)) / 1.5), priors.density_neighbours)
    step = -(-k // MOST_NEIGHBOURS)
    if step > 1:
        return _thinned(places, s_km[at], k // step, step)
    tree = cKDTree(places)
    if len(at) <= k:
        radius = np.full(len(at), priors.cell_km / np.sqrt(np.pi))
    else:
        radius = np.asarray(tree.query(places, k=[k + 1], workers=_workers(len(at)))[0])[:, 0]
    wide = np.maximum(radius, s_km[at])
    count = np.full(len(at), float(k))
    tight = np.flatnonzero((radius < wide) | (len(at) <= k))
    count[tight] = (
        tree.query_ball_point(places[tight], wide[tight], return_length=True, workers=_workers(len(tight))) - 1.0
    )
    return np.asarray(np.maximum(count, 0.5) / (np.pi * wide**2))


def _thinned(places: Floats, s_km: Floats, k: int, step: int) -> Floats:
    """The same by every ``step``-th report, each of which stands for as many."""
    tree, own = cKDTree(places[::step]), np.arange(len(places)) % step == 0
    radius = np.asarray(tree.query(places, k=[k + 1], workers=_workers(len(places)))[0])[:, 0]
    wide = np.maximum(radius, s_km)
    count = k + 1.0 - own
    tight = np.flatnonzero(radius < wide)
    count[tight] = (
        tree.query_ball_point(places[tight], wide[tight], return_length=True, workers=_workers(len(tight))) - own[tight]
    )
    return np.asarray(np.maximum(count * step, 0.5) / (np.pi * wide**2))


def _when(t_h: Floats, cell_h: float) -> Floats:
    """Share of the reports per hour."""
    cell = np.floor((t_h - t_h.min()) / cell_h).astype(np.int64)
    count = np.bincount(cell).astype(np.float64)
    padded = np.pad(count, 1)
    cells = np.minimum(np.arange(len(count)), 1) + np.minimum(len(count) - 1 - np.arange(len(count)), 1) + 1
    smooth = (padded[:-2] + padded[1:-1] + padded[2:]) / (cells * cell_h)
    return np.asarray(smooth[cell] / len(t_h))
