"""The four lists of Kosovo 1999, from the public table, as the guide reads it."""

import os
from pathlib import Path

import polars as pl
import pytest
from tests.compliance.undercount.lists import NAMES, PUBLISHED, kosovo

from servanda.compliance.undercount import captures, log_linear, log_linear_model

FOLDER = Path(os.environ.get("SERVANDA_DATA", "")) / "mse"


@pytest.mark.real_data
@pytest.mark.skipif(not FOLDER.is_dir() or "SERVANDA_DATA" not in os.environ, reason="needs SERVANDA_DATA")
def test_the_published_table_gives_the_published_estimate() -> None:
    table = pl.read_csv(FOLDER / "kosovo_four_lists.csv")
    lists = tuple(table.columns[:-1])
    found = captures({row[:-1]: row[-1] for row in table.iter_rows()}, lists)
    assert lists == NAMES and (found.counts == kosovo().counts).all()
    total, low, high = PUBLISHED
    best = log_linear_model(found, (("EXH", "ABA", "OSCE"), ("EXH", "HRW"), ("OSCE", "HRW")))
    assert abs(best.total - total) < 1 and abs(best.low - low) < 20 and abs(best.high - high) < 20
    averaged = log_linear(found)
    assert averaged.low < total < averaged.high
