"""Markdown tables, and the first paragraph of a docstring."""

from collections.abc import Iterable, Sequence

Row = Iterable[object]


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;").replace("``", "`")


def markdown_table(head: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines: list[Row] = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(_cell(c) for c in line) + " |" for line in lines] + [""]


def first_paragraph(doc: str | None) -> str:
    """The first paragraph of a docstring."""
    return " ".join((doc or "").strip().split("\n\n")[0].split()).replace("``", "`")
