"""Entries of RSS, Atom and JSON feeds, and records of any JSON list, to columns of text."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from html import unescape
from html.parser import HTMLParser
from typing import Any

import feedparser
import polars as pl
import shapely
from shapely.geometry import shape

from servanda.sources.base import Context, Payload
from servanda.sources.reading import ROW, loaded_json, refuse, unpacked

ENTRY = (
    "id",
    "title",
    "text",
    "url",
    "published",
    "updated",
    "language",
    "author",
    "categories",
    "lon",
    "lat",
    "geometry",
)
"""Columns of an entry of a feed."""
_END = re.compile(rb"</([\w.-]+:)?(rss|feed|RDF)\s*>\s*(<!--.*?-->\s*)*\Z", re.DOTALL)
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_BLOCKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3"})
_HIDDEN = frozenset({"script", "style"})
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def is_xml(payload: Payload, context: Context) -> bool:
    """Does the payload look like XML, in UTF-8 or UTF-16?"""
    return _utf8(unpacked(payload, context)).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _utf8(data: bytes) -> bytes:
    if data[:2] not in _UTF16:
        return data
    text = data.decode("utf-16", "replace")
    return re.sub(r"""(<\?xml[^>]*encoding=)["'][^"']*["']""", r'\1"utf-8"', text, count=1).encode()


def xml_entries(payload: Payload, context: Context) -> list[dict[str, str | None]]:
    """Entries of an RSS or Atom feed. Raises SourceRefused for one that is cut off, is none, or declares entities."""
    data = _utf8(unpacked(payload, context))
    if _ENTITY.search(data):
        mend = "Ask the publisher; no honest feed needs it."
        raise refuse(payload, context, "it declares entities of its own, which can swallow a machine.", mend)
    if not _END.search(data.rstrip()):
        raise refuse(
            payload, context, "it does not end as an RSS or Atom feed does.", "Fetch it again; it may be cut off."
        )
    # Bytes alone would be tried as a file name or address.
    try:
        parsed = feedparser.parse(io.BytesIO(data), sanitize_html=True, resolve_relative_uris=False)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError) as error:
        # The parser lets faults of broken markup and encodings through as they come.
        reason = f"its markup is broken ({type(error).__name__})."
        raise refuse(payload, context, reason, "Fetch it again, or tell its publisher.") from error
    if not parsed.version:
        raise refuse(payload, context, "it is no RSS or Atom feed.", "Check the address.")
    language = parsed.feed.get("language")
    return [_xml_entry(entry, language) for entry in parsed.entries]


def _xml_entry(entry: dict[str, Any], language: str | None) -> dict[str, str | None]:
    lon, lat, geometry = _where(entry)
    bodies = [c.get("value", "") for c in entry.get("content", ())] or [entry.get("summary", "")]
    return {
        "id": entry.get("id") or entry.get("link"),
        "title": plain(entry.get("title", "")),
        "text": plain(" ".join(bodies)),
        "url": entry.get("link"),
        # The parser's own lookup gives the one where the other is missing.
        "published": dict.get(entry, "published") or dict.get(entry, "updated"),
        "updated": dict.get(entry, "updated") if dict.get(entry, "published") else None,
        "language": (entry.get("title_detail") or {}).get("language") or language,
        "author": entry.get("author"),
        "categories": "|".join(t["term"] for t in entry.get("tags", ()) if t.get("term")) or None,
        "lon": lon,
        "lat": lat,
        "geometry": geometry,
    }


def _where(entry: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """lon, lat, WKT: from GeoRSS, else from W3C geo."""
    where = entry.get("where")
    if where and where.get("type") == "Point":
        lon, lat = where["coordinates"][:2]
        return repr(float(lon)), repr(float(lat)), None
    if where and where.get("type"):
        try:
            return None, None, str(shapely.to_wkt(shape(where), rounding_precision=-1))
        except (ValueError, TypeError, shapely.errors.ShapelyError):
            return None, None, str(where.get("coordinates"))
    return entry.get("geo_long"), entry.get("geo_lat"), None


def json_records(payload: Payload, items: str | None, context: Context) -> tuple[list[dict[str, str | None]], bool]:
    """Records of a JSON document as text, and whether they are entries of a JSON Feed. Raises SourceRefused.

    ``items``: where the list is, as ``data.alerts``; None: the document itself, or the one list in it.
    """
    found = loaded_json(payload, context)
    if isinstance(found, dict) and str(found.get("version", "")).startswith("https://jsonfeed.org/"):
        return [_json_entry(e, found.get("language")) for e in _list(found, "items", payload, context)], True
    return [flat(record) for record in _list(found, items, payload, context)], False


def _list(found: Any, items: str | None, payload: Payload, context: Context) -> list[Any]:
    at = found
    for name in items.split(".") if items else ():
        at = at.get(name) if isinstance(at, dict) else None
    if items is None and isinstance(at, dict):
        lists = [v for _, v in sorted(at.items()) if isinstance(v, list)]
        at = lists[0] if len(lists) == 1 else None
    if not isinstance(at, list):
        names = ", ".join(sorted(map(str, found))) if isinstance(found, dict) else "no names"
        reason = f"there is no list {f'at {items!r}' if items else 'that stands out'} in it; it has {names}."
        raise refuse(payload, context, reason, "Set 'items' to where the list is, such as data.alerts.")
    return at


def _json_entry(entry: Any, language: str | None) -> dict[str, str | None]:
    """An item of JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/); ``geometry`` may hold GeoJSON."""
    record = entry if isinstance(entry, dict) else {}
    text = record.get("content_text") or plain(str(record.get("content_html") or record.get("summary") or ""))
    geometry = record.get("geometry")
    authors = [a.get("name") for a in record.get("authors") or () if isinstance(a, dict)]
    return {
        "id": _text(record.get("id")) or _text(record.get("url")),
        "title": plain(str(record.get("title") or "")),
        "text": _text(text),
        "url": _text(record.get("url")),
        "published": _text(record.get("date_published")),
        "updated": _text(record.get("date_modified")),
        "language": _text(record.get("language")) or _text(language),
        "author": "|".join(filter(None, authors)) or None,
        "categories": "|".join(map(str, record.get("tags") or ())) or None,
        "lon": None,
        "lat": None,
        "geometry": json.dumps(geometry, sort_keys=True) if isinstance(geometry, dict) else None,
    }


def flat(record: Any, before: str = "") -> dict[str, str | None]:
    """A record as text by dotted name; what is no record becomes the column ``value``."""
    if not isinstance(record, dict):
        return {before.rstrip(".") or "value": _text(record)}
    out: dict[str, str | None] = {}
    for name, value in record.items():
        out |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": _text(value)}
    return out


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        del attrs
        self.hidden += tag in _HIDDEN
        self.parts.append(" " if tag in _BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in _HIDDEN))
        self.parts.append(" " if tag in _BLOCKS else "")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def plain(html: str) -> str | None:
    """The words of a piece of HTML, without tags, scripts and control characters; None when there are none."""
    parser = _Plain()
    parser.feed(html)
    parser.close()
    text = unescape("".join(parser.parts)) if "&" in html else "".join(parser.parts)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or None


def _sound(text: str | None) -> str | None:
    """Without halves of surrogate pairs, which are no text."""
    return text if text is None else text.encode("utf-8", "replace").decode()


def frame_of(records: Sequence[Mapping[str, str | None]], names: Sequence[str] | None = None) -> pl.DataFrame:
    """Records as columns of text with row numbers from 1."""
    columns = list(names) if names is not None else sorted({n for r in records for n in r if n == _sound(n)})
    data = {n: pl.Series(n, [_sound(r.get(n)) for r in records], pl.String) for n in columns}
    rows = pl.Series(ROW, range(1, len(records) + 1), pl.Int64)
    return pl.DataFrame({ROW: rows, **data})
