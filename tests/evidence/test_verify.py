"""Damage and tampering are found, named, and do not spread."""

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from servanda.errors import EvidenceError
from servanda.evidence import Receipt, Store
from servanda.evidence.payloads import Payloads

Frames = Callable[..., pl.DataFrame]
Deliver = Callable[..., Receipt]
SHA256 = hashlib.sha256(b"a").hexdigest()


def payload_file(store: Store) -> Path:
    return store.path.with_name("evidence.db.payloads") / SHA256[:2] / SHA256[2:]


def tamper(store: Store, *statements: str) -> None:
    """What somebody with a database tool could do: remove the triggers first."""
    connection = sqlite3.connect(store.path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.fixture
def kept(store: Store, deliver: Deliver, observed: Frames, watched: Frames) -> Store:
    deliver(store, b"a", observations=observed("o1", "o2"), watches=watched("w1"))
    deliver(store, b"b", observations=observed("o2", "o3"))
    assert store.verify() == []
    return store


def test_payloads_are_plain_read_only_files(kept: Store) -> None:
    assert payload_file(kept).read_bytes() == b"a"
    assert payload_file(kept).stat().st_mode & 0o222 == 0
    assert [p.name for p in payload_file(kept).parent.iterdir()] == [SHA256[2:]]


def test_an_altered_payload_is_found(kept: Store, deliver: Deliver, observed: Frames) -> None:
    payload_file(kept).chmod(0o644)
    payload_file(kept).write_bytes(b"forged")
    (fault,) = kept.verify()
    assert fault.startswith(f"payload {SHA256} was altered")
    with pytest.raises(EvidenceError, match="was altered"):
        kept.payload(SHA256)
    with pytest.raises(EvidenceError, match=r"was altered.*Restore the file"):
        deliver(kept, b"a", reader="r2", observations=observed("o9"))
    assert payload_file(kept).read_bytes() == b"forged", "nothing is overwritten, not even a forgery"
    assert kept.payloads().height == 2


def test_a_missing_payload_is_found_and_comes_back_with_the_next_reading(
    kept: Store, deliver: Deliver, observed: Frames
) -> None:
    payload_file(kept).unlink()
    (fault,) = kept.verify()
    assert fault.startswith(f"payload {SHA256} is missing")
    deliver(kept, b"a", reader="r2", observations=observed("o1"))
    assert kept.verify() == []


def test_altered_rows_are_found(kept: Store) -> None:
    tamper(kept, "UPDATE block SET parquet = (SELECT parquet FROM block WHERE first_row = 3) WHERE first_row = 0")
    assert kept.verify() == ["the stored rows from number 0 on were altered"]


def test_removed_rows_are_found(kept: Store) -> None:
    tamper(kept, "DELETE FROM span WHERE reading_id = 2 AND first_row = 1", "DELETE FROM entry WHERE entry_id = 'w1'")
    assert kept.verify() == [
        "press: b.csv: 2 observations were stored, 1 are left",
        "the index of ids has 3 entries for 4 stored rows",
    ]


def test_a_removed_block_is_found(kept: Store) -> None:
    tamper(kept, "DELETE FROM block WHERE content = 'watches'")
    assert "press: a.csv: 1 watches were stored, 0 are left" in kept.verify()


def test_a_full_disk_is_reported_and_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EvidenceError, match="could not be kept: No space left on device"):
        Payloads(tmp_path).keep(b"a", SHA256)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
