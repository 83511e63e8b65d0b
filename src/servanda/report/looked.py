"""Hours looked by zone and kind, as tables and sentences: what the effort page says of each zone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from servanda.report.data import NOBODY, ReportData
from servanda.report.words import STATUSES, kind_label

TINTS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Shares from which a cell of the heat table is a step darker; the number in it says the same."""


T = TypeVar("T")


@dataclass(frozen=True)
class Spot:
    """Hours looked of so many, and what kept anybody from it: (status or ``nobody``, hours)."""

    hours: float
    of_hours: float
    lost: tuple[tuple[str, float], ...] = ()
    is_sum: bool = False
    """Hours of several sources added up are no share of anything."""

    @property
    def share(self) -> float:
        return min(self.hours / self.of_hours, 1.0) if self.of_hours else 0.0

    @property
    def tint(self) -> int:
        """0 (nobody looked) to 5 (looked at almost all the time)."""
        return 1 if self.is_sum else 0 if self.share < 0.005 else sum(self.share >= t for t in TINTS)


@dataclass(frozen=True)
class Heat:
    """A heat table: what stands above the columns, and of each row its name and its cells.

    A cell is (period, since the agreement is in force); None where no term asks, or a source never looked.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Spot, Spot | None] | None, ...]], ...]


@dataclass(frozen=True)
class Gap:
    """A zone that nobody looked at for part of the time; ``kinds`` empty: it is the same for all that terms name."""

    zone: str
    kinds: tuple[str, ...]
    spot: Spot


def heats(data: ReportData) -> list[Heat]:
    """Zones side by side, at most so many as set, and a row for the kinds that were looked for alike."""
    spots, zones, kinds = _spots(data), _zones(data), _kinds(data)
    out = []
    for some in _by(zones, data.settings.effort_zones):
        cells = [(k, tuple(_pair(spots, z, k) for z in some)) for k in kinds]
        asked = [(k, c) for k, c in cells if any(c)]
        rows = []
        for shown, alike in _grouped(asked, lambda kept: tuple(_key(c) for c in kept[1])):
            names = [kind_label(data.words, k) for k, _ in alike]
            rows.append((data.words.say("effort.list_sign").join(names), shown[1]))
        out.append(Heat(tuple(zone_name(data, z) for z in some), tuple(rows)))
    return out


def by_source(data: ReportData) -> list[Heat]:
    """The same zones, and a row for each source: of the kinds asked there, the one that it looked for longest.

    The last rows are all sources together, two at once being one hour, and what they did added up.
    """
    zones = _zones(data)
    most = _longest(data, pl.col("source_id").is_not_null() & (pl.col("status") == "watching"), "source_id")
    names = sorted({s for _, _, s in most})
    together = _longest(data, pl.col("source_id").is_null() & (pl.col("status") == "watching"), "all")
    lengths = _lengths(data)
    out = []
    for some in _by(zones, data.settings.effort_zones):
        rows = [(n, tuple(_both(most, lengths, z, n) for z in some)) for n in names]
        if len(names) > 1:
            sums: dict[tuple[str, str, str], float] = {}
            for (which, zone, _), hours in most.items():
                sums[which, zone, "sum"] = sums.get((which, zone, "sum"), 0.0) + hours
            rows.append((data.words.say("effort.added_up"), tuple(_both(sums, lengths, z, "sum", True) for z in some)))
            rows.append((data.words.say("effort.together"), tuple(_both(together, lengths, z, "all") for z in some)))
        out.append(Heat(tuple(zone_name(data, z) for z in some), tuple(rows)))
    return [h for h in out if h.rows]


def gaps(data: ReportData) -> list[Gap]:
    """What nobody looked at in the period, the longest first; zones with nothing missed are left out."""
    spots = _spots(data)
    out: list[Gap] = []
    for zone in _zones(data):
        asked = [(k, s) for (which, z, k), s in spots.items() if which == "period" and z == zone]
        groups = [
            (tuple(k for k, _ in alike), shown[1]) for shown, alike in _grouped(asked, lambda kept: _known(kept[1]))
        ]
        out += [Gap(zone_name(data, zone), named if len(groups) > 1 else (), spot) for named, spot in groups]
    missed = [g for g in out if g.spot.of_hours - g.spot.hours >= 0.05]
    return sorted(missed, key=lambda g: g.spot.share)


def told(data: ReportData, gap: Gap) -> str:
    """``Nobody looked at “Sea zone” for 31 of 48 hours. Of these, jammed: 20 h; no watch stated: 11 h.``"""
    words, figures = data.words, data.figures
    names = words.say("effort.list_sign").join(words.inline(kind_label(words, k)) for k in gap.kinds)
    missed, of_hours = gap.spot.of_hours - gap.spot.hours, figures.number(gap.spot.of_hours)
    key = ("effort.unlooked_for" if gap.kinds else "effort.unlooked") + ("_ever" if gap.spot.hours < 0.05 else "")
    zone = words.say("effort.quoted", zone=gap.zone) if gap.zone != words.say("effort.anywhere") else gap.zone
    hours = figures.number(missed)
    if hours == of_hours and gap.spot.hours >= 0.05:
        hours = figures.fixed(missed, 1)  # not all of it, which whole hours would say
    said = words.say(key, zone=zone, hours=hours, of=of_hours, kinds=names)
    causes = [
        words.say("effort.cause", cause=cause_word(data, status), hours=figures.hours(h)) for status, h in gap.spot.lost
    ]
    if all(status == NOBODY for status, _ in gap.spot.lost):
        return said
    return said + " " + words.say("effort.causes", causes="; ".join(causes))


def cause_word(data: ReportData, status: str) -> str:
    return data.words.say("effort.nobody" if status == NOBODY else f"statuses.{status}")


def zone_name(data: ReportData, zone: str) -> str:
    """The label that the agreement gives a zone; words for all of them together."""
    if not zone:
        return data.words.say("effort.anywhere")
    versions = [v for v in data.agreement.versions if v.version == data.version] or list(data.agreement.versions)
    written = versions[0].zones.get(zone)
    return (written.label if written else None) or zone


def _spots(data: ReportData) -> dict[tuple[str, str, str], Spot]:
    """By which, zone ("" for all) and kind: all sources together."""
    held: dict[tuple[str, str, str], dict[str, float]] = {}
    lengths: dict[tuple[str, str, str], float] = {}
    for r in data.looked.filter(pl.col("source_id").is_null()).iter_rows(named=True):
        key = (r["which"], r["zone"] or "", r["kind"])
        held.setdefault(key, {})[r["status"]] = r["hours"]
        lengths[key] = r["of_hours"]
    causes = [s for s in STATUSES if s != "watching"] + [NOBODY]
    return {
        key: Spot(by.get("watching", 0.0), lengths[key], tuple((c, by[c]) for c in causes if by.get(c, 0.0) >= 0.05))
        for key, by in held.items()
    }


def _zones(data: ReportData) -> list[str]:
    return data.looked["zone"].fill_null("").unique(maintain_order=True).to_list()


def _kinds(data: ReportData) -> list[str]:
    return data.looked["kind"].unique(maintain_order=True).to_list()


def _lengths(data: ReportData) -> dict[tuple[str, str], float]:
    rows = data.looked.select("which", pl.col("zone").fill_null(""), "of_hours").unique(maintain_order=True)
    return {(which, zone): hours for which, zone, hours in rows.iter_rows()}


def _longest(data: ReportData, which: pl.Expr, name: str) -> dict[tuple[str, str, str], float]:
    source = pl.lit("all") if name == "all" else pl.col("source_id")
    rows = data.looked.filter(which).select("which", pl.col("zone").fill_null(""), source.alias("who"), "hours")
    most = rows.group_by("which", "zone", "who").agg(pl.col("hours").max()).sort("which", "zone", "who")
    return {(a, b, c): float(h) for a, b, c, h in most.iter_rows()}


def _both(
    hours: Mapping[tuple[str, str, str], float],
    lengths: Mapping[tuple[str, str], float],
    zone: str,
    who: str,
    is_sum: bool = False,
) -> tuple[Spot, Spot | None] | None:
    """None: it never looked."""
    now, since = (
        Spot(hours.get((which, zone, who), 0.0), lengths.get((which, zone), 0.0), (), is_sum)
        for which in ("period", "since")
    )
    return (now, since) if now.hours or since.hours else None


def _pair(spots: dict[tuple[str, str, str], Spot], zone: str, kind: str) -> tuple[Spot, Spot | None] | None:
    now = spots.get(("period", zone, kind))
    return (now, spots.get(("since", zone, kind))) if now else None


def _known(spot: Spot) -> tuple[object, ...]:
    """As far as a report shows it."""
    return round(spot.hours, 1), round(spot.of_hours, 1), tuple((c, round(h, 1)) for c, h in spot.lost)


def _key(cell: tuple[Spot, Spot | None] | None) -> object:
    return None if cell is None else tuple(None if s is None else _known(s)[:2] for s in cell)


def _grouped(items: Iterable[T], key: Callable[[T], object]) -> list[tuple[T, list[T]]]:
    """Items that are alike, in order of the first of each: (the first, all)."""
    out: dict[object, list[T]] = {}
    for item in items:
        out.setdefault(key(item), []).append(item)
    return [(alike[0], alike) for alike in out.values()]


def _by(items: Sequence[str], n: int) -> Iterable[Sequence[str]]:
    return (items[i : i + n] for i in range(0, len(items), n))
