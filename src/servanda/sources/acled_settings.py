"""What a mission may set for ACLED, the flags that its events carry, and every column of its formats."""

from pydantic import Field, field_validator

from servanda.sources.base import Fields, Settings
from servanda.sources.curated import DELETED, PLACE_FLAGS, SUPERSEDED, UNINFORMATIVE
from servanda.sources.times import DAY_PRECISION, TIME_FLAGS

WEEK = "week_precision"
MONTH = "month_precision"
CIVILIANS = "civilian_targeting"
PLACE_ERROR_M = {1: 3_000.0, 2: 15_000.0, 3: 50_000.0}
NEEDED = (
    *("event_id_cnty", "event_date", "time_precision", "event_type"),
    *("latitude", "longitude", "geo_precision"),
)
NEEDED_DELETIONS = ("event_id_cnty", "deleted_timestamp")
FLAGS = {
    DAY_PRECISION: TIME_FLAGS[DAY_PRECISION],
    WEEK: "Only the week is known (time_precision 2): seven days around the date.",
    MONTH: "Only the month is known (time_precision 3): the calendar month of the date.",
    CIVILIANS: "The provider says that civilians were the main or only target.",
    SUPERSEDED: "The provider has edited this event since: a later edition of it counts.",
    DELETED: "The provider has taken this event out of its data since.",
    UNINFORMATIVE: "Superseded or deleted: kept as evidence of what was said, and counted nowhere.",
    **PLACE_FLAGS,
}


class AcledSettings(Settings):
    """Settings of ACLED. Nobody has measured how many incidents it holds."""

    access: str = "restricted"
    """ACLED data may not be redistributed: its rows count in a report, and are not printed in it."""
    date_formats: tuple[str, ...] = ("%d/%m/%Y", "%d %B %Y", "%d-%B-%Y")
    """strftime formats beside ISO 8601. Exports by others write the day first; for one that writes the month first:
    ["%m/%d/%Y"]."""
    place_error_m: dict[int, float] = Field(default_factory=lambda: dict(PLACE_ERROR_M))
    """Standard deviation by geo_precision. 1: the town; 2: near it; 3: a region, placed at its chief town.
    Assumptions: half the radius of a large town, of a district and of a region."""
    region_names: dict[str, str] = Field(default_factory=dict)
    """Their name of a region (admin1) to its name in the boundary file, where they differ by more than case."""
    blamed_types: tuple[str, ...] = ("Explosions/Remote violence", "Violence against civilians")
    """Event types of which actor 1 is who did it. In the others the order of the actors means nothing."""
    unnamed: tuple[str, ...] = ("Unidentified",)
    """Actors whose name begins so are nobody named."""
    watched: tuple[str, ...] = ("armed_activity", "civilian_harm", "unrest")
    """Kinds of which a published day is a watch."""
    p_detect: float | None = Field(None, ge=0, le=1)
    """Chance that one incident is in the set. None: not known, counts as 0."""
    p_false: float | None = Field(None, ge=0, le=1)
    """Share of events with no incident behind them. None: not known."""

    @field_validator("place_error_m")
    @classmethod
    def _every_class(cls, value: dict[int, float]) -> dict[int, float]:
        if strange := sorted(set(value) - set(PLACE_ERROR_M)):
            raise ValueError(f"geo_precision runs from 1 to 3, not {strange[0]}")
        return {**PLACE_ERROR_M, **value}


_ACTOR = "the main actors are enough to match a party"
_CODE = "type of actor, a number or since 2024 a word; no party"

FIELDS = Fields(
    used={
        "event_id_cnty": "the event; the same in every edition",
        "event_date": "day, or the middle of the week or month that is known",
        "time_precision": "1 day, 2 week, 3 month",
        "event_type": "kind, where the sub-event type is missing; whether actor 1 did it",
        "sub_event_type": "kind",
        "actor1": "who did it, in one-sided types",
        "civilian_targeting": "flag",
        "admin1": "region, for geo_precision 3",
        "latitude": "degrees",
        "longitude": "degrees",
        "geo_precision": "place error, or a region: 1 town, 2 near it, 3 region",
        "source": "text: which news or observers were read",
        "source_scale": "text: what sort of source that is",
        "notes": "text",
        "fatalities": "at least so many deaths; 0 is none reported, and is no count",
        "timestamp": "last edit, Unix seconds: when this edition could first be known",
        "deleted_timestamp": "in the list of deletions: when the event was taken out",
    },
    ignored={
        "year": "of event_date",
        "disorder_type": "a coarser grouping of event_type; misspelt in some releases (Demostrations)",
        "actor2": "the other side, or the victims",
        "assoc_actor_1": _ACTOR,
        "assoc_actor_2": _ACTOR,
        "inter1": _CODE,
        "inter2": _CODE,
        "interaction": "both types of actor",
        "iso": "the coordinates say where",
        "region": "part of the world",
        "country": "the coordinates say where",
        "admin2": "the coordinates say where",
        "admin3": "the coordinates say where",
        "location": "name of the place; the coordinates say where",
        "tags": "free text without a code book",
        "data_id": "number of the row in older releases",
        "event_id_no_cnty": "the number in event_id_cnty, in older releases",
        "iso3": "country, in older releases",
        **dict.fromkeys(
            ("population_1km", "population_2km", "population_5km", "population_best"), "people who live nearby"
        ),
    },
)
