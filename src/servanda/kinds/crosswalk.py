"""Other code books in our kinds. Each is a data file, ``crosswalk_<name>.csv``: code, label, kind, note.

A code with an empty kind is known and is no event (an export leak, a topic). A code that is not in the file is
unknown: it is never given a default.
"""

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

from servanda.kinds import tree

CROSSWALKS = ("acled", "osce", "plover", "ucdp", "viina")


@dataclass(frozen=True)
class Code:
    """One category of a provider; ``kind`` is empty when it is no event."""

    code: str
    label: str
    kind: str
    note: str


@cache
def codes(name: str) -> dict[str, Code]:
    """Every code of a code book, in file order. Raises ValueError for an unknown code book."""
    if name not in CROSSWALKS:
        raise ValueError(f"There is no crosswalk {name!r}. Mend: use one of {', '.join(CROSSWALKS)}.")
    text = resources.files("servanda.kinds").joinpath(f"crosswalk_{name}.csv").read_text("utf-8")
    return {row["code"]: Code(**row) for row in csv.DictReader(text.splitlines())}


def crosswalk(name: str) -> dict[str, str]:
    """Kind by code, without the codes that are no event."""
    return {c.code: c.kind for c in codes(name).values() if c.kind}


def not_events(name: str) -> frozenset[str]:
    """Codes that the provider uses and that are no event."""
    return frozenset(c.code for c in codes(name).values() if not c.kind)


def kind_of(name: str, code: str) -> str:
    """The kind of one code; empty when it is no event. Raises ValueError, with a suggestion, when it is unknown."""
    book = codes(name)
    if code not in book:
        raise ValueError(unknown(code, tuple(book), f"code of {name}"))
    return book[code].kind


def unknown(word: str, known: tuple[str, ...], what: str) -> str:
    """The message for a word that is not one of ``known``, with the nearest ones."""
    near = get_close_matches(word.lower(), known, n=3, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return f"{word!r} is no {what}.{hint}"


def unknown_kind(kind: str) -> str:
    """The message for a kind that the tree does not hold, with the nearest ones and how to mend."""
    return unknown(kind, tuple(tree()), "kind") + " Map it under 'kinds' in the mission file."
