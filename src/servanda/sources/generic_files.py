"""CSV, GeoJSON or Parquet to columns of text, row numbers, and a column ``__wkb`` for geometries."""

import io
import json
from dataclasses import replace
from typing import Any

import polars as pl
import shapely

from servanda.sources.base import Context, Payload
from servanda.sources.generic_settings import TableSettings
from servanda.sources.places import geojson, shape
from servanda.sources.reading import ROW, Rows, quarantine_rows, read_csv, refuse, unpacked

WKB = "__wkb"
_DELIMITERS = ",;\t"
_TAG = r"^\s*#[A-Za-z][A-Za-z0-9_]*(\s*\+\s*[A-Za-z][A-Za-z0-9_]*)*\s*$"
"""A hashtag with attributes of HXL 1.1 (https://hxlstandard.org/standard/1-1final/tagging/), as ``#date+start``."""


def read_rows(payload: Payload, settings: TableSettings, context: Context) -> Rows:
    """Rows of a file in any of the three formats, told by its first bytes. Raises SourceRefused."""
    data = unpacked(payload, context)
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[:4] == b"PAR1":
        return _parquet(data, payload, context)
    if start[:1] == b"{":
        return _geojson(payload, context)
    return _untagged(read_csv(payload, context, settings.encoding, settings.delimiter or _delimiter(start)))


def _untagged(rows: Rows) -> Rows:
    """Without a first row that holds nothing but HXL hashtags: it is a second header. Row numbers stay the file's."""
    first = rows.frame.filter(pl.col(ROW) == 1).drop(ROW)
    cells = [c for c in first.row(0) if c is not None and c.strip()] if first.height else []
    if not cells or not pl.Series(cells).str.contains(_TAG).all():
        return rows
    return replace(rows, frame=rows.frame.filter(pl.col(ROW) != 1))


def _delimiter(start: bytes) -> str:
    header = start.split(b"\n", 1)[0]
    return max(_DELIMITERS, key=lambda d: header.count(d.encode()))


def _parquet(data: bytes, payload: Payload, context: Context) -> Rows:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # the library panics at broken bytes
        raise refuse(payload, context, f"the Parquet file cannot be read: {error}.", "Write it again.") from error
    ours = sorted({ROW, WKB} & set(frame.columns))
    if ours:
        raise refuse(payload, context, f"it has a column {ours[0]!r}, which is ours.", "Give it another name.")
    columns = [_as_text(frame[name]) for name in frame.columns]
    if [c.name for c in columns].count(WKB) > 1:
        raise refuse(payload, context, "it has a geometry and a footprint.", "A table has one or the other.")
    return Rows(
        pl.DataFrame(columns).with_row_index(ROW, offset=1).cast({ROW: pl.Int64}), quarantine_rows([], payload, context)
    )


def _as_text(column: pl.Series) -> pl.Series:
    """The column as text; binary stays (WKB), a list is joined by |, a naive time stays naive."""
    name, dtype = column.name, column.dtype
    if dtype == pl.Binary:
        return column.alias(WKB) if name in ("geometry", "footprint") else _from_bytes(column)
    if isinstance(dtype, pl.List):
        return column.list.eval(pl.element().cast(pl.String)).list.join("|")
    if dtype == pl.String:
        return column.replace("", None)
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z" if dtype.time_zone else "%Y-%m-%dT%H:%M:%S%.6f")
    try:
        return column.cast(pl.String)
    except pl.exceptions.PolarsError:  # a type that has no spelling, such as a length of time
        return pl.Series(name, [None if v is None else str(v) for v in column], pl.String)


def _from_bytes(column: pl.Series) -> pl.Series:
    """Bytes as text; what is no text is no value."""
    texts = ((b or b"").decode("utf-8", "ignore") for b in column)
    return pl.Series(
        column.name, [t if t and t.encode() == b else None for t, b in zip(texts, column, strict=True)], pl.String
    )


def _geojson(payload: Payload, context: Context) -> Rows:
    """Properties become columns; a point becomes lon and lat, any other geometry WKB."""
    records: list[dict[str, Any]] = []
    bad: list[tuple[int, str, str]] = []
    for n, feature in enumerate(geojson(payload, context)["features"], 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            bad.append((n, "The feature has no properties.", str(feature)))
            continue
        record: dict[str, Any] = {k: _scalar(v) for k, v in properties.items() if k != WKB} | {ROW: n}
        geometry = shape(feature.get("geometry"))
        if geometry is not None and geometry.geom_type == "Point":
            record |= {"lon": repr(geometry.x), "lat": repr(geometry.y)}
        elif geometry is not None:
            record[WKB] = bytes(shapely.to_wkb(geometry))
        records.append(record)
    types: dict[str, Any] = {ROW: pl.Int64, WKB: pl.Binary}
    names = [ROW, *sorted({k for r in records for k in r if k != ROW})]
    schema = {name: types.get(name, pl.String) for name in names}
    return Rows(pl.DataFrame(records, schema=schema), quarantine_rows(bad, payload, context))


def _scalar(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, list):
        return "|".join(map(str, value))
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
