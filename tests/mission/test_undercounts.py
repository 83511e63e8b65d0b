"""Strata by local month, root of the kind, region and party."""

from datetime import UTC, datetime

import polars as pl
import shapely

from servanda.agreement.resolved import Agreement, Party
from servanda.compliance.undercount.strata import Stratum
from servanda.mission.undercounts import Strata
from servanda.tables import INCIDENTS as TABLE

INCIDENTS = pl.DataFrame(
    {
        "incident_id": ["i", "j"],
        "kind": ["artillery", "air_raid_alert"],
        "t_start": [datetime(2031, 12, 31, 23, tzinfo=UTC), datetime(2031, 12, 31, 12, tzinfo=UTC)],
        "actors": [
            [{"value": "NORTHLAND", "probability": 0.5}, {"value": "the North", "probability": 0.25}],
            [{"value": "bandits", "probability": 1.0}],
        ],
    },
    schema_overrides={"actors": TABLE.schema["actors"]},
)
REGIONS = pl.DataFrame({"incident_id": ["i", "i"], "region": ["East", "South"]})
AREAS = {"East": shapely.box(1, 0, 2, 1), "South": shapely.box(0, -1, 1, 0)}
NORTH = Party("north", "Northland", "party", frozenset({"northland", "the north", "north"}))
T0 = datetime(2031, 12, 1, tzinfo=UTC)
AGREEMENT = Agreement("", "", "UTC", T0, None, (NORTH,), (), "", "")


def strata(by: tuple[str, ...], time_zone: str = "UTC") -> tuple[Stratum, ...]:
    return Strata(INCIDENTS, REGIONS, AREAS, AGREEMENT, time_zone).by(by)


def members(stratum: Stratum) -> list[tuple[str, float]]:
    assert stratum.members is not None
    return list(stratum.members.iter_rows())


def test_no_strata_unless_asked() -> None:
    assert strata(()) == ()


def test_the_month_is_local_and_ends_at_local_midnight() -> None:
    old, new = strata(("month",), "Europe/Kyiv")
    assert (old.name, members(old)) == ("2031-12", [("j", 1.0)])
    assert (new.name, members(new)) == ("2032-01", [("i", 1.0)])
    assert old.t_to == new.t_from == datetime(2031, 12, 31, 22, tzinfo=UTC)
    assert new.t_to == datetime(2032, 1, 31, 22, tzinfo=UTC)


def test_strata_are_crossed_and_an_incident_is_in_each_of_its_regions() -> None:
    found = strata(("month", "kind", "region"))
    assert [s.name for s in found] == ["2031-12 · armed_activity · East", "2031-12 · armed_activity · South"]
    assert [(s.kind, s.area) for s in found] == [("armed_activity", AREAS["East"]), ("armed_activity", AREAS["South"])]


def test_an_incident_is_a_partys_with_the_chance_that_it_did_it() -> None:
    (only,) = strata(("party",))
    assert only.name == "Northland" and members(only) == [("i", 0.75)]
    assert only.kind is None and only.area is None and only.t_from is None
