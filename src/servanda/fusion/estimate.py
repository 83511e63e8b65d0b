"""Errors of sources: every source against the incidents that the other witness groups tell without it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.association import Links, associate
from servanda.fusion.clusters import Clusters, clusters
from servanda.fusion.coincidences import Start
from servanda.fusion.grouping import group
from servanda.fusion.model import Model
from servanda.fusion.quality import Quality

Floats = NDArray[np.float64]
FLOOR_H = 0.02
"""No clock is taken to be better than about a minute."""
LEARNED = ("confusion", "sigma_km", "time_h", "matches")


def improved(m: Model, start: Start) -> tuple[Quality, Floats]:
    """Every source against the groups that the others make without it, and without its copies.

    Also (s,) how clear matching is: the share of the variance of 'another source tells it, too' that the chances of
    matching explain, over the reports of a source; 1 where it is certain of each, 0 where all are alike.
    """
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda source: _improved(m, start, source), range(len(m.r.sources))))
    new = {name: np.array([t[name] for t in told]) for name in LEARNED}
    return replace(m.quality, **new), np.array([t["clear"] for t in told])


def _improved(m: Model, start: Start, source: int) -> dict[str, float]:
    """What ``LEARNED`` names, and how clear matching is, of one source."""
    before = {"clear": 0.0} | {name: float(getattr(m.quality, name)[source]) for name in LEARNED}
    heard = m.group_of != m.group_of[source]
    if not (m.r.source == source).any() or not heard.any():
        return before
    others = group(m, without=~heard)
    if others.label.max(initial=-1) < 0:
        return before
    c = clusters(m, others.label, others.chance)
    links = associate(m, c, others.label, source, heard)
    return before | _estimated(m, c, links, source, start) | {"clear": _clear(m, links, source)}


def _clear(m: Model, links: Links, source: int) -> float:
    shared = np.bincount(links.report, links.chance, len(m.r))[m.r.source == source]
    mean = float(shared.mean())
    return float(np.clip(shared.var() / max(mean * (1.0 - mean), 1e-9), 0.0, 1.0))


def _estimated(m: Model, c: Clusters, links: Links, source: int, start: Start) -> dict[str, float]:
    """Posterior means under the stated priors."""
    matches = float(links.chance.sum())
    if matches < 1.0:
        return {"matches": matches}
    return {
        "matches": matches,
        "sigma_km": float(np.sqrt(_place_km2(m, c, links, source, start))),
        "time_h": float(np.sqrt(_time_h2(m, c, links, source, start))),
        "confusion": _confusion(m, c, links, source),
    }


def _place_km2(m: Model, c: Clusters, links: Links, source: int, start: Start) -> float:
    open_ = np.isnan(m.r.s_km[links.report])
    at, of, p = links.report[open_], links.cluster[open_], links.chance[open_]
    apart = ((m.r.x_km[at] - c.x_km[of]) ** 2 + (m.r.y_km[at] - c.y_km[of]) ** 2) / 2.0
    now = m.quality.sigma_km[source] ** 2
    km2 = _variance(apart, c.var_km2[of], p, now, start.km2[source], start.km2_precision[source])
    return float(max(km2, (m.priors.sigma_floor_m / 1000.0) ** 2))


def _time_h2(m: Model, c: Clusters, links: Links, source: int, start: Start) -> float:
    at, of = links.report, links.cluster
    late = (m.r.t_h[at] - c.t_h[of]) ** 2
    known = c.var_h2[of] + m.r.width_h[at] ** 2 / 12.0
    now = m.quality.time_h[source] ** 2
    h2 = _variance(late, known, links.chance, now, start.h2[source], start.h2_precision[source])
    return max(h2, FLOOR_H**2)


def _variance(square: Floats, known: Floats, p: Floats, now: float, anchor: float, anchored: float) -> float:
    """Fisher scoring for a variance that adds to known ones, with what coincidences said of it as a prior."""
    precision = p / (now + known) ** 2
    return float((np.sum(precision * (square - known)) + anchored * anchor) / (np.sum(precision) + anchored))


def _confusion(m: Model, c: Clusters, links: Links, source: int) -> float:
    """Share of matched reports whose kind is only akin to the incident's, each weighed by how likely that is."""
    kind, now, weight = m.r.kind[links.report], m.quality.confusion, m.priors.learn_weight
    mistaken = m.says_mistaken[source][:, kind].T * now[source]
    said = (c.kinds[links.cluster] * m.says[source][:, kind].T).sum(axis=1)
    wrong = (c.kinds[links.cluster] * mistaken).sum(axis=1)
    share = float(np.sum(links.chance * np.clip(wrong / np.maximum(said, 1e-12), 0.0, 1.0)))
    total = float(links.chance.sum())
    return float(np.clip((share + weight * m.priors.confusion) / (total + weight), 0.005, 0.9))
