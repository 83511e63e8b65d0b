"""typst at work: fonts that come with the program, a fixed clock, and what to do where a letter has no shape."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servanda.report.data import ReportData
from servanda.report.pdf.document import document

if TYPE_CHECKING:
    import typst

MISSING = "□"
"""Printed for a letter of which no font has a shape."""
MOST_SCRIPTS = 24
"""After so many scripts without a font the rest is printed as it comes, and the file claims no standard."""
NOT_INSTALLED = "No PDF was written: typst is not installed. Mend: pip install 'servanda[pdf]'."


@dataclass(frozen=True)
class Printed:
    """The PDF, and what its reader should know of it: notices, one a line."""

    pdf: bytes
    notices: tuple[str, ...]


def available() -> bool:
    """Is typst installed?"""
    return find_spec("typst") is not None


def print_report(names: dict[str, Any]) -> Printed:
    """The report of a ``page.view`` as PDF/UA-1, in its language. It must be publishable already.

    The same data give the same bytes on every machine: fonts are those of typst and of this package, with
    those of ``data.font_folder``, and never those of the system. Raises ImportError without typst.
    """
    data: ReportData = names["data"]
    told = document(names)
    return _print(told, int(data.as_of.timestamp()), _fonts(data.font_folder))


def _print(told: dict[str, Any], moment: int, fonts: "typst.Fonts") -> Printed:
    import typst

    words = json.dumps(told, ensure_ascii=False)
    lost: set[str] = set()
    for _ in range(MOST_SCRIPTS):
        try:
            return Printed(_set(words, moment, fonts, ["ua-1"]), _notices(lost))
        except typst.TypstError as error:
            found = _undrawn(str(error.message)) & set(words)
            if not found:
                raise
            scripts = {ord(c) >> 8 for c in found}
            gone = {c for c in words if ord(c) >> 8 in scripts and (ord(c) > 0x2FF or c in found)}
            lost |= gone
            words = words.translate(dict.fromkeys(map(ord, gone), MISSING))
    return Printed(_set(words, moment, fonts, []), _notices(lost))


def _set(words: str, moment: int, fonts: "typst.Fonts", standards: list[Any]) -> bytes:
    import typst

    template = resources.files(__package__).joinpath("report.typ").read_bytes()
    return typst.compile(
        template,
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"document": words},
        pdf_standards=standards,
        timestamp=moment,
    )


@cache
def _fonts(folder: Path | None) -> "typst.Fonts":
    import typst

    own = Path(str(resources.files(__package__).joinpath("fonts")))
    paths: list[Path] = [own, *([folder] if folder else [])]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(map(str, paths)))


def _undrawn(message: str) -> set[str]:
    """The letters that typst says no font can draw, from “the text `"…"` could not be displayed”."""
    found = re.search(r'the text `"(.*)"` could not be displayed', message, re.S)
    if found is None:
        return set()
    text = re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda m: chr(int(m[1], 16)), found[1])
    return set(text) - {MISSING}


def _notices(lost: Iterable[str]) -> tuple[str, ...]:
    letters = sorted(lost)
    if not letters:
        return ()
    some = "".join(letters[:40]) + ("…" if len(letters) > 40 else "")
    what = f"The PDF shows {MISSING} for {len(letters)} letters that no font of this program has: {some}."
    return (f"{what} Mend: put a font that has them into a folder and name it under 'fonts' in mission.yaml.",)
