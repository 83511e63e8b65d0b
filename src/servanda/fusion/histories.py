"""How much sources detect and how much they make up, from which witness groups tell of each incident.

Capture histories (Otis et al. 1978) with false captures: of ``N`` incidents of which a set of groups covers the
kind, group ``g`` tells each with chance ``d_g``, and besides tells of things that nobody else can tell, as they are not
there. So an incident that only ``g`` tells is true or false; one that several tell is true. With ``m_h`` the expected
number of incidents with history ``h``,

    m_h = N Π_{g in h} d_g Π_{g not in h} (1 - d_g)   [+ N d_g (1 + r_g) f_g / (1 - f_g)  where h = {g}]

the counts are Poisson. Three groups that cover a kind make all of it estimable; with fewer, what was believed stands.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.grouping import Grouping
from servanda.fusion.model import Model
from servanda.fusion.quality import share

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
HELD = 1.0
"""Precision on the scale of log odds by which what is believed holds the estimate of false shares where it is free."""
HELD_DETECT = 0.05
ESTIMABLE = 3
"""So many groups on a kind show what one of them makes up; with fewer the data say nothing of it."""
STEPS = 40
SETTLED = 1e-6
LONGEST = 1.0
"""A step on the scale of logarithms is no longer."""


@dataclass(frozen=True)
class Histories:
    """told: (h, g) which groups tell; kinds: (h,) number of the set of groups that cover the kind; count: (h,).
    covers: (c, g) the sets."""

    told: Flags
    kinds: Integers
    count: Floats
    covers: Flags


@dataclass(frozen=True)
class Rates:
    """Arrays (g,), on the scale of log odds: detect, false. information: (g, g) what the data say of ``false``, all
    else being free (inverse variance)."""

    detect: Floats
    false: Floats
    information: Floats


def histories(m: Model, grouping: Grouping) -> Histories:
    """Of the incidents that ``grouping`` makes; counts of incidents are left out."""
    single = ~m.r.counted
    label, groups = grouping.label, max(len(m.r.groups), 1)
    n = int(label.max(initial=-1)) + 1
    told = np.zeros((n, groups), dtype=bool)
    told[label[single], m.r.group[single]] = True
    covers = np.zeros((len(m.kinds), groups), dtype=bool)
    np.logical_or.at(covers.T, m.group_of, m.covers)
    sets, of_kind = np.unique(covers, axis=0, return_inverse=True)
    kind = np.zeros(n, dtype=np.int64)
    kind[label[::-1]] = m.r.kind[::-1]
    told &= sets[of_kind.reshape(-1)[kind]]
    some = told.any(axis=1)
    rows = np.column_stack([of_kind.reshape(-1)[kind][some], told[some]])
    rows, count = np.unique(rows, axis=0, return_counts=True)
    return Histories(rows[:, 1:] > 0, rows[:, 0], count.astype(np.float64), sets)


def rates(h: Histories, detect: Floats, false: Floats, repeat: Floats) -> Rates:
    """Most likely rates, by Fisher scoring from what is believed: (g,) log odds ``detect``, ``false``; ``repeat``."""
    g, sets = len(detect), len(h.covers)
    seen = 1.0 - np.prod(np.where(h.covers, 1.0 - share(detect), 1.0), axis=1)
    there = np.bincount(h.kinds, h.count, sets) / np.maximum(seen, 1e-3)
    x = np.concatenate([np.log(np.maximum(there, 0.5)), detect, false])
    hold = np.diag(np.r_[np.full(sets, 1e-6), np.full(g, HELD_DETECT), np.full(g, HELD)])
    believed = x.copy()
    data = np.zeros_like(hold)
    for _ in range(STEPS):
        slope, data = _slope(h, x, repeat)
        step = np.linalg.solve(data + hold, slope - hold @ (x - believed))
        x = x + np.clip(step, -LONGEST, LONGEST)
        if np.abs(step).max() < SETTLED:
            break
    rest = slice(0, sets + g)
    of_rest = np.linalg.pinv(data[rest, rest] + hold[rest, rest])
    information = data[sets + g :, sets + g :] - data[sets + g :, rest] @ of_rest @ data[rest, sets + g :]
    able = (h.covers & (h.covers.sum(axis=1) >= ESTIMABLE)[:, None]).any(axis=0)
    return Rates(x[sets : sets + g], x[sets + g :], information * np.outer(able, able))


def _slope(h: Histories, x: Floats, repeat: Floats) -> tuple[Floats, Floats]:
    """Gradient of the log likelihood, and the Fisher information with counts as seen for those expected."""
    sets, g = len(h.covers), h.covers.shape[1]
    n, detect, odds = np.exp(x[:sets]), share(x[sets : sets + g]), np.exp(x[sets + g :])
    covered = h.covers[h.kinds]
    miss = np.where(covered & ~h.told, 1.0 - detect, 1.0)
    true = n[h.kinds] * np.prod(np.where(h.told, detect, miss), axis=1)
    made_up = detect * (1.0 + repeat) * odds
    lone = h.told & (h.told.sum(axis=1) == 1)[:, None]
    false = n[h.kinds, None] * made_up * lone
    total = np.maximum(true + false.sum(axis=1), 1e-12)
    by_n = np.eye(sets)[h.kinds]
    by_detect = (true[:, None] * (h.told - detect) * covered + false * (1.0 - detect)) / total[:, None]
    each = np.concatenate([by_n, by_detect, false / total[:, None]], axis=1)
    unseen = n * np.prod(np.where(h.covers, 1.0 - detect, 1.0), axis=1)
    expected = n[:, None] * made_up * h.covers
    whole = np.concatenate(
        [
            n - unseen + expected.sum(axis=1),
            (unseen[:, None] * h.covers * detect + expected * (1.0 - detect)).sum(axis=0),
            expected.sum(axis=0),
        ]
    )
    return each.T @ h.count - whole, (each * h.count[:, None]).T @ each
