"""Fetching alerts.in.ua: the alerts of the last month, region by region."""

from typing import Any, Literal

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
    listed,
    stamp,
)

HISTORY = "https://api.alerts.in.ua/v1/regions/{region}/alerts/{period}.json"


class AlertsInUaParameters(Parameters):
    """Which regions."""

    regions: tuple[int, ...] = Field(min_length=1)
    """Numbers of regions as alerts.in.ua gives them (uid)."""
    period: Literal["day_ago", "week_ago", "month_ago"] = "month_ago"
    """Pull more often than this period lasts, or alerts are lost."""


def plan(ask: Ask) -> tuple[Download, ...]:
    """The history of every region, as it is now; each answer that differs is a file of its own."""
    query: AlertsInUaParameters = ask.parameters
    headers = {"Authorization": "Bearer ${ALERTS_IN_UA_TOKEN}"}
    return tuple(
        Download(
            Request(HISTORY.format(region=region, period=query.period), headers=headers),
            f"alerts_{region}_{stamp(ask.now)}_{PAGE}.json",
            "json",
            Pages(_count, lambda page, request, number: None),
            poll=True,
        )
        for region in query.regions
    )


def _count(page: Any) -> int:
    return len(listed(page, "alerts", lambda p: p.get("message")))


FETCH = Fetch(
    name="alerts_in_ua",
    title="alerts.in.ua API, alerts of the last day, week or month by region (JSON, for the source feed)",
    asks="A token, asked for by a form, and a link to alerts.in.ua where the data are shown.",
    url="https://devs.alerts.in.ua/",
    rate=Rate(31.0, "2 requests a minute for the history of regions."),
    keys=(Key("ALERTS_IN_UA_TOKEN", "token of the API"),),
    parameters=AlertsInUaParameters,
    plan=plan,
    example="alerts_22_20250419T180000Z_p001.json",
)
