"""Capture histories from uncertain matches: drawn, so that the doubt about a match is in the interval.

A report is of its incident with the probability that fusion gives, of an alternative with that of the alternative,
else of an incident of its own. An incident counts with the chance that it is a real violation of the term. Each draw
is one table; estimates are averaged over draws (multiple imputation, Rubin 1987; as a mixture, Zhou and Reiter 2010).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.compliance.undercount.captures import Captures
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_DRAWS = 5
SURE = 1.0 - 1e-9
ROUNDING = 1e-12


def histories(
    reports: pl.DataFrame, incidents: pl.DataFrame, lists: tuple[str, ...], settings: UndercountSettings
) -> Captures:
    """Captures of the incidents by the lists.

    ``reports``: observation_id, incident_id, list (null or unknown: of none), probability; one row for each incident
    that a report may be of. ``incidents``: incident_id, probability that it counts. Reports of other incidents, or of
    none of these, count only where they may be of one of these. One draw where everything is sure.
    """
    incidents = incidents.unique("incident_id").sort("incident_id")
    row = incidents.select("incident_id", row=pl.int_range(pl.len(), dtype=pl.Int64))
    known = pl.DataFrame({"list": lists, "bit": range(len(lists))}, schema={"list": pl.String, "bit": pl.Int64})
    own = 1.0 - pl.col("probability").sum().over("observation_id")
    rows = (
        reports.with_columns(own=own.clip(0.0, 1.0))
        .join(row, on="incident_id", how="inner")
        .join(known, on="list", how="left")
        .select("observation_id", "row", pl.col("bit").fill_null(-1), "probability", "own")
        .sort("observation_id", "row")
    )
    chance = incidents["probability"].to_numpy()
    sure = bool((chance >= SURE).all()) and bool((rows["probability"] >= SURE).all())
    draws = 1 if sure else _draws(rows.height, settings)
    rng = np.random.default_rng(settings.seed)
    drawn = _Reports(rows)
    counts = np.array([drawn.table(rng, chance, len(lists)) for _ in range(draws)])
    return Captures(lists, counts)


def _draws(rows: int, settings: UndercountSettings) -> int:
    return int(np.clip(settings.imputed_rows // max(rows, 1), LEAST_DRAWS, settings.imputations))


class _Reports:
    """Rows sorted by report: which incident each may be of, with the chances laid end to end."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.row, self.bit = rows["row"].to_numpy(), rows["bit"].to_numpy()
        p = rows["probability"].to_numpy()
        first = np.r_[True, (rows["observation_id"] != rows["observation_id"].shift(1))[1:].to_numpy()][: rows.height]
        self.report = np.cumsum(first) - 1
        self.first = np.flatnonzero(first)
        whole = np.cumsum(p)
        before = (whole - p)[self.first][self.report] if rows.height else whole
        self.low, self.high = whole - p - before, whole - before
        ends = np.r_[self.first[1:], rows.height] - 1 if rows.height else self.first
        self.here = self.high[ends]
        self.own = rows["own"].to_numpy()[self.first]

    def table(self, rng: np.random.Generator, chance: Floats, lists: int) -> Floats:
        """(patterns,) one draw."""
        drawn = rng.random(len(self.first))
        u = drawn[self.report]
        here = (u >= self.low) & (u < self.high)
        real = rng.random(len(chance)) < chance
        pattern = np.full(len(chance), -1, dtype=np.int64)
        pattern[self.row[here]] = 0
        for j in range(lists):
            on = np.zeros(len(chance), bool)
            on[self.row[here & (self.bit == j)]] = True
            pattern = np.where(on, np.maximum(pattern, 0) | (1 << j), pattern)
        kept = pattern[real & (pattern >= 0)]
        alone = self.first[(drawn >= self.here) & (drawn < self.here + self.own - ROUNDING)]
        apart = rng.random(len(alone)) < chance[self.row[alone]]
        single = self.bit[alone[apart]]
        own = np.where(single >= 0, 1 << np.maximum(single, 0), 0)
        return np.bincount(np.r_[kept, own], minlength=2**lists).astype(float)
