"""A payload is stored whole or not at all, once, and never forgotten."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from servanda.errors import EvidenceError, SourceRefused
from servanda.evidence import Receipt, Store, open_store
from servanda.tables import QUARANTINE

Frames = Callable[..., pl.DataFrame]
Deliver = Callable[..., Receipt]
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def unread() -> NoReturn:
    raise AssertionError("the payload was read")


def ids(frame: pl.DataFrame) -> list[str]:
    return frame[frame.columns[0]].to_list()


def test_everything_of_a_reading_comes_back(store: Store, deliver: Deliver, observed: Frames, watched: Frames) -> None:
    bad = pl.DataFrame([("press", "a.csv", 3, "no date", "x;y")], schema=QUARANTINE.schema, orient="row")
    receipt = deliver(
        store, b"a", observations=observed("o1", "o2"), watches=watched("w1"), quarantine=bad, notices=("new column",)
    )
    assert receipt == Receipt("press", sha(b"a"), "r1", False, 2, 1, 1, 1, new_observations=2, new_watches=1)
    assert ids(store.observations()) == ["o1", "o2"]
    assert store.observations()["payload_sha256"].to_list() == [sha(b"a")] * 2
    assert ids(store.watches()) == ["w1"]
    assert store.watches()["payload_sha256"].to_list() == [sha(b"a")]
    assert_frame_equal(store.quarantine(), bad)
    assert store.notices().rows() == [("press", "a.csv", sha(b"a"), "new column")]
    assert store.payloads().drop("ingested_at", "size_bytes").row(0) == (
        ("press", "a.csv", sha(b"a"), "r1", True, 2, 1, 1, 1)
    )
    assert store.payload(sha(b"a")) == b"a"


def test_a_payload_is_read_once(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", observations=observed("o1"))
    receipt = store.ingest("press", "copy of a.csv", b"a", sha(b"a"), "r1", unread, NOON)
    assert receipt.already
    assert (receipt.observations, receipt.new_observations) == (1, 0)
    assert store.payloads().height == 1


def test_one_payload_under_two_sources_is_two_readings(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", observations=observed("o1"))
    deliver(store, b"a", source_id="radio", observations=observed({"observation_id": "o2", "source_id": "radio"}))
    assert ids(store.observations(source_ids=["radio"])) == ["o2"]
    assert ids(store.observations(source_ids=[])) == []
    assert len(ids(store.observations())) == 2


def test_an_observation_in_two_payloads_is_stored_once(store: Store, deliver: Deliver, observed: Frames) -> None:
    first = deliver(store, b"a", observations=observed("o1", "o2"))
    second = deliver(store, b"b", observations=observed("o2", "o3"))
    assert (first.new_observations, second.new_observations, second.observations) == (2, 1, 2)
    assert ids(store.observations()) == ["o1", "o2", "o3"]
    met = store.provenance(["o2"])
    assert met["payload_sha256"].to_list() == [sha(b"a"), sha(b"b")]
    assert store.provenance(["o1", "o3", "unknown"])["payload_sha256"].to_list() == [sha(b"a"), sha(b"b")]
    assert store.observation(["o2"])["payload_sha256"].to_list() == [min(sha(b"a"), sha(b"b"))]


def test_repeated_rows_in_one_payload_are_one(store: Store, deliver: Deliver, observed: Frames) -> None:
    receipt = deliver(store, b"a", observations=observed("o1", "o2", "o1"))
    assert (receipt.observations, receipt.new_observations) == (2, 2)
    assert ids(store.observations()) == ["o1", "o2"]


def test_a_new_reader_supersedes_and_the_old_reading_stays(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", reader="old", observations=observed({"observation_id": "o1", "reliability": "C"}, "gone"))
    deliver(store, b"a", reader="new", observations=observed({"observation_id": "o1", "reliability": "A"}))
    assert store.observations().select("observation_id", "reliability").rows() == [("o1", "A")]
    old = store.observations(current=[("press", sha(b"a"), "old")])
    assert set(old.select("observation_id", "reliability").rows()) == {("o1", "C"), ("gone", None)}
    assert store.observation(["o1", "gone"])["reliability"].to_list() in (["A", None], [None, "A"])
    assert dict(store.payloads().select("reader", "newest").rows()) == {"old": False, "new": True}
    assert store.provenance(["o1"])["reader"].to_list() == ["old", "new"]


def test_a_payload_that_the_run_does_not_name_still_counts(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", reader="old", observations=observed("a-old"))
    deliver(store, b"a", reader="new", observations=observed("a-new"))
    deliver(store, b"deleted", reader="old", observations=observed("deleted"))
    named = [("press", sha(b"a"), "old")]
    assert ids(store.observations(current=named)) == ["a-old", "deleted"]
    assert ids(store.observations(current=[])) == ids(store.observations()) == ["a-new", "deleted"]


def test_current_must_name_what_is_stored(store: Store, deliver: Deliver, observed: Frames) -> None:
    deliver(store, b"a", observations=observed("o1"))
    deliver(store, b"a", reader="r2", observations=observed("o1"))
    with pytest.raises(EvidenceError, match="press: the store has no reading r9"):
        store.observations(current=[("press", sha(b"a"), "r9")])
    with pytest.raises(EvidenceError, match="two readings of payload"):
        store.watches(current=[("press", sha(b"a"), "r1"), ("press", sha(b"a"), "r2")])


def test_a_refused_file_leaves_no_trace(store: Store) -> None:
    def read() -> NoReturn:
        raise SourceRefused("press", "a.csv", "has no header.", "Add one.")

    with pytest.raises(SourceRefused):
        store.ingest("press", "a.csv", b"a", sha(b"a"), "r1", read, NOON)
    assert store.payloads().is_empty()
    assert not store.path.with_name("evidence.db.payloads").exists()


def test_a_wrong_hash_is_refused(store: Store) -> None:
    with pytest.raises(EvidenceError, match=r"a\.csv: its SHA-256 is not"):
        store.ingest("press", "a.csv", b"a", sha(b"b"), "r1", unread, NOON)


def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.ingest("press", "a", b"a", sha(b"a"), "r1", unread, datetime(2024, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        store.observations(as_of=datetime(2024, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("step", ["INSERT INTO payload", "INSERT INTO entry", "INSERT INTO span", "INSERT INTO notice"])
def test_an_error_half_way_leaves_nothing(store: Store, deliver: Deliver, observed: Frames, step: str) -> None:
    deliver(store, b"before", observations=observed("o0"))
    said: dict[str, Any] = {"observations": observed("o0", "o1"), "notices": ("n",)}

    def fail(_c: Any, _u: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(step):
            raise RuntimeError("the disk is gone")

    sa.event.listen(store._engine, "after_cursor_execute", fail)
    with pytest.raises(RuntimeError, match="disk is gone"):
        deliver(store, b"a", **said)
    sa.event.remove(store._engine, "after_cursor_execute", fail)
    assert ids(store.observations()) == ["o0"]
    assert store.notices().is_empty()
    assert store.payloads().height == 1
    assert store.verify() == []
    assert deliver(store, b"a", **said).new_observations == 1
    assert ids(store.observations()) == ["o0", "o1"]


KILLED = """
    import hashlib, os, signal, sys
    from datetime import UTC, datetime
    from types import SimpleNamespace
    import polars as pl
    import sqlalchemy as sa
    from servanda.evidence import open_store
    from servanda.tables import OBSERVATIONS, QUARANTINE, WATCHES

    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    row = {c.name: noon if "t_" in c.name[:2] or c.name == "recorded_at" else c.name
           for c in OBSERVATIONS.columns if c.required}
    said = SimpleNamespace(observations=OBSERVATIONS.conform(pl.DataFrame([row])), watches=WATCHES.empty(),
                           quarantine=QUARANTINE.empty(), notices=())

    def kill(_c, _u, statement, *_rest):
        if statement.startswith(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

    with open_store(sys.argv[1]) as store:
        sa.event.listen(store._engine, "after_cursor_execute", kill)
        store.ingest("press", "a.csv", b"a", hashlib.sha256(b"a").hexdigest(), "r1", lambda: said, noon)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_nothing(tmp_path: Path, deliver: Deliver, observed: Frames) -> None:
    path = tmp_path / "evidence.db"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path), "INSERT INTO reading"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == -signal.SIGKILL, result.stderr
    with open_store(path) as store:
        assert store.payloads().is_empty()
        assert store.observations().is_empty()
        assert store.verify() == []
        assert not deliver(store, b"a", observations=observed("o1")).already
        assert ids(store.observations()) == ["o1"]


def test_a_faster_process_is_noticed_after_reading(store: Store, deliver: Deliver, observed: Frames) -> None:
    """Another process stores the same reading while this one is still reading the file."""

    class Slow:
        watches = store.watches()
        quarantine = store.quarantine()
        notices = ()
        observations = observed("o1")

    def read() -> Slow:
        with open_store(store.path) as other:
            assert not deliver(other, b"a", observations=observed("o1")).already
        return Slow()

    assert store.ingest("press", "a.csv", b"a", sha(b"a"), "r1", read, NOON).already
    assert store.payloads().height == 1


def test_many_blocks(store: Store, deliver: Deliver, observed: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows spread over several blocks and payloads, most of them met again."""
    monkeypatch.setattr("servanda.evidence.blocks.BLOCK_ROWS", 3)
    monkeypatch.setattr("servanda.evidence.blocks.CHUNK", 2)
    names = [f"o{i:02}" for i in range(20)]
    deliver(store, b"a", observations=observed(*names[:8]))
    deliver(store, b"b", observations=observed(*names[4:16:2]))
    deliver(store, b"c", observations=observed(*names))
    assert ids(store.observations()) == names
    assert ids(store.observations(source_ids=["press"], current=[("press", sha(b"b"), "r1")])) == names
    assert ids(store.observation(["o03", "o12", "o19"])) == ["o03", "o12", "o19"]
    assert store.provenance(["o06"])["payload_name"].to_list() == ["a.csv", "b.csv", "c.csv"]
    assert store.verify() == []
