"""One pull at a time in a mission folder. The operating system frees the lock when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from servanda.mission.pull.errors import PullBusy
from servanda.mission.pull.state import FOLDER


@contextmanager
def locked(folder: Path, now: datetime) -> Iterator[None]:
    """Hold the lock of a folder. Raises PullBusy while another process holds it; a file left behind holds nothing."""
    path = folder / FOLDER / "lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = " ".join(file.read().split()) or "another process"
            raise PullBusy(f"{folder}: a pull is at work ({who}). Mend: wait for it, or end it.") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} since {now.isoformat(timespec='seconds')}\n")
        file.flush()
        yield
        file.truncate(0)
