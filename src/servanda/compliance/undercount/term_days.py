"""The local days of a term, or a stratum of it: which lists looked on each, and which reported something real."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.agreement.resolved import Epoch
from servanda.compliance.clock import FAR_FUTURE, FAR_PAST, Micros, column_micros, micros
from servanda.compliance.power import Watches, places_in
from servanda.compliance.undercount.estimate import Estimate
from servanda.compliance.undercount.observers import days_with_any
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings
from servanda.compliance.undercount.watched import Spots, detection

PLACES = 64
"""Places and moments that stand for one day; the share watched is then known to 0.12 (95 %) or better."""


@dataclass(frozen=True)
class Days:
    """``edges``: local midnights (microseconds UTC), one more than days; the first and last day may be cut short."""

    edges: Micros
    lists: tuple[str, ...]
    looked: NDArray[np.bool_]

    def estimate(self, single: pl.DataFrame, lists: dict[str, str], settings: UndercountSettings) -> Estimate:
        """``single``: incidents with ``probability`` that they count and ``groups`` that reported them; ``lists`` by
        group. An incident is of the day in which its middle lies. Raises Abstained as ``days_with_any``."""
        real = single["probability"].to_numpy()
        middle = (column_micros(single["t_start"]) + column_micros(single["t_end"])) // 2
        day = np.searchsorted(self.edges, middle, side="right") - 1
        at = [{lists[g] for g in groups if g in lists} for groups in single["groups"].fill_null([]).to_list()]
        by = np.array([[name in on for name in self.lists] for on in at], bool).reshape(len(single), len(self.lists))
        inside = np.flatnonzero((day >= 0) & (day < len(self.looked)))
        draws = 1 if (real >= 1).all() else settings.imputations
        happened = np.random.default_rng(settings.seed).random((draws, len(real))) < real
        reported = np.zeros((draws, *self.looked.shape), bool)
        known = np.zeros(reported.shape[:2], bool)
        for i in inside:
            known[:, day[i]] |= happened[:, i]
            reported[:, day[i]] |= happened[:, i, None] & by[i]
        return days_with_any(reported, self.looked, known, self.lists, settings)


def days_of(
    epochs: tuple[Epoch, ...],
    leaves: frozenset[str],
    window: tuple[int, int],
    watches: Watches,
    lists: dict[str, str],
    time_zone: str,
    settings: UndercountSettings,
) -> Days:
    """A list looked on a day when it watched ``least_watched`` of the day's place, time and kinds. Lists by group."""
    edges = _midnights(window, ZoneInfo(time_zone))
    groups = [g.name for g in watches.groups]
    names = tuple(sorted({lists[g] for g in groups if g in lists}))
    if len(names) < 2 or len(edges) < 2 or not leaves:
        raise Abstained("few_days", days=0, least=settings.least_days)
    seen = _seen(epochs, sorted(leaves), edges, watches, settings.seed)
    of = [[j for j, g in enumerate(groups) if lists.get(g) == name] for name in names]
    share = np.stack([seen[:, :, columns].any(axis=2).mean(axis=1) for columns in of], axis=1)
    looked = share >= settings.least_watched
    kept = np.flatnonzero(looked.any(axis=0))
    return Days(edges, tuple(names[j] for j in kept), looked[:, kept])


def _seen(
    epochs: tuple[Epoch, ...], leaves: list[str], edges: Micros, watches: Watches, seed: int
) -> NDArray[np.bool_]:
    """(days, PLACES, groups): did the group look there and then, for one of the kinds, all alike?"""
    rng = np.random.default_rng(seed)
    out = np.zeros((len(edges) - 1, PLACES, len(watches.groups)), bool)
    kind = [leaves[i % len(leaves)] for i in range(PLACES)]
    middle = (edges[:-1] + edges[1:]) // 2
    for epoch in epochs:
        at = places_in(epoch.geometry, PLACES)
        on = np.flatnonzero((middle >= micros(epoch.t_from, FAR_PAST)) & (middle < micros(epoch.t_to, FAR_FUTURE)))
        if not len(at) or not len(on):
            continue
        share = np.stack([rng.permutation((np.arange(PLACES) + 0.5) / PLACES) for _ in on])
        t = (edges[on][:, None] + share * (edges[on + 1] - edges[on])[:, None]).astype(np.int64).ravel()
        lon, lat = np.tile(at[:, 0], len(on)), np.tile(at[:, 1], len(on))
        chance = detection(Spots(t, lon, lat, kind * len(on)), watches)
        out[on] = (chance > 0).reshape(len(on), PLACES, -1)
    return out


def _midnights(window: tuple[int, int], zone: ZoneInfo) -> Micros:
    """The ends of the window and every local midnight between them."""
    low, high = (datetime.fromtimestamp(t / 1e6, UTC).astimezone(zone) for t in window)
    between = (low.date() + timedelta(days=i) for i in range(1, (high.date() - low.date()).days + 1))
    inner = [micros(datetime.combine(day, time(), zone)) for day in between]
    return np.array([window[0], *(t for t in inner if window[0] < t < window[1]), window[1]], dtype=np.int64)
