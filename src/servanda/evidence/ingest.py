"""One payload comes in: all of it is stored, or nothing."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl
import sqlalchemy as sa

from servanda.errors import EvidenceError
from servanda.evidence import blocks
from servanda.evidence.adding import add
from servanda.evidence.database import writing
from servanda.evidence.payloads import Payloads
from servanda.evidence.schema import NOTICE, PAYLOAD, READING, to_us


class ReadingLike(Protocol):
    """What a payload says: three tables of ``servanda.tables``, and notices."""

    @property
    def observations(self) -> pl.DataFrame: ...
    @property
    def watches(self) -> pl.DataFrame: ...
    @property
    def quarantine(self) -> pl.DataFrame: ...
    @property
    def notices(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Receipt:
    """What ``ingest`` did. Counts are of distinct rows in the reading; ``new_*`` of those not stored before."""

    source_id: str
    payload_sha256: str
    reader: str
    already: bool
    """The store had this reading; nothing was done."""
    observations: int
    watches: int
    quarantined: int
    notices: int
    new_observations: int = 0
    new_watches: int = 0


@dataclass(frozen=True)
class Delivery:
    """A payload on its way in. ``reader`` is a digest of program version and settings."""

    source_id: str
    payload_name: str
    payload_sha256: str
    reader: str
    ingested_at: datetime


def ingest(
    engine: sa.Engine, payloads: Payloads, delivery: Delivery, data: bytes, read: Callable[[], ReadingLike]
) -> Receipt:
    """See ``Store.ingest``. Reading comes first, outside the transaction: it may take minutes or refuse the file."""
    ingested_at_us = to_us(delivery.ingested_at)
    with engine.connect() as connection:
        receipt = _receipt(connection, delivery)
    if receipt is not None:
        return receipt
    if hashlib.sha256(data).hexdigest() != delivery.payload_sha256:
        raise EvidenceError(f"{delivery.payload_name}: its SHA-256 is not {delivery.payload_sha256}, as was stated")
    reading = read()
    payloads.keep(data, delivery.payload_sha256)
    with writing(engine).begin() as connection:
        # another process may have been faster
        return _receipt(connection, delivery) or _store(connection, delivery, len(data), ingested_at_us, reading)


def _receipt(connection: sa.Connection, delivery: Delivery) -> Receipt | None:
    """The receipt of an earlier ingest of the same reading."""
    row = connection.execute(
        sa.select(READING).where(
            READING.c.source_id == delivery.source_id,
            READING.c.payload_sha256 == delivery.payload_sha256,
            READING.c.reader == delivery.reader,
        )
    ).first()
    if row is None:
        return None
    return Receipt(
        delivery.source_id,
        delivery.payload_sha256,
        delivery.reader,
        already=True,
        observations=row.observations,
        watches=row.watches,
        quarantined=row.quarantined,
        notices=row.notices,
    )


def _store(
    connection: sa.Connection, delivery: Delivery, size_bytes: int, ingested_at_us: int, reading: ReadingLike
) -> Receipt:
    last = connection.execute(sa.select(sa.func.max(READING.c.reading_id))).scalar()
    reading_id = 1 if last is None else last + 1
    sha256 = delivery.payload_sha256
    if connection.execute(sa.select(PAYLOAD.c.sha256).where(PAYLOAD.c.sha256 == sha256)).first() is None:
        connection.execute(PAYLOAD.insert(), {"sha256": sha256, "size_bytes": size_bytes})
    observations = add(connection, reading_id, blocks.KEPT_OBSERVATIONS, reading.observations)
    watches = add(connection, reading_id, blocks.KEPT_WATCHES, reading.watches)
    quarantine = add(connection, reading_id, blocks.KEPT_QUARANTINE, reading.quarantine)
    notices = list(reading.notices)
    counts = {
        "observations": observations.rows,
        "watches": watches.rows,
        "quarantined": quarantine.rows,
        "notices": len(notices),
    }
    connection.execute(
        READING.insert(),
        {
            "reading_id": reading_id,
            "source_id": delivery.source_id,
            "payload_sha256": sha256,
            "payload_name": delivery.payload_name,
            "reader": delivery.reader,
            "ingested_at": ingested_at_us,
            **counts,
        },
    )
    if notices:
        connection.execute(
            NOTICE.insert(),
            [{"reading_id": reading_id, "ordinal": i, "notice": notice} for i, notice in enumerate(notices)],
        )
    return Receipt(
        delivery.source_id,
        sha256,
        delivery.reader,
        already=False,
        **counts,
        new_observations=observations.new,
        new_watches=watches.new,
    )
