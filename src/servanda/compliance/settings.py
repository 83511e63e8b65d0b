"""Numbers that decide findings and are not in the agreement; set under ``assess`` in the mission file."""

from pydantic import BaseModel, ConfigDict, Field


class AssessSettings(BaseModel):
    """Each with its default and where that comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alleged_probability: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Least chance of any violation for 'alleged'; below it a report is noise (5 % convention).",
    )
    exempt_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Least share of a proven incident under an exemption for 'exempt': more likely than not.",
    )
    presumed_fulfilled: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Chance beforehand that a required act is done in time; one half presumes nothing either way.",
    )
    trigger_probability: float = Field(
        0.5, gt=0, le=1, description="With for_each: least chance of an incident for it to ask: more likely than not."
    )
    trigger_sigmas: float = Field(
        2.0, gt=0, description="With for_each: a point asks this many standard deviations around (2 hold 86 % of it)."
    )
    unstated_p_false: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Share of false reports of a watch that states none: a coin, so that saying nothing never helps.",
    )
    place_points: int = Field(
        256, ge=16, description="Points that stand for an uncertain place; 256 keep the error of a share under 0.02."
    )
    power_places: int = Field(128, ge=8, description="Places that stand for a zone when power is computed.")
    evidence_limit: int = Field(
        200, ge=1, description="Most observation ids a finding lists, weightiest first; the total is in its reasons."
    )
    attribution_prior: float = Field(
        0.5,
        gt=0,
        description="Acts given to each party beforehand when shares of unnamed acts are learned (Jeffreys 1946).",
    )
    record_shape: float = Field(
        0.5,
        gt=0,
        description="Shape of the gamma law, mean 1, of how many times the average of its sources is real of what is "
        "reported of a term (Jeffreys 1946): it may be kept altogether. Large: nothing is learned of that.",
    )
    rate_shape: float = Field(
        0.5, gt=0, description="Shape of the gamma law of a rate of violations beforehand (Jeffreys 1946)."
    )
    rate_memory_days: float = Field(
        14.0, gt=0, description="So many days away, a day says half as much of the rate of violations: a fortnight."
    )
    rate_least_days: float = Field(
        1.0, gt=0, description="Least time looked, in days of a perfect watch, to say what went unseen: one day."
    )
    rate_most_assumed: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Where next to nothing was reported (under rate_least_reported), a chance of something unseen "
        "above this comes of rate_shape alone, and is not told: an estimate must come of evidence.",
    )
    rate_least_reported: float = Field(
        0.05, ge=0, description="Expected violations reported, with the memory above, from which a rate is evidence."
    )
    unseen_confidence: float = Field(0.95, gt=0, lt=1, description="Confidence of the bound on unseen violations.")
