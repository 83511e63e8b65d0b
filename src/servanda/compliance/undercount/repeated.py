"""From repeated looks at the same places, detection unknown: N-mixture of counts, occupancy of yes and no.

Both posteriors are worked out on a grid over two numbers and sampled from there; nothing needs to converge.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from servanda.compliance.undercount.estimate import HIGH, LOW, MIDDLE, Estimate, within_reach
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
GRID = 60
DRAWS = 2000


def n_mixture(
    counts: NDArray[np.int64], detection: Floats | None = None, settings: UndercountSettings | None = None
) -> Estimate:
    """How many there are at all sites together (Royle 2004). ``counts`` (sites, visits), -1 where nobody looked.

    ``N_i ~ Poisson(lambda)``, ``y_it ~ Binomial(N_i, p)``; priors: flat on ``log lambda`` and on ``p``. With
    ``detection`` (sites, visits) ``p`` is known and only ``lambda`` is estimated. Assumes a closed population: what was
    there on one visit is there on all. Raises Abstained when nothing was counted, when the counts of one site agree no
    more than chance allows (their covariance is not positive, so abundance has no bound: Dennis, Morgan and Ridout
    2015), and for a runaway interval.
    """
    settings = settings or UndercountSettings()
    looked = counts >= 0
    y = np.where(looked, counts, 0)
    best = y.max(axis=1)
    if best.sum() == 0:
        raise Abstained("nothing_seen")
    if detection is None and _covariance(y, looked) <= 0:
        raise Abstained("no_signal")
    p = expit(np.linspace(-5, 5, GRID)) if detection is None else np.ones(1)
    upper = int(max(best.max() * settings.runaway, best.max() + 50))
    n = np.arange(upper + 1, dtype=np.int64)
    fit = np.stack([_given_n(y, looked, n, q if detection is None else detection) for q in p])  # (p, sites, n)
    rate = np.geomspace(max(best.mean(), 0.1) / 4, max(best.mean(), 0.1) * settings.runaway, GRID)
    prior_n = np.outer(np.log(rate), n) - rate[:, None] - gammaln(n + 1.0)
    top, above = fit.max(axis=2, keepdims=True), prior_n.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        site = np.log(np.exp(fit - top) @ np.exp(prior_n - above).T) + top + above[:, 0]  # (p, sites, rate)
    log = site.sum(axis=1) + (np.log(p * (1 - p)) if detection is None else np.zeros(1))[:, None]
    at = _sample(log, np.random.default_rng(settings.seed))
    totals = _totals(fit, prior_n, at, n, np.random.default_rng(settings.seed + 1))
    return _summed("n_mixture", float(best.sum()), totals, settings)


def occupancy(seen: NDArray[np.int64], settings: UndercountSettings | None = None) -> Estimate:
    """At how many sites it happened (MacKenzie et al. 2002). ``seen`` (sites, visits): 1, 0, or -1 where nobody looked.

    A site is occupied with chance ``psi`` and then seen to be with chance ``p`` on each visit; both priors are flat.
    Assumes that sites do not change between visits and that nobody sees what is not there. Raises Abstained when
    nothing was seen or never twice at one site, so that ``p`` rests on nothing.
    """
    settings = settings or UndercountSettings()
    looked = seen >= 0
    hits, visits = np.where(looked, seen, 0).sum(axis=1), looked.sum(axis=1)
    if hits.sum() == 0:
        raise Abstained("nothing_seen")
    if hits.max() < 2:
        raise Abstained("no_signal")
    x = (np.arange(3 * GRID) + 0.5) / (3 * GRID)
    psi, p = x[:, None], x[None, :]
    log = np.zeros((len(x), len(x)))
    missed = (hits == 0) & (visits > 0)
    for h, v in zip(hits[hits > 0], visits[hits > 0], strict=True):
        log += np.log(psi) + h * np.log(p) + (v - h) * np.log1p(-p)
    for v in visits[missed]:
        log += np.log(psi * (1 - p) ** v + 1 - psi)
    rng = np.random.default_rng(settings.seed)
    i, j = np.divmod(_sample(log, rng), len(x))
    quiet = x[i][:, None] * (1 - x[j][:, None]) ** visits[hits == 0]
    hidden = rng.random((DRAWS, int((hits == 0).sum()))) < quiet / (quiet + 1 - x[i][:, None])
    return _summed("occupancy", float((hits > 0).sum()), (hits > 0).sum() + hidden.sum(axis=1), settings)


def _covariance(y: NDArray[np.int64], looked: NDArray[np.bool_]) -> float:
    """Mean over pairs of visits of the covariance of their counts, over sites that were looked at on both."""
    pairs = [(a, b) for a in range(y.shape[1]) for b in range(a) if (looked[:, a] & looked[:, b]).sum() > 1]
    found = []
    for a, b in pairs:
        on = looked[:, a] & looked[:, b]
        found.append(np.cov(y[on, a], y[on, b])[0, 1])
    return float(np.mean(found)) if found else 0.0


def _given_n(y: NDArray[np.int64], looked: NDArray[np.bool_], n: NDArray[np.int64], p: Floats | float) -> Floats:
    """(sites, n) log chance of the counts of each site if there are n."""
    chance = np.clip(np.broadcast_to(p, y.shape), 1e-12, 1 - 1e-12)[:, :, None]
    left = n - y[:, :, None]
    possible = left >= 0
    left = np.maximum(left, 0)
    ways = gammaln(n + 1.0) - gammaln(y[:, :, None] + 1.0) - gammaln(left + 1.0)
    log = np.where(possible, ways + y[:, :, None] * np.log(chance) + left * np.log1p(-chance), -np.inf)
    return np.asarray(np.where(looked[:, :, None], log, 0.0).sum(axis=1))


def _sample(log: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """(DRAWS,) flat positions in the grid, by their posterior."""
    weight = np.exp(log - log.max()).ravel()
    return np.asarray(rng.choice(len(weight), size=DRAWS, p=weight / weight.sum()))


def _totals(
    fit: NDArray[np.floating],
    prior_n: NDArray[np.floating],
    at: NDArray[np.int64],
    n: NDArray[np.int64],
    rng: np.random.Generator,
) -> Floats:
    """(DRAWS,) totals over sites, given the points of the grid that were drawn."""
    out = np.zeros(DRAWS)
    points, back = np.unique(at, return_inverse=True)
    for k, point in enumerate(points):
        which = np.flatnonzero(back == k)
        i, j = divmod(int(point), len(prior_n))
        log = fit[i] + prior_n[j]
        chance = np.exp(log - log.max(axis=1, keepdims=True))
        cumulative = chance.cumsum(axis=1) / chance.sum(axis=1, keepdims=True)
        u = rng.random((len(which), len(cumulative), 1))
        out[which] = np.minimum((cumulative < u).sum(axis=2), len(n) - 1).sum(axis=1)
    return out


def _summed(method: str, seen: float, totals: Floats, settings: UndercountSettings) -> Estimate:
    low, middle, high = np.quantile(totals, [LOW, MIDDLE, HIGH])
    return within_reach(Estimate(method, seen, float(middle), float(low), float(high)), settings.runaway)
