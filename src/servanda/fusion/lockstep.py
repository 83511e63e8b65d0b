"""Sources in lock-step: their times agree far better than what each errs by, as others show.

If sources err independently, the delay between two has the sum of their variances. Those of all pairs but one give
each source's own variance by weighted least squares, with its error; a pair whose delay varies much less than its two
sources do, beyond doubt, does not err independently (the idea of Gray and Allan's three-cornered hat, 1974).
"""

from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.fusion.priors import Priors

Floats = NDArray[np.float64]
SURE = 3.0
"""The variance of two sources is taken so many standard errors below its estimate."""
FLOOR_H = 1.0 / 60.0
"""No delay is taken to vary less than a minute."""
PAIR = pl.Schema({"row": pl.Int64, "of": pl.Int64})


def lockstep(shared: pl.DataFrame, priors: Priors) -> pl.DataFrame:
    """(row, of): reports by two sources in lock-step, of one incident, that show their usual delay.

    ``shared`` has row, group, source_id, t_start, t_end. Only instants tell. Needs four sources at least.
    """
    told = shared.filter(pl.col("t_start") == pl.col("t_end")).unique(
        ["group", "source_id"], keep="first", maintain_order=True
    )
    sources = told["source_id"].unique().sort().to_list()
    if len(sources) < 4:
        return pl.DataFrame(schema=PAIR)
    at = {s: told.filter(pl.col("source_id") == s).select("group", "row", "t_start") for s in sources}
    joint = {(a, b): _joint(at[a], at[b]) for a, b in combinations(sources, 2)}
    joint = {pair: both for pair, both in joint.items() if both.height >= priors.lockstep_reports}
    width = {pair: spread(both["late"].to_numpy()) for pair, both in joint.items()}
    out = [pl.DataFrame(schema=PAIR)]
    for pair, both in joint.items():
        if width[pair] ** 2 < priors.lockstep_ratio**2 * _own(pair, width, joint):
            out.append(_usual(both, width[pair]))
    return pl.concat(out).sort("row", "of")


def _joint(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    both = one.join(other, on="group", how="inner", suffix="_b", maintain_order="left")
    late = (pl.col("t_start") - pl.col("t_start_b")).dt.total_microseconds() / 3.6e9
    return both.select("row", "row_b", late.alias("late"))


def spread(late: Floats) -> float:
    """Robust standard deviation: 1.4826 times the median distance from the median."""
    return max(1.4826 * float(np.median(np.abs(late - np.median(late)))), FLOOR_H)


def _own(
    pair: tuple[str, str], width: dict[tuple[str, str], float], joint: dict[tuple[str, str], pl.DataFrame]
) -> float:
    """The least variance that the delay of ``pair`` would have if both erred independently; 0 where nobody can tell."""
    others = [p for p in width if p != pair and set(p) & set(pair)]
    others += [p for p in width if not set(p) & set(pair)]
    names = sorted({s for p in others for s in p})
    if not set(pair) <= set(names):
        return 0.0
    design = np.array([[float(s in p) for s in names] for p in others])
    if np.linalg.matrix_rank(design) < len(names):
        return 0.0
    seen = np.array([width[p] ** 2 for p in others])
    # The variance of a variance, 2 v² / n, doubled and more because the spread is a median (efficiency 0.37).
    weight = np.array([joint[p].height for p in others]) / (2.0 * seen**2 / 0.37)
    spread = np.linalg.inv(design.T @ (design * weight[:, None]))
    both = np.array([float(s in pair) for s in names])
    estimate = both @ spread @ design.T @ (weight * seen)
    return float(estimate - SURE * np.sqrt(both @ spread @ both))


def _usual(both: pl.DataFrame, width: float) -> pl.DataFrame:
    """The later of the two repeats the earlier."""
    near = both.filter((pl.col("late") - pl.col("late").median()).abs() <= SURE * width)
    rows = pl.max_horizontal("row", "row_b").alias("row"), pl.min_horizontal("row", "row_b").alias("of")
    return near.select(*rows).cast(pl.Int64)
