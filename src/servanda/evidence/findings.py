"""Findings as they were issued. A later finding supersedes an earlier one; both stay."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from servanda.errors import EvidenceError
from servanda.evidence.blocks import chunks
from servanda.evidence.schema import FINDING, from_us, to_us
from servanda.findings import Finding

FindingKey = tuple[str, str, str, str]
"""term_id, party, start and end of the period: ``Finding.key``."""


@dataclass(frozen=True)
class StoredFinding:
    """A finding as first issued. ``json`` is its ``Finding.to_json()``; ``as_of`` the moment it spoke for."""

    finding_id: str
    json: dict[str, Any]
    as_of: datetime
    supersedes: str | None
    superseded_by: tuple[str, ...]
    """Later findings that replaced it, in order of issue."""


@dataclass(frozen=True, order=True)
class _Issued:
    as_of_us: int
    sequence: int
    finding_id: str
    supersedes: str | None = None


def issue(connection: sa.Connection, findings: Sequence[Finding], as_of: datetime) -> tuple[Finding, ...]:
    """See ``Store.issue``."""
    at = to_us(as_of)
    history = _history(connection, sorted({f.term_id for f in findings}))
    first_issue = {issued.finding_id: issued for line in history.values() for issued in line}
    last = connection.execute(sa.select(sa.func.max(FINDING.c.sequence))).scalar()
    sequence = 0 if last is None else last + 1
    out, rows = [], []
    for finding in findings:
        issued = first_issue.get(finding.finding_id)
        if issued is None:
            earlier = max((i for i in history[finding.key] if i.as_of_us <= at), default=None)
            issued = _Issued(at, sequence, finding.finding_id, earlier.finding_id if earlier else None)
            rows.append(_row(replace(finding, supersedes=issued.supersedes), issued))
            history[finding.key].append(issued)
            first_issue[finding.finding_id] = issued
            sequence += 1
        out.append(replace(finding, supersedes=issued.supersedes))
    if rows:
        connection.execute(FINDING.insert(), rows)
    return tuple(out)


def stored(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[StoredFinding, ...]:
    """Findings that meet a condition on the table, ordered by what they spoke for, then by issue."""
    rows = connection.execute(sa.select(FINDING).where(condition).order_by(FINDING.c.as_of, FINDING.c.sequence)).all()
    later = _superseded_by(connection, [row.finding_id for row in rows])
    return tuple(
        StoredFinding(
            row.finding_id, json.loads(row.document), from_us(row.as_of), row.supersedes, tuple(later[row.finding_id])
        )
        for row in rows
    )


def find(connection: sa.Connection, prefix: str) -> StoredFinding | None:
    """The only finding whose id begins so; None when there is none. Raises EvidenceError when there are several."""
    ids = connection.execute(
        sa.select(FINDING.c.finding_id)
        .where(FINDING.c.finding_id.startswith(prefix, autoescape=True))
        .order_by(FINDING.c.finding_id)
    ).scalars()
    matching = [i for i in ids if i.startswith(prefix)]  # LIKE may not tell small letters from capitals
    if prefix in matching:
        matching = [prefix]
    if len(matching) > 1:
        some = ", ".join(matching[:5])
        raise EvidenceError(f"{len(matching)} findings begin with {prefix!r}: {some}; give more of the id")
    return stored(connection, FINDING.c.finding_id == matching[0])[0] if matching else None


def about(key: FindingKey) -> sa.ColumnElement[bool]:
    """The condition that a finding is about this."""
    term_id, party, t_from, t_to = key
    return sa.and_(
        FINDING.c.term_id == term_id, FINDING.c.party == party, FINDING.c.t_from == t_from, FINDING.c.t_to == t_to
    )


def _history(connection: sa.Connection, term_ids: Sequence[str]) -> defaultdict[FindingKey, list[_Issued]]:
    """Everything issued about these terms, by key."""
    c = FINDING.c
    columns = (c.term_id, c.party, c.t_from, c.t_to, c.as_of, c.sequence, c.finding_id, c.supersedes)
    history: defaultdict[FindingKey, list[_Issued]] = defaultdict(list)
    for chunk in chunks(term_ids):
        for *key, as_of, sequence, finding_id, supersedes in connection.execute(
            sa.select(*columns).where(c.term_id.in_(chunk))
        ):
            term_id, party, t_from, t_to = key
            history[(term_id, party, t_from, t_to)].append(_Issued(as_of, sequence, finding_id, supersedes))
    return history


def _row(finding: Finding, issued: _Issued) -> dict[str, Any]:
    term_id, party, t_from, t_to = finding.key
    return {
        "sequence": issued.sequence,
        "finding_id": finding.finding_id,
        "term_id": term_id,
        "party": party,
        "t_from": t_from,
        "t_to": t_to,
        "as_of": issued.as_of_us,
        "supersedes": issued.supersedes,
        "document": json.dumps(finding.to_json(), ensure_ascii=False, allow_nan=False),
    }


def _superseded_by(connection: sa.Connection, finding_ids: Sequence[str]) -> defaultdict[str, list[str]]:
    later: defaultdict[str, list[str]] = defaultdict(list)
    for chunk in chunks(finding_ids):
        query = sa.select(FINDING.c.supersedes, FINDING.c.finding_id).where(FINDING.c.supersedes.in_(chunk))
        for earlier, finding_id in connection.execute(query.order_by(FINDING.c.sequence)):
            later[earlier].append(finding_id)
    return later
