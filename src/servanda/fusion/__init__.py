"""Observations to incidents. First version, behind one function; a later one raises its quality."""

from dataclasses import dataclass

import polars as pl

from servanda.fusion.incidents import build
from servanda.fusion.links import candidates, density
from servanda.fusion.merge import merge
from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports, reports
from servanda.tables import SOURCES


@dataclass(frozen=True)
class FusionResult:
    """``incidents`` and ``membership`` as in ``tables.py``; ``sources``: what each contributed.

    sources: source_id, reports, corroborated (reports in an incident with another witness group), p_true.
    """

    incidents: pl.DataFrame
    membership: pl.DataFrame
    sources: pl.DataFrame


def fuse(
    observations: pl.DataFrame,
    watches: pl.DataFrame | None = None,
    *,
    priors: Priors | None = None,
    sources: pl.DataFrame | None = None,
    seed: int = 0,
) -> FusionResult:
    """Group observations into incidents by place, time, kind and witness group, each with a probability.

    ``observations`` has at least observation_id, source_id, kind, t_start, t_end, lon, lat; other columns
    of the observations table are used where present. ``sources`` is a sources table: stated trust and place
    errors. ``watches`` is a watches table. An incident's probability is the chance that at least one of its
    witness groups is right (noisy-or; sources that share a group count once), lowered by the silence of
    groups that were looking there and then. ``seed`` is not used: nothing here is random.
    """
    del seed
    priors = priors or Priors()
    known = sources if sources is not None else SOURCES.empty()
    r = reports(observations, known, priors)
    around = density(r, priors)
    label = merge(r, candidates(r, around, priors), around, priors)
    incidents, membership = build(r, label, watches)
    return FusionResult(incidents, membership, _contributions(r, incidents, membership))


def _contributions(r: Reports, incidents: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    groups = r.frame.select("observation_id", "source_id", "witness_group", "p_true").join(
        membership.select("observation_id", "incident_id"), on="observation_id", how="inner"
    )
    shared = groups.group_by("incident_id").agg((pl.col("witness_group").n_unique() > 1).alias("shared"))
    joined = groups.join(shared, on="incident_id", how="left")
    return (
        joined.group_by("source_id")
        .agg(pl.len().alias("reports"), pl.col("shared").sum().alias("corroborated"), pl.col("p_true").mean())
        .sort("source_id")
    )


__all__ = ["FusionResult", "Priors", "fuse"]
