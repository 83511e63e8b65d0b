"""Fetching NASA FIRMS: the area API with a MAP_KEY, one file for every product and day."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from servanda.sources.fetching import Ask, Download, Fetch, Key, Parameters, Rate, Request, days, is_over

AREA = "https://firms.modaps.eosdis.nasa.gov/api/area/csv/${FIRMS_MAP_KEY}"
Product = Literal[
    "MODIS_NRT",
    "MODIS_SP",
    "VIIRS_SNPP_NRT",
    "VIIRS_SNPP_SP",
    "VIIRS_NOAA20_NRT",
    "VIIRS_NOAA20_SP",
    "VIIRS_NOAA21_NRT",
]


class FirmsParameters(Parameters):
    """Where, when and which satellites."""

    box: Annotated[tuple[float, float, float, float], Field(description="West, south, east, north, degrees.")]
    since: date
    """First UTC day. The near-real-time products reach back about two months; older days are in the _SP products."""
    products: tuple[Product, ...] = ("MODIS_NRT", "VIIRS_SNPP_NRT", "VIIRS_NOAA20_NRT", "VIIRS_NOAA21_NRT")
    again_days: int = Field(3, ge=0)
    """A day is asked for again so long after it: late passes and corrections still come in."""

    @field_validator("box")
    @classmethod
    def _is_box(cls, value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        west, south, east, north = value
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("the box must be west, south, east, north in degrees")
        return value


def plan(ask: Ask) -> tuple[Download, ...]:
    """One small file for every product and UTC day."""
    query: FirmsParameters = ask.parameters
    box = ",".join(f"{edge:g}" for edge in query.box)
    return tuple(
        Download(
            Request(f"{AREA}/{product}/{box}/1/{day.isoformat()}"),
            f"firms_{product}_{day:%Y%m%d}.csv",
            "csv",
            settled=is_over(day, ask.now, query.again_days),
            header=("latitude", "longitude", "acq_date"),
        )
        for day in days(query.since, ask.now)
        for product in query.products
    )


FETCH = Fetch(
    name="firms",
    title="NASA FIRMS area API, thermal anomalies by day",
    asks="A free MAP_KEY. Acknowledge NASA FIRMS; do not use for the preservation of life or property.",
    url="https://firms.modaps.eosdis.nasa.gov/api/area/",
    rate=Rate(0.2, "5,000 transactions in 10 minutes for one MAP_KEY; at most 5 days a request."),
    keys=(Key("FIRMS_MAP_KEY", "key from firms.modaps.eosdis.nasa.gov/api/map_key"),),
    parameters=FirmsParameters,
    plan=plan,
    example="firms_VIIRS_SNPP_NRT_20250419.csv",
)
