"""Blocks written before a table had all its columns stay readable."""

from collections.abc import Callable

import polars as pl
import pytest

from servanda.evidence import Receipt, Store
from servanda.evidence.blocks import Kept
from servanda.tables import OBSERVATIONS, Table

Frames = Callable[..., pl.DataFrame]
Deliver = Callable[..., Receipt]


def test_a_column_added_later_reads_as_nulls(
    store: Store, deliver: Deliver, observed: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = tuple(c for c in OBSERVATIONS.columns if c.name != "label")
    with monkeypatch.context() as earlier:
        old = Kept(Table("observations", columns), "observation_id")
        earlier.setattr("servanda.evidence.blocks.KEPT_OBSERVATIONS", old)
        deliver(store, b"a", observations=observed("o1").drop("label"))
    labelled = observed({"observation_id": "o2", "label": "shelling"}, "o1")
    receipt = deliver(store, b"b", observations=labelled)
    assert receipt.new_observations == 1, "an old row without the column equals a new one with a null in it"
    assert store.observations().select("observation_id", "label").rows() == [("o1", None), ("o2", "shelling")]
    assert store.observations().columns == list(OBSERVATIONS.names)
