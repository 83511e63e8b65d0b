"""The command that hands evidence to other programs."""

from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import app


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; else DIR/exports.")] = None,
) -> None:
    """Write what is known as GeoJSON, GeoParquet, GeoPackage, CSV with HXL tags, and Parquet tables."""
    from servanda.mission.exports import write_exports

    for path in write_exports(directory, out or directory / "exports"):
        typer.echo(str(path))
