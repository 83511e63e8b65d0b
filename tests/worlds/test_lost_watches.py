"""Watches that a world loses: every cause that a table may state, and darkness where nothing can be seen by night."""

import polars as pl
import pytest

from servanda.tables import WATCH_STATUS
from servanda.worlds.simulate import simulate
from servanda.worlds.spec import Beats, Failure, Watcher, WorldSpec


def posts(**more: object) -> Watcher:
    return Watcher.model_validate(
        {"source_id": "posts", "title": "Posts", "witness_group": "posts", "p_detect": {"artillery": 0.9},
         "beats": Beats(number=3, per_day=2, to_km=250, reach_km=6), "sigma_m": 100} | more
    )  # fmt: skip


def stated(watcher: Watcher) -> pl.DataFrame:
    spec = WorldSpec(name="small", title="Small", days=15, processes=(), watchers=(watcher,))
    return simulate(spec, 4).watches["posts"]


@pytest.mark.parametrize("status", [s for s in WATCH_STATUS if s != "watching"])
def test_a_shift_may_be_lost_to_every_cause(status: str) -> None:
    got = stated(posts(failures=(Failure.model_validate({"status": status, "chance": 1.0, "reason": "So it was."}),)))
    assert set(got["status"]) == {status}
    assert got["p_detect"].null_count() == got.height


def test_what_sees_nothing_by_night_says_that_it_is_dark() -> None:
    got = stated(posts(night_factor=0))
    dark = got.filter(pl.col("status") == "dark")
    assert set(got["status"]) == {"watching", "dark"}
    assert set(dark["reason"]) == {"Too dark to see anything."}
    hours = (pl.col("t_end") - pl.col("t_start")).sum().dt.total_hours()
    assert got.select(hours).item() == 15 * 2 * 24, "day and night, nothing is left unsaid"
    assert dark.select(hours).item() < got.select(hours).item()
