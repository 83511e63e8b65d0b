"""Commands that look and tell: check, sources, explain, schema, kinds."""

import json
from pathlib import Path
from typing import Annotated

import typer

from servanda.cli.app import AsJson, app


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
