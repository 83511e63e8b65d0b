"""The form out of the agreement: valid for phones, the same bytes for the same agreement, and read back unmapped."""

import csv
import io
import json
import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyxform.xls2xform import convert
from tests.patrols import AGREEMENT, Filled, hours, layouts, patrol_form, questions
from typer.testing import CliRunner

from servanda.agreement.loader import load
from servanda.cli.app import app
from servanda.findings import Finding
from servanda.kinds import lineage, tree
from servanda.mission import run_mission
from servanda.mission.forms import AREAS, FORM, write_forms
from servanda.mission.forms.build import Form, build
from servanda.mission.forms.words import LANGUAGES
from servanda.sources.odk_form import SEEN, WATCH, understood
from servanda.tables import WATCH_STATUS

MISSION = """\
title: Patrols of the truce
time_zone: Etc/UTC
sources:
  - {id: patrols, source: odk, path: "data/*", with: {zones: forms/zones.geojson}}
"""
POST = "0.05 20.5 110.0 5.0"
NIGHTS_AND_DAYS = [f"2025-03-0{day}T{hour}" for day in range(1, 6) for hour in ("00", "08", "16")]

HEARD_SURELY = 0.8 * ((11.1 - 2 * 1.62 * 0.3) / 11.1) ** 2
"""Chance to hear it, times the share of a zone of 11.1 km where a place error of 300 m leaves it surely inside:

a report is believed at 0.95, so 0.9 needs 0.947 of its place inside, or 1.62 standard deviations from the edge.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mission = tmp_path / "mission"
    (mission / "data").mkdir(parents=True)
    shutil.copy(AGREEMENT, mission / "agreement.yaml")
    (mission / "mission.yaml").write_text(MISSION, "utf-8")
    return mission


def sheets(path: Path) -> dict[str, list[dict[str, str]]]:
    """Every row that has anything in it, as a person sees it who opens the file."""
    out = {}
    for sheet in openpyxl.load_workbook(path, read_only=False):
        head, *rows = sheet.iter_rows(values_only=True)
        out[sheet.title] = [{str(h): str(v) for h, v in zip(head, row, strict=True) if v is not None} for row in rows]
    return out


def listed(form: Form, name: str) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in form.choices if row["list_name"] == name}


def asked(form: Form, name: str) -> dict[str, str]:
    return next(row for row in form.survey if row.get("name") == name)


def test_the_form_is_valid(folder: Path) -> None:
    made = convert(str(write_forms(folder, folder / "forms")[0]), validate=False)
    assert made.warnings == [], "pyxform warns of something"
    assert "<h:title>Patrol report: A truce with patrols</h:title>" in made.xform
    for language in LANGUAGES.values():
        assert f'<translation lang="{language}"' in made.xform
    for person in ("deviceid", "phonenumber", "username", "email", "subscriberid"):
        assert person not in made.xform.casefold(), f"the form asks the phone for {person}"


def test_the_same_agreement_gives_the_same_bytes(folder: Path) -> None:
    first = [p.read_bytes() for p in write_forms(folder, folder / "forms")]
    assert first == [p.read_bytes() for p in write_forms(folder, folder / "again")]
    assert b"2000-01-01" in _properties(first[0]), "a clock is in the file"


def _properties(raw: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return archive.read("docProps/core.xml")


def test_another_agreement_is_another_version_of_the_same_form(folder: Path) -> None:
    before = build(load(folder / "agreement.yaml")[0]).settings
    text = (folder / "agreement.yaml").read_text("utf-8")
    (folder / "agreement.yaml").write_text(text.replace("forbid: [naval_fire]", "forbid: [drone_strike]"), "utf-8")
    after = build(load(folder / "agreement.yaml")[0]).settings
    assert before["form_id"] == after["form_id"]
    assert before["version"] != after["version"]


def test_a_person_who_opens_the_file_sees_the_form(folder: Path) -> None:
    found = sheets(write_forms(folder, folder / "forms")[0])
    assert list(found) == ["survey", "choices", "settings"]
    survey = {row.get("name", row["type"]): row for row in found["survey"]}
    assert survey["watch_start"]["label::English (en)"] == "When did you start to watch?"
    assert survey["watch_start"]["label::Ukrainian (uk)"] == "Коли ви почали спостерігати?"
    check = survey["check_withdraw"]["label::English (en)"]
    assert check == (
        "Article 3: Southmark withdraws its heavy weapons from the depot. "
        "Did you see for yourselves that this has been done?"
    )
    assert survey["check_withdraw"]["relevant"] == "${zone} = 'depot' or ${place} = 'depot'"
    assert found["settings"][0]["form_id"] == "servanda_patrol"


def test_choices_come_from_the_agreement() -> None:
    form = patrol_form()
    assert list(listed(form, "zones")) == ["buffer", "depot"], "zones that terms name"
    assert list(listed(form, "places")) == ["bridge", "line"], "the other zones"
    assert listed(form, "zones")["depot"]["label::French (fr)"] == "Depot at the mill", "as the agreement writes it"
    assert list(listed(form, "actors")) == ["north", "south", "unknown"]
    assert next(iter(listed(form, "units"))) == "guns", "the unit of a limit"
    assert list(listed(form, "status")) == list(WATCH_STATUS)


def test_kinds_are_those_of_the_terms_and_what_happens_to_a_patrol() -> None:
    form = patrol_form()
    wanted = {"artillery", "ground_combat", "withdrawal", "aid_delivery", "heavy_weapons_present", "naval_fire"}
    chosen = listed(form, "kinds")
    below = {k for k in tree() if set(lineage(k)) & {*wanted, "access_denial"}}
    assert set(chosen) == below
    assert set(questions(form).fixed["asked"].split()) == {*wanted, "access_denial"}, "small arms are ground combat"
    groups = listed(form, "kind_groups")
    assert {row["kind_group"] for row in chosen.values()} == set(groups), (
        "a group without kinds, or the other way round"
    )
    assert chosen["mortar"]["kind_group"] == "explosive"
    assert asked(form, "kind")["choice_filter"] == "kind_group = ${kind_group}"


def test_every_require_and_every_limit_is_asked_about() -> None:
    checks = understood(questions(patrol_form()).fixed["checks"])
    assert [(c.name, c.promise, c.kind) for c in checks] == [
        ("withdraw", "require", "withdrawal"),
        ("convoy", "require", "aid_delivery"),
        ("shots", "limit", "small_arms"),
        ("guns", "limit", "heavy_weapons_present"),
    ]
    assert (checks[3].most, checks[3].unit, checks[3].zone) == (10, "guns", "depot")
    names = {row.get("name") for row in patrol_form().survey}
    assert "count_guns" in names
    assert "count_shots" not in names, "incidents are entries, not a number"


def test_the_form_asks_what_the_source_reads() -> None:
    found = questions(patrol_form())
    assert set(WATCH) <= set(found.main)
    assert set(SEEN) <= set(found.entry)


def test_terms_whose_names_look_alike_are_asked_apart(folder: Path) -> None:
    text = (folder / "agreement.yaml").read_text("utf-8")
    more = "  with-draw: {clause: Article 9, require: {kinds: [withdrawal], every: 1 day}}\n"
    more += "  with_draw: {clause: Article 10, require: {kinds: [withdrawal], every: 1 day}}\n"
    (folder / "agreement.yaml").write_text(text + more, "utf-8")
    convert(str(write_forms(folder, folder / "forms")[0]), validate=False)
    found = questions(build(load(folder / "agreement.yaml")[0]))
    assert {"check_with_draw", "check_with_draw_2"} <= set(found.main)


def test_an_agreement_without_zones_or_checks_makes_a_form(folder: Path) -> None:
    (folder / "agreement.yaml").write_text(
        "title: Короткое перемирие\ntime_zone: Etc/UTC\nin_force: {from: 2025-03-01T00:00}\n"
        "parties: {a: {name: A}}\nterms: {quiet: {clause: '1', forbid: [artillery]}}\n",
        "utf-8",
    )
    form, areas = write_forms(folder, folder / "forms")
    assert convert(str(form), validate=False).warnings == []
    assert json.loads(areas.read_text("utf-8"))["features"] == []


def test_every_word_is_there_in_every_language() -> None:
    text = resources.files("servanda.mission.forms").joinpath("words.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        for code in LANGUAGES:
            assert row[code], f"{row['key']} has no {code}"
            assert row[code].count("{") == row["en"].count("{"), f"{row['key']}: other values in {code}"
    for row in [*patrol_form().survey, *patrol_form().choices]:
        said = {c.split("::")[0] for c in row if "::" in c}
        for column in said:
            assert all(row[f"{column}::{name}"] for name in LANGUAGES.values()), f"{row['name']}: {column}"


def test_areas_are_those_that_do_not_move(folder: Path) -> None:
    areas = json.loads(write_forms(folder, folder / "forms")[1].read_text("utf-8"))
    assert [f["properties"]["id"] for f in areas["features"]] == ["buffer", "depot"], "a point and a line are no area"


def test_the_command(folder: Path) -> None:
    done = CliRunner().invoke(app, ["forms", str(folder)])
    assert done.exit_code == 0, done.output
    assert [Path(line).name for line in done.output.split()] == [FORM, AREAS]
    assert (folder / "forms" / FORM).is_file()


def patrols(status: str = "watching", **answers: str) -> list[Filled]:
    """Somebody at the post around the clock, for five days; what they could do in the last two is ``status``."""
    out = []
    for n, start in enumerate(NIGHTS_AND_DAYS):
        end = start[:-2] + {"00": "08", "08": "16", "16": "23"}[start[-2:]]
        last = {"status": status, **({"reason": "Turned back"} if status != "watching" else {})} if n >= 9 else {}
        times = (f"{start}:00:00.000+00:00", f"{end}:{'59' if end.endswith('23') else '00'}:00.000+00:00")
        out.append(hours(f"r{n}", *times, **{"post": POST, **last, **answers}))
    return out


def judged(folder: Path, reports: list[Filled], layout: str) -> dict[tuple[str, str], Finding]:
    """Findings of a mission that holds these reports in one layout; by term and party, over the whole window."""
    work = folder.parent / f"{layout}-{len(list(folder.parent.iterdir()))}"
    shutil.copytree(folder, work)
    write_forms(work, work / "forms")
    (work / "data" / layout).write_bytes(layouts(patrol_form(), reports)[layout])
    outcome = run_mission(work, env={})
    assert outcome.refused == ()
    return {(f.term_id, f.party): f for f in outcome.findings if f.period.name == "in_force"}


@pytest.mark.parametrize("layout", ["patrol.zip", "odata.json", "kobo.json"])
def test_round_trip(folder: Path, layout: str) -> None:
    """From the agreement to a form, filled in, sent back, read with no mapping: quiet patrols are what keeps a term."""
    quiet = judged(folder, patrols(), layout)
    kept = quiet["no-artillery", "any"]
    assert kept.verdict == "kept", kept
    assert kept.power == pytest.approx(HEARD_SURELY, abs=0.02), "the post hears the whole zone, all the time"

    denied = judged(folder, patrols("denied"), layout)["no-artillery", "any"]
    assert denied.verdict == "unverifiable"
    assert denied.power == pytest.approx(HEARD_SURELY * 3 / 5, abs=0.02), "two days of five were lost"

    heard: dict[str, Any] = {
        "kind_group": "explosive", "kind": "mortar", "claim": "sighting", "exact": "exact",
        "t_from": "2025-03-02T10:00:00.000+00:00", "placed": "bearing", "bearing": "0", "range_low": "300",
        "range_high": "1300", "count_says": "at_least", "count_low": "3", "count_unit": "explosions", "actor": "north",
    }  # fmt: skip
    shelled = patrols()
    shelled[4] = replace(shelled[4], entries=[heard])
    assert judged(folder, shelled, layout)["no-artillery", "any"].verdict == "broken"


def test_a_check_that_was_answered_bears_on_its_term(folder: Path) -> None:
    done = patrols()
    done[3] = replace(done[3], answers={**done[3].answers, "zone": "depot", "check_withdraw": "yes"})
    done[5] = replace(done[5], answers={**done[5].answers, "zone": "depot", "check_guns": "no", "count_guns": "14"})
    found = judged(folder, done, "kobo.json")
    assert found["withdraw", "south"].verdict == "kept"
    assert found["guns", "any"].verdict in ("broken", "alleged")
