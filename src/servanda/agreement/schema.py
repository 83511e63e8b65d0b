"""The JSON Schema of ``agreement.yaml``, so that an editor completes names and marks mistakes while typing."""

import json
from pathlib import Path
from typing import Any

from servanda import kinds
from servanda.agreement.check import TERM_TYPES, ZONE_WAYS
from servanda.agreement.model import WrittenAgreement

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LOCAL_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
"""A date, or a date and time; the offset may be left out, which the format ``date-time`` does not allow."""
_KIND_LISTS = {"kinds", "forbid", "must", "for_each"}


def json_schema() -> dict[str, Any]:
    """The schema as plain data; it lists every kind, and asks for one promise per term and one way per zone."""
    schema = WrittenAgreement.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    tree = kinds.tree().values()
    definitions["Kind"] = {
        "description": "What can happen; a kind includes all below it in the tree.",
        "oneOf": [{"const": k.kind, "title": k.label, "description": k.definition} for k in tree],
    }
    definitions["WrittenTerm"]["oneOf"] = [{"required": [name]} for name in TERM_TYPES]
    definitions["WrittenZone"]["oneOf"] = [{"required": [name]} for name in ZONE_WAYS]
    for part in (schema, *definitions.values()):
        for name, field in part.get("properties", {}).items():
            _local_times(field)
            if name in _KIND_LISTS:
                _name_kinds(field)
    return {"$schema": DIALECT, **schema}


def write_json_schema(path: Path) -> None:
    """Write the schema as UTF-8 JSON; equal bytes every time."""
    path.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", "utf-8")


def _choices(field: dict[str, Any]) -> list[dict[str, Any]]:
    return [field, *field.get("anyOf", ())]


def _local_times(field: dict[str, Any]) -> None:
    for choice in _choices(field):
        if choice.get("format") == "date-time":
            del choice["format"]
            choice["pattern"] = LOCAL_TIME


def _name_kinds(field: dict[str, Any]) -> None:
    for choice in _choices(field):
        if choice.get("type") == "array":
            choice["items"] = {"$ref": "#/$defs/Kind"}
