"""What lies behind one finding: what each source contributed, who repeats whom, and what could have gone unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from servanda.agreement.resolved import Agreement, Term, ZoneBook
from servanda.compliance.assess import assess
from servanda.findings import Finding, Period, rounded
from servanda.fusion import FusionResult, fuse
from servanda.mission.config import Mission
from servanda.mission.judgement import Judged, near
from servanda.mission.looked import looked
from servanda.mission.outages import asked_kinds

MOST_INCIDENTS = 3
"""Weightiest incidents of which it is told what they would be without each source."""


@dataclass(frozen=True)
class Again:
    """A past judgement, made again from the evidence kept."""

    mission: Mission
    agreement: Agreement
    zones: ZoneBook
    periods: tuple[Period, ...]
    sources: pl.DataFrame
    judged: Judged


def contributed(a: Again, finding: Finding) -> list[dict[str, Any]]:
    """One entry for each source that reported something the finding rests on, or that looked: what it told, and
    what the finding and its weightiest incidents would be without it, its watches left out as well."""
    known = a.judged.known
    members = a.judged.fused.membership.filter(pl.col("incident_id").is_in(list(finding.incident_ids)))
    who = known.observations.select("observation_id", "record_id", "source_id", "witness_group")
    told = members.join(who, on="observation_id")
    looks = known.watches.filter(pl.col("status") == "watching")
    looks = looks.filter((pl.col("t_end") > finding.period.t_from) & (pl.col("t_start") < finding.period.t_to))
    names = sorted({*told["source_id"], *looks["source_id"]})
    return [_of_source(a, finding, told, name) for name in names]


def _of_source(a: Again, finding: Finding, told: pl.DataFrame, name: str) -> dict[str, Any]:
    own = told.filter(pl.col("source_id") == name)
    groups = told.group_by("incident_id").agg(pl.col("witness_group").n_unique().alias("groups"))
    mine = own.select("incident_id").unique().join(groups, on="incident_id")
    fused, without = _without(a, finding, name)
    return {
        "source_id": name,
        "records": own["record_id"].n_unique(),
        "incidents": mine.height,
        "told_by_others": mine.filter(pl.col("groups") > 1).height,
        "without": None
        if without is None
        else {
            "verdict": without.verdict,
            "probability": rounded(without.probability),
            "power": rounded(without.power),
        },
        "incidents_without": [
            _incident_without(a, fused, told, incident, name)
            for incident in finding.incident_ids[:MOST_INCIDENTS]
            if incident in mine["incident_id"].to_list()
        ],
    }


def _without(a: Again, finding: Finding, name: str) -> tuple[FusionResult, Finding | None]:
    """The judgement as if the source had neither reported nor looked; what was learned of the others stands."""
    known, written, other = a.judged.known, a.mission.written, pl.col("source_id") != name
    seen, watches = known.observations.filter(other), known.watches.filter(other)
    fused = fuse(
        near(seen, a.agreement, known.as_of), watches, priors=written.fusion, sources=a.sources,
        beliefs=a.judged.fused.beliefs,
    )  # fmt: skip
    found = assess(
        a.agreement, a.zones, fused.incidents, fused.membership, watches, a.sources, a.periods, known.as_of,
        written.assess, seen, finding.period.name,
    )  # fmt: skip
    return fused, next((f for f in found.findings if f.key == finding.key), None)


def _incident_without(
    a: Again, fused: FusionResult, told: pl.DataFrame, incident: str, name: str
) -> dict[str, str | float | None]:
    """Its chance now, and that of the incident which most of its other reports then make."""
    was = a.judged.fused.incidents.filter(pl.col("incident_id") == incident)["probability"].to_list()[0]
    left = told.filter((pl.col("incident_id") == incident) & (pl.col("source_id") != name)).select("observation_id")
    held = fused.membership.join(left, on="observation_id", how="semi")
    sums = held.group_by("incident_id").agg(pl.col("probability").sum().alias("weight"))
    then = sums.sort(["weight", "incident_id"], descending=[True, False])["incident_id"].head(1)
    chance = sum(fused.incidents.filter(pl.col("incident_id").is_in(then.implode()))["probability"].to_list())
    return {"incident_id": incident, "probability": rounded(was), "without": rounded(chance)}


def repeated(a: Again, finding: Finding) -> list[dict[str, str]]:
    """Observations of its incidents that repeat an earlier one, ``of``, of another witness group, and why they are
    taken to: the two count as one witness."""
    fused, who = a.judged.fused, a.judged.known.observations.select("observation_id", "source_id")
    members = fused.membership.filter(pl.col("incident_id").is_in(list(finding.incident_ids)))
    told = fused.copies.join(members.select("observation_id", "incident_id"), on="observation_id")
    named = told.join(who, on="observation_id").join(
        who.rename({"observation_id": "of", "source_id": "of_source_id"}), on="of"
    )
    columns = ("incident_id", "observation_id", "source_id", "of", "of_source_id", "why")
    return named.select(columns).sort("incident_id", "observation_id", "why").to_dicts()


def unseen(a: Again, finding: Finding) -> list[dict[str, Any]]:
    """For each kind that the term asks about: hours in its zone in which nobody looked, and why not."""
    term = _term(a.agreement, finding)
    if term is None:
        return []
    known, places = a.judged.known, a.mission.written.assess.power_places
    table = looked(a.agreement, a.zones, known.watches, finding.period, known.as_of, places)
    same_zone = pl.col("zone").is_null() if term.zone is None else pl.col("zone") == term.zone
    mine = table.filter((pl.col("which") == "period") & pl.col("source_id").is_null() & same_zone)
    out = []
    for kind in sorted(asked_kinds(term)):
        rows = {r["status"]: r for r in mine.filter(pl.col("kind") == kind).iter_rows(named=True)}
        if rows:
            lost = {s: rounded(r["hours"]) for s, r in rows.items() if s != "watching" and r["hours"] > 0}
            of = next(iter(rows.values()))["of_hours"]
            watched = rows["watching"]["hours"] if "watching" in rows else 0.0
            out.append(
                {"kind": kind, "zone": term.zone, "hours": rounded(of), "watched": rounded(watched), **_why(lost)}
            )
    return out


def _why(lost: Mapping[str, float | None]) -> dict[str, Any]:
    return {"lost": dict(sorted(lost.items(), key=lambda x: (-(x[1] or 0.0), x[0])))}


def _term(agreement: Agreement, finding: Finding) -> Term | None:
    terms = (t for v in agreement.versions if v.version == finding.agreement_version for t in v.terms)
    return next((t for t in terms if t.term_id == finding.term_id), None)
