"""How good each source is: what is stated or learned of it, and the errors of its reports that follow."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """Arrays (s,) by source, as in ``Reports.sources``.

    detect: chance to report an incident; false: share of its reports with nothing behind them; repeat: further
    reports per incident it reports; confusion: chance that its kind is random; sigma_km, time_h: standard
    deviations of place (where a report states none) and time; matches: expected reports matched with another
    source's, which is what the learned numbers rest on.
    """

    detect: Floats
    false: Floats
    repeat: Floats
    confusion: Floats
    sigma_km: Floats
    time_h: Floats
    matches: Floats


def stated(r: Reports, priors: Priors) -> Quality:
    """What is believed before any data."""
    n = len(r.sources)
    return Quality(
        np.full(n, priors.corroboration),
        1.0 - mean_by_source(r, r.p_true),
        np.full(n, priors.repeat),
        np.full(n, priors.confusion),
        np.full(n, priors.sigma_m / 1000.0),
        np.full(n, priors.time_sigma_h),
        np.zeros(n),
    )


def chosen(where: NDArray[np.bool_], one: Quality, other: Quality) -> Quality:
    """``one`` for the sources ``where`` is true, ``other`` for the rest."""
    return Quality(*(np.where(where, getattr(one, f.name), getattr(other, f.name)) for f in fields(Quality)))


def unknown(n: int) -> Quality:
    """NaN for all that ``n`` sources are like."""
    return Quality(*(np.full(n, np.nan) for _ in fields(Quality)))


def mean_by_source(r: Reports, values: Floats) -> Floats:
    count = np.bincount(r.source, minlength=len(r.sources))
    return np.asarray(np.bincount(r.source, values, len(r.sources)) / np.maximum(count, 1))


def group_of(r: Reports) -> Integers:
    """(sources,) the witness group of most of a source's reports."""
    shape = (len(r.sources), max(len(r.groups), 1))
    count = np.bincount(r.source * shape[1] + r.group, minlength=shape[0] * shape[1]).reshape(shape)
    return np.asarray(count.argmax(axis=1))


def place_error(r: Reports, quality: Quality) -> Floats:
    """(n,) standard deviation of each report's place, km: its own where stated, else its source's."""
    return np.where(np.isnan(r.s_km), quality.sigma_km[r.source], r.s_km)


def time_variance(r: Reports, quality: Quality) -> Floats:
    """(n,) variance of each report's time, h²: the source's error, and that of a uniform time in its interval."""
    return np.asarray(quality.time_h[r.source] ** 2 + r.width_h**2 / 12.0)


def belief(r: Reports, quality: Quality) -> Floats:
    """(n,) chance that each report is true: its own grade, moved by what was learned of its source's false share.

    On the scale of log odds, so that a source's better and worse reports stay apart.
    """
    mean = np.clip(mean_by_source(r, r.p_true), 1e-6, 1 - 1e-6)
    learned = np.clip(1.0 - quality.false, 1e-6, 1 - 1e-6)
    shift = logit(learned) - logit(mean)
    moved = share(logit(np.clip(r.p_true, 1e-9, 1 - 1e-9)) + shift[r.source])
    return np.where((r.p_true <= 0.0) | (np.abs(shift[r.source]) < 1e-12), r.p_true, moved)


def logit(p: Floats) -> Floats:
    """Log odds of shares strictly between 0 and 1."""
    return np.asarray(np.log(p / (1.0 - p)))


def share(odds: Floats) -> Floats:
    """Shares of log odds."""
    return np.asarray(expit(odds))
