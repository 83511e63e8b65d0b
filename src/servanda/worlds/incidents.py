"""What truly happens in a world: incidents drawn from its processes and routines."""

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import shapely
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from servanda.worlds.place import Floats, Place, to_km
from servanda.worlds.spec import LINE, Process, Routine, WorldSpec

Ints = NDArray[np.int64]
HOUR_S, DAY_S = 3600.0, 86400.0


@dataclass(frozen=True)
class Events:
    """Incidents as columns of equal length. ``process``: index into the acts of the spec.

    ``t_s``: whole seconds since the start of the world. ``xy_km``: (n, 2), flat kilometres. ``count``: 0: not counted.
    """

    process: Ints
    t_s: Floats
    xy_km: Floats
    count: Ints

    def __len__(self) -> int:
        return len(self.process)

    def __add__(self, other: "Events") -> "Events":
        return Events(
            np.concatenate([self.process, other.process]),
            np.concatenate([self.t_s, other.t_s]),
            np.concatenate([self.xy_km, other.xy_km]),
            np.concatenate([self.count, other.count]),
        )

    def take(self, index: Ints) -> "Events":
        return Events(self.process[index], self.t_s[index], self.xy_km[index], self.count[index])


def stream(seed: int, *names: str) -> Generator:
    """A random stream of its own for each part of a world: adding a source leaves the others as they were."""
    return Generator(PCG64(SeedSequence([seed, *"/".join(names).encode()])))


def draw(spec: WorldSpec, place: Place, rng: Generator, level: Floats) -> Events:
    """The incidents of one world, in time order; a party that shows restraint does none of that process.

    ``level`` (days,): what multiplies every rate on that day.
    """
    parts: list[Events] = []
    for index, item in enumerate(spec.acts):
        if rng.random() >= item.p_restraint:
            parts.append(_draw_one(spec, place, index, item, 1.0, rng, level))
    return _joined(parts)


def levels(spec: WorldSpec, rng: Generator) -> Floats:
    """(days,) factors of all rates: 1, or waves by an autoregression of the logarithm."""
    if spec.waves is None:
        return np.ones(spec.days)
    s, keep = spec.waves.spread, np.exp(-1.0 / spec.waves.memory_days)
    z = rng.normal(size=spec.days)
    for day in range(1, spec.days):
        z[day] = keep * z[day - 1] + np.sqrt(1.0 - keep * keep) * z[day]
    return np.asarray(np.exp(s * z - s * s / 2.0))


def draw_rumours(spec: WorldSpec, place: Place, share: float, rng: Generator) -> Events:
    """Incidents that never happened, drawn by the same law: ``share`` of their mean number, whatever the restraint.

    So a false report names a kind, a place and an hour as likely as a true one does.
    """
    items, even = enumerate(spec.acts), np.ones(spec.days)
    return _joined([_draw_one(spec, place, k, item, share * (1 - item.p_restraint), rng, even) for k, item in items])


def _joined(parts: list[Events]) -> Events:
    none = Events(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 2)), np.zeros(0, np.int64))
    events = reduce(add, parts, none)
    return events.take(np.argsort(events.t_s, kind="stable"))


def _draw_one(
    spec: WorldSpec, place: Place, index: int, item: Process | Routine, scale: float, rng: Generator, level: Floats
) -> Events:
    """``scale`` multiplies the rate, or the chance that a routine is done."""
    if isinstance(item, Process):
        t_s = _process_times(spec, item, scale, rng, level)
    else:
        t_s = _routine_times(spec, item, scale, rng)
    t_s, n = np.floor(t_s), len(t_s)
    along = item.where == LINE
    xy_km = _along_line(spec, place.line_km, n, rng) if along else _inside(place.zones[item.where], n, rng)
    mean = item.count_mean if isinstance(item, Process) else None
    count = 1 + rng.poisson(mean - 1, n) if mean else np.zeros(n, int)
    return Events(np.full(n, index), t_s, xy_km, count)


def _process_times(spec: WorldSpec, process: Process, scale: float, rng: Generator, level: Floats) -> Floats:
    """Day by its share of the decline and the level, then night or day, then evenly over those hours."""
    days = np.arange(process.from_day, min(process.to_day or spec.days, spec.days))
    decline = (
        0.5 ** ((days - process.from_day) / process.half_life_days) if process.half_life_days else np.ones(len(days))
    )
    decline = decline * level[days]
    n = rng.poisson(scale * process.per_day * decline.sum())
    day = rng.choice(days, n, p=decline / decline.sum())
    light_h = spec.sunset_hour - spec.sunrise_hour
    by_night = rng.random(n) < process.night_share
    u = rng.random(n)
    hour = np.where(by_night, spec.sunset_hour + u * (24 - light_h), spec.sunrise_hour + u * light_h) % 24
    t_s: Floats = day * DAY_S + hour * HOUR_S
    return t_s


def _routine_times(spec: WorldSpec, routine: Routine, scale: float, rng: Generator) -> Floats:
    days = np.arange(routine.first_day, spec.days, routine.every_days)[: routine.times]
    done = days[rng.random(len(days)) < scale * routine.p_done]
    t_s: Floats = done * DAY_S + rng.uniform(routine.from_hour, routine.to_hour, len(done)) * HOUR_S
    return t_s


def _along_line(spec: WorldSpec, line_km: LineString, n: int, rng: Generator) -> Floats:
    hot = rng.random(n) < (spec.hot_share if spec.hot_spots_km else 0)
    centre = rng.choice(np.array(spec.hot_spots_km or (0.0,)), n) + rng.normal(0, spec.hot_spread_km, n)
    s_km = np.where(hot, centre, rng.uniform(0, line_km.length, n)) % line_km.length
    xy = shapely.get_coordinates(line_km)
    at_km = np.r_[0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    on_line: Floats = np.c_[np.interp(s_km, at_km, xy[:, 0]), np.interp(s_km, at_km, xy[:, 1])]
    on_line += rng.normal(0, spec.off_line_km, (n, 2))
    return on_line


def _inside(zone: BaseGeometry, n: int, rng: Generator) -> Floats:
    """(n, 2) flat kilometres, even over a zone given in degrees, by rejection from its bounding box."""
    x0, y0, x1, y1 = zone.bounds
    kept = np.zeros((0, 2))
    while len(kept) < n:
        lon_lat = rng.uniform((x0, y0), (x1, y1), (4 * n, 2))
        kept = np.concatenate([kept, lon_lat[shapely.contains_xy(zone, lon_lat[:, 0], lon_lat[:, 1])]])
    return to_km(kept[:n])
