"""Tables of the fields of pydantic models, with type, default and meaning."""

import ast
import inspect
import types
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from servanda.compliance.settings import AssessSettings
from servanda.docs.markdown import Row, first_paragraph, markdown_table
from servanda.fusion import Priors


def model_tables(top: type[BaseModel]) -> Iterator[str]:
    """A section for a model and for every model that its fields lead to, each once."""
    waiting, done = [top], {top}
    while waiting:
        model = waiting.pop(0)
        title = {AssessSettings: "`assess`", Priors: "`fusion`", top: "The whole file"}.get(model, _name(model))
        yield f"## {title}\n"
        yield f"{first_paragraph(model.__doc__)}\n"
        yield from markdown_table(("Field", "Type", "Default", "Meaning"), field_rows(model))
        for field in model.model_fields.values():
            for found in _nested(field.annotation):
                if found not in done:
                    done.add(found)
                    waiting.append(found)


def _name(model: type[BaseModel]) -> str:
    name = model.__name__.removeprefix("Written").removesuffix("Entry")
    return name[0] + "".join(f" {c.lower()}" if c.isupper() else c for c in name[1:])


def field_rows(model: type[BaseModel]) -> Iterator[Row]:
    said = meanings(model)
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        meaning = field.description or said.get(name) or (first_paragraph(nested[0].__doc__) if nested else "")
        limits = ", ".join(_limit(m) for m in field.metadata if _limit(m))
        kind = _type(field.annotation) + (f", {limits}" if limits else "")
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        yield f"`{field.alias or name}`", kind, default, meaning


def _limit(rule: object) -> str:
    signs = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most", "min_length": "length at least"}
    found = [f"{word} {getattr(rule, sign)}" for sign, word in signs.items() if getattr(rule, sign, None) is not None]
    return " ".join(found)


def _default(value: object) -> str:
    if isinstance(value, BaseModel):
        return "as below"
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {v}" for k, v in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{v}`" for v in value) or "none"
    if value is None or value == "":
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _nested(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _nested(part)]


WORDS_FOR = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "datetime": "time"}


def _type(annotation: Any) -> str:
    """A type in plain words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is None:
        return _name(annotation).lower() if _nested(annotation) else WORDS_FOR.get(annotation.__name__, "anything")
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return " or ".join(f"`{p}`" for p in parts)
    if origin is tuple:
        return "list of " + _type(parts[0]) if parts[-1] is ... else f"{len(parts)} × {_type(parts[0])}"
    between = " or " if origin in (Union, types.UnionType) else ": "
    return between.join(_type(p) for p in parts if p is not type(None))


def meanings(model: type) -> dict[str, str]:
    """The strings written below the fields of a class and of the classes it is made from."""
    out: dict[str, str] = {}
    for cls in reversed([c for c in model.__mro__ if c.__module__.startswith("servanda")]):
        body = ast.parse(dedent(inspect.getsource(cls))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            named = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if named and text:
                out[field.target.id] = " ".join(str(below.value.value).split())  # type: ignore[attr-defined]
    return out
