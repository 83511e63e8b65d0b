"""The reference pages say what the code says, everything is named, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

from servanda import docs, kinds
from servanda.agreement.model import WrittenAgreement
from servanda.cli.app import app
from servanda.mission.config import MissionFile
from servanda.sources.alerts_settings import AlertsSettings

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", sorted(docs.pages()))
def test_committed_page_is_what_the_code_writes(name: str) -> None:
    committed = (REFERENCE / name).read_text("utf-8")
    assert committed == docs.pages()[name], f"docs/reference/{name} is out of date: run make docs"


def test_no_page_is_left_over() -> None:
    assert sorted(p.name for p in REFERENCE.iterdir()) == sorted(docs.pages())


def test_every_command_is_named() -> None:
    names = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    text = (REFERENCE / "commands.md").read_text("utf-8")
    assert names and [n for n in names if f"`servanda {n}" not in text] == []


def test_every_source_and_each_of_its_settings_is_named() -> None:
    text = (REFERENCE / "sources.md").read_text("utf-8")
    sources = docs.shipped_sources()
    assert {"viina", "alerts", "firms", "control", "table"} <= set(sources)
    missing = [f"{s.name}.{f}" for s in sources.values() for f in s.settings.model_fields if f"`{f}`" not in text]
    assert missing + [n for n in sources if f"## `{n}`" not in text] == []


def test_every_kind_is_named() -> None:
    text = (REFERENCE / "kinds.md").read_text("utf-8")
    assert [k for k in kinds.tree() if f"`{k}`" not in text] == []


@pytest.mark.parametrize(("page", "model"), [("mission.md", MissionFile), ("agreement.md", WrittenAgreement)])
def test_every_field_is_named(page: str, model: type[MissionFile] | type[WrittenAgreement]) -> None:
    text = (REFERENCE / page).read_text("utf-8")
    schema = model.model_json_schema(by_alias=True)
    fields = [f for part in (schema, *schema["$defs"].values()) for f in part.get("properties", {})]
    assert [f for f in fields if f"| `{f}` |" not in text] == []


def test_what_stands_below_a_field_is_its_meaning() -> None:
    said = docs.meanings(AlertsSettings)
    assert said["max_informative_h"].startswith("Longer intervals"), "of its own"
    assert said["time_zone"].startswith("IANA name"), "of the class it is made from"
    assert "access" not in said, "nothing stands below it"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not _leads(page, link)] == []


def _leads(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    if not target.exists():
        return False
    return not anchor or anchor in map(_anchor, re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE))


def _anchor(heading: str) -> str:
    """The anchor that a heading gets: lower case, words joined by hyphens, nothing else."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
