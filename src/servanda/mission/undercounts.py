"""What nobody reported, term by term: strata by local month, kind and region."""

import polars as pl

from servanda import kinds
from servanda.agreement.resolved import Agreement, ZoneBook
from servanda.compliance.undercount.terms import Evidence
from servanda.compliance.undercount.terms import undercounts as of_terms
from servanda.findings import Undercount
from servanda.mission.config import Mission
from servanda.mission.judgement import Judged

SEPARATOR = " · "


def undercounts(
    mission: Mission,
    agreement: Agreement,
    zones: ZoneBook,
    judged: Judged,
    sources: pl.DataFrame,
    incident_regions: pl.DataFrame,
) -> tuple[Undercount, ...]:
    """One answer, or the reason for none, per term that forbids or limits, stratum and method."""
    fused, known, written = judged.fused, judged.known, mission.written
    terms = judged.assessment.incident_terms
    evidence = Evidence(
        fused.incidents, fused.membership, fused.alternatives, known.observations, known.watches, sources, terms
    )
    parts = strata(fused.incidents, incident_regions, written.undercount.by, written.time_zone)
    return of_terms(agreement, zones, evidence, known.as_of, written.undercount, written.assess, parts)


def strata(incidents: pl.DataFrame, regions: pl.DataFrame, by: tuple[str, ...], time_zone: str) -> pl.DataFrame | None:
    """incident_id, stratum: the local month, the root of the kind and the region together, as ``by`` asks.

    An incident that lies in several regions is in the stratum of each; one in none is in no stratum of regions.
    """
    if not by:
        return None
    roots = {k: kinds.lineage(k)[-1] for k in incidents["kind"].unique().to_list()}
    named = incidents.select(
        "incident_id",
        month=pl.col("t_start").dt.convert_time_zone(time_zone).dt.strftime("%Y-%m"),
        kind=pl.col("kind").replace_strict(roots, return_dtype=pl.String),
    )
    if "region" in by:
        named = named.join(regions.select("incident_id", "region"), on="incident_id", how="inner")
    return named.select("incident_id", stratum=pl.concat_str([pl.col(b) for b in by], separator=SEPARATOR))
