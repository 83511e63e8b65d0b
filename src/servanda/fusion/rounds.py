"""One round of learning: errors of sources from matching, then what they detect, make up and repeat from grouping."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.coincidences import Start
from servanda.fusion.distinct import distinct
from servanda.fusion.estimate import improved
from servanda.fusion.grouping import Grouping, group
from servanda.fusion.histories import Rates, histories, rates
from servanda.fusion.model import Model
from servanda.fusion.quality import Quality, logit, share

LEAST_SHARE, AT_MOST = 1e-3, 0.95
"""Ends of what a source may be learned to detect or to make up."""
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Round:
    """quality: what was learned; rates: the part of it that is of witness groups; clear: (s,) see ``improved``."""

    quality: Quality
    rates: Rates
    clear: Floats


def learned(m: Model, start: Start, seed: int) -> Round:
    """What the reports of ``m`` say, going by ``m.quality``, with a grouping drawn.

    Stochastic EM (Celeux and Diebolt 1985): what is drawn by its chances is as frequent as it should be.
    """
    quality, clear = improved(m, start)
    grouping = group(m, rng=np.random.default_rng(seed))
    believed = by_group(m, m.quality)
    found = rates(histories(m, grouping), *believed)
    of = m.group_of
    detect = np.clip(share(found.detect)[of] * m.quality.detect / share(believed[0])[of], LEAST_SHARE, AT_MOST)
    false = share(_odds(m.quality.false) + (found.false - believed[1])[of])
    return Round(replace(quality, detect=detect, false=false, repeat=_told_again(m, grouping)), found, clear)


def by_group(m: Model, q: Quality) -> tuple[Floats, Floats, Floats]:
    """(g,) log odds of detection and of false reports, and repeats, of each witness group: its sources may repeat each
    other, so the best of them detects for all."""
    count = np.maximum(np.bincount(m.r.source, minlength=len(m.r.sources)), 1e-9)
    groups = max(len(m.r.groups), 1)
    total = np.maximum(np.bincount(m.group_of, count, groups), 1e-9)
    detect = np.full(groups, 1e-3)
    np.maximum.at(detect, m.group_of, q.detect)
    false, repeat = (np.bincount(m.group_of, count * v, groups) / total for v in (_odds(q.false), q.repeat))
    return _odds(detect), false, repeat


def _odds(p: Floats) -> Floats:
    """Log odds; what is stated as never or always is taken for nearly so."""
    return logit(np.clip(p, LEAST_SHARE, AT_MOST))


def _told_again(m: Model, grouping: Grouping) -> Floats:
    """Further reports for each incident, as grouping finds them."""
    n = len(m.r.sources)
    count = np.bincount(m.r.source, minlength=n)
    firsts = np.bincount(distinct(grouping.label * n + m.r.source) % n, minlength=n)
    weight = m.priors.learn_weight
    return np.asarray((count - firsts + weight * m.priors.repeat) / (firsts + weight))
