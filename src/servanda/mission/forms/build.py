"""An agreement as an XLSForm: the rows of its three sheets."""

import hashlib
import json
from dataclasses import dataclass

from servanda.agreement.resolved import Agreement
from servanda.kinds import tree
from servanda.mission.forms.agreed import Agreed, agreed, group_of
from servanda.mission.forms.words import DEFAULT, LANGUAGES, Said, as_written, has, say
from servanda.report.language import catalogue
from servanda.sources.odk_form import (
    ANSWERS,
    CLAIMS,
    COUNTS,
    MODES,
    PLACED,
    REPEAT,
    UNKNOWN_ACTOR,
    written,
)
from servanda.tables import WATCH_STATUS

Row = dict[str, str]
ADVICE = ("label", "hint", "required_message", "constraint_message")
"""Columns that are written in every language."""
FORM_ID = "servanda_patrol"
DIGEST_CHARACTERS = 12


@dataclass(frozen=True)
class Form:
    """Rows of the sheets survey, choices and settings, each with its columns by name."""

    survey: tuple[Row, ...]
    choices: tuple[Row, ...]
    settings: Row


def build(agreement: Agreement) -> Form:
    """The patrol form of an agreement. Pure: the same agreement gives the same rows."""
    found = agreed(agreement)
    survey = (*_clock(), *_watch(found), *_carried(found), *_seen(), *_checks(found))
    choices = tuple(_choices(found))
    return Form(survey, choices, _settings(agreement, survey, choices))


def _settings(agreement: Agreement, survey: tuple[Row, ...], choices: tuple[Row, ...]) -> Row:
    """The version is that of the agreement and of the form: a server refuses another form under an old version."""
    content = hashlib.sha256(json.dumps([survey, choices]).encode()).hexdigest()
    title = say("title", title=agreement.title)
    return {
        "form_title": title[DEFAULT],
        "form_id": FORM_ID,
        "version": f"{agreement.digest[:DIGEST_CHARACTERS]}-{content[:6]}",
        "instance_name": "format-date-time(${watch_start}, '%Y-%m-%d %H:%M')",
        "default_language": LANGUAGES[DEFAULT],
    }


def question(kind: str, name: str, label: Said | None = None, **columns: str) -> Row:
    """A row of the survey; words for its hint and its constraint are those of ``<name>.hint`` and ``<name>.wrong``."""
    said: dict[str, Said] = {"label": label or say(name)}
    if has(f"{name}.hint"):
        said["hint"] = say(f"{name}.hint")
    if "constraint" in columns:
        said["constraint_message"] = say(f"{name}.wrong")
    if columns.get("required") == "yes":
        said["required_message"] = say("required")
    return {"type": kind, "name": name} | columns | _spoken(said)


def _spoken(said: dict[str, Said]) -> Row:
    return {f"{column}::{LANGUAGES[code]}": text for column, by in said.items() for code, text in by.items()}


def _silent(kind: str, name: str, **columns: str) -> Row:
    return {"type": kind, "name": name} | columns


def _end(of: str) -> Row:
    return {"type": f"end_{of}"}


def _clock() -> list[Row]:
    """When the phone opened and closed the form, by its clock. Nothing about the phone or who holds it."""
    return [_silent("start", "start"), _silent("end", "end")]


def _watch(found: Agreed) -> list[Row]:
    after = "decimal-date-time(.) > decimal-date-time(${watch_start})"
    rows = [
        question("begin_group", "watch", appearance="field-list"),
        question("dateTime", "watch_start", required="yes"),
        question("dateTime", "watch_end", required="yes", constraint=after),
        question("select_one status", "status", required="yes"),
        question("text", "reason", required="yes", relevant="${status} != 'watching'"),
        _end("group"),
        question("begin_group", "watch_where", say("where"), appearance="field-list"),
    ]
    if found.zones:
        rows.append(question("select_one zones", "zone", required="yes"))
    if found.places:
        rows.append(question("select_one places", "place"))
    return [
        *rows,
        question("geopoint", "post", appearance="placement-map"),
        question("select_one mode", "mode", required="yes"),
        _end("group"),
        question("select_one yes_no", "anything", required="yes"),
    ]


def _carried(found: Agreed) -> list[Row]:
    """What the report carries back, so that it is read as this version of the form."""
    checks = written(tuple(check for check, _ in found.questions))
    return [
        _silent("calculate", "asked", calculation=f"'{' '.join(found.asked)}'"),
        *([_silent("calculate", "checks", calculation=f"'{checks}'")] if checks else []),
        _silent("calculate", "seen_count", calculation="if(${anything} = 'yes', count(${" + REPEAT + "}), 0)"),
    ]


def _seen() -> list[Row]:
    return [
        question("begin_repeat", REPEAT, relevant="${anything} = 'yes'"),
        *_what_and_when(),
        *_where(),
        *_how_many(),
        question("begin_group", "more", appearance="field-list"),
        question("select_one actors", "actor"),
        question("image", "photo", parameters="max-pixels=1600"),
        question("text", "notes", appearance="multiline"),
        _end("group"),
        _end("repeat"),
    ]


def _what_and_when() -> list[Row]:
    after = "decimal-date-time(.) >= decimal-date-time(${t_from})"
    return [
        question("begin_group", "what", appearance="field-list"),
        question("select_one kind_groups", "kind_group", required="yes"),
        question("select_one kinds", "kind", required="yes", choice_filter="kind_group = ${kind_group}"),
        question("select_one claim", "claim", required="yes"),
        _end("group"),
        question("begin_group", "when", appearance="field-list"),
        question("select_one exact", "exact", required="yes"),
        question("dateTime", "t_from", required="yes"),
        question("dateTime", "t_to", required="yes", relevant="${exact} = 'between'", constraint=after),
        _end("group"),
    ]


def _where() -> list[Row]:
    bearing = "${placed} = 'bearing'"
    return [
        question("begin_group", "where", appearance="field-list"),
        question("select_one placed", "placed", required="yes"),
        question("geopoint", "at", required="yes", relevant="${placed} = 'point'", appearance="placement-map"),
        question("decimal", "bearing", required="yes", relevant=bearing, constraint=". >= 0 and . <= 360"),
        question("decimal", "range_low", relevant=bearing),
        question("decimal", "range_high", relevant=bearing, constraint=". > coalesce(${range_low}, 0)"),
        _end("group"),
    ]


def _how_many() -> list[Row]:
    counted = "${count_says} != 'not' and ${count_says} != ''"
    return [
        question("begin_group", "how_many", appearance="field-list"),
        question("select_one count_says", "count_says", required="yes"),
        question("integer", "count_low", required="yes", relevant=counted, constraint=". >= 0"),
        question(
            "integer",
            "count_high",
            required="yes",
            relevant="${count_says} = 'between'",
            constraint=". >= ${count_low}",
        ),
        question("select_one units", "count_unit", required="yes", relevant=counted),
        _end("group"),
    ]


def _checks(found: Agreed) -> list[Row]:
    """The questions that follow from terms, where the zone that the watch was in is that of the term."""
    if not found.questions:
        return []
    rows = [question("begin_group", "promises", relevant="${status} = 'watching'")]
    for check, term in found.questions:
        here = _relevant(check.zone, bool(found.places))
        text = (term.text or tree()[check.kind].label).rstrip(". ") + "."
        label = say(f"check_{check.promise}", clause=term.clause, text=text)
        rows.append(question("select_one answer", check.answer, label, **here))
        if check.unit:
            unit = say("count_limit", clause=term.clause, unit=check.unit)
            rows.append(question("integer", check.count, unit, **here))
    return [*rows, _end("group")]


def _relevant(zone: str, places: bool) -> Row:
    if not zone:
        return {}
    return {"relevant": f"${{zone}} = '{zone}'" + (f" or ${{place}} = '{zone}'" if places else "")}


def _choices(found: Agreed) -> list[Row]:
    groups = dict.fromkeys(group_of(k) for k in found.kinds)
    fixed = {
        "status": WATCH_STATUS,
        "mode": MODES,
        "yes_no": ANSWERS[:2],
        "answer": ANSWERS,
        "claim": CLAIMS,
        "exact": ("exact", "between"),
        "placed": ("bearing", *(p for p in PLACED if p != "bearing")),
        "count_says": ("exactly", *(c for c in COUNTS if c not in ("exactly", "not")), "not"),
    }
    return [
        *(_choice("zones", zone, as_written(label)) for zone, label in found.zones.items()),
        *(_choice("places", place, as_written(label)) for place, label in found.places.items()),
        *(_choice(name, answer, say(f"{name}:{answer}")) for name, answers in fixed.items() for answer in answers),
        *(_choice("kind_groups", group, _kind(group)) for group in groups),
        *(_choice("kinds", kind, _kind(kind)) | {"kind_group": group_of(kind)} for kind in found.kinds),
        *(
            _choice("units", unit, say(f"unit:{unit}") if has(f"unit:{unit}") else as_written(unit))
            for unit in found.units
        ),
        *(_choice("actors", party, as_written(name)) for party, name in found.parties.items()),
        _choice("actors", UNKNOWN_ACTOR, say(f"actor:{UNKNOWN_ACTOR}")),
    ]


def _kind(kind: str) -> Said:
    """The words that reports have for a kind."""
    return {code: catalogue(code).say(f"kinds.{kind}") for code in LANGUAGES}


def _choice(listed: str, name: str, label: Said) -> Row:
    return {"list_name": listed, "name": name} | _spoken({"label": label})
