"""How verdicts and watches look and what they, kinds and groups of kinds are called in a language."""

from dataclasses import dataclass

from servanda.findings import Verdict
from servanda.kinds import lineage, tree
from servanda.report.data import KindGroup
from servanda.report.language import Catalogue
from servanda.tables import WATCH_STATUS


@dataclass(frozen=True)
class VerdictStyle:
    """A verdict as a colour (Okabe and Ito) and, by its name, a shape and a word; never by colour alone."""

    colour: str
    tint: str
    mark: str
    """One character for plain text."""


STYLES: dict[Verdict, VerdictStyle] = {
    "broken": VerdictStyle("#D55E00", "#FBE9DC", "✕"),
    "exempt": VerdictStyle("#0072B2", "#E1EEF6", "§"),
    "alleged": VerdictStyle("#E69F00", "#FCF1DA", "◐"),
    "kept": VerdictStyle("#009E73", "#DEF2EB", "✓"),
    "unverifiable": VerdictStyle("#5F6770", "#EDEEF0", "?"),
    "pending": VerdictStyle("#5F6770", "#F6F6F4", "…"),
}
STATUSES = WATCH_STATUS
"""In the order in which the report lists them."""


def verdict_word(words: Catalogue, verdict: str) -> str:
    return words.say(f"verdicts.{verdict}")


def kind_label(words: Catalogue, kind: str) -> str:
    return words.say(f"kinds.{kind}") if kind in tree() else kind


def group_label(words: Catalogue, group: KindGroup) -> str:
    """What the group is called; its name where the catalogue does not know it."""
    return words.say(f"groups.{group.name}") if words.knows(f"groups.{group.name}") else group.name


def group_of(kind: str, groups: tuple[KindGroup, ...]) -> KindGroup:
    """The group of the nearest ancestor that is listed; the last group where none is."""
    for ancestor in lineage(kind) if kind in tree() else ():
        for group in groups:
            if ancestor in group.kinds:
                return group
    return groups[-1]
