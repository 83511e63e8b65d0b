"""What a form takes from an agreement: its kinds, zones, places, units and questions, over all its versions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from servanda.agreement.resolved import Agreement, Term
from servanda.kinds import lineage, tree
from servanda.sources.odk_form import UNITS, Check

ALWAYS = "access_denial"
"""Kinds that a patrol may always have to report: it happens to the patrol itself."""


@dataclass(frozen=True)
class Agreed:
    """``kinds``: all that can be chosen, in order of the tree; ``asked``: their tops. Zones, places: id to label.

    ``questions``: every yes-or-no question with the term that it is about.
    """

    kinds: tuple[str, ...]
    asked: tuple[str, ...]
    zones: dict[str, str]
    places: dict[str, str]
    units: tuple[str, ...]
    questions: tuple[tuple[Check, Term], ...]
    parties: dict[str, str]


def agreed(agreement: Agreement) -> Agreed:
    """What any version of the agreement names: a form in use must not lack what comes into force next week."""
    terms = list({t.term_id: t for v in agreement.versions for t in v.terms}.values())
    tops = _tops({ALWAYS, *(k for t in terms for k in _kinds(t))})
    every = {zone_id: zone.label or zone_id for v in agreement.versions for zone_id, zone in v.zones.items()}
    named = dict.fromkeys(t.zone for v in agreement.versions for t in v.terms if t.zone)
    limits = [t.limit.unit for t in terms if t.limit and t.limit.unit]
    return Agreed(
        tuple(k for k in tree() if set(lineage(k)) & set(tops)),
        tops,
        {z: every[z] for z in named},
        {z: label for z, label in every.items() if z not in named},
        tuple(dict.fromkeys([*limits, *UNITS])),
        tuple(_questions(terms)),
        {p.party_id: p.name for p in agreement.parties if p.role == "party"},
    )


def _kinds(term: Term) -> frozenset[str]:
    """What would bear on the term: of a guarantee, what its guarantors must do."""
    return term.kinds | (frozenset(term.guarantee.must) if term.guarantee else frozenset())


def _tops(kinds: Iterable[str]) -> tuple[str, ...]:
    """Those of ``kinds`` that lie below no other, in order of the tree."""
    wanted = set(kinds)
    return tuple(k for k in tree() if k in wanted and not set(lineage(k)[1:]) & wanted)


def group_of(kind: str) -> str:
    """The choice that leads to ``kind``: its ancestor second from the top where that has kinds below, else the top."""
    way = lineage(kind)
    second = way[-2] if len(way) > 1 else way[-1]
    return second if any(k.parent == second for k in tree().values()) else way[-1]


def _questions(terms: Iterable[Term]) -> Iterable[tuple[Check, Term]]:
    """A question for each term that requires or limits something, under a name that XForms allow, each its own."""
    used: set[str] = set()
    for term in terms:
        if term.obligation is None and term.limit is None:
            continue
        name = stem = re.sub(r"\W", "_", term.term_id, flags=re.ASCII)
        number = 2
        while name in used:
            name, number = f"{stem}_{number}", number + 1
        used.add(name)
        kinds = term.obligation.kinds if term.obligation else term.kinds
        kind = next(k for k in tree() if k in kinds)
        if term.limit is None:
            yield Check(name, "require", kind, term.zone or ""), term
        else:
            yield Check(name, "limit", kind, term.zone or "", term.limit.max, term.limit.unit), term
