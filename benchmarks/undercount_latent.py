"""How often the 95 % intervals of latent classes hold the truth: many worlds in one batch of chains.

    python benchmarks/undercount_latent.py [WORLDS] [--seed S] [--only WORDS] [--classes K]

Worlds of the model's own prior come first. There coverage is 95 % exactly if the sampler is right, and the rank of the
truth among the draws is even (simulation-based calibration: Talts, Betancourt, Simpson, Vehtari, Gelman 2018). With
``p(N) = 1/N`` the number seen says nothing of the rest: given ``n`` seen, chances and shares are draws of their prior,
the seen are multinomial and the unseen negative binomial. So ``n`` may be fixed, and the improper prior is no obstacle.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chisquare

from servanda.compliance.undercount import Abstained, Captures, UndercountSettings, log_linear, screened
from servanda.compliance.undercount.captures import patterns
from servanda.compliance.undercount.convergence import effective, r_hat
from servanda.compliance.undercount.latent_sampler import Sampler
from servanda.worlds.lists import ListWorld, draw

Floats = NDArray[np.float64]
Sample = Callable[[np.random.Generator], tuple[Floats, float]]
"""Counts by pattern, and how many there were in all."""
CHAINS, BLOCK, BLOCKS, BINS = 4, 100, 8, 20
NAMES = ("a", "b", "c", "d", "e")
THREE, FOUR = (0.35, 0.3, 0.4), (0.35, 0.3, 0.25, 0.4)
HIGH, LOW = (0.8, 0.7, 0.75, 0.7, 0.6), (0.3, 0.25, 0.35, 0.3, 0.2)
WORLDS = {
    "3 lists, independent, 600": ListWorld(600, THREE),
    "4 lists, independent, 600": ListWorld(600, FOUR),
    "4 lists, independent, 5,000": ListWorld(5000, FOUR),
    "4 lists, two classes, 5,000": ListWorld(5000, HIGH[:4], "classes", 0.5, LOW[:4]),
    "4 lists, two opposite classes, 5,000": ListWorld(
        5000, (0.7, 0.6, 0.2, 0.3), "classes", 0.5, (0.2, 0.25, 0.6, 0.5)
    ),
    "5 lists, two classes, 5,000": ListWorld(5000, HIGH, "classes", 0.5, LOW),
    "4 lists, one pair x3, 1,000": ListWorld(1000, FOUR, "dependent", 3.0),
    "4 lists, one pair x10, 1,000": ListWorld(1000, FOUR, "dependent", 10.0),
    "4 lists, two classes, odds x/3, 1,000": ListWorld(1000, FOUR, "mixed", 3.0),
    "4 lists, two classes, odds x/3, 20,000": ListWorld(20_000, FOUR, "mixed", 3.0),
    "4 lists, logits vary by 1, 1,000": ListWorld(1000, FOUR, "varying", 1.0),
    "4 lists, 10 % of matches missed, 1,000": ListWorld(1000, FOUR, "missed_matches", 0.1),
    "4 lists, 10 % falsely matched, 1,000": ListWorld(1000, FOUR, "false_matches", 0.1),
    "4 lists, 10 % false reports, 1,000": ListWorld(1000, FOUR, "false_reports", 0.1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("worlds", nargs="?", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="worlds with these words in their names")
    parser.add_argument("--classes", type=int, default=UndercountSettings().latent_classes)
    options = parser.parse_args()
    settings = UndercountSettings(latent_classes=options.classes)
    cases: dict[str, tuple[int, Sample]] = {
        f"{k} lists, drawn from the prior, 500 seen": (k, _of_prior(500, k, settings)) for k in (3, 4)
    }
    cases |= {name: (len(world.chances), _of_world(world)) for name, world in WORLDS.items()}
    print(
        "| World | Held the truth | Estimate / truth | Width / truth | Refused | Even ranks, p | Log-linear held | s |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, (k, sample) in cases.items():
        if options.only in name:
            _row(name, k, sample, options.worlds, options.seed, settings)


def _of_world(world: ListWorld) -> Sample:
    return lambda rng: (draw(world, rng), float(world.n))


def _of_prior(n: int, k: int, settings: UndercountSettings) -> Sample:
    """Worlds with ``n`` seen whose lists all count: to ask that of the data leaves the posterior as it is."""
    bits, classes, a = patterns(k), settings.latent_classes, settings.latent_prior

    def sample(rng: np.random.Generator) -> tuple[Floats, float]:
        while True:
            sticks = np.r_[rng.beta(1.0, max(rng.gamma(a, 1.0 / a), 1e-12), classes - 1), 1.0]
            share = sticks * np.cumprod(np.r_[1.0, 1.0 - sticks[:-1]])
            chance = rng.beta(1.0, 1.0, (classes, k))
            p = share @ np.exp(np.log(chance) @ bits.T + np.log1p(-chance) @ (1 - bits).T)
            unseen = rng.negative_binomial(n, 1.0 - p[0])
            counts = np.r_[0, rng.multinomial(n, p[1:] / p[1:].sum())].astype(float)
            if _counting(counts, k, settings):
                return counts, float(n + unseen)

    return sample


def _counting(counts: Floats, k: int, settings: UndercountSettings) -> bool:
    try:
        return len(screened(Captures(NAMES[:k], counts[None, :]), settings).lists) == k
    except Abstained:
        return False


def _row(name: str, k: int, sample: Sample, worlds: int, seed: int, settings: UndercountSettings) -> None:
    rng, start = np.random.default_rng(seed), time.process_time()
    made = [sample(rng) for _ in range(worlds)]
    truth, counts = np.array([t for _, t in made]), np.array([c for c, _ in made])
    totals = _posterior(counts[:, 1:].astype(np.int64), k, settings, np.random.default_rng(seed + 1))
    spent = time.process_time() - start
    given = sorted(i for i, t in totals.items() if np.quantile(t, 0.975) <= settings.runaway * counts[i].sum())
    low, middle, high = np.array([np.quantile(totals[i], [0.025, 0.5, 0.975]) for i in given]).T
    t = truth[given]
    held = float(np.mean((low <= t) & (t <= high)))
    # Totals are whole numbers, so an interval holds a little more than 95 %; ranks with ties at random do not.
    rank = [float(np.mean(totals[i] < truth[i]) + rng.random() * np.mean(totals[i] == truth[i])) for i in given]
    within = np.mean([0.025 <= r <= 0.975 for r in rank])
    even = chisquare(np.histogram(rank, BINS, (0.0, 1.0))[0]).pvalue
    numbers = (
        *(f"{held:.1%}", f"{np.median(middle / t):.3f}", f"{np.median((high - low) / t):.3f}"),
        *(f"{1 - len(given) / worlds:.1%}", f"{within:.1%}", f"{even:.2f}"),
    )
    print("|", " | ".join((name, *numbers, _log_linear(counts, truth, k, settings), f"{spent:.0f}")), "|", flush=True)


def _log_linear(counts: Floats, truth: Floats, k: int, settings: UndercountSettings) -> str:
    held = []
    for c, t in zip(counts, truth, strict=True):
        try:
            e = log_linear(Captures(NAMES[:k], c[None, :]), settings)
        except Abstained:
            continue
        held.append(e.low <= t <= e.high)
    return f"{np.mean(held):.1%}"


def _posterior(
    counts: NDArray[np.int64], k: int, settings: UndercountSettings, rng: np.random.Generator
) -> dict[int, Floats]:
    """Draws of the total, by world; without those whose chains have not converged as the settings ask."""
    sampler = Sampler(np.repeat(counts, CHAINS, axis=0), k, settings, rng)
    sampler.warm_up()
    out: dict[int, Floats] = {}
    kept, open_ = np.empty((len(counts), CHAINS, 0)), np.arange(len(counts))
    for _ in range(BLOCKS):
        new = sampler.run(BLOCK).reshape(len(open_), CHAINS, BLOCK)
        kept = np.concatenate([kept, new], axis=2)
        done = np.array([effective(x) >= settings.least_ess and r_hat(x) <= settings.most_r_hat for x in kept])
        for i in np.flatnonzero(done):
            out[int(open_[i])] = kept[i].ravel() + counts[open_[i]].sum()
        kept, open_ = kept[~done], open_[~done]
        if not len(open_):
            break
        sampler.only(np.flatnonzero(np.repeat(~done, CHAINS)))
    return out


if __name__ == "__main__":
    main()
