"""The command ``servanda``: parse, call, print. Heavy imports wait inside the commands, so that help is quick.

Exit codes: 0 the job was done, whatever the verdicts; 1 anything else; 2 a bad agreement, mission or command
line; 3 a source was refused (the rest of the job was done).
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from servanda import __version__
from servanda.errors import InputError, ServandaError

app = typer.Typer(
    help="Polices a peace deal: which terms were kept, which were broken, and what nobody can know.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main() -> None:
    """Entry point: a mistake of the user is a message and an exit code, never a traceback."""
    try:
        app()
    except InputError as error:
        typer.echo("\n".join(map(str, error.problems)), err=True)
        sys.exit(error.exit_code)
    except ServandaError as error:
        typer.echo(f"servanda: {error}", err=True)
        sys.exit(error.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"servanda {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Polices a peace deal: which terms were kept, which were broken, and what nobody can know."""
    del version


def moment_of(text: str | None) -> datetime | None:
    """A moment with offset, or ``now``; a bad one ends the command with code 2."""
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no moment. Write it as 2025-04-21T00:00+03:00.") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"'{text}' has no offset. Write it as {moment.isoformat()}+00:00 or with the offset you mean."
        )
    return moment.astimezone(UTC)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A moving line on a terminal; nothing in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


def print_verdicts(result: dict[str, Any]) -> None:
    """The verdict on each term as a whole over the in-force window."""
    whole = [f for f in result["findings"] if f["period"]["name"] == "in_force" and f["party"] == "any"]
    typer.echo(f"{result['agreement']['title']}, as of {result['as_of']}\n")
    width = max((len(f["term_id"]) for f in whole), default=4)
    for f in whole:
        typer.echo(f"  {f['term_id']:<{width}}  {f['verdict']:<12}  power {100 * f['power']:3.0f} %  {f['finding_id']}")
