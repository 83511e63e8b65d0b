"""With what chance an incident at a place and time would have been found, by the watches kept there and then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from servanda import kinds
from servanda.agreement.resolved import Epoch
from servanda.compliance.clock import FAR_FUTURE, FAR_PAST, Micros, micros
from servanda.compliance.power import Watches, places_in

Floats = NDArray[np.float64]
SAMPLED = 512
"""Moments and places that stand for a term's whole reach; the share watched is then known to 0.04 (95 %) or better."""


@dataclass(frozen=True)
class Spots:
    """Arrays of one length: when (microseconds UTC), where (degrees) and of what kind."""

    t: Micros
    lon: Floats
    lat: Floats
    kind: Sequence[str]


def detection(spots: Spots, watches: Watches) -> Floats:
    """(spots, groups): best chance of any watch of the group; groups are taken to be independent."""
    out = np.zeros((len(spots.t), len(watches.groups)))
    names, of_kind = np.unique(np.array(spots.kind, dtype=object).astype(str), return_inverse=True)
    inside: dict[int, NDArray[np.bool_]] = {}
    sets: dict[tuple[int, str, int, float], list[int]] = {}
    for i, kind in enumerate(watches.kind):
        sets.setdefault(
            (int(watches.footprint[i]), kind, int(watches.group[i]), float(watches.p_detect[i])), []
        ).append(i)
    for (footprint, kind, group, p), members in sets.items():
        seen = np.array([kind in kinds.lineage(name) for name in names], dtype=bool)
        if not seen.any():
            continue
        if footprint not in inside:
            shape = watches.footprints[footprint]
            inside[footprint] = (
                np.ones(len(spots.t), bool) if shape is None else shapely.contains_xy(shape, spots.lon, spots.lat)
            )
        on = seen[of_kind] & inside[footprint] & _during(spots.t, watches.t_start[members], watches.t_end[members])
        out[on, group] = np.maximum(out[on, group], p)
    return out


def by_any(chance: Floats) -> Floats:
    """(spots,): chance that at least one group finds it."""
    return np.asarray(1.0 - np.prod(1.0 - chance, axis=1))


def share_watched(
    epochs: tuple[Epoch, ...], leaves: frozenset[str], window: tuple[int, int], watches: Watches, seed: int
) -> float:
    """Share of place, time and kinds (``leaves``, all alike) at which anyone with a known chance to detect looked."""
    rng = np.random.default_rng(seed)
    names = sorted(leaves)
    spans = [(max(window[0], micros(e.t_from, FAR_PAST)), min(window[1], micros(e.t_to, FAR_FUTURE))) for e in epochs]
    length = np.array([max(b - a, 0) for a, b in spans], dtype=float)
    if length.sum() == 0 or not names:
        return 0.0
    total = 0.0
    for epoch, (a, b), weight in zip(epochs, spans, length / length.sum(), strict=True):
        at = places_in(epoch.geometry, SAMPLED) if weight > 0 else np.empty((0, 2))
        if not len(at):
            continue
        t = (a + (b - a) * rng.permutation((np.arange(len(at)) + 0.5) / len(at))).astype(np.int64)
        kind = [names[i] for i in rng.permutation(np.arange(len(at)) % len(names))]
        seen = detection(Spots(t, at[:, 0].copy(), at[:, 1].copy(), kind), watches)
        total += float(weight) * float((seen > 0).any(axis=1).mean())
    return total


def _during(t: Micros, t_start: Micros, t_end: Micros) -> NDArray[np.bool_]:
    """Is each moment in any of the half-open intervals?"""
    order = np.argsort(t_start, kind="stable")
    last = np.searchsorted(t_start[order], t, side="right") - 1
    reach = np.maximum.accumulate(t_end[order])
    return np.asarray((last >= 0) & (t < reach[np.maximum(last, 0)]))
