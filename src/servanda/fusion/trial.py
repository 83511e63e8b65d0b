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
from servanda.fusion.estimate import FLOOR_H
from servanda.fusion.model import Model, model
from servanda.fusion.priors import Priors
from servanda.fusion.quality import Quality, logit, mean_by_source
from servanda.fusion.replica import replica
from servanda.fusion.reports import Reports
from servanda.fusion.rounds import AT_MOST, LEAST_SHARE, Round, learned

Floats = NDArray[np.float64]
SHARES = ("detect", "false", "confusion", "repeat")
SIZES = ("sigma_km", "time_h")
INTERVAL = 0.95
FURTHEST_ODDS, FURTHEST_SIZE = 3.0, float(np.log(3.0))
"""Trials move odds by a factor of 20 and sizes by a factor of 3 at most: they correct what was learned, no more."""
FURTHEST_STEP = 1.5
"""... and odds of false reports by a factor of 4.5 at most in one round."""
AS_BEFORE = 4
"""Candidates are looked for anew every so many rounds: errors move by little from one to the next."""
FULL = 4.0
"""So many rounds go all the way; later ones go this share of their number, so that chance averages out (Robbins and
Monro 1951)."""
UNLIKE = 0.4
"""Where matching is wholly unclear, log odds of false reports are off by so much between data and replicas, which are
never quite alike; by less in proportion where it is clear."""
LEAST_CLEAR, UNCLEAR = 0.02, 0.1
"""Matching is never taken to be less clear than the first; at the second, a source's own matches and the number of
its reports weigh alike in its detection."""


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
        twin = model(replica(m, seed + number).reports, quality, priors)
        with ThreadPoolExecutor(2) as pool:
            here, there = pool.map(learned, (m, twin), (start, start), (seed + number, seed + number))
        put = _scaled(quality)
        error = _scaled(there.quality) - put
        step = _scaled(here.quality) - put - error
        step[SHARES.index("false")] = _balanced(m, here, there, priors.replica_rounds)
        step = put + step * min(1.0, FULL / (number + 1.0))
        errors.append(error)
        quality = _agreed(m, _unscaled(np.clip(step, first - far, first + far), here.quality), here.clear)
        steps.append(_scaled(quality))
    if not steps:
        return Learned(quality, quality, quality)
    centre = np.mean(steps[len(steps) // 2 :], axis=0)
    off = _reach(np.array(errors))
    return Learned(*(_unscaled(centre + side * off, quality) for side in (0.0, -1.0, 1.0)))


def _furthest(first: Floats, quality: Quality, priors: Priors) -> Floats:
    """(6, s) how far trials may move each number: not at all where next to nothing is matched, as they would drift."""
    reach = np.array([FURTHEST_ODDS] * len(SHARES) + [FURTHEST_SIZE] * len(SIZES))[:, None]
    return np.asarray(reach * (quality.matches >= priors.learn_weight)[None, :] + np.zeros_like(first))


def _balanced(m: Model, here: Round, there: Round, rounds: int) -> Floats:
    """(s,) step of the false shares, on the scale of log odds: to where what is stated and what the data say meet.

    What is stated weighs as so many reports known to be true or false. The data weigh by the information of histories,
    less what is lost because matching is unclear (the missing information of Louis 1982), ``rounds`` replicas are few,
    and none is quite like the data.
    """
    r, of = m.r, m.group_of
    groups = len(here.rates.false)
    count = np.bincount(r.source, minlength=len(of)) + 1e-9

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(of, count * values, groups) / np.maximum(np.bincount(of, count, groups), 1e-9))

    before = np.clip(1.0 - mean_by_source(r, r.before), LEAST_SHARE, AT_MOST)
    stated = np.full(groups, 1e-9)
    np.maximum.at(stated, of, mean_by_source(r, r.trust) * before * (1.0 - before))
    clear = np.maximum(mean(here.clear), LEAST_CLEAR)
    noise = np.sqrt(clear + 2.0 / rounds)
    variance = noise[:, None] * np.linalg.pinv(here.rates.information) * noise + np.diag((UNLIKE * (1.0 - clear)) ** 2)
    data = clear[:, None] * np.linalg.inv(variance) * clear
    told = data @ ((here.rates.false - there.rates.false) / clear)
    back = stated * (mean(logit(before)) - mean(logit(np.clip(m.quality.false, LEAST_SHARE, AT_MOST))))
    return np.asarray(np.clip(np.linalg.solve(data + np.diag(stated), told + back), -FURTHEST_STEP, FURTHEST_STEP)[of])


def _agreed(m: Model, q: Quality, clear: Floats) -> Quality:
    """Detection where matching is unclear: what the number of reports says, if there are as many incidents as the
    others make out."""
    count = np.bincount(m.r.source, minlength=len(m.r.sources)).astype(np.float64)
    true = np.maximum(count * (1.0 - q.false) / (1.0 + q.repeat), 1e-9)
    weight = clear * count + 1e-9
    there = np.exp(np.average(np.log(true / q.detect), weights=weight))
    own = clear / (clear + UNCLEAR)
    detect = np.exp(own * np.log(q.detect) + (1.0 - own) * np.log(true / there))
    return replace(q, detect=np.clip(detect, LEAST_SHARE, AT_MOST))


def _reach(errors: Floats) -> Floats:
    """Half the width of the interval, from the scatter of (rounds, ...) errors of learning."""
    rounds = len(errors)
    if rounds < 2:
        return np.full(errors.shape[1:], np.inf)
    of = student.ppf(0.5 + INTERVAL / 2.0, rounds - 1)
    return np.asarray(of * errors.std(axis=0, ddof=1) * np.sqrt(1.0 + 1.0 / rounds))


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
