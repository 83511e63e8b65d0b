"""How often the 95 % intervals of what fusion learns of sources hold the truth.

Three sources that tell of 700 incidents in 60 days, as in the tests of fusion; seeds 20 to 31 unless a range is given.
``PYTHONPATH=. python benchmarks/fusion_intervals.py``
"""

import sys

import numpy as np
import polars as pl
from tests.fusion.worlds import THREE, Teller, world

from servanda.fusion import fuse

FIRST, LAST = 20, 31
INCIDENTS, DAYS = 700, 60.0


def truth(teller: Teller) -> dict[str, float]:
    """By the names of ``FusionResult.sources``."""
    return {
        "detect": teller.detect,
        "p_true": 1.0 - teller.false,
        "repeat": teller.repeat,
        "confusion": teller.confusion,
        "sigma_m": 1000.0 * teller.km,
        "time_h": teller.hours,
    }


def main(first: int, last: int) -> None:
    held: dict[str, list[bool]] = {}
    off: dict[str, list[float]] = {}
    for seed in range(first, last + 1):
        sources = fuse(world(THREE, INCIDENTS, DAYS, seed=seed)[0]).sources
        for teller in THREE:
            got = sources.row(by_predicate=pl.col("source_id") == teller.name, named=True)
            for name, value in truth(teller).items():
                held.setdefault(name, []).append(got[f"{name}_low"] <= value <= got[f"{name}_high"])
                off.setdefault(name, []).append(got[name] - value)
    for name, x in held.items():
        error = np.array(off[name])
        print(f"{name:10} {sum(x)} of {len(x)}  rms {np.sqrt((error**2).mean()):.3f}  mean {error.mean():+.3f}")


if __name__ == "__main__":
    main(*(int(x) for x in sys.argv[1:3] or (FIRST, LAST)))
