"""The reference pages, written from the code itself: ``python -m servanda.docs docs/reference``.

The same code gives the same bytes; a test compares the committed pages with what is written now.
"""

import ast
import inspect
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from typer.models import OptionInfo

from servanda import errors, kinds
from servanda.agreement.model import WrittenAgreement
from servanda.cli import app
from servanda.compliance.reasons import WORDS
from servanda.compliance.settings import AssessSettings
from servanda.findings import BaselineValue, Comparison, Finding, Interval, Period, Reason
from servanda.fusion import Priors
from servanda.kinds.crosswalk import CROSSWALKS, codes
from servanda.mission.config import MissionFile
from servanda.sources.base import ENTRY_POINTS, Settings, Source
from servanda.sources.registry import load
from servanda.tables import TABLES

Row = Iterable[object]
HEAD = "<!-- Written by `make docs` from the code. Do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """Every reference page by file name."""
    return {
        "commands.md": HEAD + "\n".join(_commands()),
        "agreement.md": HEAD + "\n".join(_agreement()),
        "mission.md": HEAD + "\n".join(_mission()),
        "sources.md": HEAD + "\n".join(_sources()),
        "kinds.md": HEAD + "\n".join(_kinds()),
        "tables.md": HEAD + "\n".join(_tables()),
        "findings.md": HEAD + "\n".join(_findings()),
        "exit-codes.md": HEAD + "\n".join(_exit_codes()),
    }


def write(folder: Path) -> None:
    """Write every page into ``folder``. Raises OSError when it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def shipped_sources() -> dict[str, Source]:
    """The sources that come with Servanda, whatever other plugins are installed."""
    points = entry_points(group=ENTRY_POINTS)
    return load(tuple(p for p in points if p.value.startswith("servanda.")))


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;").replace("``", "`")


def _table(head: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines: list[Row] = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(_cell(c) for c in line) + " |" for line in lines] + [""]


def _first(doc: str | None) -> str:
    """The first paragraph of a docstring."""
    return " ".join((doc or "").strip().split("\n\n")[0].split()).replace("``", "`")


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Exit codes: see [exit codes](exit-codes.md). `servanda --version` prints the version.\n"
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        asked = [_parameter(p) for p in inspect.signature(command.callback).parameters.values()]
        words = [f"{flag}" if flag.isupper() else f"[{flag}]" for flag, _, _ in asked]
        yield f"## `servanda {' '.join([name, *words])}`\n"
        yield f"{_first(command.callback.__doc__)}\n"
        if asked:
            yield from _table(("Argument or option", "Default", "Meaning"), [(f"`{f}`", d, h) for f, d, h in asked])


def _parameter(parameter: inspect.Parameter) -> tuple[str, str, str]:
    """How a parameter of a command is written, its default, and its help."""
    info = get_args(parameter.annotation)[1]
    if not isinstance(info, OptionInfo):
        return str(info.metavar), "", str(info.help)
    given = [d for d in (info.default, *(info.param_decls or ())) if isinstance(d, str)]
    flag = given[0] if given else "--" + parameter.name.replace("_", "-")
    if get_args(parameter.annotation)[0] is not bool:
        flag += " " + (info.metavar or "N")
    default = "" if parameter.default in (None, False, inspect.Parameter.empty) else f"`{parameter.default}`"
    return flag, default, str(info.help)


def _agreement() -> Iterator[str]:
    yield "# The agreement file\n"
    yield "Every field of `agreement.yaml`. How to use them: [write an agreement](../guides/write-an-agreement.md).\n"
    yield from _models(WrittenAgreement)


def _mission() -> Iterator[str]:
    yield "# The mission file\n"
    yield "Every field of `mission.yaml`. How to use them: [run a mission](../guides/run-a-mission.md).\n"
    yield "`assess` and `fusion` hold every number that decides a finding and is not in the agreement.\n"
    yield from _models(MissionFile)


def _models(top: type[BaseModel]) -> Iterator[str]:
    """A section for a model and for every model that its fields lead to, each once."""
    waiting, done = [top], {top}
    while waiting:
        model = waiting.pop(0)
        title = {AssessSettings: "`assess`", Priors: "`fusion`", top: "The whole file"}.get(model, _name(model))
        yield f"## {title}\n"
        yield f"{_first(model.__doc__)}\n"
        yield from _table(("Field", "Type", "Default", "Meaning"), _fields(model))
        for field in model.model_fields.values():
            for found in _nested(field.annotation):
                if found not in done:
                    done.add(found)
                    waiting.append(found)


def _name(model: type[BaseModel]) -> str:
    name = model.__name__.removeprefix("Written").removesuffix("Entry")
    return name[0] + "".join(f" {c.lower()}" if c.isupper() else c for c in name[1:])


def _fields(model: type[BaseModel]) -> Iterator[Row]:
    said = meanings(model)
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        meaning = field.description or said.get(name) or (_first(nested[0].__doc__) if nested else "")
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


def _sources() -> Iterator[str]:
    yield "# Sources\n"
    yield "What each shipped source says of itself; `servanda sources` prints it, plugins included.\n"
    yield "Settings that every source has are listed once, at the end. [Add a source](../guides/add-a-source.md).\n"
    for source in shipped_sources().values():
        yield from _source(source)
    yield "## Settings of every source\n"
    yield from _table(("Setting", "Type", "Default", "Meaning"), _fields(Settings))


def _source(source: Source) -> Iterator[str]:
    yield f"## `{source.name}`: {source.title}\n"
    facts = {
        "Provider": source.provider,
        "Address": source.url or "none",
        "Licence": source.licence,
        "Cite as": source.citation,
        "Asks of users": source.asks,
        "Reliability": f"{source.reliability}. {source.reliability_why}",
        "Witness group": source.witness_group or "the id of the feed",
        "Reports what was seen": "yes" if source.is_witness else "no, it relays claims: it proves nothing by number",
        "The monitor's own": "yes" if source.is_monitor else "no",
        "Time zone": source.time_zone,
        "Known after": f"{source.latency.total_seconds() / 3600:g} h",
        "Place error": "by row" if source.sigma_m is None else f"{source.sigma_m:g} m",
        "Kinds": ", ".join(f"`{k}`" for k in sorted(source.kinds)) or "any",
        "Watch model": source.watch_model,
    }
    yield from _table(("", ""), facts.items())
    for title, what in (
        ("Extra files", source.aux),
        ("Fields used", source.fields.used),
        ("Fields ignored", source.fields.ignored),
        ("Flags", source.flags),
    ):
        if what:
            yield f"### {title}\n"
            yield from _table(("Name", "Meaning"), [(f"`{name}`", text) for name, text in what.items()])
    own = [row for row in _fields(source.settings) if tuple(row) not in set(map(tuple, _fields(Settings)))]
    if own:
        yield "### Settings\n"
        yield from _table(("Setting", "Type", "Default", "Meaning"), own)


def _kinds() -> Iterator[str]:
    yield "# Kinds\n"
    yield "What can happen. A term about a kind is about everything below it.\n"
    rows = [
        ("&nbsp;" * 4 * (len(kinds.lineage(k.kind)) - 1) + f"`{k.kind}`", k.label, k.definition)
        for k in kinds.tree().values()
    ]
    yield from _table(("Kind", "Name", "Definition"), rows)
    yield "## Crosswalks\n"
    yield "Other code books in these kinds. A code without a kind is known and is no event.\n"
    for name in CROSSWALKS:
        yield f"### `{name}`\n"
        book = codes(name).values()
        rows_ = [(f"`{c.code}`", c.label, f"`{c.kind}`" if c.kind else "no event", c.note) for c in book]
        yield from _table(("Code", "Label", "Kind", "Note"), rows_)


def _tables() -> Iterator[str]:
    yield "# Tables\n"
    yield "What stages hand to each other. Angles are degrees WGS 84, times UTC microseconds, distances metres.\n"
    for table in TABLES:
        yield f"## `{table.name}`\n"
        rows = [
            (f"`{c.name}`", c.dtype, c.unit, "required" if c.required else "may be null", c.meaning)
            for c in table.columns
        ]
        yield from _table(("Column", "Type", "Unit", "", "Meaning"), rows)


FILE_FIELDS = {
    "agreement": "title, version in force in the period, and SHA-256 of the file as written",
    "as_of": "nothing recorded later was known",
    "period": "the reporting day",
    "findings": "one for each term, party and period: every reporting day so far and the in-force window",
    "comparisons": "the before-and-after measures of the mission",
    "sources": "who provided data, licence, citation, reliability, whether it is the monitor's own",
    "quarantine": "rows set aside: total and by source",
    "refused": "files that were refused whole, with the reason",
    "servanda": "version of the program",
}
FINDING_FIELDS = {
    "finding_id": "hash of all that the finding says, `supersedes` left out",
    "term_id": "id of the term in the agreement file",
    "clause": "article and paragraph",
    "agreement_version": "version that the term is judged by",
    "party": "id of a party, or `any`: the term as a whole, whoever did it",
    "period": "`from`, `to` (UTC, half-open) and `name`: `day` or `in_force`",
    "verdict": "`broken`, `exempt`, `alleged`, `kept`, `unverifiable` or `pending`",
    "probability": "chance that the term was violated at least once (require: that it was not fulfilled)",
    "expected_violations": "`mean`, `low`, `high`: number of violations with its 95 % interval",
    "power": "chance that one violation would have been found to the standard of proof",
    "unseen_upper95": "95 % bound of violations that could have gone unseen; null: no bound, nobody was looking",
    "proof": "the standard of proof: least `probability` and number of independent `witnesses`",
    "reasons": "tree of reasons, see below",
    "observation_ids": "the observations behind it, weightiest incident first",
    "incident_ids": "the incidents behind it, weightiest first",
    "supersedes": "the finding on the same term, party and period that was issued before; null for the first",
}
REASON_FIELDS = {
    "code": "for machines",
    "text": "in plain words",
    "values": "numbers and ids by name",
    "observation_ids": "what it rests on",
    "because": "further reasons",
}
COMPARISON_FIELDS = {
    "measure": "`starts`, `hours` or `records`",
    "source_id": "the feed that is counted",
    "title": "as the mission names it",
    "window": "`from`, `to`",
    "value": "of the measure in the window",
    "baselines": "`from`, `to` and `value` of each baseline",
    "rate_ratio": "`mean`, `low`, `high`: rate in the window over rate in the baselines, 95 % interval",
    "excluded": "what was left out of both sides, and why",
    "note": "how it was counted",
    "observation_ids": "what was counted in the window",
}
_T = datetime(2025, 1, 1, tzinfo=UTC)
_REASON = Reason("code", "text", (("a", 1),), (Reason("code", "text"),), ("id",))
_FINDING = Finding("", "", "", "any", Period(_T, _T, "day"), "kept", 0, Interval(0, 0, 0), 1, 0, 0.9, 2, "1")
_COMPARISON = Comparison("starts", "", "", _T, _T, 0, (BaselineValue(_T, _T, 0),), Interval(1, 1, 1))


def _described(sample: Mapping[str, object], said: Mapping[str, str]) -> list[str]:
    """A table of the keys that are really written. Raises KeyError when one has no description."""
    return _table(("Key", "Meaning"), [(f"`{key}`", said[key]) for key in sample])


def _findings() -> Iterator[str]:
    yield "# findings.json\n"
    yield "UTF-8 JSON. Times are UTC with a Z, numbers have six significant digits. Equal input, equal bytes.\n"
    yield from _table(("Key", "Meaning"), [(f"`{k}`", v) for k, v in FILE_FIELDS.items()])
    yield "## A finding\n"
    yield from _described(_FINDING.to_json(), FINDING_FIELDS)
    yield "## A reason\n"
    yield from _described(_REASON.to_json(), REASON_FIELDS)
    yield "The first reason decides the verdict. Its code is one of:\n"
    yield from _table(("Code", "Meaning"), [(f"`{k}`", v) for k, v in WORDS.items()])
    yield "## A comparison\n"
    yield from _described(_COMPARISON.to_json(), COMPARISON_FIELDS)


def _exit_codes() -> Iterator[str]:
    yield "# Exit codes\n"
    yield "0 means that the job was done, whatever the verdicts: a broken promise is not a program error.\n"
    found = [errors.ServandaError]
    for error in found:
        found.extend(error.__subclasses__())
    shown = [e for e in found if e.__module__ == errors.__name__]
    rows = [(e.exit_code, f"`{e.__name__}`", _first(e.__doc__)) for e in shown]
    yield from _table(("Code", "Error", "When"), [(0, "", "the job was done"), *sorted(rows, key=lambda r: r[:2])])
    yield "A bad command line gives 2 as well. With 3 the rest of the job was done, and the report names the file.\n"


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
