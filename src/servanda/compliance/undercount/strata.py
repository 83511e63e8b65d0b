"""Parts of a term that are estimated by themselves: which incidents are in them, and where and when they reach."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from shapely.geometry.base import BaseGeometry

from servanda import kinds
from servanda.agreement.resolved import Epoch
from servanda.compliance.clock import FAR_FUTURE, FAR_PAST, micros


@dataclass(frozen=True)
class Stratum:
    """``members``: incident_id, share (chance that the incident is in the stratum); None: every incident in full.

    ``t_from``, ``t_to`` (half-open), ``kind`` (with all below it) and ``area`` (degrees, lon lat) bound it; None does
    not bound. Who did it bounds no reach: a watch looks for whoever does it.
    """

    name: str
    members: pl.DataFrame | None = None
    t_from: datetime | None = None
    t_to: datetime | None = None
    kind: str | None = None
    area: BaseGeometry | None = None

    def of(self, mine: pl.DataFrame) -> pl.DataFrame:
        """``mine`` (incident_id, probability), of the incidents in the stratum, times the chance that they are."""
        if self.members is None:
            return mine
        both = mine.join(self.members, on="incident_id", how="inner", maintain_order="left")
        return both.select("incident_id", pl.col("probability") * pl.col("share"))

    def window(self, low: int, high: int) -> tuple[int, int]:
        """The part of a window (microseconds UTC) in the stratum; of no length where there is none."""
        t_from = max(low, micros(self.t_from, FAR_PAST))
        return t_from, max(t_from, min(high, micros(self.t_to, FAR_FUTURE)))

    def leaves(self, wanted: frozenset[str]) -> frozenset[str]:
        """The leaves of the tree of kinds below ``wanted`` that are in the stratum."""
        found: frozenset[str] = frozenset().union(*map(kinds.leaves, wanted))
        return found if self.kind is None else found & kinds.leaves(self.kind)

    def epochs(self, epochs: tuple[Epoch, ...]) -> tuple[Epoch, ...]:
        """The same stretches of time, cut to the area."""
        if self.area is None:
            return epochs
        return tuple(Epoch(e.t_from, e.t_to, e.geometry.intersection(self.area)) for e in epochs)


WHOLE = Stratum("")
