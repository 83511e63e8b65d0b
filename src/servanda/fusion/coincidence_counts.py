"""Pairs of reports of two sources in rings of distance and lags of time, and how many of them are accidents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.nearby import nearby
from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
RINGS, LAGS = 18, 16
NEAREST = 0.002
"""Inner edge of the rings and lags as a share of the window; they widen by a constant factor."""
FAR = 1.1
"""Accidents are seen from so many windows of time on."""
EVEN = 1000.0
"""An even rate in time weighs as so many pairs too far apart to be of one incident; these show waves in the rate."""
ELSEWHERE = 5
"""Of pairs anywhere, which show waves alone, so many times fewer are counted than of near ones."""


@dataclass(frozen=True)
class Counts:
    """Pairs by ring, lag and agreement of kinds (rings, lags, 2); accidents by ring and agreement (rings, 2), seen
    at longer lags; share: how many accidents each lag has for one of these; part: of all pairs that were counted."""

    pairs: Floats
    accidents: Floats
    rings_km: Floats
    lags_h: Floats
    share: Floats
    part: float


def counted(r: Reports, a: int, b: int, priors: Priors, beyond_km: float) -> Counts:
    """Of sources ``a`` and ``b``; only pairs farther apart than ``beyond_km``."""
    few, many = sorted((np.flatnonzero(r.source == s) for s in (a, b)), key=len)
    window, beyond = priors.learn_window_h, 3.0 * priors.learn_window_h
    rings = priors.learn_window_km * np.r_[0.0, np.geomspace(NEAREST, 1.0, RINGS)]
    lags = window * np.r_[0.0, np.geomspace(NEAREST, 1.0, LAGS)]
    pairs, accidents = np.zeros((RINGS, LAGS, 2)), np.zeros((RINGS, 2))
    near = nearby(r, few, many, priors.learn_window_km, beyond, priors.learn_pairs)
    for one, other in near:
        ring, lag, agree = _measured(r, one, other, rings, beyond_km)
        here, late = (ring < RINGS) & (lag < window), (ring < RINGS) & (lag >= FAR * window)
        cell = ((ring * LAGS + _at(lag, lags)) * 2 + agree)[here]
        pairs += np.bincount(cell, minlength=pairs.size).reshape(pairs.shape)
        accidents += np.bincount((ring * 2 + agree)[late], minlength=accidents.size).reshape(accidents.shape)
    elsewhere = np.zeros(LAGS + 1)
    for one, other in nearby(r, few, many, np.inf, beyond, priors.learn_pairs // ELSEWHERE):
        ring, lag, _ = _measured(r, one, other, rings, beyond_km)
        near_or_late = (ring == RINGS) & ((lag < window) | (lag >= FAR * window))
        at = np.where(lag >= window, LAGS, _at(lag, lags))
        elsewhere += np.bincount(at[near_or_late], minlength=LAGS + 1)
    span = max(float(np.ptp(r.t_h)), 2.0 * beyond)
    share = _length(lags[:-1], lags[1:], span) / _length(FAR * window, beyond, span)
    share = (elsewhere[:-1] + EVEN * share) / (elsewhere[-1] + EVEN)
    return Counts(pairs, accidents + 0.5 / RINGS, rings, lags, share, near.part * (2.0 if a == b else 1.0))


def _at(lag: Floats, lags: Floats) -> Integers:
    return np.asarray(np.searchsorted(lags, lag, side="right") - 1)


def _measured(
    r: Reports, one: Integers, other: Integers, rings: Floats, beyond_km: float
) -> tuple[Integers, Floats, Integers]:
    """Ring (``RINGS`` for all beyond), lag in hours and agreement of pairs of two reports."""
    apart = np.hypot(r.x_km[one] - r.x_km[other], r.y_km[one] - r.y_km[other])
    keep = (one != other) & (apart > beyond_km)
    one, other = one[keep], other[keep]
    ring = np.searchsorted(rings, apart[keep], side="right") - 1
    return ring, np.abs(r.t_h[one] - r.t_h[other]), (r.kind[one] == r.kind[other]).astype(np.int64)


def _length(low: Floats | float, high: Floats | float, span: float) -> Floats:
    """Hours of lag between two lags, less what falls off the ends of the data."""
    return np.asarray((high - low) - (np.square(high) - np.square(low)) / (2.0 * span))
