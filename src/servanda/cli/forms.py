"""The command that writes forms for phones out of the agreement."""

from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import app


@app.command()
def forms(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; else DIR/forms.")] = None,
) -> None:
    """Write an XLSForm for ODK Collect and KoboToolbox out of the agreement."""
    from servanda.mission.forms import write_forms

    for path in write_forms(directory, out or directory / "forms"):
        typer.echo(str(path))
