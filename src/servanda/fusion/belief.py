"""How sure an incident is: by those who tell it, by those who looked and did not, and by trial on replicas."""

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.fusion.calibration import Calibration
from servanda.fusion.clusters import clusters, silent
from servanda.fusion.grouping import Grouping
from servanda.fusion.model import Model
from servanda.fusion.silence import unconfirmed

WITNESSING = ("sighting", "admission")


def weighed(
    table: pl.DataFrame,
    m: Model,
    grouping: Grouping,
    watches: pl.DataFrame | None,
    calibration: Calibration | None,
    repeating: NDArray[np.int64],
) -> pl.Series:
    """Probability of each row: Bayes for the silence of those who looked, then calibrated where that was learned.

    ``repeating`` (groups, sources): reports that only repeat another, so that who sent them was not silent. Who looked
    is what the watches say; without any, a learned source looks at as much as it detects.
    """
    p = table["probability"].to_numpy()
    group = table["group"].to_numpy()
    missed = np.zeros(len(p))
    if watches is not None and watches.height and table.height:
        missed = unconfirmed(table, watches)
    elif m.quality.matches.any():
        missed = _absent(m, grouping, repeating)[group]
    sure = np.clip(p, 0.0, 1.0 - 1e-12)
    odds = sure / (1.0 - sure) * np.exp(missed)
    p = odds / (1.0 + odds)
    if calibration is not None:
        every = np.ones(int(grouping.label.max(initial=-1)) + 1)
        every[group] = p
        p = np.where(_counted(m, grouping)[group], p, calibration(every, grouping.label, m.r.source)[group])
    return pl.Series("probability", p)


def _absent(m: Model, grouping: Grouping, repeating: NDArray[np.int64]) -> NDArray[np.float64]:
    c = clusters(m, grouping.label, grouping.chance)
    return silent(replace(c, has=c.has + repeating), m, np.ones(len(m.r.sources), dtype=bool))


def _counted(m: Model, grouping: Grouping) -> NDArray[np.bool_]:
    """Counts of incidents were no part of the trial."""
    return np.asarray(np.bincount(grouping.label, m.r.counted) > 0)


def _without_retracted(rows: pl.DataFrame) -> pl.DataFrame:
    """A witness group that took its report back supports nothing, nor do those who only repeat it."""
    taken_back = rows.filter(pl.col("claim") == "retraction").select("group", voice="witness_group").unique()
    if taken_back.is_empty():
        return rows
    own = rows.join(taken_back, left_on=["group", "witness_group"], right_on=["group", "voice"], how="anti")
    return own.join(taken_back, on=["group", "voice"], how="anti")


def believed(rows: pl.DataFrame, rumour: float) -> pl.DataFrame:
    """Chance that at least one witness is right, each counting once, by its best report.

    A witness is a witness group, or several that repeat each other (``voice``, see ``copies``). The one that joins
    least surely stands alone; the others are as true as their joining makes them. ``groups`` are all that tell of it.
    """
    witness = pl.col("claim").is_in(WITNESSING) & pl.col("is_witness").fill_null(True)
    by_group = (
        _without_retracted(rows)
        .filter(pl.col("p_true") > 0)
        .group_by("group", "voice")
        .agg(
            pl.col("p_true").max(),
            pl.col("chance").sort_by("p_true", descending=True).first(),
            witness.any().alias("witness"),
            (witness & pl.col("is_monitor").fill_null(False)).any().alias("monitor"),
            pl.col("witness_group").unique().alias("telling"),
        )
        .sort("group", "chance", "voice")
    )
    first = pl.col("group").is_first_distinct()
    chance = pl.when(first).then(0.0).otherwise("chance")
    joined = (1.0 - pl.col("p_true")) * (1.0 - chance) + chance * rumour
    by_group = by_group.with_columns(pl.min_horizontal(1.0 - pl.col("p_true"), joined).alias("false")).sort(
        "group", "voice"
    )
    return (
        by_group.group_by("group", maintain_order=True)
        .agg(
            (1.0 - pl.col("false").product()).alias("probability"),
            pl.col("witness").sum().cast(pl.Int64).alias("witnesses"),
            pl.col("voice").filter("witness").alias("witness_groups"),
            pl.col("monitor").any().alias("monitor_seen"),
            pl.col("telling").list.explode(keep_nulls=False, empty_as_null=False).sort().alias("groups"),
        )
        .sort("group")
    )
