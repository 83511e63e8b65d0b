"""Counts around a level that fighting moves in waves: Poisson counts over a log-normal process, by Laplace.

Cell i has mean ``effort_i exp(x_i b + z_i) (1 - s_i + s_i ratio)``, where ``s_i`` is the part of it inside the window
and z is a stationary Gaussian process: mean 0, variance ``log(1 + alpha)``, correlation ``rho^days`` within a stratum
and none between strata (a Poisson log-normal model with an Ornstein-Uhlenbeck wave: Zeger 1988, Chan and Ledolter
1995). A count of 'at least so many' enters with the chance of so many or more. Levels and waves are summed out by
Laplace's approximation (Tierney and Kadane 1986; Rue, Martino and Chopin 2009). The precision of z is tridiagonal, so
that a fit costs time in proportion to the cells; all fits of a grid are done side by side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
STEPS, CLOSE, LONGEST_STEP = 60, 1e-3, 2.0
"""Newton's method: so many steps at most, until they are this small, none longer than this (logarithms)."""


@dataclass(frozen=True)
class Design:
    """Arrays over cells, in order of stratum and time. ``x`` (n, p): levels; ``ridge`` (p,): inverse variance of the
    prior of each; ``days``: middle of each cell."""

    y: Floats
    effort: Floats
    at_least: NDArray[np.bool_]
    inside: Floats
    x: Floats
    ridge: Floats
    days: Floats
    stratum: NDArray[np.int64]


@dataclass(frozen=True)
class Laplace:
    """Over g fits. ``evidence``: log of the likelihood with all else summed out, up to a constant. ``b`` (p, g) levels
    at the top; ``beta`` (g,) log ratio; ``z`` (n, g); ``covariance`` (g, q, q) of the levels, and of the log ratio
    where that is free."""

    evidence: Floats
    b: Floats
    beta: Floats
    z: Floats
    covariance: Floats


def log_prior(beta: Floats) -> Floats:
    """Of the share that falls into the window at equal effort: Jeffreys' Beta(1/2, 1/2), here of the log ratio."""
    return np.asarray(0.5 * beta - np.logaddexp(0.0, beta))


def laplace(d: Design, alpha: Floats, rho: Floats, beta: Floats | None, start: Laplace | None = None) -> Laplace:
    """One fit for each of ``alpha``, ``rho`` (g,), with the log ratio ``beta`` (g,) given or found, prior and all."""
    free, p, g = beta is None, d.x.shape[1], len(alpha)
    wave = _wave(d, np.log1p(alpha), rho)
    b = np.repeat(_crude(d)[:, None], g, axis=1) if start is None else start.b.copy()
    z = np.zeros((len(d.y), g)) if start is None else start.z.copy()
    ratio = np.zeros(g) if beta is None else beta.copy()
    ridge = np.r_[d.ridge, 0.0][: p + free]
    for _ in range(STEPS):
        inside = d.inside[:, None] * np.exp(ratio)
        eta = np.log(d.effort)[:, None] + d.x @ b + z + np.log1p(inside - d.inside[:, None])
        law, slope, weight = _law(d, eta)
        columns = np.broadcast_to(d.x[:, None, :], (len(d.y), g, p))
        if free:
            columns = np.concatenate([columns, (inside / (1.0 - d.inside[:, None] + inside))[:, :, None]], axis=2)
        held = np.empty((len(d.y), g, p + free + 1))
        held[:, :, :-1], held[:, :, -1] = weight[:, :, None] * columns, slope - wave.times(z)
        solved, log_det = _solve(wave, weight, held)
        bent = _gram(held[:, :, :-1], solved)
        information = _gram(held[:, :, :-1], columns) - bent[:, :, :-1] + np.diag(ridge + 1e-9)
        gradient = _gram(columns, slope[:, :, None])[:, :, 0] - bent[:, :, -1]
        gradient[:, :p] -= (d.ridge[:, None] * b).T
        if free:
            share = special.expit(ratio)
            gradient[:, p] += 0.5 - share
            information[:, p, p] += share * (1.0 - share)
        step = np.clip(np.linalg.solve(information, gradient[:, :, None])[:, :, 0], -LONGEST_STEP, LONGEST_STEP)
        step_z = solved[:, :, -1] - np.matmul(solved[:, :, :-1].transpose(1, 0, 2), step[:, :, None])[:, :, 0].T
        step_z = np.clip(step_z, -LONGEST_STEP, LONGEST_STEP)
        if max(np.abs(step).max(), np.abs(step_z).max()) < CLOSE:
            break
        b, z = b + step[:, :p].T, z + step_z
        ratio = ratio + step[:, p] if free else ratio
    evidence = law.sum(axis=0) - 0.5 * (z * wave.times(z)).sum(axis=0) + 0.5 * wave.log_det
    evidence = evidence - 0.5 * (d.ridge[:, None] * b**2).sum(axis=0) + (log_prior(ratio) if free else 0.0)
    evidence = evidence - 0.5 * (log_det + np.linalg.slogdet(information)[1])
    return Laplace(evidence, b, ratio, z, np.asarray(np.linalg.inv(information), dtype=np.float64))


def _gram(a: Floats, b: Floats) -> Floats:
    """(g, i, j) of (n, g, i) and (n, g, j): products summed over cells."""
    return np.asarray(np.matmul(a.transpose(1, 2, 0), b.transpose(1, 0, 2)))


def _crude(d: Design) -> Floats:
    """Each level's crude rate; nothing for columns that are no levels (weekdays)."""
    member = d.x == 1.0
    counts, effort = member.T @ d.y, member.T @ d.effort
    level = (d.ridge == 0.0) & (effort > 0)
    return np.where(level, np.log((counts + 0.5) / np.maximum(effort, 1e-300)), 0.0)


def _law(d: Design, eta: Floats) -> tuple[Floats, Floats, Floats]:
    """(n, g) log of the Poisson law, its slope and its curvature turned round, by the logarithm of the mean.

    ``y`` need not be whole: expected counts enter as counts do.
    """
    mean, y = np.exp(np.minimum(eta, 50.0)), d.y[:, None]
    law, slope, weight = y * eta - mean - special.gammaln(y + 1.0), y - mean, mean
    if d.at_least.any():
        o = d.at_least & (d.y > 0)
        m, k = mean[o], np.broadcast_to(y[o], mean[o].shape)
        chance = np.log(np.maximum(special.gammainc(k, m), 1e-300))
        pull = np.exp(k * eta[o] - m - special.gammaln(k) - chance)
        law[o], slope[o], weight[o] = chance, pull, np.maximum(pull * (pull + m - k), 1e-12)
        none = d.at_least & (d.y <= 0)
        law[none], slope[none], weight[none] = 0.0, 0.0, 1e-12
    return law, slope, weight


@dataclass(frozen=True)
class _Wave:
    """Tridiagonal precision of the waves: ``main`` (n, g), ``off`` (n - 1, g), and the log of its determinant."""

    main: Floats
    off: Floats
    log_det: Floats

    def times(self, z: Floats) -> Floats:
        out = self.main * z
        out[:-1] += self.off * z[1:]
        out[1:] += self.off * z[:-1]
        return np.asarray(out)


def _wave(d: Design, variance: Floats, rho: Floats) -> _Wave:
    gap = np.maximum(np.diff(d.days), 1e-3)[:, None]
    together = (np.diff(d.stratum) == 0)[:, None]
    tie = np.where(together, rho**gap, 0.0)
    rest = 1.0 - tie**2
    main = np.ones((len(d.y), len(rho)))
    main[1:] = 1.0 / rest
    main[:-1] += tie**2 / rest
    return _Wave(main / variance, -tie / rest / variance, -len(d.y) * np.log(variance) - np.log(rest).sum(axis=0))


def _solve(wave: _Wave, weight: Floats, right: Floats) -> tuple[Floats, Floats]:
    """(n, g, k) solution for the precision with ``weight`` on its diagonal, and the log determinant (g,)."""
    n = len(weight)
    pivot, out, factor = wave.main + weight, right.copy(), np.empty_like(wave.off)
    for i in range(1, n):
        factor[i - 1] = wave.off[i - 1] / pivot[i - 1]
        pivot[i] -= factor[i - 1] * wave.off[i - 1]
        out[i] -= factor[i - 1][:, None] * out[i - 1]
    out /= pivot[:, :, None]
    for i in range(n - 2, -1, -1):
        out[i] -= factor[i][:, None] * out[i + 1]
    return out, np.log(pivot).sum(axis=0)
