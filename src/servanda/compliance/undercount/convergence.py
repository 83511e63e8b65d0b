"""Did a sampler converge: split R-hat and effective draws (Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021)."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def r_hat(draws: Floats) -> float:
    """Rank-normalised split R-hat of ``draws`` (chains, draws); the larger of that of place and of spread."""
    folded = np.abs(draws - np.median(draws))
    return max(_r_hat(_normal_scores(_split(draws))), _r_hat(_normal_scores(_split(folded))))


def effective(draws: Floats) -> float:
    """Bulk effective number of draws, by Geyer's initial positive sequence over all split chains."""
    z = _normal_scores(_split(draws))
    m, n = z.shape
    centred = z - z.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * n, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, 2 * n, axis=1)[:, :n].mean(axis=0) / n
    within = covariance[0] * n / (n - 1)
    if within <= 0:
        return 0.0
    both = within * (n - 1) / n + z.mean(axis=1).var(ddof=1)
    rho = 1 - (within - covariance) / both
    rho[0] = 1.0
    paired = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
    stop = int(np.argmax(paired < 0)) if (paired < 0).any() else len(paired)
    kept = np.minimum.accumulate(paired[: max(stop, 1)])
    return float(m * n / max(2 * kept.sum() - 1, 1 / np.log10(m * n)))


def _split(draws: Floats) -> Floats:
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, half : 2 * half]])


def _normal_scores(draws: Floats) -> Floats:
    return np.asarray(ndtri((rankdata(draws).reshape(draws.shape) - 0.375) / (draws.size + 0.25)))


def _r_hat(z: Floats) -> float:
    n = z.shape[1]
    within, between = z.var(axis=1, ddof=1).mean(), z.mean(axis=1).var(ddof=1)
    return float(np.sqrt((n - 1) / n + between / within)) if within > 0 else float("inf")
