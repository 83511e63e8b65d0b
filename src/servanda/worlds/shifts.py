"""When and where a source was looking, and when it could not: shifts, and the watches that it states of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import shapely
from numpy.random import Generator
from shapely.geometry.base import BaseGeometry

from servanda.tables import TIME
from servanda.worlds.incidents import DAY_S, HOUR_S, Events, Ints
from servanda.worlds.lookalikes import LOOK_ALIKES
from servanda.worlds.place import Floats, Place, beat, to_degrees
from servanda.worlds.spec import Watcher, WorldSpec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WATCHING, OFFLINE, DARK = "watching", "offline", "dark"


@dataclass(frozen=True)
class Shift:
    """One beat watched without a break. Times in seconds since the start; ``factor`` multiplies p_detect."""

    beat: int
    t_from_s: float
    t_to_s: float
    factor: float
    status: str
    reason: str


@dataclass(frozen=True)
class Coverage:
    """The shifts of a source by beat and time, none overlapping, and each beat's footprint; None: everywhere."""

    footprints: tuple[BaseGeometry | None, ...]
    shifts: tuple[Shift, ...]


def draw_coverage(spec: WorldSpec, watcher: Watcher, place: Place, rng: Generator) -> Coverage:
    """Draw which beats are watched on which day, which shifts fail, and the outages that cut them."""
    footprints = _footprints(watcher, place)
    planned = _plan(spec, watcher, len(footprints), rng)
    cut: list[Shift] = []
    for number in range(len(footprints)):
        off = _outages(spec, watcher, rng)
        for shift in (s for s in planned if s.beat == number):
            cut += _without(shift, off)
    return Coverage(footprints, tuple(cut))


def _footprints(watcher: Watcher, place: Place) -> tuple[BaseGeometry | None, ...]:
    beats = watcher.beats
    if beats is None:
        return (None,)
    edges = np.linspace(beats.from_km, min(beats.to_km, place.line_km.length), beats.number + 1)
    return tuple(beat(place.line_km, a, b, beats.reach_km) for a, b in pairwise(edges.tolist()))


def _plan(spec: WorldSpec, watcher: Watcher, number: int, rng: Generator) -> list[Shift]:
    per_day = watcher.beats.per_day if watcher.beats else 1
    out: list[Shift] = []
    for day in range(spec.days):
        for k in sorted(rng.choice(number, per_day, replace=False).tolist()):
            for from_h, to_h, factor in _by_light(spec, watcher):
                status, reason = _failure(watcher, rng) if factor > 0 else (DARK, "Too dark to see anything.")
                t_s = day * DAY_S
                out.append(Shift(k, t_s + from_h * HOUR_S, t_s + to_h * HOUR_S, factor, status, reason))
    return out


def _by_light(spec: WorldSpec, watcher: Watcher) -> list[tuple[float, float, float]]:
    """The hours of a shift as (from, to, factor), cut at sunrise and sunset where the night makes a difference."""
    if watcher.night_factor == 1:
        return [(watcher.from_hour, watcher.to_hour, 1.0)]
    night = watcher.night_factor
    parts = [
        (0.0, spec.sunrise_hour, night),
        (spec.sunrise_hour, spec.sunset_hour, 1.0),
        (spec.sunset_hour, 24.0, night),
    ]
    clipped = [(max(a, watcher.from_hour), min(b, watcher.to_hour), f) for a, b, f in parts]
    return [(a, b, f) for a, b, f in clipped if a < b]


def _failure(watcher: Watcher, rng: Generator) -> tuple[str, str]:
    u, reached = rng.random(), 0.0
    for failure in watcher.failures:
        reached += failure.chance
        if u < reached:
            return failure.status, failure.reason
    return WATCHING, ""


def _outages(spec: WorldSpec, watcher: Watcher, rng: Generator) -> list[tuple[float, float]]:
    """Whole minutes, so that what is written is exactly what was simulated."""
    n = rng.poisson(watcher.outages_per_30_days * spec.days / 30)
    starts = np.round(np.sort(rng.uniform(0, spec.days * DAY_S, n)) / 60) * 60
    lengths = np.ceil(rng.exponential(watcher.outage_h * HOUR_S, n) / 60) * 60
    out: list[tuple[float, float]] = []
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        begin = max(start, out[-1][1] if out else 0.0)
        if start + length > begin:
            out.append((begin, start + length))
    return out


def _without(shift: Shift, off: list[tuple[float, float]]) -> list[Shift]:
    """The shift with the outages cut out and stated as such."""
    out, at = list[Shift](), shift.t_from_s
    for begin, end in off:
        a, b = max(begin, at), min(end, shift.t_to_s)
        if a >= b:
            continue
        if at < a:
            out.append(Shift(shift.beat, at, a, shift.factor, shift.status, shift.reason))
        out.append(Shift(shift.beat, a, b, 0.0, OFFLINE, "Out of order."))
        at = b
    if at < shift.t_to_s:
        out.append(Shift(shift.beat, at, shift.t_to_s, shift.factor, shift.status, shift.reason))
    return out


def factors(coverage: Coverage, events: Events) -> Floats:
    """(beats, n): what multiplies p_detect for each incident in each beat; 0 where nobody was looking."""
    lon_lat = to_degrees(events.xy_km)
    out = np.zeros((len(coverage.footprints), len(events)))
    for number, footprint in enumerate(coverage.footprints):
        mine = [s for s in coverage.shifts if s.beat == number]
        if not mine:
            continue
        t_from, t_to = np.array([s.t_from_s for s in mine]), np.array([s.t_to_s for s in mine])
        factor = np.array([s.factor if s.status == WATCHING else 0.0 for s in mine])
        at: Ints = np.searchsorted(t_from, events.t_s, side="right") - 1
        inside = (at >= 0) & (events.t_s < t_to[at])
        if footprint is not None:
            inside &= shapely.contains_xy(footprint, lon_lat[:, 0], lon_lat[:, 1])
        out[number] = np.where(inside, factor[at], 0.0)
    return out


def stated(spec: WorldSpec, watcher: Watcher, coverage: Coverage) -> pl.DataFrame:
    """The watches as the source states them, in the interchange layout, one row per shift and kind.

    Stated p_detect is the chance to report an incident *as that kind*: confusion is taken off. What a source copies
    is no watch of its own.
    """
    wkt = [None if f is None else shapely.to_wkt(f, rounding_precision=5) for f in coverage.footprints]
    rows = [
        (
            kind,
            s.t_from_s,
            s.t_to_s,
            wkt[s.beat],
            _stated_p(watcher, kind, p * s.factor, s.status),
            s.status,
            s.reason or None,
        )
        for s in coverage.shifts
        for kind, p in watcher.p_detect.items()
    ]
    names = ("kind", "t_start", "t_end", "footprint", "p_detect", "status", "reason")
    types = (pl.String, pl.Float64, pl.Float64, pl.String, pl.Float64, pl.String, pl.String)
    frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    p_false = min(1.0, watcher.false_share * watcher.overstates_false)
    return (
        frame.with_columns(moment(spec, pl.col("t_start", "t_end")))
        .with_columns(recorded_at=pl.col("t_end"), p_false=pl.lit(p_false))
        .select("kind", "t_start", "t_end", "footprint", "p_detect", "p_false", "status", "reason", "recorded_at")
        .sort("t_start", maintain_order=True)
    )


def _stated_p(watcher: Watcher, kind: str, p: float, status: str) -> float | None:
    if status != WATCHING:
        return None
    told_right = 1 - watcher.confusion if kind in LOOK_ALIKES else 1.0
    return round(min(1.0, p * told_right * watcher.overstates_detect), 6)


def moment(spec: WorldSpec, seconds: pl.Expr) -> pl.Expr:
    """Seconds since the start of the world as UTC, to the whole second."""
    start_us = (spec.start - EPOCH) // timedelta(microseconds=1)
    return (seconds.round(0).cast(pl.Int64) * 1_000_000 + start_us).cast(TIME)
