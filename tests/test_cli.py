"""The command line: exit codes, what is printed where, and that help is quick to load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mission.conftest import write

HEAVY = ("polars", "shapely", "sqlalchemy", "scipy", "numpy", "pyproj", "pydantic")


def servanda(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "servanda", *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mission")


def test_help_loads_nothing_heavy() -> None:
    code = f"import sys, servanda.cli; print([m for m in sys.modules if m in {HEAVY!r}])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_run_prints_verdicts_and_the_report(folder: Path) -> None:
    done = servanda("run", folder)
    assert done.returncode == 0, done.stderr
    assert "no-artillery" in done.stdout
    assert "broken" in done.stdout
    assert str(folder / "reports") in done.stdout
    assert done.stderr == ""


def test_run_json_is_the_findings_file(folder: Path) -> None:
    done = servanda("run", folder, "--as-of", "2025-03-05T00:00+00:00", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((folder / "reports/2025-03-03/findings.json").read_text("utf-8"))


def test_a_bad_agreement_ends_with_2_and_every_mistake(folder: Path) -> None:
    path = folder / "agreement.yaml"
    path.write_text(
        path.read_text("utf-8").replace("[artillery]", "[artilery]").replace("buffer, forbid", "bufer, forbid")
    )
    for command in ("run", "check"):
        done = servanda(command, folder)
        assert done.returncode == 2
        assert "agreement.yaml:9:" in done.stdout + done.stderr
        assert "artillery" in done.stdout + done.stderr
        assert "buffer" in done.stdout + done.stderr


def test_a_bad_mission_ends_with_2(tmp_path: Path) -> None:
    done = servanda("run", tmp_path)
    assert done.returncode == 2
    assert "mission.yaml" in done.stderr


def test_a_refused_source_ends_with_3_and_the_job_is_done(folder: Path) -> None:
    (folder / "data" / "villages.csv").unlink()
    done = servanda("run", folder)
    assert done.returncode == 3
    assert "villages" in done.stderr
    assert (folder / "reports/2025-03-03/report.html").is_file()


@pytest.mark.parametrize("moment", ["yesterday", "2025-03-05"])
def test_a_moment_without_offset_is_refused(folder: Path, moment: str) -> None:
    done = servanda("run", folder, "--as-of", moment)
    assert done.returncode == 2
    assert "offset" in done.stderr or "no moment" in done.stderr


def test_explain_and_an_unknown_finding(folder: Path) -> None:
    servanda("run", folder)
    result = json.loads((folder / "reports/2025-03-03/findings.json").read_text("utf-8"))
    done = servanda("explain", folder, result["findings"][0]["finding_id"])
    assert done.returncode == 0
    assert "Why:" in done.stdout
    unknown = servanda("explain", folder, "zzzz")
    assert unknown.returncode == 1
    assert "no finding 'zzzz'" in unknown.stderr


def test_sources_kinds_and_schema_speak_json() -> None:
    names = {s["name"] for s in json.loads(servanda("sources", "--json").stdout)}
    assert names >= {"viina", "alerts", "firms", "control", "table"}
    assert any(k["kind"] == "artillery" for k in json.loads(servanda("kinds", "--json").stdout))
    assert "terms" in json.loads(servanda("schema").stdout)["properties"]
