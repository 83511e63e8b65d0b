"""What a mission may set for thermal anomalies, the satellites, and the flags that anomalies carry."""

from functools import cache
from importlib import resources

import polars as pl
from pydantic import Field

from servanda.sources.base import Context, Settings

KIND = "thermal_anomaly"
SEASONAL = "seasonal"
PERMANENT = "permanent_source"
UNUSUAL = "unusual"
NO_BASELINE = "no_baseline"
FLAGS = {
    SEASONAL: "At this place and time of year fires are usual.",
    PERMANENT: "A hot spot in most baseline years: a plant, a flare.",
    UNUSUAL: "Satisfies the rule for fires that ordinary burning does not explain; only these bear on fighting.",
    NO_BASELINE: "No baseline for this time of year, so neither usual nor unusual.",
}


class FirmsSettings(Settings):
    """Settings of thermal anomalies. The rule for unusual fires is The Economist's war-fire model (2023)."""

    p_true: float | None = 0.95
    """That something hot was there; it says nothing of fighting."""
    p_detect: float = 0.3
    """Chance that one pass reports one fire. Cloud is not known here: it is in this number, as an assumption."""
    p_false: float = 0.05
    """Share of reports with nothing hot there (glint, hot roofs). An assumption."""
    unusual_kind: str | None = None
    """Kind to give to unusual anomalies, for a mission that takes them as signs of it; None: they stay anomalies."""
    p_detect_unusual: float = 0.02
    """With ``unusual_kind``: chance that one pass and the rule turn one such incident into a report. An assumption."""
    p_false_unusual: float = 0.5
    """With ``unusual_kind``: share of unusual anomalies that are no such incident. An assumption."""
    reference_lon: float = 31.0
    """Degrees: passes are told in the solar time of this meridian."""
    pass_half_width_min: float = 120.0
    """A place is seen within one orbit (100 minutes) of the nominal pass; old satellites have drifted."""
    snapshot_h: float = 24.0
    """Hours that one line of the coverage file looks back."""
    cell_deg: float = 0.1
    usual_probability: float = 0.05
    """A cell-day is unusual below this chance of a fire in a normal season."""
    least_apart_days: int = 7
    """Two unusual days in a cell at least so far apart make it notable."""
    follow_days: int = 10
    """A fire less than so many days after a notable one belongs to it."""
    season_half_width_days: int = 15
    """Baseline days within so many days of the same day of the year tell how usual a fire is."""
    least_baseline_share: float = Field(0.5, gt=0, le=1)
    """Least share of those days that the baseline must hold to say anything."""
    permanent_cell_deg: float = 0.02
    """About 2 km: two of the coarser sensor's pixels."""
    permanent_years_share: float = 0.8
    """A hot spot in at least this share of the baseline years …"""
    permanent_days: int = 20
    """… on at least so many days in all …"""
    permanent_months: int = 3
    """… and in at least so many months of the year is permanent; a field burns in one or two."""


def settings_of(context: Context) -> FirmsSettings:
    return FirmsSettings.model_validate(context.settings.model_dump())


@cache
def satellites() -> pl.DataFrame:
    """Columns code, satellite, sensor, product, day_pass_h, night_pass_h (mean local solar time)."""
    text = resources.files("servanda.sources").joinpath("data", "satellites.csv").read_bytes()
    return pl.read_csv(text, schema_overrides={"code": pl.String})
