"""Distinct whole numbers by sorting: on millions of codes far quicker than by hashing."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def distinct(values: Integers) -> Integers:
    """The different values, sorted."""
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def ranked(values: Integers) -> Integers:
    """Each value as its position among the different ones; values are not negative and not far above their number."""
    present = np.zeros(int(values.max(initial=-1)) + 1, dtype=bool)
    present[values] = True
    return np.asarray((np.cumsum(present) - 1)[values])


def first(values: Integers) -> NDArray[np.bool_]:
    """Where each value stands for the first time; values are not negative."""
    seen = np.full(int(values.max(initial=-1)) + 1, len(values))
    seen[values[::-1]] = np.arange(len(values))[::-1]
    return np.asarray(seen[values] == np.arange(len(values)))
