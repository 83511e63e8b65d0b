"""Fetching what patrols sent: ODK Central (CSV) and KoboToolbox (JSON of the API, version 2)."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import Field

from servanda.sources.fetching import (
    PAGE,
    Ask,
    Download,
    Fetch,
    Key,
    Login,
    Pages,
    Parameters,
    Rate,
    Request,
    listed,
    stamp,
    utc,
    window_start,
)

PAGE_ROWS = 1000
"""Most submissions that KoboToolbox gives at once, since March 2026."""


class CentralParameters(Parameters):
    """Which form of which server."""

    server: str
    """Such as https://odk.example.org."""
    project: int
    """Its number on the server."""
    form: str
    """xmlFormId of the form."""
    since: date | None = None
    """First day of submission; None: all."""
    again_days: int = Field(2, ge=0)
    """Submissions sent or edited so long before the last pull are asked for again."""
    repeats: bool = False
    """Fetch the zip with the tables of repeats, instead of the main table alone."""


class KoboParameters(Parameters):
    """Which form of which server."""

    asset: str
    """uid of the form."""
    server: str = "https://kf.kobotoolbox.org"
    since: date | None = None
    """First day of submission; None: all."""
    again_days: int = Field(14, ge=0)
    """Submissions sent so long before the last pull are asked for again: they may have been edited."""


def plan_central(ask: Ask) -> tuple[Download, ...]:
    """Submissions sent or edited since the last complete pull."""
    query: CentralParameters = ask.parameters
    base = f"{query.server.rstrip('/')}/v1/projects/{query.project}/forms/{quote(query.form, safe='')}"
    start = _start(ask, query.since, query.again_days)
    params = [("attachments", "false")] if query.repeats else []
    if start is not None:
        moment = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        params.append(("$filter", f"__system/submissionDate ge {moment} or __system/updatedAt ge {moment}"))
    name = "submissions.csv.zip" if query.repeats else "submissions.csv"
    file = f"odk_{stamp(ask.now)}.{'zip' if query.repeats else 'csv'}"
    return (Download(Request(f"{base}/{name}", tuple(params)), file, "zip" if query.repeats else "csv", poll=True),)


def login_central(parameters: CentralParameters) -> Login:
    """A session of a web user, 24 hours."""
    body = {"email": "${ODK_EMAIL}", "password": "${ODK_PASSWORD}"}
    return Login(Request(f"{parameters.server.rstrip('/')}/v1/sessions", json=body), "token")


def plan_kobo(ask: Ask) -> tuple[Download, ...]:
    """Submissions sent since the last complete pull, in pages."""
    query: KoboParameters = ask.parameters
    start = _start(ask, query.since, query.again_days)
    params = [("limit", str(PAGE_ROWS)), ("start", "0"), ("sort", '{"_id":1}')]
    if start is not None:
        moment = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        params.append(("query", json.dumps({"_submission_time": {"$gte": moment}})))
    url = f"{query.server.rstrip('/')}/api/v2/assets/{quote(query.asset, safe='')}/data.json"
    request = Request(url, tuple(params), {"Authorization": "Token ${KOBO_TOKEN}"})
    return (Download(request, f"kobo_{stamp(ask.now)}_{PAGE}.json", "json", Pages(_count, _follow), poll=True),)


def _start(ask: Ask, since: date | None, again_days: int) -> datetime | None:
    """From when to ask; None: everything."""
    if since is None:
        return None if ask.since is None else ask.since - timedelta(days=again_days)
    return window_start(ask, utc(since), timedelta(days=again_days))


def _count(page: Any) -> int:
    return len(listed(page, "results", lambda p: p.get("detail")))


def _follow(page: Any, request: Request, number: int) -> Request | None:
    del number
    following = page.get("next")
    return Request(str(following), (), request.headers) if following else None


CENTRAL = Fetch(
    name="odk_central",
    title="ODK Central, submissions of one form",
    asks="It is the mission's own server. Use a web user with the role Project Viewer and nothing more.",
    url="https://docs.getodk.org/central-api-submission-management/",
    rate=Rate(1.0, "The server's own."),
    keys=(Key("ODK_EMAIL", "e-mail of a web user"), Key("ODK_PASSWORD", "its password")),
    parameters=CentralParameters,
    plan=plan_central,
    login=login_central,
    example="odk_20250419T180000Z.csv",
)
KOBO = Fetch(
    name="kobo",
    title="KoboToolbox API, submissions of one form",
    asks="An account that may view the form. Pages of at most 1,000 submissions.",
    url="https://support.kobotoolbox.org/api.html",
    rate=Rate(1.0, "No figure is published; 1,000 submissions a page."),
    keys=(Key("KOBO_TOKEN", "API key of the account"),),
    parameters=KoboParameters,
    plan=plan_kobo,
    example="kobo_20250419T180000Z_p001.json",
)
