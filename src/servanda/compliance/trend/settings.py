"""Numbers that decide what a trend may say; set under ``trend`` in the mission file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TrendSettings(BaseModel):
    """Each with its default and where that comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    without_effort: Literal["abstain", "reports"] = Field(
        "abstain",
        description="Where no effort is stated: say nothing, or give the ratio of reports, without rise or fall.",
    )
    min_before_days: float = Field(
        7.0, gt=0, description="With fewer watched days before there is no ratio: a week holds each weekday once."
    )
    min_window_days: float = Field(
        1.0, gt=0, description="With less watched time in the window there is no ratio: a day has every hour once."
    )
    min_count: float = Field(
        5.0, ge=0, description="With fewer events in all there is no ratio (the usual rule for expected counts)."
    )
    weekday_weeks: float = Field(
        4.0, gt=0, description="From so many watched weeks on, weekdays have levels of their own."
    )
    weekday_sd: float = Field(
        0.5, gt=0, description="Standard deviation, as a logarithm, that weekday levels are shrunk by: 0.5 is 65 %."
    )
    dispersion: float = Field(
        0.1, gt=0, description="Where the over-dispersion is shrunk to: daily counts that vary by about 30 % more."
    )
    dispersion_sd: float = Field(
        2.5, gt=0, description="How weakly: standard deviation of its logarithm; 2.5 is 12 times less or more."
    )
    change_days: float = Field(
        365.0, gt=0, description="Change-points are expected so many days apart: rare, unless the series insists."
    )
    change_probability: float = Field(
        0.95, gt=0.5, lt=1, description="A change-point is named from this posterior probability on."
    )
    min_segment_days: float = Field(
        5.0, gt=0, description="Two change-points lie at least so far apart: shorter is a wave, not a level."
    )
    places: int = Field(128, ge=8, description="Places that stand for a zone when effort is added up.")
