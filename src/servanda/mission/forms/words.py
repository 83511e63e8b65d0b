"""The fixed words of a form in every language that it speaks: data in ``words.csv``, one column for each."""

import csv
from functools import cache
from importlib import resources

LANGUAGES = {"en": "English (en)", "uk": "Ukrainian (uk)", "ru": "Russian (ru)", "fr": "French (fr)"}
"""Columns of the data, and what XLSForm calls the language."""
DEFAULT = "en"

Said = dict[str, str]
"""The same words by language."""


@cache
def _book() -> dict[str, Said]:
    text = resources.files("servanda.mission.forms").joinpath("words.csv").read_text("utf-8")
    return {row["key"]: {code: row[code] for code in LANGUAGES} for row in csv.DictReader(text.splitlines())}


def has(key: str) -> bool:
    return key in _book()


def say(key: str, **values: str) -> Said:
    """The words of ``key`` in every language, with values filled in as they are. Raises KeyError for no such key."""
    return {code: text.format(**values) if values else text for code, text in _book()[key].items()}


def as_written(text: str) -> Said:
    """Words of the agreement: the same in every language."""
    return dict.fromkeys(LANGUAGES, text)
