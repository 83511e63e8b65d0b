"""Incidents as the report needs them: which period they fall in, what they count as, how finely they may be placed."""

from dataclasses import dataclass

import polars as pl

from servanda.kinds import share, tree
from servanda.report.data import KindGroup, ReportData
from servanda.report.words import group_of

ELLIPSE = ("ellipse_major_m", "ellipse_minor_m", "ellipse_azimuth_deg")
USUAL_HEAT = ("seasonal", "permanent_source")
UNUSUAL_HEAT = "unusual"
"""Flags of observations of heat: burning that is usual there and then, and what usual burning does not explain."""


@dataclass(frozen=True)
class Marked:
    """``incidents``: the table with these columns added.

    - ``t_mid``: middle of its interval; an incident counts in the period that holds it, so in one only
    - ``number``: how many it stands for, at least: the count of a report that counts incidents, else 1
    - ``expected``: how many of them happened, by its probability
    - ``which``: ``period``, ``previous`` or ``other``
    - ``group``: name of its kind group
    - ``role``: ``act``, ``warning`` or ``heat``, that of its group
    - ``unusual``: has it an observation of heat that usual burning does not explain
    - ``relevant``: is it of a kind that a term is about, or may be, and not just usual burning
    - ``coarse``: rests on restricted observations only; ``lon`` and ``lat`` are rounded, and ``geometry`` and
      the ellipse are null; the latter two also where a restricted observation has an area, which may show its post
    - ``bears``: does it bear on a term

    ``terms`` and ``regions`` are the tables of the mission.
    """

    incidents: pl.DataFrame
    terms: pl.DataFrame
    regions: pl.DataFrame


def mark(data: ReportData) -> Marked:
    """Work out, once, what every part of the report asks of the incidents."""
    kinds = data.incidents["kind"].unique().sort().to_list()
    groups = data.settings.kind_groups
    of_kind = [group_of(k, groups).name for k in kinds]
    roles = {g.name: g.role for g in groups}
    watched = frozenset().union(*(t.kinds for t in data.terms.values() if t.type != "allow"))
    relevant = [k for k in kinds if k in tree() and watched and share(k, watched) > 0]
    # An act that was told of as several kinds may be one of these, whatever it is most likely.
    may_be = pl.col("kind").is_in([k for k, g in zip(kinds, of_kind, strict=True) if roles[g] == "act"])
    frame = (
        data.incidents.join(_seasons(data), on="incident_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("usual", "unusual").fill_null(False),
            number=_number(data.incidents),
            t_mid=pl.col("t_start") + (pl.col("t_end") - pl.col("t_start")) / 2,
            bears=pl.col("incident_id").is_in(data.incident_terms["incident_id"].unique().implode()),
            coarse=_restricted(data),
            shaped_by_shut=_shaped_by_shut(data),
        )
        .with_columns(
            which=_which(data),
            relevant=(pl.col("kind").is_in(relevant) | (pl.col("bears") & may_be)) & ~pl.col("usual"),
            group=_group(kinds, of_kind, groups),
        )
        .with_columns(expected=pl.col("probability") * pl.col("number"))
        .with_columns(role=pl.col("group").replace_strict(roles, return_dtype=pl.String), **_placed(data))
        .drop("usual", "shaped_by_shut")
        .sort("t_start", "incident_id")
    )
    return Marked(frame, data.incident_terms, data.incident_regions)


def _number(incidents: pl.DataFrame) -> pl.Expr:
    counted = pl.col("counts").is_not_null() if "counts" in incidents.columns else pl.lit(False)
    return pl.when(counted).then(pl.col("count_low").fill_null(0.0)).otherwise(1.0)


def acts(marked: Marked) -> pl.DataFrame:
    """The incidents that count as such: neither warnings nor heat seen from space."""
    return marked.incidents.filter(pl.col("role") == "act")


def exported(data: ReportData, marked: Marked) -> pl.DataFrame:
    """The incidents that ``incidents.geojson`` holds: all, or of too many those that matter to this report."""
    if marked.incidents.height <= data.settings.geojson_incidents:
        return marked.incidents
    return marked.incidents.filter(pl.col("bears") | (pl.col("which") == "period"))


def _group(kinds: list[str], of_kind: list[str], groups: tuple[KindGroup, ...]) -> pl.Expr:
    """The group of the kind; usual burning is heat, whatever kind a mission takes heat for."""
    named = pl.col("kind").replace_strict(kinds, of_kind, return_dtype=pl.String)
    heat = next((g.name for g in groups if g.role == "heat"), None)
    return named if heat is None else pl.when("usual").then(pl.lit(heat)).otherwise(named)


def _placed(data: ReportData) -> dict[str, pl.Expr]:
    coarse, decimals = pl.col("coarse"), data.settings.restricted_decimals
    return {
        "lon": pl.when(coarse).then(pl.col("lon").round(decimals)).otherwise(pl.col("lon")),
        "lat": pl.when(coarse).then(pl.col("lat").round(decimals)).otherwise(pl.col("lat")),
        "geometry": pl.when(coarse | pl.col("shaped_by_shut")).then(None).otherwise(pl.col("geometry")),
        # The axes of an ellipse point at the posts.
        **{name: pl.when(coarse | pl.col("shaped_by_shut")).then(None).otherwise(pl.col(name)) for name in ELLIPSE},
    }


def _seasons(data: ReportData) -> pl.DataFrame:
    """incident_id, usual, unusual: for incidents with flagged heat; usual when every observation in it is."""
    flags = pl.col("flags").list
    seen = data.observations.select(
        "observation_id",
        usual=pl.any_horizontal(flags.contains(f) for f in USUAL_HEAT).fill_null(False),
        unusual=flags.contains(UNUSUAL_HEAT).fill_null(False),
    )
    flagged = seen.filter(pl.col("usual") | pl.col("unusual"))["observation_id"]
    with_heat = data.membership.filter(pl.col("observation_id").is_in(flagged.implode()))["incident_id"].unique()
    members = data.membership.filter(pl.col("incident_id").is_in(with_heat.implode()))
    joined = members.join(seen, on="observation_id", how="left")
    return joined.group_by("incident_id").agg(
        pl.col("usual").fill_null(False).all(), pl.col("unusual").fill_null(False).any()
    )


def _restricted(data: ReportData) -> pl.Series:
    """Per incident: has it observations, and is none of them open?"""
    shut = data.observations.filter(pl.col("access") != "open").select("observation_id")
    if shut.is_empty():
        return pl.repeat(False, data.incidents.height, dtype=pl.Boolean, eager=True)
    members = data.membership.with_columns(shut=pl.col("observation_id").is_in(shut["observation_id"].implode()))
    only_shut = members.group_by("incident_id").agg(pl.col("shut").all()).filter("shut")["incident_id"]
    return data.incidents["incident_id"].is_in(only_shut.implode())


def _shaped_by_shut(data: ReportData) -> pl.Series:
    """Per incident: has an observation that is not open an area? Such an area may be drawn from an observer's post."""
    shut = data.observations.filter((pl.col("access") != "open") & pl.col("geometry").is_not_null())
    members = data.membership.join(shut.select("observation_id"), on="observation_id", how="semi")
    return data.incidents["incident_id"].is_in(members["incident_id"].implode())


def _which(data: ReportData) -> pl.Expr:
    mid = pl.col("t_mid")
    last = data.previous_period
    before = (mid >= last.t_from) & (mid < last.t_to) if last else pl.lit(False)
    now = (mid >= data.period.t_from) & (mid < data.period.t_to)
    return pl.when(now).then(pl.lit("period")).when(before).then(pl.lit("previous")).otherwise(pl.lit("other"))
