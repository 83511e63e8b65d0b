"""What earlier pulls left: ``.pull/state.json`` in the mission folder. Requests in it are masked; it holds no key.

Losing it loses nothing but time: everything is asked for again, and what is already there stays.
"""

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FOLDER = ".pull"
VERSION = 1


class FileMemory(BaseModel):
    """One file, or (without ``sha256``) one that the provider does not have."""

    model_config = ConfigDict(extra="forbid")

    asked: str
    """Digest of the masked request."""
    sha256: str | None = None
    """Of what it says: see ``contents.digest``."""
    size: int = 0
    etag: str | None = None
    last_modified: str | None = None
    settled: bool = False
    poll: bool = False
    pages: int | None = None
    """On the first page of several: how many there are."""


class FeedMemory(BaseModel):
    """One feed."""

    model_config = ConfigDict(extra="forbid")

    asked: str = ""
    """Digest of fetch and parameters: other parameters start afresh."""
    since: datetime | None = None
    """Start of the last pull that was complete."""
    not_before: datetime | None = None
    """The provider asked to be left alone until then."""
    files: dict[str, FileMemory] = Field(default_factory=dict)


class State(BaseModel):
    """All feeds of a mission."""

    model_config = ConfigDict(extra="forbid")

    version: int = VERSION
    feeds: dict[str, FeedMemory] = Field(default_factory=dict)


def read_state(folder: Path, put_aside: bool = True) -> tuple[State, tuple[str, ...]]:
    """The state of a mission folder, and notices. One that cannot be read is put aside, never mended by guess."""
    path = folder / FOLDER / "state.json"
    try:
        state = State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return State(), ()
    except (ValidationError, OSError):
        state = None
    if state is not None and state.version == VERSION:
        return state, ()
    aside = path.with_name("state.broken.json")
    if put_aside:
        path.replace(aside)
    return State(), (f"{path} could not be read; it is put aside as {aside.name}, and everything is asked for again.",)


def write_state(folder: Path, state: State) -> None:
    """Write the state whole or not at all."""
    path = folder / FOLDER / "state.json"
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(state.model_dump_json(indent=1, exclude_defaults=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
