"""A provider without a network, for the tests of ``servanda pull``: scripted answers."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from tests.mission.conftest import MISSION, write

from servanda.mission.pull import PullOutcome, pull

NOW = datetime(2025, 4, 20, 6, 0, tzinfo=UTC)
CSV = "kind,t_start,lon,lat\nartillery,2025-03-01T10:00:00Z,20.5,0.0\n"
Answer = Callable[[httpx2.Request], httpx2.Response]


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = NOW, [0.0][:0]

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


class Server:
    """Gives one answer after the other; the last one again and again. Times out on an exception."""

    def __init__(self, *answers: httpx2.Response | Answer | Exception) -> None:
        self.answers, self.asked = list(answers), [httpx2.Request("GET", "https://x")][:0]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx2.Response):
            return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


class Short(httpx2.SyncByteStream):
    """A body that ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield self.data


def table(text: str = CSV, **headers: str) -> httpx2.Response:
    names = {k.replace("_", "-"): v for k, v in headers.items()}
    return httpx2.Response(200, headers={"Content-Type": "text/csv", **names}, text=text)


def mission(tmp_path: Path, block: str, path: str = "data/in/*.csv", source: str = "table", extra: str = "") -> Path:
    """A mission folder with a feed 'in' that is pulled as ``block`` (YAML in one line) says."""
    folder = write(tmp_path / "mission")
    feed = f'  - {{id: in, source: {source}, path: "{path}", pull: {block}}}\n'
    text = MISSION.replace("sources:\n", "sources:\n" + feed) + extra
    (folder / "mission.yaml").write_text(text, "utf-8")
    return folder


def pulled(
    folder: Path,
    server: Answer,
    env: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    **more: str | bool,
) -> PullOutcome:
    clock = clock or Clock()
    only, dry_run = more.get("only"), bool(more.get("dry_run"))
    return pull(
        folder,
        only if isinstance(only, str) else None,
        dry_run,
        env or {},
        transport=httpx2.MockTransport(server),
        now=clock,
        sleep=clock.sleep,
    )


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the retries would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept
