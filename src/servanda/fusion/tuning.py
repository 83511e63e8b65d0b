"""What replicas of the data set best, as the truth is known there: how likely 'the same incident' must be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from servanda.fusion.distinct import distinct
from servanda.fusion.grouping import group
from servanda.fusion.model import Integers, Model, model
from servanda.fusion.replica import replica

REPLICAS = 8
HALVINGS = 6
LEAST, MOST = 0.05, 0.6
"""Ends between which the least chance is looked for."""


@dataclass(frozen=True)
class Twin:
    """m: a replica as a model; incident: (n,) number of what each of its reports is of, negative where it is false."""

    m: Model
    incident: Integers


def twins(m: Model, seed: int) -> list[Twin]:
    """Replicas of ``m`` that hold ``tune_reports`` reports together, but no more than ``REPLICAS``."""
    number = int(np.clip(np.ceil(m.priors.tune_reports / max(len(m.r), 1)), 1, REPLICAS))
    made = [replica(m, seed + i) for i in range(number)]
    return [Twin(model(x.reports, m.quality, m.priors), x.incident) for x in made]


def least_chance(made: Sequence[Twin]) -> float:
    """The least chance for 'the same incident' at which replicas come out with as many incidents as they hold.

    Above it, one incident is too often told as two; below it, two as one. By halving, on the scale of logarithms.
    """
    true = sum(_incidents(x) for x in made)
    low, high = np.log(LEAST), np.log(MOST)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if sum(_groups(x.m, float(np.exp(middle))) for x in made) > true:
            high = middle
        else:
            low = middle
    return float(np.exp(0.5 * (low + high)))


def _incidents(x: Twin) -> int:
    """What is made up counts as incidents, too: it is told as such."""
    return len(distinct(x.incident))


def _groups(m: Model, link: float) -> int:
    return int(group(linked(m, link)).label.max(initial=-1)) + 1


def linked(m: Model, link: float) -> Model:
    """With another least chance for 'the same incident'."""
    return replace(m, priors=m.priors.model_copy(update={"link": link}))
