"""One seeded way to spoil a sample."""

import gzip
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

import polars as pl
from tests.fuzz.samples import Sample
from tests.fuzz.shapes import Table
from tests.sources.conftest import payload

from servanda.sources.base import Payload
from servanda.tables import OBSERVATIONS, WATCHES

_WORKING = """x y t day word code unit class platform area cell told age_s aircraft kinds reason is_day is_twice end
deaths period on_ground t_s __at __geometry source_id: at"""
STRANGERS = sorted({*OBSERVATIONS.names, *WATCHES.names, *_WORKING.split()})
"""Names that readers use for themselves."""


@dataclass(frozen=True)
class Case:
    """A spoiled file.

    ``record``: the only one that was changed, from 0; None: anything may have been. ``stranger``: all that changed is
    that a column came that the provider never had.
    """

    sample: Sample
    way: str
    file: Payload
    aux: Mapping[str, Payload]
    record: int | None = None
    stranger: bool = False


def case(sample: Sample, rng: random.Random) -> Case:
    """A spoiled ``sample``: the same for the same state of ``rng``."""
    way = rng.choices(list(_WAYS), [weight for weight, _ in _WAYS.values()])[0]
    return _WAYS[way][1](Case(sample, way, sample.payload(sample.shape.data()), sample.aux), rng)


def _one_record(case: Case, rng: random.Random) -> Case:
    if not case.sample.shape.count:
        return _any_part(case, rng)
    at = rng.randrange(case.sample.shape.count)
    data = case.sample.shape.touched(at, rng).data()
    return replace(case, file=case.sample.payload(data), record=at)


def _new_column(case: Case, rng: random.Random) -> Case:
    """A column that the provider never had, under a name that a reader may use for itself."""
    shape, fields = case.sample.shape, case.sample.source.fields
    taken = {n.lower() for n in (*fields.used, *fields.ignored)}
    names = [n for n in STRANGERS if n not in taken]
    if not isinstance(shape, Table) or not case.sample.alone or case.sample.source.name == "table":
        return _any_part(case, rng)
    name, value = rng.choice(names), rng.choice(("1", "armed_activity", "2025-04-19", "", "a|b", "Odeska oblast"))
    wider = shape.columns([*range(len(shape.header)), 0], [*shape.header, name])
    for record in wider.records:
        record[-1] = value
    return replace(case, file=case.sample.payload(wider.data()), stranger=True)


def _any_part(case: Case, rng: random.Random) -> Case:
    try:
        data = case.sample.shape.shaken(rng)
    except pl.exceptions.PolarsError:  # a table that cannot be made is no case
        data = case.sample.shape.data()
    return replace(case, file=case.sample.payload(data))


def _bytes(case: Case, rng: random.Random) -> Case:
    return replace(case, file=case.sample.payload(spoiled(case.file.data, rng)))


def _packing(case: Case, rng: random.Random) -> Case:
    """Other encodings and gzip, over a file that may be spoiled already."""
    if rng.random() < 0.5:
        case = _any_part(case, rng)
    data = rng.choice(_PACKINGS)(case.file.data, rng)
    return replace(case, file=case.sample.payload(data))


def _aux(case: Case, rng: random.Random) -> Case:
    if not case.aux:
        return _any_part(case, rng)
    name = rng.choice(sorted(case.aux))
    old = case.aux[name]
    new = case.sample.aux_shapes[name].shaken(rng) if rng.random() < 0.7 else spoiled(old.data, rng)
    return replace(case, aux={**case.aux, name: payload(new, old.name)})


def _name(case: Case, rng: random.Random) -> Case:
    """Some readers take a time from the name of the file."""
    name = rng.choice(("x", "99999999.json", "20259999T9999Z.csv", "0000-00-00T00:00", "a" * 250, case.file.name[::-1]))
    return replace(_any_part(case, rng) if rng.random() < 0.3 else case, file=replace(case.file, name=name))


_WAYS: dict[str, tuple[int, Callable[[Case, random.Random], Case]]] = {
    "one record": (42, _one_record),
    "new column": (3, _new_column),
    "any part": (25, _any_part),
    "bytes": (15, _bytes),
    "packing": (8, _packing),
    "extra file": (5, _aux),
    "name": (2, _name),
}


def spoiled(raw: bytes, rng: random.Random) -> bytes:
    """Bytes flipped, cut out, put in, cut off."""
    out = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(out)) if out else 0
        way = rng.randrange(6)
        if way == 0 and out:
            out[at] = rng.randrange(256)
        elif way == 1:
            del out[at : at + rng.choice((1, 4, 40))]
        elif way == 2:
            out[at:at] = rng.choice(_PIECES)
        elif way == 3:
            out[at:at] = out[at : at + rng.randrange(200)]
        elif way == 4 and out:
            out[at] ^= 1 << rng.randrange(8)
        elif rng.random() < 0.2:
            del out[at:]
    return bytes(out)


_PIECES = (
    *(b",", b'"', b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\x1a", b"{", b"]", b"}"),
    *(
        "п".encode("cp1251"),
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"PAR1",
        b"\n\n\n",
        b"-",
        b"e999",
        b"<!--",
        b"&lt;",
        b"\\u0000",
    ),
)


def _recoded(encoding: str) -> Callable[[bytes, random.Random], bytes]:
    return lambda raw, rng: raw.decode("utf-8", "replace").encode(encoding, "replace")


_PACKINGS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *map(_recoded, ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp1251", "utf-8-sig", "utf-7", "cp037")),
    lambda raw, rng: b"\xef\xbb\xbf" * 2 + raw,
    lambda raw, rng: raw[: rng.randrange(len(raw) + 1)],
    lambda raw, rng: gzip.compress(raw, mtime=0),
    lambda raw, rng: gzip.compress(gzip.compress(raw, mtime=0), mtime=0),
    lambda raw, rng: gzip.compress(raw, mtime=0) + gzip.compress(raw, mtime=0),
    lambda raw, rng: gzip.compress(raw, mtime=0)[: rng.randrange(1, 60)],
    lambda raw, rng: spoiled(gzip.compress(raw, mtime=0), rng),
    lambda raw, rng: gzip.compress(raw[:1] + b" " * 2**20 + raw, mtime=0),
    lambda raw, rng: raw + b"\x00" * rng.choice((1, 5_000)),
    lambda raw, rng: rng.choice((b"", b" ", b"\n", b"\xef\xbb\xbf", b"\x00", b"{}", b"[]", b"null", b"PK", b"<rss/>")),
)


def seeded(source: str, seed: int, number: int) -> random.Random:
    """The randomness of one case alone."""
    return random.Random(int.from_bytes(sha256(f"{source} {seed} {number}".encode()).digest()[:8]))
