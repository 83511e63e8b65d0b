"""New missions: folders that run at once, with an agreement to write from and made-up sample data."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from servanda.agreement.messages import did_you_mean
from servanda.errors import MissionError, Problem

TEMPLATES = ("corridor", "no-fly", "truce", "withdrawal")
MOST_NAMED = 5
"""Things already in a folder, named one by one; the others are counted."""


def start(directory: Path, template: str) -> list[Path]:
    """Copy a template into ``directory``, which is made where it is missing; the files written, sorted.

    Raises MissionError for a template that does not exist and for a folder that is not empty.
    """
    if template not in TEMPLATES:
        what = f"There is no template '{template}'."
        raise MissionError([Problem(str(directory), 0, 0, what, did_you_mean(template, TEMPLATES))])
    _refuse_what_is_there(directory)
    files = _files(resources.files(__package__).joinpath(template), directory)
    for path, content in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [path for path, _ in files]


def _refuse_what_is_there(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise MissionError([Problem(str(directory), 0, 0, "This is a file, not a folder.", "Give another name.")])
    there = sorted(p.name for p in directory.iterdir()) if directory.exists() else []
    if there:
        more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
        what = f"The folder is not empty: it holds {', '.join(there[:MOST_NAMED])}{more}."
        raise MissionError([Problem(str(directory), 0, 0, what, "Give a new folder; nothing was written.")])


def _files(folder: Traversable, target: Path) -> list[tuple[Path, bytes]]:
    out = []
    for item in sorted(folder.iterdir(), key=lambda i: i.name):
        if item.is_dir():
            out += _files(item, target / item.name)
        else:
            out.append((target / item.name, item.read_bytes()))
    return out
