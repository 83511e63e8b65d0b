"""What a mission may set for UCDP GED, and the flags that its events carry."""

from typing import Literal

from pydantic import Field, field_validator

from servanda.sources.base import Settings
from servanda.sources.curated import PLACE_FLAGS
from servanda.sources.times import DAY_PRECISION, TIME_FLAGS

DATE_RANGE = "date_range"
SUMMARY = "summary_event"
UNDER_CHECK = "under_check"
DEATHS_DISORDERED = "deaths_disordered"
TWO_EDITIONS = "two_editions"
PLACE_ERROR_M = {1: 1_000.0, 2: 12_500.0, 3: 10_000.0, 4: 45_000.0, 5: 45_000.0, 6: 220_000.0, 7: 45_000.0}
RELEASES = {"yearly": ("1y", "1y6mo"), "monthly": ("1mo", "2mo")}
"""The period that comes out as one, and how long after its start it is out."""
FLAGS = {
    DATE_RANGE: "The day is not known (date_prec 2 to 5): it happened at some time in the interval.",
    SUMMARY: "Taken out of a summary of several events (event_clarity 2).",
    UNDER_CHECK: "The provider is still checking it (code_status).",
    DEATHS_DISORDERED: "low, best and high are not in order: the count spans all three.",
    TWO_EDITIONS: "Another file gives this event id with other content; let 'path' name the newest release only.",
    DAY_PRECISION: TIME_FLAGS[DAY_PRECISION],
    **PLACE_FLAGS,
}


class UcdpSettings(Settings):
    """Settings of UCDP GED. Nobody has measured how many incidents it holds: it starts at one death."""

    date_order: Literal["month_first", "day_first"] = "month_first"
    """How dates with slashes are written. The provider puts the month first; a spreadsheet may have turned them."""
    release: Literal["yearly", "monthly"] = "yearly"
    """When a row without record time was out: the yearly set on 1 July of the next year, the monthly candidate
    events on the first of the month after next. ``latency_h`` overrules it."""
    place_error_m: dict[int, float] = Field(default_factory=lambda: dict(PLACE_ERROR_M))
    """Standard deviation by where_prec. 1: a place; 2: within 25 km of one (half the radius of the disc);
    3, 4, 6: district, region, country, by half the radius of a disc of 1,200, 26,000 and 600,000 km2 (a Ukrainian
    district, region, and the country: set them for smaller or larger ones); 5, 7: a stretch or sea, as a region."""
    region_names: dict[str, str] = Field(default_factory=dict)
    """Their name of a region to its name in the boundary file, where they differ by more than case."""
    max_conflict_deg: float = Field(0.001, ge=0)
    """Coordinates and geom_wkt may differ by rounding, about 100 m; a row where they differ more is set aside."""
    blamed_types: tuple[str, ...] = ("3",)
    """Types of violence of which side A is who did it. In the others both sides fought, and who fired is not coded."""
    watched: tuple[str, ...] = ("armed_activity", "civilian_harm")
    """Kinds of which a published month is a watch."""
    p_detect: float | None = Field(None, ge=0, le=1)
    """Chance that one incident is in the set. None: not known, counts as 0; an incident without a death never is."""
    p_false: float | None = Field(None, ge=0, le=1)
    """Share of events with no incident behind them. None: not known."""

    @field_validator("place_error_m")
    @classmethod
    def _every_class(cls, value: dict[int, float]) -> dict[int, float]:
        if strange := sorted(set(value) - set(PLACE_ERROR_M)):
            raise ValueError(f"where_prec runs from 1 to 7, not {strange[0]}")
        return {**PLACE_ERROR_M, **value}
