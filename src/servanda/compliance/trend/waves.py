"""Fighting comes in waves: how much wider that makes the interval of a ratio.

The level is taken as multiplied by a stationary process with variance ``alpha`` and correlation ``rho^days``
(Zeger 1988). The independence likelihood stays, and its drop is scaled so that its curvature is that of the true
variance (Chandler and Bate 2007). ``rho`` is weighed by a Gaussian restricted likelihood of the residuals.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from servanda.compliance.trend.negbin import Design, Fit, information

Floats = NDArray[np.float64]
RHOS = np.r_[0.0, 0.1:0.95:0.1, 0.95]
PRIOR = 0.25
"""Weight of the prior (1 - rho)^PRIOR: close to even. Chosen on simulated series, see benchmarks/trend.py."""


@dataclass(frozen=True)
class Waves:
    """``rho``: correlation from one day to the next; ``inflation``: of the variance of the log ratio."""

    rho: float
    inflation: float
    freedom: float


def waves(d: Design, f: Fit, days: Floats, stratum: NDArray[np.int64]) -> Waves:
    """``days``: middle of each cell, in days; cells of different strata are taken as independent of each other."""
    info, jacobian = information(d, f)
    n, p = jacobian.shape
    variance = f.mean + f.alpha * f.mean**2
    residual = (d.y - f.mean) / np.sqrt(variance)
    residual = np.where(d.at_least, 0.0, residual)
    share = f.alpha * f.mean / (1.0 + f.alpha * f.mean)
    common = np.sqrt(np.outer(share, share)) * (stratum[:, None] == stratum[None, :])
    apart = np.abs(days[:, None] - days[None, :])
    z = jacobian * np.sqrt(f.mean / (1.0 + f.alpha * f.mean))[:, None]
    inverse = np.linalg.inv(info)
    hat = z @ inverse @ z.T
    reach = inverse[-1] @ z.T
    spread = max(float(residual @ residual), n - p)
    logs, inflations, frees = [], [], []
    for rho in RHOS:
        correlation = common * rho**apart
        np.fill_diagonal(correlation, 1.0)
        logs.append(_restricted(correlation, z, residual) + PRIOR * np.log1p(-rho))
        left = correlation - hat @ correlation - correlation @ hat + hat @ correlation @ hat
        # What the levels soak up of the waves is missing from the dispersion.
        kept = max(float(np.trace(left)), 1.0)
        inflations.append(float(reach @ correlation @ reach) / float(inverse[-1, -1]) * max(spread / kept, 1.0))
        frees.append(kept**2 / max(float((left * left.T).sum()), 1e-9))
    weight = np.exp(np.array(logs) - max(logs))
    weight = weight / weight.sum()
    return Waves(
        float(weight @ RHOS), max(1.0, float(weight @ np.array(inflations))), max(2.0, float(weight @ np.array(frees)))
    )


def _restricted(correlation: Floats, z: Floats, residual: Floats) -> float:
    factor = linalg.cho_factor(correlation + 1e-9 * np.eye(len(residual)), lower=True)
    solved_z, solved_r = linalg.cho_solve(factor, z), linalg.cho_solve(factor, residual)
    gram = z.T @ solved_z + 1e-9 * np.eye(z.shape[1])
    determinant = 2.0 * np.log(np.diag(factor[0])).sum() + np.linalg.slogdet(gram)[1]
    bent = solved_r - solved_z @ np.linalg.solve(gram, z.T @ solved_r)
    scale = max(float(residual @ bent), 1e-9)
    return float(-0.5 * determinant - 0.5 * (len(residual) - z.shape[1]) * np.log(scale))


def drop_of(w: Waves, confidence: float) -> float:
    """How far the log likelihood may drop: half the F quantile with one and the effective degrees of freedom."""
    return 0.5 * w.inflation * float(stats.f.ppf(confidence, 1, w.freedom))
