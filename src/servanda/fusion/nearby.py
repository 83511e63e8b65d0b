"""Pairs of reports of two sources that are near in time, and in place or not: by cells, so that no far one is made."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.reports import Reports

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
CHUNK = 1000
"""Reports whose pairs are held in memory at once."""


@dataclass(frozen=True)
class Nearby:
    """``few``: (f,) reports; ``many``: those of the other source in order of cell and time; ``low``, ``high``: (f, c)
    ends of the stretches of ``many`` that go with each of the few. ``part``: of all the few, those in ``few``."""

    few: Integers
    many: Integers
    low: Integers
    high: Integers
    part: float

    def __iter__(self) -> Iterator[tuple[Integers, Integers]]:
        """(m,), (m,) the two reports of each pair, some of the few at a time."""
        for start in range(0, len(self.few), CHUNK):
            low, high = (x[start : start + CHUNK] for x in (self.low, self.high))
            n = (high - low).ravel()
            one = np.repeat(np.repeat(self.few[start : start + CHUNK], low.shape[1]), n)
            other = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + np.repeat(low.ravel(), n)
            yield one, self.many[other]


def nearby(r: Reports, few: Integers, many: Integers, within_km: float, within_h: float, most: int) -> Nearby:
    """All pairs that are within that distance and time, and some that are a little farther off; of more than ``most``
    pairs, every second, third ... of the few. ``within_km`` may be infinite."""
    x, y = ((v - v.min(initial=np.inf)) // within_km + 1.0 for v in (r.x_km, r.y_km))
    rows, hours = float(y.max(initial=0.0)) + 2.0, float(np.ptp(r.t_h)) + 2.0 * within_h + 1.0
    cell = (x * rows + y) * hours
    when = r.t_h - r.t_h.min(initial=np.inf)
    many = many[np.argsort(cell[many] + when[many], kind="stable")]
    keys = cell[many] + when[many]
    about = [0.0] if np.isinf(within_km) else [i * rows + j for i in (-1.0, 0.0, 1.0) for j in (-1.0, 0.0, 1.0)]
    middle = cell[few][:, None] + np.array(about) * hours + when[few][:, None]
    low, high = np.searchsorted(keys, middle - within_h), np.searchsorted(keys, middle + within_h)
    step = max(1, int(np.ceil((high - low).sum() / most)))
    chosen = np.arange(0, len(few), step)
    return Nearby(few[chosen], many, low[chosen], high[chosen], len(chosen) / max(len(few), 1))
