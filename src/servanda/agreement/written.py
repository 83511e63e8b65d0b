"""A YAML file as plain data, with the line and column of everything in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from servanda.agreement.resolved import Path
from servanda.errors import Problem

Mark = tuple[int, int]
MAX_DEPTH = 50
_PLAIN = {"tag:yaml.org,2002:" + t for t in ("int", "float", "bool", "null")}


@dataclass
class Document:
    """What a file says. ``marks`` point at values, ``key_marks`` at the keys before them; both count from 1."""

    file: str
    data: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    key_marks: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def positions(self) -> dict[Path, Mark]:
        """Where a reader should look for each thing: its key when it is long, itself when it is short."""
        inner = {path[:-1] for path in self.marks if path}
        return {path: self.key_marks.get(path, mark) if path in inner else mark for path, mark in self.marks.items()}

    def get(self, path: Path) -> Any:
        """The value written at ``path``; None where there is none."""
        value = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def problem(
        self,
        path: Path,
        what: str,
        mend: str,
        *,
        key: bool = False,
        level: Literal["error", "warning", "info"] = "error",
    ) -> Problem:
        """A problem at ``path``, or at the nearest thing around it that is written. ``key``: point at the key."""
        return Problem(self.file, *find(path, self.key_marks if key else self.marks), what, mend, level)

    def report(self, path: Path, what: str, mend: str, *, key: bool = False) -> None:
        """Keep an error."""
        self.problems.append(self.problem(path, what, mend, key=key))

    def warn(self, path: Path, what: str, mend: str) -> None:
        """Keep a warning."""
        self.problems.append(self.problem(path, what, mend, level="warning"))


def find(path: Path, marks: Mapping[Path, Mark]) -> Mark:
    """The mark of ``path`` or of the nearest thing around it; (0, 0), the whole file, when there is none."""
    return next((marks[path[:n]] for n in range(len(path), 0, -1) if path[:n] in marks), (0, 0))


def read_yaml(path: FilePath) -> Document:
    """Read a YAML 1.2 file. Times stay text. What is wrong is in ``problems``; ``data`` is then what could be read.

    An alias (``*name``) is refused: a promise is written out where it stands.
    """
    doc = Document(str(path))
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        doc.report((), "The file does not exist.", "Check the path and the file name.")
    except IsADirectoryError:
        doc.report((), "This is a folder, not a file.", "Name the file in it.")
    except PermissionError:
        doc.report((), "The file may not be read.", "Ask for the right to read it.")
    except UnicodeDecodeError as error:
        doc.report((), f"The file is not UTF-8 text (byte {error.start + 1}).", "Save it as UTF-8.")
    else:
        _parse(text, doc)
    return doc


def _parse(text: str, doc: Document) -> None:
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        doc.problems.append(_syntax(error, doc.file))
        return
    except YAMLError as error:
        line = text[: getattr(error, "position", 0)].count("\n") + 1
        what = "The file holds a character that YAML does not allow."
        doc.problems.append(Problem(doc.file, line, 1, what, "Remove invisible control characters."))
        return
    if node is None:
        doc.report((), "The file is empty.", "Start from an example agreement.")
    else:
        builder = _Builder(doc)
        data = builder.build(node, (), 0)
        doc.data = None if builder.refused else data


def _syntax(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if isinstance(mark, StringMark) else (0, 0)
    problem = str(error.problem or error.context or "it cannot be read").rstrip(".")
    mend = "Check indentation, colons, quotes and brackets on this line and the one before it."
    if "'\\t'" in problem:
        mend = "Indent with spaces, never with tabs."
    elif "alias" in problem or "single document" in problem:
        mend = "Write one document, without aliases (*name)."
    elif "mapping values are not allowed" in problem:
        mend = "Put text that holds a colon in quotes, and check the indentation."
    return Problem(file, line, column, f"This is not YAML: {problem}.", mend)


class _Builder:
    """Turns YAML nodes into plain data and notes where everything is."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.seen: set[int] = set()
        self.refused = False
        self.plain = YAML(typ="safe", pure=True).constructor

    def build(self, node: Node, path: Path, depth: int) -> Any:
        self.doc.marks[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if depth > MAX_DEPTH:
            return self.refuse(path, f"Things are nested more than {MAX_DEPTH} deep.", "Flatten this part.")
        if id(node) in self.seen:
            return self.refuse(path, "An alias (*name) stands for a part of the file.", "Write the part out here.")
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return dict(self.pairs(node, path, depth))
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        return self.scalar(node)

    def refuse(self, path: Path, what: str, mend: str) -> None:
        """Report something after which the rest of the file makes no sense."""
        self.refused = True
        self.doc.report(path, what, mend)

    def pairs(self, node: MappingNode, path: Path, depth: int) -> Iterator[tuple[Any, Any]]:
        first: dict[Any, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
                what, mend = "A list or a mapping is used as a name.", "Write a plain name before the colon."
                self.doc.problems.append(Problem(self.doc.file, line, column, what, mend))
                continue
            key, mark = key_node.value, (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in first:
                what = f"'{key}' is written twice; the first is on line {first[key]}."
                self.doc.problems.append(Problem(self.doc.file, *mark, what, "Remove or rename one of them."))
                continue
            first[key] = mark[0]
            self.doc.key_marks[(*path, key)] = mark
            yield key, self.build(value_node, (*path, key), depth + 1)

    def scalar(self, node: Node) -> Any:
        """Numbers, truth values and null as such; everything else, times included, as text."""
        return self.plain.construct_object(node, deep=True) if node.tag in _PLAIN else str(node.value)
