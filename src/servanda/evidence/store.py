"""The evidence store: one database file and one folder of payloads beside it."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType

import polars as pl
import sqlalchemy as sa

from servanda.errors import EvidenceError
from servanda.evidence import blocks, catalogue, database, findings, selection
from servanda.evidence.findings import FindingKey, StoredFinding
from servanda.evidence.ingest import Delivery, ReadingLike, Receipt, ingest
from servanda.evidence.payloads import Payloads
from servanda.evidence.schema import FINDING
from servanda.evidence.selection import ReadingKey
from servanda.evidence.verify import verify
from servanda.findings import Finding


class Store:
    """What is kept. Rows are added, never changed or removed. Made by ``open_store``; use it with ``with``.

    The reading methods take

    - ``as_of`` (with time zone): only what was recorded by then; None: everything;
    - ``source_ids``: only readings of these sources; None: all;
    - ``current``: of a payload that was read several times, which reading speaks, as (source_id,
      payload_sha256, reader). Payloads that it does not name speak by their newest reading, as all do
      when it is None. A run whose settings changed names its own readings here and is judged by them
      alone, even after settings were changed back.

    All raise EvidenceError when the database refuses, and ValueError for a time without a zone.
    """

    def __init__(self, path: Path, engine: sa.Engine, lock_timeout_s: float) -> None:
        self.path = path
        self._engine = engine
        self._lock_timeout_s = lock_timeout_s
        self._payloads = Payloads(path.with_name(path.name + ".payloads"))

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    def ingest(
        self,
        source_id: str,
        payload_name: str,
        payload_data: bytes,
        payload_sha256: str,
        reader: str,
        read: Callable[[], ReadingLike],
        ingested_at: datetime,
    ) -> Receipt:
        """Keep a payload and what ``read`` makes of it: all of it or, whatever happens, nothing.

        ``reader`` is a digest of program version and settings. When the store has this (source, payload,
        reader), nothing is done and ``read`` is not called. Another reader makes a new reading of the same
        payload; the old one stays. What ``read`` raises (SourceRefused) goes through. ``ingested_at`` has
        a time zone. After a crash the payload's bytes may be in the folder without a reading; that is
        harmless, the next ingest takes them up.
        """
        delivery = Delivery(source_id, payload_name, payload_sha256, reader, ingested_at)
        with self._refusals():
            return ingest(self._engine, self._payloads, delivery, payload_data, read)

    def observations(
        self,
        as_of: datetime | None = None,
        source_ids: Sequence[str] | None = None,
        current: Sequence[ReadingKey] | None = None,
    ) -> pl.DataFrame:
        """As ``tables.OBSERVATIONS``, one row per observation_id, sorted by (t_start, observation_id)."""
        with self._reading() as connection:
            speaking = selection.speakers(connection, source_ids, current)
            return selection.rows(connection, blocks.KEPT_OBSERVATIONS, speaking, as_of)

    def watches(
        self,
        as_of: datetime | None = None,
        source_ids: Sequence[str] | None = None,
        current: Sequence[ReadingKey] | None = None,
    ) -> pl.DataFrame:
        """As ``tables.WATCHES``, one row per watch_id, sorted by (t_start, watch_id)."""
        with self._reading() as connection:
            speaking = selection.speakers(connection, source_ids, current)
            return selection.rows(connection, blocks.KEPT_WATCHES, speaking, as_of)

    def quarantine(
        self, source_ids: Sequence[str] | None = None, current: Sequence[ReadingKey] | None = None
    ) -> pl.DataFrame:
        """As ``tables.QUARANTINE``, every row that was set aside, sorted by all columns."""
        with self._reading() as connection:
            speaking = selection.speakers(connection, source_ids, current)
            frame = selection.rows(connection, blocks.KEPT_QUARANTINE, speaking, None)
        return frame.sort(frame.columns)

    def notices(
        self, source_ids: Sequence[str] | None = None, current: Sequence[ReadingKey] | None = None
    ) -> pl.DataFrame:
        """``catalogue.NOTICES``: source_id, payload_name, payload_sha256, notice; in the order they were given."""
        with self._reading() as connection:
            return catalogue.notices(connection, selection.speakers(connection, source_ids, current))

    def payloads(self) -> pl.DataFrame:
        """``catalogue.PAYLOADS``: one row per reading of a payload, superseded ones too, with its counts."""
        with self._reading() as connection:
            return catalogue.payloads(connection)

    def payload(self, sha256: str) -> bytes:
        """The bytes of a payload as they came. Raises EvidenceError when missing or altered."""
        return self._payloads.get(sha256)

    def observation(self, ids: Sequence[str]) -> pl.DataFrame:
        """Observations by id, as ``tables.OBSERVATIONS``, sorted by (t_start, observation_id).

        Looks at every reading ever stored, so that what an old finding cites is found. Where readings
        differ, the newest reading of a payload is preferred. An unknown id gives no row.
        """
        with self._reading() as connection:
            frame = selection.by_id(connection, blocks.KEPT_OBSERVATIONS, ids)
        return frame.sort("t_start", "observation_id")

    def provenance(self, ids: Sequence[str]) -> pl.DataFrame:
        """``catalogue.PROVENANCE``: every reading of every payload in which each observation or watch was met."""
        with self._reading() as connection:
            return catalogue.provenance(connection, ids)

    def issue(self, issued: Sequence[Finding], as_of: datetime) -> tuple[Finding, ...]:
        """Store findings and return them with ``supersedes`` filled.

        A finding whose id is stored keeps what was recorded at its first issue. A new one supersedes the
        last finding with the same ``Finding.key`` that spoke for ``as_of`` or a moment before it.
        """
        with self._refusals(), database.writing(self._engine).begin() as connection:
            return findings.issue(connection, issued, as_of)

    def finding(self, finding_id: str) -> StoredFinding | None:
        """The finding with this id."""
        with self._reading() as connection:
            found = findings.stored(connection, FINDING.c.finding_id == finding_id)
        return found[0] if found else None

    def find_finding(self, prefix: str) -> StoredFinding | None:
        """The only finding whose id begins so. Raises EvidenceError when there are several."""
        with self._reading() as connection:
            return findings.find(connection, prefix)

    def history(self, key: FindingKey) -> tuple[StoredFinding, ...]:
        """Everything ever said about a ``Finding.key``, ordered by what it spoke for, then by issue."""
        with self._reading() as connection:
            return findings.stored(connection, findings.about(key))

    def verify(self) -> list[str]:
        """Hash every payload and every block of rows again; one line per missing, altered or uncounted thing."""
        with self._reading() as connection:
            return verify(connection, self._payloads)

    def _refusals(self) -> AbstractContextManager[None]:
        return database.refusals(self.path, self._lock_timeout_s)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """One snapshot for all queries of a method."""
        with self._refusals(), self._engine.connect() as connection:
            yield connection


def open_store(
    url_or_path: str | os.PathLike[str], *, create: bool = True, lock_timeout_s: float = database.LOCK_TIMEOUT_S
) -> Store:
    """Open a store, make it when there is none (unless not ``create``), and bring its schema up to date.

    ``url_or_path`` is a file or ``sqlite:///file``; payloads go to the folder ``<file>.payloads`` beside it.
    Raises EvidenceError when the file is missing, not a store, of a newer program, damaged, or locked for
    longer than ``lock_timeout_s``.
    """
    path = _path(url_or_path)
    if not path.exists():
        if not create:
            raise EvidenceError(f"{path}: there is no evidence store; run the mission first, or mend the path")
        _make_folder(path.parent)
    engine = database.connect(path, lock_timeout_s)
    try:
        with database.refusals(path, lock_timeout_s):
            database.migrate(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return Store(path, engine, lock_timeout_s)


def _path(url_or_path: str | os.PathLike[str]) -> Path:
    text = os.fspath(url_or_path)
    if "://" not in text:
        return Path(text)
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise EvidenceError(f"{text}: this is not a database address; write a path or sqlite:///path") from error
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        raise EvidenceError(f"{url}: this version keeps evidence in SQLite files only; write a path or sqlite:///path")
    return Path(str(url.database))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvidenceError(f"{folder}: the folder for the evidence store cannot be made: {error.strerror}") from error
