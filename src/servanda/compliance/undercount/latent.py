"""Three and more lists: latent classes without end, in the manner of LCMCR (Manrique-Vallier 2016).

Chains run until they agree; what they hold is in ``latent_sampler``.
"""

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.undercount.captures import Captures
from servanda.compliance.undercount.convergence import effective, r_hat
from servanda.compliance.undercount.estimate import HIGH, LOW, MIDDLE, Estimate, within_reach
from servanda.compliance.undercount.latent_sampler import Sampler
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
BLOCK = 100


def latent_class(found: Captures, settings: UndercountSettings | None = None) -> Estimate:
    """The posterior median and 95 % interval of the total.

    Chains share the draws of ``found`` among them (at most a quarter as many draws as chains), so the posterior is
    averaged over uncertain matches; convergence is judged after taking out the mean of each draw. Raises Abstained
    when it has not converged after ``latent_most`` iterations, for too many incidents, or a runaway interval.
    """
    settings = settings or UndercountSettings()
    if found.seen > settings.latent_seen:
        raise Abstained("too_many", seen=round(found.seen))
    rng = np.random.default_rng(settings.seed)
    chosen = _spread(len(found.counts), settings.latent_chains // 4)
    of_draw = np.arange(settings.latent_chains) % len(chosen)
    counts = np.rint(found.counts[chosen][of_draw, 1:]).astype(np.int64)
    if (counts.sum(axis=1) == 0).any():
        raise Abstained("degenerate")
    sampler = Sampler(counts, len(found.lists), settings, rng)
    sampler.warm_up()
    kept = np.empty((settings.latent_chains, 0))
    enough, ratio = 0.0, np.inf
    while kept.shape[1] < settings.latent_most:
        kept = np.concatenate([kept, sampler.run(BLOCK)], axis=1)
        inner = kept - np.array([kept[of_draw == d].mean() for d in range(len(chosen))])[of_draw][:, None]
        enough, ratio = effective(inner), r_hat(inner)
        if enough >= settings.least_ess and ratio <= settings.most_r_hat:
            break
    else:
        raise Abstained("not_converged", draws=round(enough), r_hat=round(ratio, 3))
    total = kept + counts.sum(axis=1, keepdims=True)
    low, middle, high = np.quantile(total, [LOW, MIDDLE, HIGH])
    known = found.seen
    parts = (("effective_draws", round(enough)), ("r_hat", round(ratio, 4)), ("iterations", float(kept.shape[1])))
    bounds = (max(float(middle), known), max(float(low), known), max(float(high), known))
    return within_reach(Estimate("latent_class", known, *bounds, found.lists, parts), settings.runaway)


def _spread(draws: int, most: int) -> NDArray[np.int64]:
    """At most so many of the draws, evenly apart."""
    return np.unique(np.linspace(0, draws - 1, min(draws, max(most, 1))).round().astype(np.int64))
