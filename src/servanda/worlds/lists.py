"""Lists of incidents with known truth: the yardstick of estimates of what nobody reported."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flaw = Literal["none", "classes", "dependent", "mixed", "varying", "missed_matches", "false_matches", "false_reports"]
FLAWS: tuple[Flaw, ...] = (
    "none",
    "classes",
    "dependent",
    "mixed",
    "varying",
    "missed_matches",
    "false_matches",
    "false_reports",
)


@dataclass(frozen=True)
class ListWorld:
    """``n`` incidents, each on list ``j`` with chance ``chances[j]``; ``flaw`` says how independence is broken.

    classes: a share ``amount`` is on list ``j`` with chance ``second[j]`` instead. dependent: who is on the first list
    is on the second with odds ``amount`` times as high. mixed: a share of one half is ``amount`` times as likely (odds)
    on every list, the rest as much less. varying: logits vary normally with standard deviation ``amount``.
    missed_matches: a share ``amount`` of reports of incidents on several lists is taken for an incident of its own.
    false_matches: a share ``amount`` of incidents on one list is joined with one on another. false_reports: of all
    reports a share ``amount`` is of nothing and stands alone.
    """

    n: int
    chances: tuple[float, ...]
    flaw: Flaw = "none"
    amount: float = 0.0
    second: tuple[float, ...] = ()


def draw(world: ListWorld, rng: np.random.Generator) -> Floats:
    """(2**k,) incidents by pattern (bit j: on list j); position 0, what nobody saw, is set to 0."""
    k = len(world.chances)
    logit = _logit(world.chances) + np.zeros((world.n, 1))
    if world.flaw == "classes":
        logit = np.where(rng.random(world.n)[:, None] < world.amount, _logit(world.second), logit)
    if world.flaw == "mixed":
        logit += np.log(world.amount) * np.where(rng.random(world.n) < 0.5, 1.0, -1.0)[:, None]
    if world.flaw == "varying":
        logit += world.amount * rng.standard_normal(world.n)[:, None]
    on = rng.random((world.n, k)) < 1 / (1 + np.exp(-logit))
    if world.flaw == "dependent":
        odds = np.exp(logit[:, 1]) * world.amount
        on[:, 1] = np.where(on[:, 0], rng.random(world.n) < odds / (1 + odds), on[:, 1])
    counts = np.bincount(on @ (1 << np.arange(k)), minlength=2**k).astype(float)
    counts[0] = 0
    return _spoilt(world, counts, rng)


def _logit(chances: tuple[float, ...]) -> Floats:
    p = np.array(chances)
    return np.asarray(np.log(p / (1 - p)))


def _spoilt(world: ListWorld, counts: Floats, rng: np.random.Generator) -> Floats:
    k = len(world.chances)
    out = counts.copy()
    if world.flaw == "missed_matches":
        for p in [p for p in range(2**k) if p.bit_count() > 1]:
            for j in [j for j in range(k) if p >> j & 1]:
                lost = float(rng.binomial(int(counts[p]), world.amount / p.bit_count()))
                lost = min(lost, out[p])
                out[p] -= lost
                out[p & ~(1 << j)] += lost
                out[1 << j] += lost
    if world.flaw == "false_matches":
        for i in range(k):
            for j in range(i):
                joined = float(rng.binomial(int(min(out[1 << i], out[1 << j])), world.amount / (k - 1)))
                out[[1 << i, 1 << j]] -= joined
                out[(1 << i) | (1 << j)] += joined
    if world.flaw == "false_reports":
        for j in range(k):
            reports = sum(out[p] for p in range(2**k) if p >> j & 1)
            out[1 << j] += rng.poisson(reports * world.amount / (1 - world.amount))
    return out
