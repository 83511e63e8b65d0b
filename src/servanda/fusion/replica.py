"""A world made to the learned model, in which the same learning is tried out: what it gets wrong there, it gets
wrong here (indirect inference: Gourieroux, Monfort and Renault 1993)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.clusters import Clusters, clusters, real
from servanda.fusion.coverage import covered, kinds_unseen_too, told_of
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
    """reports: without a frame; incident: (n,) number of what each is of, negative where it is false."""

    reports: Reports
    incident: Integers


def replica(m: Model, seed: int) -> Replica:
    """Reports as they would come if the sources were as good as ``m.quality`` says."""
    rng = np.random.default_rng(seed)
    grouping = group(m)
    c = clusters(m, grouping.label, grouping.chance)
    chance = real(c, m, np.ones(len(m.r.sources), dtype=bool))
    likely = 0.5 * (m.true + chance[grouping.label])
    spare = _spare(m, likely, rng)
    left = np.bincount(grouping.label, ~spare, len(chance)) > 0
    kinds = kinds_unseen_too(m, chance * left @ c.kinds / max(float((chance * left).sum()), LEAST_DOUBT))
    incidents = _incidents(m, round(incidents_there(m, kinds)), c, chance * left, kinds, rng)
    made = [part for which in range(max(len(m.r.groups), 1)) for part in _told_by(m, which, incidents, spare, rng)]
    arrays = {name: np.concatenate([part[name] for part in made]) for name in made[0]}
    incident = arrays.pop("incident")
    return Replica(m.r.made(arrays), incident)


def incidents_there(m: Model, kinds: Floats) -> float:
    """How many incidents there were, as every source's true reports, detection rate and kinds say, weighed by matches.

    ``kinds``: (k,) share of each among incidents.
    """
    r, q = m.r, m.quality
    count = np.bincount(r.source, minlength=len(r.sources))
    true = count * (1.0 - q.false) / (1.0 + q.repeat)
    tells = m.covers.any(axis=1)
    return float(
        np.average(
            true / np.maximum(q.detect * covered(m, kinds), 1e-9), weights=tells * (q.matches + 1.0) + LEAST_DOUBT
        )
    )


def _spare(m: Model, likely: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) reports that stand for false ones, each source's share of them: the less likely ones more often."""
    out = np.zeros(len(m.r), dtype=bool)
    wrong = np.maximum(1.0 - likely, LEAST_DOUBT)
    for source in range(len(m.r.sources)):
        own = np.flatnonzero(m.r.source == source)
        n = round(len(own) * m.quality.false[source])
        if n:
            out[rng.choice(own, n, replace=False, p=wrong[own] / wrong[own].sum())] = True
    return out


def _incidents(m: Model, n: int, c: Clusters, chance: Floats, kinds: Floats, rng: np.random.Generator) -> Told:
    """Places of those on record, each about as often as it is likely (systematic sampling), at times of others near."""
    wanted = np.floor(np.cumsum(chance) * n / chance.sum() + rng.random()).astype(np.int64)
    at = np.repeat(np.arange(len(chance)), np.diff(wanted, prepend=0))
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


Rows = dict[str, Floats | Integers]


def _told_by(m: Model, which: int, incidents: Told, spare: NDArray[np.bool_], rng: np.random.Generator) -> list[Rows]:
    """What the sources of one witness group tell. They repeat each other: who detects less tells some of what the best
    of them tells, and who makes up less some of what the first makes up."""
    count = np.bincount(m.r.source, minlength=len(m.r.sources))
    sources = [int(s) for s in np.argsort(-count, kind="stable") if count[s] and m.group_of[s] == which]
    luck = rng.random(len(incidents.kind))
    out: list[Rows] = []
    made_up: Rows | None = None
    for source in sources:
        true = _true(m, source, incidents, luck, rng)
        q = m.quality.false[source]
        n = round(len(true["kind"]) * q / (1.0 - q))
        false = _made_up(m, source, n, spare, rng) if made_up is None else _repeated(m, source, n, made_up, rng)
        made_up = made_up or false
        out += [_rows(m, true), _rows(m, false)]
    return out


def _true(m: Model, source: int, incidents: Told, luck: Floats, rng: np.random.Generator) -> Rows:
    """First reports and repeats of incidents."""
    r, q = m.r, m.quality
    own = np.flatnonzero(r.source == source)
    first = np.flatnonzero((luck < q.detect[source]) & told_of(m)[source][incidents.kind])
    again = rng.choice(first, rng.binomial(len(first), min(q.repeat[source], 1.0)))
    which = np.concatenate([first, again])
    told = incidents[which]
    like = rng.choice(own, len(which))
    says = np.cumsum(m.says[source], axis=1)
    drawn = rng.random(len(which)) * says[told.kind, -1]
    kind = (drawn[:, None] > says[told.kind]).sum(axis=1)
    late = told.t_h + rng.normal(0.0, q.time_h[source], len(which))
    x, y = (v + rng.normal(0.0, m.s_km[like]) for v in (told.x_km, told.y_km))
    kind = np.minimum(kind, len(m.kinds) - 1)
    return {"incident": which, "x_km": x, "y_km": y, "t_h": _within(late, r.width_h[like]), "kind": kind, "like": like}


def _within(t_h: Floats, width_h: Floats) -> Floats:
    """Middles of the stretches that hold the times, where a report gives only a stretch."""
    stretch = np.maximum(width_h, 1e-9)
    return np.where(width_h > 0, (np.floor(t_h / stretch) + 0.5) * stretch, t_h)


def _made_up(m: Model, source: int, n: int, spare: NDArray[np.bool_], rng: np.random.Generator) -> Rows:
    """Reports of nothing, like those of its own that stand for false ones."""
    r = m.r
    own = np.flatnonzero(r.source == source)
    like = rng.permutation(np.resize(own[spare[own]] if spare[own].any() else own, n))
    near = _times_near(m, r.x_km[like], r.y_km[like], r.t_h[like], rng)
    when = np.where(r.width_h[like] > 0, r.t_h[like], near)
    number = -1 - (source << 32) - np.arange(n)
    return {
        "incident": number,
        "x_km": r.x_km[like],
        "y_km": r.y_km[like],
        "t_h": when,
        "kind": r.kind[like],
        "like": like,
    }


def _repeated(m: Model, source: int, n: int, of: Rows, rng: np.random.Generator) -> Rows:
    """The same rumours, with errors of its own."""
    at = rng.permutation(len(of["kind"]))[:n]
    like = rng.choice(np.flatnonzero(m.r.source == source), len(at))
    rows: Rows = {name: values[at] for name, values in of.items()}
    late = rows["t_h"] + rng.normal(0.0, m.quality.time_h[source], len(at))
    x, y = (rows[v] + rng.normal(0.0, m.s_km[like]) for v in ("x_km", "y_km"))
    return rows | {"x_km": x, "y_km": y, "t_h": _within(late, m.r.width_h[like]), "like": like}


def _rows(m: Model, told: Rows) -> Rows:
    """All arrays of reports: what is told, and the rest as in the reports that they are like."""
    like, n = told["like"].astype(np.int64), len(told["like"])
    rest = {
        name: getattr(m.r, name)[like] for name in ("s_km", "width_h", "p_true", "trust", "before", "source", "group")
    }
    none = {"lean": np.zeros((n, 2)), "post": np.zeros(n, dtype=np.int64)}
    flags = {name: np.zeros(n, dtype=bool) for name in ("counted", "distinct")}
    return {name: values for name, values in told.items() if name != "like"} | rest | none | flags
