"""How often the 95 % intervals of what fusion learns of sources hold the truth.

``easy``: three sources that tell of 700 incidents in 60 days, as in the tests of fusion, seeds 20 to 31. Families of
the bench of fusion (``fusion_worlds.py``): seeds 101 to 106.
``PYTHONPATH=. python benchmarks/fusion_intervals.py [names]``; without names, ``easy middling dense poor``.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from fusion_measures import frame
from fusion_worlds import FAMILIES
from fusion_worlds import world as of_family
from tests.fusion.worlds import THREE, world

from servanda.fusion import fuse

EASY = range(20, 32)
SEEDS = range(101, 107)
INCIDENTS, DAYS = 700, 60.0
QUALITIES = {"detect": "detect", "repeat": "repeat", "confusion": "confusion", "time_h": "hours"}


def truth(teller: Any) -> dict[str, float]:
    """By the names of ``FusionResult.sources``."""
    told = {name: float(getattr(teller, of)) for name, of in QUALITIES.items()}
    return told | {"p_true": 1.0 - teller.false, "sigma_m": 1000.0 * teller.km}


def worlds(name: str) -> Iterator[tuple[pl.DataFrame, Sequence[Any]]]:
    if name == "easy":
        for seed in EASY:
            yield world(THREE, INCIDENTS, DAYS, seed=seed)[0], THREE
        return
    family = next(f for known, f in FAMILIES.items() if known.startswith(name))
    for seed in SEEDS:
        yield frame(of_family(family, seed), family.tellers), family.tellers


def measure(name: str) -> None:
    held: dict[str, list[bool]] = {}
    off: dict[str, list[float]] = {}
    for rows, tellers in worlds(name):
        sources = fuse(rows).sources
        for teller in tellers:
            got = sources.row(by_predicate=pl.col("source_id") == teller.name, named=True)
            for number, value in truth(teller).items():
                if got[f"{number}_low"] is None:
                    continue
                held.setdefault(number, []).append(got[f"{number}_low"] <= value <= got[f"{number}_high"])
                off.setdefault(number, []).append(got[number] - value)
    for number, x in held.items():
        error = np.array(off[number])
        print(
            f"{name:9} {number:10} {sum(x)} of {len(x)}  rms {np.sqrt((error**2).mean()):.3f}  mean {error.mean():+.3f}"
        )


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ("easy", "middling", "dense", "poor"):
        measure(chosen)
