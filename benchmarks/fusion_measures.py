"""A world as observations, and what a grouping of them is worth against the truth."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from fusion_worlds import FALSE, Arrays, Teller
from numpy.typing import NDArray

from servanda.fusion import FusionResult

KINDS = ("artillery", "small_arms", "drone_strike", "mine_or_ied", "naval_fire")
T0 = datetime(2026, 1, 10, tzinfo=UTC)
BINS = 10


def frame(d: Arrays, tellers: tuple[Teller, ...]) -> pl.DataFrame:
    daily = np.array([t.daily for t in tellers])[d["src"]]
    middle = np.round(d["h"] * 3.6e9).astype(np.int64) + int(T0.timestamp() * 1e6)
    half = np.where(daily, 12 * 3600 * 10**6, 0)
    stamp = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        {
            "observation_id": [f"o{i:07d}" for i in range(len(middle))],
            "source_id": [tellers[k].name for k in d["src"]],
            "kind": [KINDS[k] for k in d["kind"]],
            "t_start": pl.Series(middle - half).cast(stamp),
            "t_end": pl.Series(middle + half).cast(stamp),
            "lon": d["lon"],
            "lat": d["lat"],
        }
    )


def labels(rows: pl.DataFrame, got: FusionResult) -> np.ndarray:
    joined = rows.select("observation_id").join(got.membership, on="observation_id", how="left", maintain_order="left")
    return joined["incident_id"].rank("dense").to_numpy().astype(np.int64)


def sureness(d: Arrays, rows: pl.DataFrame, got: FusionResult) -> tuple[np.ndarray, np.ndarray]:
    """Stated probability of each incident, and whether any of its reports is of something real."""
    real = rows.select("observation_id").with_columns(pl.Series("real", d["truth"] < FALSE))
    held = got.membership.join(real, on="observation_id").group_by("incident_id").agg(pl.col("real").any())
    both = got.incidents.join(held, on="incident_id").select("probability", "real")
    return both["probability"].to_numpy(), both["real"].to_numpy()


def calibration_error(p: np.ndarray, happened: np.ndarray) -> float:
    """Expected calibration error over ``BINS`` equal bins (Naeini et al. 2015)."""
    at = np.minimum((p * BINS).astype(int), BINS - 1)
    return float(sum(abs(p[at == b].mean() - happened[at == b].mean()) * (at == b).mean() for b in np.unique(at)))


Measures = tuple[float, float, float]
"""Pairwise F1, B-cubed F1, relative error of the number of incidents (signed)."""


def metrics(truth: np.ndarray, label: np.ndarray) -> Measures:
    _, a = np.unique(truth, return_inverse=True)
    _, b = np.unique(label, return_inverse=True)
    cells, both = np.unique(a.astype(np.int64) * (b.max() + 1) + b, return_counts=True)
    left, right = np.bincount(a), np.bincount(b)

    def pairs(v: NDArray[np.int64]) -> float:
        return float((v * (v - 1) // 2).sum())

    f1 = 2 * pairs(both) / max(pairs(left) + pairs(right), 1.0)
    precision = (both**2 / right[cells % (b.max() + 1)]).sum() / len(a)
    recall = (both**2 / left[cells // (b.max() + 1)]).sum() / len(a)
    return f1, 2 * precision * recall / (precision + recall), len(right) / len(left) - 1.0
