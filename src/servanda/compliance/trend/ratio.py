"""The ratio with its interval: dispersion and waves are summed out, not taken as known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.interpolate import CubicSpline

from servanda.compliance.trend.latent import Design, Laplace, laplace, log_prior
from servanda.findings import Interval

Floats = NDArray[np.float64]
ALPHAS = np.geomspace(3e-3, 15.0, 14)
RHOS = np.sin(np.pi / 2.0 * (np.arange(12) + 0.5) / 12.0)
"""Steps of equal chance under the reference prior of a correlation, (1 - rho^2)^-1/2 (Berger and Yang 1994)."""
FAR = 12.0
"""Logarithm of a ratio beyond which it is none at all."""
THIN = 2e-2
"""Pairs of dispersion and correlation with so small a part of the best one's chance are left out."""
REACH = np.array([0.5, 1.2, 2.0, 3.0, 5.0])
"""Where the ratio is tried, in standard deviations from its middle."""
BOUNDED = 0.5 * float(stats.chi2.ppf(0.95, 1))
"""An end that the likelihood does not rule out by so much is no end."""


@dataclass(frozen=True)
class Ratio:
    """``weight`` (g,) chance of each pair of ``alpha`` and ``rho``; ``fits``: levels under each."""

    interval: Interval
    alpha: Floats
    rho: Floats
    weight: Floats
    fits: Laplace

    def mean(self, values: Floats) -> float:
        return float(self.weight @ values)


def ratio(d: Design, dispersion: float, dispersion_sd: float, confidence: float) -> Ratio:
    """Posterior of the ratio: median and equal tails. ``dispersion``, its sd: log-normal prior of alpha."""
    alpha, rho = (v.ravel() for v in np.meshgrid(ALPHAS, RHOS, indexing="ij"))
    prior = -0.5 * ((np.log(alpha) - np.log(dispersion)) / dispersion_sd) ** 2
    fits = laplace(d, alpha, rho, None)
    chance = fits.evidence + prior
    kept = chance > chance.max() + np.log(THIN)
    alpha, rho, prior, fits = alpha[kept], rho[kept], prior[kept], _only(fits, kept)
    weight = special.softmax(chance[kept])
    at, tried = _places(weight, fits), {}
    middle = len(at) // 2
    for outward in (range(middle, len(at)), range(middle - 1, -1, -1)):
        near = fits
        for i in outward:
            near = laplace(d, alpha, rho, np.full(len(alpha), at[i]), near)
            tried[i] = near.evidence
    likelihood = np.array([special.logsumexp(tried[i] + prior) for i in range(len(at))])
    return Ratio(_interval(at, likelihood - likelihood.max(), confidence), alpha, rho, weight, fits)


def _only(fits: Laplace, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Laplace:
    return Laplace(
        fits.evidence[keep], fits.b[:, keep], fits.beta[keep], fits.z[:, keep], fits.covariance[keep]
    )  # fmt: skip


def _places(weight: Floats, fits: Laplace) -> Floats:
    """Log ratios to try: dense where the chance is, out to where a ratio is none."""
    middle = float(weight @ fits.beta)
    spread = np.sqrt(float(weight @ (fits.covariance[:, -1, -1] + (fits.beta - middle) ** 2)))
    near = middle + spread * np.r_[-REACH[::-1], 0.0, REACH]
    ends = np.array([-FAR, -6.0, -3.0, 3.0, 6.0, FAR])
    outer = ends[(ends < near.min()) | (ends > near.max())]
    return np.unique(np.clip(np.r_[near, outer, -FAR, FAR], -FAR, FAR))


def _interval(at: Floats, likelihood: Floats, confidence: float) -> Interval:
    fine = np.unique(np.r_[np.linspace(-FAR, FAR, 2001), np.linspace(at[1], at[-2], 4001)])
    curve = CubicSpline(at, likelihood)(fine)
    density = np.exp(np.minimum(curve, 1.0) + log_prior(fine))
    mass = np.r_[0.0, np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(fine))]
    tail = (1.0 - confidence) / 2.0
    low, middle, high = np.interp(np.array([tail, 0.5, 1.0 - tail]) * mass[-1], mass, fine)
    no_low, no_high = likelihood[0] > -BOUNDED, likelihood[-1] > -BOUNDED
    mean = None if no_high and not no_low else 0.0 if no_low and not no_high else float(np.exp(middle))
    return Interval(mean, None if no_low else float(np.exp(low)), None if no_high else float(np.exp(high)))
