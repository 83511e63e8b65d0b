"""A store is made, found again, brought up to date; anything else is refused in plain words and left as it was."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from servanda.errors import EvidenceError
from servanda.evidence import Receipt, Store, open_store

Frames = Callable[..., pl.DataFrame]
Deliver = Callable[..., Receipt]


def test_a_store_is_found_again(tmp_path: Path, deliver: Deliver, observed: Frames) -> None:
    path = tmp_path / "new folder" / "50% sure.db"
    with open_store(path) as store:
        deliver(store, b"a", observations=observed("o1"))
    with open_store(str(path), create=False) as store:
        assert store.observations()["observation_id"].to_list() == ["o1"]
    with open_store(f"sqlite:///{path}") as store:
        assert store.observations().height == 1
        assert store.payload(store.payloads()["payload_sha256"][0]) == b"a"


def test_opening_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    with open_store(tmp_path / "evidence.db"):
        pass
    assert capfd.readouterr() == ("", "")
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert (root.level, root.handlers) == before


def test_an_empty_store_answers_with_empty_tables(store: Store) -> None:
    frames = (
        store.observations(),
        store.watches(),
        store.quarantine(),
        store.notices(),
        store.payloads(),
        store.observation(["o1"]),
        store.observation([]),
        store.provenance(["o1"]),
    )
    assert [frame.height for frame in frames] == [0] * len(frames)
    assert all(dtype != pl.Null for frame in frames for dtype in frame.dtypes)
    assert store.finding("f1") is None
    assert store.find_finding("f") is None
    assert store.verify() == []


def test_a_missing_store_is_not_made_when_not_asked(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="there is no evidence store"):
        open_store(tmp_path / "evidence.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 200)
    with pytest.raises(EvidenceError, match="not an evidence store"):
        open_store(path)
    assert path.read_text() == "dear diary, " * 200


def test_a_foreign_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(EvidenceError, match="not an evidence store"):
        open_store(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_newer_store_is_refused(store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE servanda_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(EvidenceError, match=r"schema 9999, made by a newer program .* update servanda"):
        open_store(store.path)


def test_a_store_without_version_is_refused(store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        connection.execute("DELETE FROM servanda_version")
    connection.close()
    with pytest.raises(EvidenceError, match="does not say its schema"):
        open_store(store.path)


def test_a_damaged_store_is_refused(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", observations=observed("o1"))
    store.close()
    with store.path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 400)
    with pytest.raises(EvidenceError, match=r"evidence\.db: the file is damaged"):
        open_store(store.path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be opened"):
        open_store(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="folder for the evidence store cannot be made"):
        open_store(tmp_path / "file" / "sub" / "evidence.db")


@pytest.mark.parametrize("url", ["postgresql://host/db", "sqlite://", "sqlite:///:memory:", "://"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(EvidenceError, match=r"sqlite:///path"):
        open_store(url)


def test_a_writer_waits_for_another_and_then_gives_up(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", observations=observed("o1"))
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_store(store.path, lock_timeout_s=0.05) as impatient:
        assert impatient.observations().height == 1, "readers go on while another process writes"
        with pytest.raises(EvidenceError, match=r"another process is writing to it .* 0\.05 s"):
            deliver(impatient, b"b", observations=observed("o2"))
        other.execute("ROLLBACK")
        assert deliver(impatient, b"b", observations=observed("o2")).new_observations == 1
    other.close()
