"""What a set of reports taken for one incident says together: where, when, what, and whether it is real."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.absence import missed
from servanda.fusion.model import Model
from servanda.fusion.place import pooled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Arrays (c,): precision-weighted place (km) and time (h) with their variances on each axis; lean: (c, 2) see
    ``place``.

    kinds: (c, k) chance of each kind; size: reports in it; has: (c, s) reports of each source in it; doubt:
    chance that all its witness groups are wrong; counted: it stands for a count of incidents.
    """

    x_km: Floats
    y_km: Floats
    var_km2: Floats
    lean: Floats
    t_h: Floats
    var_h2: Floats
    kinds: Floats
    size: Integers
    has: Integers
    doubt: Floats
    counted: NDArray[np.bool_]


def clusters(m: Model, label: Integers, chance: Floats) -> Clusters:
    """The clusters of reports that have a label from 0 on; reports with a negative one are left out.

    ``chance`` (n,): that a report belongs where it is.
    """
    at = np.flatnonzero(label >= 0)
    lab, n = label[at], int(label.max(initial=-1)) + 1
    r, sources = m.r, len(m.r.sources)
    weight_t = 1.0 / m.var_h[at]
    total_t = np.maximum(np.bincount(lab, weight_t, n), 1e-300)
    where = pooled(lab, r.x_km[at], r.y_km[at], m.s_km[at] ** 2, r.lean[at], n)
    return Clusters(
        where.x_km,
        where.y_km,
        where.var_km2,
        where.lean,
        np.bincount(lab, weight_t * r.t_h[at], n) / total_t,
        1.0 / total_t,
        _kinds(m, at, lab, n),
        np.bincount(lab, minlength=n),
        np.bincount(lab * sources + r.source[at], minlength=n * sources).reshape(n, sources),
        _doubt(m, at, lab, chance[at], n),
        np.bincount(lab, r.counted[at], n) > 0,
    )


def _kinds(m: Model, at: Integers, lab: Integers, n: int) -> Floats:
    """Bayes over the kinds, each report an independent saying."""
    out = np.tile(np.log(m.kinds), (n, 1))
    with np.errstate(divide="ignore"):
        saying = np.log(m.says)
    for kind in range(out.shape[1]):
        out[:, kind] += np.bincount(lab, np.maximum(saying[m.r.source[at], kind, m.r.kind[at]], -50.0), n)
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    return out


def _doubt(m: Model, at: Integers, lab: Integers, chance: Floats, n: int) -> Floats:
    """Product over witness groups of the chance that the best report of the group is false.

    The group that joins least surely stands alone; the others are as true as their joining makes them.
    """
    code = lab * len(m.r.groups) + m.r.group[at]
    order = np.lexsort((-m.true[at], code))
    best = order[_starts(code[order])]
    best = best[np.lexsort((chance[best], lab[best]))]
    joins = np.where(_starts(lab[best]), 0.0, chance[best])
    false = joined_false(m.true[at][best], joins, m.priors.rumour)
    return np.exp(np.bincount(lab[best], np.log(np.maximum(false, 1e-12)), n))


def _starts(values: Integers) -> NDArray[np.bool_]:
    """Where a run of equal values begins."""
    return np.r_[True, values[1:] != values[:-1]] if len(values) else np.empty(0, dtype=bool)


def joined_false(true: Floats, chance: Floats, rumour: float) -> Floats:
    """Chance that a group's report is false, for all that the others in its incident say.

    If it is of the same incident, then only if a false report went round; if not, as if it stood alone.
    """
    return np.asarray(np.minimum(1.0 - true, (1.0 - true) * (1.0 - chance) + chance * rumour))


def silent(c: Clusters, m: Model, heard: NDArray[np.bool_]) -> Floats:
    """(c,) log of the chance that all in ``heard`` (s,) who have not told it would miss it; 0 for counts."""
    return np.where(c.counted, 0.0, missed(m, c.kinds, c.has, heard))


def real(c: Clusters, m: Model, heard: NDArray[np.bool_]) -> Floats:
    """(c,) chance that the incident is real, given also that the sources in ``heard`` (s,) that are not in it
    reported nothing."""
    weight = (1.0 - c.doubt) * np.exp(silent(c, m, heard))
    return np.asarray(weight / np.maximum(weight + c.doubt, 1e-300))
