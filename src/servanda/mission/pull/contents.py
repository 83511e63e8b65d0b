"""Is what came what was asked for? Looks at type, first bytes and end; whether rows are right is the source's work."""

import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from servanda.mission.pull.errors import Refused
from servanda.sources.fetching import Download, Holds

HEAD_BYTES = 4096
"""Bytes at the start that are looked at."""
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
AGAIN = "Fetch it by hand and look; if the provider has moved its data, mend the pull block."


def check(path: Path, download: Download, content_type: str) -> None:
    """Raises Refused for a page of HTML, an empty file, another format, or one that is cut off."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise Refused("The answer is empty.", "Try again later; an outage is not an empty day.")
    # Some servers call everything HTML: a format that proves itself is believed all the same.
    proven = bool(download.header) or download.holds in ("json", "zip", "gzip")
    said_html = not proven and content_type.split(";", maxsplit=1)[0].strip().lower() == "text/html"
    if _HTML.search(start[:1024]) or said_html:
        raise Refused(f"The answer is a web page, not data. It begins: {_shown(start)}", AGAIN)
    problem = _PROBLEMS[download.holds](path, start, download)
    if problem:
        raise Refused(f"The answer is {problem}. It begins: {_shown(start)}", AGAIN)


def _shown(start: bytes) -> str:
    text = re.sub(r"<[^>]*>|\s+", " ", start[:600].decode("utf-8", "replace"))
    return " ".join(text.split())[:120]


def _csv(path: Path, start: bytes, download: Download) -> str | None:
    if start[:2] == _GZIP:
        return _gzip(path, start, download)
    if start[:1] in (b"{", b"<", b"[") or start[:2] == b"PK" or b"\x00" in start:
        return "no table"
    line = start.split(b"\n", 1)[0].decode("utf-8", "replace").casefold()
    if not set(line) & set(",;\t"):
        return "no table"
    lacking = [word for word in download.header if word.casefold() not in line]
    return f"a table without the column {', '.join(lacking)}" if lacking else None


def _json(path: Path, start: bytes, download: Download) -> str | None:
    del download
    if start[:2] == _GZIP:
        return None
    if start[:1] not in (b"{", b"["):
        return "no JSON"
    try:
        load(path)
    except ValueError:
        return "broken JSON; it may be cut off"
    return None


def _xml(path: Path, start: bytes, download: Download) -> str | None:
    del path, download
    return None if start[:1] == b"<" else "no XML"


def _zip(path: Path, start: bytes, download: Download) -> str | None:
    del start, download
    return None if zipfile.is_zipfile(path) else "no zip, or one that is cut off"


def _gzip(path: Path, start: bytes, download: Download) -> str | None:
    del start, download
    try:
        with gzip.open(path) as file:
            while file.read(1 << 20):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return "no gzip, or one that is cut off"
    return None


def _any(path: Path, start: bytes, download: Download) -> str | None:
    del path, start, download
    return None


_PROBLEMS: Mapping[Holds, Callable[[Path, bytes, Download], str | None]] = {
    "csv": _csv,
    "json": _json,
    "xml": _xml,
    "zip": _zip,
    "gzip": _gzip,
    "any": _any,
}


def load(path: Path) -> Any:
    """The JSON in a file. Raises ValueError."""
    return json.loads(path.read_bytes().decode("utf-8-sig"))


def digest(path: Path) -> str:
    """SHA-256 in hex of what a file says: of its bytes, or of the members of a zip, whose bytes tell the time."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = sorted((i.filename, i.CRC, i.file_size) for i in archive.infolist())
        return sha256(repr(members).encode()).hexdigest()
    found = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
