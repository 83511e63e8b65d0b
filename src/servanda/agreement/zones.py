"""Every zone of an agreement as geometry by time and party."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry

from servanda.agreement import derive
from servanda.agreement.calendar import lenient_utc
from servanda.agreement.check import references
from servanda.agreement.epochs import Combine, Epochs, always, combine, dated, epoch_at
from servanda.agreement.messages import owner
from servanda.agreement.model import WrittenZone
from servanda.agreement.resolved import Agreement, Version
from servanda.agreement.resolved import Path as FieldPath
from servanda.agreement.written import find
from servanda.agreement.zonefiles import ZoneFileError, read_shape, read_zone_file, zone_paths
from servanda.errors import AgreementError, Problem
from servanda.quantities import metres

Dates = tuple[datetime, ...]


@dataclass(frozen=True)
class Shapes:
    """What a zone with a shape of its own looks like, by time."""

    epochs: Epochs
    dates: Dates


def position(agreement: Agreement, version: str, *path: str) -> tuple[FieldPath, tuple[int, int]]:
    """Where something that holds in a version is written: the last amendment up to it that names it, or the base.

    ``path`` starts with ``zones`` or ``terms`` and the id. Returns the full path, and line and column.
    """
    number = next(i for i, v in enumerate(agreement.versions) if v.version == version)
    for i in range(number - 1, -1, -1):
        full: FieldPath = ("amendments", i, *path)
        if full[:4] in agreement.positions:
            return full, find(full, agreement.positions)
    return path, find(path, agreement.positions)


def open_zones(agreement: Agreement, base_dir: Path, env: Mapping[str, str] = os.environ) -> "Zones":
    """Read every zone file of an agreement; derived zones are worked out when they are asked for.

    ``base_dir``: what paths are relative to, the folder of the agreement. ``env``: see ``load``.

    Raises AgreementError with everything wrong in the files, and with a ``side`` that its zone cannot have.
    """
    book = Zones(agreement)
    problems: dict[tuple[FieldPath, str], Problem] = {}
    for version in agreement.versions:
        for zone_id, zone in version.zones.items():
            if not (zone.file or zone.series or zone.geometry):
                continue
            try:
                book.own[version.version, zone_id] = _read(zone, base_dir, env, ZoneInfo(agreement.time_zone))
            except ZoneFileError as mistake:
                path, mark = position(
                    agreement, version.version, "zones", zone_id, *([mistake.field] * bool(mistake.field))
                )
                what = f"{owner(path)}: {mistake.what}"
                problems[path, what] = Problem(agreement.path, *mark, what, mistake.mend)
    if not problems:
        problems = {((), str(p)): p for version in agreement.versions for p in _side_problems(agreement, book, version)}
    if problems:
        raise AgreementError(list(problems.values()))
    return book


class Zones:
    """The zones of an agreement (see ``ZoneBook``). Answers are kept, so asking twice costs nothing."""

    def __init__(self, agreement: Agreement) -> None:
        self.versions = {v.version: v for v in agreement.versions}
        self.own: dict[tuple[str, str], Shapes] = {}
        self._epochs = cache(self._make)

    def epochs(self, version: str, zone_id: str, party: str | None = None) -> Epochs:
        """The geometries of a zone in time order, together covering all time; see ``ZoneBook.epochs``.

        A party that has no zone of its own gets the union over parties. Raises KeyError for an unknown zone.
        """
        return self._epochs(version, zone_id, party if self.differs(version, zone_id) else None)

    def at(self, version: str, zone_id: str, t: datetime, party: str | None = None) -> BaseGeometry:
        """The geometry of a zone at one moment; works out no other date."""
        return epoch_at(self.epochs(version, zone_id, party), t).geometry

    def dates(self, version: str, zone_id: str) -> Dates:
        """The dates for which a zone, or a zone it is made from, has a geometry of its own, in order."""
        parts = [self.dates(version, name) for name in self._names(version, zone_id)]
        own = self.own[version, zone_id].dates if (version, zone_id) in self.own else ()
        return tuple(sorted({*own, *(d for part in parts for d in part)}))

    def differs(self, version: str, zone_id: str) -> bool:
        """Does the zone, or a zone it is made from, differ by party?"""
        zone = self.versions[version].zones[zone_id]
        return zone.per_party is not None or any(self.differs(version, n) for n in self._names(version, zone_id))

    def dimension(self, version: str, zone_id: str) -> int:
        """2 for areas, 1 for lines, 0 for points, -1 for nothing; by how it is made, without working it out."""
        zone = self.versions[version].zones[zone_id]
        if (version, zone_id) in self.own:
            shapes = [e.geometry for e in self.own[version, zone_id].epochs]
            return max(int(shapely.get_dimensions(s)) for s in shapes)
        if zone.within:
            return 2
        if zone.edge_of:
            return min(1, self.dimension(version, zone.edge_of))
        if zone.minus:
            return self.dimension(version, zone.minus[0])
        parts = [self.dimension(version, n) for n in self._names(version, zone_id)]
        return min(parts) if zone.intersect else max(parts)

    def edge_area(self, version: str, zone_id: str) -> str | None:
        """The area that a zone is an edge of, through further cuts of that edge; itself when it is an area."""
        if self.dimension(version, zone_id) == 2:
            return zone_id
        zone = self.versions[version].zones[zone_id]
        origin = zone.edge_of or (zone.minus or (None,))[0]
        tries = (origin,) if origin else (zone.intersect or ())
        lines = [n for n in tries if zone.edge_of or self.dimension(version, n) < 2]
        return next((a for a in (self.edge_area(version, n) for n in lines) if a), None)

    def _names(self, version: str, zone_id: str) -> list[str]:
        return [name for _, name in references(self.versions[version].zones[zone_id])]

    def _make(self, version: str, zone_id: str, party: str | None) -> Epochs:
        if (version, zone_id) in self.own:
            return self.own[version, zone_id].epochs
        zone = self.versions[version].zones[zone_id]
        if zone.per_party is not None and party in zone.per_party:
            return self.epochs(version, zone.per_party[party], party)
        if zone.per_party is not None:
            return combine([self.epochs(version, n, p) for p, n in zone.per_party.items()], derive.union)
        names, how = self._recipe(version, zone)
        return combine([self.epochs(version, n, party) for n in names], how)

    def _recipe(self, version: str, zone: WrittenZone) -> tuple[Sequence[str], Combine]:
        """The zones that a zone is made from, and how."""
        if zone.within is not None and zone.of is not None:
            area = self.edge_area(version, zone.of) if zone.side in ("inside", "outside") else None
            how = partial(_within, distance_m=metres(zone.within), side=zone.side)
            return [zone.of, *([area] if area else [])], how
        if zone.edge_of is not None:
            return [zone.edge_of, *zone.not_along], partial(_edge, tolerance_m=metres(zone.tolerance))
        if zone.union is not None:
            return zone.union, derive.union
        return (zone.intersect, derive.intersection) if zone.intersect else (zone.minus or (), derive.minus)


def _within(shapes: Sequence[BaseGeometry], distance_m: float, side: str) -> BaseGeometry:
    return derive.within(shapes[0], distance_m, side, shapes[1] if len(shapes) > 1 else None)


def _edge(shapes: Sequence[BaseGeometry], tolerance_m: float) -> BaseGeometry:
    return derive.contact_edge(shapes[0], shapes[1:], tolerance_m)


def _read(zone: WrittenZone, base_dir: Path, env: Mapping[str, str], clock: ZoneInfo) -> Shapes:
    if zone.geometry is not None:
        return Shapes(always(read_shape(zone.geometry)), ())
    shapes = []
    for file in zone_paths(zone, base_dir, env):
        geometry, digest = read_zone_file(file.path, zone.where)
        if file.day is None:
            return Shapes(always(geometry), ())
        shapes.append((lenient_utc(datetime.combine(file.day, time()), clock), digest, geometry))
    return Shapes(dated(shapes), tuple(s[0] for s in shapes))


def _side_problems(agreement: Agreement, book: Zones, version: Version) -> list[Problem]:
    """Sides that a zone cannot have: only a line has a left, only an area has an inside."""
    out = []
    for zone_id, zone in version.zones.items():
        of = zone.of or ""
        if zone.side in ("left", "right") and book.dimension(version.version, of) != 1:
            what, mend = f"'{of}' is not a line, so it has no {zone.side}.", "Use inside, outside or both."
        elif zone.side in ("inside", "outside") and book.edge_area(version.version, of) is None:
            what, mend = f"'{of}' is not an area or the edge of one: it has no {zone.side}.", "Use left, right or both."
        elif zone.edge_of and book.dimension(version.version, zone.edge_of) < 1:
            what, mend = f"'{zone.edge_of}' is not an area, so it has no edge.", "Name an area."
        else:
            continue
        path, mark = position(agreement, version.version, "zones", zone_id, "edge_of" if zone.edge_of else "side")
        out.append(Problem(agreement.path, *mark, f"{owner(path)}: {what}", mend))
    return out
