"""Who did it, as a chance: the share of a party, learned from those acts that sources name somebody for.

A verdict asks for proof by name. A chance may not leave out what nobody is named for: of acts of this kind here,
each party does a share, and an unnamed act is as likely that party's as its share is large. The same share weighs
what is named: where one party does nearly all, a lone report that names the other is likelier to be mistaken.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.base_rate import blocks, grouped
from servanda.compliance.exposure import Incidents

Floats = NDArray[np.float64]
GRID = np.r_[
    np.geomspace(1e-6, 0.02, 60, endpoint=False), np.linspace(0.02, 0.98, 97), 1 - np.geomspace(0.02, 1e-6, 61)[1:]
]
"""Shares at which the posterior is worked out: finer towards none and all, where acts are few."""
WIDTH = np.gradient(GRID)


def sides(incidents: Incidents, mine: Sequence[str]) -> tuple[int, int]:
    """How many of ``mine`` are parties, and how many others may have done it.

    Those who are no party count as one more where any source of the mission names one.
    """
    some = max(len(set(mine) & set(incidents.actors)), 1)
    return some, len(incidents.actors) - some + (1 if incidents.outsiders.any() else 0)


def evidence(incidents: Incidents, rows: NDArray[np.int64], mine: Sequence[str]) -> Floats:
    """(rows,) what sources say for it that one of ``mine`` did it, were all alike beforehand."""
    named = sum((incidents.actors[p][rows] for p in mine if p in incidents.actors), np.zeros(len(rows)))
    some, others = sides(incidents, mine)
    return np.minimum(named + incidents.unattributed[rows] * some / max(some + others, 1), 1.0)


def learn(real: Floats, said: Floats, mine: int, rest: int, prior: float) -> tuple[Floats, Floats]:
    """Posterior of the share of ``mine`` parties against the ``rest``: values and their weights, both (n,).

    ``real``: (acts,) chance that each happened; ``said``: what ``evidence`` gives of it. Beforehand the share has the
    beta law with ``prior`` acts for each party.
    """
    if rest == 0:
        return np.ones(1), np.ones(1)
    log = (mine * prior - 1.0) * np.log(GRID) + (rest * prior - 1.0) * np.log1p(-GRID) + np.log(WIDTH)
    # Beforehand all were alike: the evidence is the chance of a share of mine / (mine + rest).
    alike = mine / (mine + rest)
    like, count = grouped(np.c_[real, said])
    for chance, says, n in zip(blocks(like[:, 0]), blocks(like[:, 1]), blocks(count), strict=True):
        ratio = np.outer(GRID / alike, says) + np.outer((1.0 - GRID) / (1.0 - alike), 1.0 - says)
        log += np.log(1.0 - chance + chance * ratio) @ n
    weight = np.exp(log - log.max())
    return GRID, weight / weight.sum()


def doers(share: Floats, said: Floats, alike: float) -> Floats:
    """(shares, acts) chance that one of mine did each act, for each value of their share."""
    if alike >= 1.0:
        return np.ones((len(share), len(said)))
    odds = np.outer(share / (1.0 - share) * (1.0 - alike) / alike, said)
    return np.asarray(odds / np.maximum(odds + (1.0 - said), 1e-300))
