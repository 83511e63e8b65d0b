"""The JSON Schema for editors."""

import json
import re
from pathlib import Path

import pytest

from servanda.agreement.schema import LOCAL_TIME, json_schema, write_json_schema
from servanda.kinds import tree


def test_it_names_its_dialect_and_no_place() -> None:
    schema = json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "$id" not in schema
    assert schema["required"] == ["title", "time_zone", "in_force", "parties", "terms"]


def test_fields_have_the_names_that_people_write() -> None:
    definitions = json_schema()["$defs"]
    assert {"from", "to"} == set(definitions["WrittenWindow"]["properties"])
    assert "in" in definitions["WrittenTerm"]["properties"]


def test_it_lists_every_kind_where_a_kind_is_asked_for() -> None:
    definitions = json_schema()["$defs"]
    assert [k["const"] for k in definitions["Kind"]["oneOf"]] == list(tree())
    assert definitions["Require"]["properties"]["kinds"]["items"] == {"$ref": "#/$defs/Kind"}
    assert definitions["Require"]["properties"]["for_each"]["anyOf"][0]["items"] == {"$ref": "#/$defs/Kind"}
    assert definitions["WrittenTerm"]["properties"]["forbid"]["anyOf"][0]["items"] == {"$ref": "#/$defs/Kind"}


def test_it_asks_for_one_promise_and_one_way_to_draw_a_zone() -> None:
    definitions = json_schema()["$defs"]
    assert {"required": ["forbid"]} in definitions["WrittenTerm"]["oneOf"]
    assert {"required": ["within"]} in definitions["WrittenZone"]["oneOf"]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2025-04-19", True),
        ("2025-04-19T18:00", True),
        ("2025-04-19 18:00:30+03:00", True),
        ("2025-04-19T18:00Z", True),
        ("19.4.2025", False),
        ("2025-04-19T18", False),
    ],
)
def test_a_time_may_leave_out_its_offset(text: str, good: bool) -> None:
    assert bool(re.fullmatch(LOCAL_TIME, text)) is good
    assert "date-time" not in json.dumps(json_schema())


def test_writing_it_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write_json_schema(tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == json_schema()
