"""Counts and the effort behind them."""

from dataclasses import replace

import polars as pl
import pytest

from servanda.kinds import tree
from servanda.report import ReportData
from servanda.report.counts import by_kind, by_region, effort_rows, watched_hours
from servanda.report.data import KIND_GROUPS
from servanda.report.incidents import mark
from servanda.report.words import group_of


def test_every_incident_of_a_period_is_counted_once(truce: ReportData) -> None:
    marked = mark(truce)
    rows = by_kind(truce, marked)
    inside = marked.incidents.filter(pl.col("which") == "period")
    assert sum(r.period.reported for r in rows) == inside.height
    assert sum(r.period.expected for r in rows) == pytest.approx(inside["probability"].sum())
    regions, left_out = by_region(truce, marked)
    assert (sum(r.period.reported for r in regions), left_out) == (inside.height, 0)


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
    assert hours["other"] == pytest.approx(0.2)


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
    assert groups["protest"] == "other"
    assert group_of("never heard of", KIND_GROUPS).name == "other"
