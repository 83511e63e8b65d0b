"""What a source does is what its spec says, within four standard errors."""

from math import sqrt

import numpy as np
import polars as pl
import pytest
import shapely

from servanda.worlds.place import to_km
from servanda.worlds.ready import NORTH, SOUTH, changed
from servanda.worlds.simulate import World, simulate
from servanda.worlds.spec import Beats, Copying, Failure, Process, Watcher, WorldSpec

STANDARD_ERRORS = 4.0
PLAIN = Watcher(
    source_id="plain",
    title="Hears from everywhere",
    witness_group="plain",
    p_detect={"artillery": 0.4, "ground_attack": 0.8},
    sigma_m=700,
    sigma_min=15,
    confusion=0.2,
    p_attribute=0.6,
    p_wrong_actor=0.1,
    false_share=0.25,
    repeat_share=0.15,
)
POSTS = Watcher(
    source_id="posts",
    title="Posts that fail",
    witness_group="posts",
    beats=Beats(number=10, per_day=4, to_km=250, reach_km=6),
    p_detect={"artillery": 0.9},
    night_factor=0.5,
    failures=(Failure(status="denied", chance=0.1, reason="Turned back."),),
    outages_per_30_days=4,
    outage_h=20,
    sigma_m=100,
)
COPIER = Watcher(
    source_id="copier",
    title="Copies the first",
    witness_group="plain",
    p_detect={},
    sigma_m=100,
    copies=Copying(of="plain", share=0.5, delay_h=3, blur_m=500),
)
LARGE = WorldSpec(
    name="large",
    title="A large world",
    processes=tuple(
        Process(kind=kind, actor=actor, per_day=150, night_share=0.7, half_life_days=half)
        for kind, half in (("artillery", 10.0), ("ground_attack", None))
        for actor in (NORTH, SOUTH)
    ),
    watchers=(PLAIN, POSTS, COPIER),
)


@pytest.fixture(scope="module")
def large() -> World:
    return simulate(LARGE, 12)


def close(found: float, expected: float, n: int) -> bool:
    """Is a share of n within four standard errors of what it should be?"""
    return abs(found - expected) <= STANDARD_ERRORS * sqrt(expected * (1 - expected) / n)


def reports(world: World, source_id: str) -> pl.DataFrame:
    """Reports with what they truly rest on: columns of both, the true ones ending in _true."""
    rows = world.observations[source_id].with_columns(row=pl.int_range(1, pl.len() + 1))
    joined = rows.join(world.origins.filter(pl.col("source_id") == source_id), on="row", how="inner")
    assert joined.height == rows.height, "every row has one origin"
    return joined.join(world.incidents, on="incident_id", how="left", suffix="_true")


@pytest.mark.parametrize("kind", ["artillery", "ground_attack"])
def test_detection_rate(large: World, kind: str) -> None:
    happened = large.incidents.filter(pl.col("kind") == kind).height
    found = reports(large, "plain").filter((pl.col("role") == "own") & (pl.col("kind_true") == kind)).height
    assert close(found / happened, PLAIN.p_detect[kind], happened)


def test_share_of_false_first_reports(large: World) -> None:
    first = reports(large, "plain").filter(pl.col("role").is_in(["own", "false"]))
    share = first.filter(pl.col("role") == "false").height / first.height
    # Numbers of both are Poisson, so that the share has no more than the binomial variance.
    assert close(share, PLAIN.false_share, first.height)


def test_false_reports_name_kinds_as_true_ones_do(large: World) -> None:
    told = reports(large, "plain").filter(pl.col("role").is_in(["own", "false"]))
    artillery = told.group_by("role").agg((pl.col("kind") == "ground_attack").mean().alias("share"), pl.len())
    by_role = {role: (share, n) for role, share, n in artillery.iter_rows()}
    assert close(by_role["false"][0], by_role["own"][0], by_role["false"][1])


def test_repeats(large: World) -> None:
    told = reports(large, "plain")
    first = told.filter(pl.col("role") != "repeat").height
    assert close((told.height - first) / first, PLAIN.repeat_share, first)


def test_place_error_on_each_axis(large: World) -> None:
    told = reports(large, "plain").filter(pl.col("role") == "own")
    error = to_km(told.select("lon", "lat").to_numpy()) - to_km(told.select("lon_true", "lat_true").to_numpy())
    assert np.std(error, axis=0) * 1000 == pytest.approx(
        [PLAIN.sigma_m] * 2, rel=STANDARD_ERRORS / sqrt(2 * len(error))
    )
    assert told["sigma_m"].unique().to_list() == [PLAIN.sigma_m]


def test_time_interval_holds_the_true_time_as_two_sigma_should(large: World) -> None:
    told = reports(large, "plain").filter(pl.col("role") == "own")
    held = told.select((pl.col("t") >= pl.col("t_start")) & (pl.col("t") < pl.col("t_end")))["t"].mean()
    assert close(float(held or 0), 0.9545, told.height)  # type: ignore[arg-type]
    assert (told["recorded_at"] >= told["t"]).all(), "nothing is known before it happens"


def test_kind_confusion(large: World) -> None:
    told = reports(large, "plain").filter(pl.col("role") == "own")
    wrong = told.filter(pl.col("kind") != pl.col("kind_true")).height / told.height
    assert close(wrong, PLAIN.confusion, told.height)


def test_attribution(large: World) -> None:
    told = reports(large, "plain").filter(pl.col("role") == "own")
    named = told.filter(pl.col("actor_claimed").is_not_null())
    assert close(named.height / told.height, PLAIN.p_attribute, told.height)
    ids = {name: s.party_id for s in LARGE.sides for name in (s.name, s.alias)}
    said = named["actor_claimed"].replace_strict(ids)
    assert close(int((said != named["actor"]).sum()) / named.height, PLAIN.p_wrong_actor, named.height)


def test_rate_declines_by_half_every_half_life(large: World) -> None:
    day = (pl.col("t") - LARGE.start).dt.total_days()
    artillery = large.incidents.filter(pl.col("kind") == "artillery").with_columns(day.alias("day"))
    first, second = (artillery.filter(pl.col("day").is_between(a, a + 9)).height for a in (0, 10))
    assert second / first == pytest.approx(0.5, abs=STANDARD_ERRORS * 0.5 * sqrt(1 / first + 1 / second))


def test_share_by_night(large: World) -> None:
    hour = large.incidents["t"].dt.hour()
    night = int(((hour < LARGE.sunrise_hour) | (hour >= LARGE.sunset_hour)).sum()) / large.incidents.height
    assert close(night, 0.7, large.incidents.height)


def watched_p(world: World) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) the stated chance that the posts report each artillery incident, read from the watches alone."""
    incidents = world.incidents.filter(pl.col("kind") == "artillery")
    lon, lat, t = incidents["lon"].to_numpy(), incidents["lat"].to_numpy(), incidents["t"]
    out = np.zeros(incidents.height)
    watching = world.watches["posts"].filter((pl.col("status") == "watching") & (pl.col("kind") == "artillery"))
    for wkt, part in sorted(watching.group_by("footprint"), key=lambda item: str(item[0])):
        inside = shapely.contains_xy(shapely.from_wkt(wkt[0]), lon, lat)
        for t_start, t_end, p in part.select("t_start", "t_end", "p_detect").iter_rows():
            now = ((t >= t_start) & (t < t_end)).to_numpy() & inside
            out[now] = np.maximum(out[now], p)
    return out


def test_stated_watches_are_true(large: World) -> None:
    """Of incidents that a watch covers, the source reports the share that the watch states; of others, none."""
    p = watched_p(large)
    ids = large.incidents.filter(pl.col("kind") == "artillery")["incident_id"]
    own = large.origins.filter((pl.col("source_id") == "posts") & (pl.col("role") == "own"))["incident_id"]
    seen = ids.is_in(own.implode()).to_numpy()
    assert not seen[p == 0].any(), "reported outside every stated watch"
    for stated in (POSTS.p_detect["artillery"], POSTS.p_detect["artillery"] * POSTS.night_factor):
        mine = np.isclose(p, stated)
        assert mine.sum() > 200
        assert close(float(seen[mine].mean()), stated, int(mine.sum()))


def test_outages_and_denials_produce_no_reports(large: World) -> None:
    watches = large.watches["posts"]
    assert {"watching", "denied", "offline"} == set(watches["status"])
    assert (
        watches.filter(pl.col("status") != "watching")["p_detect"].null_count()
        == watches.filter(pl.col("status") != "watching").height
    )
    told = reports(large, "posts").filter(pl.col("role") == "own")
    assert told.height > 200
    down = watches.filter(pl.col("status") != "watching")
    lon, lat = told["lon_true"].to_numpy(), told["lat_true"].to_numpy()
    up = watches.filter(pl.col("status") == "watching")
    for wkt, part in down.group_by("footprint"):
        here = told.filter(pl.Series(shapely.contains_xy(shapely.from_wkt(wkt[0]), lon, lat)))
        for t_start, t_end in part.select("t_start", "t_end").iter_rows():
            for lon_i, lat_i, t in (
                here.filter((pl.col("t") >= t_start) & (pl.col("t") < t_end))
                .select("lon_true", "lat_true", "t")
                .iter_rows()
            ):
                others = up.filter((pl.col("t_start") <= t) & (pl.col("t_end") > t))["footprint"]
                assert any(shapely.contains_xy(shapely.from_wkt(o), lon_i, lat_i) for o in others.unique())


def test_copies_follow_their_original(large: World) -> None:
    copies, original = reports(large, "copier"), reports(large, "plain").filter(pl.col("role") != "repeat")
    assert set(copies["role"]) == {"copy"}
    assert close(copies.height / original.height, 0.5, original.height)
    key = ["incident_id", "rumour_id"]
    both = copies.join(original, on=key, how="left", suffix="_of", nulls_equal=True)
    assert both.height == copies.height
    assert both["kind"].equals(both["kind_of"]) and both["t_start"].equals(both["t_start_of"])
    assert both["actor_claimed"].equals(both["actor_claimed_of"], null_equal=True)
    assert (both["recorded_at"] > both["recorded_at_of"]).all(), "a copy comes after its original"
    assert both["text"].str.ends_with("As plain reports.").all()
    assert COPIER.copies is not None
    error = to_km(both.select("lon", "lat").to_numpy()) - to_km(both.select("lon_of", "lat_of").to_numpy())
    assert np.std(error) * 1000 == pytest.approx(COPIER.copies.blur_m, rel=0.1)


def test_statements_can_be_made_wrong() -> None:
    boaster = changed(PLAIN, overstates_detect=1.2, overstates_false=0.0)
    honest, boasting = (
        simulate(LARGE.model_copy(update={"watchers": (w,)}), 5).watches["plain"] for w in (PLAIN, boaster)
    )
    ratio = (boasting["p_detect"] / honest["p_detect"]).to_numpy()
    assert np.allclose(ratio, 1.2)
    assert set(boasting["p_false"]) == {0.0} and set(honest["p_false"]) == {PLAIN.false_share}


def test_stated_truth_of_a_report_holds_over_worlds_with_restraint() -> None:
    """In half of the worlds a party does nothing and every report of it is false; p_true is the mean over worlds."""
    processes = tuple(
        Process(kind=kind, actor=NORTH, per_day=rate, p_restraint=0.5)
        for kind, rate in (("artillery", 2.0), ("ground_attack", 0.5))
    )
    watcher = changed(PLAIN, confusion=0.0, repeat_share=0.0)
    spec = LARGE.model_copy(update={"processes": processes, "watchers": (watcher,)})
    worlds = [simulate(spec, seed) for seed in range(120)]
    told = pl.concat([w.observations["plain"].select("kind").with_columns(w.origins["role"]) for w in worlds])
    for kind in ("artillery", "ground_attack"):
        false = (told.filter(pl.col("kind") == kind)["role"] == "false").to_numpy()
        # A true report comes in a world that is active: worlds, not reports, are the independent draws.
        assert false.mean() == pytest.approx(PLAIN.false_share, abs=0.1)
    quiet = [w for w in worlds if w.incidents.is_empty()]
    assert 15 <= len(quiet) <= 45, "both processes rest in a quarter of the worlds"
    assert sum(w.observations["plain"].height for w in quiet) > 0
