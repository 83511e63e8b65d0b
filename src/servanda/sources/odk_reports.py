"""A report as every layout gives it: answers as text by path, entries of repeat groups; fields that are not read."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import polars as pl

from servanda.sources.base import Payload
from servanda.tables import QUARANTINE

Answers = dict[str, str]
MEND = "Export it again: from ODK Central as one zip, or the JSON of the API of either server."


@cache
def ignored() -> dict[str, str]:
    """Fields that are not read, each with the reason."""
    return {row["field"]: row["why"] for row in _ignored_rows()}


@cache
def persons() -> frozenset[str]:
    """Fields that name a person or a phone: dropped at once, so that nothing later can show them."""
    return frozenset(row["field"] for row in _ignored_rows() if row["what"] == "person")


def _ignored_rows() -> list[dict[str, str]]:
    text = resources.files("servanda.sources").joinpath("data", "odk_ignored.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Report:
    """One submission. ``row``: its number in the file, from 1. ``answers`` by path, ``entries`` by repeat group."""

    row: int
    answers: Answers
    entries: Mapping[str, list[Answers]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reports:
    """All reports of a file, rows that could not be told apart into answers, and what is to be told."""

    reports: tuple[Report, ...]
    bad: pl.DataFrame = field(default_factory=QUARANTINE.empty)
    notices: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Every question that the file names, also where nobody answered it; JSON leaves unanswered ones out."""
    whole: bool = True
    """Would the entries of the repeat group be in the file, had there been any?"""


def path_of(name: str) -> str:
    """A question with its groups, joined with slashes however the server joins them."""
    return name.replace("-", "/")


def leaf_of(name: str) -> str:
    """A question without its groups."""
    return re.split(r"[-/]", name)[-1]


def not_read(payload: Payload, name: str) -> str:
    return f"{payload.name}: the repeat group {name!r} is not read; 'repeat' names the one that is."
