"""Learning tried out on replicas: what it gets wrong where the truth is known, it gets wrong on the data.

Indirect inference (Gourieroux, Monfort and Renault 1993), one replica a round, the later rounds averaged (Polyak and
Juditsky 1992). How far the same learning scatters from replica to replica gives the intervals (parametric bootstrap);
of false reports they are at least as wide as what is known of them allows.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from servanda.fusion.balance import Weighed, agreed, balanced
from servanda.fusion.coincidences import Start
from servanda.fusion.estimate import FLOOR_H
from servanda.fusion.model import Model, model
from servanda.fusion.priors import Priors
from servanda.fusion.quality import Quality, logit, share
from servanda.fusion.replica import replica
from servanda.fusion.reports import Reports
from servanda.fusion.rounds import AT_MOST, LEAST_SHARE, Round, learned

Floats = NDArray[np.float64]
SHARES = ("detect", "false", "confusion", "repeat")
DETECT, FALSE = SHARES.index("detect"), SHARES.index("false")
SIZES = ("sigma_km", "time_h")
INTERVAL = 0.95
FURTHEST_ODDS, FURTHEST_SIZE = 3.0, float(np.log(3.0))
"""Trials move odds by a factor of 20 and sizes by a factor of 3 at most: they correct what was learned, no more."""
AS_BEFORE = 4
"""Candidates are looked for anew every so many rounds: errors move by little from one to the next."""
LEAST_SHOWN = 1.0 / 3.0
"""One round shows the part ``clear`` of an error, so that the whole one scatters by as much more; at most so."""
LEAST_TOLD = 0.1
"""Where less of what is known of a false share comes from the data, it is as stated."""
FULL = 4.0
"""So many rounds go all the way; later ones go this share of their number, so that chance averages out (Robbins and
Monro 1951)."""


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
    m: Model | None = None
    for number in range(priors.replica_rounds):
        m = model(part, quality, priors, like=m if number % AS_BEFORE else None)
        with ThreadPoolExecutor(2) as pool:
            tried = pool.submit(_tried, m, start, seed + number)
            here, there = learned(m, start, seed + number), tried.result()
        put = _scaled(quality)
        error = _scaled(there.quality) - put
        step = _scaled(here.quality) - put - error
        weighed = balanced(m, here, there)
        step[FALSE] = weighed.step
        step = put + step * min(1.0, FULL / (number + 1.0))
        errors.append(error)
        quality = agreed(m, _unscaled(np.clip(step, first - far, first + far), here.quality), here.clear, start)
        steps.append(_scaled(quality))
    if m is None:
        return Learned(quality, quality, quality)
    centre = np.mean(steps[len(steps) // 2 :], axis=0)
    off = _reach(np.array(errors)) / np.clip(here.clear, LEAST_SHOWN, 1.0)
    off = np.hypot(off, norm.ppf(0.5 + INTERVAL / 2.0) * _shared_error(start, quality))
    off[FALSE] = np.maximum(off[FALSE], norm.ppf(0.5 + INTERVAL / 2.0) * weighed.sd)
    off[DETECT] = np.hypot(off[DETECT], norm.ppf(0.5 + INTERVAL / 2.0) * _by_false(m, quality, weighed))
    low, high = (_end(_unscaled(centre + side * off, quality), side, weighed) for side in (-1.0, 1.0))
    return Learned(_unscaled(centre, quality), low, high)


def _by_false(m: Model, q: Quality, weighed: Weighed) -> Floats:
    """(s,) standard deviations of log odds of detection, from what is not known of the false shares of other witness
    groups: of two, ``detect`` of one is matches over the true reports of the other (delta method)."""
    other = (m.group_of[:, None] != m.group_of[None, :]) * np.maximum(q.matches, 1e-9)
    share_off = (other @ (q.false * weighed.sd) ** 2) / np.maximum(other.sum(axis=1), 1e-9)
    return np.asarray(np.sqrt(share_off) / np.maximum(1.0 - q.detect, 1.0 - AT_MOST))


def _end(q: Quality, side: float, weighed: Weighed) -> Quality:
    """An end of the intervals: 0 or 1 where learning goes no further, and none where a false share is as stated."""
    last, beyond = (LEAST_SHARE, 0.0) if side < 0 else (AT_MOST, 1.0)
    shares = {name: getattr(q, name) for name in SHARES}
    q = replace(q, **{name: np.where(p == last, beyond, p) for name, p in shares.items()})
    return replace(q, false=np.where(weighed.told < LEAST_TOLD, np.nan, q.false))


def _tried(m: Model, start: Start, seed: int) -> Round:
    """What is learned from a replica of ``m``."""
    return learned(model(replica(m, seed).reports, m.quality, m.priors), start, seed)


def _furthest(first: Floats, quality: Quality, priors: Priors) -> Floats:
    """(6, s) how far trials may move each number: not at all where next to nothing is matched, as they would drift."""
    reach = np.array([FURTHEST_ODDS] * len(SHARES) + [FURTHEST_SIZE] * len(SIZES))[:, None]
    return np.asarray(reach * (quality.matches >= priors.learn_weight)[None, :] + np.zeros_like(first))


def _reach(errors: Floats) -> Floats:
    """Half the width of the interval, from the scatter of (rounds, ...) errors of learning."""
    rounds = len(errors)
    if rounds < 2:
        return np.full(errors.shape[1:], np.inf)
    of = student.ppf(0.5 + INTERVAL / 2.0, rounds - 1)
    return np.asarray(of * errors.std(axis=0, ddof=1) * np.sqrt(1.0 + 1.0 / rounds))


def _shared_error(start: Start, q: Quality) -> Floats:
    """(6, s) standard deviations of what data and replica share, so that the scatter of trials leaves it out: what
    coincidences say of errors; and of confusion, which moves by a part of its error only in one trial, that of a share
    of the matches, twice over, as a mistaken kind may be either source's."""
    out = np.zeros((len(SHARES) + len(SIZES), len(q.detect)))
    c = np.clip(q.confusion, LEAST_SHARE, AT_MOST)
    out[SHARES.index("confusion")] = np.sqrt(2.0 / (np.maximum(q.matches, 1.0) * c * (1.0 - c)))
    for row, size, precision in ((-2, q.sigma_km, start.km2_precision), (-1, q.time_h, start.h2_precision)):
        out[row] = np.minimum(0.5 / (np.maximum(size, FLOOR_H) ** 2 * np.sqrt(precision)), FURTHEST_SIZE)
    return out


def _scaled(q: Quality) -> Floats:
    """(6, s) log odds of shares and logarithms of sizes: what errs by about as much at every value."""
    shares = [np.clip(getattr(q, name), LEAST_SHARE, AT_MOST) for name in SHARES]
    sizes = [np.maximum(getattr(q, name), FLOOR_H) for name in SIZES]
    return np.array([logit(x) for x in shares] + [np.log(x) for x in sizes])


def _unscaled(scaled: Floats, like: Quality) -> Quality:
    shares = np.clip(share(scaled[: len(SHARES)]), LEAST_SHARE, AT_MOST)
    sizes = np.maximum(np.exp(scaled[len(SHARES) :]), FLOOR_H)
    names = dict(zip(SHARES + SIZES, [*shares, *sizes], strict=True))
    return replace(like, **names)
