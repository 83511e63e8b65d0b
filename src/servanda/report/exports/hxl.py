"""CSV with a second row of hashtags (HXL 1.1, https://hxlstandard.org), read by humanitarian tools as it is."""

import polars as pl

from servanda.report.exports.evidence import Evidence
from servanda.report.exports.layers import flat
from servanda.tables import TIME

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"
TIMES = {"t_start": "#date+start", "t_end": "#date+end"}
TAGS: dict[str, dict[str, str]] = {
    "incidents": {
        "incident_id": "#event+id",
        "probability": "#indicator+probability+num",
        "kind": "#event+type",
        **TIMES,
        "lon": "#geo+lon",
        "lat": "#geo+lat",
        "sigma_m": "#geo+precision+m",
        "witnesses": "#indicator+witnesses+num",
        "monitor_seen": "#status+monitor_seen",
        "count_low": "#indicator+count+min+num",
        "count_high": "#indicator+count+max+num",
        "count_unit": "#indicator+count+unit",
        "observations": "#indicator+reports+num",
        "kind_group": "#event+type+group",
        "counted_as": "#event+role",
        "terms": "#cause+term+list",
    },
    "observations": {
        "observation_id": "#meta+id+observation",
        "record_id": "#meta+id+record",
        "source_id": "#meta+source+id",
        "witness_group": "#meta+source+group",
        "kind": "#event+type",
        **TIMES,
        "lon": "#geo+lon",
        "lat": "#geo+lat",
        "sigma_m": "#geo+precision+m",
        "count_low": "#indicator+count+min+num",
        "count_high": "#indicator+count+max+num",
        "count_unit": "#indicator+count+unit",
        "actor_claimed": "#group+claimed+name",
        "claim": "#event+claim",
        "label": "#event+label",
        "flags": "#meta+flags+list",
        "text": "#description",
        "language": "#meta+language",
        "url": "#meta+url",
        "reliability": "#meta+reliability",
        "credibility": "#meta+credibility",
        "recorded_at": "#date+recorded",
        "access": "#meta+access",
    },
    "findings": {
        "finding_id": "#meta+id+finding",
        "term_id": "#activity+term+code",
        "clause": "#activity+term+clause",
        "agreement_version": "#meta+version",
        "party": "#group+party+code",
        "period": "#date+type",
        **TIMES,
        "verdict": "#status+verdict",
        "probability": "#indicator+probability+num",
        "expected_violations": "#indicator+violations+num",
        "expected_low": "#indicator+violations+low+num",
        "expected_high": "#indicator+violations+high+num",
        "power": "#indicator+power+num",
        "unseen_upper95": "#indicator+unseen+max+num",
        "proof_probability": "#meta+proof+probability",
        "proof_witnesses": "#meta+proof+witnesses",
        "why": "#description+reason",
        "incident_ids": "#event+id+list",
        "supersedes": "#meta+id+supersedes",
    },
    "effort": {
        "which": "#date+type",
        **TIMES,
        "source_id": "#meta+source+id",
        "kind": "#event+type",
        "status": "#status+watch",
        "hours": "#capacity+hours+num",
        "reason": "#description+reason",
    },
}
"""The columns of each file, in order, and what HXL calls them: core hashtags with core or plain attributes."""


def hxl(name: str, evidence: Evidence) -> bytes:
    """``NAME.csv``, UTF-8. A list is joined by ``|``; times are UTC, ISO 8601; an empty cell is not known."""
    tags = TAGS[name]
    frame = evidence.tables[name]
    if name == "incidents":
        frame = frame.join(evidence.marks, on="incident_id", how="left", maintain_order="left")
    times = [pl.col(n).dt.strftime(TIME_FORMAT) for n, t in frame.schema.items() if t == TIME]
    told = flat(frame.select(list(tags)).with_columns(times))
    head = ",".join(tags) + "\n" + ",".join(tags.values()) + "\n"
    return head.encode() + told.write_csv(include_header=False).encode()
