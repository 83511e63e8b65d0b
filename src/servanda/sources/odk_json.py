"""Reports in JSON: OData of ODK Central, the API of KoboToolbox."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from servanda.sources.base import Context, Payload
from servanda.sources.odk_reports import MEND, Answers, Report, Reports, leaf_of, not_read, persons
from servanda.sources.reading import loaded_json, quarantine_rows, refuse

LINK = "@odata.navigationLink"


def read_json(payload: Payload, context: Context, repeat: str) -> Reports:
    """OData of ODK Central ("value"), the API of KoboToolbox ("results"), or a plain list."""
    try:
        found = loaded_json(payload, context)
        if isinstance(found, dict):
            found = found.get("value", found.get("results"))
        if not isinstance(found, list):
            raise refuse(payload, context, "it has no list of reports ('value' or 'results').", MEND)
        reports = [_report(n, item) for n, item in enumerate(found, 1) if isinstance(item, dict)]
    except (ValueError, RecursionError) as error:
        raise refuse(payload, context, f"it is not JSON ({error}).", "Fetch it again; it may be cut off.") from error
    odd = [(n, "It is not a report.", "") for n, item in enumerate(found, 1) if not isinstance(item, dict)]
    groups = [a for r in reports for a in (r.answers, *r.entries.get(repeat, []))]
    names = dict.fromkeys(name for answers in groups for name in answers)
    others = dict.fromkeys(name for r in reports for name in r.entries if name != repeat)
    # OData names a repeat group whose entries it was not asked to expand.
    hidden = any(leaf_of(n) == repeat + LINK for r in reports if repeat not in r.entries for n in r.answers)
    return Reports(
        tuple(reports),
        quarantine_rows(odd, payload, context),
        tuple(not_read(payload, name) for name in others),
        tuple(n for n in names if not n.endswith(LINK)),
        not hidden,
    )


def _report(row: int, item: Mapping[str, Any]) -> Report:
    answers: Answers = {}
    entries: dict[str, list[Answers]] = {}
    for path, value in _leaves(item, ""):
        if isinstance(value, list):
            listed: list[Answers] = entries.setdefault(leaf_of(path), [])
            listed += [{p: v for p, v in _leaves(e, "") if isinstance(v, str)} for e in value]
        else:
            answers[path] = value
    return Report(row, answers, entries)


def _leaves(item: Mapping[str, Any], path: str) -> Iterable[tuple[str, str | list[Mapping[str, Any]]]]:
    """Every answer with its path: text, or the list of entries of a repeat group."""
    for name, value in item.items():
        here = f"{path}/{name}" if path else name
        if value is None or value == "" or leaf_of(name) in persons():
            continue
        if isinstance(value, dict):
            point = _point(value)
            if point is None:
                yield from _leaves(value, here)
            else:
                yield here, point
        elif isinstance(value, list):
            if value and all(isinstance(v, dict) for v in value) and not name.startswith("_"):
                yield here, value
        else:
            yield here, value if isinstance(value, str) else json.dumps(value)


def _point(value: Mapping[str, Any]) -> str | None:
    """A GeoJSON point as a phone writes it: latitude, longitude, altitude, accuracy."""
    at = value.get("coordinates")
    if value.get("type") != "Point" or not isinstance(at, list) or len(at) < 2:
        return None
    properties = value.get("properties")
    accuracy = properties.get("accuracy") if isinstance(properties, dict) else None
    return f"{at[1]} {at[0]} {at[2] if len(at) > 2 else 'nan'} {'nan' if accuracy is None else accuracy}"
