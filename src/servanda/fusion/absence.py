"""What it says that a source has not reported an incident, where no watch is stated: its learned detection rate.

Witness groups are independent; within a group the best source counts, as the others may be its copies. A source that
never reports such kinds says nothing by its silence.
"""

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.model import Model

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def seen(m: Model, heard: NDArray[np.bool_]) -> Floats:
    """(groups, kinds) chance that a witness group reports an incident, by the best of its sources in ``heard``."""
    out = np.zeros((max(len(m.r.groups), 1), len(m.kinds)))
    np.maximum.at(out, m.group_of[heard], m.covers[heard] * m.quality.detect[heard, None])
    return out


def missed(m: Model, kinds: Floats, has: Integers, heard: NDArray[np.bool_]) -> Floats:
    """(c,) log of the chance that all groups in ``heard`` (s,) that are not in an incident would miss it.

    ``kinds`` (c, k): chance of each kind; ``has`` (c, s): reports of each source in it.
    """
    member = np.zeros((len(m.r.sources), max(len(m.r.groups), 1)))
    member[np.arange(len(member)), m.group_of] = 1.0
    absent = (has > 0) @ member == 0
    return np.asarray((absent * (kinds @ np.log1p(-seen(m, heard)).T)).sum(axis=1))
