"""The one thing this package does: write the report of one period into a folder."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from servanda.report.data import ReportData
from servanda.report.export import findings_json, incidents_geojson
from servanda.report.incidents import Marked, mark
from servanda.report.language import MASTER
from servanda.report.page import page_name, render, view
from servanda.report.pdf import NOT_INSTALLED, available, print_report
from servanda.report.public import publishable

Notify = Callable[[str], None]


def write(data: ReportData, out_dir: Path, notify: Notify = lambda _: None) -> list[Path]:
    """Write ``report.html``, ``.md`` and ``.pdf``, ``findings.json`` and ``incidents.geojson`` into ``out_dir``.

    Of several languages the first is that of ``report.html``; the others are ``report.<language>.html`` and so on.
    What machines read is English whatever the languages are. ``notify`` is told why there is no PDF, or what it
    could not show; a PDF of an earlier run is taken away, because it would say something else. The same data
    give the same bytes. Each file is complete or, if writing fails, what it was before. Raises OSError when the
    folder cannot be written.
    """
    english = publishable(replace(data, language=MASTER))
    marked = mark(english)
    if data.pdf and not available():
        notify(NOT_INSTALLED)
    spoken = (
        english if language == MASTER else publishable(replace(data, language=language)) for language in data.languages
    )
    pages = [path for page in spoken for path in _pages(page, marked, out_dir, notify)]
    return [
        *pages,
        replace_file(out_dir / "findings.json", [findings_json(english).encode()]),
        replace_file(out_dir / "incidents.geojson", incidents_geojson(english, marked)),
    ]


def _pages(data: ReportData, marked: Marked, out_dir: Path, notify: Notify) -> list[Path]:
    """The pages in the language of ``data``, which must be publishable already."""
    names = view(data, marked)
    html, markdown = render(names)
    return [
        replace_file(out_dir / page_name(data, data.words.language, "html"), [html.encode()]),
        replace_file(out_dir / page_name(data, data.words.language, "md"), [markdown.encode()]),
        *_printed(data, names, out_dir / page_name(data, data.words.language, "pdf"), notify),
    ]


def _printed(data: ReportData, names: dict[str, Any], path: Path, notify: Notify) -> list[Path]:
    if not (data.pdf and available()):
        path.unlink(missing_ok=True)
        return []
    printed = print_report(names)
    for notice in printed.notices:
        notify(notice)
    return [replace_file(path, [printed.pdf])]


def replace_file(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write beside the file and move over it, so that no reader meets half of it; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as out:
        out.writelines(pieces)
    draft.replace(path)
    return path
