"""What the report calls things, and what each verdict means."""

from dataclasses import dataclass

from servanda.findings import Verdict
from servanda.kinds import lineage, tree
from servanda.report.data import KindGroup


@dataclass(frozen=True)
class VerdictStyle:
    """A verdict as a word, a colour (Okabe and Ito) and, by its name, a shape; never by colour alone."""

    word: str
    colour: str
    tint: str
    mark: str
    """One character for plain text."""
    meaning: str


STYLES: dict[Verdict, VerdictStyle] = {
    "broken": VerdictStyle(
        "Broken", "#D55E00", "#FBE9DC", "✕",
        "At least one incident violates the term, proven to the standard of proof that the agreement sets for it.",
    ),
    "exempt": VerdictStyle(
        "Exempt", "#0072B2", "#E1EEF6", "§",
        "What would have broken the term falls under an exemption of the agreement; the clause is cited.",
    ),
    "alleged": VerdictStyle(
        "Alleged", "#E69F00", "#FCF1DA", "◐",
        "Something reported would break the term, but the proof falls short of the standard.",
    ),
    "kept": VerdictStyle(
        "Kept", "#009E73", "#DEF2EB", "✓",
        "Nothing was reported that counts, the period is over, and it would have been seen. A duty: fulfilled.",
    ),
    "unverifiable": VerdictStyle(
        "Unverifiable", "#5F6770", "#EDEEF0", "?",
        "Nothing was reported that counts, but nobody was looking well enough to say that there was nothing.",
    ),
    "pending": VerdictStyle(
        "Pending", "#5F6770", "#F6F6F4", "…",
        "The period or the deadline is not over, and nothing has been found so far.",
    ),
}  # fmt: skip

STATUS_WORDS = {
    "watching": "watching",
    "denied": "access denied",
    "jammed": "jammed",
    "clouded": "clouded",
    "dark": "too dark",
    "offline": "offline",
    "strike": "people stopped work",
}


def kind_label(kind: str) -> str:
    return tree()[kind].label if kind in tree() else kind


def group_of(kind: str, groups: tuple[KindGroup, ...]) -> KindGroup:
    """The group of the nearest ancestor that is listed; the last group where none is."""
    for ancestor in lineage(kind) if kind in tree() else ():
        for group in groups:
            if ancestor in group.kinds:
                return group
    return groups[-1]


def verdict_phrase(verdict: Verdict, leads: bool) -> str:
    """The verdict inside a sentence; ``leads`` when the sentence starts with it."""
    if verdict == "alleged":
        return "alleged to be broken" if leads else "alleged"
    if verdict == "unverifiable":
        return "cannot be verified"
    return "still pending" if verdict == "pending" else verdict
