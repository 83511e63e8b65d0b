"""The tree of kinds: what can happen, as data (``kinds.csv``), with crosswalks to other code books.

A kind is a short name, unique in the tree. A term about a kind is about everything below it.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Kind:
    """One node of the tree; ``parent`` is empty for a root."""

    kind: str
    parent: str
    label: str
    definition: str


@cache
def tree() -> dict[str, Kind]:
    """Every kind by name, in the order of the data file."""
    text = resources.files(__package__).joinpath("kinds.csv").read_text("utf-8")
    return {row["kind"]: Kind(**row) for row in csv.DictReader(text.splitlines())}


@cache
def lineage(kind: str) -> tuple[str, ...]:
    """``kind`` and all its ancestors, nearest first. Raises KeyError for an unknown kind."""
    node = tree()[kind]
    return (kind, *lineage(node.parent)) if node.parent else (kind,)


@cache
def leaves(kind: str) -> frozenset[str]:
    """The leaves below ``kind``; the kind itself when it is a leaf."""
    below = [k.kind for k in tree().values() if k.parent == kind]
    return frozenset().union(*map(leaves, below)) if below else frozenset({kind})


@cache
def share(kind: str, of: frozenset[str]) -> float:
    """Chance that an incident known only as ``kind`` is one of the kinds ``of`` or below them.

    1 when ``kind`` is one of them or below one; otherwise the share of its leaves that are,
    every leaf counting alike because nothing better is known.
    """
    if set(lineage(kind)) & of:
        return 1.0
    wanted = frozenset().union(*map(leaves, of)) if of else frozenset()
    mine = leaves(kind)
    return len(mine & wanted) / len(mine)
