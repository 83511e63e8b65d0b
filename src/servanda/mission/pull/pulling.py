"""``servanda pull``: fetch what the mission file names, only what is new, and keep what is there."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx2

from servanda.agreement.messages import did_you_mean
from servanda.errors import MissionError, Problem
from servanda.mission import config
from servanda.mission.config import Feed, Mission
from servanda.mission.pull.contents import digest
from servanda.mission.pull.download import Getter, Got, asked, forget
from servanda.mission.pull.errors import ComeBack, Lacking, Refused
from servanda.mission.pull.keys import Keys
from servanda.mission.pull.lock import locked
from servanda.mission.pull.outcome import FeedOutcome, PullOutcome
from servanda.mission.pull.place import place
from servanda.mission.pull.state import FOLDER, FeedMemory, FileMemory, State, read_state, write_state
from servanda.mission.pull.wire import Wire, client
from servanda.mission.pull_block import Pull
from servanda.sources.fetching import PAGE, Ask, Download

Progress = Callable[[str, str, int, int | None], None]
"""Feed, file, bytes that are here, bytes in all where known."""
POLLS_KEPT = 200
"""Polls of a feed that are remembered, to tell an answer that says nothing new."""


def pull(
    directory: str | os.PathLike[str],
    only: str | None = None,
    dry_run: bool = False,
    env: Mapping[str, str] | None = None,
    *,
    transport: httpx2.BaseTransport | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress = lambda *_: None,
) -> PullOutcome:
    """Fetch the feeds of a mission folder that have a ``pull`` block; safe to repeat and to break off.

    ``only``: one feed. ``dry_run``: tell what would be asked, without network and without a trace. ``transport``,
    ``now`` (UTC) and ``sleep`` are for tests. A refusal of one feed does not stop the others: see the outcome.
    Raises MissionError for a bad mission file, PullBusy while another pull works on the folder.
    """
    folder, env = Path(directory), os.environ if env is None else env
    mission = config.load(folder, env)
    feeds = _chosen(mission, only)
    if dry_run:
        state, notices = read_state(folder, put_aside=False)
        return PullOutcome(tuple(_told(f, p, state, Keys(env), now()) for f, p in feeds), notices)
    with locked(folder, now()), client(transport, mission.written.pull.timeout_s) as opened:
        state, notices = read_state(folder)
        outcomes = []
        for feed, block in feeds:
            wire = _wire(opened, block, mission, env, now, sleep)
            outcomes.append(_Feed(folder, feed.id, block, state, wire, progress).pull())
        return PullOutcome(tuple(outcomes), notices)


def _chosen(mission: Mission, only: str | None) -> list[tuple[Feed, Pull]]:
    feeds = {f.id: (f, f.pull) for f in mission.feeds if f.pull is not None}
    if only is None:
        return list(feeds.values())
    if only not in feeds:
        what = f"There is no feed '{only}' with a pull block."
        raise MissionError([Problem(str(mission.folder / config.FILE), 0, 0, what, did_you_mean(only, feeds))])
    return [feeds[only]]


def _wire(
    opened: httpx2.Client,
    block: Pull,
    mission: Mission,
    env: Mapping[str, str],
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Wire:
    patience = mission.written.pull
    login = block.fetch.login(block.parameters)
    return Wire(
        opened,
        Keys(env),
        now,
        sleep,
        block.every_s,
        patience.attempts,
        patience.longest_wait_s,
        block.allow_http,
        login,
    )


def _mark(block: Pull) -> str:
    """Digest of what decides which requests are made."""
    said = f"{block.fetch.name} {block.into} {block.parameters.model_dump_json()}"
    return sha256(said.encode()).hexdigest()[:24]


def _memory(state: State, feed_id: str, block: Pull) -> FeedMemory:
    """What is remembered of a feed; afresh, but for its polls, when it now asks for something else."""
    found = state.feeds.setdefault(feed_id, FeedMemory())
    if found.asked != _mark(block):
        found.asked, found.since = _mark(block), None
    return found


def _told(feed: Feed, block: Pull, state: State, keys: Keys, now: datetime) -> FeedOutcome:
    memory = _memory(state, feed.id, block)
    downloads = block.fetch.plan(Ask(block.parameters, now, memory.since))
    wanted = [d for d in downloads if not _is_settled(d, memory, None)]
    missing = sorted({n for d in wanted for n in keys.missing(d.request)})
    login = block.fetch.login(block.parameters)
    missing = sorted({*missing, *(keys.missing(login.request) if login else ())})
    told = [f"{d.request.url} -> {block.into}/{d.file}" for d in wanted] or ["nothing: all is settled"]
    return FeedOutcome(feed.id, planned=(*told, *(f"{name} is not set" for name in missing)))


def _is_settled(download: Download, memory: FeedMemory, at: Callable[[str], Path] | None) -> bool:
    """Was it fetched when it was final, and (where ``at`` can tell) is it still there?"""
    first = download.file.replace(PAGE, "p001")
    known = memory.files.get(first)
    if known is None or not known.settled or known.asked != asked(download.request):
        return False
    if known.sha256 is None or at is None:
        return True
    pages = known.pages or 1
    return all(at(download.file.replace(PAGE, f"p{n:03d}")).exists() for n in range(1, pages + 1))


@dataclass
class _Feed:
    """One feed while it is pulled."""

    folder: Path
    feed_id: str
    block: Pull
    state: State
    wire: Wire
    progress: Progress
    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unchanged: int = 0
    lacking: int = 0
    come_back: datetime | None = None

    def pull(self) -> FeedOutcome:
        """Get what is planned; remember a complete pull only when nothing was refused."""
        start, memory = self.wire.now(), _memory(self.state, self.feed_id, self.block)
        if memory.not_before is not None and start < memory.not_before:
            return FeedOutcome(self.feed_id, come_back=memory.not_before.isoformat(timespec="seconds"))
        memory.not_before = None
        for download in self.block.fetch.plan(Ask(self.block.parameters, start, memory.since)):
            if not self._try(download, memory):
                break
        if not self.refused and self.come_back is None:
            memory.since = start
        memory.not_before = self.come_back
        self._trim(memory)
        write_state(self.folder, self.state)
        return FeedOutcome(
            self.feed_id,
            tuple(self.new),
            tuple(self.updated),
            self.unchanged,
            self.lacking,
            round(self.wire.waited_s, 3),
            self.come_back.isoformat(timespec="seconds") if self.come_back else None,
            tuple(self.refused),
        )

    def _try(self, download: Download, memory: FeedMemory) -> bool:
        """One download; False when the rest of the feed has to wait."""
        try:
            self._download(download, memory)
        except Lacking as no:
            return self._lacks(download, memory, no)
        except ComeBack as later:
            self.come_back = later.until
            return False
        except Refused as no:
            self.refused.append(self.wire.keys.mask(f"{self._name(download.file)}: {no}"))
            return not no.stop
        return True

    def _lacks(self, download: Download, memory: FeedMemory, no: Lacking) -> bool:
        if not download.may_lack:
            self.refused.append(f"{self._name(download.file)}: {no} Mend: check the address and what is asked for.")
            return True
        self.lacking += 1
        if download.settled:
            memory.files[download.file] = FileMemory(asked=asked(download.request), settled=True)
        return True

    def _download(self, download: Download, memory: FeedMemory) -> None:
        if _is_settled(download, memory, self._path):
            self.unchanged += 1
            return
        getter = Getter(
            self.wire,
            self.folder / FOLDER / "parts",
            self.block.most_bytes,
            lambda here, total: self.progress(self.feed_id, download.file, here, total),
        )
        found = getter.get(download, self._known(download, memory))
        if not found and download.pages is not None:
            self._nothing(download, memory)
        for got in found:
            self._keep(got, download, len(found), memory)
        write_state(self.folder, self.state)

    def _nothing(self, download: Download, memory: FeedMemory) -> None:
        self.unchanged += 1
        first = download.file.replace(PAGE, "p001")
        if download.settled:
            memory.files[first] = FileMemory(asked=asked(download.request), settled=True)

    def _known(self, download: Download, memory: FeedMemory) -> FileMemory | None:
        """What to ask for changes against: the file as it was fetched, if it is still here and the same."""
        if download.poll:
            mark = asked(download.request)
            polls = [m for f, m in memory.files.items() if m.poll and m.asked == mark and self._path(f).exists()]
            return polls[-1] if polls else None
        known, path = memory.files.get(download.file), self._path(download.file)
        same = known is not None and known.asked == asked(download.request) and path.exists()
        return known if same and known is not None and digest(path) == known.sha256 else None

    def _keep(self, got: Got, download: Download, pages: int, memory: FeedMemory) -> None:
        if got.part is None:
            self.unchanged += 1
            if not download.poll:
                memory.files[got.file] = got.memory.model_copy(update={"settled": download.settled})
            return
        said = got.memory.sha256
        assert said is not None
        if download.poll and any(m.sha256 == said and self._path(f).exists() for f, m in memory.files.items()):
            forget(got.part)
            self.unchanged += 1
            return
        placed = place(got.part, said, self._path(got.file), self.block.least_share)
        update = {"pages": pages if download.pages else None, "poll": download.poll}
        memory.files[got.file] = got.memory.model_copy(update=update)
        if placed == "unchanged":
            self.unchanged += 1
        else:
            (self.new if placed == "new" else self.updated).append(self._name(got.file))

    def _trim(self, memory: FeedMemory) -> None:
        polls = [name for name, known in memory.files.items() if known.poll]
        for name in polls[:-POLLS_KEPT]:
            del memory.files[name]

    def _name(self, file: str) -> str:
        return str(Path(self.block.into) / file)

    def _path(self, file: str) -> Path:
        return self.folder / self._name(file)
