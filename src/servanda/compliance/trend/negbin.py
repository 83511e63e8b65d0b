"""Negative-binomial regression (NB2) with an offset, censored counts, and one before-and-after effect.

Mean of cell i: ``effort_i exp(x_i b) (1 - s_i + s_i ratio)``, where ``s_i`` is the part of it inside the window.
Variance: ``mean + alpha mean^2`` (Hilbe 2011). A count of 'at least so many' enters with the chance of so many or
more. ``alpha`` is found by the adjusted profile likelihood of Cox and Reid (1987), as in McCarthy, Chen and Smyth
(2012), with a log-normal prior.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]
ALPHAS = np.geomspace(1e-3, 30.0, 22)
FAR = 12.0
"""Logarithm of a ratio beyond which it is none at all."""


@dataclass(frozen=True)
class Design:
    """Arrays over cells. ``x`` (n, p): levels; ``ridge`` (p,): inverse variance of the prior of each."""

    y: Floats
    effort: Floats
    at_least: NDArray[np.bool_]
    inside: Floats
    x: Floats
    ridge: Floats


@dataclass(frozen=True)
class Fit:
    """``b`` (p,) levels; ``beta``: logarithm of the ratio; ``mean`` (n,); ``loglik`` with the penalty taken off."""

    b: Floats
    beta: float
    alpha: float
    mean: Floats
    loglik: float


def log_pmf(y: Floats, mean: Floats, alpha: Floats | float) -> Floats:
    """Log of the NB2 law; ``y`` need not be whole (expected counts), the normaliser is then that of its gamma form."""
    r = 1.0 / alpha
    choose = special.gammaln(y + r) - special.gammaln(r) - special.gammaln(y + 1.0)
    return np.asarray(choose + special.xlogy(y, alpha * mean) - (y + r) * np.log1p(alpha * mean))


def log_at_least(y: Floats, mean: Floats, alpha: Floats | float) -> Floats:
    """Log of the chance of ``y`` or more: a regularised incomplete beta function."""
    share = alpha * mean / (1.0 + alpha * mean)
    chance = special.betainc(np.maximum(y, 1e-9), 1.0 / alpha, share)
    return np.log(np.maximum(np.where(y > 0, chance, 1.0), 1e-300))


def log_law(y: Floats, mean: Floats, alpha: Floats | float, at_least: NDArray[np.bool_]) -> Floats:
    out = log_pmf(y, mean, alpha)
    return np.where(at_least, log_at_least(y, mean, alpha), out) if at_least.any() else out


def _score(d: Design, mean: Floats, alpha: float) -> Floats:
    """(n,) derivative of the log likelihood by the logarithm of the mean."""
    out = (d.y - mean) / (1.0 + alpha * mean)
    if d.at_least.any():
        r, share = 1.0 / alpha, alpha * mean / (1.0 + alpha * mean)
        y = np.maximum(d.y, 1e-9)
        log_slope = special.xlogy(y, share) + r * np.log1p(-share) - special.betaln(y, r)
        censored = np.where(d.y > 0, np.exp(log_slope - log_at_least(y, mean, alpha)), 0.0)
        out = np.where(d.at_least, censored, out)
    return out


def fit(d: Design, alpha: float, beta: float | None = None, start: Fit | None = None) -> Fit:
    """Most likely levels, and the effect where ``beta`` is not given. Fisher scoring with halved steps."""
    free = beta is None
    p = d.x.shape[1]
    theta = np.zeros(p + 1)
    if start is None:
        theta[:p] = _start(d)
    else:
        theta[:p], theta[p] = start.b, start.beta
    if beta is not None:
        theta[p] = beta
    ridge = np.r_[d.ridge, 0.0]
    current = _penalised(d, theta, ridge, alpha)
    for _ in range(60):
        jacobian = _jacobian(d, float(theta[p]), free)
        mean = _mean(d, theta)
        weight = mean / (1.0 + alpha * mean)
        m = jacobian.shape[1]
        gradient = jacobian.T @ _score(d, mean, alpha) - ridge[:m] * theta[:m]
        step = np.linalg.solve(jacobian.T @ (weight[:, None] * jacobian) + np.diag(ridge[:m] + 1e-9), gradient)
        step = np.clip(step, -3.0, 3.0)
        for _ in range(12):
            tried = theta.copy()
            tried[:m] += step
            if free:
                tried[p] = np.clip(tried[p], -FAR, FAR)
            value = _penalised(d, tried, ridge, alpha)
            if value >= current - 1e-12:
                break
            step = step / 2.0
        gained, theta, current = value - current, tried, value
        if abs(gained) < 1e-9:
            break
    return Fit(theta[:p], float(theta[p]), alpha, _mean(d, theta), float(current))


def _start(d: Design) -> Floats:
    """Each level's crude rate; nothing for columns that are no levels (weekdays)."""
    member = d.x == 1.0
    counts, effort = member.T @ d.y, member.T @ d.effort
    level = (d.ridge == 0.0) & (effort > 0)
    return np.where(level, np.log((counts + 0.5) / np.maximum(effort, 1e-300)), 0.0)


def _mean(d: Design, theta: Floats) -> Floats:
    effect = np.log1p(d.inside * np.expm1(theta[-1]))
    return np.asarray(d.effort * np.exp(np.clip(d.x @ theta[:-1] + effect, -50.0, 50.0)))


def _jacobian(d: Design, beta: float, free: bool) -> Floats:
    if not free:
        return d.x
    inside = d.inside * np.exp(beta)
    return np.asarray(np.c_[d.x, inside / (1.0 - d.inside + inside)])


def _penalised(d: Design, theta: Floats, ridge: Floats, alpha: float) -> float:
    law = log_law(d.y, _mean(d, theta), alpha, d.at_least).sum()
    return float(law - 0.5 * (ridge * theta**2).sum())


def information(d: Design, f: Fit) -> tuple[Floats, Floats]:
    """(p + 1, p + 1) expected information, as if cells were independent, and the Jacobian (n, p + 1)."""
    jacobian = _jacobian(d, f.beta, True)
    weight = f.mean / (1.0 + f.alpha * f.mean)
    prior = np.diag(np.r_[d.ridge, 0.0] + 1e-9)
    return np.asarray(jacobian.T @ (weight[:, None] * jacobian) + prior), jacobian


def estimate(d: Design, centre: float, sd: float) -> Fit:
    """The fit at the dispersion that is most likely a posteriori; ``centre``, ``sd``: its prior, as a logarithm."""
    fits: list[Fit] = []
    for alpha in ALPHAS[::-1]:
        fits.append(fit(d, float(alpha), start=fits[-1] if fits else None))
    values = np.array([_adjusted(d, f, centre, sd) for f in fits])
    best = int(np.argmax(values))
    if 0 < best < len(values) - 1:
        logs = np.log(ALPHAS[::-1][best - 1 : best + 2])
        a, b, _ = np.polyfit(logs, values[best - 1 : best + 2], 2)
        top = -b / (2.0 * a) if a < 0 else logs[1]
        return fit(d, float(np.exp(np.clip(top, logs.min(), logs.max()))), start=fits[best])
    return fits[best]


def _adjusted(d: Design, f: Fit, centre: float, sd: float) -> float:
    info, _ = information(d, f)
    prior = -0.5 * ((np.log(f.alpha) - np.log(centre)) / sd) ** 2
    return float(f.loglik - 0.5 * np.linalg.slogdet(info)[1] + prior)


def profile(d: Design, best: Fit, drop: float) -> tuple[float | None, float | None]:
    """Ratios where the profile log likelihood lies ``drop`` below its top; None where it never does."""

    def above(beta: float) -> float:
        return fit(d, best.alpha, beta, best).loglik - best.loglik + drop

    ends: list[float | None] = []
    for side in (-1.0, 1.0):
        inner, step, outer = best.beta, 0.25, None
        while abs(inner) <= FAR:
            tried = inner + side * step
            if above(tried) < 0:
                outer = tried
                break
            inner, step = tried, step * 2.0
        found = None if outer is None else optimize.brentq(above, min(inner, outer), max(inner, outer), xtol=1e-4)
        ends.append(None if found is None else float(np.exp(found)))
    return ends[0], ends[1]


def without_effect(d: Design) -> Design:
    """The same cells with no window."""
    return replace(d, inside=np.zeros_like(d.inside))
