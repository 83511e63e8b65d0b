"""What a file is made of: a table, a list in JSON, items of XML, a Parquet frame, a zip. Each knows how to go wrong.

``touched`` changes values of one record and leaves a well-formed file; ``shaken`` changes anything.
"""

import csv
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import polars as pl
from tests.fuzz.values import any_json, any_text


class Shape(Protocol):
    """A file, taken apart. ``count`` is how many records can be changed alone."""

    @property
    def count(self) -> int: ...
    def data(self) -> bytes: ...
    def without(self, at: int) -> Self: ...
    def touched(self, at: int, rng: random.Random) -> Self: ...
    def shaken(self, rng: random.Random) -> bytes: ...


@dataclass(frozen=True)
class Table:
    """CSV. ``second_header``: a line after the header that is no record."""

    header: list[str]
    records: list[list[str]]
    delimiter: str = ","
    second_header: list[str] | None = None

    @classmethod
    def of(cls, text: str, delimiter: str = ",", second: bool = False) -> "Table":
        header, *records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return cls(header, records[second:], delimiter, records[0] if second else None)

    @property
    def count(self) -> int:
        return len(self.records)

    def data(self, quoting: int = csv.QUOTE_MINIMAL, line_end: str = "\n") -> bytes:
        out = io.StringIO(newline="")
        if any("\r" in field for record in self.records for field in record):
            quoting = csv.QUOTE_ALL  # the writer leaves a lone carriage return bare
        writer = csv.writer(out, delimiter=self.delimiter, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
        writer.writerows([self.header, *([self.second_header] if self.second_header else []), *self.records])
        return out.getvalue().encode("utf-8", "replace")

    def without(self, at: int) -> "Table":
        return replace(self, records=self.records[:at] + self.records[at + 1 :])

    def touched(self, at: int, rng: random.Random) -> "Table":
        record = list(self.records[at])
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            one, other = rng.randrange(len(record)), rng.randrange(len(record))
            if rng.random() < 0.2:
                record[one], record[other] = record[other], record[one]
            else:
                record[one] = any_text(rng, record[one])
        return replace(self, records=[*self.records[:at], record, *self.records[at + 1 :]])

    def shaken(self, rng: random.Random) -> bytes:
        change = rng.choice(_TABLE_CHANGES)
        table = change(replace(self, header=list(self.header), records=[list(r) for r in self.records]), rng)
        return table.data(rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)), rng.choice(("\n", "\n", "\r\n", "\r")))

    def columns(self, order: Sequence[int], names: list[str] | None = None) -> "Table":
        def pick(record: list[str]) -> list[str]:
            return [record[i] for i in order]

        second = pick(self.second_header) if self.second_header else None
        return replace(
            self, header=names or pick(self.header), records=[pick(r) for r in self.records], second_header=second
        )


def _shuffled(table: Table, rng: random.Random) -> Table:
    return table.columns(rng.sample(range(len(table.header)), len(table.header)))


def _headers_swapped(table: Table, rng: random.Random) -> Table:
    one, other = rng.randrange(len(table.header)), rng.randrange(len(table.header))
    table.header[one], table.header[other] = table.header[other], table.header[one]
    return table


def _column_dropped(table: Table, rng: random.Random) -> Table:
    gone = rng.randrange(len(table.header))
    return table.columns([i for i in range(len(table.header)) if i != gone])


def _column_twice(table: Table, rng: random.Random) -> Table:
    order = [*range(len(table.header)), rng.randrange(len(table.header))]
    names = [*table.header, rng.choice((table.header[order[-1]], "brand_new", "", "__row", any_text(rng, "x")))]
    return table.columns(order, names)


def _column_renamed(table: Table, rng: random.Random) -> Table:
    at = rng.randrange(len(table.header))
    name = table.header[at]
    table.header[at] = rng.choice((name.upper(), f" {name} ", f"\ufeff{name}", f'"{name}"', "", any_text(rng, name)))
    return table


def _ragged(table: Table, rng: random.Random) -> Table:
    for record in rng.sample(table.records, rng.randint(1, len(table.records))):
        if rng.random() < 0.5:
            record.append(any_text(rng, ""))
        else:
            del record[rng.randrange(len(record)) :]
    return table


def _repeated(table: Table, rng: random.Random) -> Table:
    records = [table.records[rng.randrange(table.count)] for _ in range(rng.choice((2, 5, 60)))]
    return replace(table, records=records)


def _column_filled(table: Table, rng: random.Random) -> Table:
    at, value = rng.randrange(len(table.header)), any_text(rng, "")
    for record in table.records:
        record[at] = value
    return table


def _no_records(table: Table, rng: random.Random) -> Table:
    return replace(table, records=[[""] * rng.randint(0, len(table.header))] * rng.randint(0, 2))


def _header_again(table: Table, rng: random.Random) -> Table:
    """Files joined one after the other."""
    at = rng.randint(0, table.count)
    return replace(table, records=[*table.records[:at], table.header, *table.records[at:]])


def _other_delimiter(table: Table, rng: random.Random) -> Table:
    return replace(table, delimiter=rng.choice(";\t|:"))


_TABLE_CHANGES: tuple[Callable[[Table, random.Random], Table], ...] = (
    *(_shuffled, _headers_swapped, _column_dropped, _column_twice, _column_renamed, _ragged, _repeated),
    *(_column_filled, _no_records, _header_again, _other_delimiter),
)


@dataclass(frozen=True)
class Tree:
    """A JSON document with a list of records at ``path``."""

    root: Any
    path: tuple[str, ...] = ()

    def records(self, root: Any) -> list[Any]:
        for key in self.path:
            root = root[key]
        return list(root)

    @property
    def count(self) -> int:
        found = self.root
        for key in self.path:
            found = found[key]
        return len(found) if isinstance(found, list) else 0

    def data(self) -> bytes:
        return written(self.root)

    def without(self, at: int) -> "Tree":
        return self._with(lambda records: records[:at] + records[at + 1 :])

    def touched(self, at: int, rng: random.Random) -> "Tree":
        return self._with(lambda r: [*r[:at], _changed(r[at], rng, rng.choice((1, 1, 2, 4))), *r[at + 1 :]])

    def _with(self, change: Callable[[list[Any]], list[Any]]) -> "Tree":
        root = json.loads(self.data())
        if not self.path:
            return replace(self, root=change(root))
        at = root
        for key in self.path[:-1]:
            at = at[key]
        at[self.path[-1]] = change(at[self.path[-1]])
        return replace(self, root=root)

    def shaken(self, rng: random.Random) -> bytes:
        way = rng.randrange(9)
        raw = self.data()
        if way == 4:
            return _NUMBER.sub(rb"\g<0>" + b"0" * 5_000, raw, count=rng.choice((0, 1)))
        if way == 0:
            return b"[" * rng.choice((3, 200, 100_000)) + raw
        if way == 1:
            return b"\n".join(written(r) for r in self.records(self.root))
        if way == 2:
            return written([self.root]) if rng.random() < 0.5 else written({"data": self.root, "features": self.root})
        if way == 3:
            key = rng.choice(_KEY.findall(raw) or [b'"x":'])
            return raw.replace(key, key + b" " + written(any_json(rng)) + b", " + key, rng.choice((1, -1)))
        return written(_changed(self.root, rng, rng.choice((1, 2, 4, 12))))


_NUMBER = re.compile(rb"\b\d+\b")
_KEY = re.compile(rb'"[^"\\]{1,40}":')


MOST_NODES = 2_000


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def _changed(value: Any, rng: random.Random, times: int) -> Any:
    """A copy with some of its nodes replaced, dropped, renamed or swapped."""
    root = [json.loads(written(value))]
    for _ in range(times):
        nodes = _nodes(root)
        if len(nodes) > MOST_NODES:
            break
        holder, key = rng.choice(nodes)
        way = rng.randrange(10)
        if isinstance(holder, dict) and way == 0:
            del holder[key]
        elif isinstance(holder, dict) and way == 1:
            holder[any_text(rng, str(key))] = holder.pop(key)
        elif way == 2:
            other, name = rng.choice(nodes)
            holder[key], other[name] = json.loads(written(other[name])), json.loads(written(holder[key]))
        elif way < 6 and isinstance(holder[key], str):
            holder[key] = any_text(rng, holder[key])
        else:
            holder[key] = any_json(rng)
    return root[0]


def _nodes(root: list[Any]) -> list[tuple[Any, Any]]:
    """Every place in a tree as (holder, key), the root among them."""
    found: list[tuple[Any, Any]] = []
    todo: list[Any] = [root]
    while todo:
        holder = todo.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                todo.append(holder[key])
    return found


@dataclass(frozen=True)
class Markup:
    """XML whose records stand between ``head`` and ``tail``."""

    head: str
    items: list[str]
    tail: str

    @property
    def count(self) -> int:
        return len(self.items)

    def data(self) -> bytes:
        return (self.head + "".join(self.items) + self.tail).encode("utf-8", "replace")

    def without(self, at: int) -> "Markup":
        return replace(self, items=self.items[:at] + self.items[at + 1 :])

    def touched(self, at: int, rng: random.Random) -> "Markup":
        pieces = _BETWEEN_TAGS.split(self.items[at])
        chosen = rng.choice([i for i, p in enumerate(pieces) if p and not p.startswith("<")])
        pieces[chosen] = _escaped(any_text(rng, pieces[chosen]))
        return replace(self, items=[*self.items[:at], "".join(pieces), *self.items[at + 1 :]])

    def shaken(self, rng: random.Random) -> bytes:
        pieces = _BETWEEN_TAGS.split(self.head + "".join(self.items) + self.tail)
        for _ in range(rng.choice((1, 2, 5))):
            one, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
            way = rng.randrange(4)
            if way == 0:
                pieces[one] = ""
            elif way == 1:
                pieces[one], pieces[other] = pieces[other], pieces[one]
            elif way == 2:
                pieces[one] += pieces[other] * rng.choice((1, 1, 50))
            else:
                pieces[one] += rng.choice(("&a;", "&#0;", "&#xD800;", "<![CDATA[", "<!--", "]]>", "<x:y>", "<", "&"))
        return (rng.choice(("", "", "", ENTITIES)) + "".join(pieces)).encode("utf-8", "replace")


_BETWEEN_TAGS = re.compile(r"(<[^>]*>)")
ENTITIES = '<!DOCTYPE r [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'


def _escaped(text: str) -> str:
    """As a well-formed writer would write it: XML 1.0 has no control characters."""
    sound = "".join(c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c != "\x7f"))
    return sound.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class Columnar:
    """Parquet."""

    frame: pl.DataFrame

    @property
    def count(self) -> int:
        return self.frame.height

    def data(self) -> bytes:
        out = io.BytesIO()
        self.frame.write_parquet(out)
        return out.getvalue()

    def without(self, at: int) -> "Columnar":
        return Columnar(pl.concat([self.frame[:at], self.frame[at + 1 :]]))

    def touched(self, at: int, rng: random.Random) -> "Columnar":
        name = rng.choice([c for c in self.frame.columns if self.frame.schema[c] == pl.String])
        values = self.frame[name].to_list()
        values[at] = any_text(rng, values[at] or "").encode("utf-8", "replace").decode()
        return Columnar(self.frame.with_columns(pl.Series(name, values, pl.String)))

    def shaken(self, rng: random.Random) -> bytes:
        frame = self.frame
        for name in rng.sample(frame.columns, rng.randint(1, 3)):
            way = rng.randrange(6)
            if way == 0:
                frame = frame.drop(name)
            elif way == 1:
                frame = frame.rename({name: rng.choice(("geometry", "footprint", "", "__row", "__wkb", name + " "))})
            elif way == 2:
                frame = frame.with_columns(pl.lit(None).alias(name))
            elif way == 3:
                frame = frame.with_columns(pl.Series(name, [any_json(rng, plain=True)] * frame.height, strict=False))
            else:
                frame = frame.with_columns(rng.choice(_CASTS)(pl.col(name)).alias(name))
        return Columnar(frame[: rng.choice((0, 1, 99))]).data()


_CASTS: tuple[Callable[[pl.Expr], pl.Expr], ...] = (
    lambda c: c.cast(pl.String).cast(pl.Binary),
    lambda c: c.cast(pl.String).cast(pl.Categorical),
    lambda c: pl.concat_list(c, c),
    lambda c: pl.struct(c.alias("a")),
    lambda c: c.cast(pl.String).cast(pl.Float32, strict=False),
    lambda c: c.cast(pl.String).str.to_datetime(strict=False, format="%Y-%m-%dT%H:%M:%S").dt.date(),
    lambda c: c.is_not_null(),
    lambda c: pl.lit(2**62),
    lambda c: pl.lit(float("nan")),
    lambda c: pl.duration(days=pl.int_range(pl.len())),
    lambda c: pl.lit(2**62).cast(pl.Datetime("us", "UTC")),
)


@dataclass(frozen=True)
class Archive:
    """A zip of tables. Its records hang together, so that none can be changed alone."""

    members: dict[str, bytes]

    @property
    def count(self) -> int:
        return 0

    def data(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, raw in self.members.items():
                archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def without(self, at: int) -> "Archive":
        raise IndexError(at)

    def touched(self, at: int, rng: random.Random) -> "Archive":
        raise IndexError(at)

    def shaken(self, rng: random.Random) -> bytes:
        members = dict(self.members)
        tables = [n for n in members if n.endswith(".csv")]
        name = rng.choice(tables)
        way = rng.randrange(8)
        if way == 0:
            members[rng.choice(("../../up.csv", "/etc/x.csv", "a\\b.csv", "\x1b[31m.csv", "п.csv"))] = members.pop(name)
        elif way == 1:
            members[name] = b"KEY,x\n" + b"a" * 2**22
        elif way == 2:
            del members[name]
        elif way == 3:
            members[name], members[tables[0]] = members[tables[0]], members[name]
        elif way == 4:
            members = {"inner.csv": Archive(members).data()}
        else:
            table = Table.of(members[name].decode())
            if table.count and way < 7:
                members[name] = table.touched(rng.randrange(table.count), rng).data()
            elif table.count:
                members[name] = table.shaken(rng)
        return Archive(members).data()
