"""Fetching ACLED: OAuth with the e-mail and password of a myACLED account, events edited since the last pull."""

from datetime import date, timedelta
from typing import Any

from pydantic import Field

from servanda.sources.fetching import (
    PAGE,
    Ask,
    Download,
    Fetch,
    Key,
    Login,
    NotData,
    Pages,
    Parameters,
    Rate,
    Request,
    listed,
    stamp,
    utc,
    window_start,
)

READ = "https://acleddata.com/api/acled/read"
TOKEN = "https://acleddata.com/oauth/token"
PAGE_ROWS = 5000
"""Most rows that the provider gives at once."""


class AcledParameters(Parameters):
    """What of ACLED to fetch."""

    country: tuple[str, ...] = Field(min_length=1)
    """Names of countries as ACLED writes them."""
    since: date
    """First event date."""
    again_days: int = Field(7, ge=0)
    """Events edited so long before the last pull are asked for again: the data come out once a week."""


def plan(ask: Ask) -> tuple[Download, ...]:
    """One paged request: all events at first, later those edited since the last complete pull."""
    query: AcledParameters = ask.parameters
    params = [
        ("_format", "json"),
        ("country", ":OR:country=".join(query.country)),
        ("event_date", f"{query.since.isoformat()}|{ask.now.date().isoformat()}"),
        ("event_date_where", "BETWEEN"),
        ("limit", str(PAGE_ROWS)),
        ("page", "1"),
    ]
    if ask.since is not None:
        edited = window_start(ask, utc(query.since), timedelta(days=query.again_days))
        params.append(("timestamp", str(int(edited.timestamp()))))
    request = Request(READ, tuple(params))
    return (Download(request, f"acled_{stamp(ask.now)}_{PAGE}.json", "json", Pages(_count, _follow), poll=True),)


def _rows(page: Any) -> list[Any]:
    rows = listed(page, "data", lambda p: p.get("message") or p.get("error_description") or p.get("error"))
    if page.get("success") is False or page.get("status") not in (None, 200, "200"):
        raise NotData(f"ACLED says: {page.get('message') or page.get('error') or page.get('status')}.")
    return rows


def _count(page: Any) -> int:
    return len(_rows(page))


def _follow(page: Any, request: Request, number: int) -> Request | None:
    if len(_rows(page)) < PAGE_ROWS:
        return None
    return Request(request.url, tuple((k, str(number + 1) if k == "page" else v) for k, v in request.params))


def login(parameters: AcledParameters) -> Login:
    """A token for 24 hours."""
    del parameters
    form = {
        "username": "${ACLED_EMAIL}",
        "password": "${ACLED_PASSWORD}",
        "grant_type": "password",
        "client_id": "acled",
        "scope": "authenticated",
    }
    return Login(Request(TOKEN, form=form), "access_token")


FETCH = Fetch(
    name="acled",
    title="ACLED API, events by country",
    asks="A myACLED account; its access level sets how recent and how detailed the events are. Cite ACLED with the "
    "date of access, do not pass the data on, and ask for a licence before commercial use.",
    url="https://acleddata.com/api-documentation/getting-started",
    rate=Rate(1.0, "No figure is published; 5,000 rows a page."),
    keys=(
        Key("ACLED_EMAIL", "e-mail of the myACLED account"),
        Key("ACLED_PASSWORD", "its password"),
    ),
    parameters=AcledParameters,
    plan=plan,
    login=login,
    example="acled_20250419T180000Z_p001.json",
)
