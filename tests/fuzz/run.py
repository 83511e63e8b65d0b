"""Cases run, failures told apart, failing files made small."""

import re
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.fuzz.mutate import Case, case, seeded
from tests.fuzz.oracle import Wrong, judged, same
from tests.fuzz.samples import samples
from tests.sources.conftest import payload

from servanda.errors import SourceRefused
from servanda.evidence import Store, open_store
from servanda.sources.base import Reading

TWICE, STORED = 7, 60
"""Every so manieth case is read twice, and is ingested."""
SLOW_S = 20.0
"""Seconds of processor time after which a file so small was not read but suffered."""
INGESTED = datetime(2031, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Failure:
    """One case that ended badly. ``kind``: equal for failures with one cause."""

    number: int
    kind: str
    text: str
    sample: str
    way: str
    file: str


def cases(name: str, seed: int, numbers: range) -> tuple[Counter[str], list[Failure]]:
    """Run cases of a source. How they ended, and the first failure of each kind."""
    ends: Counter[str] = Counter()
    failures: dict[str, Failure] = {}
    with tempfile.TemporaryDirectory() as folder, _store(Path(folder)) as store, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers that overflow are part of the game
        for number in numbers:
            made = made_case(name, seed, number)
            found = attempt(made, number, store)
            if isinstance(found, Failure):
                failures.setdefault(found.kind, found)
                ends["FAILED"] += 1
            else:
                ends[found] += 1
        faults = store.verify()
        if faults:
            failures["store"] = Failure(numbers[0], "the store is not sound", "; ".join(faults), "", "", "store")
    return ends, list(failures.values())


def assert_ends_well(name: str, number: int = 120, seed: int = 4) -> None:
    """The small run of every test run. ``make fuzz`` does more."""
    ends, failures = cases(name, seed, range(number))
    assert not failures, "\n".join(f"case {f.number} ({f.sample}, {f.way}): {f.kind}: {f.text[:300]}" for f in failures)
    assert ends["refused"] and ends["read"] and ends["set aside"], f"the cases are all of one kind: {ends}"


def made_case(name: str, seed: int, number: int) -> Case:
    """The case of that number: it hangs on nothing else."""
    rng = seeded(name, seed, number)
    return case(rng.choice(samples(name)), rng)


def attempt(made: Case, number: int, store: Store | None = None) -> str | Failure:
    """How a case ended: refused, set aside or read; or its failure."""
    began = time.process_time()
    try:
        found = judged(made)
        if number % TWICE == 0 and not same(found, _again(made)):
            raise Wrong("the same file read twice says two things")
        if store is not None and number % STORED == 0:
            _stored(made, found, store)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 (to find any error is what this is for; a panic of polars is no Exception)
        return _failure(made, number, error)
    if time.process_time() - began > SLOW_S:
        return _failure(made, number, Wrong(f"it took more than {SLOW_S} seconds"))
    if isinstance(found, SourceRefused):
        return "refused"
    return "set aside" if found.quarantine.height else "read"


def _again(made: Case) -> Reading | SourceRefused:
    try:
        return made.sample.source.read(made.file, made.sample.context(made.aux))
    except SourceRefused as refusal:
        return refusal


def _stored(made: Case, found: Reading | SourceRefused, store: Store) -> None:
    """A refused file leaves the store as it was; any other is in it whole."""
    before = store.payloads()
    context = made.sample.context(made.aux)
    file = made.file
    try:
        store.ingest(
            "it",
            file.name,
            file.data,
            file.sha256,
            f"reader {before.height}",
            lambda: made.sample.source.read(file, context),
            INGESTED,
        )
    except SourceRefused:
        if not store.payloads().equals(before):
            raise Wrong("a refused file changed the store") from None
        return
    if isinstance(found, SourceRefused):
        raise Wrong("a file that is refused was stored")
    row = store.payloads().filter(reader=f"reader {before.height}").row(0, named=True)
    if (row["observations"], row["watches"]) != (found.observations.height, found.watches.height):
        raise Wrong("a file is stored in part")


@contextmanager
def _store(folder: Path) -> Iterator[Store]:
    with open_store(folder / "evidence.sqlite") as store:
        yield store


def _failure(made: Case, number: int, error: BaseException) -> Failure:
    return Failure(number, kind_of(error), str(error), made.sample.name, made.way, Path(made.file.name).name[:60])


def kind_of(error: BaseException) -> str:
    """What failures with one cause share: the words of the oracle, or the error and the line of ours that raised it."""
    if isinstance(error, Wrong):
        return re.sub(r"\d+", "N", re.sub(r"'.*?'|\".*?\"|\(.*?\)", "…", str(error)))[:120]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "servanda" in f.filename or "tests" in f.filename]
    return f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"


def shrunk(name: str, seed: int, failure: Failure, steps: int) -> bytes:
    """A smaller file that fails alike, where one is found in so many steps."""
    made = made_case(name, seed, failure.number)

    def fails(data: bytes) -> bool:
        # What is asked of single records cannot be asked of a file cut at will.
        again = replace(made, file=payload(data, made.file.name), record=None)
        found = attempt(again, failure.number)
        return isinstance(found, Failure) and found.kind == failure.kind

    return smaller(made.file.data, fails, steps)


def smaller(data: bytes, fails: Callable[[bytes], bool], steps: int) -> bytes:
    """``data`` without pieces that do not matter: halves, quarters, … of its lines, then of its bytes."""
    for split in (lambda d: d.splitlines(keepends=True), lambda d: [d[i : i + 1] for i in range(len(d))]):
        pieces: list[bytes] = split(data)
        size = max(1, len(pieces) // 2)
        while size and steps:
            at = 0
            while at < len(pieces) and steps:
                rest = pieces[:at] + pieces[at + size :]
                steps -= 1
                if rest and fails(b"".join(rest)):
                    pieces = rest
                else:
                    at += size
            size //= 2
        data = b"".join(pieces)
    return data
