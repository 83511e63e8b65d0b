"""What is truly kept and broken, on incidents placed by hand."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from servanda.findings import ANY_PARTY, Period
from servanda.worlds.place import Floats, place, to_degrees, to_km
from servanda.worlds.ready import DEMO, NORTH, SOUTH, SPECS
from servanda.worlds.simulate import World, simulate
from servanda.worlds.truth import mark, match
from servanda.worlds.verdicts import Truth, truth_verdicts

START = DEMO.start
DAY = timedelta(days=1)
WORLD = simulate(DEMO, 1)
WHERE = place(DEMO.extent_km)
MIDDLE = WHERE.zones["line"].interpolate(0.4, normalized=True)
"""On the line, far from the training ground."""
ON_EXERCISE = WHERE.zones["training_ground"].intersection(WHERE.zones["buffer"]).representative_point()
FAR_NORTH = (MIDDLE.x, MIDDLE.y + 0.3)


def world(*acts: tuple[str, str, datetime, tuple[float, float]], reported: tuple[int, ...] = ()) -> World:
    """A world in which just this happens: (kind, actor, moment, place); ``reported`` are their positions."""
    frame = pl.DataFrame(
        [(f"incident-{i:06d}", k, t, x, y, a, None) for i, (k, a, t, (x, y)) in enumerate(acts)],
        schema={
            "incident_id": pl.String, "kind": pl.String, "t": pl.Datetime("us", "UTC"), "lon": pl.Float64,
            "lat": pl.Float64, "actor": pl.String, "count": pl.Int64,
        },
        orient="row",
    )  # fmt: skip
    matches = match(frame, WORLD.agreement, WHERE)
    rows = {"source_id": "x", "row": 1, "role": "own", "incident_id": [f"incident-{i:06d}" for i in reported]}
    origins = pl.DataFrame(rows, schema_overrides={"incident_id": pl.String}).with_columns(
        pl.lit(None, pl.String).alias("rumour_id")
    )
    return replace(WORLD, incidents=mark(frame, matches, WORLD.agreement), matches=matches, origins=origins)


def day(number: int) -> Period:
    return Period(START + number * DAY, START + (number + 1) * DAY, "day")


def truth(w: World, term_id: str, party: str, period: Period) -> Truth:
    found = [t for t in truth_verdicts(w, [period]) if (t.term_id, t.party) == (term_id, party)]
    assert len(found) == 1
    return found[0]


HERE = (MIDDLE.x, MIDDLE.y)
NOON = timedelta(hours=12)


def test_forbid_counts_who_where_when() -> None:
    w = world(
        ("artillery", SOUTH, START + NOON, HERE),
        ("mortar", SOUTH, START + NOON, HERE),
        ("artillery", NORTH, START + NOON, FAR_NORTH),
        ("small_arms", NORTH, START + NOON, HERE),
        reported=(0,),
    )
    south = truth(w, "no-artillery", SOUTH, day(0))
    assert (south.broken, south.violations, south.reported) == (True, 2, 1), "a mortar is artillery"
    assert truth(w, "no-artillery", NORTH, day(0)).broken is False, "outside the buffer zone, or no artillery"
    assert truth(w, "no-artillery", ANY_PARTY, day(0)).violations == 2
    assert truth(w, "no-artillery", SOUTH, day(1)).broken is False
    assert w.incidents["violates"].to_list() == [["no-artillery"], ["no-artillery"], [], []]


def test_midnight_belongs_to_the_day_that_begins() -> None:
    w = world(("artillery", SOUTH, START + DAY, HERE))
    assert truth(w, "no-artillery", SOUTH, day(0)).broken is False
    assert truth(w, "no-artillery", SOUTH, day(1)).broken is True


@pytest.mark.parametrize(
    ("actor", "number", "exempt"),
    [(NORTH, 9, True), (NORTH, 11, True), (NORTH, 8, False), (NORTH, 12, False), (SOUTH, 9, False)],
)
def test_exemption_needs_the_party_and_the_window(actor: str, number: int, exempt: bool) -> None:
    w = world(("artillery", actor, START + number * DAY, (ON_EXERCISE.x, ON_EXERCISE.y)))
    found = truth(w, "no-artillery", actor, day(number))
    assert (found.broken, found.exempted) == (not exempt, int(exempt))
    assert w.incidents["exempt_by"].to_list() == ["exercise" if exempt else None]
    assert w.incidents["exempt_from"].to_list() == [["no-artillery"] if exempt else []]


def test_exemption_covers_one_term_only() -> None:
    w = world(("ground_attack", NORTH, START + 10 * DAY, (ON_EXERCISE.x, ON_EXERCISE.y)))
    assert truth(w, "no-ground-attack", NORTH, day(10)).broken is True


def test_withdrawal_is_due_at_its_deadline_and_needs_both() -> None:
    depot = {p: tuple(WHERE.zones[z].centroid.coords[0]) for p, z in ((NORTH, "north_depot"), (SOUTH, "south_depot"))}
    w = world(
        ("withdrawal", NORTH, START + 14 * DAY - timedelta(seconds=1), depot[NORTH]),
        ("withdrawal", SOUTH, START + 14 * DAY, depot[SOUTH]),
    )
    assert truth(w, "withdrawal", NORTH, day(12)).broken is None, "not yet due"
    assert truth(w, "withdrawal", NORTH, day(13)).fulfilled is True
    late = truth(w, "withdrawal", SOUTH, day(13))
    assert (late.broken, late.violations) == (True, 1), "the deadline itself is too late"
    assert truth(w, "withdrawal", ANY_PARTY, day(13)).broken is True
    assert truth(w, "withdrawal", SOUTH, day(14)).broken is None, "asked for once"
    elsewhere = world(("withdrawal", NORTH, START + DAY, depot[SOUTH]))
    assert truth(elsewhere, "withdrawal", NORTH, day(13)).broken is True, "each party has its own storage site"


def test_convoy_is_due_every_day_and_consultation_every_week() -> None:
    corridor = WHERE.zones["corridor"].centroid.coords[0]
    days = [d for d in range(30) if d != 4]
    w = world(*[("aid_delivery", SOUTH, START + d * DAY + NOON, tuple(corridor)) for d in days])
    assert truth(w, "convoy", SOUTH, day(3)).broken is False
    assert truth(w, "convoy", SOUTH, day(4)).broken is True
    whole = Period(START, START + 60 * DAY, "in_force")
    assert truth(w, "convoy", SOUTH, whole).violations == 1, "days after the simulation are not known"
    assert truth(w, "consultation", NORTH, whole).violations == 4
    assert truth(w, "consultation", NORTH, day(5)).broken is None
    assert truth(w, "consultation", NORTH, day(6)).broken is True


@pytest.mark.parametrize(("times", "broken"), [(2, False), (3, True)])
def test_limit_per_day(times: int, broken: bool) -> None:
    area = WHERE.zones["north_area"].representative_point()
    w = world(*[("heavy_weapons_present", NORTH, START + timedelta(hours=i), (area.x, area.y)) for i in range(times)])
    assert truth(w, "heavy-weapons", NORTH, day(0)).broken is broken
    assert truth(w, "heavy-weapons", SOUTH, day(0)).broken is False


def test_in_the_area_of_the_other_party_is_not_counted() -> None:
    area = WHERE.zones["south_area"].representative_point()
    w = world(*[("heavy_weapons_present", NORTH, START + NOON, (area.x, area.y))] * 5)
    assert truth(w, "heavy-weapons", NORTH, day(0)).broken is False


def test_a_world_in_which_nothing_happens() -> None:
    w = world()
    assert w.incidents.is_empty() and w.matches.is_empty()
    assert truth(w, "no-artillery", ANY_PARTY, day(0)).broken is False
    assert truth(w, "convoy", SOUTH, day(0)).broken is True


def test_terms_are_kept_in_some_worlds_and_broken_in_others() -> None:
    """Else calibration over seeds would measure nothing."""
    whole = Period(START, START + 30 * DAY, "in_force")
    seen: dict[str, set[bool | None]] = {}
    for spec in SPECS.values():
        for seed in range(6):
            for t in truth_verdicts(simulate(spec, seed), [whole]):
                if t.party != ANY_PARTY:
                    seen.setdefault(t.term_id, set()).add(t.broken)
    assert all(found >= {True, False} for found in seen.values()), seen


def test_degrees_and_kilometres_round_trip() -> None:
    xy: Floats = pl.DataFrame({"x": [0.0, 200.0], "y": [-40.0, 40.0]}).to_numpy()
    assert to_km(to_degrees(xy)) == pytest.approx(xy)
