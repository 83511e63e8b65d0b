"""Names, choices and quantities in an agreement: every mistake that needs no clock and no geometry."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath

from servanda import kinds
from servanda.agreement.draft import Block, Draft
from servanda.agreement.messages import did_you_mean, fields_at, nearest, owner
from servanda.agreement.model import Require, WrittenAgreement, WrittenTerm, WrittenZone
from servanda.agreement.resolved import Path
from servanda.agreement.written import Document
from servanda.agreement.zonefiles import ZoneFileError, read_shape, zone_paths
from servanda.findings import ANY_PARTY
from servanda.quantities import QuantityError, metres, span

TERM_TYPES = ("forbid", "require", "limit", "allow", "guarantee")
ZONE_WAYS = ("file", "geometry", "series", "union", "intersect", "minus", "within", "edge_of", "per_party")
GOES_WITH = {
    "where": ("file", "series"),
    "date_pattern": ("series",),
    "of": ("within",),
    "side": ("within",),
    "not_along": ("edge_of",),
    "tolerance": ("edge_of",),
}
"""Fields of a zone that mean something only beside another."""
START_PLUS = re.compile(r"start\s*\+\s*(.+)")


def check(draft: Draft, base_dir: FilePath, env: Mapping[str, str]) -> None:
    """Report into ``draft.doc`` what is wrong with names, choices, quantities and the paths of zone files."""
    if ANY_PARTY in draft.party_names:
        what = f"'{ANY_PARTY}' may not be the id of a party: it stands for any of them."
        draft.doc.report(("parties", ANY_PARTY), what, "Choose another id.", key=True)
    for block in draft.blocks:
        for zone_id, zone in block.zones_here.items():
            at = (*block.path, "zones", zone_id)
            _check_zone(draft, block, at, zone)
            _check_files(draft.doc, at, zone, base_dir, env)
        for term_id, term in block.terms_here.items():
            at = (*block.path, "terms", term_id)
            if term is not None:
                _check_term(draft, block, at, term)
            elif term_id not in block.terms_before:
                what = f"{owner(at)} is ended but was not in force."
                draft.doc.report(at, what, did_you_mean(term_id, block.terms_before), key=True)
    _check_cycles(draft)


def references(zone: WrittenZone) -> list[tuple[Path, str]]:
    """The zones that a zone is made from, each with the place where it is named."""
    out: list[tuple[Path, str]] = []
    for name in ("union", "intersect", "minus", "not_along"):
        out += [((name, i), z) for i, z in enumerate(getattr(zone, name) or ())]
    out += [((name,), getattr(zone, name)) for name in ("of", "edge_of") if getattr(zone, name)]
    return out + [(("per_party", p), z) for p, z in (zone.per_party or {}).items()]


def _given(doc: Document, at: Path, names: Iterable[str]) -> list[str]:
    """Those of the fields ``names`` that are written and not null: sound, mistaken or misspelt."""
    written = doc.get(at)
    filled = [str(k) for k, v in written.items() if v is not None] if isinstance(written, dict) else []
    known = fields_at(WrittenAgreement, at)
    meant = {k if k in known else nearest(k, known) for k in filled}
    return [n for n in names if n in meant]


def _known(doc: Document, at: Path, what: str, name: str, names: Iterable[str], *, key: bool = False) -> None:
    """Report a name that is not among those known."""
    if name not in set(names):
        article = "a" if what != "kind" else "a known"
        doc.report(at, f"{owner(at)}: '{name}' is not {article} {what}.", did_you_mean(name, names), key=key)


def _one_of(doc: Document, at: Path, names: tuple[str, ...], needs: str) -> None:
    have = _given(doc, at, names)
    if len(have) == 1:
        return
    choice = ", ".join(names[:-1]) + " or " + names[-1]
    if have:
        mend = f"Keep one, and write the others as {'terms' if names is TERM_TYPES else 'zones'} of their own."
        doc.report(at, f"{owner(at)} has {len(have)} {needs}s: {' and '.join(have)}.", mend, key=True)
    else:
        doc.report(at, f"{owner(at)} has no {needs}.", f"Add one of {choice}.", key=True)


def _quantity(doc: Document, at: Path, text: str | None, read: Callable[[str], object]) -> None:
    if text is None:
        return
    try:
        read(text)
    except QuantityError as error:
        doc.report(at, f"{owner(at)}: {error.what}", error.mend)


def _check_zone(draft: Draft, block: Block, at: Path, zone: WrittenZone) -> None:
    doc = draft.doc
    _one_of(doc, at, ZONE_WAYS, "definition")
    for name, partners in GOES_WITH.items():
        if name in zone.model_fields_set and not _given(doc, at, partners):
            what = f"{owner(at)}: '{name}' means nothing without '{' or '.join(partners)}'."
            doc.report((*at, name), what, f"Remove '{name}', or add '{partners[0]}'.", key=True)
    if zone.within is not None and not _given(doc, at, ["of"]):
        doc.report((*at, "within"), f"{owner(at)}: within what?", "Add 'of:' and the id of a zone.")
    for where, name in references(zone):
        _known(doc, (*at, *where), "zone", name, block.zone_names)
    for name in ("union", "intersect", "minus"):
        if getattr(zone, name) is not None and len(getattr(zone, name)) < 2:
            what = f"{owner(at)}: '{name}' needs two zones or more."
            doc.report((*at, name), what, "Name the zones in square brackets, such as [a, b].", key=True)
    for party in zone.per_party or {}:
        _known(doc, (*at, "per_party", party), "party", party, draft.party_names, key=True)
    missing = [p for p, d in draft.parties.items() if d.role == "party" and p not in (zone.per_party or {p})]
    if missing:
        mend = f"Add a line for {', '.join(missing)}."
        doc.report((*at, "per_party"), f"{owner(at)} gives no zone for {', '.join(missing)}.", mend, key=True)
    _quantity(doc, (*at, "within"), zone.within, metres)
    _quantity(doc, (*at, "tolerance"), zone.tolerance, metres)


def _check_files(doc: Document, at: Path, zone: WrittenZone, base_dir: FilePath, env: Mapping[str, str]) -> None:
    try:
        if zone.file or zone.series:
            zone_paths(zone, base_dir, env)
        elif zone.geometry is not None:
            read_shape(zone.geometry)
    except ZoneFileError as mistake:
        name = "file" if zone.file else "series" if zone.series else "geometry"
        doc.report((*at, mistake.field or name), f"{owner(at)}: {mistake.what}", mistake.mend)


def _check_term(draft: Draft, block: Block, at: Path, term: WrittenTerm) -> None:
    doc = draft.doc
    _one_of(doc, at, TERM_TYPES, "promise")
    for i, party in enumerate(term.binds):
        _known(doc, (*at, "binds", i), "party", party, draft.party_names)
    if term.in_ is not None:
        _known(doc, (*at, "in"), "zone", term.in_, block.zone_names)
    for where, kind in _kinds(term):
        _known(doc, (*at, *where), "kind", kind, kinds.tree())
    if term.require:
        _check_require(doc, at, term)
    if term.limit and (term.limit.of == "units") != bool(term.limit.unit):
        what = f"{owner(at)}: 'of: units' and 'unit' go together."
        doc.report(
            (*at, "limit"), what, "Write both, such as 'of: units' and 'unit: explosions', or neither.", key=True
        )
    if term.allow:
        for i, name in enumerate(term.allow.exempt_from):
            _known(doc, (*at, "allow", "exempt_from", i), "term", name, block.term_names - {str(at[-1])})
    if term.guarantee:
        for i, party in enumerate(term.guarantee.guarantors):
            _known(doc, (*at, "guarantee", "guarantors", i), "party", party, draft.party_names)
        trigger = term.guarantee.when.term
        _known(doc, (*at, "guarantee", "when", "term"), "term", trigger, block.term_names - {str(at[-1])})
        _quantity(doc, (*at, "guarantee", "within"), term.guarantee.within, span)


def _kinds(term: WrittenTerm) -> list[tuple[Path, str]]:
    """Every kind a term names, with the place where it does."""
    lists: dict[Path, tuple[str, ...]] = {("forbid",): term.forbid or ()}
    for name in ("require", "limit", "allow"):
        part = getattr(term, name)
        lists[(name, "kinds")] = part.kinds if part else ()
    lists[("require", "for_each")] = (term.require.for_each or ()) if term.require else ()
    lists[("guarantee", "must")] = term.guarantee.must if term.guarantee else ()
    return [((*path, i), kind) for path, named in lists.items() for i, kind in enumerate(named)]


def _check_require(doc: Document, at: Path, term: WrittenTerm) -> None:
    assert term.require is not None
    if sum(x is not None for x in (term.require.deadline, term.require.every, term.require.for_each)) != 1:
        what = f"{owner(at)}: a 'require' needs one of 'deadline', 'every' and 'for_each'."
        mend = "Write one of them, such as 'deadline: start + 14 days' or 'every: 7 days'."
        doc.report((*at, "require"), what, mend, key=True)
    _check_answers(doc, at, term.require)
    _quantity(doc, (*at, "require", "every"), term.require.every, span)
    _quantity(doc, (*at, "require", "within"), term.require.within, span)
    match = START_PLUS.fullmatch(str(term.require.deadline or "").strip())
    if match:
        _quantity(doc, (*at, "require", "deadline"), match[1], span)


def _check_answers(doc: Document, at: Path, require: Require) -> None:
    """What asks and the time to answer go together, and nothing answers itself."""
    if (require.for_each is None) != (require.within is None):
        have, lack = ("for_each", "within") if require.for_each else ("within", "for_each")
        mend = {
            "within": "Add 'within:', such as 'within: 1 day'.",
            "for_each": "Add 'for_each:' and the kinds that ask for it.",
        }
        what = f"{owner(at)}: '{have}' means nothing without '{lack}'."
        doc.report((*at, "require", have), what, mend[lack], key=True)
    tree = kinds.tree()
    for i, asks in enumerate(require.for_each or ()):
        related = [k for k in require.kinds if {k, asks} <= tree.keys() and kinds.leaves(k) & kinds.leaves(asks)]
        if related:
            what = f"{owner(at)}: '{asks}' would answer itself: '{related[0]}' is the same or includes it."
            doc.report((*at, "require", "for_each", i), what, "Name other kinds under 'for_each' than under 'kinds'.")


def _check_cycles(draft: Draft) -> None:
    """Report zones that are made from themselves, each ring of them once."""
    zones: dict[str, tuple[Path, WrittenZone]] = {}
    told: set[frozenset[str]] = set()
    for block in draft.blocks:
        zones |= {z: ((*block.path, "zones", z), written) for z, written in block.zones_here.items()}
        for start in zones:
            ring = _ring(start, zones)
            if ring and frozenset(ring) not in told:
                told.add(frozenset(ring))
                at = zones[start][0]
                way = " → ".join([*ring, ring[0]])
                mend = "Define one of them from a file, a geometry or another zone."
                draft.doc.report(at, f"{owner(at)} is made from itself: {way}.", mend, key=True)


def _ring(start: str, zones: Mapping[str, tuple[Path, WrittenZone]]) -> list[str]:
    """The zones on a way from ``start`` back to itself, the first found; empty when there is none."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop()
        for _, name in references(zones[way[-1]][1]):
            if name == start:
                return way
            if name in zones and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []
