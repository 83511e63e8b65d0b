"""How often a trend's interval holds the truth, and how often it names a change that is none.

    python benchmarks/trend.py [series per row]

Every row is a family of simulated daily series with a known ratio. 'Covered' is the share of 95 % intervals that hold
it, 'named' the share of which a rise or fall was said, 'changes' the share with a change-point, 'dated' the share of
those whose dates hold the true one. Rows of ratio 1 show the false share.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from servanda.compliance.clock import micros
from servanda.compliance.trend import Question, TrendSettings
from servanda.compliance.trend.ask import answer
from servanda.compliance.trend.series import Cells
from servanda.findings import Trend

START = datetime(2031, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = np.exp([0.4, 0.2, 0.0, 0.0, -0.1, -0.4, -0.5])
SEED = 20


@dataclass(frozen=True)
class World:
    """``rho``: correlation of the logarithm of a log-normal wave from day to day; 0: independent gamma days.

    ``effort``: hours a day before and in the window, each day varied by 30 %; ``open_above``: counts above so many
    are given as 'at least' so many.
    """

    name: str
    before: int
    window: int
    mean: float
    ratio: float
    dispersion: float
    rho: float = 0.0
    week: bool = False
    effort: tuple[float, float] | None = None
    open_above: float | None = None


WORLDS = (
    World("Poisson", 42, 14, 5.0, 0.3, 0.0),
    World("over-dispersed", 42, 14, 20.0, 0.3, 0.3),
    World("three days against four weeks", 28, 3, 5.0, 0.15, 0.5),
    World("no change", 28, 7, 10.0, 1.0, 1.0),
    World("weekdays", 42, 14, 10.0, 0.5, 0.3, week=True),
    World("effort cut to a third, no change", 42, 14, 10.0, 1.0, 0.3, effort=(24.0, 8.0)),
    World("effort doubled, fall by half", 42, 28, 10.0, 0.5, 0.3, effort=(12.0, 24.0)),
    World("at-least counts", 42, 28, 10.0, 0.5, 0.3, open_above=15.0),
    World("few events", 60, 20, 0.5, 0.5, 0.5),
    World("waves, rho 0.5", 42, 14, 10.0, 0.5, 0.5, rho=0.5),
    World("waves, rho 0.7, no change", 60, 30, 10.0, 1.0, 0.5, rho=0.7),
    World("waves and weekdays", 60, 30, 10.0, 0.3, 0.5, rho=0.5, week=True),
    World("breaks it: waves, rho 0.8, sd 0.8", 180, 90, 10.0, 0.5, 1.0, rho=0.8),
)


def simulate(w: World, rng: np.random.Generator) -> Trend:
    """One series, asked about."""
    n = w.before + w.window
    days = np.arange(n)
    inside = days >= w.before
    hours = np.full(n, 24.0)
    if w.effort:
        hours = np.where(inside, w.effort[1], w.effort[0]) * rng.uniform(0.7, 1.3, n)
    level = w.mean * hours / hours[~inside].mean() * np.where(inside, w.ratio, 1.0)
    if w.week:
        level = level * WEEK[days % 7] / WEEK.mean()
    y = rng.poisson(level * _shaken(w, n, rng)).astype(np.float64)
    least = y > w.open_above if w.open_above else np.zeros(n, dtype=bool)
    edges = tuple(START + DAY * i for i in range(n + 1))
    at = np.array([micros(t) for t in edges])
    seen = np.where(least, w.open_above or 0.0, y)
    cells = Cells(at[:-1], at[1:], seen, hours, least, np.zeros(n, dtype=np.int64))
    cut = edges[w.before]
    names = tuple(t.weekday() for t in edges[:-1])
    q = Question(w.name, "starts", "made", frozenset(), (cut, edges[-1]), (START, cut), edges, names)
    return answer(q, cells, "watches", TrendSettings())


def _shaken(w: World, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if w.dispersion == 0:
        return np.ones(n)
    if w.rho == 0:
        return rng.gamma(1.0 / w.dispersion, w.dispersion, n)
    sd = np.sqrt(np.log1p(w.dispersion))
    wave = np.empty(n)
    wave[0] = rng.normal()
    for i in range(1, n):
        wave[i] = w.rho * wave[i - 1] + np.sqrt(1.0 - w.rho**2) * rng.normal()
    return np.asarray(np.exp(sd * wave - sd**2 / 2.0))


def row(w: World, series: int) -> Iterator[str]:
    rng = np.random.default_rng(SEED)
    found = [simulate(w, rng) for _ in range(series)]
    known = [t for t in found if t.said != "too_few"]
    low = [t.rate_ratio.low or 0.0 for t in known]
    high = [np.inf if t.rate_ratio.high is None else t.rate_ratio.high for t in known]
    covered = np.mean([a <= w.ratio <= b for a, b in zip(low, high, strict=True)])
    named = np.mean([t.said.startswith(("fell", "rose")) for t in known])
    changed = [t for t in known if t.changes]
    true = START + DAY * w.before
    dated = np.mean([any(c.low <= true <= c.high for c in t.changes) for t in changed]) if changed else np.nan
    yield w.name
    yield f"{w.ratio:g}"
    yield f"{covered:.1%}"
    yield f"{named:.1%}"
    yield f"{len(changed) / len(known):.1%}"
    yield "" if w.ratio == 1.0 or np.isnan(dated) else f"{dated:.1%}"


def main() -> None:
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"{series} series a row, seed {SEED}\n")
    print("| world | ratio | covered | rise or fall named | change-point named | dates hold the true one |")
    print("|---|---:|---:|---:|---:|---:|")
    for w in WORLDS:
        print("| " + " | ".join(row(w, series)) + " |", flush=True)


if __name__ == "__main__":
    main()
