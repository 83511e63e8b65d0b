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
    confusion: float = Field(
        0.2, gt=0, lt=1, description="Chance beforehand that a source gives another kind under the same root."
    )
    consequence: float = Field(0.3, ge=0, le=1, description="Weight of an act beside damage or harm it may have done.")
    link: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="Least chance for 'the same incident'; where sources are learned, replicas set it so that the "
        "number of incidents comes out right.",
    )
    told: float = Field(0.1, gt=0, lt=1, description="Other incidents a report may be of are kept from this chance.")
    rumour: float = Field(
        0.05, ge=0, le=1, description="Chance that a false report goes round: another witness group tells it, too."
    )
    gate_sigmas: float = Field(4.0, gt=0, description="Pairs farther apart than this are not looked at.")
    neighbours: int = Field(12, ge=1, description="Nearest reports looked at for each report and class of precision.")
    density_neighbours: int = Field(10, ge=1, description="Least number of neighbours that density is taken from.")
    cell_km: float = Field(50.0, gt=0, description="With fewer reports of a source, density is taken over this width.")
    cell_h: float = Field(24.0, gt=0, description="Stretch of time in which the density of reports is taken as even.")
    learn_from: int = Field(300, ge=2, description="With fewer reports, what is stated of sources is taken as it is.")
    learn_rounds: int = Field(3, ge=0, description="Rounds of matching and estimating.")
    replica_rounds: int = Field(
        12, ge=0, description="Rounds in which learning is corrected by trying it on a replica."
    )
    replica_misfit: float = Field(
        0.4,
        ge=0,
        description="How far log odds of false reports are off between data and replicas, which are never quite alike, "
        "where matching is wholly unclear; less in proportion where it is clear. Chosen on simulated worlds.",
    )
    unequal_sight: float = Field(
        0.3,
        ge=0,
        description="How far log odds of false reports are off since some incidents are easier to see than others. "
        "Measured where nothing has to be matched and logits of detection differ by 1: 0.2 to 0.6. Part of intervals.",
    )
    replica_response: float = Field(
        1.4,
        ge=0,
        description="One round of learning shows so much of a needed change of false reports: how clear matching is, "
        "to this power. Chosen on simulated worlds.",
    )
    coincidence_error: float = Field(
        0.05,
        gt=0,
        description="Relative error of the number of matches by coincidences, however many there are. Measured on "
        "simulated worlds.",
    )
    learn_reports: int = Field(10_000, ge=100, description="Of more reports, learning looks at about so many.")
    learn_pairs: int = Field(1_500_000, ge=1000, description="Of more pairs of two sources, a part is counted.")
    learn_window_km: float = Field(40.0, gt=0, description="Coincidences are looked for within this distance.")
    learn_window_h: float = Field(36.0, gt=0, description="Coincidences are looked for within this time.")
    learn_time_h: float = Field(3.0, gt=0, description="First guess of a time error in learning.")
    learn_weight: float = Field(
        20.0,
        gt=0,
        description="What is stated of a source weighs as so many matches; with fewer, it stands as it is.",
    )
    trust_weight: float = Field(
        100.0, gt=0, description="A number that is stated for a source's chance to be true weighs as so many reports."
    )
    grade_weight: float = Field(
        50.0, gt=0, description="A grade of source or report (A to E, 1 to 5) weighs as so many reports."
    )
    unstated_true: float = Field(
        0.85, gt=0, lt=1, description="Share of true reports that learning begins with where nothing is stated (F, 6)."
    )
    unstated_weight: float = Field(7.0, gt=0, description="That share weighs as so many reports.")
    learn_stretch_h: float = Field(
        240.0, gt=0, description="Learning looks at whole stretches of time, each at least so long, ten at most."
    )
    cover_from: int = Field(
        20,
        ge=1,
        description="The silence of a source counts on kinds that it has given so often.",
    )
    tune_reports: int = Field(
        6_000, ge=1, description="Reports of replicas on which 'link' is set and probabilities are calibrated."
    )
    calibrate_weight: float = Field(
        4.0, gt=0, description="'Calibrated as it stands' weighs as so many incidents at even odds."
    )
    incident_units: tuple[str, ...] = Field(
        ("violations", "incidents"),
        description="Units in which a count is one of incidents, each by itself; any other unit says how large one "
        "incident was. Rounds or explosions are none by default: one side takes 30 for one shelling (InformNapalm).",
    )
    range_error: float = Field(
        0.15,
        gt=0,
        lt=1,
        description="Relative error of a distance judged from a post by ear, eye or the seconds from flash to bang. "
        "An assumption.",
    )
    same_words: float = Field(
        0.5, gt=0, le=1, description="Texts of one incident that share so much of their shingles (Jaccard) are copies."
    )
    least_shingles: int = Field(20, ge=1, description="A text with fewer telling shingles is too short to be compared.")
    common_share: float = Field(
        0.02, gt=0, le=1, description="A shingle of a larger share of all texts is common, and tells nothing."
    )
    common_least: int = Field(20, ge=1, description="... but only if so many texts have it.")
    lockstep_reports: int = Field(30, ge=3, description="Incidents that two sources tell before their delay is judged.")
    lockstep_ratio: float = Field(
        0.25,
        gt=0,
        lt=1,
        description="Two sources whose delay varies less than this share of what their own errors make are one voice.",
    )
    no_incident: tuple[str, ...] = Field(
        ("report_untyped", "territory_control", "aircraft_position"),
        description="Kinds that are no incident by themselves.",
    )
