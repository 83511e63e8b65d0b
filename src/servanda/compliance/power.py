"""Monitoring power: the chance that one violation would have been found to the standard of proof.

A violation is imagined at an even chance anywhere in the zone, at any moment of the period, of any of the
term's kinds (every leaf of the tree alike). It is found to the standard when the witness groups that report
it are enough in number, together believable enough, and place it surely enough inside the zone. Groups
report independently of each other; sources of one group count once (the best of them).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda import kinds
from servanda.agreement.model import Proof
from servanda.agreement.resolved import Epoch, Term
from servanda.compliance.clock import FAR_FUTURE, FAR_PAST, Micros, column_micros, micros
from servanda.compliance.place import share_inside
from servanda.compliance.settings import AssessSettings

Floats = NDArray[np.float64]
MOST_GROUPS = 10
"""All subsets of so many groups are gone through; of more, only the best count, and power is then a floor."""


@dataclass(frozen=True)
class Group:
    """A witness group as far as proof goes. ``sigma_m``: place error of its best source."""

    name: str
    p_true: float
    sigma_m: float
    is_monitor: bool
    is_witness: bool


@dataclass(frozen=True)
class Watches:
    """All watches as arrays of equal length, and the groups that keep them. Footprint None: everywhere.

    ``about``: the one record whose outcome a watch followed, None for any.
    """

    t_start: Micros
    t_end: Micros
    kind: list[str]
    p_detect: Floats
    group: NDArray[np.int64]
    footprint: NDArray[np.int64]
    footprints: tuple[BaseGeometry | None, ...]
    groups: tuple[Group, ...]
    about: list[str | None]


@dataclass(frozen=True)
class Power:
    """``by_group``: chance that a group alone would have reported a violation. ``unwatched``: kinds nobody watched.

    ``noticed``: chance that anybody would have reported it, proof or not.
    """

    power: float
    by_group: tuple[tuple[str, float], ...]
    unwatched: tuple[str, ...]
    noticed: float = 0.0


def prepare(watches: pl.DataFrame, sources: pl.DataFrame, settings: AssessSettings) -> Watches:
    """Only ``watching`` with a known chance of detection counts; everything else is no watch."""
    on = watches.filter((pl.col("status") == "watching") & (pl.col("p_detect") > 0)).sort("t_start", "watch_id")
    names = on["witness_group"].unique().sort().to_list()
    groups = tuple(_group(name, on, sources, settings.unstated_p_false) for name in names)
    position = {name: i for i, name in enumerate(names)}
    prints = on["footprint"].to_list()
    distinct = sorted({p for p in prints if p is not None})
    where = {p: i + 1 for i, p in enumerate(distinct)}
    shapes = [shapely.from_wkb(p) for p in distinct]
    for shape in shapes:
        shapely.prepare(shape)
    return Watches(
        column_micros(on["t_start"]),
        column_micros(on["t_end"]),
        on["kind"].to_list(),
        on["p_detect"].to_numpy(),
        np.array([position[g] for g in on["witness_group"]], dtype=np.int64),
        np.array([0 if p is None else where[p] for p in prints], dtype=np.int64),
        (None, *shapes),
        groups,
        on["about_record"].to_list(),
    )


def _group(name: str, on: pl.DataFrame, sources: pl.DataFrame, unstated: float) -> Group:
    kept = sources.filter(pl.col("witness_group") == name)
    stated = [p for p in kept["p_true"] if p is not None]
    false = [p for p in on.filter(pl.col("witness_group") == name)["p_false"] if p is not None]
    p_true = max(stated) if stated else 1.0 - (min(false) if false else unstated)
    sigmas = [s for s in kept["sigma_m"] if s is not None]
    monitor = bool(kept["is_monitor"].any())
    return Group(name, p_true, min(sigmas, default=0.0), monitor, bool(kept["is_witness"].any()) or kept.is_empty())


@lru_cache(maxsize=256)
def _inside(zone: BaseGeometry, places: int, sigma_m: float, points: int) -> Floats:
    """(places,) share of a report's place law inside the zone: the same for every term and judgement on it."""
    at = places_in(zone, places)
    return share_inside(at[:, 0].copy(), at[:, 1].copy(), np.full(len(at), sigma_m), zone, points)


@lru_cache(maxsize=256)
def places_in(zone: BaseGeometry, n: int) -> Floats:
    """(n, 2) lon, lat spread evenly over ``zone`` by a Halton sequence; along a line if it has no surface."""
    if zone.is_empty:
        return np.empty((0, 2))
    if zone.area == 0:
        return _along(zone, n)
    west, south, east, north = zone.bounds
    found: list[Floats] = []
    start, have = 1, 0
    shapely.prepare(zone)
    while have < n:
        step = max(4 * n, 1024)
        u = np.c_[_halton(start, step, 2), _halton(start, step, 3)]
        # Even on the ground: sine of latitude, not latitude, is even over the sphere.
        sines = np.sin(np.radians([south, north]))
        lat = np.degrees(np.arcsin(sines[0] + u[:, 1] * (sines[1] - sines[0])))
        candidates = np.c_[west + u[:, 0] * (east - west), lat]
        inside = candidates[shapely.contains_xy(zone, candidates[:, 0], candidates[:, 1])]
        found.append(inside)
        start, have = start + step, have + len(inside)
        if start > 400_000 and not have:
            return np.tile(shapely.get_coordinates(zone.representative_point()), (n, 1))
    return np.concatenate(found)[:n]


def _along(shape: BaseGeometry, n: int) -> Floats:
    """(n, 2) lon, lat evenly along a line; a point n times."""
    if shape.length == 0:
        return np.tile(shapely.get_coordinates(shape)[:1], (n, 1))
    steps = (np.arange(n) + 0.5) / n
    return np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(shape, steps, normalized=True)))


def _halton(start: int, n: int, base: int) -> Floats:
    i, out, f = np.arange(start, start + n), np.zeros(n), 1.0
    while i.any():
        f /= base
        out += f * (i % base)
        i = i // base
    return out


class PowerMeter:
    """Computes power for many periods of one zone; what depends on the zone alone is worked out once."""

    def __init__(self, watches: Watches, epochs: tuple[Epoch, ...], term: Term, settings: AssessSettings) -> None:
        self.watches, self.epochs, self.proof, self.settings = watches, epochs, term.proof, settings
        leaves = sorted(frozenset().union(*map(kinds.leaves, term.kinds)))
        self.leaves = leaves
        sees = [[bool(k in kinds.lineage(leaf)) for leaf in leaves] for k in watches.kind]
        self.sees = np.array(sees, dtype=bool).reshape(len(watches.kind), len(leaves))
        self.relevant = np.flatnonzero(self.sees.any(axis=1))
        self._zone_facts = lru_cache(maxsize=None)(self._facts_of_epoch)
        self._known: dict[tuple[int, int], Power] = {}

    def over(self, low: int, high: int) -> Power:
        """Power over [low, high), microseconds UTC: mean over time, place and kind."""
        if (low, high) not in self._known:
            self._known[low, high] = self._over(low, high)
        return self._known[low, high]

    def _over(self, low: int, high: int) -> Power:
        w = self.watches
        groups = len(w.groups)
        total, noticed, by_group = 0.0, 0.0, np.zeros(groups)
        seen_kind = np.zeros(len(self.leaves), dtype=bool)
        for e, epoch in enumerate(self.epochs):
            a, b = max(low, micros(epoch.t_from, FAR_PAST)), min(high, micros(epoch.t_to, FAR_FUTURE))
            if a >= b:
                continue
            live = self.relevant[(w.t_start[self.relevant] < b) & (w.t_end[self.relevant] > a)]
            cuts = np.unique(np.clip(np.r_[a, b, w.t_start[live], w.t_end[live]], a, b))
            patterns = _patterns(cuts, w.t_start[live], w.t_end[live])
            for on, duration in patterns:
                weight = duration / (high - low)
                found, reported, alone, kinds_on = self._at_once(e, live[list(on)])
                total += weight * found
                noticed += weight * reported
                by_group += weight * alone
                seen_kind |= kinds_on
        named = tuple((g.name, float(p)) for g, p in zip(w.groups, by_group, strict=True) if p > 0)
        missing = tuple(leaf for leaf, seen in zip(self.leaves, seen_kind, strict=True) if not seen)
        return Power(float(min(total, 1.0)), named, missing, float(min(noticed, 1.0)))

    def _facts_of_epoch(self, e: int) -> tuple[NDArray[np.bool_], Floats]:
        """(footprints, places) covered or not; (groups, places) share of a report's place law inside the zone."""
        zone = self.epochs[e].geometry
        at = places_in(zone, self.settings.power_places)
        lon, lat = at[:, 0].copy(), at[:, 1].copy()
        covered = np.array(
            [np.ones(len(at), bool) if f is None else shapely.contains_xy(f, lon, lat) for f in self.watches.footprints]
        ).reshape(len(self.watches.footprints), len(at))
        points = self.settings.place_points
        if zone.area == 0:
            return covered, np.ones((len(self.watches.groups), len(at)))
        inside = [_inside(zone, len(at), g.sigma_m, points) for g in self.watches.groups]
        return covered, np.array(inside).reshape(len(self.watches.groups), len(at))

    def _at_once(self, e: int, on: NDArray[np.int64]) -> tuple[float, float, Floats, NDArray[np.bool_]]:
        """While exactly the watches ``on`` are kept: chance of proof, of any report, by group alone, kinds seen."""
        w = self.watches
        covered, inside = self._zone_facts(e)
        places, groups = covered.shape[1], len(w.groups)
        found, noticed, alone, seen = 0.0, 0.0, np.zeros(groups), np.zeros(len(self.leaves), dtype=bool)
        if not len(on) or not places:
            return found, noticed, alone, seen
        patterns, counts = np.unique(self.sees[on], axis=1, return_counts=True)
        for pattern, count in zip(patterns.T, counts, strict=True):
            p = np.zeros((groups, places))
            for i in on[pattern]:
                g = w.group[i]
                p[g] = np.maximum(p[g], w.p_detect[i] * covered[w.footprint[i]])
            found += count * proof_chance(p, inside, w.groups, self.proof)
            noticed += count * float(1.0 - np.prod(1.0 - p, axis=0).mean())
            alone += count * p.mean(axis=1)
            seen |= (self.sees[on] == pattern[:, None]).all(axis=0) & bool((p > 0).any())
        n = len(self.leaves)
        return found / n, float(noticed / n), alone / n, seen


def _patterns(cuts: Micros, t_start: Micros, t_end: Micros) -> list[tuple[tuple[int, ...], int]]:
    """Which watches are on together, and for how many microseconds in all; in order of first appearance."""
    out: dict[tuple[int, ...], int] = {}
    for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        on = tuple(np.flatnonzero((t_start <= low) & (t_end >= high)).tolist())
        out[on] = out.get(on, 0) + high - low
    return list(out.items())


def proof_chance(p: Floats, inside: Floats, groups: tuple[Group, ...], proof: Proof) -> float:
    """Mean over places of the chance that the groups that report meet the standard; p, inside (groups, places)."""
    useful = np.flatnonzero(p.any(axis=1))
    useful = np.sort(useful[np.argsort(-p[useful].mean(axis=1), kind="stable")][:MOST_GROUPS])
    n = len(useful)
    if n == 0:
        return 0.0
    members = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
    chosen = [groups[g] for g in useful]
    witnesses = members @ np.array([g.is_witness for g in chosen], dtype=np.int64)
    believed = 1.0 - np.prod(np.where(members, 1.0 - np.array([g.p_true for g in chosen]), 1.0), axis=1)
    monitor = members @ np.array([g.is_monitor for g in chosen], dtype=np.int64) > 0
    enough = (witnesses >= proof.witnesses) & (monitor | (not proof.monitor_seen)) & (believed >= proof.probability)
    total = np.zeros(p.shape[1])
    for subset in np.flatnonzero(enough):
        m = members[subset]
        placed = believed[subset] * inside[useful[m]].max(axis=0) >= proof.probability
        chance = np.prod(np.where(m[:, None], p[useful], 1.0 - p[useful]), axis=0)
        total += np.where(placed, chance, 0.0)
    return float(total.mean())
