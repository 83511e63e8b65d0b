"""The command that fetches what the mission names."""

from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import app


@app.command()
def pull(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
) -> None:
    """Download what the mission file names: only what is new; safe to run from cron."""
    from servanda.mission.pull import pull as pull_feeds

    pull_feeds(directory)
