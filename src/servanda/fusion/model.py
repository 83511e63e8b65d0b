"""Reports seen through the qualities of their sources: all that matching needs, worked out once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.candidates import Pairs, candidates, density
from servanda.fusion.kindred import relations, reported
from servanda.fusion.priors import Priors
from servanda.fusion.quality import Quality, belief, group_of, place_error, time_variance
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """Arrays by report: s_km, var_h (errors), true (chance that it is true), around (reports of its source and
    kind per km² and hour). pairs: by source (m, 2) candidates of its reports. says: (sources, true kinds,
    reported kinds), and says_mistaken where a source takes one kind for another; kinds: (k,) share of each kind among
    all reports. covers: (sources, kinds) whether a source reports such kinds at all; group_of: (sources,) its witness
    group.
    """

    r: Reports
    quality: Quality
    priors: Priors
    s_km: Floats
    var_h: Floats
    true: Floats
    around: Floats
    pairs: tuple[Pairs, ...]
    says: Floats
    says_mistaken: Floats
    kinds: Floats
    covers: NDArray[np.bool_]
    group_of: Integers


def model(r: Reports, quality: Quality, priors: Priors, like: Model | None = None) -> Model:
    """What the reports mean if the sources are as good as ``quality`` says.

    ``like``: the same reports under a quality so near that the candidates are the same.
    """
    s_km, var_h = place_error(r, quality), time_variance(r, quality)
    frequency = _frequency(r)
    says, mistaken = reported(r.kinds, frequency, quality.confusion, priors)
    around = density(r, s_km, priors) * frequency[r.source, r.kind]
    pairs = like.pairs if like else candidates(r, s_km, var_h, priors)
    true, covers = belief(r, quality), _covers(r, priors)
    return Model(r, quality, priors, s_km, var_h, true, around, pairs, says, mistaken, _shares(r), covers, group_of(r))


def _covers(r: Reports, priors: Priors) -> NDArray[np.bool_]:
    """Kinds that a source reports, or may take for one that it reports."""
    if not len(r):
        return np.zeros((len(r.sources), 1), dtype=bool)
    every = relations(priors.consequence)
    same, akin = every[0][np.ix_(r.kinds, r.kinds)], every[1][np.ix_(r.kinds, r.kinds)]
    single = r.part(np.flatnonzero(~r.counted))
    return np.asarray(_count(single) @ (same | (akin > 0)).T >= min(priors.cover_from, len(r)))


def _shares(r: Reports) -> Floats:
    """(kinds,) share of each kind among all reports."""
    count = np.bincount(r.kind, minlength=max(len(r.kinds), 1)) + 1e-9
    return np.asarray(count / count.sum())


def _frequency(r: Reports) -> Floats:
    """(sources, kinds) how often each source says each kind."""
    count = _count(r)
    return np.asarray(count / np.maximum(count.sum(axis=1, keepdims=True), 1))


def _count(r: Reports) -> Integers:
    shape = (len(r.sources), max(len(r.kinds), 1))
    return np.bincount(r.source * shape[1] + r.kind, minlength=shape[0] * shape[1]).reshape(shape)
