"""A world made to the learned model, in which the same learning is tried out: what it gets wrong there, it gets
wrong here (indirect inference: Gourieroux, Monfort and Renault 1993)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.clusters import Clusters, clusters, real
from servanda.fusion.grouping import group
from servanda.fusion.model import Model
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


LEAST_DOUBT = 1e-9
"""No report is beyond doubt, so that a false one can be like any."""


NEAR = 30
"""Neighbours whose times change places."""


@dataclass(frozen=True)
class Told:
    """Things to be told of: place (km), time (h), kind; arrays of one length."""

    x_km: Floats
    y_km: Floats
    t_h: Floats
    kind: Integers

    def __getitem__(self, at: Integers) -> "Told":
        return Told(self.x_km[at], self.y_km[at], self.t_h[at], self.kind[at])


@dataclass(frozen=True)
class Replica:
    """reports: without a frame; incident: (n,) what each is of, -1 where it is false."""

    reports: Reports
    incident: Integers


def replica(m: Model, seed: int) -> Replica:
    """Reports as they would come if the sources were as good as ``m.quality`` says."""
    rng = np.random.default_rng(seed)
    grouping = group(m)
    c = clusters(m, grouping.label, grouping.chance)
    chance = real(c, m, np.ones(len(m.r.sources), dtype=bool))
    likely = 0.5 * (m.true + chance[grouping.label])
    spare = _false(m, likely, rng)
    left = np.bincount(grouping.label, ~spare, len(chance)) > 0
    incidents = _incidents(m, round(incidents_there(m)), c, chance * left, rng)
    made = [_reports(m, source, incidents, spare, rng) for source in range(len(m.r.sources)) if source in m.r.source]
    arrays = {name: np.concatenate([part[name] for part in made]) for name in made[0]}
    incident = arrays.pop("incident")
    return Replica(m.r.made(arrays), incident)


def incidents_there(m: Model) -> float:
    """How many incidents there were, as every source's true reports and detection rate say, weighed by matches."""
    r, q = m.r, m.quality
    count = np.bincount(r.source, minlength=len(r.sources))
    return float(np.average(count * (1.0 - q.false) / (1.0 + q.repeat) / q.detect, weights=q.matches + 1.0))


def _false(m: Model, likely: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) reports that stand for false ones, each source's share of them: the less likely ones more often."""
    out = np.zeros(len(m.r), dtype=bool)
    wrong = np.maximum(1.0 - likely, LEAST_DOUBT)
    for source in range(len(m.r.sources)):
        own = np.flatnonzero(m.r.source == source)
        n = round(len(own) * m.quality.false[source])
        out[rng.choice(own, n, replace=False, p=wrong[own] / wrong[own].sum())] = n > 0
    return out


def _incidents(m: Model, n: int, c: Clusters, chance: Floats, rng: np.random.Generator) -> Told:
    """Places of those on record, each about as often as it is likely (systematic sampling), at times of others near."""
    wanted = np.floor(np.cumsum(chance) * n / chance.sum() + rng.random()).astype(np.int64)
    at = np.repeat(np.arange(len(chance)), np.diff(wanted, prepend=0))
    kinds = chance @ c.kinds / chance.sum()
    t_h = _times_near(m, c.x_km[at], c.y_km[at], c.t_h[at], rng)
    return Told(c.x_km[at], c.y_km[at], t_h, rng.choice(len(kinds), len(at), p=kinds))


def _times_near(m: Model, x_km: Floats, y_km: Floats, t_h: Floats, rng: np.random.Generator) -> Floats:
    """The times change places among ``NEAR`` neighbours, and move within ``cell_h``: so no two coincide by making, and
    waves and moving fronts stay."""
    n = len(t_h)
    across = np.argsort(np.argsort(x_km, kind="stable"), kind="stable")
    strip = (across * max(round(np.sqrt(n / NEAR)), 1)) // max(n, 1)
    row = np.lexsort((y_km, strip))
    block = np.arange(n) // NEAR
    given = np.lexsort((rng.random(n), block))
    moved = np.empty(n)
    moved[row] = t_h[row][given] + (rng.random(n) - 0.5) * m.priors.cell_h
    return np.clip(moved, t_h.min(initial=np.inf), t_h.max(initial=-np.inf))


def _reports(
    m: Model, source: int, incidents: Told, spare: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Floats | Integers]:
    """What one source tells of them: first reports, repeats, and false ones like its own reports."""
    r, q = m.r, m.quality
    own = np.flatnonzero(r.source == source)
    first = np.flatnonzero(rng.random(len(incidents.kind)) < q.detect[source])
    again = rng.choice(first, rng.binomial(len(first), min(q.repeat[source], 1.0)))
    which = np.concatenate([first, again])
    told = incidents[which]
    like = rng.choice(own, len(told.kind))
    n_false = round(len(told.kind) * q.false[source] / (1.0 - q.false[source]))
    pool = own[spare[own]] if spare[own].any() else own
    false = rng.permutation(np.resize(pool, n_false))
    when = np.where(r.width_h[false] > 0, r.t_h[false], _times_near(m, r.x_km[false], r.y_km[false], r.t_h[false], rng))
    says = np.cumsum(m.says[source], axis=1)
    drawn = rng.random(len(told.kind)) * says[told.kind, -1]
    kind = (drawn[:, None] > says[told.kind]).sum(axis=1)
    late = told.t_h + rng.normal(0.0, q.time_h[source], len(told.kind))
    width = r.width_h[like]
    stretch = np.maximum(width, 1e-9)
    x, y = (v + rng.normal(0.0, m.s_km[like]) for v in (told.x_km, told.y_km))
    at = np.concatenate([like, false])
    return {
        "incident": np.concatenate([which, np.full(n_false, -1)]),
        "x_km": np.concatenate([x, r.x_km[false]]),
        "y_km": np.concatenate([y, r.y_km[false]]),
        "s_km": r.s_km[at],
        "lean": np.zeros((len(at), 2)),
        "post": np.zeros(len(at), dtype=np.int64),
        "t_h": np.concatenate([np.where(width > 0, (np.floor(late / stretch) + 0.5) * stretch, late), when]),
        "width_h": r.width_h[at],
        "p_true": r.p_true[at],
        "trust": r.trust[at],
        "before": r.before[at],
        "kind": np.concatenate([np.minimum(kind, len(m.kinds) - 1), r.kind[false]]),
        "source": np.full(len(at), source),
        "group": r.group[at],
        "counted": np.zeros(len(at), dtype=bool),
        "distinct": np.zeros(len(at), dtype=bool),
    }
