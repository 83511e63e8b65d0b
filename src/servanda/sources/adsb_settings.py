"""What a mission may set for aircraft positions, and what transponders say of their own accuracy."""

from servanda.sources.base import Context, Settings

POSITION, OVERFLIGHT, JAMMING = "aircraft_position", "aircraft_overflight", "jamming"
DEGRADED = "degraded_navigation"
UNSTATED = "accuracy_unstated"
JUMP = "impossible_jump"
UNINFORMATIVE = "uninformative"
DISTINCT = "distinct"
FLAGS = {
    DEGRADED: "The transponder itself says that its position is poor: no proof of presence.",
    UNSTATED: "No word on accuracy, or not from satellite navigation: it says nothing of interference.",
    JUMP: "The aircraft cannot have come so far in that time: one of the places is false, so neither is proof.",
    DISTINCT: "One aircraft in one stretch of time: never the same incident as another of this source.",
    UNINFORMATIVE: "A degraded position in a cell and day that was not strongly disturbed: left out.",
}

NM = 1852.0
R95_TO_SIGMA = 2.4477
"""Radius that holds 95 % of a circular normal law, in standard deviations on each axis: sqrt(-2 ln 0.05)."""
NAC_P_M = {11: 3.0, 10: 10.0, 9: 30.0, 8: 0.05 * NM, 7: 0.1 * NM, 6: 0.3 * NM, 5: 0.5 * NM, 4: NM, 3: 2 * NM}
NAC_P_M |= {2: 4 * NM, 1: 10 * NM}
"""95 % radius in metres by NACp (RTCA DO-260B, table 2-72); 0 is unknown."""
NIC_M = {11: 7.5, 10: 25.0, 9: 75.0, 8: 0.1 * NM, 7: 0.2 * NM, 6: 0.6 * NM, 5: NM, 4: 2 * NM, 3: 4 * NM}
NIC_M |= {2: 8 * NM, 1: 20 * NM}
"""Radius of containment in metres by NIC (DO-260B, table 2-70), taken as a 95 % radius: too wide, never too narrow."""
NUC_P_M = {9: 3.0, 8: 10.0, 7: 0.05 * NM, 6: 0.1 * NM, 5: 0.25 * NM, 4: 0.5 * NM, 3: NM, 2: 5 * NM, 1: 10 * NM}
"""95 % radius in metres by NUCp, of first-generation transponders (DO-260)."""


class AdsbSettings(Settings):
    """Settings of aircraft positions. Chances are assumptions until they are measured."""

    p_true: float | None = 0.95
    """Chance that an aircraft was where its transponder, with good accuracy, said. Transponders can be made to lie."""
    salt: str = ""
    """Mixed into the pseudonyms of aircraft. Without one, whoever has a register of aircraft can undo them."""
    unstated_sigma_m: float = 200.0
    """Place error on each axis where nothing is said: the largest of a transponder fit for 14 CFR 91.227, doubled."""
    worst_sigma_m: float = 37_040.0
    """Place error where the transponder says that it knows none: 20 nautical miles, the widest class there is."""
    nac_p_least: int = 8
    """Below this NACp a position is degraded (14 CFR 91.227(c)(1)(i) asks for 0.05 nautical miles: NACp 8)."""
    nic_least: int = 7
    """Below this NIC a position is degraded (14 CFR 91.227(c)(1)(iii) asks for 0.2 nautical miles: NIC 7)."""
    nuc_p_least: int = 6
    """Below this NUCp a position is degraded: the same 0.2 nautical miles for older transponders."""
    max_age_s: float = 15.0
    """A place older than its record is no place of that moment (OpenSky withholds one after 15 seconds)."""
    ground_kn: float = 40.0
    """Where a layout has no field for it: on the ground if slower than this and below ``ground_ft``. An assumption."""
    ground_ft: float = 1_500.0
    """See ``ground_kn``; feet above sea level, so set it above the highest aerodrome."""
    bin_min: float = 15.0
    """An overflight is one aircraft in one stretch of the clock of this length; it must divide a day."""
    most_mps: float = 700.0
    """Faster than this between two places is impossible: above Mach 2, which no transponder of a civil type reaches."""
    cell_deg: float = 0.5
    """Side of the cells of reception and interference: about 55 km, as wide as the hexagons of public maps."""
    p_detect: float = 0.2
    """Chance that an overflight in a cell and hour with reception is reported; those who hide switch off. Assumed."""
    p_false: float = 0.05
    """Share of reported overflights with no aircraft there. An assumption."""
    p_detect_jamming: float = 0.5
    """Chance that interference strong enough to matter shows in a cell and day with enough aircraft. An assumption."""
    p_false_jamming: float = 0.4
    """Share of strongly disturbed cells with another cause: a fault, weak signals, a test. An assumption."""
    least_aircraft: int = 10
    """Fewer in a cell and day give no conclusion: with ten, one faulty transponder cannot make a cell strong."""
    possible_share: float = 0.02
    """Share of degraded aircraft from which interference is possible (public interference maps)."""
    strong_share: float = 0.10
    """Share of degraded aircraft above which interference is strong (public interference maps)."""
    degraded_share: float = 0.5
    """An aircraft is degraded in a cell and day if at least this share of its positions there is. An assumption."""


def settings_of(context: Context) -> AdsbSettings:
    return AdsbSettings.model_validate(context.settings.model_dump())
