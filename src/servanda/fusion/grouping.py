"""Reports to groups: source after source, the most precise first, each against what the others have told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.association import Links, associate, choose, drawn, likelihood
from servanda.fusion.clusters import clusters
from servanda.fusion.distinct import distinct, ranked
from servanda.fusion.model import Model

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
POSTS = 24
"""Posts of one source that are told apart in matching: with more of them, some take turns."""


@dataclass(frozen=True)
class Grouping:
    """label: (n,) group of each report; chance: (n,) that it joins those before it there, 0 for the first of a group;
    open_: the other links that were likely enough to be told, cluster as its label."""

    label: Integers
    chance: Floats
    open_: Links


def group(m: Model, without: NDArray[np.bool_] | None = None, rng: np.random.Generator | None = None) -> Grouping:
    """One pass over the sources. A later source cannot part what earlier ones have joined.

    Reports of the sources in ``without`` (s,) are left out: their label is -1. With ``rng``, links are drawn by their
    chances instead of the likeliest being kept: how often something happens is then right on average.
    """
    label, chance = np.full(len(m.r), -1), np.zeros(len(m.r))
    heard = np.zeros(len(m.r.sources), dtype=bool)
    left: list[Links] = []
    for source in _by_precision(m):
        if without is not None and without[source]:
            continue
        for again in (False, True):
            if label.max(initial=-1) >= 0:
                links = associate(m, clusters(m, label, chance), label, source, heard, again)
                left.append(_join(links, label, chance, m.priors.link, rng))
        alone = np.flatnonzero((m.r.source == source) & (label < 0))
        if m.r.post[alone].any():
            _by_post(m, label, chance, alone, source, heard, rng)
        else:
            label[alone] = label.max(initial=-1) + 1 + np.arange(len(alone))
            _repeats(m, label, chance, alone, rng)
        heard[source] = True
    numbered = np.full(len(label), -1)
    numbered[label >= 0] = ranked(label[label >= 0])
    return Grouping(numbered, chance, _open(left, label, numbered, m.priors.told))


def _by_precision(m: Model) -> list[int]:
    """Sources from the most precise to the least: by the size of a typical ellipsoid of place and time."""
    size = np.log(m.s_km) * 2.0 + np.log(m.var_h) * 0.5
    count = np.maximum(np.bincount(m.r.source, minlength=len(m.r.sources)), 1)
    mean = np.bincount(m.r.source, size, len(m.r.sources)) / count
    return [int(s) for s in np.lexsort((np.arange(len(mean)), mean))]


def _join(links: Links, label: Integers, chance: Floats, least: float, rng: np.random.Generator | None) -> Links:
    """Give the chosen reports the label of their cluster, in place; what is left is returned."""
    kept = choose(links, least) if rng is None else drawn(links, rng)
    label[kept.report], chance[kept.report] = kept.cluster, kept.chance
    other = label[links.report] != links.cluster
    return Links(links.report[other], links.cluster[other], links.chance[other])


def _repeats(m: Model, label: Integers, chance: Floats, alone: Integers, rng: np.random.Generator | None) -> None:
    """Join what one source has told twice and nobody else has told, in place: each pair at most once."""
    single = np.zeros(len(m.r), dtype=bool)
    single[alone] = True
    mine = m.pairs[m.r.source[alone[0]]] if len(alone) else np.empty((0, 2), dtype=np.int32)
    pairs = np.sort(mine[single[mine[:, 0]] & single[mine[:, 1]]], axis=1).astype(np.int64)
    codes = distinct(pairs[:, 0] * len(m.r) + pairs[:, 1])
    one, other = codes // len(m.r), codes % len(m.r)
    if not len(codes):
        return
    alike = np.full(len(m.r), -1)
    alike[other] = 0
    alike[alike == 0] = np.arange(np.count_nonzero(alike == 0))
    repeat = m.quality.repeat[m.r.source[one]]
    odds = repeat * likelihood(m, clusters(m, alike, chance), one, alike[other]) / m.around[one]
    both = np.bincount(np.r_[one, other], np.r_[odds, odds], len(m.r))
    p = odds / (1.0 + np.maximum(both[one], both[other]))
    order = np.lexsort((other, one, -p))
    order = order[p[order] > (m.priors.link if rng is None else rng.random(len(order)))]
    free = single
    for i in order:
        a, b = one[i], other[i]
        if free[a] and free[b]:
            label[b], chance[b] = label[a], p[i]
            free[a] = free[b] = False


def _by_post(
    m: Model,
    label: Integers,
    chance: Floats,
    alone: Integers,
    source: int,
    heard: NDArray[np.bool_],
    rng: np.random.Generator | None,
) -> None:
    """Join what the posts of one source have told and nobody else has, in place: post after post, each once."""
    rank = m.r.post[alone] % POSTS
    for which in distinct(rank):
        mine = alone[rank == which]
        if label.max(initial=-1) >= 0:
            among = np.zeros(len(label), dtype=bool)
            among[mine] = True
            links = associate(m, clusters(m, label, chance), label, source, heard, again=True, among=among)
            _join(links, label, chance, m.priors.link, rng)
        new = mine[label[mine] < 0]
        label[new] = label.max(initial=-1) + 1 + np.arange(len(new))


def _open(left: list[Links], label: Integers, numbered: Integers, least: float) -> Links:
    """Links not chosen that are likely enough to be told, by the final numbers of the groups."""
    names = np.full(int(label.max(initial=-1)) + 1, -1)
    names[label[label >= 0]] = numbered[label >= 0]
    parts = [
        Links(x.report[k], names[x.cluster[k]], x.chance[k])
        for x in left
        for k in [np.flatnonzero((x.chance >= least) & (names[x.cluster] >= 0))]
    ]
    if not parts:
        empty = np.empty(0, dtype=np.int64)
        return Links(empty, empty, np.empty(0))
    return Links(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("report", "cluster", "chance")))
