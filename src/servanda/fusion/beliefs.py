"""What fusion goes by: what sources are like and what replicas set. Kept, so that grouping can be tried with one
belief changed and nothing learned again."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.calibration import Calibration, calibrated
from servanda.fusion.echoes import InStep, in_step, origins, told_first
from servanda.fusion.learn import enough, learn
from servanda.fusion.priors import Priors
from servanda.fusion.quality import Quality
from servanda.fusion.reports import Reports
from servanda.fusion.trial import Learned
from servanda.fusion.tuning import least_chance, twins

Floats = NDArray[np.float64]
Belief = Literal["trust", "detection", "place", "time", "kind", "repeats", "same_event"]


@dataclass(frozen=True)
class Beliefs:
    """``known``: learned from the reports; else as stated. ``link``: least chance for 'the same incident'. ``steps``:
    sources that take over each other's reports. ``reports``: how many learning looked at.

    Arrays are by source, in the order of ``sources``.
    """

    sources: tuple[str, ...]
    learned: Learned
    known: bool
    link: float
    calibration: Calibration | None
    steps: tuple[InStep, ...] = ()
    reports: int = 0

    def of(self, sources: Sequence[str]) -> "Beliefs":
        """The same on some of the sources."""
        if tuple(sources) == self.sources:
            return self
        n, at = len(self.sources), np.array([self.sources.index(s) for s in sources], dtype=np.int64)
        told = self.learned
        learned = Learned(_picked(told.quality, at), _picked(told.low, at), _picked(told.high, at))
        kept = self.calibration and Calibration(self.calibration.weights[np.r_[0, 1 + at, 1 + n + at]])
        return replace(self, sources=tuple(sources), learned=learned, calibration=kept)


def _picked(q: Quality, at: NDArray[np.int64]) -> Quality:
    return Quality(*(getattr(q, f.name)[at] for f in fields(q)))


def believe(r: Reports, priors: Priors, seed: int) -> Beliefs:
    """Learned where there are reports enough, else as stated."""
    steps = in_step(r, priors) if enough(r, priors) else ()
    learned, part = learn(r.part(told_first(origins(r, steps, priors))), priors, seed)
    if part is None:
        return Beliefs(tuple(r.sources), learned, False, priors.link, None, steps, len(r))
    made = twins(part, seed)
    link = least_chance(made)
    return Beliefs(tuple(r.sources), learned, True, link, calibrated(made, link), steps, len(r))


def bent(b: Beliefs, belief: Belief, factor: float) -> Beliefs:
    """With one belief, stated or learned, changed for all sources: chances by their odds, errors and repeats as they
    are, detection as if for ``factor`` times as long."""
    q = b.learned.quality
    if belief == "same_event":
        return replace(b, link=float(odds_times(np.array(b.link), factor)))
    changed = {
        "trust": {"false": 1.0 - odds_times(1.0 - q.false, factor)},
        "detection": {"detect": hazard_times(q.detect, factor)},
        "place": {"sigma_km": q.sigma_km * factor},
        "time": {"time_h": q.time_h * factor},
        "kind": {"confusion": odds_times(q.confusion, factor)},
        "repeats": {"repeat": q.repeat * factor},
    }[belief]
    return replace(b, learned=replace(b.learned, quality=replace(q, **changed)))


def odds_times(p: Floats, factor: float) -> Floats:
    """Chances whose odds are ``factor`` times those of ``p``; 0 and 1 stay."""
    return np.asarray(factor * p / (1.0 - p + factor * p))


def hazard_times(p: Floats, factor: float) -> Floats:
    """Chance to see something in ``factor`` times as long."""
    return np.asarray(1.0 - (1.0 - p) ** factor)
