"""Reports filled in on a form's own questions, as ODK Central and KoboToolbox hand them out. All values are made up."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from servanda.agreement.loader import load
from servanda.mission.forms.build import Form, build

Answers = Mapping[str, str]
PERSON = "Jane Observer"
"""Stands in every field that names a person; must not show up anywhere."""


AGREEMENT = Path(__file__).with_name("patrols.yaml")


@cache
def patrol_form() -> Form:
    return build(load(AGREEMENT)[0])


@dataclass(frozen=True)
class Filled:
    """One report. ``answers`` and ``entries`` by question; ``submitted``: ISO 8601, UTC."""

    key: str
    submitted: str
    answers: Answers
    entries: Sequence[Answers] = ()


@dataclass(frozen=True)
class Questions:
    """Questions of a form with their groups: ``main`` and ``entry`` by name; ``fixed``: what the form itself says."""

    main: dict[str, str]
    entry: dict[str, str]
    fixed: dict[str, str]
    types: dict[str, str] = field(default_factory=dict)


def questions(form: Form) -> Questions:
    """Walk through the survey as a phone does."""
    out = Questions({}, {}, {})
    path: list[str] = []
    for row in form.survey:
        kind, name = row["type"], row.get("name", "")
        if kind.startswith("begin_"):
            path.append(name)
        elif kind.startswith("end_"):
            path.pop()
        else:
            inside = "seen" in path
            (out.entry if inside else out.main)[name] = "/".join([*(path[1:] if inside else path), name])
            out.types[name] = kind
            if kind == "calculate" and row["calculation"].startswith("'"):
                out.fixed[name] = row["calculation"].strip("'")
    return out


def complete(asked: Questions, filled: Filled) -> dict[str, str]:
    """All answers of the main part, with what the form works out by itself. An unknown question fails the test."""
    unknown = set(filled.answers) - set(asked.main) | {q for e in filled.entries for q in e if q not in asked.entry}
    assert not unknown, f"the form does not ask {unknown}"
    worked_out = {"seen_count": str(len(filled.entries)), "anything": "yes" if filled.entries else "no"}
    return {"end": filled.answers["watch_end"], **worked_out, **asked.fixed, **filled.answers}


def central_zip(form: Form, reports: Sequence[Filled], name: str = "patrol") -> bytes:
    """The zip of CSV tables: groups joined by hyphens, four columns for a geopoint, KEY and PARENT_KEY."""
    asked = questions(form)
    main = [
        {"SubmissionDate": r.submitted, **_columns(asked, asked.main, complete(asked, r)), "KEY": f"uuid:{r.key}",
         "SubmitterID": "7", "SubmitterName": PERSON, "DeviceID": PERSON}
        for r in reports
    ]  # fmt: skip
    entries = [
        {**_columns(asked, asked.entry, e), "PARENT_KEY": f"uuid:{r.key}", "KEY": f"uuid:{r.key}/seen[{n}]"}
        for r in reports
        for n, e in enumerate(r.entries, 1)
    ]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file, rows, paths in ((name, main, asked.main), (f"{name}-seen", entries, asked.entry)):
            archive.writestr(zipfile.ZipInfo(f"{file}.csv"), table(rows, _header(asked, paths)))
        archive.writestr(zipfile.ZipInfo("media/17.jpg"), b"\xff\xd8")
    return stream.getvalue()


def _header(asked: Questions, paths: Mapping[str, str]) -> list[str]:
    own = list(_columns(asked, paths, {}))
    server = ["KEY", "SubmitterID", "SubmitterName", "DeviceID"]
    return ["SubmissionDate", *own, *server] if paths is asked.main else [*own, "PARENT_KEY", "KEY"]


def _columns(asked: Questions, paths: Mapping[str, str], answers: Answers) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, path in paths.items():
        column, value = path.replace("/", "-"), answers.get(name, "")
        if asked.types[name] == "geopoint":
            parts = [*value.split(), "", "", "", ""]
            out |= {f"{column}-{p}": v for p, v in zip(_GEO, parts, strict=False)}
        else:
            out[column] = value
    return out


_GEO = ("Latitude", "Longitude", "Altitude", "Accuracy")


def table(rows: Sequence[Mapping[str, str]], header: Sequence[str], delimiter: str = ",") -> str:
    names = list(dict.fromkeys([*header, *(k for row in rows for k in row)]))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, delimiter=delimiter, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def odata(form: Form, reports: Sequence[Filled], expand: bool = True) -> str:
    """OData JSON: groups nested, numbers as numbers, geopoints as GeoJSON, null where nobody answered."""
    asked = questions(form)
    value = []
    for r in reports:
        item: dict[str, Any] = {"__id": f"uuid:{r.key}", **_nested(asked, asked.main, complete(asked, r))}
        item["__system"] = {"submissionDate": r.submitted, "submitterId": "7", "submitterName": PERSON,
                            "deviceId": PERSON, "reviewState": None, "status": None, "formVersion": "1"}  # fmt: skip
        item["seen@odata.navigationLink"] = f"Submissions('{r.key}')/seen"
        if expand:
            entries = enumerate(r.entries)
            item["seen"] = [{"__id": f"e{n}", **_nested(asked, asked.entry, e)} for n, e in entries]
        value.append(item)
    return json.dumps({"@odata.context": "https://example.org/$metadata#Submissions", "value": value})


def _nested(asked: Questions, paths: Mapping[str, str], answers: Answers) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, path in paths.items():
        *groups, leaf = path.split("/")
        at = out
        for group in groups:
            at = at.setdefault(group, {})
        at[leaf] = _value(asked.types[name], answers.get(name))
    return out


def _value(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    if kind == "geopoint":
        lat, lon, altitude, accuracy = map(float, text.split())
        return {"type": "Point", "coordinates": [lon, lat, altitude], "properties": {"accuracy": accuracy}}
    return {"integer": int, "decimal": float}.get(kind, str)(text)


def kobo(form: Form, reports: Sequence[Filled]) -> str:
    """JSON of the API, version 2: full paths with slashes, unanswered questions left out, UTC without saying so."""
    asked = questions(form)
    results = []
    for n, r in enumerate(reports):
        answers = complete(asked, r)
        item: dict[str, Any] = {"_id": n, "_uuid": r.key, "meta/instanceID": f"uuid:{r.key}", "_attachments": []}
        item |= {"__version__": "vX", "_submitted_by": PERSON, "username": PERSON, "_geolocation": [None, None]}
        item |= {"_validation_status": {}, "_submission_time": r.submitted[:19], "formhub/uuid": "0"}
        item |= {path: answers[name] for name, path in asked.main.items() if answers.get(name)}
        if r.entries:
            item["seen"] = [{f"seen/{asked.entry[q]}": v for q, v in e.items()} for e in r.entries]
        results.append(item)
    return json.dumps({"count": len(results), "next": None, "previous": None, "results": results})


def layouts(form: Form, reports: Sequence[Filled]) -> dict[str, bytes]:
    """The same reports in every layout, by file name."""
    return {
        "patrol.zip": central_zip(form, reports),
        "odata.json": odata(form, reports).encode(),
        "kobo.json": kobo(form, reports).encode(),
    }


def hours(key: str, start: str, stop: str, **answers: str) -> Filled:
    """A watch with nothing seen, in the zone ``buffer``, received an hour after its end."""
    received = datetime.fromisoformat(stop).astimezone(UTC) + timedelta(hours=1)
    said = {"watch_start": start, "watch_end": stop, "zone": "buffer", "mode": "post", "status": "watching"}
    return Filled(key, received.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z", said | answers)
