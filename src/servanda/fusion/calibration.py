"""How far the stated chance of an incident is to be trusted, learned where the truth is known: on replicas.

A report that is joined to the wrong incident leaves two incidents wrong about themselves, which no formula for one
of them shows. On replicas both the formula's answer and the truth are known; a logistic regression of the second
on the first (Platt 1999) with terms for who told it and whether alone is then applied to the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servanda.fusion.clusters import clusters, real
from servanda.fusion.grouping import group
from servanda.fusion.tuning import Twin, linked

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NEWTON = 30
SETTLED = 1e-8
SURE = 1e-9


@dataclass(frozen=True)
class Calibration:
    """weights: (1 + 2 s,) slope on log odds, then shifts for incidents that a source tells alone, or with others."""

    weights: Floats

    def __call__(self, probability: Floats, label: Integers, source: Integers) -> Floats:
        """(g,) calibrated chances of groups, by the label (n,) and source (n,) of each report; 0 stays 0."""
        n = (len(self.weights) - 1) // 2
        odds = _terms(probability, label, source, n) @ self.weights
        return np.where(probability > 0.0, 1.0 / (1.0 + np.exp(-odds)), 0.0)


def calibrated(made: Sequence[Twin], link: float) -> Calibration:
    """Learned on replicas, grouped as the data will be."""
    rows, happened = [], []
    for twin in made:
        m = linked(twin.m, link)
        grouping = group(m)
        n = len(m.r.sources)
        chance = real(clusters(m, grouping.label, grouping.chance), m, np.ones(n, dtype=bool))
        rows.append(_terms(chance, grouping.label, m.r.source, n))
        happened.append(np.bincount(grouping.label, twin.incident >= 0, len(chance)) > 0)
    return Calibration(_fitted(np.concatenate(rows), np.concatenate(happened), made[0].m.priors.calibrate_weight))


def _terms(probability: Floats, label: Integers, source: Integers, n: int) -> Floats:
    """(g, 1 + 2 n) log odds; 1 for the source that tells it alone; 1 for each of several that tell it."""
    p = np.clip(probability, SURE, 1.0 - SURE)
    told = np.zeros((len(p), n), dtype=bool)
    told[label, source] = True
    alone = told & (told.sum(axis=1, keepdims=True) == 1)
    return np.column_stack([np.log(p / (1.0 - p)), alone, told & ~alone])


def _fitted(terms: Floats, happened: NDArray[np.bool_], weight: float) -> Floats:
    """Most likely weights, held to 'as stated' (slope 1, no shift) as by ``weight`` incidents at even odds."""
    stated = np.zeros(terms.shape[1])
    stated[0] = 1.0
    w, ridge = stated.copy(), np.eye(len(stated)) * weight / 4.0
    for _ in range(NEWTON):
        p = 1.0 / (1.0 + np.exp(-terms @ w))
        slope = terms.T @ (happened - p) - ridge @ (w - stated)
        step = np.linalg.solve((terms * (p * (1.0 - p))[:, None]).T @ terms + ridge, slope)
        w = w + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < SETTLED:
            break
    return np.asarray(w)
