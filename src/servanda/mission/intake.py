"""Files to evidence: every file that a feed names is read once and kept; a bad one is refused and named."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from glob import glob
from pathlib import Path

import polars as pl

from servanda import __version__
from servanda.errors import SourceRefused
from servanda.evidence import Store
from servanda.mission.config import Feed, Mission
from servanda.sources.base import Context, Payload, Reading
from servanda.sources.registry import profile
from servanda.tables import OBSERVATIONS, SOURCES, WATCHES

ReadingKey = tuple[str, str, str]
Step = Callable[[str], None]


@dataclass(frozen=True)
class Intake:
    """What ingesting did: the readings that speak now, and the files that were refused."""

    current: tuple[ReadingKey, ...]
    refused: tuple[SourceRefused, ...]
    new_observations: int


def ingest(mission: Mission, store: Store, now: datetime, step: Step) -> Intake:
    """Read every file of every feed into the store. ``now`` is kept as the time of ingest and decides nothing."""
    current: list[ReadingKey] = []
    refused: list[SourceRefused] = []
    new = 0
    for feed in mission.feeds:
        try:
            context = context_of(feed)
            reader = f"{__version__} {feed.reader} {_digest(context)}"
            for path in _files(feed, mission.folder):
                step(f"{feed.id}: {path.name}")
                payload = _payload(path)
                try:
                    receipt = store.ingest(
                        feed.id, payload.name, payload.data, payload.sha256, reader, _read(feed, payload, context), now
                    )
                except SourceRefused as refusal:
                    refused.append(refusal)
                    continue
                new += receipt.new_observations
                current.append((feed.id, payload.sha256, reader))
        except SourceRefused as refusal:
            refused.append(refusal)
    return Intake(tuple(current), tuple(refused), new)


def _read(feed: Feed, payload: Payload, context: Context) -> Callable[[], Reading]:
    return lambda: feed.source.read(payload, context)


def context_of(feed: Feed) -> Context:
    """The feed's settings and extra files. Raises SourceRefused when one of these cannot be read."""
    aux = {}
    for name, path in sorted(feed.aux.items()):
        if not path.is_file():
            mend = f"Check 'with: {name}' in the mission file."
            raise SourceRefused(feed.id, str(path), f"The extra file '{name}' does not exist.", mend)
        aux[name] = _payload(path)
    return Context(feed.id, feed.settings, aux)


def _digest(context: Context) -> str:
    text = " ".join(f"{name} {payload.sha256}" for name, payload in sorted(context.aux.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _payload(path: Path) -> Payload:
    data = path.read_bytes()
    return Payload(path.name, data, hashlib.sha256(data).hexdigest())


def _files(feed: Feed, folder: Path) -> Iterator[Path]:
    """Files in order of name. Raises SourceRefused when a pattern matches none."""
    for pattern in feed.patterns:
        found = sorted(p for p in glob(str(folder / pattern)) if Path(p).is_file())  # noqa: PTH207 (absolute patterns)
        if not found:
            mend = "Check 'path' in the mission file; it is relative to the mission folder."
            raise SourceRefused(feed.id, pattern, "No file matches.", mend)
        yield from map(Path, found)


def profiles(feeds: Sequence[Feed]) -> pl.DataFrame:
    """The sources table of a mission."""
    rows = [profile(feed.source, feed.id, feed.settings) for feed in feeds]
    return pl.concat(rows) if rows else SOURCES.empty()


def known_at(
    mission: Mission, store: Store, current: Sequence[ReadingKey] | None, as_of: datetime | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Observations and watches that were recorded by ``as_of``, with what each source derives from all its rows.

    ``current``: the readings that speak; None: the last one of each payload. Sorted by start, then id, as the store
    gives them.
    """
    seen, looked = store.observations(as_of, None, current), store.watches(as_of, None, current)
    for feed in mission.feeds:
        if feed.source.derive is None and feed.source.derive_watches is None:
            continue
        context = context_of(feed)
        mine = seen.filter(pl.col("source_id") == feed.id)
        if feed.source.derive and mine.height:
            derived = OBSERVATIONS.conform(feed.source.derive(mine, context))
            others = seen.filter(pl.col("source_id") != feed.id)
            seen = pl.concat([others, derived]).sort("t_start", "observation_id")
            mine = derived
        if feed.source.derive_watches:
            own = looked.filter(pl.col("source_id") == feed.id)
            derived = WATCHES.conform(feed.source.derive_watches(own, mine, context))
            others = looked.filter(pl.col("source_id") != feed.id)
            looked = pl.concat([others, derived]).sort("t_start", "watch_id")
    return seen, looked
