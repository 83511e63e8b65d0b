"""Every agreement in the guides is loaded, and every message shown there is the one that really comes."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from servanda.agreement.written import read_yaml
from servanda.mission.check import check_file
from servanda.mission.templates import TEMPLATES
from servanda.sources.base import Context, Payload
from servanda.sources.generic import SOURCE

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
GUIDE = GUIDES / "write-an-agreement.md"


def blocks(info: str) -> list[str]:
    return re.findall(rf"```{info}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


PARTS = blocks("yaml part")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The zone files that the guide names."""
    files = ["zones/areas.geojson", "zones/land.geojson", "zones/country.geojson"]
    for i, name in enumerate([*files, "zones/held_2025-03-03.geojson", "zones/held_2025-03-10.geojson"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(collection(list(squares(i)))), encoding="utf-8")
    return tmp_path


def squares(shift: int) -> Iterator[dict[str, Any]]:
    for k, name in enumerate(("north depot", "south depot", "training ground")):
        x, y = 10.0 + 0.1 * shift + 0.2 * k, 44.99
        ring = [[x, y], [x + 0.3, y], [x + 0.3, y + 0.1], [x, y + 0.1], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        yield {"type": "Feature", "properties": {"name": name}, "geometry": geometry}


def collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "agreement.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(p).removeprefix(f"{folder}/") for p in check_file(path)]


def merged(base: str, part: str) -> str:
    """The whole agreement with a part added: what the guide asks the reader to do by hand."""
    out = read_plain(base)
    for key, value in read_plain(part).items():
        out[key] = {**out[key], **value} if isinstance(out.get(key), dict) else value
    return json.dumps(out, default=lambda t: t.isoformat())


def test_the_whole_agreement_loads(folder: Path) -> None:
    (whole,) = blocks("yaml agreement")
    assert problems(folder, whole) == []


@pytest.mark.parametrize("part", PARTS, ids=lambda p: p.split("\n")[1].strip())
def test_every_part_loads_with_it(folder: Path, part: str) -> None:
    (whole,) = blocks("yaml agreement")
    assert [p for p in problems(folder, merged(whole, part)) if ": error:" in p] == []


def test_all_parts_together_load(folder: Path) -> None:
    (text,) = blocks("yaml agreement")
    for part in PARTS:
        text = merged(text, part)
    assert len(PARTS) > 8
    assert [p for p in problems(folder, text) if ": error:" in p] == []


def test_mistakes_are_shown_as_the_guide_shows_them(folder: Path) -> None:
    (whole,) = blocks("yaml agreement")
    (broken,), (shown,) = blocks("yaml mistake"), blocks("text check")
    head = whole.split("terms:")[0]
    found = problems(folder, head + broken)
    assert [re.sub(r":\d+:\d+:", ":", p) for p in found] == [
        re.sub(r":\d+:\d+:", ":", line) for line in shown.strip().splitlines() if ": error:" in line
    ]


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda p: p.name)
def test_every_other_piece_of_yaml_is_yaml(guide: Path, tmp_path: Path) -> None:
    for text in re.findall(r"```yaml[^\n]*\n(.*?)```", guide.read_text("utf-8"), re.DOTALL):
        path = tmp_path / "piece.yaml"
        path.write_text(text, encoding="utf-8")
        assert read_yaml(path).problems == []


def test_your_own_data_give_what_the_guide_says() -> None:
    text = (GUIDES / "bring-your-own-data.md").read_text("utf-8")
    settings = [read_plain(y)["sources"][0] for y in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    tables = [t.encode() for t in re.findall(r"```csv\n(.*?)```", text, re.DOTALL)]
    reports, hours = (
        SOURCE.read(
            Payload(Path(entry["path"]).name, data, sha256(data).hexdigest()),
            Context(entry["id"], SOURCE.settings.model_validate(entry["settings"])),
        )
        for entry, data in zip(settings, tables, strict=True)
    )
    seen = reports.observations
    assert seen.select("kind", "claim", "sigma_m").rows() == [("artillery", "sighting", 500.0)] * 2
    assert ((seen["t_end"] - seen["t_start"]).dt.total_hours()).to_list() == [0, 24]
    assert reports.quarantine["row"].to_list() == [4, 5]
    assert hours.watches["status"].to_list() == ["watching", "denied"]
    assert {*seen["witness_group"], *hours.watches["witness_group"]} == {"patrols"}


def read_plain(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_a_world_is_made_as_the_guide_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (GUIDES / "worlds.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert (tmp_path / "dark-3" / "mission.yaml").is_file()


def test_a_mission_starts_as_the_guide_says(tmp_path: Path) -> None:
    text = (GUIDES / "start-a-mission.md").read_text("utf-8")
    (commands,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in commands.strip().splitlines():
        program, *words = line.split()
        assert program == "servanda"
        done = subprocess.run([sys.executable, "-m", program, *words], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    assert list(tmp_path.glob("my-mission/reports/*/report.html"))
    assert set(re.findall(r"^\| `([\w-]+)`", text, re.MULTILINE)) == set(TEMPLATES)
