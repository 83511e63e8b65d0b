"""The agreement as it runs: names checked, times in UTC, one version per stretch of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from shapely.geometry.base import BaseGeometry

from servanda.agreement.model import Allow, Guarantee, Limit, Proof, WrittenZone
from servanda.quantities import Span

Path = tuple[str | int, ...]
"""Keys and list indices from the top of the file, such as ('terms', 'quiet', 'in')."""

TermType = Literal["forbid", "require", "limit", "allow", "guarantee"]


@dataclass(frozen=True)
class Party:
    """``names``: its id, name and aliases, case-folded, by which sources may name it."""

    party_id: str
    name: str
    role: str
    names: frozenset[str]


@dataclass(frozen=True)
class Obligation:
    """What a ``require`` term asks: ``kinds`` at least ``count`` times before ``deadline``, in every ``every``, or
    ``within`` so long (calendar days) from the start of each incident of the kinds ``for_each``, at its place."""

    kinds: frozenset[str]
    count: int
    deadline: datetime | None
    every: timedelta | None
    for_each: frozenset[str] = frozenset()
    within: Span | None = None


@dataclass(frozen=True)
class Term:
    """One promise, resolved. ``t_to`` is None when open-ended. ``zone`` is None for anywhere.

    ``t_from`` and ``t_to`` are the term's own window: it holds where that overlaps its version, so that a
    term which an amendment leaves alone keeps its start and its deadline.
    """

    term_id: str
    type: TermType
    clause: str
    text: str
    reading: str
    parties: tuple[str, ...]
    zone: str | None
    kinds: frozenset[str]
    t_from: datetime
    t_to: datetime | None
    proof: Proof
    power: float
    obligation: Obligation | None = None
    limit: Limit | None = None
    allow: Allow | None = None
    guarantee: Guarantee | None = None
    guarantee_within: timedelta | None = None


@dataclass(frozen=True)
class Version:
    """The agreement between two amendments; half-open, ``t_to`` None when open-ended."""

    version: str
    reference: str
    t_from: datetime
    t_to: datetime | None
    terms: tuple[Term, ...]
    zones: Mapping[str, WrittenZone]


@dataclass(frozen=True)
class Agreement:
    """The whole agreement. ``t_from`` and ``t_to`` bound the in-force window over all versions.

    ``digest`` is the SHA-256 of the file as written; ``time_zone`` an IANA name. ``positions`` says where
    each thing is written, as line and column from 1, by its path in the file.
    """

    title: str
    reference: str
    time_zone: str
    t_from: datetime
    t_to: datetime | None
    parties: tuple[Party, ...]
    versions: tuple[Version, ...]
    digest: str
    path: str
    positions: Mapping[Path, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def party(self, party_id: str) -> Party:
        return next(p for p in self.parties if p.party_id == party_id)


@dataclass(frozen=True)
class Epoch:
    """A zone's geometry while it does not change; half-open, None for open ends. Degrees, lon lat."""

    t_from: datetime | None
    t_to: datetime | None
    geometry: BaseGeometry


class ZoneBook(Protocol):
    """Every zone of an agreement as geometry by time and party."""

    def epochs(self, version: str, zone_id: str, party: str | None = None) -> tuple[Epoch, ...]:
        """The geometries of a zone in time order, together covering all time.

        A moving zone keeps its last geometry until the next date; its first holds before its first date.
        ``party`` picks a per-party zone; None takes the union over parties.
        """
        ...

    def dates(self, version: str, zone_id: str) -> tuple[datetime, ...]:
        """The dates for which a moving zone has a geometry of its own; empty for one that does not move."""
        ...

    def differs(self, version: str, zone_id: str) -> bool:
        """Is the zone another one for each party?"""
        ...
