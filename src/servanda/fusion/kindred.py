"""How far two kinds may be one incident, and what a report of a kind says about an incident's kind."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from servanda import kinds
from servanda.fusion.priors import Priors

Floats = NDArray[np.float64]
CONSEQUENCE_ROOTS = frozenset({"damage", "harm", "environment"})
ACT_ROOT = "armed_activity"
UNRELATED_ROOTS = frozenset({"airspace", "statement"})
"""Roots whose kinds do not stand for each other: an alert is not an overflight."""


@cache
def relations(consequence: float) -> tuple[NDArray[np.bool_], Floats]:
    """(kinds, kinds) whether one kind is the other or above it; and the weight of two kinds that may be mistaken for
    each other: 1 under one root, ``consequence`` for an act beside damage or harm it may have done, else 0."""
    names = list(kinds.tree())
    lineages = [kinds.lineage(k) for k in names]
    same = np.array([[a in up or names[i] in kinds.lineage(a) for a in names] for i, up in enumerate(lineages)])

    def akin(a: int, b: int) -> float:
        x, y = lineages[a][-1], lineages[b][-1]
        if x == y:
            return 0.0 if x in UNRELATED_ROOTS else 1.0
        return consequence if {x, y} <= CONSEQUENCE_ROOTS | {ACT_ROOT} else 0.0

    return same, np.array([[akin(a, b) for b in range(len(names))] for a in range(len(names))])


def reported(present: NDArray[np.int64], frequency: Floats, confusion: Floats, priors: Priors) -> tuple[Floats, Floats]:
    """(sources, true kinds, reported kinds) chance that a source reports an incident of one kind as another; and
    the chance of each kind where it mistakes it.

    ``present``: kinds in the data, as positions in the tree; ``frequency``: (sources, kinds) shares of each
    source's reports; ``confusion``: (sources,) chance of a kind that is only akin. Either way a source says a
    kind as often as it uses it at all.
    """
    same, akin = (table[np.ix_(present, present)] for table in relations(priors.consequence))
    f, c = frequency[:, None, :], confusion[:, None, None]
    right, mistaken = _shared(same[None] * f, same[None] * f), _shared(akin[None] * f, (akin[None] > 0) * f)
    return (1.0 - c) * right + c * mistaken, mistaken


def _shared(weight: Floats, of: Floats) -> Floats:
    total = of.sum(axis=2, keepdims=True)
    return np.asarray(np.divide(weight, total, out=np.zeros_like(weight), where=total > 0))
