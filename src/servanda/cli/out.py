"""The command that hands evidence to other programs."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import AsJson, app, moment_of, progress


class Format(StrEnum):
    """What can be written; the names of ``report.exports.FORMATS``, here so that help needs no heavy import."""

    GEOJSON = "geojson"
    GEOPARQUET = "geoparquet"
    GEOPACKAGE = "geopackage"
    CSV = "csv"
    PARQUET = "parquet"


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to; else DIR/exports, or DIR/exports-full.")
    ] = None,
    formats: Annotated[
        list[Format] | None, typer.Option("--format", help="Only this one; may be given several times.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public/--full", help="What may be published, or all that the mission holds.")
    ] = True,
    as_of: Annotated[
        str | None, typer.Option(metavar="T", help="Speak for this moment: ISO with offset, or 'now'.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what is known as GeoJSON, GeoParquet, GeoPackage, CSV with HXL tags, and Parquet tables."""
    from servanda.mission.exports import export as write

    folder = out or directory / ("exports" if public else "exports-full")
    moment = moment_of(as_of)
    with progress(as_json) as step:
        done = write(directory, folder, [f.value for f in formats or ()], public=public, as_of=moment, step=step)
    for refusal in done.refused:
        typer.echo(f"refused: {refusal}", err=True)
    files = [str(path) for path in done.files]
    typer.echo(json.dumps(files, ensure_ascii=False, indent=1) if as_json else "\n".join(files))
    if done.refused:
        raise typer.Exit(3)
