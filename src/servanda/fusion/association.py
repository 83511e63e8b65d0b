"""The reports of one source against the clusters of the others: which report is of which incident, how likely.

An incident gives a source at most one first report. Marginal chances under that rule come from belief
propagation on the graph of reports and clusters (Williams and Lau, Approximate evaluation of marginal
association probabilities with belief propagation, IEEE Trans. AES 50(4), 2014).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from servanda.fusion.absence import seen
from servanda.fusion.clusters import Clusters, real
from servanda.fusion.distinct import distinct, first, ranked
from servanda.fusion.model import Model
from servanda.fusion.place import density

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
ROUNDS = 15
SETTLED = 1e-3
"""Belief propagation ends when no message moves by more, or after ``ROUNDS``."""
BLOCK = 1_000_000
"""Edges that are weighed at once, for memory."""
NEGLIGIBLE = 5e-3
"""Odds below this are dropped before belief propagation."""


@dataclass(frozen=True)
class Links:
    """Arrays (e,): report, cluster, and the chance that the report is of that incident."""

    report: Integers
    cluster: Integers
    chance: Floats


def associate(
    m: Model,
    c: Clusters,
    label: Integers,
    source: int,
    heard: Flags,
    again: bool = False,
    among: Flags | None = None,
) -> Links:
    """Unlabelled reports of ``source`` against the clusters; ``again``: further reports of what it has reported.

    ``heard`` (s,): the sources that are in ``label`` already, so that their silence counts. ``among`` (n,):
    only these reports.
    """
    open_ = label < 0 if among is None else (label < 0) & among
    told = label >= 0
    if again:
        open_ = open_ & ~m.r.distinct
        told[told] = c.has[label[told], source] > 0
    report, cluster = _edges(m, label, source, open_, told)
    expected = _expected(m, c, source, heard, again)
    parts = []
    for start in range(0, max(len(report), 1), BLOCK):
        one, of = report[start : start + BLOCK], cluster[start : start + BLOCK]
        odds = likelihood(m, c, one, of) * expected[of] / _otherwise(m, one, source, heard, again)
        keep = odds > NEGLIGIBLE
        parts.append((one[keep], of[keep], odds[keep]))
    report, cluster, odds = (np.concatenate(x) for x in zip(*parts, strict=True))
    return Links(report, cluster, marginals(report, cluster, odds))


def _edges(m: Model, label: Integers, source: int, open_: Flags, told: Flags) -> tuple[Integers, Integers]:
    """Pairs (report, cluster) without repeats, from candidate pairs of an open report and a told one."""
    one, other = m.pairs[source].T
    keep = open_[one] & told[other]
    n = int(label.max(initial=-1)) + 1
    codes = distinct(one[keep].astype(np.int64) * n + label[other[keep]])
    return codes // max(n, 1), codes % max(n, 1)


def likelihood(m: Model, c: Clusters, report: Integers, cluster: Integers) -> Floats:
    """(e,) density per km² and hour, times the chance of the kind, of each report if it is of that incident.

    All reports are of one source.
    """
    r = m.r
    if not len(report):
        return np.empty(0)
    east, north = r.x_km[report] - c.x_km[cluster], r.y_km[report] - c.y_km[cluster]
    place = density(east, north, m.s_km[report] ** 2 + c.var_km2[cluster], r.lean[report] + c.lean[cluster])
    said = np.einsum("ck,kr->cr", c.kinds, m.says[r.source[report[0]]])
    return np.asarray(place * _time_fit(m, c, report, cluster) * said[cluster, r.kind[report]])


def _time_fit(m: Model, c: Clusters, report: Integers, cluster: Integers) -> Floats:
    """Density per hour: a bell for an instant; for an interval the chance to lie in it, over its length."""
    width = m.r.width_h[report]
    spread = np.sqrt(m.quality.time_h[m.r.source[report]] ** 2 + c.var_h2[cluster])
    z = (m.r.t_h[report] - c.t_h[cluster]) / spread
    out = np.empty(len(z))
    long = width > 0.0
    short = ~long
    out[short] = np.exp(-0.5 * z[short] ** 2) / (np.sqrt(2.0 * np.pi) * spread[short])
    half = 0.5 * width[long] / spread[long]
    out[long] = (ndtr(z[long] + half) - ndtr(z[long] - half)) / np.maximum(width[long], 1e-9)
    return out


def _expected(m: Model, c: Clusters, source: int, heard: Flags, again: bool) -> Floats:
    """(c,) odds that the source reports the incident, given what is known of it so far."""
    if again:
        share = m.quality.repeat[source] / (1.0 + m.quality.repeat[source])
        return np.full(len(c.size), share / (1.0 - share))
    others = heard.copy()
    others[source] = False
    e, d = real(c, m, others), m.quality.detect[source]
    return np.asarray(e * d / (e * (1.0 - d) + 1.0 - e))


def _otherwise(m: Model, report: Integers, source: int, heard: Flags, again: bool) -> Floats:
    """(e,) density of reports like this one that are of none of the clusters: false, or first to tell."""
    first = m.around[report] / (1.0 + m.quality.repeat[source])
    if again:
        return np.asarray(first)
    others = heard.copy()
    others[source] = False
    missed = np.prod(1.0 - seen(m, others), axis=0)[m.r.kind[report]]
    true = m.true[report]
    return np.asarray(first * (1.0 - true + true * missed))


def marginals(report: Integers, cluster: Integers, odds: Floats) -> Floats:
    """(e,) chance of each edge when every report has at most one cluster and every cluster at most one report."""
    if not len(odds):
        return odds
    i, j = ranked(report), ranked(cluster)
    reply = np.ones(len(odds))
    said = odds
    for _ in range(ROUNDS):
        weighed = odds * reply
        said = odds / (1.0 + np.bincount(j, weighed)[j] - weighed)
        fresh = 1.0 / (1.0 + np.bincount(i, said)[i] - said)
        moved = float(np.abs(fresh - reply).max())
        reply = 0.5 * (reply + fresh)
        if moved < SETTLED:
            break
    return np.asarray(said / (1.0 + np.bincount(i, said)[i]))


def drawn(links: Links, rng: np.random.Generator) -> Links:
    """Links drawn by their chances, one for a report and one for a cluster; where two reports draw one cluster, the
    second is left out."""
    order = np.argsort(links.report, kind="stable")
    report, chance = links.report[order], links.chance[order]
    begins = np.r_[True, report[1:] != report[:-1]] if len(report) else np.empty(0, dtype=bool)
    run = np.cumsum(begins) - 1
    upto = np.cumsum(chance)
    before = np.r_[0.0, upto[:-1]][begins][run] if len(report) else upto
    u = rng.random(int(begins.sum()))[run] if len(report) else upto
    hit = order[(upto - before > u) & (upto - before - chance <= u)]
    hit = hit[rng.permutation(len(hit))]
    hit = np.sort(hit[first(links.cluster[hit])])
    return Links(links.report[hit], links.cluster[hit], links.chance[hit])


def choose(links: Links, least: float) -> Links:
    """The links to keep, one for a report and one for a cluster: the likeliest first, ties by position."""
    order = np.lexsort((links.cluster, links.report, -links.chance))
    order = order[links.chance[order] > least]
    taken: list[Integers] = []
    used_reports, used_clusters = (np.zeros(int(x.max(initial=-1)) + 1, bool) for x in (links.report, links.cluster))
    while len(order):
        kept = order[first(links.report[order]) & first(links.cluster[order])]
        taken.append(kept)
        used_reports[links.report[kept]] = used_clusters[links.cluster[kept]] = True
        order = order[~used_reports[links.report[order]] & ~used_clusters[links.cluster[order]]]
    at = np.concatenate(taken) if taken else np.empty(0, dtype=np.int64)
    return Links(links.report[at], links.cluster[at], links.chance[at])
