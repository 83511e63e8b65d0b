"""Small worlds with known truth for tests of fusion: sources with stated errors tell of incidents on a plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

T0 = datetime(2026, 1, 10, tzinfo=UTC)
KINDS = ("artillery", "small_arms", "drone_strike")
KM = 111.195


@dataclass(frozen=True)
class Teller:
    """detect: share of incidents reported; false: share of its reports with nothing behind them; repeat: further
    reports per incident reported; confusion: share of kinds at random."""

    name: str
    detect: float
    km: float
    hours: float
    false: float = 0.1
    repeat: float = 0.02
    confusion: float = 0.1


THREE = (
    Teller("exact", 0.4, 0.4, 0.3, false=0.1),
    Teller("rough", 0.6, 4.0, 4.0, false=0.2, repeat=0.12),
    Teller("middling", 0.5, 1.5, 1.5, false=0.15),
)


def world(
    tellers: Sequence[Teller], incidents: int, days: float, seed: int, width_km: float = 300.0
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Observations, and by row the incident told of (-1: none)."""
    rng = np.random.default_rng(seed)
    x, y, t = (rng.uniform(0, size, incidents) for size in (width_km, width_km, days * 24))
    kind = rng.choice(len(KINDS), incidents, p=(0.5, 0.3, 0.2))
    parts, truth = [], []
    for teller in tellers:
        first = np.flatnonzero(rng.random(incidents) < teller.detect)
        told = np.concatenate([first, rng.choice(first, round(len(first) * teller.repeat))])
        none = round(len(told) * teller.false / (1 - teller.false))
        n = len(told) + none
        at_x, at_y = (
            np.r_[v[told] + rng.normal(0, teller.km, len(told)), rng.uniform(0, width_km, none)] for v in (x, y)
        )
        when = np.r_[t[told] + rng.normal(0, teller.hours, len(told)), rng.uniform(0, days * 24, none)]
        said = np.r_[kind[told], rng.choice(len(KINDS), none)]
        said = np.where(rng.random(n) < teller.confusion, rng.choice(len(KINDS), n), said)
        us = pl.Series(np.round(when * 3.6e9).astype(np.int64) + int(T0.timestamp() * 1e6)).cast(
            pl.Datetime("us", "UTC")
        )
        names = [f"{teller.name}{i:05d}" for i in range(n)]
        columns = {"observation_id": names, "source_id": [teller.name] * n, "kind": [KINDS[k] for k in said]}
        place = {"lon": 30 + at_x / KM, "lat": at_y / KM}
        parts.append(pl.DataFrame(columns | {"t_start": us, "t_end": us} | place))
        truth.append(np.r_[told, np.full(none, -1)])
    return pl.concat(parts), np.concatenate(truth)
