"""Fetching UCDP GED: the API with a token, by release; and the monthly candidate files, which need no key."""

from datetime import date
from typing import Any

from pydantic import Field

from servanda.sources.fetching import (
    PAGE,
    Ask,
    Download,
    Fetch,
    Key,
    Pages,
    Parameters,
    Rate,
    Request,
    is_over,
    listed,
    months,
)

API = "https://ucdpapi.pcr.uu.se/api/gedevents/"
CANDIDATE = "https://ucdp.uu.se/downloads/candidateged/GEDEvent_v{year}_0_{month}.csv"
PAGE_ROWS = 1000
"""Most rows that the provider gives at once."""


class UcdpParameters(Parameters):
    """Which releases of the API to fetch."""

    releases: tuple[str, ...] = Field(min_length=1)
    """Such as 25.1 (yearly) or 26.0.9 (candidate events of a month)."""
    country: tuple[int, ...] = ()
    """Gleditsch-Ward numbers; empty: the world."""
    since: date | None = None
    """First day on which an event may end."""
    until: date | None = None
    """Last day on which an event may start."""


class CandidateParameters(Parameters):
    """Which monthly candidate files to fetch."""

    since: date
    """The first month."""
    again_days: int = Field(120, ge=0)
    """A month's file is asked for again until so long after the month has ended."""


def plan(ask: Ask) -> tuple[Download, ...]:
    """One paged request for every release; a release does not change."""
    query: UcdpParameters = ask.parameters
    params = [("pagesize", str(PAGE_ROWS)), ("page", "1")]
    params += [("Country", ",".join(map(str, query.country)))] if query.country else []
    params += [("StartDate", query.since.isoformat())] if query.since else []
    params += [("EndDate", query.until.isoformat())] if query.until else []
    headers = {"x-ucdp-access-token": "${UCDP_ACCESS_TOKEN}"}
    return tuple(
        Download(
            Request(API + release, tuple(params), headers),
            f"ucdp_{release}_{PAGE}.json",
            "json",
            Pages(_count, _follow),
            settled=True,
        )
        for release in query.releases
    )


def _count(page: Any) -> int:
    return len(listed(page, "Result", lambda p: p.get("Message") or p.get("message") or p.get("error")))


def _follow(page: Any, request: Request, number: int) -> Request | None:
    del number
    following = page.get("NextPageUrl")
    return Request(str(following), (), request.headers) if following else None


def plan_candidate(ask: Ask) -> tuple[Download, ...]:
    """One file for every month; a month that is not out yet is no mistake."""
    query: CandidateParameters = ask.parameters
    return tuple(
        Download(
            Request(CANDIDATE.format(year=month.year % 100, month=month.month)),
            f"ucdp_candidate_{month:%Y%m}.csv",
            "csv",
            settled=is_over(month, ask.now, query.again_days + 31),
            may_lack=True,
            header=("id", "type_of_violence", "date_start"),
        )
        for month in months(query.since, ask.now)
    )


FETCH = Fetch(
    name="ucdp",
    title="UCDP API, georeferenced events by release",
    asks="An access token, free of charge, from the maintainers of the API. Cite UCDP as its download page says.",
    url="https://ucdp.uu.se/apidocs/",
    rate=Rate(1.0, "5,000 requests a day; 1,000 rows a page."),
    keys=(Key("UCDP_ACCESS_TOKEN", "token for the header x-ucdp-access-token"),),
    parameters=UcdpParameters,
    plan=plan,
    example="ucdp_25.1_p001.json",
)
CANDIDATES = Fetch(
    name="ucdp_candidate",
    title="UCDP candidate events, monthly files for the world",
    asks="No key. Candidate events are revised by the yearly release. Cite UCDP as its download page says.",
    url="https://ucdp.uu.se/downloads/",
    rate=Rate(1.0, "None is stated."),
    parameters=CandidateParameters,
    plan=plan_candidate,
    example="ucdp_candidate_202504.csv",
)
