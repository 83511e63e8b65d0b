"""New missions from templates: each runs at once and says something; nothing is ever overwritten."""

import subprocess
from pathlib import Path

import pytest

from servanda.agreement.loader import load as load_agreement
from servanda.errors import MissionError
from servanda.mission import run
from servanda.mission.check import check_file
from servanda.mission.templates import TEMPLATES, start

SOURCE = Path(__file__).parents[2] / "src" / "servanda" / "mission" / "templates"
WHOLE = {
    "truce": {"no-artillery": "broken", "no-attack": "kept", "few-shots": "kept", "no-overflight": "unverifiable"},
    "withdrawal": {
        "start": "broken",
        "cleared": "broken",
        "no-troops": "unverifiable",
        "counted": "unverifiable",
        "not-too-many": "unverifiable",
    },
    "corridor": {"opens": "broken", "opens-if-agreed": "unverifiable", "no-obstruction": "unverifiable"},
    "no-fly": {"no-aircraft": "broken", "no-drones": "alleged", "no-strikes": "unverifiable"},
}
BY_DAY = {
    ("truce", "no-artillery", "2025-03-08"): "exempt",
    ("truce", "no-artillery", "2025-03-07"): "unverifiable",
    ("corridor", "opens", "2025-03-04"): "kept",
    ("corridor", "opens", "2025-03-05"): "broken",
    ("corridor", "opens", "2025-03-06"): "unverifiable",
    ("corridor", "opens", "2025-03-08"): "alleged",
    ("no-fly", "no-aircraft", "2025-03-04"): "exempt",
    ("no-fly", "no-aircraft", "2025-03-06"): "unverifiable",
    ("no-fly", "no-aircraft", "2025-03-08"): "kept",
    ("no-fly", "no-drones", "2025-03-07"): "alleged",
}
BY_PARTY = {
    ("withdrawal", "start", "north"): "kept",
    ("withdrawal", "start", "south"): "broken",
    ("withdrawal", "cleared", "north"): "kept",
    ("withdrawal", "counted", "north"): "kept",
    ("withdrawal", "counted", "south"): "unverifiable",
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_it_runs_at_once_and_says_something(template: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "mission"
    files = start(folder, template)
    assert {folder / "agreement.yaml", folder / "mission.yaml"} < set(files)
    assert [p for p in check_file(folder / "agreement.yaml") if p.level != "info"] == []
    result = run(folder)
    whole = [f for f in result["findings"] if f["period"]["name"] == "in_force"]
    assert {f["term_id"]: f["verdict"] for f in whole if f["party"] == "any"} == WHOLE[template]
    for (name, term, party), verdict in BY_PARTY.items():
        if name == template:
            assert [f["verdict"] for f in whole if (f["term_id"], f["party"]) == (term, party)] == [verdict]
    for (name, term, day), verdict in BY_DAY.items():
        if name == template:
            noon = f"{day}T12:00:00Z"
            found = [
                f["verdict"]
                for f in result["findings"]
                if (f["term_id"], f["party"], f["period"]["name"]) == (term, "any", "day")
                and f["period"]["from"] <= noon < f["period"]["to"]
            ]
            assert found == [verdict], (term, day)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_part_is_explained(template: str) -> None:
    for name in ("agreement.yaml", "mission.yaml"):
        text = (SOURCE / template / name).read_text("utf-8")
        assert text.count("\n#") + text.count(" # ") >= 4, name
    agreement, _ = load_agreement(SOURCE / template / "agreement.yaml", {})
    assert all(t.text for v in agreement.versions for t in v.terms)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    for i in range(7):
        (tmp_path / f"note{i}.txt").write_text("mine", "utf-8")
    with pytest.raises(MissionError, match=r"holds note0\.txt, .*note4\.txt and 2 more"):
        start(tmp_path, "truce")
    assert len(list(tmp_path.iterdir())) == 7


def test_an_empty_folder_will_do_and_a_file_will_not(tmp_path: Path) -> None:
    assert start(tmp_path, "truce")
    with pytest.raises(MissionError, match="is a file"):
        start(tmp_path / "agreement.yaml", "truce")


def test_an_unknown_template_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="Did you mean 'withdrawal'"):
        start(tmp_path / "new", "withdrawl")
    assert not (tmp_path / "new").exists()


def test_the_same_files_every_time(tmp_path: Path) -> None:
    one, other = (start(tmp_path / name, "truce") for name in ("a", "b"))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]
    assert [p.relative_to(tmp_path / "a") for p in one] == [p.relative_to(tmp_path / "b") for p in other]


@pytest.mark.skipif(not (SOURCE.parents[3] / ".git").exists(), reason="not a checkout")
def test_no_template_file_is_left_out_of_the_wheel() -> None:
    """The build takes every file of the package that git does not ignore."""
    files = [str(p) for p in sorted(SOURCE.rglob("*.*")) if "__pycache__" not in p.parts]
    done = subprocess.run(["git", "check-ignore", *files], cwd=SOURCE, capture_output=True, text=True, check=False)
    assert len(files) > 4 * len(TEMPLATES)
    assert (done.returncode, done.stdout) == (1, "")
