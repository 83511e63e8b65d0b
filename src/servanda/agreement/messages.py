"""What pydantic finds wrong with a file, in words that need no programmer."""

import difflib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from servanda.agreement.resolved import Path
from servanda.agreement.written import Document

_SINGULAR = {"terms": "term", "zones": "zone", "parties": "party", "amendments": "amendment"}
_TIME_MEND = "Write it as 2025-04-19T18:00, with an offset such as +03:00 if it is not in the agreement's time zone."

_WRONG: Mapping[str, tuple[str, str]] = {
    "string_type": ("must be text", "Put it in quotes, such as '1'."),
    "string_too_short": ("must say something", "Fill it in."),
    "too_short": ("needs at least one entry", "Write one or more, such as [artillery]."),
    "tuple_type": ("must be a list", "Put it in square brackets, such as [a, b]."),
    "list_type": ("must be a list", "Put it in square brackets, such as [a, b]."),
    "dict_type": (
        "must be a list of names, each with what belongs to it",
        "Write 'name:' and indent the rest below it.",
    ),
    "model_type": ("must be a list of fields", "Write 'field: value' lines, indented below it."),
    "int_type": ("must be a whole number", "Write a number such as 1, without quotes."),
    "int_parsing": ("must be a whole number", "Write a number such as 1."),
    "int_from_float": ("must be a whole number", "Write a number such as 1."),
    "float_type": ("must be a number", "Write a number such as 0.9, without quotes."),
    "float_parsing": ("must be a number", "Write a number such as 0.9."),
    "bool_type": ("must be true or false", "Write true or false."),
    "bool_parsing": ("must be true or false", "Write true or false."),
    "datetime_type": ("must be a date and time", _TIME_MEND),
    "datetime_parsing": ("must be a date and time", _TIME_MEND),
    "datetime_from_date_parsing": ("must be a date and time", _TIME_MEND),
    "datetime_object_invalid": ("must be a date and time", _TIME_MEND),
    "value_error": ("must be a date and time", _TIME_MEND),
}
"""What is wrong and how to mend it, by pydantic's name of the error."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like ``name``, if any does; letter case does not count."""
    by_fold = {k.casefold(): k for k in sorted(known, reverse=True)}
    found = difflib.get_close_matches(str(name).casefold(), sorted(by_fold), n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """How to mend an unknown name: the nearest known one, or the list of them."""
    names = sorted(known)
    guess = nearest(name, names)
    if guess:
        return f"Did you mean '{guess}'?"
    return f"Write one of: {', '.join(names)}." if names else "There is none to name: define it first."


def owner(path: Path) -> str:
    """Whose part of the file a path is in, such as "Term 'quiet'"."""
    parts = []
    for section, name in pairwise(path):
        if section == "amendments" and isinstance(name, int):
            parts.append(f"amendment {name + 1}")
        elif section in _SINGULAR and len(parts) < 2:
            parts.append(f"{_SINGULAR[str(section)]} '{name}'")
    text = ", ".join(parts) or "the agreement"
    return text[0].upper() + text[1:]


def field_name(path: Path) -> str:
    """The last name of a path; entries of lists by their number."""
    if path and isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of '{path[-2]}'" if len(path) > 1 else f"entry {path[-1] + 1}"
    return f"'{path[-1]}'" if path else "the file"


def explain(error: ValidationError, doc: Document, model: type[BaseModel]) -> None:
    """Report every mistake that validating ``doc.data`` as ``model`` has found, once per place."""
    done: set[tuple[Path, str]] = set()
    for detail in error.errors(include_url=False):
        kind = detail["type"]
        path = tuple(detail["loc"]) if kind in ("missing", "extra_forbidden") else _written(doc, tuple(detail["loc"]))
        mark = (path, kind if kind in ("missing", "extra_forbidden") else "")
        if mark not in done:
            done.add(mark)
            _explain_one(detail, path, doc, model)


def _explain_one(detail: ErrorDetails, path: Path, doc: Document, model: type[BaseModel]) -> None:
    kind, who, name = detail["type"], owner(path), field_name(path)
    if kind == "missing":
        doc.report(path[:-1], f"{who} has no {name}.", f"Add {name}{_hint(model, path)}.", key=True)
    elif kind == "extra_forbidden":
        mend = _belongs(model, path) or did_you_mean(str(path[-1]), fields_at(model, path[:-1]))
        doc.report(path, f"{who}: the field {name} does not exist here.", mend, key=True)
    elif kind == "literal_error":
        options = detail.get("ctx", {}).get("expected", "")
        doc.report(path, f"{who}: {name} may not be {detail['input']!r}.", f"Write {options}.")
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        words = {"greater_than": "above", "greater_than_equal": "at least", "less_than": "below"}.get(kind, "at most")
        bound = next(iter(detail.get("ctx", {}).values()), "")
        doc.report(path, f"{who}: {name} must be {words} {bound}.", f"Write a number that is {words} {bound}.")
    elif kind in _WRONG:
        value = detail["input"]
        what, mend = _WRONG[kind]
        if kind == "tuple_type" and isinstance(value, str) and value:
            mend = f"Put it in square brackets: [{value}]."
        elif kind == "string_type" and isinstance(value, int):
            mend = f"Put it in quotes: '{value}'."
        doc.report(
            path,
            f"{who}: {name} {what}{f', not {value!r}' if isinstance(value, str | float) and value != '' else ''}.",
            mend,
        )
    else:
        doc.report(path, f"{who}: {name} cannot be used: {detail['msg'].lower()}.", "Write it as the schema asks.")


def _written(doc: Document, path: Path) -> Path:
    """The longest beginning of ``path`` that is in the file: pydantic adds the names of types at the end."""
    while path and path not in doc.marks:
        path = path[:-1]
    return path


def _hint(model: type[BaseModel], path: Path) -> str:
    """What a missing field is for, if its description says so."""
    found = _field(model, path)
    return f" ({found[0].lower()}{found[1:].rstrip('.')})" if found else ""


def _field(model: type[BaseModel], path: Path) -> str:
    owner_model = _model_at(model, path[:-1])
    fields = owner_model.model_fields.items() if owner_model else ()
    return next((f.description or "" for name, f in fields if path[-1] in (name, f.alias)), "")


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The names of the fields that the thing at ``path`` may have, as written in the file."""
    found = _model_at(model, path)
    return [f.alias or name for name, f in found.model_fields.items()] if found else []


def _belongs(model: type[BaseModel], path: Path) -> str:
    """How to mend a field that was written one level too high; empty when it was not."""
    inside = [f for f in fields_at(model, path[:-1]) if path[-1] in fields_at(model, (*path[:-1], f))]
    return f"It belongs inside '{inside[0]}'." if inside else ""


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that describes the thing at ``path``."""
    kind: Any = model
    for step in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = {f.alias or name: f.annotation for name, f in kind.model_fields.items()}
            kind = _inner(fields.get(str(step)))
        else:
            kind = _inner(get_args(kind)[-1] if get_origin(kind) is dict else next(iter(get_args(kind)), None))
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _inner(kind: Any) -> Any:
    """A type without its ``| None`` and its annotations."""
    if get_origin(kind) is Annotated:
        return _inner(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _inner(next(k for k in get_args(kind) if k is not type(None)))
    return kind
