"""What curated event sets share: CSV or an API's JSON, named regions, published periods as watches, editions."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import shapely

from servanda.kinds.crosswalk import codes, unknown
from servanda.sources.base import Context, Payload, Source
from servanda.sources.content import finish_watches, reflagged
from servanda.sources.places import regions, union
from servanda.sources.reading import (
    ROW,
    Check,
    Rows,
    loaded_json,
    per_value,
    quarantine_rows,
    read_csv,
    refuse,
    unpacked,
)
from servanda.sources.times import local_day, midnight
from servanda.tables import TIME

PRESS = "press"
"""Witness group: sets that are compiled from the same news are not independent of each other."""
CENTROID = "centroid"
IN_REGION = "in_region"
SUPERSEDED = "superseded"
DELETED = "deleted"
UNINFORMATIVE = "uninformative"
PLACE_FLAGS = {
    CENTROID: "The point stands for an area: it is the area's middle, and the place error is large.",
    IN_REGION: "The place is a whole region, taken from the boundary file.",
}
WINDOWS = "cp1252"
"""Windows-1252: what spreadsheets write where they do not write UTF-8."""


def read_events(payload: Payload, context: Context, list_key: str) -> tuple[Rows, list[str]]:
    """Rows of a CSV file (UTF-8, else Windows-1252 as a whole file) or of the list in an API's JSON; notices.

    Raises SourceRefused for a broken file and for an API's error message that was saved as data.
    """
    data = unpacked(payload, context)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _from_json(payload, context, list_key)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        notice = f"{payload.name}: it is not UTF-8; the whole file was read as Windows-1252."
        return read_csv(payload, context, WINDOWS), [notice]
    return read_csv(payload, context), []


def _from_json(payload: Payload, context: Context, list_key: str) -> tuple[Rows, list[str]]:
    # Numbers stay as they are written: a coordinate is the same text in CSV and in JSON.
    found = loaded_json(payload, context, parse_float=str, parse_int=str, parse_constant=str)
    records = found.get(list_key) if isinstance(found, dict) else None
    if not isinstance(records, list):
        said = json.dumps(found, sort_keys=True)[:200]
        mend = "Fetch it again; the interface may have answered with an error (key, quota, address)."
        raise refuse(payload, context, f"it has no list {list_key!r}; it says {said}.", mend)
    bad = [(n, "It is no record with named fields.", str(r)) for n, r in enumerate(records, 1) if not _is_record(r)]
    good = [{ROW: n} | {k: _text(v) for k, v in r.items()} for n, r in enumerate(records, 1) if _is_record(r)]
    names = dict.fromkeys(k for record in good for k in record if k != ROW)
    frame = pl.DataFrame(good, schema={ROW: pl.Int64, **dict.fromkeys(names, pl.String)})
    notices = [] if good else [f"{payload.name}: it holds no event. That says nothing of calm."]
    return Rows(frame, quarantine_rows(bad, payload, context)), [*notices, *_more_pages(found, payload)]


def _is_record(record: object) -> bool:
    return isinstance(record, dict) and ROW not in record


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _more_pages(found: Mapping[str, Any], payload: Payload) -> list[str]:
    pages = str(found.get("TotalPages") or "")
    if not pages.isdecimal() or len(pages) > 9 or int(pages) < 2:
        return []
    return [f"{payload.name}: it is one of {pages} pages; let 'path' name all of them."]


def named_areas(names: pl.Series, aliases: Mapping[str, str], context: Context) -> pl.Series:
    """Area (WKB) of each name in the boundary file ``regions``; null where it has none. Case does not matter."""
    if "regions" not in context.aux:
        return pl.Series("area", [None] * len(names), pl.Binary)
    known = regions(context.aux["regions"], context)
    renamed = {theirs.strip().casefold(): ours.strip().casefold() for theirs, ours in aliases.items()}
    keys = (None if n is None else n.strip().casefold() for n in names)
    return pl.Series("area", [None if k is None else known.get(renamed.get(k, k)) for k in keys], pl.Binary)


def one_of(name: str, allowed: tuple[str, ...]) -> Check:
    """A check that a column holds one of a few words."""
    written = pl.col(name).fill_null("").str.strip_chars()
    return ~written.is_in(list(allowed)), pl.format(f"{name} '{{}}' is none of {', '.join(allowed)}.", written)


def known_word(frame: pl.DataFrame, word: str, book: str, what: str) -> Check:
    """A check that ``kind`` was found for ``word``; the nearest words of the code book are named if not."""
    known = tuple(codes(book))
    lacking = frame["kind"].is_null()
    written = frame[word].fill_null("").set(~lacking, None)
    return pl.lit(lacking), pl.lit(per_value(written, lambda w: unknown(w, known, what)))


def whole_number(name: str) -> Check:
    """A check that a column is empty or a whole number from 0."""
    written = pl.col(name).str.strip_chars()
    right = written.str.contains(r"^\d{1,9}(\.0+)?$")
    return ~right.fill_null(True), pl.format(f"{name} '{{}}' is not a whole number from 0.", written)


def published_watches(
    good: pl.DataFrame, every: str, zone: str, source: Source, payload: Payload, context: Context
) -> tuple[pl.DataFrame, list[str]]:
    """A watch for each period (``every``: 1d, 1mo) that holds a whole event inside the boundary file.

    An event shows that its period was published; a period without one may not be, and is no watch. One that reaches
    over an edge was published with one of the two, and shows neither.
    ``good`` has t_start, t_end (UTC), lon, lat, geometry, and ``recorded_at`` as a function of t_end, or null.
    The settings of ``source`` have ``watched``, ``p_detect`` and ``p_false``.
    """
    if "regions" not in context.aux:
        told = f"{payload.name}: no watches: without 'with: {{regions: FILE}}' nobody can say where it looked."
        return finish_watches(pl.DataFrame(schema=_WATCH), source, payload, context), [told]
    area = union(regions(context.aux["regions"], context).values())
    inside = good.filter(_inside(good, area))
    first = local_day(pl.col("t_start"), zone).dt.truncate(every)
    last = local_day(pl.col("t_end") - pl.duration(microseconds=1), zone).dt.truncate(every)
    settings = context.settings
    frame = (
        inside.filter(first == last)
        .select(last.alias("period"), "recorded_at")
        .group_by("period")
        .agg(pl.col("recorded_at").max())
        .sort("period")
        .join(pl.DataFrame({"kind": list(getattr(settings, "watched", ()))}, schema={"kind": pl.String}), how="cross")
        .select(
            midnight(pl.col("period"), zone).alias("t_start"),
            midnight(pl.col("period").dt.offset_by(every), zone).alias("t_end"),
            pl.lit(area, pl.Binary).alias("footprint"),
            "kind",
            pl.lit(getattr(settings, "p_detect", None), pl.Float64).alias("p_detect"),
            pl.lit(getattr(settings, "p_false", None), pl.Float64).alias("p_false"),
            "recorded_at",
        )
    )
    return finish_watches(frame, source, payload, context), []


_WATCH: dict[str, Any] = {
    **{"t_start": TIME, "t_end": TIME, "recorded_at": TIME},
    **{"footprint": pl.Binary, "kind": pl.String},
}


def _inside(good: pl.DataFrame, area: bytes) -> pl.Series:
    """Rows in a named region of the file, or with their point in it."""
    shape = shapely.from_wkb(area)
    shapely.prepare(shape)
    lon, lat = (good[c].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in ("lon", "lat"))
    return pl.Series(shapely.contains_xy(shape, lon, lat)) | good["geometry"].is_not_null()


def newest_edition(observations: pl.DataFrame) -> pl.DataFrame:
    """Flag what the provider has said otherwise since, by record: older editions, and all of a record taken back.

    Both are also flagged ``uninformative``, which takes them out of incidents and counts.
    """
    last = pl.col("recorded_at").max().over("record_id")
    last_deletion = pl.col("recorded_at").filter(pl.col("claim") == "retraction").max().over("record_id")
    gone = (last_deletion == last).fill_null(False) & (pl.col("claim") != "retraction")
    older = (pl.col("recorded_at") < last) & ~gone
    return marked(observations, {SUPERSEDED: older, DELETED: gone, UNINFORMATIVE: older | gone})


def marked(observations: pl.DataFrame, conditions: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """``observations`` with each flag where its condition is true; the few rows that change are touched alone."""
    known = observations.with_columns(when.alias(f"__{flag}") for flag, when in conditions.items())
    hit = pl.any_horizontal(f"__{flag}" for flag in conditions)
    few = known.with_row_index("__at").filter(hit)
    flags = reflagged(pl.col("flags"), {flag: pl.col(f"__{flag}") for flag in conditions})
    changed = few.select("__at", flags.alias("__flags"))
    joined = observations.with_row_index("__at").join(changed, on="__at", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("__flags", "flags").alias("flags")).drop("__at", "__flags")
