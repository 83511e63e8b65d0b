"""What must hold of a reading, whatever the file was. Each check says in words what it found wrong."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

import polars as pl
import shapely
from tests.fuzz.mutate import Case
from tests.fuzz.samples import Sample

from servanda.errors import SourceRefused
from servanda.kinds import tree
from servanda.sources.base import Context, Reading
from servanda.sources.reading import RAW_CHARACTERS
from servanda.tables import ACCESS, CLAIMS, OBSERVATIONS, QUARANTINE, WATCH_STATUS, WATCHES, Table

MOST_TOLD = 2_000
"""Characters of one notice, reason or refusal: more is no message."""
PAST_EDGE_DEG = 0.5
"""By how much the side of a grid cell or the corner of a circle may pass the edge of the map."""
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
IDS = {"observations": "observation_id", "watches": "watch_id"}


class Wrong(AssertionError):
    """A reading that breaks the contract of sources."""


def judged(case: Case) -> Reading | SourceRefused:
    """Read a file as a run does and check all that can be checked. Raises Wrong, or what the reader raises."""
    context = case.sample.context(case.aux)
    try:
        reading = case.sample.source.read(case.file, context)
    except SourceRefused as refusal:
        found: Reading | SourceRefused = refusal
        wrong = [*_bad_words("refusal", str(refusal)), *_no_refusal(case, refusal)]
    else:
        found = reading
        wrong = [
            *_faults(reading, case),
            *_derived(reading, case, context),
            *_lost(reading, case),
            *_moved(reading, case),
        ]
    if wrong:
        raise Wrong("; ".join(sorted(set(wrong))))
    return found


def same(one: Reading | SourceRefused, other: Reading | SourceRefused) -> bool:
    """Do two readings say the same, to the byte?"""
    if isinstance(one, SourceRefused) or isinstance(other, SourceRefused):
        return str(one) == str(other)
    frames = ((getattr(one, t), getattr(other, t)) for t in ("observations", "watches", "quarantine"))
    return one.notices == other.notices and all(a.equals(b) for a, b in frames)


def _no_refusal(case: Case, refusal: SourceRefused) -> Iterator[str]:
    """One bad row is no reason to refuse a file."""
    if case.stranger:
        yield f"a column that nobody knows made the file refused: {refusal.reason}"
    if case.record is not None and case.sample.alone:
        yield f"record {case.record + case.sample.first} made the whole file refused: {refusal.reason}"


def _faults(reading: Reading, case: Case) -> Iterator[str]:
    for frame, table in (
        (reading.observations, OBSERVATIONS),
        (reading.watches, WATCHES),
        (reading.quarantine, QUARANTINE),
    ):
        if frame.schema != table.schema:
            yield f"{table.name} do not conform: {frame.schema}"
            return
        for column in table.columns:
            if column.required and frame[column.name].null_count():
                yield f"{table.name}.{column.name} has nulls"
    for notice in reading.notices:
        yield from _bad_words("notice", notice)
    for reason in reading.quarantine["reason"].unique(maintain_order=True):
        yield from _bad_words("reason", reason)
    if (reading.quarantine["raw"].str.len_chars() > RAW_CHARACTERS).any():
        yield "quarantine.raw is longer than it may be"
    if (reading.quarantine["row"] < 0).any():
        yield "quarantine.row is negative"
    for frame, table in ((reading.observations, OBSERVATIONS), (reading.watches, WATCHES)):
        if frame[IDS[table.name]].is_duplicated().any():
            yield f"{table.name} share an id"
        if not frame.is_empty() and frame["payload_sha256"].unique().to_list() != [case.file.sha256]:
            yield f"{table.name} name another payload"
        yield from _values(frame, table, case)
    if not reading.observations.is_empty():
        yield from _flags(reading.observations, case)


def _bad_words(what: str, text: str) -> Iterator[str]:
    if len(text) > MOST_TOLD:
        yield f"a {what} has {len(text)} characters: {text[:80]!r}"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        yield f"a {what} has control characters: {text[:200]!r}"


def _values(frame: pl.DataFrame, table: Table, case: Case) -> Iterator[str]:
    if frame.is_empty():
        return
    found = frame.select(when.any().alias(what) for what, when in _rules(table).items()).row(0, named=True)
    yield from (f"{table.name}: {what}" for what, is_so in found.items() if is_so)
    shapes = frame["geometry" if table is OBSERVATIONS else "footprint"].drop_nulls().unique()
    for wkb in shapes:
        yield from (f"{table.name}: {fault}" for fault in _shape_faults(wkb))


@cache
def _rules(table: Table) -> dict[str, pl.Expr]:
    """What is wrong when true of any row."""
    out = {
        "it ends before it starts": pl.col("t_end") < pl.col("t_start"),
        "a kind is not in the tree": ~pl.col("kind").is_in(list(tree())),
        **{
            f"{c} is no date of this calendar": ~pl.col(c).is_between(FIRST, LAST)
            for c in ("t_start", "t_end", "recorded_at")
        },
    }
    if table is WATCHES:
        shares = {f"{c} is no share": ~pl.col(c).is_between(0, 1) for c in ("p_detect", "p_false")}
        return {**out, **shares, "status is none": ~pl.col("status").is_in(WATCH_STATUS)}
    x, y = pl.col("lon"), pl.col("lat")
    counts = pl.col("count_low"), pl.col("count_high")
    return {
        **out,
        "lon is out of range": ~x.is_between(-180, 180) | x.is_nan(),
        "lat is out of range": ~y.is_between(-90, 90) | y.is_nan(),
        "it has half a point": x.is_null() != y.is_null(),
        "sigma_m is no length": ~pl.col("sigma_m").is_finite() | (pl.col("sigma_m") < 0),
        "a count is negative or none": pl.any_horizontal(~c.is_finite() | (c < 0) for c in counts),
        "count_high is below count_low": counts[1] < counts[0],
        "claim is none": ~pl.col("claim").is_in(CLAIMS),
        "access is none": ~pl.col("access").is_in(ACCESS),
        "reliability is none": ~pl.col("reliability").is_in(list("ABCDEF")),
        "credibility is none": ~pl.col("credibility").is_between(1, 6),
    }


def _shape_faults(wkb: bytes) -> Iterator[str]:
    shape = shapely.from_wkb(wkb, on_invalid="ignore")
    if shape is None or shape.is_empty:
        yield "a shape is empty"
        return
    if not shape.is_valid:
        yield "a shape is not valid"
    west, south, east, north = shape.bounds
    if not (west >= -180 - PAST_EDGE_DEG and east <= 180 + PAST_EDGE_DEG and south >= -90.5 and north <= 90.5):
        yield f"a shape is out of range: {shape.bounds}"


def _flags(observations: pl.DataFrame, case: Case) -> Iterator[str]:
    known = case.sample.source.flags
    if case.sample.source.name in ("table", "feed"):
        return  # a table may bring flags of its own
    strange = set(observations["flags"].explode().drop_nulls()) - set(known)
    if strange:
        yield f"flags that the source does not state: {sorted(strange)}"


def _derived(reading: Reading, case: Case, context: Context) -> Iterator[str]:
    """What the source makes of all its rows must hold to the same rules."""
    source, seen = case.sample.source, reading.observations
    try:
        if source.derive and seen.height:
            seen = source.derive(seen, context)
        looked = source.derive_watches(reading.watches, seen, context) if source.derive_watches else reading.watches
    except SourceRefused as refusal:
        yield from _bad_words("refusal", str(refusal))
        return
    for frame, table in ((seen, OBSERVATIONS), (looked, WATCHES)):
        yield from (f"derived {fault}" for fault in _values(table.conform(frame), table, case))
    if not seen.is_empty():
        yield from _flags(seen, case)


def _lost(reading: Reading, case: Case) -> Iterator[str]:
    """The records that were not touched say what they say without the one that was; that one is accounted for."""
    if case.record is None or not case.sample.alone:
        return
    rest = _rest(case.sample, case.record)
    gained = False
    for table, key in IDS.items():
        mine, others = set(getattr(reading, table)[key]), set(getattr(rest, table)[key])
        if not others <= mine:
            yield f"a change of one record took {len(others - mine)} {table} of other records away"
        gained = gained or not mine <= others
    number = case.record + case.sample.first
    told = set(reading.notices) - set(rest.notices)
    told = {n for n in told if "carry an event label" not in n}
    aside = number in reading.quarantine["row"].to_list()
    if not (gained or told or aside):
        yield f"record {number} is lost without a word"
    if set(reading.quarantine["row"].to_list()) - {number} - set(rest.quarantine["row"].to_list()) - _after(rest, case):
        yield "another record than the one that was touched is set aside"


def _moved(reading: Reading, case: Case) -> Iterator[str]:
    """A column that the provider never had is told, and changes nothing."""
    if not case.stranger:
        return
    plain = _rest(case.sample, None)
    for table in IDS:
        mine, others = (getattr(r, table).drop("payload_sha256") for r in (reading, plain))
        if not mine.equals(others):
            yield f"a column that nobody knows changed the {table}"
    if not set(reading.notices) - set(plain.notices):
        yield "a column that nobody knows is not told"


def _after(rest: Reading, case: Case) -> set[int]:
    """Rows of ``rest`` in quarantine as they are numbered with the record in its place."""
    return {row + 1 for row in rest.quarantine["row"].to_list()}


@cache
def _rests() -> dict[tuple[int, int | None], tuple[Sample, Reading]]:
    return {}


def _rest(sample: Sample, at: int | None) -> Reading:
    """What the sample says without one record, or whole."""
    found = _rests()
    key = (id(sample), at)
    if key not in found:
        shape = sample.shape if at is None else sample.shape.without(at)
        file = sample.payload(shape.data())
        found[key] = (
            sample,
            sample.source.read(file, sample.context(sample.aux)),
        )  # the sample is kept: its id is the key
    return found[key][1]
