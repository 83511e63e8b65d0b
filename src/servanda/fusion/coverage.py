"""How much of all that happens each source could tell of, by its kind: sources need not cover the same kinds."""

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.absence import seen
from servanda.fusion.model import Model
from servanda.fusion.quality import Quality

Floats = NDArray[np.float64]
LEAST = 1e-6


def kinds_there(m: Model, q: Quality) -> Floats:
    """(k,) share of each kind among incidents: its share of reports, over the reports that an incident of it has."""
    each = m.covers * (q.detect * (1.0 + q.repeat) / np.maximum(1.0 - q.false, LEAST))[:, None]
    return _shares(m.kinds / np.maximum(each.sum(axis=0), LEAST))


def kinds_unseen_too(m: Model, recorded: Floats) -> Floats:
    """(k,) share of each kind among incidents, from ``recorded`` (k,) among those that somebody told of."""
    told = 1.0 - np.prod(1.0 - seen(m, np.ones(len(m.r.sources), dtype=bool)), axis=0)
    return _shares(recorded / np.maximum(told, LEAST))


def covered(m: Model, kinds: Floats) -> Floats:
    """(s,) share of incidents whose kind the source covers."""
    return np.asarray(np.maximum(m.covers @ kinds, LEAST))


def covered_by_both(m: Model, kinds: Floats) -> Floats:
    """(s, s) share of incidents whose kind both sources cover."""
    return np.asarray(np.maximum((m.covers * kinds) @ m.covers.T.astype(np.float64), LEAST))


def _shares(weights: Floats) -> Floats:
    return np.asarray(weights / max(float(weights.sum()), LEAST))
