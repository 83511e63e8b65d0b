"""Aircraft positions as providers write them: five layouts, one frame of text, each value under the provider's name."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from servanda.sources.base import Context, Payload
from servanda.sources.reading import ROW, Rows, decoded, quarantine_rows, read_csv, refuse

FEET, KNOTS = 0.3048, 0.514444

OPENSKY_COLUMNS = (
    *("icao24", "callsign", "origin_country", "time_position", "last_contact", "longitude", "latitude"),
    *("baro_altitude", "on_ground", "velocity", "true_track", "vertical_rate", "sensors", "geo_altitude"),
    *("squawk", "spi", "position_source", "category"),
)
"""Columns of a state vector in the OpenSky API, by position; the last is there only if asked for."""
SNAPSHOTS = ("aircraft", "ac")
"""Where the aircraft of one moment are listed, in files of receivers and in answers of aggregators."""


@dataclass(frozen=True)
class Layout:
    """The provider's names: ``needed`` tell the layout; factors turn its units into metres and metres a second.

    ``moment``: when the record was written; ``position``: when the place was known, or ``age``: its age, seconds.
    """

    name: str
    needed: tuple[str, ...]
    aircraft: str
    moment: str
    lon: str
    lat: str
    ground: str
    altitude: str
    altitude_m: float
    speed: str
    speed_mps: float
    position: str = ""
    age: str = ""


LAYOUTS = (
    Layout(
        "aircraft", ("hex", "now"), "hex", "now", "lon", "lat", "alt_baro", "alt_baro", FEET, "gs", KNOTS,
        age="seen_pos",
    ),
    Layout(
        "state", ("icao24", "time_position"), "icao24", "last_contact", "longitude", "latitude", "on_ground",
        "baro_altitude", 1.0, "velocity", 1.0, position="time_position",
    ),
    Layout(
        "history", ("icao24", "time", "lastposupdate"), "icao24", "time", "lon", "lat", "onground", "baroaltitude", 1.0,
        "velocity", 1.0, position="lastposupdate",
    ),
    Layout(
        "decoded", ("icao24", "timestamp"), "icao24", "timestamp", "longitude", "latitude", "onground", "altitude",
        FEET, "groundspeed", KNOTS, position="last_position",
    ),
)  # fmt: skip


def layout_of(columns: Sequence[str], payload: Payload, context: Context) -> Layout:
    """The layout by its columns. Raises SourceRefused where it is none."""
    for layout in LAYOUTS:
        if set(layout.needed) <= set(columns):
            return layout
    ways = "; ".join(f"{x.name}: {', '.join(x.needed)}" for x in LAYOUTS)
    reason = f"its fields ({', '.join(columns)}) are no layout of this source."
    raise refuse(payload, context, reason, f"Give it the fields of one of them. {ways}.")


def read_records(payload: Payload, context: Context) -> Rows:
    """Every record as a row of text, whichever way the file is written; empty is null. Raises SourceRefused.

    A line of JSONL that is no object is set aside, and so is a record in a list that is none.
    """
    text = decoded(payload, context).lstrip()
    if text[0] not in "[{":
        return read_csv(payload, context)
    try:
        found = json.loads(text)
    except UNREADABLE as error:
        return _table(_lines(text, error, payload, context), payload, context)
    return _table(_documents(found, payload, context), payload, context)


Record = Mapping[str, Any] | str
"""A record, or the raw text of what is none."""
UNREADABLE = (ValueError, RecursionError)
"""What the JSON reader raises: no JSON, a number of thousands of digits, brackets nested without end."""


def _lines(text: str, whole: Exception, payload: Payload, context: Context) -> list[Record]:
    """Records of a file with one JSON object a line; a line cut short is set aside, not the file."""
    lines = [line for line in text.split("\n") if line.strip()]
    records: list[Record] = []
    good = 0
    for line in lines:
        try:
            records += _documents(json.loads(line), payload, context)
            good += 1
        except UNREADABLE:
            records.append(line)
    if 2 * good < len(lines):
        reason = f"it is neither JSON nor one JSON object a line ({whole})."
        raise refuse(payload, context, reason, "Fetch it again; it may be cut off.")
    return records


def _documents(found: Any, payload: Payload, context: Context) -> list[Record]:
    """Records of one JSON document: a list, a snapshot, columns, or a single record."""
    if isinstance(found, list):
        return [r if isinstance(r, dict) else _text(r) or "" for r in found]
    if isinstance(found, dict):
        if "states" in found:
            return _states(found)
        for key in SNAPSHOTS:
            if isinstance(found.get(key), list):
                return [{**r, "now": found.get("now")} if isinstance(r, dict) else _text(r) or "" for r in found[key]]
        if found and all(isinstance(column, dict) for column in found.values()):
            return _from_columns(found)
        if any(name in found for name in ("icao24", "hex")):
            return [found]
    raise refuse(payload, context, "it is JSON, but no list of positions.", "See the layouts in the airspace guide.")


def _states(found: Mapping[str, Any]) -> list[Record]:
    """OpenSky: rows without names. A row with more columns than we know keeps them under their number."""
    names = (*OPENSKY_COLUMNS, *(f"column_{i}" for i in range(len(OPENSKY_COLUMNS), 64)))
    return [
        dict(zip(names, row, strict=False)) if isinstance(row, list) and len(row) >= 17 else _text(row) or ""
        for row in found["states"] or []
    ]


def _from_columns(found: Mapping[str, Mapping[str, Any]]) -> list[Record]:
    """``{"column": {"row": value}}``: rows by their key, in the order in which keys first stand."""
    keys = dict.fromkeys(key for column in found.values() for key in column)
    return [{name: column.get(key) for name, column in found.items()} for key in keys]


def _table(records: Iterable[Record], payload: Payload, context: Context) -> Rows:
    numbered = list(enumerate(records, 1))
    why = "It is no record: a position is a JSON object, or a row of at least 17 columns."
    bad = [(n, why, r) for n, r in numbered if isinstance(r, str)]
    good = [(n, r) for n, r in numbered if not isinstance(r, str)]
    names = sorted({name for _, r in good for name in r if name != ROW and name.isprintable()})
    columns = {name: pl.Series(name, [_text(r.get(name)) for _, r in good], pl.String) for name in names}
    frame = pl.DataFrame({ROW: pl.Series(ROW, [n for n, _ in good], pl.Int64), **columns})
    return Rows(frame, quarantine_rows(bad, payload, context))


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "replace").decode()
