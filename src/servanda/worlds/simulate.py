"""One world from a spec and a seed: what happened, what was said, who was looking."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from servanda.agreement.model import WrittenAgreement
from servanda.worlds.incidents import Events, Ints, draw, draw_rumours, levels, stream
from servanda.worlds.place import Place, place, to_degrees
from servanda.worlds.reports import Reports, copied, first_reports, incident_id, origins, repeats, table
from servanda.worlds.shifts import Coverage, draw_coverage, moment, stated
from servanda.worlds.spec import Watcher, WorldSpec
from servanda.worlds.truth import mark, match
from servanda.worlds.written import agreement

RUMOURS_OF_ONE = 10**9
"""Rumour numbers of one source are apart from those of the next."""


@dataclass(frozen=True)
class World:
    """A simulated ceasefire with its truth. All times UTC, places degrees lon lat.

    ``incidents``: incident_id, kind, t, lon, lat, actor, count, violates (forbid terms broken), exempt_by (the term
    that allows it, else null), exempt_from (terms it would break but for that).
    ``matches``: incident_id, term_id, exempt_by, for every term that an incident bears on.
    ``observations`` and ``watches``: by source, in the interchange layout, as a provider would give them; who only
    copies or only claims states no watch.
    ``origins``: source_id, row (from 1), role (own, false, repeat, copy), incident_id (null for a report of nothing),
    rumour_id (shared by a false report, its repeats and its copies). It is truth, and never in the files.
    """

    spec: WorldSpec
    seed: int
    place: Place
    agreement: WrittenAgreement
    incidents: pl.DataFrame
    matches: pl.DataFrame
    observations: Mapping[str, pl.DataFrame]
    watches: Mapping[str, pl.DataFrame]
    origins: pl.DataFrame


def simulate(spec: WorldSpec, seed: int) -> World:
    """The world of this spec and seed (0 or above), equal to the last byte each time."""
    where, written = place(spec.extent_km), agreement(spec)
    events = draw(spec, where, stream(seed, "incidents"), levels(spec, stream(seed, "levels")))
    said: dict[str, Reports] = {}
    observations, watches, rows = dict[str, pl.DataFrame](), dict[str, pl.DataFrame](), list[pl.DataFrame]()
    for number, watcher in enumerate(spec.watchers):
        coverage = draw_coverage(spec, watcher, where, stream(seed, watcher.source_id, "coverage"))
        said[watcher.source_id], everything = _reports(spec, number, where, coverage, events, said, seed)
        observations[watcher.source_id] = table(spec, watcher, everything)
        if watcher.states_watches:
            watches[watcher.source_id] = stated(spec, watcher, coverage)
        rows.append(origins(watcher, everything))
    incidents = _incidents(spec, events)
    matches = match(incidents, written, where)
    marked = mark(incidents, matches, written)
    return World(spec, seed, where, written, marked, matches, observations, watches, pl.concat(rows))


def _reports(
    spec: WorldSpec,
    number: int,
    where: Place,
    coverage: Coverage,
    events: Events,
    said: Mapping[str, Reports],
    seed: int,
) -> tuple[Reports, Reports]:
    """What others may copy from the source (its first reports), and all that it says."""
    watcher: Watcher = spec.watchers[number]
    rng = stream(seed, watcher.source_id, "reports")
    share = watcher.false_share / (1 - watcher.false_share)
    rumours = draw_rumours(spec, where, share, rng)
    ids: Ints = np.concatenate([np.arange(len(events)), -1 - number * RUMOURS_OF_ONE - np.arange(len(rumours))])
    candidates = events + rumours
    seen, first = first_reports(spec, watcher, coverage, candidates, ids, rng)
    everything = first + repeats(spec, watcher, candidates.take(seen), first, rng)
    if watcher.copies:
        everything = everything + copied(watcher.copies, said[watcher.copies.of], rng)
    return first, everything


def _incidents(spec: WorldSpec, events: Events) -> pl.DataFrame:
    lon_lat = to_degrees(events.xy_km)
    frame = pl.DataFrame(
        {
            "kind": pl.Series([i.kind for i in spec.acts], dtype=pl.String).gather(events.process),
            "t": events.t_s,
            "lon": lon_lat[:, 0],
            "lat": lon_lat[:, 1],
            "actor": pl.Series([i.actor for i in spec.acts], dtype=pl.String).gather(events.process),
            "count": events.count,
        }
    )
    return frame.with_columns(
        moment(spec, pl.col("t")), pl.when(pl.col("count") > 0).then("count").alias("count")
    ).select(incident_id(pl.int_range(pl.len())).alias("incident_id"), pl.all())
