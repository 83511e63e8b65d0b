"""One round of learning: every source against the incidents that the other witness groups tell without it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.absence import seen
from servanda.fusion.association import Links, associate
from servanda.fusion.clusters import Clusters, clusters, real
from servanda.fusion.coincidences import Start
from servanda.fusion.grouping import group
from servanda.fusion.model import Model
from servanda.fusion.quality import Quality

Floats = NDArray[np.float64]
FLOOR_H = 0.02
"""No clock is taken to be better than about a minute."""
AT_MOST = 0.95
LEARNED = ("detect", "false", "confusion", "sigma_km", "time_h", "matches")


def improved(m: Model, start: Start) -> Quality:
    """Every source against the groups that the others make without it, and without its copies."""
    new = {name: getattr(m.quality, name).copy() for name in LEARNED}
    for source in range(len(m.r.sources)):
        heard = m.group_of != m.group_of[source]
        if not (m.r.source == source).any() or not heard.any():
            continue
        others = group(m, without=~heard)
        if others.label.max(initial=-1) < 0:
            continue
        c = clusters(m, others.label, others.chance)
        links = associate(m, c, others.label, source, heard)
        _estimate(m, c, links, source, heard, new, start)
    return replace(m.quality, **new)


def _estimate(
    m: Model, c: Clusters, links: Links, source: int, heard: NDArray[np.bool_], new: dict[str, Floats], start: Start
) -> None:
    """Posterior means under the stated priors into ``new``."""
    new["matches"][source] = links.chance.sum()
    new["detect"][source] = _detect(m, c, links, source, heard)
    new["false"][source] = _false(m, links, source, heard)
    if new["matches"][source] >= 1.0:
        new["sigma_km"][source] = np.sqrt(_place_km2(m, c, links, source, start))
        new["time_h"][source] = np.sqrt(_time_h2(m, c, links, source, start))
        new["confusion"][source] = _confusion(m, c, links, source)


def _detect(m: Model, c: Clusters, links: Links, source: int, heard: NDArray[np.bool_]) -> float:
    """Share of the incidents of its kinds that it tells, under a prior worth ``learn_weight`` incidents."""
    weight = m.priors.learn_weight
    surely = _sure(c, m, heard, weight) * (c.kinds @ m.covers[source])
    told = float((links.chance * (surely[links.cluster] > 0.0)).sum())
    return min((told + weight * m.priors.corroboration) / (float(surely.sum()) + weight), AT_MOST)


def _false(m: Model, links: Links, source: int, heard: NDArray[np.bool_]) -> float:
    """Share of its reports with nothing behind them, from those that at least two other groups could have told, too.

    With fewer groups, a rate of detection and a share of false reports explain the same matches: what is stated
    stands.
    """
    chance = seen(m, heard)
    own = m.r.source == source
    found = 1.0 - np.prod(1.0 - chance, axis=0)[m.r.kind]
    enough = ((chance > 0.0).sum(axis=0) > 1)[m.r.kind] & ~m.r.counted
    stated = float(np.clip(1.0 - np.mean(m.r.before[own]), 1e-3, 1.0))
    told = float((own & enough).sum()) / (1.0 + m.quality.repeat[source])
    at = enough[links.report]
    true = min(float(np.sum(links.chance[at] / np.maximum(found[links.report[at]], 1e-6))), told)
    weight = float(np.mean(m.r.trust[own]))
    return float(np.clip((told - true + weight * stated) / (told + weight), 1e-3, AT_MOST))


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


def _sure(c: Clusters, m: Model, heard: NDArray[np.bool_], least: float) -> Floats:
    """(c,) chance to be real of the incidents that several sources tell, where they are enough; else of all.

    What share of these a source tells is its detection rate, whatever the share of false reports may be.
    """
    chance = real(c, m, heard)
    several = chance * ((c.has > 0).sum(axis=1) > 1)
    return several if several.sum() >= least else chance


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
