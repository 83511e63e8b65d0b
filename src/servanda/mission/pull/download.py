"""One answer to one file: streamed to a part, resumed where it broke off, checked, and only then handed on."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import httpx2
from pydantic import BaseModel, ValidationError

from servanda.mission.pull import contents
from servanda.mission.pull.errors import Again, Refused
from servanda.mission.pull.state import FileMemory
from servanda.mission.pull.wire import Wire
from servanda.sources.fetching import PAGE, Download, NotData, Request

Tell = Callable[[int, int | None], None]
"""Bytes that are here, and bytes in all where known."""
MOST_PAGES = 10_000
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Got:
    """A checked answer in a part file; ``part`` is None when the provider says that nothing has changed."""

    file: str
    part: Path | None
    memory: FileMemory


class _Begun(BaseModel):
    """What a part is part of."""

    validator: str
    """A strong ETag or a date: without one a part cannot be trusted to belong to what is there now."""
    total: int | None


@dataclass(frozen=True)
class Getter:
    """Gets the answers of one feed. ``parts``: folder for what is under way."""

    wire: Wire
    parts: Path
    most_bytes: int
    tell: Tell

    def get(self, download: Download, known: FileMemory | None) -> list[Got]:
        """The files of a download; none when it holds no records. Raises Refused, ComeBack or Lacking."""
        if download.pages is None:
            return [self._one(download, download.request, download.file, known)]
        return self._paged(download)

    def _paged(self, download: Download) -> list[Got]:
        assert download.pages is not None
        request: Request | None = download.request
        seen: set[str] = set()
        found: list[Got] = []
        while request is not None:
            number = len(found) + 1
            mark = asked(request)
            if mark in seen or number > MOST_PAGES:
                raise Refused("The pages go round in a circle.", "Tell the provider; narrow what is asked for.")
            seen.add(mark)
            got = self._one(download, request, download.file.replace(PAGE, f"p{number:03d}"), None)
            assert got.part is not None
            page = contents.load(got.part)
            try:
                count = download.pages.count(page)
                after = download.pages.follow(page, request, number)
            except NotData as no:
                got.part.unlink()
                raise Refused(self.wire.keys.mask(str(no))[:300], "Check the keys and what is asked for.") from None
            if count or number > 1:
                found.append(got)
            request = self.wire.following(request, after) if after is not None else None
        return found

    def _one(self, download: Download, request: Request, file: str, known: FileMemory | None) -> Got:
        self.parts.mkdir(parents=True, exist_ok=True)
        part = self.parts / f"{asked(request)}.part"
        answer = self.wire.try_again(lambda: self._attempt(request, part, known))
        if answer is None:
            assert known is not None
            return Got(file, None, known)
        try:
            contents.check(part, download, answer.get("Content-Type", ""))
            name = self.wire.keys.in_file(part)
            if name is not None:
                raise Refused(f"The answer repeats the key {name}.", "Tell the provider; keys are not kept.")
        except Refused as no:
            forget(part)
            raise Refused(self.wire.keys.mask(no.reason), no.mend, no.stop) from None
        memory = FileMemory(
            asked=asked(request),
            sha256=contents.digest(part),
            size=part.stat().st_size,
            etag=answer.get("ETag"),
            last_modified=answer.get("Last-Modified"),
            settled=download.settled,
        )
        return Got(file, part, memory)

    def _attempt(self, request: Request, part: Path, known: FileMemory | None) -> httpx2.Headers | None:
        """Stream one answer to its part, after what is there of it; None: not modified."""
        have, begun = _resume(part)
        with self.wire.send(replace(request, headers={**request.headers, **_conditions(have, begun, known)})) as answer:
            if answer.status_code == 304:
                return None
            if answer.status_code == 416:
                forget(part)
                raise Again("The part that is here does not fit any more.")
            start, total = _span(answer)
            if start not in (0, have):
                forget(part)
                raise Again("The answer begins in the wrong place.")
            self._fits(total, answer)
            _remember(part, answer, total)
            with part.open("r+b" if start else "wb") as file:
                file.seek(start)
                self._stream(answer, file.write, start, total)
                file.truncate()
            return answer.headers

    def _fits(self, total: int | None, answer: httpx2.Response) -> None:
        if total is not None and total > self.most_bytes:
            what = f"{answer.url.host} offers {total / 1e6:,.0f} MB, more than {self.most_bytes / 1e6:,.0f}."
            raise Refused(what, "Ask for less, or set 'most_mb'.")

    def _stream(self, answer: httpx2.Response, write: Callable[[bytes], int], start: int, total: int | None) -> None:
        here = start
        for block in answer.iter_bytes():
            here += len(block)
            self._fits(here, answer)
            write(block)
            self.tell(here, total)
        came = here if _is_plain(answer) else start + answer.num_bytes_downloaded
        if total is not None and came != total:
            raise Again(f"{answer.url.host} broke off after {came:,} of {total:,} bytes.")


def asked(request: Request) -> str:
    """Digest of a masked request."""
    said = (request.url, request.params, sorted(request.headers.items()), request.form, request.json)
    return sha256(repr(said).encode()).hexdigest()[:24]


def forget(part: Path) -> None:
    """Remove a part and what is known of it."""
    part.unlink(missing_ok=True)
    part.with_suffix(".json").unlink(missing_ok=True)


def _resume(part: Path) -> tuple[int, _Begun | None]:
    """Bytes of a part that can be added to, and what it is part of."""
    try:
        begun = _Begun.model_validate_json(part.with_suffix(".json").read_bytes())
        have = part.stat().st_size
    except (OSError, ValidationError):
        return 0, None
    return (have, begun) if have and (begun.total is None or have < begun.total) else (0, None)


def _conditions(have: int, begun: _Begun | None, known: FileMemory | None) -> dict[str, str]:
    """Headers that ask for the rest of a part, or only for what has changed (RFC 9110, sections 13 and 14)."""
    if begun is not None:
        return {"Range": f"bytes={have}-", "If-Range": begun.validator}
    if known is None:
        return {}
    if known.etag:
        return {"If-None-Match": known.etag}
    return {"If-Modified-Since": known.last_modified} if known.last_modified else {}


def _remember(part: Path, answer: httpx2.Response, total: int | None) -> None:
    etag = answer.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")
    if validator and _is_plain(answer):
        part.with_suffix(".json").write_text(_Begun(validator=validator, total=total).model_dump_json(), "utf-8")
    else:
        forget(part)


def _is_plain(answer: httpx2.Response) -> bool:
    return bool(answer.headers.get("Content-Encoding", "identity") == "identity")


def _span(answer: httpx2.Response) -> tuple[int, int | None]:
    """First byte of an answer, and bytes of the whole, where stated."""
    if answer.status_code == 206:
        match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if match is None:
            return -1, None
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None
