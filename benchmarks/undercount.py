"""How often the 95 % intervals of the undercount hold the truth, and by how much they fail where assumptions do.

    python benchmarks/undercount.py [REPLICATES] [--seed S]

Each row: a world, a method, share of intervals that hold the truth (of those not refused), median of estimate over
truth, median width of the interval over truth, share refused. Nothing is asserted: a benchmark is no test. Latent
classes: ``undercount_latent.py``.
"""

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from servanda.compliance.undercount import (
    Abstained,
    Captures,
    Estimate,
    UndercountSettings,
    chapman,
    days_with_any,
    horvitz_thompson,
    log_linear,
    n_mixture,
    occupancy,
    screened,
)
from servanda.worlds.lists import ListWorld, draw

T = TypeVar("T")
SETTINGS = UndercountSettings()
THREE, FOUR = (0.35, 0.3, 0.4), (0.35, 0.3, 0.25, 0.4)
WORLDS = {
    "2 lists, independent": ListWorld(600, (0.4, 0.5)),
    "2 lists, dependent x3": ListWorld(600, (0.4, 0.5), "dependent", 3.0),
    "3 lists, independent": ListWorld(600, THREE),
    "4 lists, independent": ListWorld(600, FOUR),
    "4 lists, 5,000 incidents": ListWorld(5000, FOUR),
    "4 lists, one pair x3": ListWorld(1000, FOUR, "dependent", 3.0),
    "4 lists, one pair x10": ListWorld(1000, FOUR, "dependent", 10.0),
    "4 lists, two classes, odds x/3": ListWorld(1000, FOUR, "mixed", 3.0),
    "4 lists, logits vary by 1": ListWorld(1000, FOUR, "varying", 1.0),
    "4 lists, 10 % of matches missed": ListWorld(1000, FOUR, "missed_matches", 0.1),
    "4 lists, 10 % falsely matched": ListWorld(1000, FOUR, "false_matches", 0.1),
    "4 lists, 10 % false reports": ListWorld(1000, FOUR, "false_reports", 0.1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("replicates", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("| World | Method | Held the truth | Estimate / truth | Width / truth | Refused | ms |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, world in WORLDS.items():
        _lists(name, world, options.replicates, options.seed)
    _effort(options.replicates, options.seed)


def _lists(name: str, world: ListWorld, replicates: int, seed: int) -> None:
    names = tuple("abcdef"[: len(world.chances)])

    def sample(rng: np.random.Generator) -> tuple[Captures, float]:
        return Captures(names, draw(world, rng)[None, :]), float(world.n)

    if len(names) == 2:
        _row(name, "Chapman", sample, lambda c: chapman(c, SETTINGS), replicates, seed)
        return
    _row(name, "log-linear", sample, lambda c: log_linear(screened(c, SETTINGS), SETTINGS), replicates, seed)


def _effort(replicates: int, seed: int) -> None:
    def watched(rng: np.random.Generator, error: float = 1.0) -> tuple[np.ndarray, float]:
        p = rng.choice([0.3, 0.6, 0.9], 300)
        return np.minimum(p[rng.random(300) < p] * error, 1.0), 300.0

    def repeated(rng: np.random.Generator, spread: float = 0.0) -> tuple[np.ndarray, float]:
        n = rng.poisson(4.0 * np.exp(spread * rng.standard_normal(60) - spread**2 / 2))
        return rng.binomial(n[:, None], 0.5, (60, 4)), float(n.sum())

    def visited(rng: np.random.Generator) -> tuple[np.ndarray, float]:
        there = rng.random(100) < 0.5
        return (rng.random((100, 4)) < 0.4) & there[:, None], float(there.sum())

    def days(rng: np.random.Generator, spread: bool = False) -> tuple[np.ndarray, float]:
        """100 days, three lists; with ``spread`` days differ in how many incidents there are to be seen."""
        several = rng.poisson(1.5 * rng.gamma(1.0, 1.0, 100)) if spread else (rng.random(100) < 0.5).astype(int)
        chance = 1 - (1 - np.array([0.6, 0.5, 0.4])) ** several[:, None]
        return rng.random((1, 100, 3)) < chance, float((several > 0).sum())

    on_days = lambda y: days_with_any(y, np.ones(y.shape[1:], bool), settings=SETTINGS)  # noqa: E731
    ht = lambda p: horvitz_thompson(p, settings=SETTINGS)  # noqa: E731
    mixture = lambda y: n_mixture(y, settings=SETTINGS)  # noqa: E731
    _row("300 incidents, p of watches known", "Horvitz-Thompson", watched, ht, replicates, seed)
    _row("… p stated 20 % too high", "Horvitz-Thompson", lambda r: watched(r, 1.2), ht, replicates, seed)
    _row("60 sites, 4 visits, Poisson", "N-mixture", repeated, mixture, min(replicates, 200), seed)
    _row("… sites vary by 1", "N-mixture", lambda r: repeated(r, 1.0), mixture, min(replicates, 200), seed)
    few = min(replicates, 300)
    _row("100 sites, 4 visits", "occupancy", visited, lambda y: occupancy(y.astype(np.int64)), few, seed)
    _row("100 days, 3 lists, p unknown", "days", days, on_days, few, seed)
    _row("… days differ in how many there are", "days", lambda r: days(r, True), on_days, few, seed)


def _row(
    name: str,
    method: str,
    sample: Callable[[np.random.Generator], tuple[T, float]],
    estimate: Callable[[T], Estimate],
    replicates: int,
    seed: int,
) -> None:
    rng, held, ratio, width, refused, spent = np.random.default_rng(seed), [], [], [], 0, 0.0
    for _ in range(replicates):
        data, truth = sample(rng)
        start = time.process_time()
        try:
            e = estimate(data)
        except Abstained:
            refused += 1
            continue
        finally:
            spent += time.process_time() - start
        held.append(e.low <= truth <= e.high)
        ratio.append(e.total / truth)
        width.append((e.high - e.low) / truth)
    if not held:
        print(f"| {name} | {method} | | | | 100 % | |", flush=True)
        return
    numbers = f"{np.mean(held):.1%} | {np.median(ratio):.2f} | {np.median(width):.2f} | {refused / replicates:.1%}"
    print(f"| {name} | {method} | {numbers} | {1000 * spent / replicates:.1f} |", flush=True)


if __name__ == "__main__":
    main()
