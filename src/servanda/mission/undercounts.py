"""What nobody reported, term by term: strata by local month, kind, region and party."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from shapely.geometry.base import BaseGeometry

from servanda import kinds
from servanda.agreement.resolved import Agreement, ZoneBook
from servanda.compliance.undercount.strata import Stratum
from servanda.compliance.undercount.terms import Evidence
from servanda.compliance.undercount.terms import undercounts as of_terms
from servanda.findings import STRATUM_SEPARATOR, Undercount
from servanda.mission.config import Mission
from servanda.mission.judgement import Judged


def undercounts(
    mission: Mission,
    agreement: Agreement,
    zones: ZoneBook,
    judged: Judged,
    sources: pl.DataFrame,
    incident_regions: pl.DataFrame,
    regions: Mapping[str, BaseGeometry],
) -> tuple[Undercount, ...]:
    """One answer, or the reason for none, per term that forbids or limits, stratum and method."""
    fused, known, written = judged.fused, judged.known, mission.written
    terms = judged.assessment.incident_terms
    evidence = Evidence(
        fused.incidents, fused.membership, fused.alternatives, known.observations, known.watches, sources, terms
    )
    parts = Strata(fused.incidents, incident_regions, regions, agreement, written.time_zone).by(written.undercount.by)
    return of_terms(agreement, zones, evidence, known.as_of, written.undercount, written.assess, parts)


class Strata:
    """The parts of all incidents: each by month, root of the kind, region and party, or by some of these together.

    An incident that lies in no region is in no stratum of regions. It is in the stratum of a party with the chance
    that the party did it; what nobody is named for is in none.
    """

    def __init__(
        self,
        incidents: pl.DataFrame,
        incident_regions: pl.DataFrame,
        regions: Mapping[str, BaseGeometry],
        agreement: Agreement,
        time_zone: str,
    ) -> None:
        self.incidents, self.incident_regions, self.regions = incidents, incident_regions, regions
        self.agreement, self.zone = agreement, ZoneInfo(time_zone)

    def by(self, by: tuple[str, ...]) -> tuple[Stratum, ...]:
        """One for each combination that has incidents, in the order of their names."""
        if not by or self.incidents.is_empty():
            return ()
        roots = {k: kinds.lineage(k)[-1] for k in self.incidents["kind"].unique().to_list()}
        named = self.incidents.select(
            "incident_id",
            month=pl.col("t_start").dt.convert_time_zone(self.zone.key).dt.strftime("%Y-%m"),
            kind=pl.col("kind").replace_strict(roots, return_dtype=pl.String),
            share=pl.lit(1.0),
        )
        if "region" in by:
            named = named.join(self.incident_regions.select("incident_id", "region"), on="incident_id", how="inner")
        if "party" in by:
            named = named.join(self._parties(), on="incident_id", how="inner").with_columns(share=pl.col("did_it"))
        grouped = named.sort(*by, "incident_id").group_by(by, maintain_order=True)
        return tuple(self._stratum(dict(zip(by, map(str, key), strict=True)), part) for key, part in grouped)

    def _stratum(self, named: dict[str, str], part: pl.DataFrame) -> Stratum:
        t_from, t_to = _month(named["month"], self.zone) if "month" in named else (None, None)
        area = self.regions[named["region"]] if "region" in named else None
        name = STRATUM_SEPARATOR.join(named.values())
        return Stratum(name, part.select("incident_id", "share"), t_from, t_to, named.get("kind"), area)

    def _parties(self) -> pl.DataFrame:
        """incident_id, party, did_it: by the names that the agreement gives each party."""
        names = {name: p.name for p in self.agreement.parties if p.role == "party" for name in p.names}
        said = self.incidents.select("incident_id", "actors").explode("actors").drop_nulls("actors").unnest("actors")
        known = {value: names.get(value.casefold()) for value in said["value"].unique().to_list()}
        party = pl.col("value").replace_strict(known, return_dtype=pl.String)
        named = said.with_columns(party=party).drop_nulls("party")
        return named.group_by("incident_id", "party").agg(did_it=pl.col("probability").sum().clip(0.0, 1.0))


def _month(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Its start and end by local midnight."""
    year, number = map(int, month.split("-"))
    return datetime(year, number, 1, tzinfo=zone), datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
