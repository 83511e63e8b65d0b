"""``require`` with ``for_each``: what asks, which acts answer it, and how well anybody looked for the answer.

An incident of a kind under ``for_each`` asks, from its start, at its place. Two things tell which act answers:
what a provider ties together (observations of one record, a watch kept for one record) stays together and
says nothing of others; everything else answers by its place, as it would count in a zone.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from textwrap import shorten
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda.agreement.calendar import add
from servanda.agreement.resolved import Epoch, Term
from servanda.compliance.clock import EPOCH, micros
from servanda.compliance.exposure import Exposure, Incidents
from servanda.compliance.place import shares_inside
from servanda.compliance.power import Power, PowerMeter, Watches
from servanda.compliance.settings import AssessSettings
from servanda.compliance.weigh import Weighed
from servanda.geo import buffer_m

NAME_CHARACTERS = 80
"""Of what a source calls a thing that asks."""
LEAST_RADIUS_M = 100.0
"""No place is known better, as in fusion."""


@dataclass(frozen=True)
class Trigger:
    """An incident that asks. [low, high) is the time to answer, microseconds UTC; ``place`` None: not known."""

    row: int
    chance: float
    low: int
    high: int
    place: BaseGeometry | None
    records: frozenset[str]
    name: str


@dataclass(frozen=True)
class Ties:
    """By row of the incidents: the provider's records it is made from, and what an open source calls it."""

    records: tuple[frozenset[str], ...]
    names: tuple[str, ...]
    shared: frozenset[str]
    """Records that tell of more than one incident: what was announced, and what came of it."""


def ties(incidents: Incidents, membership: pl.DataFrame, observations: pl.DataFrame) -> Ties:
    """``membership`` and ``observations`` as in ``tables.py``; of the latter record_id, text and access are used."""
    named = pl.when(pl.col("access") == "open").then("text")
    told = (
        membership.select("incident_id", "observation_id")
        .join(observations.select("observation_id", "record_id", named.alias("text")), on="observation_id")
        .sort("incident_id", "observation_id")
        .group_by("incident_id", maintain_order=True)
        .agg(pl.col("record_id").unique(maintain_order=True), pl.col("text").drop_nulls().first())
    )
    rows = incidents.frame.select("incident_id", "kind").join(told, on="incident_id", how="left", maintain_order="left")
    records = tuple(frozenset(r or ()) for r in rows["record_id"].to_list())
    names = tuple(
        shorten(text, NAME_CHARACTERS, placeholder=" …") if text else f"{kind.replace('_', ' ')} {incident}"
        for incident, kind, text in rows.drop("record_id").iter_rows()
    )
    often = Counter(record for incident in records for record in incident)
    return Ties(records, names, frozenset(record for record, n in often.items() if n > 1))


Powers = dict[tuple[BaseGeometry | None, frozenset[str], int, int], Power]
"""By place and records of a trigger, and the stretch in which an answer is due."""


@dataclass(frozen=True)
class Asking:
    """A ``for_each`` term against the evidence: all that asks in one version of it, in time order."""

    term: Term
    triggers: tuple[Trigger, ...]
    incidents: Incidents
    ties: Ties
    watches: Watches
    anywhere: tuple[Epoch, ...]
    settings: AssessSettings
    powers: Powers
    """Asked for once per period, party and judgement; worked out once."""

    def answers(self, w: Weighed, trigger: Trigger) -> Weighed:
        """What of ``w`` answers this trigger."""
        mine = np.array([bool(self.ties.records[r] & trigger.records) for r in w.rows], dtype=bool)
        share = np.where(mine, 1.0, 0.0)
        free = np.flatnonzero([not (self.ties.records[r] & self.ties.shared) for r in w.rows])
        free = free[~mine[free]]
        share[free] = self._inside(w.rows[free], trigger.place)
        return replace(w, sure=w.sure * share, possible=w.possible * share, gross=w.gross * share)

    def _inside(self, rows: NDArray[np.int64], place: BaseGeometry | None) -> NDArray[np.float64]:
        if place is None:
            return np.ones(len(rows))
        i = self.incidents
        areas = [i.areas[r] for r in rows]
        return shares_inside(i.lon[rows], i.lat[rows], i.sigma_m[rows], areas, place, self.settings.place_points)

    def power(self, trigger: Trigger, low: int, high: int) -> Power:
        """Chance that an answer in [low, high) would have been found and proven."""
        key = (trigger.place, trigger.records, low, high)
        if key not in self.powers:
            epochs = self.anywhere if trigger.place is None else (Epoch(None, None, trigger.place),)
            kept = _kept_for(self.watches, trigger, low, high)
            meter = PowerMeter(kept, epochs if len(kept.about) else (), self.term, self.settings)
            self.powers[key] = meter.over(low, high)
        return self.powers[key]


def asking(
    term: Term,
    asked: Exposure,
    incidents: Incidents,
    tied: Ties,
    watches: Watches,
    anywhere: tuple[Epoch, ...],
    time_zone: str,
    settings: AssessSettings,
    powers: Powers | None = None,
) -> Asking:
    """``asked``: the kinds under ``for_each``, exposed as a term of their own in the term's zone and window."""
    likely = np.flatnonzero(asked.mass >= settings.trigger_probability)
    starts = incidents.t_start[asked.rows[likely]]
    inside = likely[(starts >= asked.t_from) & (starts < asked.t_to)]
    zone = ZoneInfo(time_zone)
    triggers = tuple(_trigger(term, int(asked.rows[i]), float(asked.mass[i]), incidents, tied, zone, settings)
                     for i in inside)  # fmt: skip
    return Asking(term, triggers, incidents, tied, watches, anywhere, settings, {} if powers is None else powers)


def _trigger(
    term: Term, row: int, chance: float, incidents: Incidents, tied: Ties, zone: ZoneInfo, settings: AssessSettings
) -> Trigger:
    assert term.obligation is not None and term.obligation.within is not None
    low = int(incidents.t_start[row])
    start = EPOCH + timedelta(microseconds=low)
    high = micros(add(start, term.obligation.within, zone))
    day_long = incidents.t_end[row] > low
    local = start.astimezone(zone)
    name = f"{local:%Y-%m-%d}{'' if day_long else f' {local:%H:%M}'}, {tied.names[row]}"
    return Trigger(row, chance, low, high, _place(incidents, row, settings), tied.records[row], name)


def _place(incidents: Incidents, row: int, settings: AssessSettings) -> BaseGeometry | None:
    """An area as it is; a point with its error; None when neither is known."""
    area = incidents.areas[row]
    if not np.isnan(incidents.lon[row]):
        sigma = float(np.nan_to_num(incidents.sigma_m[row]))
        point = shapely.Point(incidents.lon[row], incidents.lat[row])
        return buffer_m(point, settings.trigger_sigmas * max(sigma, LEAST_RADIUS_M))
    return None if area is None else shapely.from_wkb(area)


def _kept_for(watches: Watches, trigger: Trigger, low: int, high: int) -> Watches:
    """The watches that could see an answer to this trigger. One kept for its record sees its whole place, surely."""
    tied = np.array([a in trigger.records for a in watches.about], dtype=bool)
    free = np.array([a is None for a in watches.about], dtype=bool)
    keep = np.flatnonzero((tied | free) & (watches.t_start < high) & (watches.t_end > low))
    footprint = np.where(tied, 0, watches.footprint)
    sure = {int(g) for g in watches.group[keep[tied[keep]]]}
    return replace(
        watches,
        t_start=watches.t_start[keep],
        t_end=watches.t_end[keep],
        kind=[watches.kind[i] for i in keep],
        p_detect=watches.p_detect[keep],
        group=watches.group[keep],
        footprint=footprint[keep],
        about=[watches.about[i] for i in keep],
        groups=tuple(replace(g, sigma_m=0.0) if i in sure else g for i, g in enumerate(watches.groups)),
    )
