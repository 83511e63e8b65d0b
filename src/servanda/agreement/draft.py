"""What of a file could be read: each part that is sound by itself, so that all mistakes are found at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ValidationError

from servanda.agreement.messages import did_you_mean, explain
from servanda.agreement.model import Amendment, WrittenAgreement, WrittenParty, WrittenTerm, WrittenWindow, WrittenZone
from servanda.agreement.resolved import Path
from servanda.agreement.written import Document

M = TypeVar("M", bound=BaseModel)
UNREADABLE = "?"


@dataclass(frozen=True)
class Block:
    """The terms and zones written in one place: the agreement itself (number 0) or an amendment (from 1).

    ``zone_names`` and ``term_names`` are all that hold from then on, sound or not; a term that was ended is
    not among them. ``zones`` are the sound ones that hold from then on, with the path of each.
    """

    number: int
    path: Path
    zones_here: dict[str, WrittenZone]
    terms_here: dict[str, WrittenTerm | None]
    zone_names: frozenset[str]
    term_names: frozenset[str]
    terms_before: frozenset[str]


@dataclass(frozen=True)
class Draft:
    """The sound parts of a file. ``zone`` and ``in_force`` are None when they are missing or wrong."""

    doc: Document
    zone: ZoneInfo | None
    in_force: WrittenWindow | None
    parties: dict[str, WrittenParty]
    party_names: frozenset[str]
    blocks: tuple[Block, ...]
    amendments: tuple[Amendment | None, ...]


def draft(doc: Document) -> Draft:
    """Take the parts of a file apart; what is wrong with their form is reported in ``doc``."""
    try:
        WrittenAgreement.model_validate(doc.data)
    except ValidationError as error:
        explain(error, doc, WrittenAgreement)
    data = doc.data if isinstance(doc.data, dict) else {}
    written = data.get("amendments")
    amendments = [a if isinstance(a, dict) else {} for a in written] if isinstance(written, list) else []
    return Draft(
        doc,
        _time_zone(doc, data.get("time_zone")),
        _sound(WrittenWindow, data.get("in_force")),
        _all_sound(WrittenParty, data.get("parties")),
        frozenset(_names(data.get("parties"))),
        tuple(_blocks([data, *amendments])),
        tuple(_sound(Amendment, a) for a in amendments),
    )


def _blocks(parts: list[dict[str, Any]]) -> Iterator[Block]:
    zone_names: frozenset[str] = frozenset()
    term_names: frozenset[str] = frozenset()
    for number, part in enumerate(parts):
        before = term_names
        terms = part.get("terms")
        ended = {t for t in _names(terms) if number and terms[t] is None} if isinstance(terms, dict) else set()
        zone_names |= _names(part.get("zones"))
        term_names = (term_names | _names(terms)) - ended
        here: dict[str, WrittenTerm | None] = {**_all_sound(WrittenTerm, terms), **dict.fromkeys(sorted(ended))}
        path: Path = ("amendments", number - 1) if number else ()
        yield Block(number, path, _all_sound(WrittenZone, part.get("zones")), here, zone_names, term_names, before)


def _names(section: Any) -> frozenset[str]:
    return frozenset(map(str, section)) if isinstance(section, dict) else frozenset()


def _sound(model: type[M], data: Any) -> M | None:
    """What is sound of ``data``: mistaken fields are left out, and text that must be there is a question mark.

    Such a thing serves to find more mistakes and never runs, because one mistake refuses the whole file.
    """
    rest = dict(data) if isinstance(data, dict) else {}
    for _ in range(2):
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                name = str(detail["loc"][0]) if detail["loc"] else ""
                rest.pop(name, None)
                if any(name in (f, i.alias) and i.is_required() for f, i in model.model_fields.items()):
                    rest[name] = UNREADABLE
    return None


def _all_sound(model: type[M], section: Any) -> dict[str, M]:
    found = {str(k): _sound(model, v) for k, v in section.items()} if isinstance(section, dict) else {}
    return {k: v for k, v in found.items() if v is not None}


def _time_zone(doc: Document, name: Any) -> ZoneInfo | None:
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    if isinstance(name, str):
        what = f"The agreement: '{name}' is not the name of a time zone."
        guess = did_you_mean(name, known)
        mend = guess if guess.startswith("Did") else "Write an IANA name, such as 'Europe/Helsinki'."
        doc.report(("time_zone",), what, mend)
    return None
