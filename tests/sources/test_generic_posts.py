"""Tables that place things from a post, and that count in words."""

import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.conftest import assert_rows_decide_alone, context, csv_text, payload

from servanda import sectors
from servanda.geo import distance_m
from servanda.sources import count_words
from servanda.sources.base import Reading
from servanda.sources.count_words import Stated, parse
from servanda.sources.generic import SOURCE

HEADER = "kind,t_start,post_lon,post_lat,bearing_deg,bearing_error_deg,range_low_m,range_high_m,count,count_unit"
HEARD = "mortar,2025-03-01T10:00Z,20.5,0.05,112.5,8,2000,4000,about 40,explosions"


def read(rows: list[str], header: str = HEADER, **settings: object) -> Reading:
    return SOURCE.read(payload(csv_text(header, rows)), context(SOURCE, None, **settings))


def test_about_forty_bursts_two_to_four_kilometres_east_south_east() -> None:
    (seen,) = read([HEARD]).observations.to_dicts()
    assert (seen["count_low"], seen["count_high"], seen["count_unit"]) == (30, 50, "explosions")
    assert float(distance_m(20.5, 0.05, seen["lon"], seen["lat"])) == pytest.approx(3000, rel=1e-6)
    assert seen["lon"] > 20.5 and seen["lat"] < 0.05, "east south east of the post"
    assert seen["sigma_m"] == pytest.approx(((2000**2 / 12 + (3000 * 0.139626 / 1.96) ** 2) / 2) ** 0.5, rel=1e-3)
    rows, found = sectors.read(pl.Series([seen["geometry"]]))
    assert rows.tolist() == [0]
    assert (found.low_m[0], found.high_m[0], found.half_deg[0]) == pytest.approx((2000, 4000, 8), rel=1e-6)
    assert seen["access"] == "restricted", "the sector gives the post away"


def test_a_row_may_open_its_own_place_but_a_shut_feed_stays_shut() -> None:
    own = read([HEARD + ",open"], HEADER + ",access").observations
    assert own["access"].to_list() == ["open"]
    assert read([HEARD], access="sealed").observations["access"].to_list() == ["sealed"]
    assert read([HEARD], post_access="open").observations["access"].to_list() == ["open"]


def test_what_a_row_does_not_say_the_mission_may() -> None:
    row = "mortar,2025-03-01T10:00Z,20.5,0.05,90,,,,,"
    assert "range_high_m" in read([row]).quarantine["reason"].item()
    (seen,) = read([row], range_high_m=6000.0, bearing_error_deg=20.0).observations.to_dicts()
    _, found = sectors.read(pl.Series([seen["geometry"]]))
    assert (found.low_m[0], found.high_m[0], found.half_deg[0]) == pytest.approx((0, 6000, 20), abs=1e-3)
    assert seen["count_low"] is None and seen["count_high"] is None, "not stated is no count"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("mortar,2025-03-01T10:00Z,20.5,0.05,north,8,2000,4000,,", "bearing_deg"),
        ("mortar,2025-03-01T10:00Z,20.5,0.05,90,0,2000,4000,,", "bearing_error_deg"),
        ("mortar,2025-03-01T10:00Z,20.5,0.05,90,120,2000,4000,,", "bearing_error_deg"),
        ("mortar,2025-03-01T10:00Z,20.5,0.05,90,8,4000,2000,,", "range_low_m"),
        ("mortar,2025-03-01T10:00Z,20.5,0.05,90,8,2000,400000,,", "range_high_m"),
        ("mortar,2025-03-01T10:00Z,,,90,8,2000,4000,,", "Its post"),
        ("mortar,2025-03-01T10:00Z,20.5,95,90,8,2000,4000,,", "Its post"),
        ("mortar,2025-03-01T10:00Z,20.5,0.05,90,8,2000,4000,lots,", "count 'lots'"),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_the_reason(changed: str, why: str) -> None:
    got = read([HEARD, changed])
    assert got.observations.height == 1
    assert got.quarantine["row"].to_list() == [2]
    assert why in got.quarantine["reason"].item()


def test_rows_decide_alone() -> None:
    assert_rows_decide_alone(SOURCE, context(SOURCE), HEADER, [HEARD, HEARD.replace("112.5", "10"), "x,y,,,,,,,,"])


def test_a_point_that_is_given_is_the_place() -> None:
    (seen,) = read([HEARD + ",21.0,1.0"], HEADER + ",lon,lat").observations.to_dicts()
    assert (seen["lon"], seen["lat"], seen["geometry"], seen["access"]) == (21.0, 1.0, None, "open")


def test_a_camera_watches_its_sector() -> None:
    header = "kind,t_start,t_end,p_detect,post_lon,post_lat,bearing_deg,bearing_error_deg,range_low_m,range_high_m"
    row = "movement,2025-03-01T10:00Z,2025-03-01T11:00Z,0.8,20.5,0.05,90,30,0,2000"
    (watch,) = read([row], header).watches.to_dicts()
    assert shapely.from_wkb(watch["footprint"]).bounds[0] == pytest.approx(20.5, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("40", 40, 40),
        ("about 40", 30, 50),
        ("At  least 12", 12, None),
        ("12+", 12, None),
        ("10-15", 10, 15),
        ("between 10 and 15", 10, 15),
        ("up to 6", None, 6),
        ("more than 5", 6, None),
        ("fewer than 5", None, 4),
        ("1,200", 1200, 1200),
        ("several", 3, None),
        ("about a dozen", 9, 15),
        ("близько 40", 30, 50),
        ("не менее 12", 12, None),
        ("none", 0, 0),
        ("undetermined", None, None),
    ],
)
def test_count_words(text: str, low: float | None, high: float | None) -> None:
    assert parse(text) == Stated(low, high)


@pytest.mark.parametrize("text", ["", "lots", "-3", "15-10", "about", "12 or so", "forty-two"])
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert parse(text) is None


@given(st.integers(0, 10**6), st.floats(0, 0.9))
def test_about_holds_the_number_itself(n: int, share: float) -> None:
    about = parse(f"about {n}", share)
    assert about is not None and about.low is not None and about.high is not None
    assert about.low <= n <= about.high


def test_form_and_words_say_the_same() -> None:
    says = ["exactly", "about", "at_least", "between", "not"]
    frame = pl.DataFrame({"says": says, "low": [40.0] * 5, "high": [None, None, None, 45.0, None]})
    low, high = count_words.interval(pl.col("says"), pl.col("low"), pl.col("high"), 0.25)
    got = frame.select(low.alias("l"), high.alias("h")).rows()
    words = [parse(t) for t in ("40", "about 40", "at least 40", "40-45", "undetermined")]
    assert got == [(w.low, w.high) for w in words if w is not None]


def test_units_are_converted_by_a_named_rule_only() -> None:
    header = "kind,t_start,lon,lat,count,count_unit"
    rows = [f"artillery,2025-03-0{d}T10:00Z,37.5,48.1,{n},{u}" for d, n, u in ((1, 95, "discharges"), (2, 3, "tanks"))]
    plain = read(rows, header).observations
    assert plain.select("count_low", "count_high", "count_unit").rows() == [(95, 95, "discharges"), (3, 3, "tanks")]
    ruled = read(rows, header, count_rule="discharges_30_per_incident").observations
    assert ruled.select("count_low", "count_high", "count_unit").rows() == [(None, 3, "incidents"), (3, 3, "tanks")]
    assert ruled["flags"].to_list() == [["count_converted"], []]
    with pytest.raises(ValueError, match="rule of conversion"):
        read(rows, header, count_rule="by_thumb")
