"""The command that fetches what the mission names."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import AsJson, app


@app.command()
def pull(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
    only: Annotated[str | None, typer.Option(metavar="FEED", help="Pull this feed alone.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be asked; ask nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Download what the mission file names: only what is new; safe to run from cron."""
    from servanda.mission.pull import pull as pull_feeds

    with _bar(as_json or dry_run) as progress:
        outcome = pull_feeds(directory, only, dry_run, progress=progress)
    if as_json:
        typer.echo(json.dumps(outcome.as_dict(), ensure_ascii=False, indent=1))
    else:
        for line in (*outcome.notices, *(feed.words for feed in outcome.feeds)):
            typer.echo(line)
        if not outcome.feeds:
            typer.echo("No feed has a pull block.")
    if outcome.refused:
        raise typer.Exit(3)


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[str, str, int, int | None], None]]:
    """A bar for the file that is coming in, on a terminal; nothing in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("asking", total=None)

        def tell(feed: str, file: str, here: int, total: int | None) -> None:
            shown.update(task, description=f"{feed}: {file}", completed=here, total=total)

        yield tell
