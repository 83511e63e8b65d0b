"""What a careful reader would ask about an agreement that can run: doubts, not mistakes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from servanda import kinds
from servanda.agreement.check import references
from servanda.agreement.messages import owner
from servanda.agreement.resolved import Agreement, Epoch, Term, Version
from servanda.agreement.zones import Zones, position
from servanda.errors import Problem
from servanda.geo import METRES_PER_DEGREE

FAR_M = 1_000_000.0
"""A zone this far from every other zone of its agreement is more likely mistyped than meant (our choice)."""
COVERED = 0.999
"""Share of an area that must lie in another for it to count as covered: drawings differ in the last digits."""

Level = Literal["warning", "info"]
Observable = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class _Case:
    """One version of an agreement, its zones, and how to speak of it."""

    agreement: Agreement
    version: Version
    zones: Zones
    shapes: dict[str, BaseGeometry] = field(default_factory=dict)

    def note(self, what: str, mend: str, *path: str, level: Level = "warning") -> Problem:
        """A remark on something that holds in this version."""
        full, mark = position(self.agreement, self.version.version, *path)
        return Problem(self.agreement.path, *mark, f"{owner(full)} {what}", mend, level)

    def shape(self, term: Term) -> BaseGeometry | None:
        """Where a term holds at any time in its version, for any party; None: anywhere."""
        if term.zone is None:
            return None
        if term.zone not in self.shapes:
            self.shapes[term.zone] = shapely.union_all([e.geometry for e in self._epochs(term.zone)])
        return self.shapes[term.zone]

    def _epochs(self, zone_id: str) -> list[Epoch]:
        """The epochs of a zone while the version holds; no other is worked out."""
        t_from, t_to = self.version.t_from, self.version.t_to
        return [
            e
            for e in self.zones.epochs(self.version.version, zone_id)
            if (e.t_to is None or e.t_to > t_from) and (e.t_from is None or t_to is None or e.t_from < t_to)
        ]


def lint(agreement: Agreement, zones: Zones, *, observable_kinds: Observable | None = None) -> list[Problem]:
    """Everything doubtful about an agreement, in file order, each with line, column and how to mend it.

    ``observable_kinds``: the kinds that each configured source can report, by source id; None: not known.
    Levels are ``warning``, and ``info`` for what may well be meant.
    """
    found: set[Problem] = set()
    for version in agreement.versions:
        case = _Case(agreement, version, zones)
        found.update(_parties(case), _unused_zones(case), _shapes(case), _times(case), _exemptions(case))
        found.update(_contradictions(case), _readings(case))
        if observable_kinds is not None:
            found.update(_unobservable(case, observable_kinds))
    return sorted(found)


def _parties(case: _Case) -> Iterator[Problem]:
    used = {p for v in case.agreement.versions for t in v.terms for p in t.parties}
    names: dict[str, str] = {}
    for party in case.agreement.parties:
        if party.party_id not in used and party.role != "monitor":
            mend = "Name it in a term; or leave it, so that what it does is not laid to the others; or remove it."
            yield case.note("is not bound by any term.", mend, "parties", party.party_id, level="info")
        for name in sorted(party.names):
            if name in names:
                what = f"and party '{names[name]}' are both called '{name}'."
                yield case.note(what, "Give each its own aliases.", "parties", party.party_id)
            names[name] = party.party_id


def _unused_zones(case: _Case) -> Iterator[Problem]:
    written = {n for v in case.agreement.versions for z in v.zones.values() for _, n in references(z)}
    used = written | {t.zone for v in case.agreement.versions for t in v.terms}
    for zone_id in case.version.zones:
        if zone_id not in used:
            mend = "Use it in a term or in another zone, or remove it."
            yield case.note("is not used.", mend, "zones", zone_id, level="info")


def _shapes(case: _Case) -> Iterator[Problem]:
    """Zones of terms that are empty, are no areas, or lie far from all others."""
    shapes = {t.zone: s for t in case.version.terms if t.zone and (s := case.shape(t)) is not None}
    for zone_id, shape in shapes.items():
        others = [s for other, s in shapes.items() if other != zone_id and not s.is_empty]
        if shape.is_empty:
            yield case.note("is empty: nothing can happen in it.", "Check what it is made from.", "zones", zone_id)
        elif shapely.get_dimensions(shape) < 2:
            mend = "Use 'within: 5 km' and 'of:' it, or the area it is an edge of."
            yield case.note("is a line or a point, and a term needs an area.", mend, "zones", zone_id)
        elif others and min(shapely.distance(shape, o) for o in others) * METRES_PER_DEGREE > FAR_M:
            what = f"lies more than {FAR_M / 1000:.0f} km from every other zone."
            yield case.note(what, "Check that coordinates are [lon, lat].", "zones", zone_id)


def _times(case: _Case) -> Iterator[Problem]:
    start, stop = case.agreement.t_from, case.agreement.t_to
    for term in case.version.terms:
        at = ("terms", term.term_id)
        if not _overlap(term.t_from, term.t_to, start, stop):
            yield case.note("never holds: its window lies outside the in-force window.", "Correct 'window'.", *at)
        deadline = term.obligation.deadline if term.obligation else None
        if deadline and (deadline <= term.t_from or (stop is not None and deadline > stop)):
            side = "before the term starts" if deadline <= term.t_from else "after the agreement ends"
            mend = "Correct the deadline or the in-force window."
            yield case.note(f"has a deadline {side}.", mend, *at, "require", "deadline")
        every = term.obligation.every if term.obligation else None
        if every and term.t_to is not None and term.t_from + every > term.t_to:
            what = "asks for something once in a time that is longer than the term holds."
            yield case.note(what, "Shorten 'every'.", *at, "require", "every")


def _exemptions(case: _Case) -> Iterator[Problem]:
    """Exemptions that exempt from nothing, and terms that an exemption leaves empty."""
    terms = case.version.terms
    for allow in (t for t in terms if t.allow):
        named = allow.allow.exempt_from if allow.allow else ()
        candidates = [t for t in terms if t.type in ("forbid", "limit") and (not named or t.term_id in named)]
        at = ("terms", allow.term_id)
        if not any(_meets(case, allow, t) for t in candidates):
            what = (
                "is an exemption that covers nothing: it shares no kind, place, time and party with a forbid or limit."
            )
            yield case.note(what, "Correct its kinds, zone, window or parties, or remove it.", *at)
        for term in candidates:
            if _covers(case, allow, term):
                what = f"leaves nothing of term '{term.term_id}': all it forbids is exempt."
                yield case.note(what, "Narrow the exemption, or remove the term.", *at)


def _contradictions(case: _Case) -> Iterator[Problem]:
    """What must happen may not: every kind that would fulfil one term breaks another."""
    terms = case.version.terms
    for require in (t for t in terms if t.type == "require"):
        for forbid in (t for t in terms if t.type == "forbid"):
            forbidden = all(kinds.share(kind, forbid.kinds) == 1 for kind in require.kinds)
            if forbidden and _meets(case, require, forbid):
                what = f"requires what term '{forbid.term_id}' forbids, at a place and time and for a party of both."
                mend = "Narrow one of them, or add an 'allow' that exempts from the forbid."
                yield case.note(what, mend, "terms", require.term_id)


def _readings(case: _Case) -> Iterator[Problem]:
    for a, b in combinations(case.version.terms, 2):
        two = a.clause == b.clause and a.reading and b.reading and a.reading != b.reading
        # Terms that share no conduct are parts of a clause, each perhaps with a reading of its own.
        if two and _same_conduct(a, b):
            what = f"and term '{a.term_id}' read clause {a.clause} in two ways: both verdicts will be shown."
            yield case.note(what, "Nothing to mend if both readings are held.", "terms", b.term_id, level="info")


def _unobservable(case: _Case, observable: Observable) -> Iterator[Problem]:
    seen = sorted({kind for found in observable.values() for kind in found})
    for term in case.version.terms:
        asks = term.obligation.for_each if term.obligation else frozenset()
        if asks and not any(kinds.share(kind, asks) > 0 for kind in seen):
            what = f"is never asked for: no source of this mission reports {' or '.join(sorted(asks))}."
            yield case.note(what, "Add a source that does.", "terms", term.term_id)
        if term.type != "allow" and not any(kinds.share(kind, term.kinds) > 0 for kind in seen):
            what = f"can never be judged: no source of this mission reports {' or '.join(sorted(term.kinds))}."
            mend = "Add a source that does; until then the term is unverifiable."
            yield case.note(what, mend, "terms", term.term_id)


def _same_conduct(a: Term, b: Term) -> bool:
    """Do two terms share a kind and a party?"""
    shared = any(kinds.share(k, b.kinds) > 0 for k in a.kinds) or any(kinds.share(k, a.kinds) > 0 for k in b.kinds)
    return shared and bool(set(a.parties) & set(b.parties))


def _meets(case: _Case, a: Term, b: Term) -> bool:
    """Do two terms share a kind, a party, a time and a place?"""
    if not (_same_conduct(a, b) and _overlap(a.t_from, a.t_to, b.t_from, b.t_to)):
        return False
    here, there = case.shape(a), case.shape(b)
    return here is None or there is None or bool(shapely.intersects(here, there))


def _covers(case: _Case, allow: Term, term: Term) -> bool:
    """Does an exemption cover everything that a term is about?"""
    whole_time = allow.t_from <= term.t_from and (
        allow.t_to is None or (term.t_to is not None and allow.t_to >= term.t_to)
    )
    whole_kinds = all(kinds.share(kind, allow.kinds) == 1 for kind in term.kinds)
    if not (whole_time and whole_kinds and set(term.parties) <= set(allow.parties)):
        return False
    here, there = case.shape(allow), case.shape(term)
    if here is None or there is None or there.is_empty:
        return here is None
    return bool(shapely.area(shapely.intersection(here, there)) >= COVERED * shapely.area(there))


def _overlap(a_from: datetime, a_to: datetime | None, b_from: datetime, b_to: datetime | None) -> bool:
    return (b_to is None or a_from < b_to) and (a_to is None or b_from < a_to)
