"""How much of all that happens each source could tell of, by its kind: sources need not cover the same kinds.

A kind of which there are too few reports for anybody to cover it counts as covered like the rest.
"""

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.absence import seen
from servanda.fusion.model import Model
from servanda.fusion.quality import Quality

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def told_of(m: Model) -> Flags:
    """(s, k) whether a source tells of a kind: one that it covers, or that nobody does and it has given."""
    rare = ~m.covers.any(axis=0)
    return np.asarray(m.covers | (rare & (m.says.sum(axis=2) > 0)))


def kinds_there(m: Model, q: Quality) -> Floats:
    """(k,) share of each kind among incidents: its share of reports, over the reports that an incident of it has."""
    each = m.covers * (q.detect * (1.0 + q.repeat) / np.maximum(1.0 - q.false, 1e-6))[:, None]
    return _per(m.kinds, each.sum(axis=0))


def kinds_unseen_too(m: Model, recorded: Floats) -> Floats:
    """(k,) share of each kind among incidents, from ``recorded`` (k,) among those that somebody told of."""
    return _per(recorded, 1.0 - np.prod(1.0 - seen(m, np.ones(len(m.r.sources), dtype=bool)), axis=0))


def covered(m: Model, kinds: Floats) -> Floats:
    """(s,) share of incidents whose kind the source covers; 1 for one with too few reports to cover any."""
    return np.where(m.covers.any(axis=1), m.covers @ kinds, 1.0)


def covered_by_both(m: Model, kinds: Floats) -> Floats:
    """(s, s) share of incidents whose kind both sources cover."""
    return np.asarray((m.covers * kinds) @ m.covers.T.astype(np.float64))


def _per(weights: Floats, each: Floats) -> Floats:
    """Weights over what each stands for, as shares; where that is nought, it is taken as the most of any."""
    most = float(each.max(initial=0.0))
    shares = weights / np.where(each > 0.0, each, most if most > 0.0 else 1.0)
    return np.asarray(shares / max(float(shares.sum()), 1e-300))
