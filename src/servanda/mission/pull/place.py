"""A checked part becomes a file of the mission: whole or not at all, and never less than was there."""

import os
import shutil
from pathlib import Path
from typing import Literal

from servanda.mission.pull.contents import digest
from servanda.mission.pull.download import forget
from servanda.mission.pull.errors import Refused

Placed = Literal["new", "updated", "unchanged"]


def place(part: Path, sha256: str, target: Path, least_share: float) -> Placed:
    """Move a part to its place. Raises Refused when it has less than ``least_share`` of the bytes of the file there."""
    there = target.exists()
    if there and digest(target) == sha256:
        forget(part)
        return "unchanged"
    size = part.stat().st_size
    if there and size < least_share * target.stat().st_size:
        forget(part)
        what = f"The new {target.name} has {size:,} bytes, the one that is here {target.stat().st_size:,}."
        mend = "Look at both. If less is right, remove the old file, or set 'least_share' below 1."
        raise Refused(what, mend)
    target.parent.mkdir(parents=True, exist_ok=True)
    near = target.with_name(f".{target.name}.new")
    shutil.move(part, near)
    with near.open("rb") as file:
        os.fsync(file.fileno())
    near.replace(target)
    forget(part)
    return "updated" if there else "new"
