"""How often what is reported of a term is real, learned from all that is reported of it together.

The chance of an incident comes from who tells it, and holds on the average of all that these sources tell. Where a
term is kept and the sources err as they always do, all that is reported of it is of nothing; a hundred such reports
prove no more than one. So the real ones are taken to be ``x`` times as many as the average would have it. Beforehand
``x`` has the gamma law with mean 1; then come the reports: the false ones among them say how many real ones the
average would bring, and were ``x`` large there would be more of these, and surer ones.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GRID = np.geomspace(1e-5, 1e3, 241)
"""Values of ``x``, even on the scale of logarithms."""
BLOCK = 512
"""Acts worked on together; only speed hangs on it."""
NOTHING = 1e-20
"""Values that weigh less, beside the likeliest, change no digit of what is learned."""
GROUPS = 4096
"""Of more acts than this, so many groups of like ones stand for them, each by its mean; speed hangs on it, and the
third digit of what is learned."""


def learn(real: Floats, expected: float, shape: float) -> Floats:
    """Posterior weights of the values of ``GRID``.

    ``real`` (n,): chances of all reported acts to have happened, by what their sources are worth on average;
    ``expected``: how many real ones would go with the false ones; ``shape`` of the gamma law beforehand.
    """
    log = shape * np.log(GRID) - (shape + expected) * GRID
    like, count = grouped(np.minimum(real, 1.0 - 1e-12)[:, None])
    for part, n in zip(blocks(like[:, 0]), blocks(count), strict=True):
        log += np.log1p(np.outer(GRID - 1.0, part)) @ n
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def grouped(acts: Floats) -> tuple[Floats, Floats]:
    """(groups, columns) means of like acts and (groups,) how many each stands for; ``acts`` (n, columns)."""
    if len(acts) <= GROUPS:
        return acts, np.ones(len(acts))
    order = np.lexsort(acts.T)
    starts = np.linspace(0, len(acts), GROUPS, endpoint=False).astype(np.int64)
    count = np.diff(np.r_[starts, len(acts)]).astype(np.float64)
    return np.add.reduceat(acts[order], starts) / count[:, None], count


def blocks(values: Floats) -> list[Floats]:
    """In parts that fit the cache, so that memory does not grow with the number of reports."""
    return np.array_split(values, -(-len(values) // BLOCK)) if len(values) else []


def moved(factor: Floats, real: Floats) -> Floats:
    """(factors, n) chances with odds multiplied by each factor."""
    odds = np.outer(factor, real)
    return np.asarray(odds / np.maximum(1.0 - real + odds, 1e-300))


def real(weight: Floats, chance: Floats) -> Floats:
    """(n,) chances moved by what was learned."""
    some = weight > NOTHING * weight.max()
    parts = [weight[some] @ moved(GRID[some], part) for part in blocks(chance)]
    return np.concatenate([np.zeros(0), *parts])
