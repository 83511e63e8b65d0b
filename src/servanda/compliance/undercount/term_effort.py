"""A term, or a stratum of it, estimated from the watches kept over it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda.agreement.resolved import Agreement, Epoch, Term, ZoneBook
from servanda.compliance import power
from servanda.compliance.clock import column_micros, micros
from servanda.compliance.power import Watches
from servanda.compliance.settings import AssessSettings
from servanda.compliance.undercount.effort import horvitz_thompson
from servanda.compliance.undercount.estimate import Estimate
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings
from servanda.compliance.undercount.strata import Stratum
from servanda.compliance.undercount.term_days import days_of
from servanda.compliance.undercount.watched import Spots, by_any, detection, share_watched


@dataclass(frozen=True)
class Looking:
    """The watches of a mission, and what bounds the terms that they look for."""

    agreement: Agreement
    zones: ZoneBook
    watches: Watches
    as_of: datetime
    settings: UndercountSettings

    def estimate(self, term: Term, stratum: Stratum, single: pl.DataFrame) -> Estimate:
        """``single``: incidents of the stratum, with ``probability`` that they count and ``groups`` that reported them.

        Raises Abstained where too little of the stratum was watched, and as ``horvitz_thompson``.
        """
        share = self._share(term, stratum)
        if share == 0:
            raise Abstained("no_watch")
        least = self.settings.least_watched
        if share < least:
            raise Abstained("unwatched", watched=round(100 * share), least=round(100 * least))
        middle = (column_micros(single["t_start"]) + column_micros(single["t_end"])) // 2
        lon, lat = (single[c].fill_null(np.nan).to_numpy() for c in ("lon", "lat"))
        chance = detection(Spots(middle, lon, lat, single["kind"].to_list()), self.watches)
        names = [g.name for g in self.watches.groups]
        by = single.select(pl.col("groups").list.contains(n).fill_null(False).alias(n) for n in names)
        reported: NDArray[np.bool_] = by.to_numpy().reshape(len(single), len(names)) & (chance > 0)
        found = reported.any(axis=1)
        real = single["probability"].to_numpy()
        lists = tuple(n for n, on in zip(names, np.atleast_1d(reported.any(axis=0)), strict=True) if on)
        return horvitz_thompson(
            by_any(chance[found]), real[found], beside=float(real[~found].sum()), lists=lists, settings=self.settings
        )

    def days(self, term: Term, stratum: Stratum, single: pl.DataFrame, lists: dict[str, str]) -> Estimate:
        """On how many days there was any, by the independent ``lists`` (by group). Raises Abstained."""
        epochs, leaves = stratum.epochs(self._epochs(term)), stratum.leaves(term.kinds)
        window, zone = stratum.window(*self._window(term)), self.agreement.time_zone
        of = days_of(epochs, leaves, window, self.watches, lists, zone, self.settings)
        return of.estimate(single, lists, self.settings)

    def _share(self, term: Term, stratum: Stratum) -> float:
        """Of the place, time and kinds of the stratum, watched by anyone."""
        epochs = stratum.epochs(self._epochs(term))
        window = stratum.window(*self._window(term))
        return share_watched(epochs, stratum.leaves(term.kinds), window, self.watches, self.settings.seed)

    def _window(self, term: Term) -> tuple[int, int]:
        end = min(t for t in (term.t_to, self.agreement.t_to, self.as_of) if t is not None)
        return micros(max(term.t_from, self.agreement.t_from)), micros(end)

    def _epochs(self, term: Term) -> tuple[Epoch, ...]:
        """Of the term's zone, or the union of all zones."""
        version = next(v for v in reversed(self.agreement.versions) if term in v.terms)
        if term.zone:
            return self.zones.epochs(version.version, term.zone)
        shapes = [self.zones.epochs(version.version, z)[0].geometry for z in sorted(version.zones)]
        return (Epoch(None, None, shapely.union_all(shapes)),) if shapes else ()


def looking(
    agreement: Agreement,
    zones: ZoneBook,
    watches: pl.DataFrame,
    sources: pl.DataFrame,
    as_of: datetime,
    settings: UndercountSettings,
    assess: AssessSettings,
) -> Looking:
    """``watches`` and ``sources`` as in ``tables.py``."""
    return Looking(agreement, zones, power.prepare(watches, sources, assess), as_of, settings)
