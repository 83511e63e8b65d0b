"""How often a trend's interval holds the truth, and how often it names a change that is none.

    python benchmarks/trend.py [series per row] [numbers of rows]

Every row is a family of simulated daily series with a known ratio. 'Covered' is the share of 95 % intervals that hold
it; 'below it' and 'above it' those that lie wholly on one side; 'named' the share of which a rise or fall was said;
'change-point named' the share with a change-point; the last, of those, the share whose dates hold the true one. Rows of
ratio 1 show the false share.
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
SEED = 4127
DATED = 60
"""Of so many series of a row change-points are sought: it takes longer than the ratio."""


@dataclass(frozen=True)
class World:
    """``rho``: correlation of the logarithm of a log-normal wave from day to day; 0: independent gamma days.

    ``effort``: hours a day before and in the window, each day varied by 30 %; ``open_above``: counts above so many
    are given as 'at least' so many; ``rough``: dispersion of gamma days on top of a wave.
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
    rough: float = 0.0


WORLDS = (
    World("Poisson", 35, 21, 7.0, 0.4, 0.0),
    World("Poisson, few", 45, 15, 0.4, 0.4, 0.0),
    World("over-dispersed", 56, 10, 12.0, 0.2, 0.4),
    World("strongly over-dispersed", 30, 30, 6.0, 1.6, 1.5),
    World("two days against three weeks", 21, 2, 8.0, 0.2, 0.6),
    World("no change", 40, 10, 4.0, 1.0, 0.8),
    World("weekdays", 49, 21, 8.0, 0.6, 0.2, week=True),
    World("effort halved, no change", 35, 20, 14.0, 1.0, 0.4, effort=(24.0, 12.0)),
    World("effort tripled, fall to a third", 28, 28, 5.0, 0.33, 0.4, effort=(8.0, 24.0)),
    World("at-least counts", 35, 35, 12.0, 0.6, 0.4, open_above=18.0),
    World("few events, over-dispersed", 80, 25, 0.4, 0.5, 0.7),
    World("waves, rho 0.4", 50, 20, 12.0, 0.4, 0.4, rho=0.4),
    World("waves, rho 0.6, no change", 45, 21, 8.0, 1.0, 0.7, rho=0.6),
    World("waves and weekdays, rho 0.6", 70, 28, 15.0, 0.3, 0.4, rho=0.6, week=True),
    World("few events in waves, rho 0.6", 100, 40, 0.8, 0.5, 0.8, rho=0.6),
    World("waves over gamma days, rho 0.7", 60, 28, 20.0, 0.5, 0.4, rho=0.7, rough=0.3),
    World("long, heavy waves, rho 0.8", 150, 60, 12.0, 0.4, 0.9, rho=0.8),
    World("long waves, rho 0.85, no change", 120, 90, 6.0, 1.0, 0.6, rho=0.85),
    World("longer waves, rho 0.92", 140, 60, 10.0, 0.5, 0.5, rho=0.92),
    World("rho 0.8, three weeks in all", 14, 7, 10.0, 0.5, 0.5, rho=0.8),
)


def simulate(w: World, rng: np.random.Generator, dated: bool) -> Trend:
    """One series, asked about; ``dated``: for change-points too."""
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
    return answer(q, cells, "watches", TrendSettings(), dated)


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
    rough = rng.gamma(1.0 / w.rough, w.rough, n) if w.rough else 1.0
    return np.asarray(np.exp(sd * wave - sd**2 / 2.0) * rough)


def row(w: World, series: int) -> Iterator[str]:
    # A seed of its own for every row, so that a row does not hang on those before it.
    rng = np.random.default_rng([SEED, WORLDS.index(w)])
    found = [simulate(w, rng, i < DATED) for i in range(series)]
    asked = [t for t in found[:DATED] if t.said != "too_few"]
    known = [t for t in found if t.said != "too_few"]
    low = np.array([t.rate_ratio.low or 0.0 for t in known])
    high = np.array([np.inf if t.rate_ratio.high is None else t.rate_ratio.high for t in known])
    named = np.mean([t.said.startswith(("fell", "rose")) for t in known])
    changed = [t for t in asked if t.changes]
    true = START + DAY * w.before
    dated = np.mean([any(c.low <= true <= c.high for c in t.changes) for t in changed]) if changed else np.nan
    yield w.name
    yield f"{w.ratio:g}"
    yield str(len(known))
    yield f"{np.mean((low <= w.ratio) & (w.ratio <= high)):.1%}"
    yield f"{np.mean(high < w.ratio):.1%}"
    yield f"{np.mean(low > w.ratio):.1%}"
    yield f"{named:.1%}"
    yield f"{len(changed) / len(asked):.1%}"
    yield "" if w.ratio == 1.0 or np.isnan(dated) else f"{dated:.1%}"


def main() -> None:
    """Rows by number, or all of them."""
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    rows = [int(i) for i in sys.argv[2:]] or range(len(WORLDS))
    print(f"{series} series a row, change-points of {min(series, DATED)}, seed {SEED}\n")
    heads = ("world", "ratio", "series", "covered", "below it", "above it", "rise or fall named", "change-point named")
    print("| " + " | ".join((*heads, "dates hold the true one")) + " |")
    print("|---" + "|---:" * 8 + "|")
    for i in rows:
        print("| " + " | ".join(row(WORLDS[i], series)) + " |", flush=True)


if __name__ == "__main__":
    main()
