"""From several observers of the same days, none of whose chances is known: on how many days it happened at all.

Occupancy (MacKenzie et al. 2002) with days for sites and observers for visits: a day has an incident with chance
``psi``; observer ``j`` then reports one with chance ``p_j``. All priors are flat. Nothing has to be matched: two
observers agree on a day, whichever incidents of it each saw.
"""

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.undercount.convergence import effective, r_hat
from servanda.compliance.undercount.estimate import HIGH, LOW, MIDDLE, Estimate, within_reach
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
WARM_UP, KEPT, CHAINS = 200, 400, 16


def days_with_any(
    reported: NDArray[np.bool_],
    looked: NDArray[np.bool_],
    known: NDArray[np.bool_] | None = None,
    lists: tuple[str, ...] = (),
    settings: UndercountSettings | None = None,
) -> Estimate:
    """Posterior median and 95 % interval of the number of days. ``looked`` (days, lists); ``reported`` (draws, days,
    lists): does the list report a real one, in each draw of what is real; ``known`` (draws, days): does anyone.

    What is known otherwise than from a list that looked is no part of the fit, and a lower bound. Days that nobody
    watched are taken to be like the rest. Assumes that a list is as likely to report on one day with any as on another,
    and that lists do not follow each other. Raises Abstained when fewer than ``least_days`` were watched by two, when
    no two agree on ``least_overlap`` days, and when the sampler does not converge.
    """
    settings = settings or UndercountSettings()
    both = int((looked.sum(axis=1) >= 2).sum())
    if both < settings.least_days:
        raise Abstained("few_days", days=both, least=settings.least_days)
    on_watch = reported & looked
    anyone: NDArray[np.bool_] = np.asarray(reported.any(axis=2))
    if known is not None:
        anyone = anyone | known
    if not on_watch.any():
        raise Abstained("nothing_seen")
    agreed = float((on_watch.sum(axis=2) >= 2).sum(axis=1).mean())
    if agreed < settings.least_overlap:
        raise Abstained("few_agreed", days=round(agreed), least=settings.least_overlap)
    chosen = np.unique(np.linspace(0, len(reported) - 1, CHAINS).round().astype(np.int64))
    chains = np.arange(2 * CHAINS) % len(chosen)
    of = chosen[chains]
    totals = _gibbs(on_watch[of], anyone[of], looked, np.random.default_rng(settings.seed))
    enough, ratio = _convergence(totals, chains, np.random.default_rng(settings.seed))
    if enough < settings.least_ess or ratio > settings.most_r_hat:
        raise Abstained("not_converged", draws=round(enough), r_hat=round(ratio, 3))
    low, middle, high = np.quantile(totals, [LOW, MIDDLE, HIGH])
    least = float(anyone.sum(axis=1).mean())
    bounds = (max(float(middle), least), max(float(low), least), max(float(high), least))
    return within_reach(Estimate("days", least, *bounds, lists), settings.runaway)


def _convergence(totals: Floats, of_draw: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    """Effective draws and R-hat, after place and spread of each draw of what is real are taken out.

    Whole numbers are spread over half a day either way, so that a number that never changes has converged.
    """
    spread = totals + rng.random(totals.shape) - 0.5
    same = [spread[of_draw == d] for d in range(of_draw.max() + 1)]
    inner = np.concatenate([(x - x.mean()) / x.std() for x in same])
    return effective(inner), r_hat(inner)


def _gibbs(
    reported: NDArray[np.bool_], anyone: NDArray[np.bool_], looked: NDArray[np.bool_], rng: np.random.Generator
) -> Floats:
    """(chains, KEPT) days with any: by turns which silent days had one, how many days do, and the chances."""
    chains, days, lists = reported.shape
    seen = reported.any(axis=2)
    hits = reported.sum(axis=1)
    psi: Floats = np.asarray(rng.random(chains))
    p: Floats = rng.random((chains, lists))
    out = np.empty((chains, KEPT))
    for i in range(WARM_UP + KEPT):
        silent = psi[:, None] * np.exp(np.log1p(-p) @ looked.T)
        there = seen | (rng.random((chains, days)) < silent / (silent + 1 - psi[:, None]))
        total = there.sum(axis=1)
        psi = np.asarray(rng.beta(1.0 + total, 1.0 + days - total), dtype=np.float64)
        tried = there.astype(float) @ looked
        p = np.asarray(rng.beta(1.0 + hits, 1.0 + tried - hits))
        if i >= WARM_UP:
            out[:, i - WARM_UP] = (there | anyone).sum(axis=1)
    return out
