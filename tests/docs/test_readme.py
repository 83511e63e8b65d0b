"""The real case on the first page is what really comes out."""

import os
import re
import shutil
from pathlib import Path

import pytest

from servanda.mission import run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CASE = "easter-truce-2025"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case") / CASE
    folder.mkdir()
    for name in ("agreement.yaml", "mission.yaml"):
        shutil.copy(ROOT / "examples" / CASE / name, folder)
    return folder


def test_the_excerpt_stands_in_the_agreement() -> None:
    (excerpt,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    whole = (ROOT / "examples" / CASE / "agreement.yaml").read_text("utf-8").splitlines()
    assert [line for line in excerpt.splitlines() if line not in whole] == []


@pytest.mark.real_data
@pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set")
def test_verdicts_and_figures_are_those_that_come_out(folder: Path) -> None:
    result = run(folder)
    whole = {f["term_id"]: f for f in result["findings"] if (f["party"], f["period"]["name"]) == ("any", "in_force")}
    shown = re.findall(r"^  (\S+) +(\w+) +power +(\d+) %  (\w+)$", README, re.MULTILINE)
    assert {t: (v, int(p), i) for t, v, p, i in shown} == {
        t: (f["verdict"], round(100 * f["power"]), f["finding_id"]) for t, f in whole.items()
    }
    table = re.findall(r"^\| [a-z].* \| ([\d.]+) \| \*\*([\d.]+)\*\* \| ([\d.]+) \|$", README, re.MULTILINE)
    measured = [(c["baselines"][0]["value"], c["value"], c["baselines"][1]["value"]) for c in result["comparisons"]]
    assert [tuple(map(float, row)) for row in table] == [tuple(round(v, 1) for v in row) for row in measured]
    (told,) = re.findall(r"alerts that started fell by (\d+) % \(95 % interval: (\d+)–(\d+) %\)", README)
    ratio = result["trends"][0]["rate_ratio"]
    assert result["trends"][0]["said"] == "fell"
    assert tuple(map(int, told)) == tuple(round(100 * (1 - ratio[end])) for end in ("mean", "high", "low"))
