"""Overflights, impossible jumps, interference by cell and day, jammed watches: what hangs on many positions."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from tests.sources.conftest import context, data, file_payload, flags, merged, payload, real_data

from servanda.sources.adsb import SOURCE
from servanda.sources.adsb_interference import cells, wilson
from servanda.sources.adsb_settings import AdsbSettings
from servanda.sources.base import Reading
from servanda.tables import OBSERVATIONS, WATCHES

NOON = int(datetime(2025, 3, 3, 12, tzinfo=UTC).timestamp())
Record = dict[str, Any]


def seen(name: int, minute: float, lon: float = 30.75, nac_p: int | None = 9) -> Record:
    """One aircraft at latitude 50.25, ``minute`` after noon."""
    record = {"icao24": f"{name:06x}", "timestamp": NOON + minute * 60, "latitude": 50.25, "longitude": lon}
    return {**record, "groundspeed": 300, "altitude": 30_000, "NACp": nac_p}


def read(records: Sequence[Record], **settings: Any) -> Reading:
    return SOURCE.read(payload(json.dumps(list(records)), "file.json"), context(SOURCE, **settings))


def derived(records: Sequence[Record], **settings: Any) -> pl.DataFrame:
    assert SOURCE.derive
    return SOURCE.derive(read(records, **settings).observations, context(SOURCE, **settings))


def flights(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("kind") == "aircraft_overflight")


def watches(records: Sequence[Record], **settings: Any) -> pl.DataFrame:
    assert SOURCE.derive_watches
    got, ctx = read(records, **settings), context(SOURCE, **settings)
    return SOURCE.derive_watches(got.watches, derived(records, **settings), ctx)


LEG = [seen(1, m / 2, 30.0 + m / 100) for m in range(24)]


def test_an_overflight_is_one_aircraft_in_one_quarter_of_an_hour() -> None:
    got = flights(derived([*LEG, seen(2, 5), seen(1, 16, 30.4)]))
    assert got["label"].n_unique() == 2
    assert got.height == 3
    longest = got.sort("t_end", descending=True).filter(pl.col("text").str.starts_with("24 positions"))
    assert longest["t_start"].to_list() == [datetime(2025, 3, 3, 12, tzinfo=UTC)]
    assert longest["t_end"].to_list() == [datetime(2025, 3, 3, 12, 11, 30, tzinfo=UTC)]
    assert shapely.from_wkb(longest["geometry"][0]).bounds == pytest.approx((30.0, 50.25, 30.23, 50.25))
    assert (longest["count_low"][0], longest["count_high"][0], longest["count_unit"][0]) == (1, 1, "aircraft")


def test_the_length_of_an_overflight_is_a_setting() -> None:
    assert flights(derived(LEG, bin_min=5.0)).height == 3


def test_files_may_be_ordered_and_split_in_any_way() -> None:
    records = [*LEG, *(seen(9, m, 30.6, 0) for m in range(4)), *(seen(3, m, 31.2) for m in range(4))]
    assert SOURCE.derive and SOURCE.derive_watches
    ctx = context(SOURCE)

    def whole(readings: Sequence[Reading]) -> tuple[pl.DataFrame, pl.DataFrame]:
        seen_ = OBSERVATIONS.conform(merged(readings, "observations"))
        looked = WATCHES.conform(merged(readings, "watches"))
        assert SOURCE.derive and SOURCE.derive_watches
        flown = SOURCE.derive(seen_, ctx)
        return flown, SOURCE.derive_watches(looked, flown, ctx)

    one = whole([read(records)])
    for ways in ([read(records[::-1])], [read(records[::2]), read(records[1::2])], [read(records), read(records[:5])]):
        other = whole(ways)
        assert one[0].equals(other[0])
        assert one[1].equals(other[1])


def test_every_overflight_is_an_observation_that_the_store_holds() -> None:
    raw = read(LEG).observations
    assert set(flights(derived(LEG))["observation_id"]) <= set(raw["observation_id"])
    assert derived(LEG).height == raw.height


def test_a_degraded_position_is_no_proof_of_presence() -> None:
    mixed = flights(derived([seen(1, 0, 30.0), seen(1, 1, 30.1), seen(1, 2, 30.2, 3)]))
    assert mixed["credibility"].to_list() == [None]
    assert len(shapely.get_parts(shapely.from_wkb(mixed["geometry"][0]))) == 2, "the degraded place is left out"
    alone = flights(derived([seen(1, 0, 30.0, 3), seen(1, 1, 30.1, 0)]))
    assert alone["geometry"].to_list() == [None]
    assert alone["lon"].to_list() == [30.0]
    assert alone["sigma_m"].to_list() == [37_040.0], "the worst of them"
    assert alone["credibility"].to_list() == [6]


def test_an_impossible_jump_makes_both_places_doubtful() -> None:
    """400 km in a minute with good accuracy: the mark of a false position, and no one can tell which is false."""
    jumped = flights(derived([seen(1, 0, 30.0), seen(1, 1, 35.6), seen(1, 20, 35.7), seen(2, 1, 30.0)]))
    by_flag = {str(f): c for f, c in zip(flags(jumped), jumped["credibility"], strict=True)}
    assert by_flag == {"['impossible_jump', 'distinct']": 6, "['distinct']": None}
    assert jumped.height == 3
    fast = flights(derived([seen(1, 0, 30.0), seen(1, 10, 35.6)]))
    assert flags(fast) == [["distinct"]], "670 m/s is fast, not impossible"


def fleet(good: int, bad: int, lon: float = 30.75, minute: float = 0) -> list[Record]:
    return [seen(100 + i, minute, lon, 9) for i in range(good)] + [seen(500 + i, minute, lon, 0) for i in range(bad)]


@pytest.mark.parametrize(
    ("good", "bad", "level"),
    [(9, 0, "few"), (8, 1, "few"), (10, 0, "normal"), (99, 1, "normal"), (49, 1, "possible"), (98, 2, "possible"),
     (9, 1, "possible"), (90, 10, "possible"), (89, 11, "strong"), (8, 2, "strong")],
)  # fmt: skip
def test_levels_of_interference(good: int, bad: int, level: str) -> None:
    """Below 2 % normal, to 10 % possible, above strong; under ten aircraft no conclusion."""
    got = cells(read(fleet(good, bad)).observations, AdsbSettings())
    assert (got["aircraft"][0], got["degraded"][0], got["level"][0]) == (good + bad, bad, level)


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Against Newcombe (1998), table I: 15 of 148 gives 0.0624 to 0.1605; 0 of 20 gives 0 to 0.1611."""
    low, high = wilson(np.array([15, 0]), np.array([148, 20]))
    assert low == pytest.approx([0.0624, 0.0], abs=5e-5)
    assert high == pytest.approx([0.1605, 0.1611], abs=5e-5)


def test_an_aircraft_counts_once_in_a_cell_and_day() -> None:
    often = [seen(7, m, 30.75, 0) for m in range(50)]
    got = cells(read([*fleet(20, 0), *often]).observations, AdsbSettings())
    assert (got["aircraft"].to_list(), got["degraded"].to_list()) == ([21], [1])
    mostly_good = [seen(7, m, 30.75, 0 if m == 0 else 9) for m in range(50)]
    got = cells(read([*fleet(20, 0), *mostly_good]).observations, AdsbSettings())
    assert got["degraded"].to_list() == [0]


def test_counting_does_not_hang_on_whether_overflights_were_derived() -> None:
    records = [*fleet(20, 5), *fleet(3, 9, 31.2, 40), *LEG]
    settings = AdsbSettings()
    before, after = (cells(f, settings) for f in (read(records).observations, derived(records)))
    assert before.equals(after)
    assert before.height == 3


def test_a_strong_cell_is_one_report_of_jamming_and_the_rest_says_nothing() -> None:
    got = derived([*fleet(8, 4), *fleet(95, 3, 31.2)]).filter(pl.col("kind") == "jamming").sort("credibility")
    assert got.height == 4 + 3
    told = got.filter(~pl.col("flags").list.contains("uninformative"))
    assert told["text"].to_list() == ["4 of 12 aircraft degraded (33 %; 95 %: 14 to 61 %)"]
    assert told["credibility"].to_list() == [3], "aircraft alone do not prove jamming"
    assert (told["t_start"][0], told["t_end"][0]) == (
        datetime(2025, 3, 3, tzinfo=UTC),
        datetime(2025, 3, 4, tzinfo=UTC),
    )


def test_watches_of_strong_normal_and_thin_cells() -> None:
    got = watches([*fleet(8, 4), *fleet(20, 0, 31.2), *fleet(3, 0, 32.2)])
    told = {
        (r["kind"], r["status"], shapely.from_wkb(r["footprint"]).bounds, r["p_detect"])
        for r in got.iter_rows(named=True)
    }
    assert told == {
        ("aircraft_overflight", "jammed", (30.5, 50.0, 31.0, 50.5), 0.0),
        ("aircraft_overflight", "watching", (31.0, 50.0, 32.5, 50.5), 0.2),
        ("jamming", "watching", (30.5, 50.0, 31.5, 50.5), 0.5),
    }, "a cell with few aircraft is watched for overflights, with no conclusion on interference"
    assert (got["recorded_at"] >= got["t_end"]).all()


def test_a_cell_without_aircraft_is_watched_by_nobody() -> None:
    got = watches(fleet(20, 0))
    elsewhere = shapely.Point(35.25, 50.25)
    assert not any(shapely.contains(shapely.from_wkb(f), elsewhere) for f in got["footprint"])
    assert got["footprint"].null_count() == 0


def test_no_positions_derive_to_nothing() -> None:
    assert derived([]).is_empty()
    assert watches([]).is_empty()


class TestRealData:
    pytestmark = real_data

    def test_a_calibration_flight_is_fifteen_quarters_of_an_hour(self) -> None:
        """09:38 to 13:12 touches the quarters from 09:30 to 13:00: fifteen. No place of it is impossible."""
        got = SOURCE.read(file_payload(data("adsb", "bornholm.json.gz")), context(SOURCE))
        assert SOURCE.derive
        made = flights(SOURCE.derive(got.observations, context(SOURCE)))
        assert made.height == 15
        assert made["flags"].list.contains("impossible_jump").sum() == 0
        shapes = shapely.from_wkb(made["geometry"].to_list())
        assert sum(len(shapely.get_parts(s)) for s in shapes) == 2572
