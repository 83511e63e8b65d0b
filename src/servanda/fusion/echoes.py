"""Reports taken over from another source, found before anything is learned: the same place and kind, in lock-step.

Who takes over a report takes over its place. Two sources that err independently seldom give one and the same place,
and where they do, because both name a town, their times still differ by what both err by. So two sources are in step
when the delay between reports of one place and kind varies far less than their reports of *different* places allow.
What is in step is one witness: it is left out of learning and matching, and joins what it repeats afterwards.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.coincidences import coincidences
from servanda.fusion.lockstep import SURE, spread
from servanda.fusion.priors import Priors
from servanda.fusion.quality import group_of
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class InStep:
    """Two sources, by name: ``other`` tells ``late_h`` hours after ``one`` (before it, if negative), give or take
    ``width_h`` (robust standard deviation)."""

    one: str
    other: str
    late_h: float
    width_h: float


def in_step(r: Reports, priors: Priors) -> tuple[InStep, ...]:
    """Pairs of sources of different witness groups of which one takes over reports of the other."""
    of, cell = group_of(r), _cells(r, priors)
    near: list[tuple[int, int, Floats]] = []
    for a, b in combinations(range(len(r.sources)), 2):
        if of[a] == of[b]:
            continue
        late = _delays(r, cell, a, b, priors)[2]
        by_chance = len(_delays(r, cell, a, b, priors, shift_h=2.0 * priors.learn_window_h)[2])
        if len(late) - 2 * by_chance >= priors.lockstep_reports:
            near.append((a, b, late))
    if not near:
        return ()
    start = coincidences(r, priors, beyond_km=priors.sigma_floor_m / 1000.0)
    surely = start.h2 - SURE / np.sqrt(start.h2_precision)
    return tuple(
        InStep(r.sources[a], r.sources[b], float(np.median(late)), spread(late))
        for a, b, late in near
        if spread(late) ** 2 < priors.lockstep_ratio**2 * (surely[a] + surely[b])
    )


def origins(r: Reports, steps: tuple[InStep, ...], priors: Priors) -> Integers:
    """(n,) the report that each one repeats, the first of a chain; -1 where it repeats none."""
    out, cell = np.full(len(r), -1), _cells(r, priors)
    for step in steps:
        if not {step.one, step.other} <= set(r.sources):
            continue
        one, other, late = _delays(r, cell, r.sources.index(step.one), r.sources.index(step.other), priors)
        usual = np.abs(late - step.late_h) <= SURE * step.width_h
        one, other, late = one[usual], other[usual], late[usual]
        copy, of = np.where(late < 0, one, other), np.where(late < 0, other, one)
        fresh = out[copy] < 0
        out[copy[fresh]] = of[fresh]
    while True:
        further = np.where(out >= 0, out[out], -1)
        if not (further >= 0).any():
            return out
        out = np.where(further >= 0, further, out)


def _cells(r: Reports, priors: Priors) -> Integers:
    """(n,) a number for each place and kind; -1 for reports that give no instant, or a count of incidents."""
    floor_km = priors.sigma_floor_m / 1000.0
    keys = np.column_stack([np.round(r.x_km / floor_km), np.round(r.y_km / floor_km), r.kind])
    cell = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    return np.where((r.width_h > 0.0) | r.counted, -1, cell)


def _delays(
    r: Reports, cell: Integers, a: int, b: int, priors: Priors, shift_h: float = 0.0
) -> tuple[Integers, Integers, Floats]:
    """Each report of source b, the report of source a nearest to it in time in its cell, and the hours between, within
    ``learn_window_h``. ``shift_h`` moves b in time, so that only accidents are found."""
    ours, theirs = (np.flatnonzero((r.source == s) & (cell >= 0)) for s in (a, b))
    none = np.empty(0, dtype=np.int64)
    if not len(ours) or not len(theirs):
        return none, none, np.empty(0)
    start, window = float(r.t_h.min()), priors.learn_window_h
    apart = float(np.ptp(r.t_h)) + shift_h + 2.0 * window
    at = cell * apart + r.t_h - start
    ours = ours[np.argsort(at[ours], kind="stable")]
    line, wanted = at[ours], at[theirs] + shift_h
    after = np.minimum(np.searchsorted(line, wanted), len(ours) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(line[after] - wanted) < np.abs(line[before] - wanted), after, before)
    late = wanted - line[nearest]
    keep = np.abs(late) <= window
    return ours[nearest[keep]], theirs[keep], late[keep]


def told_first(origin: Integers) -> Integers:
    """Rows of the reports that repeat none."""
    return np.flatnonzero(origin < 0)
