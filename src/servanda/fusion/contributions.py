"""What each source contributed to the picture, and what it was learned to be like."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.fusion.quality import Quality
from servanda.fusion.reports import Reports
from servanda.fusion.trial import Learned


def contributions(
    r: Reports, learned: Learned, known: bool, membership: pl.DataFrame, links: pl.DataFrame
) -> pl.DataFrame:
    """One row per source: source_id, reports, corroborated (reports in an incident with another witness group), copies
    (reports that repeat an earlier one of another witness group, ``links``), then
    its qualities, each with the ends of its 95 % interval in ``<name>_low`` and ``<name>_high`` (null where the
    number is only stated): p_true (share of reports that are true), detect (share of incidents that it reports),
    repeat (further reports per incident), confusion (share of kinds mistaken), sigma_m, time_h (standard deviations
    of place, where a report states none, and of time); matches (reports that
    others tell, too, as expected; with few, all is as stated).
    """
    groups = r.frame.select("observation_id", "source_id", "witness_group").join(
        membership.select("observation_id", "incident_id"), on="observation_id", how="inner"
    )
    shared = groups.group_by("incident_id").agg((pl.col("witness_group").n_unique() > 1).alias("shared"))
    joined = groups.join(shared, on="incident_id", how="left")
    repeats = pl.col("observation_id").is_in(links["observation_id"].unique().to_list())
    told = joined.group_by("source_id").agg(
        pl.len().alias("reports"), pl.col("shared").sum().alias("corroborated"), repeats.sum().alias("copies")
    )
    values, low, high = (_named(q) for q in (learned.quality, learned.low, learned.high))
    low["p_true"], high["p_true"] = high["p_true"], low["p_true"]
    columns: dict[str, object] = {"source_id": pl.Series(r.sources, dtype=pl.String)}
    for name, value in values.items():
        columns[name] = value
        for end, of in (("low", low), ("high", high)):
            columns[f"{name}_{end}"] = pl.Series(np.where(known, of[name], np.nan)).fill_nan(None)
    like = pl.DataFrame(columns | {"matches": learned.quality.matches})
    return told.join(like, on="source_id", how="left").sort("source_id")


def _named(q: Quality) -> dict[str, NDArray[np.float64]]:
    return {
        "p_true": 1.0 - q.false,
        "detect": q.detect,
        "repeat": q.repeat,
        "confusion": q.confusion,
        "sigma_m": 1000.0 * q.sigma_km,
        "time_h": q.time_h,
    }
