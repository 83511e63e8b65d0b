"""A store in a temporary folder, and ways to put something into it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from servanda.evidence import Receipt, Store, open_store
from servanda.findings import Finding, Interval, Period
from servanda.tables import OBSERVATIONS, QUARANTINE, WATCHES

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
OBSERVATION = {
    "record_id": "record",
    "source_id": "press",
    "witness_group": "press",
    "kind": "artillery",
    "t_start": NOON,
    "t_end": NOON,
    "claim": "claim",
    "recorded_at": NOON,
    "access": "open",
}
WATCH = {
    "source_id": "press",
    "witness_group": "press",
    "t_start": NOON,
    "t_end": NOON,
    "kind": "artillery",
    "status": "watching",
    "recorded_at": NOON,
}


@dataclass(frozen=True)
class Sample:
    observations: pl.DataFrame = field(default_factory=OBSERVATIONS.empty)
    watches: pl.DataFrame = field(default_factory=WATCHES.empty)
    quarantine: pl.DataFrame = field(default_factory=QUARANTINE.empty)
    notices: Sequence[str] = ()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "evidence.db") as store:
        yield store


@pytest.fixture(scope="session")
def observed() -> Callable[..., pl.DataFrame]:
    """Observations by id, or by a dict of what differs from the default."""

    def make(*rows: str | dict[str, Any]) -> pl.DataFrame:
        full = [OBSERVATION | ({"observation_id": row} if isinstance(row, str) else row) for row in rows]
        return OBSERVATIONS.conform(pl.DataFrame(full, schema_overrides=OBSERVATIONS.schema, infer_schema_length=None))

    return make


@pytest.fixture(scope="session")
def watched() -> Callable[..., pl.DataFrame]:
    def make(*rows: str | dict[str, Any]) -> pl.DataFrame:
        full = [WATCH | ({"watch_id": row} if isinstance(row, str) else row) for row in rows]
        return WATCHES.conform(pl.DataFrame(full, schema_overrides=WATCHES.schema, infer_schema_length=None))

    return make


@pytest.fixture(scope="session")
def deliver() -> Callable[..., Receipt]:
    """Ingest ``data`` as a payload that says what the keywords (fields of a reading) say."""

    def put(store: Store, data: bytes, *, source_id: str = "press", reader: str = "r1", **said: Any) -> Receipt:
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{data.decode()}.csv"
        return store.ingest(source_id, name, data, sha256, reader, lambda: Sample(**said), NOON)

    return put


@pytest.fixture(scope="session")
def finding() -> Callable[..., Finding]:
    """A finding by its id; keywords say what differs from the default."""
    unknown = Interval(None, None, None)
    period = Period(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC), "day")
    default = Finding("", "term", "Article 1", "north", period, "kept", 0.1, unknown, 0.9, 3, 0.95, 2, "v1")

    def make(finding_id: str, **differs: Any) -> Finding:
        return replace(default, finding_id=finding_id, **differs)

    return make
