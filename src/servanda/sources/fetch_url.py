"""Fetching one address: a file that grows, a feed that is polled, or one file for every day or month."""

import re
from datetime import date, timedelta
from pathlib import PurePosixPath

from pydantic import Field

from servanda.sources.fetching import (
    Ask,
    Download,
    Fetch,
    Holds,
    Parameters,
    Rate,
    Request,
    days,
    is_over,
    months,
    stamp,
)

PERIODS = ("day", "date", "month", "year")
"""In an address or file name: 20250419, 2025-04-19, 202504, 2025."""
NAMES = (*PERIODS, "time")
"""``time`` is the moment of the pull, for a feed that forgets: every answer that differs is a file of its own."""
_PLACE = re.compile(r"(?<!\$)\{([^{}]*)\}")
_HOLDS: dict[str, Holds] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".geojson": "json",
    ".xml": "xml",
    ".rss": "xml",
    ".atom": "xml",
    ".zip": "zip",
    ".gz": "gzip",
}


class UrlParameters(Parameters):
    """Where to fetch from and what to call it."""

    url: str
    file: str
    headers: dict[str, str] = Field(default_factory=dict)
    since: date | None = None
    again_days: int = Field(3, ge=0)


def places(text: str) -> list[str]:
    """The names in braces."""
    return _PLACE.findall(text)


def filled(text: str, day: date, time: str) -> str:
    """The text with the names in braces put in."""
    values = {"day": f"{day:%Y%m%d}", "date": day.isoformat(), "month": f"{day:%Y%m}", "year": f"{day:%Y}"}
    values["time"] = time
    return _PLACE.sub(lambda m: values[m[1]], text)


def holds(file: str) -> Holds:
    """What a file must hold, by its suffix."""
    return _HOLDS.get(PurePosixPath(file).suffix.lower(), "any")


def plan(ask: Ask) -> tuple[Download, ...]:
    """One file, or one for every period since the first day."""
    query: UrlParameters = ask.parameters
    now = stamp(ask.now)
    named = [n for n in places(query.url) if n in PERIODS]
    if not named or query.since is None:
        today = ask.now.date()
        request = Request(filled(query.url, today, now), headers=query.headers)
        polled = "time" in places(query.file)
        return (Download(request, filled(query.file, today, now), holds(query.file), poll=polled),)
    daily = {"day", "date"} & set(named)
    every = days(query.since, ask.now) if daily else months(query.since, ask.now)
    if not daily and "month" not in named:
        every = tuple(m for m in every if m.month == 1 or m == every[0])
    length = timedelta(days=0) if daily else timedelta(days=31 if "month" in named else 366)
    return tuple(
        Download(
            Request(filled(query.url, day, now), headers=query.headers),
            filled(query.file, day, now),
            holds(query.file),
            settled=is_over(day + length, ask.now, query.again_days),
            may_lack=True,
        )
        for day in every
    )


FETCH = Fetch(
    name="url",
    title="Any address",
    asks="As its provider asks.",
    url="",
    rate=Rate(1.0, "Not known; the mission may set every_s."),
    parameters=UrlParameters,
    plan=plan,
    example="",
)
