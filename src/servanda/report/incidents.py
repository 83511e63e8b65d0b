"""Incidents as the report needs them: which period they fall in, which group, and how finely they may be placed."""

from dataclasses import dataclass

import polars as pl

from servanda.kinds import share, tree
from servanda.report.data import ReportData
from servanda.report.verdicts import terms_of
from servanda.report.words import group_of


@dataclass(frozen=True)
class Marked:
    """``incidents``: the table with these columns added.

    - ``t_mid``: middle of its interval; an incident counts in the period that holds it, so in one only
    - ``which``: ``period``, ``previous`` or ``other``
    - ``group``: name of its kind group
    - ``relevant``: is it of a kind that a term is about
    - ``coarse``: rests on restricted observations only; ``lon`` and ``lat`` are rounded and ``geometry`` is null
    - ``bears``: does it bear on a term

    ``terms`` and ``regions`` are the tables of the mission.
    """

    incidents: pl.DataFrame
    terms: pl.DataFrame
    regions: pl.DataFrame


def mark(data: ReportData) -> Marked:
    """Work out, once, what every part of the report asks of the incidents."""
    kinds = data.incidents["kind"].unique().sort().to_list()
    groups = [group_of(k, data.settings.kind_groups).name for k in kinds]
    watched = frozenset().union(*(t.kinds for t in terms_of(data).values() if t.type != "allow"))
    relevant = [k for k in kinds if k in tree() and watched and share(k, watched) > 0]
    places = data.settings.restricted_decimals
    coarse = pl.col("coarse")
    frame = (
        data.incidents.with_columns(
            t_mid=pl.col("t_start") + (pl.col("t_end") - pl.col("t_start")) / 2,
            group=pl.col("kind").replace_strict(kinds, groups, return_dtype=pl.String),
            relevant=pl.col("kind").is_in(relevant),
            bears=pl.col("incident_id").is_in(data.incident_terms["incident_id"].unique().implode()),
            coarse=_restricted(data),
        )
        .with_columns(
            which=_which(data),
            lon=pl.when(coarse).then(pl.col("lon").round(places)).otherwise(pl.col("lon")),
            lat=pl.when(coarse).then(pl.col("lat").round(places)).otherwise(pl.col("lat")),
            geometry=pl.when(coarse).then(None).otherwise(pl.col("geometry")),
        )
        .sort("t_start", "incident_id")
    )
    return Marked(frame, data.incident_terms, data.incident_regions)


def _restricted(data: ReportData) -> pl.Series:
    """Per incident: has it observations, and is none of them open?"""
    shut = data.observations.filter(pl.col("access") != "open").select("observation_id")
    if shut.is_empty():
        return pl.repeat(False, data.incidents.height, dtype=pl.Boolean, eager=True)
    members = data.membership.with_columns(shut=pl.col("observation_id").is_in(shut["observation_id"].implode()))
    only_shut = members.group_by("incident_id").agg(pl.col("shut").all()).filter("shut")["incident_id"]
    return data.incidents["incident_id"].is_in(only_shut.implode())


def _which(data: ReportData) -> pl.Expr:
    mid = pl.col("t_mid")
    last = data.previous_period
    before = (mid >= last.t_from) & (mid < last.t_to) if last else pl.lit(False)
    now = (mid >= data.period.t_from) & (mid < data.period.t_to)
    return pl.when(now).then(pl.lit("period")).when(before).then(pl.lit("previous")).otherwise(pl.lit("other"))
