"""The command that starts a new mission."""

from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import app


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder to make.")],
    template: Annotated[str, typer.Option(metavar="NAME", help="truce, withdrawal, corridor or no-fly.")] = "truce",
) -> None:
    """Start a new mission that runs at once."""
    from servanda.mission.templates import start

    for path in start(directory, template):
        typer.echo(str(path))
