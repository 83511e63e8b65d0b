"""From effort: every incident found on watch stands for those that the same watch missed.

Horvitz and Thompson (1952): an incident found with chance ``P`` stands for ``1/P``. With ``p(N) = 1/N`` the missed are
negative binomial: for each found, geometric with mean ``(1 - P)/P`` and variance ``(1 - P)/P^2``.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from servanda.compliance.undercount.estimate import HIGH, LOW, Estimate, within_reach
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]


def horvitz_thompson(
    detection: Floats,
    real: Floats | None = None,
    *,
    beside: float = 0.0,
    lists: tuple[str, ...] = (),
    settings: UndercountSettings | None = None,
) -> Estimate:
    """``detection``: chance with which each incident found on watch was found; ``real``: chance that it is one.

    ``beside``: incidents known otherwise; the total is never below all that is known. The 95 % interval is that of a
    gamma law with the mean and variance of the total above, doubt about ``real`` added: ``sum r/P`` and
    ``sum r (1 - P)/P^2 + r (1 - r)/P^2``. Detections are given, not estimated: their own error is not in it.
    Raises Abstained for too few found, hardly detectable ones, or a runaway interval.
    """
    settings = settings or UndercountSettings()
    r = np.ones(len(detection)) if real is None else real
    found = float(r.sum())
    if found < settings.least_found:
        raise Abstained("few_found", found=np.floor(10 * found).item() / 10, least=settings.least_found)
    if detection.min() < settings.least_detection:
        raise Abstained("hardly_detectable", chance=round(100 * float(detection.min()), 1))
    missed = float((r * (1 - detection) / detection).sum())
    variance = float((r * (1 - detection + 1 - r) / detection**2).sum())
    known = found + beside
    total, low, high = found + missed, found + missed, found + missed
    if variance > 0 and missed > 0:
        shape, scale = missed**2 / variance, variance / missed
        low, high = found + gamma.ppf(LOW, shape, scale=scale), found + gamma.ppf(HIGH, shape, scale=scale)
    bounds = (max(total, known), max(float(low), known), max(float(high), known))
    chances = (("least_chance", float(detection.min())), ("most_chance", float(detection.max())))
    return within_reach(Estimate("horvitz_thompson", known, *bounds, lists, chances), settings.runaway)
