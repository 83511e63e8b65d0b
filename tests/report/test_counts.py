"""Counts and the effort behind them."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
import shapely

from servanda.kinds import tree
from servanda.report import ReportData
from servanda.report.counts import beside, by_kind, by_region, day_counts, watched_hours
from servanda.report.data import KIND_GROUPS
from servanda.report.effort import effort_rows, region_hours
from servanda.report.incidents import acts, mark
from servanda.report.words import group_of


def test_every_incident_of_a_period_is_counted_once(truce: ReportData) -> None:
    marked = mark(truce)
    rows = by_kind(truce, marked)
    inside = acts(marked).filter(pl.col("which") == "period")
    assert sum(r.period.reported for r in rows) == inside.height
    assert sum(r.period.expected for r in rows) == pytest.approx(inside["probability"].sum())
    regions, left_out = by_region(truce, marked)
    assert (sum(r.period.reported for r in regions), left_out) == (inside.height, 0)
    others = marked.incidents.filter((pl.col("which") == "period") & (pl.col("role") != "act"))
    assert sum(r.period.reported for r in beside(truce, marked)) == others.height > 0


def test_an_incident_counts_in_the_period_that_holds_its_middle(truce: ReportData) -> None:
    edge = truce.period.t_from
    event = truce.incidents.head(1).with_columns(t_start=edge - (truce.period.t_to - edge) / 2, t_end=pl.lit(edge))
    late = event.with_columns(t_end=pl.lit(truce.period.t_to))
    assert mark(replace(truce, incidents=event)).incidents["which"].to_list() == ["previous"]
    assert mark(replace(truce, incidents=late)).incidents["which"].to_list() == ["period"]
    instant = event.with_columns(t_start=pl.lit(edge), t_end=pl.lit(edge))
    assert mark(replace(truce, incidents=instant)).incidents["which"].to_list() == ["period"]


def test_incidents_without_a_region_are_named_as_such(truce: ReportData) -> None:
    rows, _ = by_region(truce, mark(replace(truce, incident_regions=truce.incident_regions.clear())))
    assert [r.label for r in rows] == ["No region stated"]


def test_hours_count_for_the_groups_that_a_source_can_see(truce: ReportData) -> None:
    hours = {g.name: watched_hours(truce.effort, "period", g, KIND_GROUPS) for g in KIND_GROUPS}
    assert hours["artillery"] == 24 + 12 + 7 + 24
    assert hours["ground"] == 24 + 12 + 24
    assert hours["position"] == 0
    assert hours["heat"] == pytest.approx(0.2)


def test_lost_hours_are_not_counted_twice_for_two_kinds(truce: ReportData) -> None:
    patrols = next(r for r in effort_rows(truce) if r.source_id == "patrols")
    assert patrols.lost_h == (("denied", 6.0),)
    assert (patrols.watched_h, patrols.previous_h) == (12.0, 12.0)
    assert patrols.reasons == ("Checkpoint closed to the patrol",)


def test_every_kind_has_one_group() -> None:
    groups = {k: group_of(k, KIND_GROUPS).name for k in tree()}
    assert groups["drone_strike"] == "air"
    assert groups["mortar"] == "artillery"
    assert groups["ceasefire_violation"] == "armed"
    assert groups["aerial_strike"] == "air"
    assert groups["air_raid_alert"] == "alert"
    assert groups["drone_overflight"] == "airspace"
    assert groups["thermal_anomaly"] == "heat"
    assert groups["protest"] == "other"
    assert group_of("never heard of", KIND_GROUPS).name == "other"


def test_heat_and_warnings_are_counted_beside_the_incidents(hot: ReportData) -> None:
    marked = mark(hot)
    counts = day_counts(marked)
    inside = marked.incidents.filter(pl.col("which") == "period")
    assert counts.heat == inside.filter(pl.col("kind") == "thermal_anomaly").height > 10
    assert 0 < counts.unusual < counts.heat
    assert counts.warnings == inside.filter(pl.col("kind") == "air_raid_alert").height > 0
    assert counts.incidents == inside.height - counts.heat - counts.warnings
    labels = [r.label for r in beside(hot, marked)]
    assert labels == [
        "Air-raid alerts (warnings, not strikes)",
        "Heat seen from space, unusual for the season",
        "Heat seen from space, usual burning or not classed",
    ]


def test_usual_burning_is_heat_whatever_it_is_taken_for(hot: ReportData) -> None:
    taken = hot.incidents.with_columns(
        kind=pl.when(pl.col("kind") == "thermal_anomaly").then(pl.lit("artillery")).otherwise("kind")
    )
    marked = mark(replace(hot, incidents=taken)).incidents
    burning = marked.filter(pl.col("role") == "heat")
    assert burning.height > 0
    assert not burning["relevant"].any()
    assert not burning["unusual"].any()
    assert marked.filter("unusual")["role"].unique().to_list() == ["act"]


def test_a_fire_that_somebody_else_saw_too_is_no_usual_burning(hot: ReportData) -> None:
    one = hot.incidents.filter(pl.col("kind") == "thermal_anomaly")["incident_id"][0]
    first = hot.membership.filter(pl.col("incident_id") == one)["observation_id"][0]
    plain = pl.when(pl.col("observation_id") == first).then(pl.lit([], pl.List(pl.String))).otherwise("flags")
    shelled = pl.when(pl.col("incident_id") == one).then(pl.lit("artillery")).otherwise("kind")
    seen = replace(
        hot, observations=hot.observations.with_columns(flags=plain), incidents=hot.incidents.with_columns(kind=shelled)
    )
    row = mark(seen).incidents.filter(pl.col("incident_id") == one)
    assert row.select("role", "group").row(0) == ("act", "artillery")


def test_hours_of_a_region_are_those_of_its_share_under_watch(truce: ReportData) -> None:
    regions = {"west": shapely.box(0, 0, 1, 1), "east": shapely.box(1, 0, 2, 1)}
    half = shapely.to_wkb(shapely.box(0.5, 0, 1, 1))
    start = truce.period.t_from
    one = truce.watches.head(1).with_columns(
        source_id=pl.lit("a"), status=pl.lit("watching"), footprint=pl.lit(half),
        t_start=pl.lit(start - timedelta(hours=3)), t_end=pl.lit(start + timedelta(hours=4)),
    )  # fmt: skip
    everywhere = one.with_columns(source_id=pl.lit("b"), footprint=pl.lit(None, pl.Binary))
    other_kind = one.with_columns(kind=pl.lit("presence"))
    denied = everywhere.with_columns(source_id=pl.lit("c"), status=pl.lit("denied"))
    all_of_them = pl.concat([one, everywhere, other_kind, denied])
    assert region_hours(all_of_them, truce.period, regions) == pytest.approx({"west": 2 + 4, "east": 4})
    assert region_hours(truce.watches.clear(), truce.period, regions) == {"west": 0, "east": 0}
    assert region_hours(all_of_them, None, regions) == {}
