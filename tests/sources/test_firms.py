"""FIRMS: three CSV layouts and GeoJSON, clocks, confidences, outages, passes, and which fires are unusual."""

import json
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

import numpy as np
import polars as pl
import pytest
from tests.sources.conftest import (
    assert_fields_accounted,
    assert_rows_decide_alone,
    context,
    csv_text,
    data,
    file_payload,
    flags,
    payload,
    real_data,
)

from servanda.sources.base import Context
from servanda.sources.firms import SOURCE
from servanda.sources.firms_settings import satellites

FIRST = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite"
MODIS = FIRST + ",confidence,version,bright_t31,frp,daynight"
ARCHIVE = FIRST + ",instrument,confidence,version,bright_t31,frp,daynight"
AREA = ARCHIVE.replace("brightness", "bright_ti4").replace("bright_t31", "bright_ti5")
ROWS = [
    "48.15,37.25,310.6,1,1,2025-04-20,0826,T,67,6.1NRT,276.3,12.6,D",
    "48.25,37.35,320.6,2.1,1.4,2025-04-20,1105,A,12,6.1NRT,276.3,2.6,D",
    "48.35,37.45,320.6,2.1,1.4,2025-04-21,5,A,90,6.1NRT,276.3,2.6,N",
]
COVERAGE = "snapshot_utc,product,global_features,ukraine_features,first_acq_date,last_acq_date"


def one(header: str, row: str) -> pl.DataFrame:
    got = SOURCE.read(payload(csv_text(header, [row])), context(SOURCE))
    assert got.quarantine.is_empty(), got.quarantine["reason"].to_list()
    return got.observations


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE), MODIS, ROWS)


@pytest.mark.parametrize("header", [MODIS, AREA, ARCHIVE])
def test_every_field_of_every_layout_is_accounted_for(header: str) -> None:
    modis = ROWS[0]
    row = modis if header == MODIS else "48.15,37.25,331,0.39,0.36,2026-06-24,1041,N21,VIIRS,n,2.0NRT,295,11.3,D"
    assert_fields_accounted(SOURCE, context(SOURCE), header, row, "confidence")


def test_the_same_pixel_in_two_layouts_is_one_observation() -> None:
    as_csv = one(AREA, "48.15,37.25,331.6,0.39,0.36,2026-06-24,5,N,VIIRS,n,2.0NRT,295,11.3,D")
    archive = one(ARCHIVE, "48.15,37.25,331.6,0.39,0.36,2026-06-24,0005,N,VIIRS,n,2.0NRT,295,11.3,D")
    values = "48.15,37.25,331.6,0.39,0.36,2026-06-24,0005,N,VIIRS,n,2.0NRT,295,11.3,D"
    names = dict(zip(AREA.split(","), values.split(","), strict=True))
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [37.25, 48.15]}, "properties": names}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    as_json = SOURCE.read(payload(text, "scrape.geojson"), context(SOURCE)).observations
    ids = {frame["observation_id"][0] for frame in (as_csv, archive, as_json)}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("clock", "hour", "minute"), [("0005", 0, 5), ("5", 0, 5), ("826", 8, 26), ("1105", 11, 5), ("08:26", 8, 26)]
)
def test_clock_of_one_to_four_digits_is_utc(clock: str, hour: int, minute: int) -> None:
    got = one(MODIS, ROWS[0].replace("0826", clock))
    assert got["t_start"].to_list() == [datetime(2025, 4, 20, hour, minute, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("written", "credibility"),
    [
        ("0", 5),
        ("29", 5),
        ("30", 3),
        ("79", 3),
        ("80", 2),
        ("100", 2),
        ("l", 5),
        ("n", 3),
        ("h", 2),
        ("low", 5),
        ("nominal", 3),
        ("high", 2),
    ],
)
def test_confidence_in_every_spelling(written: str, credibility: int) -> None:
    got = one(MODIS, ROWS[0].replace(",67,", f",{written},"))
    assert got["credibility"].to_list() == [credibility]
    assert got["label"].to_list() == [written]


def test_place_error_comes_from_the_pixel() -> None:
    assert one(MODIS, ROWS[1])["sigma_m"][0] == pytest.approx(2100 / 12**0.5)


def test_an_anomaly_stays_an_anomaly() -> None:
    got = one(MODIS, ROWS[0])
    assert got["kind"].to_list() == ["thermal_anomaly"]
    assert got["claim"].to_list() == ["sighting"]


def test_bad_rows_are_set_aside() -> None:
    rows = [
        ROWS[0].replace("0826", "2561"),
        ROWS[0].replace(",T,", ",X9,"),
        ROWS[0].replace(",67,", ",101,"),
        ROWS[0].replace(",67,", ",maybe,"),
        ROWS[0].replace("48.15", "148.15"),
    ]
    got = SOURCE.read(payload(csv_text(MODIS, rows)), context(SOURCE))
    assert got.observations.is_empty()
    for reason, word in zip(got.quarantine["reason"], ("2561", "X9", "101", "maybe", "swapped"), strict=True):
        assert word in reason


@pytest.mark.parametrize("content", ['{"features": [], "type": "FeatureCollection"}', MODIS + "\n"])
def test_an_empty_feed_is_an_outage_not_a_calm_day(content: str) -> None:
    got = SOURCE.read(payload(content, "viirs_noaa_snapshot_20250509T0602Z.geojson"), context(SOURCE))
    assert got.observations.is_empty()
    assert got.watches["status"].to_list() == ["offline"]
    assert got.watches["t_end"].to_list() == [datetime(2025, 5, 9, 6, 2, tzinfo=UTC)]
    assert got.watches["p_detect"].to_list() == [0.0]
    undated = SOURCE.read(payload(content, "feed.geojson"), context(SOURCE))
    assert undated.watches.is_empty()
    assert any("does not say when" in n for n in undated.notices)


def test_without_coverage_only_passes_with_a_row_are_watches() -> None:
    got = SOURCE.read(payload(csv_text(MODIS, ROWS)), context(SOURCE)).watches
    assert got.height == 3
    for t, start, end in zip((8, 11), got["t_start"], got["t_end"], strict=False):
        assert start <= datetime(2025, 4, 20, t, 30, tzinfo=UTC) <= end


def covered(*lines: str, **settings: object) -> pl.DataFrame:
    ctx = context(SOURCE, {"coverage": payload(csv_text(COVERAGE, lines))}, **settings)
    return SOURCE.read(payload(csv_text(MODIS, ROWS)), ctx).watches


FULL = (
    "2025-04-18T06:02:00Z,modis,7000,90,2025-04-17,2025-04-18",
    "2025-04-21T06:02:00Z,modis,6500,232,2025-04-20,2025-04-21",
)


def test_days_that_are_not_listed_are_missing_data() -> None:
    got = covered(*FULL)
    watching = got.filter(pl.col("status") == "watching")
    assert watching["t_start"].dt.date().unique().sort().to_list() == [date(2025, 4, 17), date(2025, 4, 20)]
    offline = got.filter(pl.col("status") == "offline")
    gap = datetime(2025, 4, 19, 12, tzinfo=UTC)
    assert offline.filter((pl.col("t_start") <= gap) & (pl.col("t_end") > gap)).height == 1
    assert "missing data" in offline["reason"][0]


def test_a_snapshot_that_is_not_full_covers_only_its_days() -> None:
    cut = "2025-04-30T06:02:00Z,modis,6679,91,2025-04-29,2025-04-29"
    got = covered(*FULL, cut).filter(
        (pl.col("status") == "watching") & (pl.col("t_start") > datetime(2025, 4, 28, tzinfo=UTC))
    )
    assert got.height == 3, "the pass around midnight is only half covered"


def test_a_snapshot_without_a_fire_in_the_world_is_an_outage() -> None:
    got = covered(*FULL, "2025-05-09T06:02:31Z,viirs-noaa,0,0,,")
    assert got.filter(pl.col("reason").str.contains("viirs-noaa"))["status"].to_list() == ["offline"]


def test_a_kind_for_unusual_fires_brings_its_own_weak_watch() -> None:
    got = covered(*FULL, unusual_kind="explosive")
    chances = dict(got.filter(pl.col("status") == "watching").select("kind", "p_detect").unique().rows())
    assert chances == {"thermal_anomaly": 0.3, "explosive": 0.02}


def fires(rows: list[tuple[float, float, date]]) -> pl.DataFrame:
    lines = [f"{lat},{lon},310,1,1,{day},0826,T,67,6.1NRT,276,12,D" for lon, lat, day in rows]
    return SOURCE.read(payload(csv_text(MODIS, lines)), context(SOURCE)).observations


def with_baseline(rows: list[tuple[float, float, date]], **settings: object) -> Context:
    lines = [f"{lat},{lon},{day}" for lon, lat, day in rows]
    return context(SOURCE, {"baseline": payload(csv_text("LATITUDE,LONGITUDE,ACQ_DATE", lines))}, **settings)


def corners(first: int = 2019, years: int = 5) -> list[tuple[float, float, date]]:
    """One fire far away on the first and the last day of each season: the baseline holds these days."""
    return [(0.5, 0.5, date(y, *md)) for y in range(first, first + years) for md in ((2, 1), (5, 31))]


def derive(frame: pl.DataFrame, ctx: Context) -> dict[tuple[float, date], list[str]]:
    assert SOURCE.derive is not None
    got = SOURCE.derive(frame, ctx)
    assert SOURCE.derive(got, ctx).equals(got), "deriving twice must change nothing"
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=3)
    assert SOURCE.derive(shuffled, ctx).sort("observation_id").equals(got.sort("observation_id"))
    return {(lon, t.date()): f for lon, t, f in zip(got["lon"], got["t_start"], flags(got), strict=True)}


def test_two_rare_fires_a_week_apart_are_unusual_and_so_is_what_follows() -> None:
    days = [date(2025, 4, 1), date(2025, 4, 8), date(2025, 4, 17), date(2025, 4, 18)]
    got = derive(fires([(37.25, 48.15, d) for d in days]), with_baseline(corners()))
    assert [got[37.25, d] for d in days] == [["unusual"]] * 4
    alone = derive(fires([(37.25, 48.15, d) for d in days[:1]]), with_baseline(corners()))
    assert alone == {(37.25, days[0]): []}
    near = derive(fires([(37.25, 48.15, d) for d in (days[0], date(2025, 4, 7))]), with_baseline(corners()))
    assert all(f == [] for f in near.values()), "six days are not seven"


def test_a_usual_fire_counts_only_in_the_ten_days_after_a_notable_one() -> None:
    burning = [(37.25, 48.15, date(y, 5, d)) for y in range(2019, 2024) for d in range(1, 16)]
    rare = [date(2025, 4, 5), date(2025, 4, 14)]
    late, later = date(2025, 4, 23), date(2025, 5, 20)
    got = derive(fires([(37.25, 48.15, d) for d in (*rare, late, later)]), with_baseline([*corners(), *burning]))
    assert got[37.25, rare[0]] == got[37.25, rare[1]] == ["unusual"]
    assert got[37.25, late] == ["seasonal", "unusual"], "nine days after a notable one"
    assert got[37.25, later] == ["seasonal"], "thirty days after"


def test_a_plant_is_permanent_and_never_unusual() -> None:
    plant = [(33.451, 47.871, date(y, m, d)) for y in range(2019, 2024) for m in (2, 3, 5) for d in (1, 15)]
    days = [date(2025, 4, 20), date(2025, 4, 29)]
    got = derive(fires([(33.455, 47.875, d) for d in days]), with_baseline([*corners(), *plant]))
    assert all("permanent_source" in f and "unusual" not in f for f in got.values())


def test_without_a_baseline_for_the_season_nothing_is_said() -> None:
    summer = [date(2025, 7, 20), date(2025, 7, 29)]
    frame = fires([(37.25, 48.15, d) for d in summer])
    assert set(map(tuple, derive(frame, with_baseline(corners())).values())) == {("no_baseline",)}
    assert set(map(tuple, derive(frame, context(SOURCE)).values())) == {("no_baseline",)}


def test_only_a_mission_that_says_so_turns_unusual_fires_into_a_kind() -> None:
    assert SOURCE.derive is not None
    frame = fires([(37.25, 48.15, date(2025, 4, d)) for d in (1, 8)] + [(39.25, 48.15, date(2025, 4, 1))])
    plain = SOURCE.derive(frame, with_baseline(corners()))
    assert plain["kind"].unique().to_list() == ["thermal_anomaly"]
    chosen = SOURCE.derive(frame, with_baseline(corners(), unusual_kind="explosive"))
    assert dict(zip(chosen["lon"], chosen["kind"], strict=True)) == {37.25: "explosive", 39.25: "thermal_anomaly"}


def test_a_farm_burning_season_is_not_taken_for_fighting() -> None:
    """A year drawn like the five before it: at most 5 % of its cell-days are unusual, and few of its fires."""
    rng = np.random.default_rng(20250419)
    cells = [(30 + 0.1 * i + 0.05, 48 + 0.1 * j + 0.05) for i in range(20) for j in range(20)]
    # Each field is burnt in its own fortnight of spring, on about one day in four of it.
    starts = {cell: int(rng.integers(40, 100)) for cell in cells}

    def year(y: int) -> list[tuple[float, float, date]]:
        return [
            (*cell, date(y, 1, 1) + timedelta(days=starts[cell] + d + int(rng.integers(-5, 6))))
            for cell in cells
            for d in range(14)
            if rng.random() < 0.25
        ]

    base = [fire for y in range(2019, 2024) for fire in year(y)] + corners()
    assert SOURCE.derive is not None
    got = SOURCE.derive(fires(year(2025)), with_baseline(base))
    unusual = got.filter(pl.col("flags").list.contains("unusual")).height
    assert got.height > 1000, "the season must burn"
    assert unusual <= 0.05 * len(cells) * 120, f"{unusual} of {len(cells) * 120} cell-days"
    assert unusual <= 0.1 * got.height, f"{unusual} of {got.height} fires"


def test_satellites_are_known_with_two_passes() -> None:
    table = satellites()
    assert {"T", "A", "N", "N20", "N21"} <= set(table["code"])
    assert table["day_pass_h"].is_between(6, 18).all()
    assert (~table["night_pass_h"].is_between(6, 18)).all()


class TestRealData:
    pytestmark = real_data

    @pytest.mark.parametrize(
        ("name", "rows"),
        [
            ("modis_c61_nrt_ukraine_20250405_20250524.csv", 2_128),
            ("modis_c61_nrt_ukraine_20220313_20220530.csv", 1_225),
            ("viirs_area_api_ukraine_20260624_20260625.csv", 2_671),
            ("fire_nrt_SV-C2_400448.csv.gz", 42_415),
            ("modis_snapshot_20250421T0602Z_ukraine.geojson", 232),
        ],
    )
    def test_all_layouts_whole(self, name: str, rows: int) -> None:
        got = SOURCE.read(file_payload(data("firms", name)), context(SOURCE))
        assert got.quarantine.is_empty()
        assert got.notices == ()
        assert got.observations.height == rows

    def test_full_days_of_spring_2025(self) -> None:
        ctx = context(SOURCE, {"coverage": file_payload(data("firms", "snapshot_coverage.csv"))})
        got = SOURCE.read(file_payload(data("firms", "modis_c61_nrt_ukraine_20250405_20250524.csv")), ctx).watches
        passes = got.filter((pl.col("status") == "watching") & (pl.col("t_start").dt.year() == 2025))
        days = passes.group_by(pl.col("t_start").dt.date().alias("day")).len().sort("day")
        april = [d.day for d, n in days.rows() if d.month == 4 and n >= 3]
        may = [d.day for d, n in days.rows() if d.month == 5 and n >= 3]
        assert april == [5, 6, 7, 12, 13, 15, 17, 18, 20, 21, 23, 25, 26, 27, 29, 30]
        assert may == [1, 2, 3, 4, 5, 6, 11, 15, 16, 17, 18, 20, 21, 24]

    def test_baseline_is_quick_and_knows_the_steel_works(self) -> None:
        assert SOURCE.derive is not None
        base = file_payload(data("firms", "baseline_points_feb_may_2019_2023.csv.gz"))
        ctx = context(SOURCE, {"baseline": base})
        read = SOURCE.read(file_payload(data("firms", "fire_nrt_SV-C2_400448.csv.gz")), ctx).observations
        start = perf_counter()
        got = SOURCE.derive(read, ctx)
        assert perf_counter() - start < 2.0
        works = got.filter((pl.col("lat") - 47.87).abs() < 0.03, (pl.col("lon") - 33.45).abs() < 0.05)
        permanent = works.filter(pl.col("flags").list.contains("permanent_source"))
        assert permanent.height > 0.9 * works.height
