"""The one thing this package does: write the report of one period into a folder."""

from collections.abc import Iterable
from pathlib import Path

from servanda.report.data import ReportData
from servanda.report.export import findings_json, incidents_geojson
from servanda.report.incidents import mark
from servanda.report.page import render
from servanda.report.public import publishable


def write(data: ReportData, out_dir: Path) -> list[Path]:
    """Write ``report.html``, ``report.md``, ``findings.json`` and ``incidents.geojson`` into ``out_dir``.

    The same data give the same bytes. Each file is complete or, if writing fails, what it was before.
    Raises OSError when the folder cannot be written.
    """
    data = publishable(data)
    marked = mark(data)
    html, markdown = render(data, marked)
    out_dir.mkdir(parents=True, exist_ok=True)
    return [
        _replace(out_dir / "report.html", [html.encode()]),
        _replace(out_dir / "report.md", [markdown.encode()]),
        _replace(out_dir / "findings.json", [findings_json(data).encode()]),
        _replace(out_dir / "incidents.geojson", incidents_geojson(data, marked)),
    ]


def _replace(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write beside the file and move over it, so that no reader meets half a report."""
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as out:
        out.writelines(pieces)
    draft.replace(path)
    return path
