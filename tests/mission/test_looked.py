"""Hours looked by zone and kind, against hours counted by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import shapely

from servanda.agreement.loader import load as load_agreement
from servanda.agreement.zones import open_zones
from servanda.findings import Period
from servanda.mission.looked import looked
from servanda.report.data import LOOKED
from servanda.tables import WATCHES

DAY = datetime(2025, 3, 1, tzinfo=UTC)
SECOND = Period(DAY + timedelta(days=1), DAY + timedelta(days=2), "day")
WEST, EAST, ALL = (20.0, 20.5), (20.5, 21.0), (19.0, 22.0)
Looked = Mapping[tuple[str, str | None, str], float]


def watch(
    source: str, low: float, high: float, over: tuple[float, float] | None = ALL, kind: str = "artillery",
    status: str = "watching", p: float | None = 0.5,
) -> pl.DataFrame:  # fmt: skip
    footprint = None if over is None else bytes(shapely.to_wkb(shapely.box(over[0], -1, over[1], 1)))
    row = {
        "watch_id": f"{source}{low}{high}{over}{kind}{status}", "source_id": source, "witness_group": source,
        "t_start": DAY + timedelta(hours=low), "t_end": DAY + timedelta(hours=high), "footprint": footprint,
        "kind": kind, "p_detect": p, "status": status, "recorded_at": DAY + timedelta(hours=high),
    }  # fmt: skip
    return WATCHES.conform(pl.DataFrame([row], schema_overrides=WATCHES.schema))


def hours(
    folder: Path, *watches: pl.DataFrame, kind: str = "artillery", which: str = "since", as_of: float = 96
) -> Looked:
    """(which, source, status) to hours in the buffer, of one kind."""
    path = folder / "agreement.yaml"
    agreement, _ = load_agreement(path, {})
    table = pl.concat(watches) if watches else WATCHES.empty()
    zones = open_zones(agreement, folder, {})
    got = looked(agreement, zones, table, SECOND, DAY + timedelta(hours=as_of), 400)
    assert got.schema == pl.Schema(LOOKED)
    mine = got.filter((pl.col("zone") == "buffer") & (pl.col("kind") == kind) & (pl.col("which") == which))
    together = mine.filter(pl.col("source_id").is_null())
    assert together["hours"].sum() == pytest.approx(together["of_hours"].max()), "the causes add up to the stretch"
    return {(r["which"], r["source_id"], r["status"]): r["hours"] for r in mine.iter_rows(named=True)}


def test_two_sources_at_once_are_one_hour(folder: Path) -> None:
    got = hours(folder, watch("a", 0, 10), watch("b", 5, 20))
    assert got["since", None, "watching"] == pytest.approx(20)
    assert [got["since", s, "watching"] for s in ("a", "b")] == pytest.approx([10, 15])
    assert got["since", None, "nobody"] == pytest.approx(28)


def test_half_of_the_zone_is_half_an_hour(folder: Path) -> None:
    west, east = watch("a", 0, 10, WEST), watch("b", 0, 10, EAST)
    assert hours(folder, west)["since", None, "watching"] == pytest.approx(5, rel=0.02)
    assert hours(folder, west, east)["since", None, "watching"] == pytest.approx(10)
    assert hours(folder, watch("a", 0, 10, None))["since", None, "watching"] == pytest.approx(10)


def test_a_watch_counts_for_all_below_its_kind_and_for_a_part_of_what_is_above(folder: Path) -> None:
    assert hours(folder, watch("a", 0, 10, kind="armed_activity"))["since", None, "watching"] == pytest.approx(10)
    assert ("since", None, "watching") not in hours(folder, watch("a", 0, 10), kind="naval_fire")
    path = folder / "agreement.yaml"
    path.write_text(path.read_text("utf-8").replace("[naval_fire]", "[armed_activity]"), "utf-8")
    part = hours(folder, watch("a", 0, 10), kind="armed_activity")["since", None, "watching"]
    assert 0 < part < 5


@pytest.mark.parametrize("status", ["denied", "jammed", "clouded", "dark", "offline", "strike"])
def test_what_was_lost_is_told_by_its_cause(folder: Path, status: str) -> None:
    got = hours(folder, watch("a", 0, 10), watch("b", 6, 30, status=status))
    assert got["since", None, status] == pytest.approx(20), "while somebody else looks nothing is lost"
    assert got["since", "b", status] == pytest.approx(24)
    assert got["since", None, "nobody"] == pytest.approx(18)


def test_of_two_causes_at_once_one_counts(folder: Path) -> None:
    got = hours(folder, watch("a", 0, 10, status="denied"), watch("b", 5, 20, status="offline"))
    assert [got["since", None, s] for s in ("denied", "offline")] == pytest.approx([10, 10])


def test_a_watch_of_which_nobody_knows_what_it_sees_is_none(folder: Path) -> None:
    assert set(hours(folder, watch("a", 0, 40, p=None))) == {("since", None, "nobody")}


def test_the_period_and_the_time_in_force_end_with_what_is_known(folder: Path) -> None:
    long = watch("a", -50, 500)
    assert hours(folder, long, which="period")["period", None, "watching"] == pytest.approx(24)
    assert hours(folder, long)["since", None, "watching"] == pytest.approx(48)
    assert hours(folder, long, which="period", as_of=30)["period", None, "watching"] == pytest.approx(6)


def test_a_zone_that_moves_is_taken_as_it_lay(folder: Path) -> None:
    """The buffer jumps to the east at the middle of the first day; the watch stays in the west."""

    class Moving:
        def __init__(self, book: object) -> None:
            self.book = book

        def epochs(self, version: str, zone: str, party: str | None = None) -> tuple[object, ...]:
            first = self.book.epochs(version, zone, party)[0]  # type: ignore[attr-defined]
            noon = DAY + timedelta(hours=12)
            moved = shapely.affinity.translate(first.geometry, 50)
            return replace(first, t_to=noon), replace(first, t_from=noon, geometry=moved)

    agreement, _ = load_agreement(folder / "agreement.yaml", {})
    zones = Moving(open_zones(agreement, folder, {}))
    got = looked(agreement, zones, watch("a", 0, 48), SECOND, DAY + timedelta(days=4), 100)  # type: ignore[arg-type]
    mine = got.filter((pl.col("which") == "since") & (pl.col("status") == "watching") & (pl.col("source_id") == "a"))
    assert mine["hours"].to_list() == [pytest.approx(12)]


def test_a_long_mission_with_many_watches_is_fast(folder: Path) -> None:
    """580 days of shifts at forty posts, four kinds: a second, not a minute."""
    import time

    path = folder / "agreement.yaml"
    path.write_text(path.read_text("utf-8").replace("2025-03-04T00:00", "2026-10-02T00:00"), "utf-8")
    posts = [bytes(shapely.to_wkb(shapely.Point(20 + i / 40, 0).buffer(0.1))) for i in range(40)]
    start = pl.datetime_range(DAY, DAY + timedelta(days=580), "1d", eager=True, time_unit="us")
    days = pl.DataFrame({"t_start": start}).join(pl.DataFrame({"footprint": posts}), how="cross")
    kinds = pl.DataFrame({"kind": ["artillery", "naval_fire", "small_arms", "drone_strike"]})
    table = days.join(kinds, how="cross").with_row_index("watch_id").with_columns(
        pl.col("watch_id").cast(pl.String), source_id=pl.lit("posts"), witness_group=pl.lit("posts"),
        t_end=pl.col("t_start") + timedelta(hours=11), status=pl.lit("watching"), p_detect=pl.lit(0.5),
        recorded_at=pl.col("t_start"),
    )  # fmt: skip
    began = time.perf_counter()
    got = hours(folder, WATCHES.conform(table), as_of=24 * 581)
    assert got["since", None, "watching"] > 20
    assert time.perf_counter() - began < 10
