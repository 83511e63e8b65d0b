"""Strata by local month, root of the kind and region."""

from datetime import UTC, datetime

import polars as pl

from servanda.mission.undercounts import strata

INCIDENTS = pl.DataFrame(
    {
        "incident_id": ["i", "j"],
        "kind": ["artillery", "air_raid_alert"],
        "t_start": [datetime(2031, 4, 30, 22, tzinfo=UTC), datetime(2031, 4, 30, 12, tzinfo=UTC)],
    }
)
REGIONS = pl.DataFrame({"incident_id": ["i", "i"], "region": ["East", "South"]})


def test_no_strata_unless_asked() -> None:
    assert strata(INCIDENTS, REGIONS, (), "Europe/Kyiv") is None


def test_the_month_is_local() -> None:
    found = strata(INCIDENTS, REGIONS, ("month",), "Europe/Kyiv")
    assert found is not None and found["stratum"].to_list() == ["2031-05", "2031-04"]


def test_strata_are_crossed_and_an_incident_is_in_each_of_its_regions() -> None:
    found = strata(INCIDENTS, REGIONS, ("month", "kind", "region"), "UTC")
    assert found is not None
    assert sorted(found.rows()) == [("i", "2031-04 · armed_activity · East"), ("i", "2031-04 · armed_activity · South")]
