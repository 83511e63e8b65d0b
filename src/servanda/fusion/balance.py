"""What a source makes up, between what is stated and what the data say; and what it detects, where that hangs on it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.coincidences import Start
from servanda.fusion.coverage import covered, covered_by_both, kinds_there
from servanda.fusion.model import Model
from servanda.fusion.quality import Quality, logit, mean_by_source
from servanda.fusion.rounds import AT_MOST, LEAST_SHARE, Round

Floats = NDArray[np.float64]
FURTHEST_STEP = 1.5
"""Odds of false reports move by a factor of 4.5 at most in one round."""
LEAST_CLEAR, UNCLEAR = 0.02, 0.1
"""Matching is never taken to be less clear than the first; at the second, a source's own matches and the number of
its reports weigh alike in its detection."""
LEAST_INFORMATION = 1e-6


@dataclass(frozen=True)
class Weighed:
    """Arrays (s,), on the scale of log odds of false shares: the step to take, the standard deviation of what is known
    of them, and the share of that which the data say; the rest is stated."""

    step: Floats
    sd: Floats
    told: Floats


def balanced(m: Model, here: Round, there: Round) -> Weighed:
    """To where what is stated and what the data say meet; ``here`` from the data, ``there`` from a replica.

    What is stated weighs as so many reports known to be true or false. The data weigh by the information of histories,
    less what is lost because matching is unclear (the missing information of Louis 1982: one round shows only a part of
    a needed change, ``replica_response``), replicas are few, and none is quite like the data (``replica_misfit``). That
    some incidents are easier to see than others (``unequal_sight``) is in the standard deviation alone.
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
    shown = clear**m.priors.replica_response
    noise = np.sqrt(shown + 2.0 / m.priors.replica_rounds)
    misfit = np.diag((m.priors.replica_misfit * (1.0 - shown)) ** 2)
    variance = noise[:, None] * _inverse(here.rates.information) * noise + misfit
    data = shown[:, None] * _inverse(variance) * shown
    told = data @ ((here.rates.false - there.rates.false) / shown)
    back = stated * (mean(logit(before)) - mean(logit(np.clip(m.quality.false, LEAST_SHARE, AT_MOST))))
    known = _inverse(data + np.diag(stated))
    step = np.clip(known @ (told + back), -FURTHEST_STEP, FURTHEST_STEP)
    own = np.diag(data) / (np.diag(data) + stated)
    sd = np.sqrt(np.diag(known) + (own * m.priors.unequal_sight) ** 2)
    return Weighed(step[of], sd[of], own[of])


def _inverse(information: Floats) -> Floats:
    """Of a symmetric matrix; what it says nothing of gets a vast variance."""
    size, way = np.linalg.eigh(information)
    return np.asarray(way / np.maximum(size, LEAST_INFORMATION) @ way.T)


def agreed(m: Model, q: Quality, clear: Floats, start: Start) -> Quality:
    """Detection where matching is unclear: what the number of reports says, if there are as many incidents of the kinds
    that a source covers as the others make out, by what they detect and by the coincidences of each two."""
    count = np.bincount(m.r.source, minlength=len(m.r.sources)).astype(np.float64)
    kinds = kinds_there(m, q)
    true = np.maximum(count * (1.0 - q.false) / (1.0 + q.repeat) / np.maximum(covered(m, kinds), 1e-9), 1e-9)
    by_pairs, worth = _there(m, q, start, kinds)
    there = np.average(
        np.r_[np.log(true / q.detect), by_pairs], weights=np.r_[m.covers.any(axis=1) * clear * count + 1e-9, worth]
    )
    own = clear / (clear + UNCLEAR)
    detect = np.exp(own * np.log(q.detect) + (1.0 - own) * (np.log(true) - there))
    return replace(q, detect=np.clip(detect, LEAST_SHARE, AT_MOST))


def _there(m: Model, q: Quality, start: Start, kinds: Floats) -> tuple[Floats, Floats]:
    """(p,) logarithm of how many incidents there are behind the reports of ``m``, by the true reports of each two
    sources over their matched pairs (Lincoln and Petersen), and how much it weighs."""
    if not len(start.pairs):
        return np.empty(0), np.empty(0)
    a, b = start.pairs.T
    own, both = covered(m, kinds), covered_by_both(m, kinds)[a, b]
    true = np.maximum(start.reports * (1.0 - q.false), 1e-9) / np.maximum(own, 1e-9)
    part = len(m.r) / max(float(start.reports.sum()), 1e-9)
    there = np.log(part * true[a] * true[b] * np.maximum(both, 1e-9) / np.maximum(start.shared, 1e-9))
    shared = (m.covers[a] & m.covers[b]).any(axis=1)
    return there, shared / (1.0 / np.maximum(start.worth, 1e-9) + m.priors.coincidence_error**2)
