"""What a mission may set for air-raid alerts, and the flags they carry."""

from typing import Literal

from servanda.sources.base import Context, Settings

KIND = "air_raid_alert"
END_IMPUTED = "end_imputed"
MENDED_PLACE = "mended_place"
UNINFORMATIVE = "uninformative"
FLAGS = {
    END_IMPUTED: "Nobody saw the end: the observation is the instant of the start, its length is unknown.",
    MENDED_PLACE: "Region and district stood in each other's column and were put right.",
    UNINFORMATIVE: "Near an interval longer than any ordinary alert: starts and hours here say nothing.",
}


class AlertsSettings(Settings):
    """Settings of air-raid alerts."""

    p_true: float | None = 0.99
    """That a warning was given; it says nothing of a strike."""
    p_detect: float = 0.95
    """Chance that a warning given in a watched region is in the data. An assumption."""
    p_false: float = 0.01
    """Share of recorded warnings that were never given. An assumption."""
    levels: tuple[Literal["oblast", "raion", "hromada"], ...] | None = None
    """Official layout: what an alert was for. Name one, and the rest is left out with a notice; None: all."""
    max_informative_h: float = 120.0
    """Longer intervals are no alert but a merger of many. The longest ordinary ones observed last about a day."""
    distrust_days: float = 30.0
    """How far on either side of such an interval the same region's rows count as uninformative."""


def settings_of(context: Context) -> AlertsSettings:
    return AlertsSettings.model_validate(context.settings.model_dump())
