"""What a source is: one function from a payload to observations and watches, and what it says of itself.

A new provider is one file that makes a ``Source`` and one entry point in the group ``servanda.sources``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl
from pydantic import BaseModel, ConfigDict

from servanda.sources.fetching import Fetch
from servanda.tables import OBSERVATIONS, QUARANTINE, WATCHES

ENTRY_POINTS = "servanda.sources"
TOLD_CHARACTERS = 1_000
"""Length to which a notice or a reason is cut: a file may name a column with a million letters."""
UNTOLD = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
"""Characters that steer a terminal or turn the direction of writing: they are no part of a message."""


def told(text: str) -> str:
    """What a file says, fit for a message: on one line, cut to ``TOLD_CHARACTERS``, each steering character a space."""
    return re.sub(UNTOLD, " ", text[:TOLD_CHARACTERS]).encode("utf-8", "replace").decode()


@dataclass(frozen=True)
class Payload:
    """The bytes of one file, as it came (still compressed if it came so), and its SHA-256 in hex."""

    name: str
    data: bytes
    sha256: str


class Settings(BaseModel):
    """What a mission may set for every source; each source adds its own. Units are in the names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str | None = None
    """IANA name for times without an offset; None: the source's own."""
    reliability: str | None = None
    """A to F; None: the source's own."""
    witness_group: str | None = None
    """None: the source's own."""
    p_true: float | None = None
    """Chance that one report is of a real incident of that kind; None: by grade."""
    latency_h: float | None = None
    """Hours from an event to when it can be known; None: the source's own. Used where the data give no record time."""
    access: str = "open"

    def added_kinds(self) -> frozenset[str]:
        """Kinds that the source reports because of these settings, beside its own."""
        return frozenset()


@dataclass(frozen=True)
class Context:
    """What ``read`` is given besides the payload. ``aux`` holds the files that the mission names under ``with``."""

    source_id: str
    settings: Settings
    aux: Mapping[str, Payload] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What a payload says: three tables, and notices (a column never seen before, a value left out)."""

    observations: pl.DataFrame = field(default_factory=OBSERVATIONS.empty)
    watches: pl.DataFrame = field(default_factory=WATCHES.empty)
    quarantine: pl.DataFrame = field(default_factory=QUARANTINE.empty)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notices", tuple(map(told, self.notices)))


@dataclass(frozen=True)
class Fields:
    """Every field of the provider's format: used, or ignored and why. Any other is a notice."""

    used: Mapping[str, str]
    ignored: Mapping[str, str]


Read = Callable[[Payload, Context], Reading]
Derive = Callable[[pl.DataFrame, Context], pl.DataFrame]
DeriveWatches = Callable[[pl.DataFrame, pl.DataFrame, Context], pl.DataFrame]
"""Watches, observations and context in; watches out."""


@dataclass(frozen=True)
class Source:
    """A provider: what it is, how far to trust it, how to read it.

    ``read`` sees one payload and decides row by row, so that a file split in two gives the same rows.
    ``derive`` (optional) sees all stored observations of the source and may set flags, kinds,
    credibility and a time that the row leaves open, as they depend on other rows. ``derive_watches`` (optional)
    sees all stored watches and observations and may withdraw or narrow a watch that other rows show to be blind.
    All are pure. ``read`` raises SourceRefused for a file that cannot be read as a whole; a bad row goes to quarantine.
    """

    name: str
    title: str
    provider: str
    licence: str
    citation: str
    url: str
    asks: str
    """What the provider asks of users."""
    witness_group: str
    """Sources that share one are one witness; empty: every feed that uses this source is its own."""
    reliability: str
    reliability_why: str
    time_zone: str
    latency: timedelta
    sigma_m: float | None
    watch_model: str
    """In plain words: when and where it looks, how well, and what it says of silence."""
    is_monitor: bool
    fields: Fields
    aux: Mapping[str, str]
    """Names of extra files it can use, each with what it is for."""
    settings: type[Settings]
    read: Read
    derive: Derive | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    """Flags it may set on observations, each with its meaning."""
    derive_watches: DeriveWatches | None = None
    kinds: frozenset[str] = frozenset()
    """Kinds that it could ever report, each with all below it; empty: any kind."""
    is_witness: bool = True
    """Does it report what was seen, not what was said? Sources that relay claims prove nothing by number."""
    fetch: tuple[Fetch, ...] = ()
    """Ways in which ``servanda pull`` can fetch it."""
    cadence: timedelta | None = None
    """Something comes from it at least so often; a longer silence is an outage, not calm. None: no rhythm is known."""
    watches_from_rows: bool = False
    """Does it work its watches out from the rows that came? Then only rows show that it was alive: in an outage, and
    after the last row, nothing is taken for a watch."""

    def group_of(self, source_id: str, settings: Settings) -> str:
        """The witness group of a feed: the mission's word, else the source's, else its own."""
        return settings.witness_group or self.witness_group or source_id
