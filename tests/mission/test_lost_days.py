"""A watch that is denied or jammed for a day: power falls on that day and on no other, and the day's report says so."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from servanda.mission import run_mission
from servanda.worlds.folder import write_mission
from servanda.worlds.ready import PATROLS, RADAR, changed
from servanda.worlds.simulate import World, simulate
from servanda.worlds.spec import WorldSpec

DAY = timedelta(days=1)
LOST = 3
"""The day, counted from 0; the report is of that day."""
SPEC = WorldSpec(
    name="lost", title="Two watches", days=15, processes=(),
    watchers=(changed(PATROLS, failures=()), changed(RADAR, failures=(), outages_per_30_days=0)),
)  # fmt: skip


def without(world: World, source: str, status: str, reason: str) -> World:
    """The same world, but this source could not look on the lost day."""
    start = world.spec.start + LOST * DAY
    that_day = (pl.col("t_start") >= start) & (pl.col("t_start") < start + DAY)
    lost = world.watches[source].with_columns(
        pl.when(that_day).then(None).otherwise("p_detect").alias("p_detect"),
        pl.when(that_day).then(pl.lit(status)).otherwise("status").alias("status"),
        pl.when(that_day).then(pl.lit(reason)).otherwise("reason").alias("reason"),
    )
    return replace(world, watches={**world.watches, source: lost})


def run(world: World, folder: Path) -> tuple[list[float], str]:
    """Power to see a flight by day, and the text of the report of the lost day."""
    write_mission(world, folder)
    with (folder / "mission.yaml").open("a", encoding="utf-8") as mission:
        mission.write("replay_limit: 0\npdf: false\nsensitivity: {enabled: false}\n")
    done = run_mission(folder, world.spec.start + (LOST + 1) * DAY)
    mine = [f for f in done.findings if (f.term_id, f.party, f.period.name) == ("no-fly", "any", "day")]
    return [f.power for f in mine], (done.reports / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(SPEC, 5)


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[float], str]:
    return run(world, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    ("source", "status", "reason"),
    [("patrols", "denied", "Every patrol was turned back."), ("radar", "jammed", "Signals jammed from dawn.")],
)
def test_power_falls_that_day_and_the_report_says_why(
    source: str, status: str, reason: str, world: World, whole: tuple[list[float], str], tmp_path: Path
) -> None:
    power, told = run(without(world, source, status, reason), tmp_path)
    assert len(power) == LOST + 1
    assert power[:LOST] == whole[0][:LOST]
    assert power[LOST] < whole[0][LOST]
    assert reason in told
    assert reason not in whole[1]
