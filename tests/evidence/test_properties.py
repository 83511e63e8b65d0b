"""What must hold for any rows: they come back as they were, whatever the order, the split, the repeats."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from servanda.evidence import Receipt, Store, open_store
from servanda.tables import OBSERVATIONS, TIME, WATCHES, Table

Deliver = Callable[..., Receipt]
FEW = settings(max_examples=15, deadline=None)

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pl.String: st.text(max_size=8),
    TIME: st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    pl.Float64: st.floats(),
    pl.Binary: st.binary(max_size=8),
    pl.List(pl.String): st.lists(st.text("ab\x1f", max_size=3), max_size=3),
    pl.Int8: st.integers(-128, 127),
}


def frames(table: Table, key: str, max_size: int = 12) -> st.SearchStrategy[pl.DataFrame]:
    """Frames of any content; ids from a small pool, so that they repeat with equal and with other content."""
    columns = {c.name: VALUES[c.dtype] if c.required else st.none() | VALUES[c.dtype] for c in table.columns}
    columns[key] = st.sampled_from([f"id{i}" for i in range(8)])
    rows = st.lists(st.fixed_dictionaries(columns), max_size=max_size)
    return rows.map(lambda r: pl.DataFrame(r, schema=table.schema))


@contextmanager
def fresh() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "evidence.db") as store:
        yield store


def one_each(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    return frame.unique(key, keep="first", maintain_order=True).sort("t_start", key).drop("payload_sha256")


@FEW
@given(observations=frames(OBSERVATIONS, "observation_id"), watches=frames(WATCHES, "watch_id"))
def test_every_column_comes_back(observations: pl.DataFrame, watches: pl.DataFrame, deliver: Deliver) -> None:
    observations = observations.unique("observation_id", maintain_order=True)
    watches = watches.unique("watch_id", maintain_order=True)
    with fresh() as store:
        deliver(store, b"a", observations=observations, watches=watches)
        assert_frame_equal(store.observations().drop("payload_sha256"), one_each(observations, "observation_id"))
        assert_frame_equal(store.watches().drop("payload_sha256"), one_each(watches, "watch_id"))
        assert store.observations().schema == OBSERVATIONS.schema
        assert store.watches().schema == WATCHES.schema


@FEW
@given(
    parts=st.lists(frames(OBSERVATIONS, "observation_id", 5), min_size=1, max_size=4),
    random=st.randoms(use_true_random=False),
)
def test_order_and_split_do_not_matter(parts: Sequence[pl.DataFrame], random: Any, deliver: Deliver) -> None:
    numbered = list(enumerate(parts))
    shuffled = random.sample(numbered, len(numbered))
    whole = pl.concat(parts)
    mixed = whole[random.sample(range(whole.height), whole.height)]
    with fresh() as one, fresh() as other, fresh() as single:
        for i, part in numbered:
            deliver(one, f"{i}".encode(), observations=part)
        for i, part in shuffled:
            deliver(other, f"{i}".encode(), observations=part.reverse())
        deliver(single, b"whole", observations=mixed)
        assert_frame_equal(one.observations(), other.observations())
        assert_frame_equal(one.observations().drop("payload_sha256"), single.observations().drop("payload_sha256"))
        assert one.verify() == other.verify() == []


@FEW
@given(first=frames(OBSERVATIONS, "observation_id"), second=frames(OBSERVATIONS, "observation_id"))
def test_ingesting_again_changes_nothing(first: pl.DataFrame, second: pl.DataFrame, deliver: Deliver) -> None:
    with fresh() as store:
        deliver(store, b"a", observations=first)
        deliver(store, b"b", observations=second)
        before = store.observations(), store.payloads()
        assert deliver(store, b"a", observations=first).already
        # the same content in other bytes, as when a file is downloaded again
        again = deliver(store, b"c", observations=pl.concat([second, first]))
        assert again.new_observations == 0
        assert_frame_equal(store.observations().drop("payload_sha256"), before[0].drop("payload_sha256"))
        assert_frame_equal(store.payloads().head(2), before[1])


@FEW
@given(
    frame=frames(OBSERVATIONS, "observation_id"),
    moment=VALUES[TIME],
    later=st.sampled_from([timedelta(0), timedelta(microseconds=1)]),
)
def test_as_of_shows_what_was_recorded_by_then(
    frame: pl.DataFrame, moment: datetime, later: timedelta, deliver: Deliver
) -> None:
    if not frame.is_empty():
        moment = frame["recorded_at"].sort()[frame.height // 2] - timedelta(microseconds=1) + later
    with fresh() as store:
        deliver(store, b"a", observations=frame)
        shown = store.observations(as_of=moment)
        known = frame.filter(pl.col("recorded_at") <= moment)
        assert set(shown["observation_id"]) == set(known["observation_id"])
        assert (shown["recorded_at"] <= moment).all()
        first = frame.group_by("observation_id").agg(pl.col("recorded_at").min())
        joined = shown.join(first, on="observation_id", suffix="_first")
        assert (joined["recorded_at"] == joined["recorded_at_first"]).all()
