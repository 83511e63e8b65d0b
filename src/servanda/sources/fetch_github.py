"""Fetching what providers publish as files on GitHub: VIINA months, alert data sets, DeepState polygons."""

from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from servanda.sources.fetching import Ask, Download, Fetch, Parameters, Rate, Request, days, is_over, months

RAW = "https://raw.githubusercontent.com/"
RATE = Rate(0.5, "GitHub states no figure for raw files and answers 429 to those who ask too often.")
LIMITS = "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"


class ViinaParameters(Parameters):
    """Which months of the re-export of VIINA in six columns."""

    since: date
    """The first month."""
    repository: str = "scott4ai/ukraine-fire-tracking/main/viina_data"
    """Owner, repository, branch and folder. VIINA's own yearly archives have another layout."""
    again_days: int = Field(62, ge=0)
    """A month is asked for again so long after it has ended."""


class AlertsParameters(Parameters):
    """Which of the two channels."""

    channel: Literal["official", "volunteer"] = "official"


class DeepStateParameters(Parameters):
    """Which days of the archive."""

    since: date
    again_days: int = Field(3, ge=0)
    """A day is asked for again so long after it; a day without a file is not asked for later."""


def plan_viina(ask: Ask) -> tuple[Download, ...]:
    """One file for every month."""
    query: ViinaParameters = ask.parameters
    return tuple(
        Download(
            Request(f"{RAW}{query.repository}/viina_incidents_{month:%Y%m}.csv"),
            f"viina_incidents_{month:%Y%m}.csv",
            "csv",
            settled=is_over(month + timedelta(days=31), ask.now, query.again_days),
            may_lack=True,
            header=("datetime", "lon", "lat"),
        )
        for month in months(query.since, ask.now)
    )


def plan_alerts(ask: Ask) -> tuple[Download, ...]:
    """One file that grows."""
    query: AlertsParameters = ask.parameters
    name = f"{query.channel}_data_en.csv"
    url = f"{RAW}Vadimkin/ukrainian-air-raid-sirens-dataset/main/datasets/{name}"
    return (Download(Request(url), name, "csv", header=("started_at", "finished_at")),)


def plan_deepstate(ask: Ask) -> tuple[Download, ...]:
    """One file for every day; some days have none."""
    query: DeepStateParameters = ask.parameters
    folder = f"{RAW}cyterat/deepstate-map-data/main/data/"
    names = {day: f"deepstatemap_data_{day:%Y%m%d}.geojson" for day in days(query.since, ask.now)}
    return tuple(
        Download(Request(folder + name), name, "json", settled=is_over(day, ask.now, query.again_days), may_lack=True)
        for day, name in names.items()
    )


VIINA = Fetch(
    name="viina",
    title="VIINA, monthly re-export in six columns, from GitHub",
    asks="Open Database Licence: name VIINA and share adaptations alike. No key.",
    url="https://github.com/zhukovyuri/VIINA",
    rate=RATE,
    parameters=ViinaParameters,
    plan=plan_viina,
    example="viina_incidents_202504.csv",
)
ALERTS = Fetch(
    name="alerts",
    title="Air-raid alerts, official or volunteer channel, from GitHub",
    asks="MIT licence: name the data set. No key.",
    url="https://github.com/Vadimkin/ukrainian-air-raid-sirens-dataset",
    rate=RATE,
    parameters=AlertsParameters,
    plan=plan_alerts,
    example="official_data_en.csv",
)
DEEPSTATE = Fetch(
    name="deepstate",
    title="DeepState polygons, daily archive on GitHub",
    asks="The map states no open licence: keep the files to yourself and name DeepStateMap. No key.",
    url="https://github.com/cyterat/deepstate-map-data",
    rate=RATE,
    parameters=DeepStateParameters,
    plan=plan_deepstate,
    example="deepstatemap_data_20250419.geojson",
)
