"""The command that hands evidence on: the same steps as a run, what may be published by default."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import shapely
from tests.mission.conftest import PATROLS

from servanda.mission import run
from servanda.mission.exports import export, write_exports
from servanda.report.exports import ZONES

END = datetime(2025, 3, 5, tzinfo=UTC)


def servanda(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "servanda", *map(str, words)], capture_output=True, text=True, check=False
    )


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "tables" / f"{name}.parquet")


def test_exports_hold_what_the_report_says(folder: Path, tmp_path: Path) -> None:
    said = run(folder, END)["findings"]
    export(folder, tmp_path, ["parquet"], as_of=END)
    got = table(tmp_path, "findings")
    assert {f["finding_id"]: f["verdict"] for f in said} == dict(got.select("finding_id", "verdict").iter_rows())
    zones = table(tmp_path, "zones")
    assert list(zones.schema) == list(ZONES.schema)
    assert zones.select("zone_id", "verdict").rows() == [("buffer", "broken")]
    assert zones["terms"].to_list() == [["no-artillery", "no-naval-fire"]]
    assert shapely.from_wkb(zones["geometry"][0]).bounds == (20.0, -0.1, 21.0, 0.1)


def test_a_past_moment_is_exported_as_it_was_known(folder: Path, tmp_path: Path) -> None:
    export(folder, tmp_path, ["parquet"], as_of=datetime(2025, 3, 2, tzinfo=UTC))
    assert table(tmp_path, "observations").height == 2
    export(folder, tmp_path, ["parquet"], as_of=END)
    assert table(tmp_path, "observations").height == 5


def test_restricted_rows_leave_in_full_only(folder: Path, tmp_path: Path) -> None:
    header, *rows = PATROLS.splitlines()
    lines = [header + ",access", *(f"{row},{'sealed' if i == 1 else 'open'}" for i, row in enumerate(rows))]
    folder.joinpath("data", "patrols.csv").write_text("\n".join(lines) + "\n")
    export(folder, tmp_path / "public", ["parquet"], as_of=END)
    export(folder, tmp_path / "full", ["parquet"], public=False, as_of=END)
    assert table(tmp_path / "public", "observations")["access"].unique().to_list() == ["open"]
    kept = table(tmp_path / "full", "observations")
    assert kept.height == table(tmp_path / "public", "observations").height + 1
    sealed = kept.filter(pl.col("access") == "sealed")["observation_id"].to_list()
    assert not set(sealed) & set(table(tmp_path / "public", "membership")["observation_id"])


def test_the_contract_of_the_plain_call(folder: Path, tmp_path: Path) -> None:
    files = write_exports(folder, tmp_path / "out")
    assert files[-1].name == "datapackage.json"
    assert all(f.is_file() for f in files)


def test_the_command_names_its_files(folder: Path, tmp_path: Path) -> None:
    done = servanda("export", folder, "--format", "csv", "--format", "geojson", "--json", "--as-of", END.isoformat())
    assert done.returncode == 0, done.stderr
    files = [Path(f) for f in json.loads(done.stdout)]
    assert {f.parent.name for f in files} == {"csv", "geojson", "exports"}
    assert all(f.is_relative_to(folder / "exports") and f.is_file() for f in files)
    full = servanda("export", folder, "--full", "--format", "parquet", "--as-of", END.isoformat())
    assert str(folder / "exports-full" / "tables" / "observations.parquet") in full.stdout


@pytest.mark.parametrize("words", [("--format", "shapefile"), ("--as-of", "yesterday")])
def test_a_bad_wish_ends_with_code_2(folder: Path, words: tuple[str, str]) -> None:
    assert servanda("export", folder, *words).returncode == 2
