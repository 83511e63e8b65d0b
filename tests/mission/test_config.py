"""A bad mission file shows every mistake at once, each with its place and its mend."""

from pathlib import Path

import pytest

from servanda.errors import MissionError
from servanda.mission import config
from servanda.mission.check import check_file


def problems(folder: Path, text: str) -> list[str]:
    (folder / "mission.yaml").write_text(text, "utf-8")
    with pytest.raises(MissionError) as caught:
        config.load(folder, {})
    return [str(p).removeprefix(f"{folder}/") for p in caught.value.problems]


def test_all_mistakes_at_once(folder: Path) -> None:
    found = problems(
        folder,
        """\
title: T
time_zone: Mars/Olympus
cutoff: "25:00"
sources:
  - {id: a, source: tabel, path: x.csv}
  - {id: b, source: table, path: "${NOWHERE}/x.csv", settings: {sigma: 3}}
  - {id: b, source: table, path: x.csv, with: {maps: y.csv}}
comparisons:
  - {title: C, measure: starts, source: c, baselines: [{shift: last week}, {}]}
""",
    )
    text = "\n".join(found)
    for line, words in (
        (2, "no time zone"), (3, "no time of day"), (5, "'table'"), (6, "NOWHERE"), (6, "sigma"),
        (7, "twice"), (7, "no use for 'maps'"), (9, "no feed 'c'"), (9, "last week"), (9, "neither a shift"),
    ):  # fmt: skip
        assert any(p.startswith(f"mission.yaml:{line}:") and words in p for p in found), f"{line} {words}\n{text}"
    assert all("Mend:" in p for p in found)


def test_a_missing_field_and_an_unknown_one(folder: Path) -> None:
    text = "\n".join(problems(folder, "title: T\ntimezone: Etc/UTC\n"))
    assert "'timezone'" in text
    assert "time_zone" in text


def test_no_mission_file(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="does not exist"):
        config.load(tmp_path, {})


def test_check_finds_terms_that_no_source_could_observe(folder: Path) -> None:
    path = folder / "mission.yaml"
    kept = path.read_text("utf-8").split("sources:")[0]
    path.write_text(kept + "sources: [{id: alerts, source: alerts, path: x.csv}]\n", "utf-8")
    found = check_file(folder)
    assert any("no-artillery" in p.what and "can never be judged" in p.what for p in found)
    assert check_file(folder / "agreement.yaml") == found


def test_check_of_a_sound_mission_finds_no_error(folder: Path) -> None:
    assert [p for p in check_file(folder) if p.level == "error"] == []


def test_languages_are_known_named_once_and_may_come_with_the_mission(folder: Path) -> None:
    plain = (folder / "mission.yaml").read_text("utf-8")
    text = "\n".join(problems(folder, plain + "languages: [uk, fra, uk, qaa]\n"))
    assert "There is no language 'fra'. Mend: Did you mean 'fr'?" in text
    assert "'uk' is there twice" in text
    assert "There is no language 'qaa'" in text
    home = folder / "languages" / "qaa"
    home.mkdir(parents=True)
    (home / "language.toml").write_text('name = "Novlang"\n', "utf-8")
    (folder / "mission.yaml").write_text(plain + "languages: [qaa, en]\n", "utf-8")
    assert config.load(folder, {}).written.languages == ("qaa", "en")
    (home / "map.toml").write_text('titel = "Mappa"\n', "utf-8")
    with pytest.raises(MissionError, match=r"map\.titel"):
        config.load(folder.rename(folder.with_name("elsewhere")), {})
