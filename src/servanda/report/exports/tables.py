"""The tables that exports add to those of the stages. Degrees WGS 84 (lon, lat), times UTC."""

import json
from collections.abc import Iterable

import polars as pl

from servanda.findings import Finding
from servanda.tables import TIME, Column, Table

FINDINGS = Table(
    "findings",
    (
        Column("finding_id", pl.String, "", "the finding", True),
        Column("term_id", pl.String, "", "the term of the agreement that it is about", True),
        Column("clause", pl.String, "", "where that stands in the agreement", True),
        Column("agreement_version", pl.String, "", "version of the agreement", True),
        Column("party", pl.String, "", "id of the party; any: whoever did it", True),
        Column("period", pl.String, "", "day or in_force", True),
        Column("t_start", TIME, "UTC", "start of the period", True),
        Column("t_end", TIME, "UTC", "end of it, half-open", True),
        Column("verdict", pl.String, "", "broken, exempt, alleged, kept, unverifiable or pending", True),
        Column("probability", pl.Float64, "1", "chance that the term was violated at least once; null: not known"),
        Column("expected_violations", pl.Float64, "incidents", "expected number of violations"),
        Column("expected_low", pl.Float64, "incidents", "lower end of its 95 % interval"),
        Column("expected_high", pl.Float64, "incidents", "upper end of its 95 % interval"),
        Column("power", pl.Float64, "1", "chance that one violation would have been found and proven", True),
        Column("unseen_upper95", pl.Int64, "incidents", "at most so many went unseen; null: no bound"),
        Column("proof_probability", pl.Float64, "1", "probability that proof asks for", True),
        Column("proof_witnesses", pl.Int64, "", "independent witnesses that proof asks for", True),
        Column("why", pl.String, "", "the first reason in plain words"),
        Column("reasons", pl.String, "", "the whole reason tree as JSON"),
        Column("incident_ids", pl.List(pl.String), "", "the incidents it rests on"),
        Column("observation_ids", pl.List(pl.String), "", "the observations it names itself"),
        Column("supersedes", pl.String, "", "the finding that this one revises"),
    ),
)

ZONES = Table(
    "zones",
    (
        Column("zone_id", pl.String, "", "id in the agreement", True),
        Column("label", pl.String, "", "its name", True),
        Column("agreement_version", pl.String, "", "version of the agreement", True),
        Column("party", pl.String, "", "the party it holds for, where it is another for each"),
        Column("t_start", TIME, "UTC", "since when it has this shape; null: from the start"),
        Column("t_end", TIME, "UTC", "until when, half-open; null: open"),
        Column("verdict", pl.String, "", "the gravest verdict of a term about it, whole window, whoever did it"),
        Column("terms", pl.List(pl.String), "", "the terms about it"),
        Column("geometry", pl.Binary, "WKB", "its shape", True),
    ),
)

EFFORT_TABLE = Table(
    "effort",
    (
        Column("which", pl.String, "", "period, previous, or since the agreement is in force", True),
        Column("t_start", TIME, "UTC", "start of that period", True),
        Column("t_end", TIME, "UTC", "end of it, half-open", True),
        Column("source_id", pl.String, "", "who was looking", True),
        Column("kind", pl.String, "", "for what: this kind and all below it", True),
        Column("status", pl.String, "", "watching, or why not", True),
        Column("hours", pl.Float64, "h", "hours so spent", True),
        Column("reason", pl.String, "", "the reason given"),
    ),
)


def finding_table(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as ``FINDINGS``, those for the whole window first, then by day, term and party."""
    order = sorted(findings, key=lambda f: (f.period.name != "in_force", f.period.t_from, f.term_id, f.party))
    rows = [_row(f) for f in order]
    return FINDINGS.conform(pl.DataFrame(rows, schema=FINDINGS.schema, orient="row"))


def _row(f: Finding) -> dict[str, object]:
    said, estimate = f.to_json(), f.expected_violations.to_json()
    names = (
        "finding_id", "term_id", "clause", "agreement_version", "party", "verdict", "probability", "power",
        "unseen_upper95", "incident_ids", "observation_ids", "supersedes",
    )  # fmt: skip
    return {
        **{name: said[name] for name in names},
        "period": f.period.name,
        "t_start": f.period.t_from,
        "t_end": f.period.t_to,
        "expected_violations": estimate["mean"],
        "expected_low": estimate["low"],
        "expected_high": estimate["high"],
        "proof_probability": f.proof_probability,
        "proof_witnesses": f.proof_witnesses,
        "why": f.reasons[0].text if f.reasons else None,
        "reasons": json.dumps(said["reasons"], ensure_ascii=False),
    }
