"""Capture histories: how many incidents were seen by exactly which lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
MOST_LISTS = 16
"""More patterns than of so many lists are not tabulated; only the longest lists are."""


@dataclass(frozen=True)
class Captures:
    """``counts[d, p]``: in draw ``d``, incidents on exactly the lists of pattern ``p`` (bit j: on ``lists[j]``).

    One draw where matches are sure. ``counts[:, 0]`` are those on none of these lists, seen all the same (by what
    is no list); they are known, and no part of what is estimated.
    """

    lists: tuple[str, ...]
    counts: Floats

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or self.counts.shape[1] != 2 ** len(self.lists):
            raise ValueError(f"{len(self.lists)} lists have {2 ** len(self.lists)} patterns, not {self.counts.shape}")

    @property
    def mean(self) -> Floats:
        """(patterns,) expected over draws."""
        return np.asarray(self.counts.mean(axis=0))

    @property
    def seen(self) -> float:
        return float(self.mean.sum())

    @property
    def on_lists(self) -> float:
        return float(self.mean[1:].sum())

    def keep(self, chosen: tuple[int, ...]) -> "Captures":
        """Only these lists (positions, in order); what none of them saw goes to pattern 0."""
        bits = patterns(len(self.lists))[:, list(chosen)]
        to = (bits << np.arange(len(chosen))).sum(axis=1)
        counts = np.zeros((len(self.counts), 2 ** len(chosen)))
        np.add.at(counts.T, to, self.counts.T)
        return Captures(tuple(self.lists[j] for j in chosen), counts)


def captures(table: Mapping[Any, float], lists: tuple[str, ...]) -> Captures:
    """From counts by pattern: a tuple with 1 for each list that the incidents are on, in the order of ``lists``."""
    counts = np.zeros((1, 2 ** len(lists)))
    for pattern, n in table.items():
        counts[0, sum(bit << j for j, bit in enumerate(pattern))] += n
    return Captures(lists, counts)


def patterns(k: int) -> NDArray[np.int64]:
    """(2**k, k): is list j in the pattern?"""
    return (np.arange(2**k)[:, None] >> np.arange(k)) & 1


def screened(found: Captures, settings: UndercountSettings, relaying: int = 0) -> Captures:
    """Only lists that share enough with the others, at most the longest few. Raises Abstained for too few of them.

    Dropping one list may leave another without overlap, so this repeats until nothing changes.
    """
    if found.seen <= 0:
        raise Abstained("nothing_seen")
    chosen = [j for j in range(len(found.lists)) if found.mean @ patterns(len(found.lists))[:, j] > 0]
    if len(chosen) < settings.least_lists:
        raise Abstained("few_lists", lists=len(chosen), least=settings.least_lists, relaying=relaying)
    now = found.keep(tuple(chosen))
    while True:
        bits = patterns(len(now.lists))
        shared = now.mean @ (bits * (bits.sum(axis=1) > 1)[:, None])
        good = tuple(j for j in range(len(now.lists)) if shared[j] >= settings.least_overlap)
        if len(good) < settings.least_lists:
            values = {"lists": len(good), "overlap": settings.least_overlap, "least": settings.least_lists}
            raise Abstained("thin_overlap", **values)
        if len(good) < len(now.lists):
            now = now.keep(good)
            continue
        if len(good) <= settings.most_lists:
            return now
        longest = np.argsort(-(now.mean @ bits), kind="stable")[: settings.most_lists]
        now = now.keep(tuple(sorted(longest.tolist())))
