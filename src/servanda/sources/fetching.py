"""How a provider's data are fetched: requests as a pure function of parameters and time. Nothing here does I/O.

A key never stands in a request. Its place is held by ``${NAME}``, the name of an environment variable, and is
filled when the bytes leave; so plans, files, states and messages made of requests cannot hold a secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Holds = Literal["csv", "json", "xml", "zip", "gzip", "any"]
PAGE = "{page}"
"""In a file name: where the number of the page goes."""


class Parameters(BaseModel):
    """What a mission may write under ``query``; each fetch adds its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NotData(ValueError):
    """An answer that is no data: the provider's own words for why."""


@dataclass(frozen=True)
class Key:
    """An environment variable that a fetch needs."""

    name: str
    what: str
    needed: bool = True


@dataclass(frozen=True)
class Rate:
    """Least seconds between two requests to one host, and the limit that the provider states."""

    every_s: float
    stated: str


@dataclass(frozen=True)
class Request:
    """One HTTP request; with ``form`` or ``json`` a POST, else a GET."""

    url: str
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Pages:
    """How answers in JSON follow each other."""

    count: Callable[[Any], int]
    """Records on a page. Raises NotData when the provider says no in the body."""
    follow: Callable[[Any, Request, int], Request | None]
    """The request after this page (its content, its request, its number from 1); None: it was the last."""


@dataclass(frozen=True)
class Download:
    """One request and the file that its answer becomes; with ``pages`` one file for every page."""

    request: Request
    file: str
    """Name below the folder of the feed."""
    holds: Holds
    pages: Pages | None = None
    settled: bool = False
    """It will not change any more: once fetched it is not asked for again."""
    may_lack: bool = False
    """Not found means that there is nothing for this period (yet)."""
    poll: bool = False
    """Its name holds the moment of the pull; an answer that says the same as an earlier one is not kept again."""
    header: tuple[str, ...] = ()
    """Words that the first line must hold."""


@dataclass(frozen=True)
class Ask:
    """What a plan hangs on. ``since``: start of the last pull that was complete; None: never. Times are UTC."""

    parameters: Any
    now: datetime
    since: datetime | None


@dataclass(frozen=True)
class Login:
    """Keys for a token that lasts some minutes; it is held in memory only."""

    request: Request
    field: str
    """Field of the JSON answer that holds the token."""
    header: str = "Authorization"
    form: str = "Bearer {}"


@dataclass(frozen=True)
class Fetch:
    """One way to fetch data of a provider. ``plan`` and ``login`` are pure."""

    name: str
    title: str
    asks: str
    """What the provider asks of those who fetch."""
    url: str
    """Where the provider documents it."""
    rate: Rate
    parameters: type[Parameters]
    plan: Callable[[Ask], tuple[Download, ...]]
    example: str
    """A file name that it gives, for the check that the feed's ``path`` reads it."""
    keys: tuple[Key, ...] = ()
    login: Callable[[Any], Login | None] = lambda _: None


def stamp(moment: datetime) -> str:
    """A moment in a file name: 20250419T180000Z."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def days(first: date, now: datetime) -> tuple[date, ...]:
    """Every UTC day from ``first`` to that of ``now``."""
    last = now.astimezone(UTC).date()
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def months(first: date, now: datetime) -> tuple[date, ...]:
    """The first day of every UTC month from that of ``first`` to that of ``now``."""
    last = now.astimezone(UTC).date()
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return tuple(
        date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)
    )


def is_over(last_day: date, now: datetime, again_days: int) -> bool:
    """Did this UTC day end more than ``again_days`` ago?"""
    return (now.astimezone(UTC).date() - last_day).days > again_days


def window_start(ask: Ask, first: datetime, again: timedelta) -> datetime:
    """From when to ask: everything at first, then from the last complete pull, less what providers still revise."""
    return first if ask.since is None else max(first, ask.since - again)


def utc(day: date) -> datetime:
    """Midnight UTC at the start of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def listed(page: Any, name: str, error: Callable[[Mapping[str, Any]], object]) -> list[Any]:
    """The list ``name`` of a JSON answer. Raises NotData with what ``error`` finds in an answer that lacks it."""
    if not isinstance(page, dict):
        raise NotData(f"The answer is a JSON {type(page).__name__}, not an object with '{name}'.")
    found = page.get(name)
    if not isinstance(found, list):
        raise NotData(f"The answer has no list '{name}'. It says: {error(page) or sorted(page)}.")
    return found
