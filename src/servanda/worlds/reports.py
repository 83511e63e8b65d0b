"""What a source says of what it saw: detection, errors of place, time, kind and actor, repeats, rumours, copies."""

from dataclasses import dataclass, fields, replace

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from servanda.kinds import tree
from servanda.worlds.incidents import DAY_S, HOUR_S, Events, Ints
from servanda.worlds.lookalikes import LOOK_ALIKES
from servanda.worlds.place import DECIMALS, Floats, to_degrees
from servanda.worlds.shifts import Coverage, factors, moment
from servanda.worlds.spec import Copying, Watcher, WorldSpec

KINDS = tuple(tree())
OWN, FALSE, REPEAT, COPY = range(4)
ROLES = ("own", "false", "repeat", "copy")
INTERVAL_SIGMAS = 2.0
"""A stated time interval reaches so many standard deviations to each side: 95 % of a normal."""
COUNT_MARGIN = 0.2
"""A stated count reaches so far to each side of the true one."""
ALIAS_SHARE = 0.25
"""Share of named actors that are called by their other name."""


@dataclass(frozen=True)
class Reports:
    """Reports as columns of equal length. ``event``: the true incident, or -1 - k for the k-th rumour of the world.

    ``kind`` indexes KINDS, ``role`` ROLES, ``actor`` the names of ``actor_names`` (-1: none); times in seconds since
    the start, ``xy_km`` (n, 2) flat kilometres, ``sigma_m`` NaN where not stated.
    """

    event: Ints
    role: Ints
    kind: Ints
    t_from_s: Floats
    t_to_s: Floats
    xy_km: Floats
    sigma_m: Floats
    count: Ints
    actor: Ints
    recorded_s: Floats

    def __len__(self) -> int:
        return len(self.event)

    def take(self, index: NDArray[np.int64]) -> "Reports":
        return Reports(*(getattr(self, f.name)[index] for f in fields(self)))

    def __add__(self, other: "Reports") -> "Reports":
        return Reports(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))


def actor_names(spec: WorldSpec) -> tuple[str, ...]:
    """Both names, then both aliases."""
    return (*(s.name for s in spec.sides), *(s.alias for s in spec.sides))


def first_reports(
    spec: WorldSpec, watcher: Watcher, coverage: Coverage, events: Events, ids: Ints, rng: Generator
) -> tuple[Ints, Reports]:
    """One report for each incident, or rumour, that it picks up; and which of ``events`` these are.

    ``ids`` name the events: the number of a true incident, a negative one for a rumour. Where beats overlap, the
    better look counts: they are the same eyes.
    """
    p_kind = np.array([watcher.p_of(item.kind) for item in spec.acts])[events.process]
    p_report = factors(coverage, events).max(axis=0) * p_kind
    seen = np.flatnonzero(rng.random(len(events)) < p_report)
    return seen, _observe(spec, watcher, events.take(seen), ids[seen], rng)


def repeats(spec: WorldSpec, watcher: Watcher, events: Events, first: Reports, rng: Generator) -> Reports:
    """A second report of a share of the first ones, with errors of its own, later. ``events`` belong to ``first``."""
    index = np.flatnonzero(rng.random(len(first)) < watcher.repeat_share)
    again = _observe(spec, watcher, events.take(index), first.event[index], rng)
    later = np.maximum(again.recorded_s, first.recorded_s[index] + 60)
    return replace(again, role=np.full(len(index), REPEAT), recorded_s=later)


def copied(copying: Copying, original: Reports, rng: Generator) -> Reports:
    """A share of the original's reports, word for word, later, with a blurred place and no word of how sure it is."""
    index = np.flatnonzero(rng.random(len(original)) < copying.share)
    same, n = original.take(index), len(index)
    return replace(
        same,
        role=np.full(n, COPY),
        xy_km=same.xy_km + rng.normal(0, copying.blur_m / 1000, (n, 2)),
        sigma_m=np.full(n, np.nan),
        recorded_s=same.recorded_s + 60 + rng.exponential(copying.delay_h * HOUR_S, n),
    )


def _observe(spec: WorldSpec, watcher: Watcher, events: Events, ids: Ints, rng: Generator) -> Reports:
    n = len(events)
    spread_s = watcher.sigma_min * 60
    t_s = events.t_s + rng.normal(0, spread_s, n)
    if watcher.day_only:
        t_from_s = np.floor(t_s / DAY_S) * DAY_S
        t_to_s = t_from_s + DAY_S
    else:
        t_from_s, t_to_s = t_s - INTERVAL_SIGMAS * spread_s, t_s + INTERVAL_SIGMAS * spread_s
    return Reports(
        event=ids,
        role=np.where(ids < 0, FALSE, OWN),
        kind=_kinds(spec, watcher, events.process, rng),
        t_from_s=t_from_s,
        t_to_s=t_to_s,
        xy_km=events.xy_km + rng.normal(0, watcher.sigma_m / 1000, (n, 2)),
        sigma_m=np.full(n, watcher.sigma_m if watcher.states_sigma else np.nan),
        count=events.count,
        actor=_actors(spec, watcher, events.process, rng),
        recorded_s=np.maximum(t_to_s, events.t_s) + rng.exponential(watcher.latency_h * HOUR_S, n),
    )


def _kinds(spec: WorldSpec, watcher: Watcher, process: Ints, rng: Generator) -> Ints:
    kind = np.array([KINDS.index(item.kind) for item in spec.acts])[process]
    confused = rng.random(len(kind)) < watcher.confusion
    for true_kind, others in LOOK_ALIKES.items():
        index = np.flatnonzero(confused & (kind == KINDS.index(true_kind)))
        confused[index] = False  # so that no report is mistaken twice
        kind[index] = rng.choice([KINDS.index(k) for k in others], len(index))
    return kind


def _actors(spec: WorldSpec, watcher: Watcher, process: Ints, rng: Generator) -> Ints:
    parties = [s.party_id for s in spec.sides]
    true = np.array([parties.index(item.actor) for item in spec.acts])[process]
    n = len(true)
    named = np.where(rng.random(n) < watcher.p_wrong_actor, 1 - true, true)
    written = np.where(rng.random(n) < ALIAS_SHARE, named + len(parties), named)
    return np.where(rng.random(n) < watcher.p_attribute, written, -1)


def table(spec: WorldSpec, watcher: Watcher, reports: Reports) -> pl.DataFrame:
    """The reports in the interchange layout, in the order in which they were made known."""
    ordered = reports.take(np.argsort(reports.recorded_s, kind="stable"))
    lon_lat = np.round(to_degrees(ordered.xy_km), DECIMALS)
    names = pl.Series([*actor_names(spec), None], dtype=pl.String)
    units = {p.kind: p.count_unit for p in spec.processes if p.count_mean}
    frame = pl.DataFrame(
        {
            "kind": pl.Series(KINDS).gather(ordered.kind),
            "t_start": ordered.t_from_s,
            "t_end": ordered.t_to_s,
            "lon": lon_lat[:, 0],
            "lat": lon_lat[:, 1],
            "sigma_m": np.round(ordered.sigma_m, 1),
            "count": ordered.count,
            "actor_claimed": names.gather(np.where(ordered.actor < 0, len(names) - 1, ordered.actor)),
            "km": np.round(ordered.xy_km[:, 0]).astype(np.int64),
            "recorded_at": ordered.recorded_s,
            "copy": ordered.role == COPY,
        }
    )
    counted = pl.col("count") > 0
    return frame.select(
        pl.format("{}-{}", pl.lit(watcher.source_id), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)).alias(
            "record_id"
        ),
        "kind",
        moment(spec, pl.col("t_start")),
        moment(spec, pl.col("t_end")),
        "lon",
        "lat",
        pl.col("sigma_m").fill_nan(None),
        pl.when(counted).then((pl.col("count") * (1 - COUNT_MARGIN)).floor()).alias("count_low"),
        pl.when(counted).then((pl.col("count") * (1 + COUNT_MARGIN)).ceil()).alias("count_high"),
        pl.when(counted)
        .then(pl.col("kind").replace_strict(units, default=None, return_dtype=pl.String))
        .alias("count_unit"),
        "actor_claimed",
        pl.lit(watcher.claim).alias("claim"),
        _text(watcher).alias("text"),
        pl.lit("en").alias("language"),
        moment(spec, pl.col("recorded_at").ceil()),
    )


def _text(watcher: Watcher) -> pl.Expr:
    label = pl.col("kind").replace_strict({k.kind: k.label for k in tree().values()})
    blame = (
        pl.when(pl.col("actor_claimed").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format(", by {}", pl.col("actor_claimed")))
    )
    via = f" As {watcher.copies.of} reports." if watcher.copies and watcher.copies.declared else ""
    return pl.format(
        "{} near kilometre {}{}.{}", label, pl.col("km"), blame, pl.when("copy").then(pl.lit(via)).otherwise(pl.lit(""))
    )


def origins(watcher: Watcher, reports: Reports) -> pl.DataFrame:
    """What each row of ``table`` truly rests on; kept apart from the files. Rows count from 1."""
    ordered = reports.take(np.argsort(reports.recorded_s, kind="stable"))
    event = pl.col("event")
    return pl.DataFrame({"event": ordered.event, "role": pl.Series(ROLES).gather(ordered.role)}).select(
        pl.lit(watcher.source_id).alias("source_id"),
        pl.int_range(1, pl.len() + 1).alias("row"),
        "role",
        pl.when(event >= 0).then(incident_id(event)).alias("incident_id"),
        pl.when(event < 0).then(pl.format("rumour-{}", -event)).alias("rumour_id"),
    )


def incident_id(index: pl.Expr) -> pl.Expr:
    """Incidents are numbered in time order from 1."""
    return pl.format("incident-{}", (index + 1).cast(pl.String).str.zfill(6))
