"""From the bytes of a payload to columns of text: unpack, decode, read CSV strictly, account for every field.

A bad record is set aside with its number and the reason; a file that cannot be trusted as a whole is refused.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import polars as pl

from servanda.errors import SourceRefused
from servanda.sources.base import TOLD_CHARACTERS, UNTOLD, Context, Fields, Payload, told
from servanda.tables import QUARANTINE

ROW = "__row"
"""Working column: number of the record in its file, the first data record is 1."""
THEIRS = "__theirs "
"""Prefix of columns that the provider never had."""
RAW_CHARACTERS = 500
CHUNK_BYTES = 2**24
CHUNK_ROWS = 10_000
"""Records read at once: short lists are cheaper for the garbage collector."""
MOST_BYTES = 2**31
"""A gzip file that unpacks to more is refused: a few kilobytes can unpack to what no memory holds."""
_BOM = b"\xef\xbb\xbf"
_QUOTE = ord('"')

# The csv module's own limit (131,072 characters) is shorter than one detailed polygon.
csv.field_size_limit(2**27)


@dataclass(frozen=True)
class Rows:
    """``frame``: the provider's columns as text (empty is null) and ``ROW``; ``bad``: records set aside."""

    frame: pl.DataFrame
    bad: pl.DataFrame

    @property
    def columns(self) -> list[str]:
        """The provider's columns, in file order."""
        return [c for c in self.frame.columns if c != ROW]


def refuse(payload: Payload, context: Context, reason: str, mend: str) -> SourceRefused:
    """The error for a file that is refused whole."""
    return SourceRefused(context.source_id, payload.name, told(reason), told(mend))


def unpacked(payload: Payload, context: Context) -> bytes:
    """The bytes of the file, unzipped when they are gzip. Raises SourceRefused for a broken or empty file."""
    data = payload.data
    if data[:2] == b"\x1f\x8b":
        try:
            data = b"".join(_unzipped(data))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise refuse(payload, context, f"the gzip file is broken ({error}).", "Fetch it again.") from error
    if len(data) > MOST_BYTES:
        raise refuse(payload, context, f"it unpacks to more than {MOST_BYTES} bytes.", "Split the file.")
    if not data.strip():
        raise refuse(payload, context, "the file is empty.", "Fetch it again; an outage is not an empty day.")
    return data


def _unzipped(data: bytes) -> Iterator[bytes]:
    """The parts of a gzip file, until there are more than ``MOST_BYTES``."""
    size = 0
    with gzip.open(io.BytesIO(data)) as stream:
        while size <= MOST_BYTES and (part := stream.read(CHUNK_BYTES)):
            size += len(part)
            yield part


def decoded(payload: Payload, context: Context, encoding: str = "utf-8") -> str:
    """The text of the file, without a byte order mark. Raises SourceRefused where it is not in ``encoding``."""
    return _decode(unpacked(payload, context), payload, context, encoding)


def _decode(data: bytes, payload: Payload, context: Context, encoding: str) -> str:
    try:
        return data.decode(_codec(encoding))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not {encoding}: byte {error.start} is 0x{data[error.start]:02x}."
        raise refuse(payload, context, reason, "Convert the file to UTF-8, or set its encoding.") from error


def loaded_json(payload: Payload, context: Context, **how: Any) -> Any:
    """The JSON document in a payload; ``how``: as for ``json.loads``. Halves of surrogate pairs become question marks.

    Raises SourceRefused where it is none, or where no reader should be made to read it.
    """
    try:
        found = json.loads(decoded(payload, context), **how)
        if _halved(payload):
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
        return found
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno} column {error.colno}: it is not JSON ({error.msg})."
        raise refuse(payload, context, reason, "Fetch it again; it may be cut off.") from error
    except (ValueError, RecursionError) as error:
        reason = f"it is not JSON that can be read ({error})."
        raise refuse(payload, context, reason, "Check the address that it was fetched from.") from error


def _halved(payload: Payload) -> bool:
    """May it hold half of a surrogate pair, which is no text? Packed files are looked through in any case."""
    return payload.data[:2] == b"\x1f\x8b" or b"\\ud" in payload.data or b"\\uD" in payload.data


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding


def read_csv(payload: Payload, context: Context, encoding: str = "utf-8", delimiter: str = ",") -> Rows:
    """Read a CSV file, every column as text, records numbered from 1 (blank lines do not count).

    A record with the wrong number of fields or broken quotes is set aside. Raises SourceRefused when the
    file ends inside a quoted field, is in another encoding, or names a column twice.
    """
    data = unpacked(payload, context)
    simple = _simple_csv(data, encoding, delimiter)
    if simple is not None:
        _header(simple.columns[1:], payload, context)
        return Rows(simple, quarantine_rows([], payload, context))
    stream = io.TextIOWrapper(io.BytesIO(data), encoding=_codec(encoding), newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    frames: list[pl.DataFrame] = []
    bad: list[tuple[int, str, str]] = []
    try:
        header = _header(_first_record(reader, payload, context), payload, context)
        row = 0
        for records, broken in _chunks(reader):
            frames.append(_columns(header, records, row, bad))
            row += len(records)
            if broken is None:
                continue
            if "unexpected end" in broken:
                raise refuse(payload, context, f"it ends inside a quoted field, after record {row}.", "Fetch it again.")
            row += 1
            bad.append((row, f"The record cannot be read as CSV: {broken}.", ""))
    except UnicodeDecodeError:
        _decode(data, payload, context, encoding)
        raise
    schema = {ROW: pl.Int64, **dict.fromkeys(header, pl.String)}
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    return Rows(frame, quarantine_rows(bad, payload, context))


def _simple_csv(data: bytes, encoding: str, delimiter: str) -> pl.DataFrame | None:
    """The quick way for a clean file: sound quotes, and every record has a last field. None: read it with care."""
    names = data.split(b"\n", 1)[0].removeprefix(_BOM).rstrip(b"\r").split(delimiter.encode())
    odd_lines = b"\r" in data and data.count(b"\r") != data.count(b"\r\n")
    if odd_lines or len(set(names)) < len(names) or len(names) < 2 or _codec(encoding) != "utf-8-sig":
        return None
    if not _sound_quotes(data, delimiter):
        return None
    try:
        frame = pl.read_csv(data, separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError:
        return None
    if frame.is_empty() or frame[frame.columns[-1]].null_count() or ROW in map(str.strip, frame.columns):
        return None
    frame = frame.rename({c: c.strip() for c in frame.columns}).with_row_index(ROW, offset=1).cast({ROW: pl.Int64})
    return frame.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in frame.columns[1:])


def _sound_quotes(data: bytes, delimiter: str) -> bool:
    """Whether quotes come in pairs, each opening at the start of a field and closing at its end.

    A doubled quote inside a field closes it and opens it again at once.
    """
    padded = np.frombuffer(b"\n" + data.removeprefix(_BOM) + b"\n", dtype=np.uint8)
    at = np.flatnonzero(padded == _QUOTE)
    if len(at) % 2:
        return False
    edges = np.frombuffer(delimiter.encode() + b'\r\n"', dtype=np.uint8)
    return bool(np.isin(padded[at[0::2] - 1], edges).all() and np.isin(padded[at[1::2] + 1], edges).all())


def _first_record(reader: Iterator[list[str]], payload: Payload, context: Context) -> list[str]:
    try:
        return next(reader)
    except (csv.Error, StopIteration) as error:
        reason = f"its header cannot be read as CSV ({error})."
        raise refuse(payload, context, reason, "Fetch it again; it may be cut off.") from error


def _header(names: Sequence[str], payload: Payload, context: Context) -> list[str]:
    header = [n.strip() for n in names]
    twice = sorted({n for n in header if header.count(n) > 1})
    if twice:
        reason = f"its header names a column twice: {', '.join(map(repr, twice))}."
        raise refuse(payload, context, reason, "Give every column its own name.")
    if ROW in header:
        raise refuse(payload, context, f"its header has the name {ROW!r}, which is ours.", "Give it another name.")
    return header


def _chunks(reader: Iterator[list[str]]) -> Iterator[tuple[list[list[str]], str | None]]:
    """Records in lists of bounded length; with a list that a broken record ends: what is wrong with that record."""
    while True:
        records: list[list[str]] = []
        try:
            records.extend(islice(reader, CHUNK_ROWS))
        except csv.Error as error:
            yield list(filter(None, records)), str(error)
            continue
        if not records:
            return
        yield list(filter(None, records)), None


def _columns(header: list[str], records: list[list[str]], before: int, bad: list[tuple[int, str, str]]) -> pl.DataFrame:
    """Columns of the records that have as many fields as the header; the others go to ``bad``."""
    numbers = range(before + 1, before + len(records) + 1)
    if set(map(len, records)) - {len(header)}:
        for number, record in zip(numbers, records, strict=True):
            if len(record) != len(header):
                reason = f"It has {len(record)} fields where the header has {len(header)}."
                bad.append((number, reason, ",".join(record)))
        kept = [(n, r) for n, r in zip(numbers, records, strict=True) if len(r) == len(header)]
        numbers_kept, records = [n for n, _ in kept], [r for _, r in kept]
    else:
        numbers_kept = list(numbers)
    fields = zip(*records, strict=True) if records else [()] * len(header)
    columns = {name: pl.Series(name, values, pl.String) for name, values in zip(header, fields, strict=True)}
    frame = pl.DataFrame({ROW: pl.Series(ROW, numbers_kept, pl.Int64), **columns})
    return frame.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in header)


def account(
    columns: Sequence[str], fields: Fields, needed: Sequence[str], payload: Payload, context: Context
) -> list[str]:
    """Notices about columns that the provider never had before. Raises SourceRefused when one is missing."""
    missing = [c for c in needed if c not in columns]
    if missing:
        reason = f"it lacks the column {', '.join(missing)}; it has {', '.join(columns)}."
        mend = "Check that this is the provider's file, or read it with the table source and a columns mapping."
        raise refuse(payload, context, reason, mend)
    unknown = [c for c in columns if c not in fields.used and c not in fields.ignored]
    return [f"{payload.name}: column {c!r} is new: its values are not read." for c in unknown]


def set_apart(rows: Rows, fields: Fields) -> Rows:
    """Columns that the provider never had, under names that no reader uses for itself: they must not become values."""
    strange = {c: THEIRS + c for c in rows.columns if c not in fields.used and c not in fields.ignored}
    return Rows(rows.frame.rename(strange), rows.bad) if strange else rows


Check = tuple[pl.Expr, pl.Expr | str]
"""When it is true the row is bad; why."""


EMPTY_VALUE = "A value that it needs is empty."


def set_aside(
    frame: pl.DataFrame, checks: Sequence[Check], raw: Sequence[str], payload: Payload, context: Context
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split into rows that pass every check and a quarantine table of those that fail, with the first reason."""
    if not checks or frame.is_empty():
        return frame, QUARANTINE.empty()
    reasons = [
        # A reason that quotes an empty value is null, and null would let the row pass.
        pl.when(when).then(pl.coalesce(why if isinstance(why, pl.Expr) else pl.lit(why), pl.lit(EMPTY_VALUE)))
        for when, why in checks
    ]
    reason = frame.select(pl.coalesce(reasons)).to_series()
    if reason.null_count() == len(reason):
        return frame, QUARANTINE.empty()
    said = reason.str.replace_all(UNTOLD, " ").str.slice(0, TOLD_CHARACTERS)
    bad = frame.with_columns(said.alias("reason")).filter(reason.is_not_null())
    shown = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in raw], separator=",")
    table = bad.select(
        pl.lit(context.source_id).alias("source_id"),
        pl.lit(payload.name).alias("file"),
        pl.col(ROW).alias("row"),
        "reason",
        shown.str.slice(0, RAW_CHARACTERS).alias("raw"),
    )
    return frame.filter(reason.is_null()), QUARANTINE.conform(table)


def quarantine_rows(bad: Sequence[tuple[int, str, str]], payload: Payload, context: Context) -> pl.DataFrame:
    """A quarantine table from (row, reason, raw)."""
    file = (context.source_id, payload.name)
    table = pl.DataFrame(
        [(*file, row, told(reason), _sound(raw[:RAW_CHARACTERS])) for row, reason, raw in bad],
        schema=QUARANTINE.schema,
        orient="row",
    )
    return QUARANTINE.conform(table)


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def per_value(column: pl.Series, function: Callable[[str], str]) -> pl.Series:
    """Apply a function of text once to every distinct value, in order, and put the results in place."""
    values = column.drop_nulls().unique().sort().to_list()
    return column.replace_strict({v: function(v) for v in values}, default=None, return_dtype=pl.String)
