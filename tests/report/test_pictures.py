"""Map, timeline and whiskers."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Point

from servanda.findings import Interval
from servanda.report import ReportData
from servanda.report.axis import axis_for, spread
from servanda.report.clusters import arrange, cluster
from servanda.report.ground import LOWEST, TALLEST, WIDTH, ground_for, nice
from servanda.report.incidents import mark
from servanda.report.language import catalogue
from servanda.report.map import draw_map
from servanda.report.numbers import Figures
from servanda.report.reliability import draw_reliability, wilson
from servanda.report.timeline import draw_timeline
from servanda.report.whisker import scale_of, whisker

SHOWN = Figures(catalogue("en"))
T = datetime(2031, 4, 1, tzinfo=UTC)
places = st.tuples(st.floats(-170, 170), st.floats(-75, 75), st.floats(0.01, 8), st.floats(0.01, 8))


@given(places)
def test_the_ground_shows_its_places_true_to_scale(place: tuple[float, float, float, float]) -> None:
    lon, lat, wide, high = place
    ground = ground_for(np.array([lon, lon + wide]), np.array([lat, lat + high]))
    assert LOWEST <= ground.height <= TALLEST
    x, y = ground.xy(np.array([lon, lon + wide]), np.array([lat, lat + high]))
    assert ((x >= -1) & (x <= WIDTH + 1) & (y >= -1) & (y <= ground.height + 1)).all()
    assert y[0] > y[1]
    back = ground.lon_lat(float(x[0]), float(y[0]))
    assert back == pytest.approx((lon, lat), abs=1e-6)
    metres = Geod(ellps="WGS84").inv(lon, lat, lon + wide, lat + high)[2]
    assert np.hypot(x[1] - x[0], y[1] - y[0]) * ground.m_per_px == pytest.approx(metres, rel=0.02)


def test_the_map_draws_every_incident_that_it_counts(truce: ReportData) -> None:
    marked = mark(truce)
    view = draw_map(truce, marked, frozenset())
    start, end = truce.agreement.t_from, truce.period.t_to
    inside = (pl.col("t_start") < end) & ((pl.col("t_end") > start) | (pl.col("t_start") >= start))
    shown = marked.incidents.filter(inside & pl.col("relevant"))
    assert view.drawn + view.not_drawn + view.unplaced == shown.height
    ET.fromstring(str(view.picture))


def test_near_incidents_share_a_symbol_and_the_likeliest_come_first(truce: ReportData) -> None:
    events = mark(truce).incidents.with_columns(lon=pl.lit(34.0), lat=pl.lit(48.0))
    ground = ground_for(np.array([33.0, 35.0]), np.array([47.5, 48.5]))
    clusters = cluster(events, ground, 20)
    assert clusters.height == events["group"].n_unique()
    assert clusters["n"].sum() == events.height
    assert clusters["p"].is_sorted(descending=True)


def test_groups_at_one_place_stand_side_by_side_under_one_number(truce: ReportData) -> None:
    events = mark(truce).incidents.with_columns(lon=pl.lit(34.0), lat=pl.lit(48.0))
    ground = ground_for(np.array([33.0, 35.0]), np.array([47.5, 48.5]))
    side_by_side = arrange(cluster(events, ground, 20), truce.settings)
    spots = side_by_side.select("x", "y").unique()
    assert spots.height == side_by_side.height > 3
    assert side_by_side["total"].drop_nulls().to_list() == [events.height]
    middle = side_by_side.select(pl.col("x_cell", "y_cell").first()).row(0)
    assert middle == pytest.approx([v[0] for v in ground.xy(np.array([34.0]), np.array([48.0]))])
    assert ((side_by_side["x"] - side_by_side["x_cell"]).abs() <= 12).all()


def test_a_map_of_one_zone_or_of_nothing(truce: ReportData) -> None:
    marked = mark(replace(truce, incidents=truce.incidents.clear()))
    zone = replace(truce.zones[0], geometry=Point(10, 50).buffer(1e-6), label="<&>")
    view = draw_map(replace(truce, zones=(zone,), regions={}, land=None), marked, frozenset())
    assert "&lt;&amp;&gt;" in str(view.picture)
    assert draw_map(replace(truce, zones=(), regions={}, land=None), marked, frozenset()).picture is None


intervals = st.lists(st.tuples(st.integers(-50_000, 200_000), st.integers(0, 100_000)), max_size=30)


@given(intervals)
def test_spreading_agrees_with_overlap_worked_out_one_by_one(rows: list[tuple[int, int]]) -> None:
    edges = tuple(T + timedelta(hours=h) for h in range(25))
    frame = pl.DataFrame(
        {
            "t_start": [T + timedelta(seconds=s) for s, _ in rows],
            "t_end": [T + timedelta(seconds=s + d) for s, d in rows],
        },
        schema={"t_start": pl.Datetime("us", "UTC"), "t_end": pl.Datetime("us", "UTC")},
    )
    expected = [0.0] * 24
    for s, d in rows:
        for h in range(24):
            a, b = h * 3600, (h + 1) * 3600
            share = max(0, min(s + d, b) - max(s, a)) / d if d else float(a <= s < b)
            expected[h] += share
    assert spread(frame, edges, None) == pytest.approx(np.array(expected), abs=1e-6)


def test_the_timeline_shows_the_window_and_why_nobody_saw(truce: ReportData) -> None:
    view = draw_timeline(truce, mark(truce))
    text = str(view.picture)
    ET.fromstring(text)
    assert view.unit == "hour"
    assert view.t_from <= truce.agreement.t_from < truce.period.t_to <= view.t_to
    assert view.statuses == ("watching", "denied", "jammed", "clouded", "offline")
    assert "patrols: access denied" in text
    assert "in force" in text


def test_a_long_window_is_counted_from_cut_off_to_cut_off(truce: ReportData) -> None:
    axis = axis_for(replace(truce, agreement=replace(truce.agreement, t_from=T - timedelta(days=300))))
    assert axis.unit == "day"
    assert truce.period.t_from in axis.edges
    assert axis.t_to - axis.t_from <= timedelta(days=truce.settings.timeline_days + 1)


def test_heat_is_neither_on_the_map_nor_in_the_timeline(hot: ReportData) -> None:
    marked = mark(hot)
    assert "heat" not in {g.name for g in draw_map(hot, marked, frozenset()).groups}
    assert "heat" not in {g.name for g in draw_timeline(hot, marked).groups}


def test_an_hourly_timeline_shows_time_on_both_sides_but_nothing_beyond_what_is_known(truce: ReportData) -> None:
    axis = axis_for(truce)
    assert truce.agreement.t_from - axis.t_from == timedelta(hours=18 + 12)
    assert axis.t_to == truce.as_of
    text = str(draw_timeline(truce, mark(truce)).picture)
    assert "21\u00a0Apr" in text


def test_whiskers_share_a_scale_that_holds_them(truce: ReportData) -> None:
    assert scale_of(truce.comparisons) == (0.1, 2.0)
    assert scale_of(()) == (0.5, 2.0)
    wild = replace(truce.comparisons[0], rate_ratio=Interval(0.09, 4e-5, 1e9))
    assert scale_of([wild]) == (0.01, 100.0)
    ET.fromstring(str(whisker(Interval(0.5, None, None), (0.1, 2.0), "w", SHOWN)))
    assert "No ratio" in str(whisker(Interval(None, None, None), (0.1, 2.0), "w", SHOWN))


def test_a_whisker_that_goes_on_beyond_its_scale_says_so_without_an_arrow() -> None:
    picture = str(whisker(Interval(0.09, 4e-5, 1.07), (0.01, 2.0), "w", SHOWN))
    ET.fromstring(picture)
    assert "&lt; 0.01</text>" in picture
    assert "stroke-dasharray" in picture
    assert "<path" not in picture
    assert "&lt; 0.01</text>" not in str(whisker(Interval(0.09, 0.02, 1.07), (0.01, 2.0), "w", SHOWN))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10**6)), min_size=1, max_size=20))
def test_the_reliability_diagram_draws_every_point_inside(points: list[tuple[float, float, int]]) -> None:
    tree = ET.fromstring(str(draw_reliability(points, SHOWN)))
    dots = tree.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(dots) == len(points)
    assert all(58 <= float(d.attrib["cx"]) <= 294 and 14 <= float(d.attrib["cy"]) <= 250 for d in dots)


@pytest.mark.parametrize(("share", "n", "low", "high"), [(0.0, 10, 0.0, 0.2775), (0.5, 20, 0.2993, 0.7007)])
def test_bars_are_wilson_intervals(share: float, n: int, low: float, high: float) -> None:
    """As published tables have them: 0 of 10, 10 of 20."""
    assert wilson(share, n) == pytest.approx((low, high), abs=1e-4)


def test_without_points_there_is_no_reliability_diagram() -> None:
    assert draw_reliability((), SHOWN) is None


@given(st.floats(1e-6, 1e9))
def test_round_numbers_are_just_below(value: float) -> None:
    assert nice(value) <= value * (1 + 1e-6) < nice(value) * 2.5 * (1 + 1e-6)


def test_what_is_older_than_the_last_days_is_fainter_and_counted(truce: ReportData) -> None:
    early = truce.agreement.t_from + timedelta(hours=1)
    marked = mark(truce)
    assert draw_map(truce, marked, frozenset()).faint_before is None
    settings = replace(truce.settings, map_days=(truce.period.t_to - truce.period.t_from) / timedelta(days=1))
    view = draw_map(replace(truce, settings=settings), marked, frozenset())
    older = marked.incidents.filter(
        pl.col("relevant") & (pl.col("t_end") <= truce.period.t_from) & (pl.col("t_end") > truce.agreement.t_from)
    )
    assert older.filter(pl.col("t_start") > early).height
    assert view.faint_before == truce.period.t_from
    assert view.t_from == truce.agreement.t_from
    assert view.drawn == draw_map(truce, marked, frozenset()).drawn


def test_a_report_of_a_count_stands_for_so_many_on_the_map(truce: ReportData) -> None:
    marked = mark(truce)
    many = replace(marked, incidents=marked.incidents.with_columns(number=pl.lit(3.0)))
    assert draw_map(truce, many, frozenset()).drawn == 3 * draw_map(truce, marked, frozenset()).drawn


def test_an_act_that_may_be_of_a_kind_of_a_term_is_shown(truce: ReportData) -> None:
    silent = truce.incidents["kind"].unique().to_list()
    unlike = next(k for k in ("civilian_harm", "consultation") if k not in silent)
    first = truce.incident_terms["incident_id"][0]
    kind = pl.when(pl.col("incident_id") == first).then(pl.lit(unlike)).otherwise("kind").alias("kind")
    shown = mark(replace(truce, incidents=truce.incidents.with_columns(kind))).incidents
    assert shown.filter(pl.col("incident_id") == first)["relevant"].to_list() == [True]
