"""Fusion: what joins, what stays apart, what witnesses and silence are worth, and that order does not matter."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely

from servanda.fusion import FusionResult, Priors, fuse
from servanda.tables import INCIDENTS, MEMBERSHIP, SOURCES, WATCHES

T0 = datetime(2025, 3, 1, 12, tzinfo=UTC)


def report(
    source: str, kind: str = "artillery", hours: float = 0.0, east_km: float = 0.0, **more: Any
) -> dict[str, Any]:
    t = T0 + timedelta(hours=hours)
    return {
        "source_id": source, "kind": kind, "t_start": t, "t_end": t, "lon": 20 + east_km / 111.195, "lat": 0.0,
        "sigma_m": 300.0,
    } | more  # fmt: skip


def frame(*reports: dict[str, Any]) -> pl.DataFrame:
    rows = [{"observation_id": f"o{i}"} | r for i, r in enumerate(reports)]
    return pl.DataFrame(rows, infer_schema_length=None)


def sources(**p_true: float) -> pl.DataFrame:
    rows = [
        {"source_id": s, "provider": s, "licence": "", "citation": "", "witness_group": s, "reliability": "A",
         "p_true": p, "sigma_m": None, "is_monitor": s == "monitor", "is_witness": True}
        for s, p in p_true.items()
    ]  # fmt: skip
    return SOURCES.conform(pl.DataFrame(rows, schema=SOURCES.schema))


def run(*reports: dict[str, Any], **p_true: float) -> FusionResult:
    return fuse(frame(*reports), sources=sources(**(p_true or {"a": 0.9, "b": 0.8, "monitor": 0.95})))


def test_two_sources_near_in_place_and_time_are_one_incident() -> None:
    got = run(report("a"), report("b", hours=0.2, east_km=0.3))
    assert got.incidents.height == 1
    row = got.incidents.row(0, named=True)
    # Surer than noisy-or (0.98): two that err independently do not meet by chance, unless a rumour goes round (5 %).
    assert 0.98 < row["probability"] < 1 - 0.1 * 0.05
    assert row["witnesses"] == 2
    assert row["sigma_m"] < 300


@pytest.mark.parametrize(
    "other",
    [
        report("b", hours=30), report("b", east_km=30), report("b", kind="protest"), report("b", kind="air_raid_alert"),
    ],
    ids=["later", "elsewhere", "another thing", "a warning"],
)  # fmt: skip
def test_what_differs_stays_apart(other: dict[str, Any]) -> None:
    assert run(report("a"), other).incidents.height == 2


def test_a_finer_kind_joins_a_coarser_one() -> None:
    got = run(report("a", kind="explosive"), report("b", kind="mortar"))
    assert got.incidents.height == 1
    assert {k["value"] for k in got.incidents["kinds"][0]} == {"explosive", "mortar"}


def test_one_record_with_several_kinds_is_one_incident() -> None:
    got = run(report("a", record_id="r"), report("a", kind="property_damage", record_id="r"))
    assert got.incidents.height == 1
    assert [k["probability"] for k in got.incidents["kinds"][0]] == [1.0, 1.0]


def test_copies_are_one_witness() -> None:
    got = run(report("a", witness_group="wire"), report("b", hours=0.1, witness_group="wire"))
    row = got.incidents.row(0, named=True)
    assert (row["witnesses"], row["probability"]) == (1, pytest.approx(0.9))


def test_what_a_source_knows_to_be_two_stays_two() -> None:
    """Two aircraft in one place are two; another source's report still joins one of them."""
    kind = "aircraft_overflight"
    two = [report("a", kind, flags=["distinct"]) for _ in range(2)]
    assert run(*two).incidents.height == 2
    assert sorted(run(*two, report("b", kind, flags=None)).incidents["observations"]) == [1, 2]
    assert run(*(report("a", kind) for _ in range(2))).incidents.height == 1


def test_claims_lend_probability_but_are_no_witnesses() -> None:
    row = run(report("a", claim="claim"), report("b", claim="claim")).incidents.row(0, named=True)
    assert row["witnesses"] == 0
    assert 0.98 < row["probability"] < 1 - 0.1 * 0.05


@pytest.mark.parametrize("ids", [("a0", "a1"), ("a1", "a0")], ids=["said first", "denied first"])
def test_a_record_that_says_and_denies_is_a_report(ids: tuple[str, str]) -> None:
    said, denied = ids
    got = run(
        report("a", claim="claim", record_id="r", observation_id=said),
        report("a", claim="denial", record_id="r", observation_id=denied),
    )
    assert got.incidents["probability"].to_list() == [pytest.approx(0.9)]


def test_a_denial_alone_is_no_incident() -> None:
    assert run(report("a", claim="denial")).incidents.height == 0


def test_a_retraction_takes_its_group_away() -> None:
    got = run(report("a"), report("a", claim="retraction"), report("b", hours=0.1))
    assert got.incidents.row(0, named=True)["witness_groups"] == ["b"]


def test_uninformative_and_untyped_reports_are_no_incidents() -> None:
    got = run(report("a", flags=["uninformative"]), report("b", kind="report_untyped", flags=[]))
    assert got.incidents.height == 0


def test_the_graver_doubt_of_two_grades_counts() -> None:
    got = fuse(frame(report("a", reliability="A", credibility=5)))
    assert got.incidents["probability"][0] == pytest.approx(Priors.model_validate({}).credibility[5])


def test_areas_stay_areas() -> None:
    area = shapely.to_wkb(shapely.box(20, 0, 21, 1))
    row = run(report("a", lon=None, lat=None, sigma_m=None, geometry=area)).incidents.row(0, named=True)
    assert row["lon"] is None
    assert row["geometry"] == area


def test_who_did_it_is_not_weakened_by_a_report_that_names_nobody() -> None:
    got = run(report("a", actor_claimed="north"), report("b", hours=0.1))
    assert got.incidents["actors"][0].to_list() == [{"value": "north", "probability": 0.9}]


def silence(status: str, box: tuple[float, ...] = (19, -1, 21, 1)) -> pl.DataFrame:
    row = {
        "watch_id": "w", "source_id": "b", "witness_group": "b", "t_start": T0 - timedelta(hours=1),
        "t_end": T0 + timedelta(hours=1), "footprint": shapely.to_wkb(shapely.box(*box)), "kind": "armed_activity",
        "p_detect": 0.8, "status": status, "recorded_at": T0,
    }  # fmt: skip
    return WATCHES.conform(pl.DataFrame([row]))


@pytest.mark.parametrize(
    ("watches", "expected"),
    [
        (silence("watching"), 0.9 * 0.2 / (0.9 * 0.2 + 0.1)),
        (silence("denied"), 0.9),
        (silence("watching", (30, -1, 31, 1)), 0.9),
    ],
    ids=["it looked", "it was kept from looking", "it looked elsewhere"],
)
def test_silence_counts_only_from_those_who_looked(watches: pl.DataFrame, expected: float) -> None:
    got = fuse(frame(report("a")), watches, sources=sources(a=0.9, b=0.8))
    assert got.incidents["probability"][0] == pytest.approx(expected)


def crowd(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        source, kind = f"s{rng.integers(3)}", ["artillery", "small_arms"][rng.integers(2)]
        hours, east_km = float(rng.uniform(0, 48)), float(rng.uniform(0, 30))
        rows.append(report(source, kind, hours, east_km, sigma_m=float(rng.choice([200.0, 3000.0]))))
    return frame(*rows)


def test_order_of_rows_changes_nothing() -> None:
    rows = crowd(300, 1)
    a, b = fuse(rows), fuse(rows.sample(fraction=1.0, shuffle=True, seed=9))
    assert a.incidents.equals(b.incidents)
    assert a.membership.equals(b.membership)


def test_tables_are_as_declared_and_every_report_is_in_one_incident() -> None:
    rows = crowd(300, 2)
    got = fuse(rows)
    assert got.incidents.schema == INCIDENTS.schema
    assert got.membership.schema == MEMBERSHIP.schema
    assert sorted(got.membership["observation_id"]) == sorted(rows["observation_id"])


def test_nothing_gives_nothing() -> None:
    got = fuse(frame(report("a")).clear())
    assert got.incidents.height == 0
    assert got.membership.height == 0
