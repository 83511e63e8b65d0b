"""The reference pages, written from the code itself: ``python -m servanda.docs docs/reference``.

The same code gives the same bytes; a test compares the committed pages with what is written now.
"""

import inspect
import json
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

from typer.models import OptionInfo

from servanda import errors, kinds
from servanda.agreement.model import WrittenAgreement
from servanda.agreement.schema import json_schema
from servanda.cli import app
from servanda.docs.finding_page import finding_page
from servanda.docs.markdown import first_paragraph, markdown_table
from servanda.docs.models import field_rows, meanings, model_tables
from servanda.kinds.crosswalk import CROSSWALKS, codes
from servanda.mission.config import MissionFile
from servanda.sources.base import ENTRY_POINTS, Settings, Source
from servanda.sources.registry import load
from servanda.tables import TABLES

__all__ = ["meanings", "pages", "shipped_sources", "write"]

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
        "findings.md": HEAD + "\n".join(finding_page()),
        "exit-codes.md": HEAD + "\n".join(_exit_codes()),
        "agreement.schema.json": json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n",
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


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Exit codes: see [exit codes](exit-codes.md). `servanda --version` prints the version.\n"
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        asked = [_parameter(p) for p in inspect.signature(command.callback).parameters.values()]
        words = [f"{flag}" if flag.isupper() else f"[{flag}]" for flag, _, _ in asked]
        yield f"## `servanda {' '.join([name, *words])}`\n"
        yield f"{first_paragraph(command.callback.__doc__)}\n"
        if asked:
            yield from markdown_table(
                ("Argument or option", "Default", "Meaning"), [(f"`{f}`", d, h) for f, d, h in asked]
            )


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
    yield from model_tables(WrittenAgreement)


def _mission() -> Iterator[str]:
    yield "# The mission file\n"
    yield "Every field of `mission.yaml`. How to use them: [run a mission](../guides/run-a-mission.md).\n"
    yield "`assess` and `fusion` hold every number that decides a finding and is not in the agreement.\n"
    yield from model_tables(MissionFile)


def _sources() -> Iterator[str]:
    yield "# Sources\n"
    yield "What each shipped source says of itself; `servanda sources` prints it, plugins included.\n"
    yield "Settings that every source has are listed once, at the end. [Add a source](../guides/add-a-source.md).\n"
    for source in shipped_sources().values():
        yield from _source(source)
    yield "## Settings of every source\n"
    yield from markdown_table(("Setting", "Type", "Default", "Meaning"), field_rows(Settings))


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
    yield from markdown_table(("", ""), facts.items())
    for title, what in (
        ("Extra files", source.aux),
        ("Fields used", source.fields.used),
        ("Fields ignored", source.fields.ignored),
        ("Flags", source.flags),
    ):
        if what:
            yield f"### {title}\n"
            yield from markdown_table(("Name", "Meaning"), [(f"`{name}`", text) for name, text in what.items()])
    own = [row for row in field_rows(source.settings) if tuple(row) not in set(map(tuple, field_rows(Settings)))]
    if own:
        yield "### Settings\n"
        yield from markdown_table(("Setting", "Type", "Default", "Meaning"), own)


def _kinds() -> Iterator[str]:
    yield "# Kinds\n"
    yield "What can happen. A term about a kind is about everything below it.\n"
    rows = [
        ("&nbsp;" * 4 * (len(kinds.lineage(k.kind)) - 1) + f"`{k.kind}`", k.label, k.definition)
        for k in kinds.tree().values()
    ]
    yield from markdown_table(("Kind", "Name", "Definition"), rows)
    yield "## Crosswalks\n"
    yield "Other code books in these kinds. A code without a kind is known and is no event.\n"
    for name in CROSSWALKS:
        yield f"### `{name}`\n"
        book = codes(name).values()
        rows_ = [(f"`{c.code}`", c.label, f"`{c.kind}`" if c.kind else "no event", c.note) for c in book]
        yield from markdown_table(("Code", "Label", "Kind", "Note"), rows_)


def _tables() -> Iterator[str]:
    yield "# Tables\n"
    yield "What stages hand to each other. Angles are degrees WGS 84, times UTC microseconds, distances metres.\n"
    for table in TABLES:
        yield f"## `{table.name}`\n"
        rows = [
            (f"`{c.name}`", c.dtype, c.unit, "required" if c.required else "may be null", c.meaning)
            for c in table.columns
        ]
        yield from markdown_table(("Column", "Type", "Unit", "", "Meaning"), rows)


def _exit_codes() -> Iterator[str]:
    yield "# Exit codes\n"
    yield "0 means that the job was done, whatever the verdicts: a broken promise is not a program error.\n"
    found = [errors.ServandaError]
    for error in found:
        found.extend(error.__subclasses__())
    shown = [e for e in found if e.__module__ == errors.__name__]
    rows = [(e.exit_code, f"`{e.__name__}`", first_paragraph(e.__doc__)) for e in shown]
    yield from markdown_table(
        ("Code", "Error", "When"), [(0, "", "the job was done"), *sorted(rows, key=lambda r: r[:2])]
    )
    yield "A bad command line gives 2 as well. With 3 the rest of the job was done, and the report names the file.\n"
