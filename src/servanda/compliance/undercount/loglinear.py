"""Three and more lists: log-linear models of their overlap, averaged.

A model says ``log E[n_x] = b0 + sum_j b_j x_j + sum_{ij} b_ij x_i x_j + ...`` for the incidents on exactly the lists
``x`` (Fienberg 1972); the empty cell is ``exp(b0)``. Every hierarchical model up to three-way dependences (two-way
with five and more lists) is fitted, all at once by Newton's method. Weights are ``exp(-BIC/2)`` (Raftery 1995;
Rcapture, Baillargeon and Rivest 2007).
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.undercount.captures import Captures, patterns
from servanda.compliance.undercount.estimate import Estimate, mixture_quantiles, within_reach
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Lists = tuple[int, ...]
STEPS, ENOUGH = 40, 1e-9
FAR = 12.0
"""A coefficient beyond this (a factor of 160,000) over the log of the count has no finite best value; an error over
a quarter of it neither."""


@dataclass(frozen=True)
class Family:
    """Models of ``k`` lists: ``terms`` are the dependences, ``models[m, t]`` says which model holds which."""

    k: int
    terms: tuple[Lists, ...]
    models: Bools

    def only(self, chosen: Bools) -> "Family":
        return Family(self.k, self.terms, self.models[chosen])


@cache
def hierarchical(k: int, order: int) -> Family:
    """Every model with dependences up to ``order`` lists that holds, with each, all dependences within it."""
    pairs, triples = tuple(combinations(range(k), 2)), tuple(combinations(range(k), 3)) if order > 2 else ()
    found = []
    for on in patterns(len(pairs)).astype(bool):
        held = {p for p, x in zip(pairs, on, strict=True) if x}
        may = [i for i, t in enumerate(triples) if held.issuperset(combinations(t, 2))]
        for more in patterns(len(may)):
            row = np.zeros(len(pairs) + len(triples), bool)
            row[: len(pairs)] = on
            row[[len(pairs) + i for i, x in zip(may, more, strict=True) if x]] = True
            found.append(row)
    models = np.array(found)
    return Family(k, pairs + triples, models[models.sum(axis=1) + k + 1 < 2**k])


@dataclass(frozen=True)
class _Fits:
    """By draw and model: log of the unseen, its standard error, BIC, and whether the fit exists."""

    log_unseen: Floats
    error: Floats
    bic: Floats
    exists: Bools


def log_linear(found: Captures, settings: UndercountSettings | None = None) -> Estimate:
    """The estimate, median of the average over models and draws, with the 95 % interval of that average.

    Under each model the unseen are log-normal about ``exp(b0)``; the variance is that of the fit plus the Poisson
    one of the unseen themselves. The average over models (BIC) and draws (matches) holds the doubt about both.
    ``found`` is best screened first. Raises Abstained for degenerate fits and for an interval that runs away.
    """
    settings = settings or UndercountSettings()
    k = len(found.lists)
    family = hierarchical(k, settings.most_order if k < 5 else 2)
    if len(found.counts) > 1:
        first = _fit(found.mean[None, 1:], family)
        family = family.only(_weights(first, settings.occam)[0] > 0)
    return _averaged(found, family, settings)


def log_linear_model(
    found: Captures, dependences: tuple[tuple[str, ...], ...], settings: UndercountSettings | None = None
) -> Estimate:
    """One model by itself, so without doubt about the model. ``dependences`` name lists; all within them are added.

    Raises Abstained as ``log_linear``.
    """
    k = len(found.lists)
    at = [tuple(sorted(found.lists.index(name) for name in d)) for d in dependences]
    held = {t for d in at for size in range(2, len(d) + 1) for t in combinations(d, size)}
    terms = tuple(sorted(held, key=lambda t: (len(t), t)))
    return _averaged(found, Family(k, terms, np.ones((1, len(terms)), bool)), settings or UndercountSettings())


def _averaged(found: Captures, family: Family, settings: UndercountSettings) -> Estimate:
    fits = _fit(found.counts[:, 1:], family)
    weight = _weights(fits, settings.occam)
    usable = weight.sum(axis=1) > 0
    if usable.sum() * 2 <= len(usable):
        raise Abstained("degenerate")
    weight = weight[usable] / usable.sum()
    seen = np.repeat(found.counts[usable, 1:].sum(axis=1), len(family.models))
    at = np.flatnonzero(weight.ravel())
    unseen, error = fits.log_unseen[usable].ravel()[at], fits.error[usable].ravel()[at]
    spread = np.sqrt(np.log1p(error**2 + np.exp(-unseen)))
    low, total, high = mixture_quantiles(seen[at], unseen, spread, weight.ravel()[at])
    share = weight.sum(axis=0)
    order = np.argsort(-share, kind="stable")[:5]
    parts = tuple((_name(family, m, found.lists), float(share[m])) for m in order.tolist() if share[m] > 0)
    known = found.seen
    estimate = Estimate("log_linear", known, max(total, known), max(low, known), max(high, known), found.lists, parts)
    return within_reach(estimate, settings.runaway)


def _name(family: Family, model: int, lists: tuple[str, ...]) -> str:
    held = [t for t, on in zip(family.terms, family.models[model], strict=True) if on]
    return " + ".join("*".join(lists[j] for j in t) for t in held) or "independence"


def _weights(fits: _Fits, occam: float) -> Floats:
    """(draws, models), each row summing to 1, or to 0 where no model can be fitted."""
    bic = np.where(fits.exists, fits.bic, np.inf)
    best = bic.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        weight = np.where(np.isfinite(bic), np.exp(-(bic - best) / 2), 0.0)
    weight = np.where(weight * occam < 1.0, 0.0, weight)
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weight, total, out=np.zeros_like(weight), where=total > 0))


def _fit(counts: Floats, family: Family) -> _Fits:
    """Maximum likelihood of every model on every draw; ``counts`` (draws, patterns but the empty one).

    Where the lists of a dependence share nothing, it is minus infinity: cells with all of them are left out, and
    the coefficient with them (Chan, Silverman and Vincent 2021).
    """
    k, d, m = family.k, len(counts), len(family.models)
    bits = patterns(k)[1:]
    shared = np.stack([bits[:, list(t)].prod(axis=1) for t in family.terms], axis=1) if family.terms else bits[:, :0]
    design = np.concatenate([np.ones((len(bits), 1)), bits, shared], axis=1).astype(float)
    nothing = ((counts @ shared == 0)[:, None, :] & family.models).reshape(d * m, -1)
    free = np.concatenate([np.ones((d * m, 1 + k), bool), np.tile(family.models, (d, 1)) & ~nothing], axis=1)
    cells = (nothing @ shared.T == 0).astype(float)
    y = np.repeat(counts, m, axis=0) * cells
    mean, error, beta, settled = _newton(design, y, cells, free.astype(float))
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = np.where(y > 0, y * np.log(mean), 0.0).sum(axis=1) - (mean * cells).sum(axis=1)
    size = 1 + k + family.models.sum(axis=1)
    bic = -2 * likelihood.reshape(d, m) + size * np.log(np.maximum(counts.sum(axis=1), 1.0))[:, None]
    exists = settled & (np.abs(beta).max(axis=1) < FAR + np.log(np.maximum(y.sum(axis=1), 1))) & (error < FAR / 4)
    exists &= cells.sum(axis=1) >= free.sum(axis=1)
    shape = (d, m)
    return _Fits(beta[:, 0].reshape(shape), error.reshape(shape), bic, exists.reshape(shape))


def _newton(design: Floats, y: Floats, cells: Floats, free: Floats) -> tuple[Floats, Floats, Floats, Bools]:
    """Poisson regression of all rows of ``y`` at once: means, standard error of b0, coefficients, did it settle."""
    n, width = len(y), design.shape[1]
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    outer = free[:, :, None] * free[:, None, :]
    fixed = np.eye(width) * (1.0 - free)[:, :, None]
    beta: Floats = np.zeros((n, width))
    moved: Floats = np.full(n, np.inf)
    mean: Floats = np.maximum(y, 0.5)
    information: Floats = np.empty((n, width, width))
    for _ in range(STEPS):
        weight = mean * cells
        information = (weight @ squares).reshape(n, width, width) * outer + fixed + 1e-10 * np.eye(width)
        response = weight * np.log(mean) + (y - mean) * cells
        score: Floats = np.asarray((response @ design) * free, dtype=np.float64)
        new = np.asarray(np.linalg.solve(information, score[:, :, None])[:, :, 0], dtype=np.float64)
        moved = np.asarray(np.abs(new - beta).max(axis=1))
        beta = new
        mean = np.asarray(np.exp(np.clip(beta @ design.T, -30.0, 30.0)), dtype=np.float64)
        if (moved < ENOUGH).all():
            break
    error: Floats = np.sqrt(np.maximum(np.linalg.inv(information)[:, 0, 0], 0.0))
    return mean, error, beta, (moved < 1e-5) & np.isfinite(beta).all(axis=1)
