"""First values for what sources are like, from how much nearer their reports lie together than by accident.

Pairs of reports of two sources within a window of place and time are partly of one incident, partly accidents.
How many accidents there are, and at what distances, is seen in pairs of the same places further apart in time,
as in delayed-coincidence counting (Knoll, Radiation Detection and Measurement, chapter 17); how much more there is
at short lags because the fighting comes in waves, in pairs too far apart in place. What is left over
gives the number of matches, the joint errors of place and time, and how often the kinds agree, by EM (Dempster,
Laird and Rubin 1977) on counts in rings and lags.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import ndtr

from servanda.fusion.coincidence_counts import NEAREST, Counts, counted
from servanda.fusion.priors import Priors
from servanda.fusion.quality import group_of, mean_by_source
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
ROUNDS, SETTLED = 500, 1e-4
"""EM ends when no logarithm moves by more, or after so many rounds: a wide error among many accidents is slow."""
LEAST_MATCHES = 1e-6
BY_CHANCE = 0.25
"""How often two kinds agree when one of them is at random: only the start of learning hangs on it."""
TINY = 1e-12


@dataclass(frozen=True)
class Start:
    """(s,) by source: variances of place (km² on each axis) and time (h²), the precision of each (1 / variance of
    the estimate), chance that a kind is at random, matched pairs of the source with itself, and its reports. For each
    two sources of different witness groups: ``pairs`` (p, 2), their matched pairs ``shared`` (p,) and how many matches
    that estimate is ``worth``."""

    km2: Floats
    km2_precision: Floats
    h2: Floats
    h2_precision: Floats
    confusion: Floats
    repeats: Floats
    reports: Floats
    pairs: Integers
    shared: Floats
    worth: Floats


@dataclass(frozen=True)
class _Known:
    """(s,) variances that reports state themselves (0 where none), and the first guess of the rest."""

    km2: Floats
    h2: Floats


def coincidences(r: Reports, priors: Priors, beyond_km: float = -1.0) -> Start:
    """What pairs of reports say of all sources at once: the errors of two sources add up in each pair.

    Only pairs farther apart than ``beyond_km`` are counted.
    """
    n = len(r.sources)
    count = np.bincount(r.source, minlength=n)
    known = _Known(mean_by_source(r, np.nan_to_num(r.s_km) ** 2), mean_by_source(r, r.width_h**2 / 12.0))
    of = group_of(r)  # copies agree in what they err by
    pairs = [
        (a, b)
        for a in range(n)
        for b in range(a, n)
        if min(count[a], count[b]) > 1 and not (known.h2[a] if a == b else of[a] == of[b])
    ]
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda pair: counted(r, pair[0], pair[1], priors, beyond_km), pairs))
    now = _first(pairs, count, known, priors)
    for _ in range(ROUNDS):
        before, now = now, _round(now, pairs, counts, known, priors)
        if now.moved(before) < SETTLED:
            break
    own = dict(zip(pairs, now.matches, strict=True))
    repeats = np.array([own.get((s, s), priors.repeat * count[s]) for s in range(n)])
    weight = priors.learn_weight / (priors.confusion * (1.0 - priors.confusion))
    wrong = (now.sure * now.wrong + weight * priors.confusion) / (now.sure + weight)
    two = [i for i, (a, b) in enumerate(pairs) if of[a] != of[b]]
    places = np.array([pairs[i] for i in two], dtype=np.int64).reshape(-1, 2)
    errors = (now.km2, now.precision[0], now.h2, now.precision[1])
    return Start(*errors, wrong, repeats, count.astype(np.float64), places, now.matches[two], now.worth[two])


@dataclass(frozen=True)
class _Now:
    """One round of EM. By pair: matches, worth (how many of them the estimates are worth). By source: km2, h2, wrong
    (chance that its kind is at random), the precision of the variances (2, s), and of wrong (sure)."""

    matches: Floats
    worth: Floats
    km2: Floats
    h2: Floats
    wrong: Floats
    precision: Floats
    sure: Floats

    def moved(self, before: "_Now") -> float:
        """The largest change of a logarithm."""
        return max(
            float(np.abs(np.log(getattr(self, name) / getattr(before, name))).max(initial=0.0))
            for name in ("matches", "km2", "h2")
        )


def _first(pairs: list[tuple[int, int]], count: Integers, known: _Known, priors: Priors) -> _Now:
    n = len(count)
    matches = np.array([0.1 * np.sqrt(float(count[a]) * float(count[b])) for a, b in pairs])
    km2 = np.where(known.km2 > 0, 1e-6, np.full(n, (priors.sigma_m / 1000.0) ** 2))
    h2, wrong = np.full(n, priors.learn_time_h**2), np.full(n, 0.1)
    return _Now(matches, np.zeros(len(pairs)), km2, h2, wrong, np.zeros((2, n)), np.zeros(n))


def _round(now: _Now, pairs: list[tuple[int, int]], counts: list[Counts], known: _Known, priors: Priors) -> _Now:
    whole = list(zip(pairs, counts, strict=True))
    guess = [
        _Excess(m * c.part, *_joint(pair, now.km2 + known.km2, now.h2 + known.h2, now.wrong))
        for m, (pair, c) in zip(now.matches, whole, strict=True)
    ]
    then = [_step(c, x) for c, x in zip(counts, guess, strict=True)]
    matches = np.array([max(x.matches, LEAST_MATCHES) / c.part for x, c in zip(then, counts, strict=True)])
    km2, place = _shared(pairs, [x.km2 for x in then], [x.km2 for x in guess], then, now.km2, known.km2)
    # A variance from n squares has variance 2 v² / n; from n distances, which have two axes, v² / n.
    spread = [np.sqrt(2.0) * x.h2 for x in guess]
    h2, when = _shared(pairs, [x.h2 for x in then], spread, then, now.h2, known.h2)
    # No finer than the first ring and lag: else the nearest pairs alone would bear themselves out.
    km2 = np.maximum(km2, (NEAREST * priors.learn_window_km) ** 2)
    h2 = np.maximum(h2, (NEAREST * priors.learn_window_h) ** 2)
    doubt = [-np.log(np.clip((x.agree - BY_CHANCE) / (1.0 - BY_CHANCE), 0.05, 0.999)) for x in then]
    wrong, sure = _shared(pairs, doubt, [1.0] * len(pairs), then, -np.log1p(-now.wrong), np.zeros(len(km2)))
    worth = np.array([x.weight for x in then])
    return _Now(matches, worth, km2, h2, 1.0 - np.exp(-wrong), np.array([place, when]), sure)


@dataclass(frozen=True)
class _Excess:
    """Matched pairs, joint variances (km² on each axis, h²), share of them whose kinds agree; weight: how many
    matches the estimate is worth, accidents being in the way."""

    matches: float
    km2: float
    h2: float
    agree: float
    weight: float = 0.0


def _joint(pair: tuple[int, int], km2: Floats, h2: Floats, wrong: Floats) -> tuple[float, float, float]:
    a, b = pair
    right = (1.0 - wrong[a]) * (1.0 - wrong[b])
    agree = float(np.clip(right + (1.0 - right) * BY_CHANCE, 0.05, 0.99))
    return float(km2[a] + km2[b]), float(h2[a] + h2[b]), agree


def _shared(
    pairs: list[tuple[int, int]],
    values: list[float],
    scale: list[float],
    found: list[_Excess],
    before: Floats,
    known: Floats,
) -> tuple[Floats, Floats]:
    """(s,) numbers, not negative, that add up to the values of the pairs as well as can be, each weighed by its
    precision and drawn a little to what they were; and the precision of each."""
    rows = np.zeros((len(pairs), len(before)))
    weight = np.sqrt([x.weight for x in found]) / np.array(scale)
    for i, pair in enumerate(pairs):
        np.add.at(rows[i], list(pair), weight[i])
    left = np.array([v - known[a] - known[b] for v, (a, b) in zip(values, pairs, strict=True)]) * weight
    a = np.vstack([rows, np.diag(1.0 / np.maximum(before, 1e-9))])
    solved = nnls(a, np.r_[left, np.ones(len(before))])[0]
    precision = 1.0 / np.maximum(np.diag(np.linalg.inv(a.T @ a)), 1e-300)
    return np.maximum(solved, 1e-9), precision


def _step(c: Counts, now: _Excess) -> _Excess:
    """One round of EM; matches outside the window are added as the bell says."""
    ring = np.exp(-(c.rings_km[:-1] ** 2) / (2 * now.km2)) - np.exp(-(c.rings_km[1:] ** 2) / (2 * now.km2))
    spread = np.sqrt(now.h2)
    lag = 2.0 * (ndtr(c.lags_h[1:] / spread) - ndtr(c.lags_h[:-1] / spread))
    kinds = np.array([1.0 - now.agree, now.agree])
    matched = now.matches * ring[:, None, None] * lag[None, :, None] * kinds
    accident = c.accidents[:, None, :] * c.share[None, :, None]
    ours = matched / (matched + accident + 1e-300)
    w = c.pairs * ours
    total = max(float(w.sum()), 1e-9)
    km2 = float((w.sum(axis=(1, 2)) * _in_ring(now.km2, c.rings_km)).sum()) / total / 2.0
    h2 = float((w.sum(axis=(0, 2)) * _in_lag(now.h2, c.lags_h)).sum()) / total
    km2 *= now.km2 / max(_inside_km2(now.km2, c.rings_km[-1]), 1e-9)
    h2 *= now.h2 / max(_inside_h2(now.h2, c.lags_h[-1]), 1e-9)
    agree = float(np.clip(w.sum(axis=(0, 1))[1] / total, 0.01, 0.99))
    seen = max(float(ring.sum() * lag.sum()), 1e-6)
    top_km2, top_h2 = c.rings_km[-1] ** 2, c.lags_h[-1] ** 2
    return _Excess(total / seen, min(km2, top_km2), min(h2, top_h2), agree, float((c.pairs * ours**2).sum()))


def _in_ring(km2: float, edges: Floats) -> Floats:
    """Mean squared distance within each ring, for a round bell of that variance on each axis."""
    left = np.exp(-(edges**2) / (2.0 * km2))
    share = left[:-1] - left[1:]
    mean = 2.0 * km2 + (edges[:-1] ** 2 * left[:-1] - edges[1:] ** 2 * left[1:]) / np.maximum(share, TINY)
    return np.where(share > TINY, mean, edges[:-1] ** 2)


def _in_lag(h2: float, edges: Floats) -> Floats:
    """Mean square within each stretch of lags, for a bell of that variance."""
    z = edges / np.sqrt(h2)
    bell = np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)
    share = ndtr(z[1:]) - ndtr(z[:-1])
    mean = h2 * (1.0 - (z[1:] * bell[1:] - z[:-1] * bell[:-1]) / np.maximum(share, TINY))
    return np.where(share > TINY, mean, edges[:-1] ** 2)


def _inside_km2(km2: float, edge: float) -> float:
    """Mean of half the squared distance within a circle, for a round bell of that variance."""
    cut = np.exp(-(edge**2) / (2.0 * km2))
    return float(km2 - edge**2 / 2.0 * cut / max(1.0 - cut, 1e-12))


def _inside_h2(h2: float, edge: float) -> float:
    """Mean square within an interval around 0, for a bell of that variance."""
    z = edge / np.sqrt(h2)
    inside = 2.0 * ndtr(z) - 1.0
    return float(h2 * (1.0 - 2.0 * z * np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi) / max(inside, 1e-12)))
