"""Alerts: three layouts, names, swapped columns, ends nobody saw, intervals without end, and who was watching."""

import csv
from datetime import UTC, datetime, timedelta
from importlib import resources

import polars as pl
import pytest
import shapely
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
    squares,
)

from servanda.errors import SourceRefused
from servanda.sources.alerts import SOURCE, region_codes, silent_from
from servanda.sources.base import Context, Payload

VOLUNTEER = "region,started_at,finished_at,naive"
OFFICIAL = "oblast,raion,hromada,level,started_at,finished_at,source"
MERGED = "region,started_at,finished_at,n_subalerts"
REGIONS = squares(UA_51=(30, 46), UA_63=(36, 49), UA_53=(33, 49), UA_09=(38, 48), UA_12=(34, 48))
ROWS = [
    "Odeska oblast,2025-04-19 18:00:00+00:00,2025-04-19 19:00:00+00:00,2",
    "Poltavska oblast,2025-04-19 20:30:00+00:00,2025-04-19 22:00:00+00:00,1",
    "Kharkivska oblast,2025-04-20 03:00:00+00:00,2025-04-20 03:30:00+00:00,1",
    "Odeska oblast,2025-04-21 01:00:00+00:00,2025-04-21 01:10:00+00:00,1",
]


def ctx(**settings: object) -> Context:
    return context(SOURCE, {"regions": REGIONS}, **settings)


def read_rows(header: str, rows: list[str], **settings: object) -> pl.DataFrame:
    return SOURCE.read(payload(csv_text(header, rows)), ctx(**settings)).observations


def derived(frame: pl.DataFrame, **settings: object) -> pl.DataFrame:
    assert SOURCE.derive is not None
    return SOURCE.derive(frame, ctx(**settings))


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, ctx(), MERGED, ROWS)


def test_every_field_of_every_layout_is_accounted_for() -> None:
    assert_fields_accounted(SOURCE, ctx(), MERGED, ROWS[0], "region")
    volunteer = "Odeska oblast,2025-04-19 18:00:00+00:00,2025-04-19 19:00:00+00:00,False"
    assert_fields_accounted(SOURCE, ctx(), VOLUNTEER, volunteer, "started_at")
    official = "Odeska oblast,,,oblast,2025-04-19 18:00:00+00:00,2025-04-19 19:00:00+00:00,official"
    assert_fields_accounted(SOURCE, ctx(), OFFICIAL, official, "oblast")


def test_an_alert_is_a_warning_seen_over_its_region() -> None:
    got = read_rows(MERGED, ROWS[:1])
    assert got["kind"].to_list() == ["air_raid_alert"]
    assert got["claim"].to_list() == ["sighting"]
    assert got["lon"].to_list() == [None]
    assert shapely.from_wkb(got["geometry"][0]).bounds == (30.0, 46.0, 31.0, 47.0)
    assert got["t_end"][0] - got["t_start"][0] == timedelta(hours=1)


def test_without_boundaries_the_file_is_refused_with_the_mend() -> None:
    with pytest.raises(SourceRefused, match=r"no boundary file was given.*with: \{regions"):
        SOURCE.read(payload(csv_text(MERGED, ROWS)), context(SOURCE))


def test_an_end_that_nobody_saw_is_no_end() -> None:
    row = "Odeska oblast,2022-02-25 16:36:22+00:00,2022-02-25 17:06:22+00:00,True"
    got = read_rows(VOLUNTEER, [row])
    assert got["t_start"].to_list() == got["t_end"].to_list()
    assert flags(got) == [["end_imputed"]]


def test_region_and_district_swapped_are_put_right() -> None:
    times = "2022-03-15 16:46:43+00:00,2022-03-15 16:58:17+00:00"
    row = f"Poltavskyi raion,Poltavska oblast,A hromada,hromada,{times},official"
    got = read_rows(OFFICIAL, [row])
    assert shapely.from_wkb(got["geometry"][0]).bounds[0] == 33.0
    assert got["text"].to_list() == ["Poltavska oblast, Poltavskyi raion, A hromada"]
    assert flags(got) == [["mended_place"]]


def test_unknown_names_and_impossible_times_are_set_aside() -> None:
    rows = [
        "Odesska oblast,2025-04-19 18:00:00+00:00,2025-04-19 19:00:00+00:00,2",
        "Odeska oblast,2025-04-19 18:00:00+00:00,2025-04-19 17:00:00+00:00,2",
        "Odeska oblast,soon,2025-04-19 17:00:00+00:00,2",
        "Lvivska oblast,2025-04-19 18:00:00+00:00,2025-04-19 19:00:00+00:00,2",
        ",2025-04-19 18:00:00+00:00,2025-04-19 19:00:00+00:00,2",
    ]
    got = SOURCE.read(payload(csv_text(MERGED, rows)), ctx()).quarantine
    assert got["row"].to_list() == [1, 2, 3, 4, 5]
    words = ("Nearest: odeska oblast", "ends before it starts", "time", "no area with the code UA-46", "no region")
    for reason, word in zip(got["reason"].to_list(), words, strict=True):
        assert word in reason


def test_an_unknown_layout_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(SourceRefused, match=r"no layout of this source.*volunteer: region"):
        SOURCE.read(payload("city,start\nA,B\n"), ctx())


def test_an_interval_without_end_makes_its_region_uninformative_nearby() -> None:
    rows = [
        *ROWS,
        "Dnipropetrovska oblast,2025-04-01 00:00:00+00:00,2025-04-10 00:00:00+00:00,280",
        "Dnipropetrovska oblast,2025-04-20 00:00:00+00:00,2025-04-20 01:00:00+00:00,1",
        "Dnipropetrovska oblast,2026-04-20 00:00:00+00:00,2026-04-20 01:00:00+00:00,1",
    ]
    got = derived(read_rows(MERGED, rows))
    flagged = got.filter(pl.col("flags").list.contains("uninformative"))
    assert flagged["t_start"].dt.year().to_list() == [2025, 2025], "a year later the region is trusted again"
    assert flagged["text"].unique().to_list() == ["Dnipropetrovska oblast"]
    assert derived(got).equals(got), "deriving twice must change nothing"
    assert not derived(got, max_informative_h=300).filter(pl.col("flags").list.contains("uninformative")).height


def test_an_ordinary_alert_of_a_day_is_informative() -> None:
    row = "Odeska oblast,2025-04-08 18:00:00+00:00,2025-04-09 16:00:00+00:00,1"
    assert flags(derived(read_rows(MERGED, [row]))) == [[]]


def test_each_day_with_an_alert_is_a_watch_of_all_reported_regions() -> None:
    got = SOURCE.read(payload(csv_text(MERGED, ROWS)), ctx()).watches
    assert got["t_start"].to_list() == [datetime(2025, 4, 18, 21, tzinfo=UTC) + timedelta(days=d) for d in range(3)]
    area = shapely.from_wkb(got["footprint"][0])
    assert area.contains(shapely.Point(30.5, 46.5))
    assert area.contains(shapely.Point(34.5, 48.5)), "a region without an alert that day was watched, too"
    assert not area.contains(shapely.Point(38.5, 48.5)), "under a permanent alert that the provider left out: no watch"


def test_a_blind_region_is_taken_out_of_the_watch_and_told_offline() -> None:
    rows = [*ROWS, "Dnipropetrovska oblast,2025-04-15 00:00:00+00:00,2025-04-25 00:00:00+00:00,280"]
    reading = SOURCE.read(payload(csv_text(MERGED, rows)), ctx())
    assert SOURCE.derive_watches is not None
    got = SOURCE.derive_watches(reading.watches, reading.observations, ctx())
    blind, open_ = shapely.Point(34.5, 48.5), shapely.Point(30.5, 46.5)
    watching, offline = got.filter(pl.col("status") == "watching"), got.filter(pl.col("status") == "offline")
    assert watching.height == reading.watches.height
    for wkb in watching["footprint"]:
        assert shapely.from_wkb(wkb).contains(open_)
        assert not shapely.from_wkb(wkb).contains(blind)
    assert offline.height == 1
    assert shapely.from_wkb(offline["footprint"][0]).contains(blind)
    assert "merged into intervals without end" in offline["reason"][0]
    assert offline["p_detect"].to_list() == [0.0]
    assert SOURCE.derive_watches(got.filter(pl.col("status") == "watching"), reading.observations, ctx()).equals(got)


def test_alias_table_names_all_27_units_once() -> None:
    with resources.files("servanda.sources").joinpath("data", "region_names.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len({r["code"] for r in rows}) == 27
    assert len({r["name"] for r in rows}) == len(rows)
    assert len(silent_from()) == 3


class TestRealData:
    pytestmark = real_data

    @pytest.fixture
    def real(self) -> Context:
        return context(SOURCE, {"regions": file_payload(data("boundaries", "ukraine_adm1_simplified.geojson"))})

    @staticmethod
    def file(name: str) -> Payload:
        return file_payload(data("alerts", name))

    def test_boundaries_hold_every_unit(self, real: Context) -> None:
        got = SOURCE.read(payload(csv_text(MERGED, ROWS)), real)
        assert got.quarantine.is_empty()
        assert set(region_codes().values()) <= {f"UA-{n:02}" for n in range(100)}

    @pytest.mark.parametrize(
        ("start", "end", "days", "starts", "hours"),
        [
            ("2025-04-19T18:00+03:00", "2025-04-21T00:00+03:00", 0, 4, 1.6),
            ("2025-04-19T18:00+03:00", "2025-04-21T00:00+03:00", -7, 51, 87.7),
            ("2025-04-19T18:00+03:00", "2025-04-21T00:00+03:00", 7, 42, 78.0),
            ("2025-05-08T00:00+03:00", "2025-05-11T00:00+03:00", 0, 42, 74.8),
            ("2025-05-08T00:00+03:00", "2025-05-11T00:00+03:00", -7, 120, 242.9),
            ("2025-05-08T00:00+03:00", "2025-05-11T00:00+03:00", 7, 119, 274.6),
        ],
    )
    def test_starts_and_hours(self, real: Context, start: str, end: str, days: int, starts: int, hours: float) -> None:
        assert SOURCE.derive is not None
        reading = SOURCE.read(self.file("oblast_alert_intervals_20250201_20250531.csv"), real)
        seen = SOURCE.derive(reading.observations, real).filter(~pl.col("flags").list.contains("uninformative"))
        a, b = (datetime.fromisoformat(t).astimezone(UTC) + timedelta(days=days) for t in (start, end))
        assert seen.filter(pl.col("t_start").is_between(a, b, closed="left")).height == starts
        overlap = pl.min_horizontal("t_end", pl.lit(b)) - pl.max_horizontal("t_start", pl.lit(a))
        assert seen.select(overlap.dt.total_seconds().clip(0).sum() / 3600).item() == pytest.approx(hours, abs=0.05)

    @pytest.mark.parametrize(
        ("name", "rows", "imputed", "mended"),
        [
            ("official_data_en_20220315_20240423.csv.gz", 43_031, 0, 1),
            ("volunteer_data_en_20220225_20241010.csv.gz", 54_514, 2_395, 0),
        ],
    )
    def test_provider_files(self, real: Context, name: str, rows: int, imputed: int, mended: int) -> None:
        got = SOURCE.read(self.file(name), real)
        assert got.quarantine.is_empty()
        assert got.observations.height == rows
        counts = got.observations["flags"].explode().value_counts()
        assert dict(counts.drop_nulls().rows()) == {
            k: v for k, v in {"end_imputed": imputed, "mended_place": mended}.items() if v
        }


def test_levels_that_are_not_named_are_left_out_with_a_notice() -> None:
    times = "2022-05-19 18:00:00+00:00,2022-05-19 19:00:00+00:00,official"
    rows = [f"Odeska oblast,,,oblast,{times}", f"Odeska oblast,Odeskyi raion,,raion,{times}"]
    read = SOURCE.read(payload(csv_text(OFFICIAL, rows)), ctx(levels=["oblast"]))
    assert read.observations["text"].to_list() == ["Odeska oblast"]
    assert read.quarantine.is_empty()
    assert "Left out, as not of level oblast: 1." in read.notices
    assert read_rows(OFFICIAL, rows).height == 2
