"""What sources are like, learned from the reports alone: no truth, only what several sources say of one place."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.coincidences import Start, coincidences
from servanda.fusion.distinct import distinct
from servanda.fusion.estimate import FLOOR_H
from servanda.fusion.model import Model, model
from servanda.fusion.priors import Priors
from servanda.fusion.quality import Quality, chosen, mean_by_source, stated, unknown
from servanda.fusion.reports import Reports
from servanda.fusion.rounds import learned as learned_from
from servanda.fusion.trial import Learned, trial

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STRETCHES = 10
"""At most so many stretches of time are looked at."""


def learn(r: Reports, priors: Priors, seed: int = 0) -> tuple[Learned, Model | None]:
    """What is stated, then coincidences, then matching and estimating in turns, then trials on replicas.

    Also returns the reports that learning has looked at, as a model under what was learned. Below ``learn_from``
    reports, with one witness group, or where no source has matches enough, what is stated stands, and there is no such
    model. Counts of incidents are no matter for learning.
    """
    quality = stated(r, priors)
    single = r.part(np.flatnonzero(~r.counted))
    if not enough(single, priors):
        return Learned(quality, quality, quality), None
    part = sample(single, priors)
    start = coincidences(single, priors)
    quality = replace(_first(single, quality, start, priors), false=1.0 - mean_by_source(single, single.before))
    for number in range(priors.learn_rounds):
        told = learned_from(model(part, quality, priors), start, seed + number).quality
        quality = replace(told, repeat=quality.repeat)  # matching sees too few of them: only trials show by how much
    learned = _where_matched(trial(part, quality, start, priors, seed), single, priors)
    if np.isnan(learned.low.detect).all():
        return learned, None
    return learned, model(part, learned.quality, priors)


def _where_matched(told: Learned, r: Reports, priors: Priors) -> Learned:
    """What is stated stands for sources with fewer matches than it weighs, and for false shares that the data say next
    to nothing of. No interval there, nor for an error of place that every report of a source states."""
    few, nothing = told.quality.matches < priors.learn_weight, unknown(len(r.sources))
    quality = replace(chosen(few, stated(r, priors), told.quality), matches=told.quality.matches)
    as_stated = ~few & np.isnan(told.low.false)
    quality = replace(quality, false=np.where(as_stated, 1.0 - mean_by_source(r, r.before), quality.false))
    open_ = np.bincount(r.source, np.isnan(r.s_km), len(r.sources)) > 0
    low, high = (chosen(few, nothing, end) for end in (told.low, told.high))
    low, high = (replace(end, sigma_km=np.where(open_, end.sigma_km, np.nan)) for end in (low, high))
    return Learned(quality, low, high)


def enough(r: Reports, priors: Priors) -> bool:
    """Whether there are reports and witness groups enough to learn from."""
    return len(r) >= priors.learn_from and len(distinct(r.group)) > 1


def sample(r: Reports, priors: Priors) -> Reports:
    """About ``learn_reports`` reports in even spaced whole stretches of time, so that matches stay in."""
    most = priors.learn_reports
    if len(r) <= most:
        return r
    order = np.argsort(r.t_h, kind="stable")
    hours = float(np.ptp(r.t_h)) * most / len(r)
    stretches = int(np.clip(hours // priors.learn_stretch_h, 1, STRETCHES))
    each = most // stretches
    starts = (np.arange(stretches) + 0.5) * len(r) / stretches - each / 2.0
    at = distinct(np.concatenate([np.arange(int(s), int(s) + each) for s in starts]))
    return r.part(np.sort(order[at]))


def _first(r: Reports, quality: Quality, start: Start, priors: Priors) -> Quality:
    """Errors, confusion and repeats as coincidences give them."""
    open_ = np.bincount(r.source, np.isnan(r.s_km), len(r.sources)) > 0
    count, weight = np.bincount(r.source, minlength=len(r.sources)), priors.learn_weight
    least = (priors.sigma_floor_m / 1000.0) ** 2
    return replace(
        quality,
        sigma_km=np.where(open_, np.sqrt(np.maximum(start.km2, least)), quality.sigma_km),
        time_h=np.sqrt(np.maximum(start.h2, FLOOR_H**2)),
        confusion=np.clip(start.confusion, 0.01, 0.8),
        repeat=np.clip((start.repeats + priors.repeat * weight) / (count + weight), 0.0, 0.5),
    )
