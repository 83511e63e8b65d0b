"""Is everything still as it was written? Finds damage and tampering that left traces; changes nothing."""

import hashlib
from bisect import bisect_right
from collections import Counter

import sqlalchemy as sa

from servanda.evidence.blocks import KEPT_OBSERVATIONS, KEPT_QUARANTINE, KEPT_WATCHES
from servanda.evidence.payloads import Payloads
from servanda.evidence.schema import BLOCK, ENTRY, PAYLOAD, READING, SPAN


def verify(connection: sa.Connection, payloads: Payloads) -> list[str]:
    """One line per fault, in a fixed order; empty when all is well."""
    return [*_payloads(connection, payloads), *_blocks(connection), *_readings(connection), *_entries(connection)]


def _payloads(connection: sa.Connection, payloads: Payloads) -> list[str]:
    hashes = connection.execute(sa.select(PAYLOAD.c.sha256).order_by(PAYLOAD.c.sha256)).scalars()
    return [fault for sha256 in hashes if (fault := payloads.fault(sha256)) is not None]


def _blocks(connection: sa.Connection) -> list[str]:
    faults = []
    query = sa.select(BLOCK.c.first_row, BLOCK.c.sha256, BLOCK.c.parquet).order_by(BLOCK.c.first_row)
    for first_row, sha256, parquet in connection.execute(query, execution_options={"yield_per": 1}):
        if hashlib.sha256(parquet).hexdigest() != sha256:
            faults.append(f"the stored rows from number {first_row} on were altered")
    return faults


def _readings(connection: sa.Connection) -> list[str]:
    """Does each reading still hold as many rows of each table as it came with?"""
    found = _rows_held(connection)
    faults = []
    for row in connection.execute(sa.select(READING).order_by(READING.c.reading_id)):
        stated = {KEPT_OBSERVATIONS: row.observations, KEPT_WATCHES: row.watches, KEPT_QUARANTINE: row.quarantined}
        for kept, n in stated.items():
            has = found[(row.reading_id, kept.table.name)]
            if has != n:
                faults.append(f"{row.source_id}: {row.payload_name}: {n} {kept.table.name} were stored, {has} are left")
    return faults


def _rows_held(connection: sa.Connection) -> Counter[tuple[int, str]]:
    """Rows of each reading and table, by its spans. A span runs over blocks of one table only."""
    blocks = connection.execute(
        sa.select(BLOCK.c.first_row, BLOCK.c.row_count, BLOCK.c.content).order_by(BLOCK.c.first_row)
    ).all()
    starts = [block.first_row for block in blocks]
    held: Counter[tuple[int, str]] = Counter()
    for reading_id, first_row, row_count in connection.execute(sa.select(SPAN)):
        at = bisect_right(starts, first_row) - 1
        if at >= 0 and first_row < blocks[at].first_row + blocks[at].row_count:
            held[(reading_id, blocks[at].content)] += row_count
    return held


def _entries(connection: sa.Connection) -> list[str]:
    """Can every row with an id be found by it?"""
    keyed = BLOCK.c.content != KEPT_QUARANTINE.table.name
    rows = connection.execute(sa.select(sa.func.sum(BLOCK.c.row_count)).where(keyed)).scalar() or 0
    entries = connection.execute(sa.select(sa.func.count()).select_from(ENTRY)).scalar() or 0
    return [] if rows == entries else [f"the index of ids has {entries} entries for {rows} stored rows"]
