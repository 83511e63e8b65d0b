"""The ``pull`` block of a feed: what the mission file says of fetching, checked against the fetches there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from servanda.agreement.messages import did_you_mean
from servanda.sources.fetch_url import FETCH as URL
from servanda.sources.fetch_url import NAMES, PERIODS, filled, places
from servanda.sources.fetching import Fetch, Parameters

Report = Callable[[tuple[str | int, ...], str, str], None]
"""Keeps a mistake: where below the block, what is wrong, how to mend it."""
_EXAMPLE_DAY = date(2025, 4, 19)


class PullEntry(BaseModel):
    """How a feed is fetched: by the name of a fetch (see 'servanda sources'), or from an address."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: str | None = Field(None, alias="from", description="Name of a fetch: see 'servanda sources'.")
    query: dict[str, Any] = Field({}, description="What to ask for: parameters of the fetch.")
    into: str | None = Field(None, description="Folder for its files, below the mission folder; else data/ID.")
    url: str | None = Field(None, description="Address; may hold {day}, {date}, {month} or {year} with 'since'.")
    as_: str | None = Field(None, alias="as", description="File for 'url'; may hold {time}: one file a pull.")
    headers: dict[str, str] = Field({}, description="Headers for 'url', such as {Authorization: 'Token ${MY_TOKEN}'}.")
    since: str | None = Field(None, description="First day, for a 'url' with a day, month or year in it.")
    again_days: int = Field(3, ge=0, description="A period of 'url' is asked for again so long after it.")
    every_s: float | None = Field(None, ge=0, description="Seconds between requests to a host; else the fetch's own.")
    most_mb: float = Field(500, gt=0, description="A file larger than this is refused.")
    least_share: float = Field(
        1.0, ge=0, le=1, description="A file replaces the one before if it has at least this share of its bytes."
    )
    allow_http: bool = Field(False, description="Fetch without encryption, from a server in your own house.")


class PullSettings(BaseModel):
    """How patient 'servanda pull' is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(5, ge=1, description="Tries of one request before a feed is given up for this time.")
    timeout_s: float = Field(60, gt=0, description="Seconds without an answer before a try has failed.")
    longest_wait_s: float = Field(
        120, ge=0, description="A provider that asks to wait longer is asked again by a later pull."
    )


@dataclass(frozen=True)
class Pull:
    """A checked block: the fetch, its parameters, where files go (below the mission folder), and limits."""

    fetch: Fetch
    parameters: Parameters
    into: str
    every_s: float
    most_bytes: int
    least_share: float
    allow_http: bool


def resolve(
    entry: PullEntry, feed_id: str, patterns: tuple[str, ...], known: Mapping[str, Fetch], report: Report
) -> Pull | None:
    """The block with its fetch and parameters. What is wrong goes to ``report``; then the answer may be None."""
    if (entry.from_ is None) == (entry.url is None):
        report((), f"The pull of '{feed_id}' needs either 'from' or 'url'.", "Write one of them.")
        return None
    found = _named(entry, feed_id, known, report) if entry.url is None else _address(entry, report)
    if found is None:
        return None
    fetch, parameters, into, example = found
    if not _inside(into) or not _inside(example):
        report((), f"'{into}/{example}' is not below the mission folder.", "Write a path such as data/name.csv.")
        return None
    name = str(PurePosixPath(into) / example)
    if not any(PurePosixPath(name).match(pattern) for pattern in patterns):
        mend = f"Write a path such as '{PurePosixPath(name).parent}/*{PurePosixPath(name).suffix}'."
        report((), f"The path of '{feed_id}' does not read what is pulled, such as {name}.", mend)
        return None
    every_s = fetch.rate.every_s if entry.every_s is None else entry.every_s
    return Pull(fetch, parameters, into, every_s, int(entry.most_mb * 1e6), entry.least_share, entry.allow_http)


_Found = tuple[Fetch, Parameters, str, str]


def _named(entry: PullEntry, feed_id: str, known: Mapping[str, Fetch], report: Report) -> _Found | None:
    fetch = known.get(str(entry.from_))
    if fetch is None:
        report(("from",), f"There is no fetch '{entry.from_}'.", did_you_mean(str(entry.from_), known))
        return None
    for name in ("as", "headers", "since"):
        if getattr(entry, "as_" if name == "as" else name):
            report((name,), f"'{name}' goes with 'url', not with 'from'.", "Put what you ask for under 'query'.")
    parameters = _parameters(fetch, entry.query, ("query",), report)
    return None if parameters is None else (fetch, parameters, entry.into or f"data/{feed_id}", fetch.example)


def _address(entry: PullEntry, report: Report) -> _Found | None:
    if entry.as_ is None:
        report((), "A pull from an address has no 'as'.", "Name the file, such as 'as: data/name.csv'.")
        return None
    wrong = [
        (field, n)
        for field, text in (("url", entry.url), ("as", entry.as_))
        for n in places(text or "")
        if n not in NAMES
    ]
    for field, name in wrong:
        report((field,), f"'{{{name}}}' stands for nothing.", did_you_mean(name, NAMES))
    if wrong or not _addressed(entry, report):
        return None
    query = {"url": entry.url, "file": entry.as_, "headers": entry.headers, "again_days": entry.again_days}
    parameters = _parameters(URL, query | ({"since": entry.since} if entry.since else {}), (), report)
    example = filled(str(entry.as_), _EXAMPLE_DAY, "20250419T180000Z")
    return None if parameters is None else (URL, parameters, ".", example)


def _addressed(entry: PullEntry, report: Report) -> bool:
    url, file = str(entry.url), str(entry.as_)
    if not url.startswith(("https://", "http://")):
        report(("url",), f"'{url}' is no address.", "Write it as https://…")
    elif url.startswith("http://") and not entry.allow_http:
        mend = "Write https://, or set 'allow_http: true' for a server in your own house."
        report(("url",), "The address is not encrypted: anyone on the way could change the data.", mend)
    elif entry.query:
        report(
            ("query",), "'query' goes with 'from', not with 'url'.", "Put it into the address, after a question mark."
        )
    elif entry.into:
        report(("into",), "'into' goes with 'from', not with 'url'.", "Put the folder into 'as'.")
    elif entry.since and not set(places(file)) & set(PERIODS):
        report(("as",), "Every day would go into the same file.", "Put {day} or {month} into the name.")
    elif not entry.since and set(places(url)) & set(PERIODS):
        report(("url",), "The address names a period, but not since when.", "Add 'since: 2025-02-01'.")
    else:
        return True
    return False


def _parameters(fetch: Fetch, query: Mapping[str, Any], at: tuple[str, ...], report: Report) -> Parameters | None:
    try:
        return fetch.parameters.model_validate(dict(query))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = ".".join(map(str, detail["loc"]))
            mend = f"Write a value that fits; '{fetch.name}' takes {', '.join(fetch.parameters.model_fields)}."
            if detail["type"] == "extra_forbidden":
                mend = did_you_mean(str(detail["loc"][-1]), fetch.parameters.model_fields)
            what = "is missing" if detail["type"] == "missing" else detail["msg"].lower()
            report((*at, *detail["loc"]), f"The parameter '{name}' of '{fetch.name}': {what}.", mend)
        return None


def _inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in path
