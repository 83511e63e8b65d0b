"""Who did it, as a chance: the shares of the parties, learned from those acts that sources name somebody for.

A verdict asks for proof by name. A chance may not leave out what nobody is named for: of acts of this kind here,
each party does a share, and an unnamed act is as likely that party's as its share is large. The same shares weigh
what is named: where one party does nearly all, a lone report that names the other is likelier to be mistaken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.exposure import Incidents

Floats = NDArray[np.float64]
ROUNDS, CLOSE = 200, 1e-9
"""Most rounds of the expectation-maximisation, and the change of a share at which it ends."""


@dataclass(frozen=True)
class Shares:
    """Share of each party in the acts of one term; ``outsiders``: of those who are no party. They sum to 1."""

    parties: tuple[str, ...]
    share: Floats
    outsiders: float

    def of(self, mine: Sequence[str], incidents: Incidents, rows: NDArray[np.int64]) -> Floats:
        """(rows,) chance that any of the parties ``mine`` did it."""
        chance = _chance(_evidence(incidents, rows, self.parties), np.r_[self.share, self.outsiders])
        return np.asarray(chance[:, [self.parties.index(p) for p in mine if p in self.parties]].sum(axis=1))


def learn(weight: Floats, incidents: Incidents, rows: NDArray[np.int64], prior: float) -> Shares:
    """Shares by expectation-maximisation (Dempster, Laird and Rubin 1977); ``weight``: (rows,) chance of each act.

    ``prior``: acts that each party is given beforehand. Outsiders are given some only where a source names one.
    """
    parties = tuple(incidents.actors)
    evidence = _evidence(incidents, rows, parties)
    before = np.full(len(parties) + 1, prior)
    before[-1] = prior if (weight * incidents.outsiders[rows]).sum() > 0 else 0.0
    share = before / max(before.sum(), 1e-300)
    for _ in range(ROUNDS):
        count = before + weight @ _chance(evidence, share)
        last, share = share, count / max(count.sum(), 1e-300)
        if np.abs(share - last).max() < CLOSE:
            break
    return Shares(parties, share[:-1], float(share[-1]))


def _evidence(incidents: Incidents, rows: NDArray[np.int64], parties: tuple[str, ...]) -> Floats:
    """(rows, parties + 1) what sources say of who did it, those who are no party last; all alike beforehand."""
    named = np.array([incidents.actors[p][rows] for p in parties] + [incidents.outsiders[rows]]).T
    return named + incidents.unattributed[rows][:, None] / named.shape[1]


def _chance(evidence: Floats, share: Floats) -> Floats:
    weighed = evidence * share
    total = weighed.sum(axis=1, keepdims=True)
    return np.divide(weighed, total, out=np.zeros_like(weighed), where=total > 0)
