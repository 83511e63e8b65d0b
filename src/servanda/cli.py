"""The command ``servanda``: parse, call, print. Heavy imports wait inside the commands, so that help is quick.

Exit codes: 0 the job was done, whatever the verdicts; 1 anything else; 2 a bad agreement, mission or command
line; 3 a source was refused (the rest of the job was done).
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
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


def _moment(text: str | None) -> datetime | None:
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
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A moving line on a terminal; nothing in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


@app.command()
def run(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="T", help="Speak for this moment: ISO with offset, or 'now'.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do the whole job: read the sources, judge the terms, write the report. Safe to repeat."""
    from servanda.mission import run_mission

    moment = _moment(as_of)
    with _progress(as_json) as step:
        outcome = run_mission(directory, moment, step=step)
    for refusal in outcome.refused:
        typer.echo(f"refused: {refusal}", err=True)
    if as_json:
        typer.echo(json.dumps(outcome.result, ensure_ascii=False, indent=1))
    else:
        _print_verdicts(outcome.result)
        typer.echo(f"\nReport: {outcome.reports / 'report.html'}")
    if outcome.refused:
        raise typer.Exit(3)


def _print_verdicts(result: dict[str, Any]) -> None:
    """The verdict on each term as a whole over the in-force window."""
    whole = [f for f in result["findings"] if f["period"]["name"] == "in_force" and f["party"] == "any"]
    typer.echo(f"{result['agreement']['title']}, as of {result['as_of']}\n")
    width = max((len(f["term_id"]) for f in whole), default=4)
    for f in whole:
        typer.echo(f"  {f['term_id']:<{width}}  {f['verdict']:<12}  power {100 * f['power']:3.0f} %  {f['finding_id']}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An agreement file, or a mission folder.")],
    as_json: AsJson = False,
) -> None:
    """Check an agreement: every mistake at once, with line and mend, and what a careful reader would ask."""
    from servanda.mission.check import check_file

    problems = check_file(file)
    if as_json:
        typer.echo(json.dumps([p.__dict__ for p in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            typer.echo(str(problem))
        errors = sum(p.level == "error" for p in problems)
        typer.echo(f"Errors: {errors}. Remarks: {len(problems) - errors}." if problems else "Nothing to mend.")
    if any(p.level == "error" for p in problems):
        raise typer.Exit(2)


@app.command()
def sources(as_json: AsJson = False) -> None:
    """List the sources that Servanda can read: provider, licence, how far to trust it, when and where it looks."""
    from servanda.mission.catalogue import describe, facts

    typer.echo(json.dumps(facts(), ensure_ascii=False, indent=1) if as_json else describe())


@app.command()
def explain(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The mission folder.")],
    finding_id: Annotated[str, typer.Argument(metavar="FINDING_ID", help="Id of a finding, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Tell in plain words why a finding says what it says, with the observations behind it and its history."""
    from servanda.mission.explain import account, explanation

    told = account(directory, finding_id)
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1) if as_json else explanation(told))


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another ceasefire.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to put the mission and its report.")] = Path("demo"),
) -> None:
    """Run the whole job on a simulated 30-day ceasefire whose truth is known, and score the verdicts."""
    from servanda.mission.demo import demo as run_demo

    with _progress(False) as step:
        outcome = run_demo(out, seed, step)
    _print_verdicts(outcome.result)
    typer.echo(f"\nReport: {outcome.reports / 'report.html'}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of agreement files, for editors."""
    from servanda.agreement.schema import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=1))


@app.command()
def kinds(as_json: AsJson = False) -> None:
    """Print the tree of kinds: what can happen, by the names that agreements use."""
    from servanda.kinds import lineage, tree

    if as_json:
        typer.echo(json.dumps([k.__dict__ for k in tree().values()], ensure_ascii=False, indent=1))
        return
    for kind in tree().values():
        typer.echo(f"{'  ' * (len(lineage(kind.kind)) - 1)}{kind.kind}: {kind.definition}")


if __name__ == "__main__":
    main()
