"""What fusion takes for granted before it sees data; every number can be set under ``fusion`` in the mission file."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

RELIABILITY = {"A": 0.95, "B": 0.85, "C": 0.65, "D": 0.45, "E": 0.2, "F": 0.5}
CREDIBILITY = {1: 0.95, 2: 0.85, 3: 0.6, 4: 0.35, 5: 0.1, 6: 0.5}


class Priors(BaseModel):
    """Stated beliefs. The two Admiralty axes are not used independently in practice (Baker, McKendry and
    Mace 1968), so a report counts for the lower of what its two grades stand for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reliability: Mapping[str, float] = Field(RELIABILITY, description="Chance that a report is true, by source grade.")
    credibility: Mapping[int, float] = Field(CREDIBILITY, description="Chance that a report is true, by report grade.")
    sigma_m: float = Field(5000.0, gt=0, description="Place error where neither report nor source states one: a town.")
    sigma_floor_m: float = Field(100.0, gt=0, description="Reports are matched as if no place were better known.")
    time_sigma_h: float = Field(1.0, gt=0, description="Time error of a report that gives an instant.")
    corroboration: float = Field(
        0.3, gt=0, lt=1, description="Chance beforehand that another source reported the same incident."
    )
    repeat: float = Field(0.03, gt=0, lt=1, description="Chance beforehand that a source reports one incident again.")
    same_root: float = Field(0.2, ge=0, le=1, description="Weight of two kinds that differ but share a root.")
    consequence: float = Field(0.3, ge=0, le=1, description="Weight of an act beside damage or harm it may have done.")
    link_odds: float = Field(1.0, gt=0, description="Least odds for 'the same incident': more likely than not.")
    gate_sigmas: float = Field(3.0, gt=0, description="Pairs farther apart than this are not looked at.")
    neighbours: int = Field(4, ge=1, description="Nearest reports looked at for each report and class of precision.")
    cell_km: float = Field(50.0, gt=0, description="Side of the cells in which the density of reports is counted.")
    cell_h: float = Field(24.0, gt=0, description="Length of these cells in time: a day, as many sources give no more.")
    incident_units: tuple[str, ...] = Field(
        ("violations", "incidents"),
        description="Units in which a count is one of incidents, each by itself; any other unit says how large one "
        "incident was. Rounds or explosions are none by default: one side takes 30 for one shelling (InformNapalm).",
    )
    no_incident: tuple[str, ...] = Field(
        ("report_untyped", "territory_control", "aircraft_position"),
        description="Kinds that are no incident by themselves.",
    )
