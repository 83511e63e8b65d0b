"""Learning tried out on replicas: what it gets wrong where the truth is known, it gets wrong on the data.

Indirect inference (Gourieroux, Monfort and Renault 1993), one replica a round, the later rounds averaged (Polyak and
Juditsky 1992). How far the same learning scatters from replica to replica gives the intervals (parametric bootstrap).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from servanda.fusion.coincidences import Start
from servanda.fusion.distinct import distinct
from servanda.fusion.estimate import AT_MOST, FLOOR_H, improved
from servanda.fusion.grouping import group
from servanda.fusion.model import Model, model
from servanda.fusion.priors import Priors
from servanda.fusion.quality import Quality, mean_by_source
from servanda.fusion.replica import replica
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
SHARES = ("detect", "false", "confusion", "repeat")
SIZES = ("sigma_km", "time_h")
LEAST_SHARE = 1e-3
INTERVAL = 0.95
FURTHEST_ODDS, FURTHEST_SIZE = 3.0, float(np.log(3.0))
"""Trials move odds by a factor of 20 and sizes by a factor of 3 at most: they correct what was learned, no more."""
SLACK, FEW = 4.0, 2.0
"""Until replicas show how far learning errs, its variance is taken as ``SLACK`` times the least that it can be: that
weighs as ``FEW`` replicas."""
GAIN = 1.5
"""The first third of the rounds go so much further: where little is matched, learning moves slowly."""


@dataclass(frozen=True)
class Learned:
    """What sources are like, and the ends of the interval of each number."""

    quality: Quality
    low: Quality
    high: Quality


def trial(part: Reports, quality: Quality, start: Start, priors: Priors, seed: int) -> Learned:
    """Quality corrected by ``replica_rounds`` trials; without any, as it was."""
    steps, errors = [], []
    first = _scaled(quality)
    far = _furthest(first, quality, priors)
    for number in range(priors.replica_rounds):
        m = model(part, quality, priors)
        twin = model(replica(m, seed + number).reports, quality, priors)
        with ThreadPoolExecutor(2) as pool:
            here, there = pool.map(_learned, (m, twin), (start, start))
        put = _scaled(quality)
        error = _scaled(there) - put
        gain = GAIN if number < priors.replica_rounds // 3 else 1.0
        errors.append(error)
        step = put + gain * (_scaled(here) - put - error) + _pull(part, put, errors)
        steps.append(np.clip(step, first - far, first + far))
        quality = _unscaled(steps[-1], here)
    if not steps:
        return Learned(quality, quality, quality)
    centre = np.mean(steps[len(steps) // 2 :], axis=0)
    off = _reach(np.array(errors))
    return Learned(*(_unscaled(centre + side * off, quality) for side in (0.0, -1.0, 1.0)))


def _furthest(first: Floats, quality: Quality, priors: Priors) -> Floats:
    """(6, s) how far trials may move each number: not at all where next to nothing is matched, as they would drift."""
    reach = np.array([FURTHEST_ODDS] * len(SHARES) + [FURTHEST_SIZE] * len(SIZES))[:, None]
    return np.asarray(reach * (quality.matches >= priors.learn_weight)[None, :] + np.zeros_like(first))


def _pull(part: Reports, put: Floats, errors: list[Floats]) -> Floats:
    """(6, s) step of the false shares back to what is stated, by its share of all that is known: trials undo what
    priors do within learning, so that without it a share that the data say little of would wander.

    What is stated weighs as so many reports known to be true or false; the data by how far learning errs on replicas,
    at best as if each report were known to be true or false.
    """
    row = SHARES.index("false")
    before = np.clip(1.0 - mean_by_source(part, part.before), LEAST_SHARE, AT_MOST)
    stated = mean_by_source(part, part.trust) * before * (1.0 - before)
    false = 1.0 / (1.0 + np.exp(-put[row]))
    known = np.bincount(part.source, minlength=len(false)) * false * (1.0 - false)
    least = 1.0 / np.maximum(known, 1e-9)
    scatter = np.sum(np.square([e[row] - np.mean([x[row] for x in errors], axis=0) for e in errors]), axis=0)
    variance = np.maximum((scatter + SLACK * FEW * least) / (len(errors) - 1 + FEW), least)
    out = np.zeros_like(put)
    out[row] = stated / (stated + 1.0 / variance) * (np.log(before / (1.0 - before)) - put[row])
    return out


def _reach(errors: Floats) -> Floats:
    """Half the width of the interval, from the scatter of (rounds, ...) errors of learning."""
    rounds = len(errors)
    if rounds < 2:
        return np.full(errors.shape[1:], np.inf)
    of = student.ppf(0.5 + INTERVAL / 2.0, rounds - 1)
    return np.asarray(of * errors.std(axis=0, ddof=1) * np.sqrt(1.0 + 1.0 / rounds))


def _learned(m: Model, start: Start) -> Quality:
    return _told_again(m, improved(m, start))


def _told_again(m: Model, quality: Quality) -> Quality:
    """Repeats as grouping finds them."""
    label, n = group(m).label, len(m.r.sources)
    count = np.bincount(m.r.source, minlength=n)
    firsts = np.bincount(distinct(label * n + m.r.source) % n, minlength=n)
    weight = m.priors.learn_weight
    return replace(quality, repeat=(count - firsts + weight * m.priors.repeat) / (firsts + weight))


def _scaled(q: Quality) -> Floats:
    """(6, s) log odds of shares and logarithms of sizes: what errs by about as much at every value."""
    shares = [np.clip(getattr(q, name), LEAST_SHARE, AT_MOST) for name in SHARES]
    sizes = [np.maximum(getattr(q, name), FLOOR_H) for name in SIZES]
    return np.array([np.log(x / (1.0 - x)) for x in shares] + [np.log(x) for x in sizes])


def _unscaled(scaled: Floats, like: Quality) -> Quality:
    shares = np.clip(1.0 / (1.0 + np.exp(-scaled[: len(SHARES)])), LEAST_SHARE, AT_MOST)
    sizes = np.maximum(np.exp(scaled[len(SHARES) :]), FLOOR_H)
    names = dict(zip(SHARES + SIZES, [*shares, *sizes], strict=True))
    return replace(like, **names)
