"""Reports that count many events at once: chances and laws of how many of them were violations.

A report is right or wrong as a whole, with chance ``p``; if right, each of its ``n`` events is a violation with
chance ``q / p``, independently of the others: events are taken to lie evenly over its period and area. One
event alone is the case n = 1, where all of this is what ``chance`` says.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from servanda.compliance.chance import above, count_interval, poisson_binomial
from servanda.findings import Interval

EXACT_UP_TO = 4096
"""With more events than this in all, the normal law replaces the exact one."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """Arrays over reports. ``q``: chance that one given event is a violation, at most ``p``; ``n``: how many events,
    infinite where the report says 'at least' and more may be meant."""

    q: Floats
    n: Floats
    p: Floats

    @property
    def plain(self) -> bool:
        return bool((self.n == 1).all())

    def only(self, keep: NDArray[np.bool_]) -> "Tally":
        return Tally(self.q[keep], self.n[keep], self.p[keep])


def ones(q: Floats) -> Tally:
    """Events reported one by one, with chances ``q``."""
    return Tally(q, np.ones(len(q)), np.ones(len(q)))


def chain(tallies: list[Tally]) -> Tally:
    return Tally(*(np.concatenate([getattr(t, name) for t in tallies]) for name in ("q", "n", "p")))


def at_least_one(t: Tally) -> Floats:
    """(reports,) chance that any event of a report is a violation: p (1 - (1 - q/p)^n)."""
    if t.plain:
        return t.q
    return np.asarray(np.where(t.n == 1, t.q, t.p * (1.0 - (1.0 - _each(t)) ** t.n)))


def interval(t: Tally) -> Interval:
    """Mean and central 95 % interval of the number of violations; no upper end where a count has none."""
    t = t.only(t.q > 0)
    if t.plain:
        return count_interval(t.q)
    if np.isinf(t.n).any():
        return Interval(None, None, None)
    mean, sd = _moments(t)
    total = float(t.n.sum())
    if total > EXACT_UP_TO:
        low, high = max(mean - 1.959964 * sd, 0.0), min(mean + 1.959964 * sd, total)
        return Interval(mean, float(math.floor(low)), float(math.ceil(high)))
    cumulative = np.cumsum(law(t))
    low, high = np.searchsorted(cumulative, [0.025, 0.975])
    return Interval(mean, float(min(low, total)), float(min(high, total)))


def more_than(t: Tally, limit: float) -> float:
    """Chance that more than ``limit`` of the events were violations."""
    t = t.only(t.q > 0)
    if t.plain:
        return above(t.q, limit)
    # An open count may be of any number: it passes any limit as soon as it is right.
    endless = np.isinf(t.n)
    return 1.0 - float(np.prod(1.0 - t.p[endless])) * (1.0 - _more_than(t.only(~endless), limit))


def _more_than(t: Tally, limit: float) -> float:
    total = float(t.n.sum())
    if total <= limit:
        return 0.0
    if total > EXACT_UP_TO:
        mean, sd = _moments(t)
        return float(special.ndtr((mean - limit - 0.5) / sd)) if sd > 0 else float(mean > limit)
    return float(min(1.0, law(t)[math.floor(limit) + 1 :].sum()))


def law(t: Tally) -> Floats:
    """Exact law of the number of violations, ``p[k] = P(K = k)``."""
    single = t.n == 1
    out = poisson_binomial(np.sort(t.q[single]))
    for n, each, p in zip(t.n[~single], _each(t)[~single], t.p[~single], strict=True):
        k = np.arange(int(n) + 1)
        part = p * _binomial(k, int(n), float(each))
        part[0] += 1.0 - p
        out = np.convolve(out, part)
    return out


def _each(t: Tally) -> Floats:
    return np.divide(t.q, t.p, out=np.zeros_like(t.q), where=t.p > 0).clip(0.0, 1.0)


def _moments(t: Tally) -> tuple[float, float]:
    """Mean and standard deviation of the number of violations."""
    each, mean = _each(t), t.n * t.q
    squares = t.p * (t.n * each * (1.0 - each) + (t.n * each) ** 2)
    return float(mean.sum()), math.sqrt(max(float((squares - mean**2).sum()), 0.0))


def _binomial(k: NDArray[np.int64], n: int, p: float) -> Floats:
    if p >= 1.0:
        return np.asarray(k == n, dtype=np.float64)
    choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    law_: Floats = np.exp(choose + special.xlogy(k, p) + special.xlog1py(n - k, -p))
    return law_
