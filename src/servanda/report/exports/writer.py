"""Every format into its own place in one folder."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from servanda.report.exports.evidence import Evidence
from servanda.report.exports.geojson import geojson
from servanda.report.exports.geopackage import geopackage
from servanda.report.exports.geoparquet import geoparquet, parquet
from servanda.report.exports.hxl import TAGS, hxl
from servanda.report.exports.layers import layers
from servanda.report.exports.package import datapackage
from servanda.report.writer import replace_file

DRAWN = ("zones", "observations", "incidents")
"""Layers written as GeoJSON; watches are many and have no use without their table."""


def write(evidence: Evidence, folder: Path, formats: Iterable[str] = ()) -> list[Path]:
    """Write the formats (none named: all) and ``datapackage.json``; give the files in order.

    The same evidence gives the same bytes. Each file is complete or, if writing fails, what it was before.
    Raises ValueError for a format that is none of ``FORMATS``, OSError when the folder cannot be written.
    """
    wanted = list(dict.fromkeys(formats)) or list(FORMATS)
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise ValueError(f"There is no format {', '.join(unknown)}; there are {', '.join(FORMATS)}.")
    files = [path for name in FORMATS if name in wanted for path in FORMATS[name](evidence, folder)]
    return [*files, replace_file(folder / "datapackage.json", [datapackage(evidence, folder, files)])]


def _geojson(evidence: Evidence, folder: Path) -> Iterator[Path]:
    for layer in layers(evidence):
        if layer.name in DRAWN:
            yield replace_file(folder / "geojson" / f"{layer.name}.geojson", geojson(layer, evidence))


def _geoparquet(evidence: Evidence, folder: Path) -> Iterator[Path]:
    for layer in layers(evidence):
        yield replace_file(folder / "geoparquet" / f"{layer.name}.parquet", [geoparquet(layer)])


def _geopackage(evidence: Evidence, folder: Path) -> Iterator[Path]:
    yield geopackage(evidence, folder / "evidence.gpkg")


def _csv(evidence: Evidence, folder: Path) -> Iterator[Path]:
    for name in TAGS:
        yield replace_file(folder / "csv" / f"{name}.csv", [hxl(name, evidence)])


def _tables(evidence: Evidence, folder: Path) -> Iterator[Path]:
    for name in sorted(evidence.tables):
        yield replace_file(folder / "tables" / f"{name}.parquet", [parquet(evidence.tables[name])])


FORMATS: dict[str, Callable[[Evidence, Path], Iterator[Path]]] = {
    "geojson": _geojson,
    "geoparquet": _geoparquet,
    "geopackage": _geopackage,
    "csv": _csv,
    "parquet": _tables,
}
"""What can be written, by the name that the command knows it by."""
