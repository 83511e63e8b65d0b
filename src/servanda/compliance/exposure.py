"""How far each incident would violate a term: chance that it happened, in the zone, of the kind, by whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from operator import itemgetter

import numpy as np
import polars as pl
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda import kinds
from servanda.agreement.resolved import Agreement, Epoch, Term, Version, ZoneBook
from servanda.compliance.clock import FAR_FUTURE, FAR_PAST, Micros, Times, column_micros, micros
from servanda.compliance.counted import counted
from servanda.compliance.place import shares_inside
from servanda.compliance.settings import AssessSettings

Floats = NDArray[np.float64]
Shapes = list[tuple[int, int, Callable[[], BaseGeometry]]]
"""From, to (microseconds UTC) and what gives the geometry in between."""
NOBODY = ""
"""Stands for the witness group of what no witness tells, only claims."""


@dataclass(frozen=True)
class Incidents:
    """The incidents as arrays of equal length n, in order of ``t_start``."""

    frame: pl.DataFrame
    t_start: Micros
    t_end: Micros
    lon: Floats
    lat: Floats
    sigma_m: Floats
    areas: list[bytes | None]
    probability: Floats
    witnesses: NDArray[np.int64]
    monitor_seen: NDArray[np.bool_]
    actors: Mapping[str, Floats]
    """For each party, the chance that it did it, by what sources say."""

    outsiders: Floats
    """Chance that somebody did it who is no party to the agreement."""

    @cached_property
    def unattributed(self) -> Floats:
        named = sum(self.actors.values(), self.outsiders)
        return np.clip(1.0 - named, 0.0, 1.0)

    @cached_property
    def companions(self) -> Floats:
        """(n,) how many real incidents its tellers bring for each false one, an incident told by several split."""
        told = (
            self.frame.select(pl.col("witness_groups").fill_null([]), p="probability")
            .with_row_index("i")
            .with_columns(pl.when(pl.col("witness_groups").list.len() > 0).then("witness_groups").otherwise([NOBODY]))
            .with_columns(pl.col("witness_groups").list.len().alias("m"))
            .explode("witness_groups")
        )
        real, false = (pl.col("p") / pl.col("m")).sum(), ((1.0 - pl.col("p")) / pl.col("m")).sum()
        ratio = (real / pl.max_horizontal(false, 1e-9)).over("witness_groups").alias("ratio")
        each = told.with_columns(ratio).group_by("i", maintain_order=True).agg(pl.col("ratio").mean())
        return each["ratio"].to_numpy()


@dataclass(frozen=True)
class Exemption:
    """Of each incident, the chance that it happened, is of the term's kind and is covered by this ``allow`` term.

    Of an incident that stands for many: the chance of each.
    """

    term: Term
    mass: Floats


@dataclass(frozen=True)
class Exposure:
    """A term in one version of the agreement against all incidents; arrays over ``rows`` of the incidents."""

    term: Term
    version: str
    t_from: int
    t_to: int
    rows: NDArray[np.int64]
    times: Times
    mass: Floats
    """Chance that it happened, in the zone, of the kind; time and party not yet weighed. Of an incident that
    stands for many: the chance of each."""
    low: Floats
    """At least so many it stands for, of the term's kinds; 1 for a plain incident."""
    high: Floats
    """At most so many; infinite where that is not stated."""
    exemptions: tuple[Exemption, ...]


def prepare(frame: pl.DataFrame, agreement: Agreement) -> Incidents:
    """Arrays from an incidents table; who did it is matched by the names that the agreement gives each party."""
    frame = frame.sort("t_start", "incident_id")
    actors, others = _actors(frame, agreement)
    return Incidents(
        frame,
        column_micros(frame["t_start"]),
        column_micros(frame["t_end"]),
        frame["lon"].fill_null(np.nan).to_numpy(),
        frame["lat"].fill_null(np.nan).to_numpy(),
        frame["sigma_m"].fill_null(np.nan).to_numpy(),
        frame["geometry"].to_list(),
        frame["probability"].to_numpy(),
        frame["witnesses"].to_numpy(),
        frame["monitor_seen"].to_numpy(),
        actors,
        others,
    )


def _actors(frame: pl.DataFrame, agreement: Agreement) -> tuple[dict[str, Floats], Floats]:
    out = {p.party_id: np.zeros(frame.height) for p in agreement.parties if p.role == "party"}
    others = np.zeros(frame.height)
    by_name = {name: p.party_id for p in agreement.parties for name in p.names}
    said = frame.with_row_index("i").select("i", "actors").explode("actors").drop_nulls("actors").unnest("actors")
    for i, name, probability in said.iter_rows():
        target = out.get(by_name.get(name.casefold(), ""), others)
        target[i] += probability
    return out, others


def expose(
    term: Term,
    version: Version,
    window: tuple[int, int],
    incidents: Incidents,
    zones: ZoneBook,
    settings: AssessSettings,
    party: str | None = None,
) -> Exposure:
    """Weigh every incident against one term, in the zone of ``party`` where each has its own.

    ``window``: when the term holds, microseconds UTC, half-open.
    Exemptions are joint: in both zones, of both kinds.
    """
    kind_share = _kind_shares(incidents.frame, term.kinds)
    many = counted(incidents.frame, term.kinds)
    kind_share[many.rows] = many.share
    t_from, t_to = window
    candidate = (kind_share > 0) & (incidents.t_start < t_to) & (incidents.t_end >= t_from)
    rows = np.flatnonzero(candidate)
    epochs = _epochs(term, version, zones, party)
    place = _place_shares(incidents, rows, _shapes(epochs), settings.place_points)
    mass = incidents.probability[rows] * kind_share[rows] * place
    keep = mass > 1e-9
    rows, mass = rows[keep], mass[keep]
    low, high = (many.spread(x, len(kind_share))[rows] for x in (many.low, many.high))
    exemptions = tuple(
        Exemption(allow, _exempt_mass(term, allow, version, incidents, rows, zones, settings, epochs))
        for allow in version.terms
        if allow.type == "allow" and allow.allow and _exempts(allow, term)
    )
    times = Times(incidents.t_start[rows], incidents.t_end[rows])
    return Exposure(term, version.version, t_from, t_to, rows, times, mass, low, high, exemptions)


def _exempts(allow: Term, term: Term) -> bool:
    named = allow.allow.exempt_from if allow.allow else ()
    return (term.term_id in named or not named) and term.type in ("forbid", "limit")


def _epochs(term: Term, version: Version, zones: ZoneBook, party: str | None) -> tuple[Epoch, ...] | None:
    return None if term.zone is None else zones.epochs(version.version, term.zone, party)


def _exempt_mass(
    term: Term,
    allow: Term,
    version: Version,
    incidents: Incidents,
    rows: NDArray[np.int64],
    zones: ZoneBook,
    settings: AssessSettings,
    mine: tuple[Epoch, ...] | None,
) -> Floats:
    both = frozenset(k for k in term.kinds if kinds.share(k, allow.kinds) == 1) | frozenset(
        k for k in allow.kinds if kinds.share(k, term.kinds) == 1
    )
    share = _covered_shares(incidents.frame, both, term.kinds)[rows]
    theirs = _epochs(allow, version, zones, None)
    place = _place_shares(incidents, rows, _intersect(_shapes(mine), _shapes(theirs)), settings.place_points)
    # In doubt for the accused: what nobody is named for may have been done by a party that was allowed to.
    covered = incidents.unattributed[rows].copy()
    for party in allow.parties:
        covered += incidents.actors.get(party, np.zeros(len(incidents.t_start)))[rows]
    return incidents.probability[rows] * share * place * np.minimum(covered, 1.0)


def _covered_shares(frame: pl.DataFrame, both: frozenset[str], kinds_: frozenset[str]) -> Floats:
    """(n,) chance that an incident is of ``both`` kinds; where it stands for many: what part of them are."""
    share = _kind_shares(frame, both)
    covered, whole = (counted(frame, k) for k in (both, kinds_))
    part, of = (m.spread(m.low * m.share, frame.height, 0.0) for m in (covered, whole))
    share[whole.rows] = np.divide(part, of, out=np.zeros_like(of), where=of > 0)[whole.rows].clip(0.0, 1.0)
    return share


def _shapes(epochs: tuple[Epoch, ...] | None) -> Shapes | None:
    if epochs is None:
        return None
    return [(micros(e.t_from, FAR_PAST), micros(e.t_to, FAR_FUTURE), partial(getattr, e, "geometry")) for e in epochs]


def _intersect(a: Shapes | None, b: Shapes | None) -> Shapes | None:
    """Both at once; None is everywhere. A geometry is worked out only when it is asked for."""
    if a is None or b is None:
        return a if b is None else b
    both = [(max(x[0], y[0]), min(x[1], y[1]), x[2], y[2]) for x in a for y in b]
    ordered = sorted(both, key=itemgetter(0))
    return [(low, high, partial(_common, one, other)) for low, high, one, other in ordered if low < high]


def _common(one: Callable[[], BaseGeometry], other: Callable[[], BaseGeometry]) -> BaseGeometry:
    return one().intersection(other())


def _place_shares(incidents: Incidents, rows: NDArray[np.int64], shapes: Shapes | None, points: int) -> Floats:
    """(len(rows),) share of each place in the zone as it was at the middle of the incident's time."""
    if shapes is None:
        return np.ones(len(rows))
    out = np.zeros(len(rows))
    middle = incidents.t_start[rows] + (incidents.t_end[rows] - incidents.t_start[rows]) // 2
    for low, high, geometry in shapes:
        here = np.flatnonzero((middle >= low) & (middle < high))
        if len(here):
            at = rows[here]
            areas = [incidents.areas[i] for i in at] if np.isnan(incidents.lon[at]).any() else []
            places = (incidents.lon[at], incidents.lat[at], incidents.sigma_m[at])
            out[here] = shares_inside(*places, areas, geometry(), points)
    return out


def _kind_shares(frame: pl.DataFrame, wanted: frozenset[str]) -> Floats:
    """(n,) chance that each incident is of one of the ``wanted`` kinds."""
    if not wanted or frame.is_empty():
        return np.zeros(frame.height)
    table = pl.DataFrame({"value": list(kinds.tree()), "share": [kinds.share(k, wanted) for k in kinds.tree()]})
    said = frame.with_row_index("i").select("i", "kinds").explode("kinds").unnest("kinds")
    weighed = said.join(table, on="value", how="inner").filter(pl.col("share") > 0)
    sums = weighed.group_by("i").agg((pl.col("probability") * pl.col("share")).sum().clip(0.0, 1.0).alias("s"))
    out = np.zeros(frame.height)
    out[sums["i"].to_numpy()] = sums["s"].to_numpy()
    return out
