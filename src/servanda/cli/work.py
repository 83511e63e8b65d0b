"""Commands that do the job: run, demo."""

import json
from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import AsJson, app, moment_of, print_verdicts, progress


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

    moment = moment_of(as_of)
    with progress(as_json) as step:
        outcome = run_mission(directory, moment, step=step)
    for refusal in outcome.refused:
        typer.echo(f"refused: {refusal}", err=True)
    for notice in outcome.notices:
        typer.echo(notice, err=True)
    if as_json:
        typer.echo(json.dumps(outcome.result, ensure_ascii=False, indent=1))
    else:
        print_verdicts(outcome.result)
        typer.echo(f"\nReport: {outcome.reports / 'report.html'}")
    if outcome.refused:
        raise typer.Exit(3)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another ceasefire.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to put the mission and its report.")] = Path("demo"),
) -> None:
    """Run the whole job on a simulated 30-day ceasefire whose truth is known, and score the verdicts."""
    from servanda.mission.demo import demo as run_demo

    with progress(False) as step:
        outcome = run_demo(out, seed, step)
    for notice in outcome.notices:
        typer.echo(notice, err=True)
    print_verdicts(outcome.result)
    typer.echo(f"\nReport: {outcome.reports / 'report.html'}")
