"""One trend: the series, its effort, the ratio with its interval, change-points, and what may be said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats
from shapely.geometry.base import BaseGeometry

from servanda.compliance.clock import EPOCH, micros
from servanda.compliance.trend import series
from servanda.compliance.trend.changepoints import Changes, Series, change_points
from servanda.compliance.trend.effort import Basis, able, basis_of, day_of, hours_watched
from servanda.compliance.trend.latent import Design
from servanda.compliance.trend.ratio import Ratio, ratio
from servanda.compliance.trend.series import DAY_US, HOUR_US, Cells, Events
from servanda.compliance.trend.settings import TrendSettings
from servanda.findings import Interval, Trend, TrendChange, TrendPoint

CONFIDENCE = 0.95
Measure = Literal["starts", "hours", "records", "counts", "incidents"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """What to follow. Windows are half-open, UTC. ``days``: edges of the reporting days that hold both windows, with
    the weekday of each (0 is Monday). ``zone``: where, degrees lon lat; None: wherever the watches look."""

    title: str
    measure: Measure
    source_id: str | None
    kinds: frozenset[str]
    window: tuple[datetime, datetime]
    before: tuple[datetime, datetime]
    days: tuple[datetime, ...]
    weekdays: tuple[int, ...]
    unit: str = "violations"
    zone: BaseGeometry | None = None


@dataclass(frozen=True)
class _Found:
    """The ratio, what it was read from, and the cell of each of its rows."""

    ratio: Ratio
    design: Design
    order: NDArray[np.int64]


def trend_of_feed(q: Question, observations: pl.DataFrame, watches: pl.DataFrame, settings: TrendSettings) -> Trend:
    """Of one feed's measure; what it flags as uninformative is left out."""
    quiet = pl.col("flags").list.contains("uninformative").fill_null(False)
    all_of_it = observations.filter((pl.col("source_id") == q.source_id) & series.wanted(q.kinds))
    mine = all_of_it.filter(~quiet)
    if q.measure == "counts":
        low, high = _span(q)
        cells = series.periods(mine, q.unit, micros(low), micros(high))
        found = answer(q, cells, "covered_hours", settings)
        wordy = all_of_it.filter(pl.col("count_low").is_null())
        without = {f"no_number{of}": _within(wordy, w) for of, w in (("", q.window), ("_before", q.before))}
        return replace(found, values=(*found.values, *without.items()))
    events = series.events_of_feed(mine, q.measure)
    looked = able(watches.filter(pl.col("source_id") == q.source_id), q.kinds)
    return _of_events(q, events, looked, settings)


def trend_of_incidents(
    q: Question, incidents: pl.DataFrame, weight: Floats, watches: pl.DataFrame, settings: TrendSettings
) -> Trend:
    """Of incidents, each with the number that it is expected to stand for; all watches that could see them count."""
    return _of_events(q, series.events_of_incidents(incidents, weight), able(watches, q.kinds), settings)


def _within(observations: pl.DataFrame, window: tuple[datetime, datetime]) -> float:
    """How many end in the window."""
    return float(observations.filter((pl.col("t_end") > window[0]) & (pl.col("t_end") <= window[1])).height)


def _span(q: Question) -> tuple[datetime, datetime]:
    return min(q.before[0], q.window[0]), max(q.before[1], q.window[1])


def _of_events(q: Question, events: Events, looked: pl.DataFrame, settings: TrendSettings) -> Trend:
    low, high = _span(q)
    inner = [t for t in (*q.days, *q.window, *q.before) if low <= t <= high]
    cells = series.daily(events, sorted(set(inner)))
    near = looked.filter((pl.col("t_end") > low) & (pl.col("t_start") < high))
    basis = basis_of(near)
    if basis == "none":
        return answer(q, cells.with_effort((cells.t_to - cells.t_from) / HOUR_US), basis, settings)
    day = day_of(events, micros(q.before[0]), micros(q.before[1]))
    effort = hours_watched(cells, near, q.kinds, q.zone, day, settings.places)
    return answer(q, cells.with_effort(effort), basis, settings)


def answer(q: Question, cells: Cells, basis: Basis, settings: TrendSettings, dated: bool = True) -> Trend:
    """The trend, or why there is none. Effort is told against its mean before the window. ``dated``: with changes."""
    stated = float(cells.count[cells.effort <= 0].sum())
    cells = cells.only(cells.effort > 0)
    now, before = series.inside(cells, q.window), series.inside(cells, q.before)
    part = now + before > 1.0 - 1e-9
    length = (cells.t_to - cells.t_from) / HOUR_US
    scale = _mean_effort(cells, before)
    cells = cells.with_effort(cells.effort / scale)
    strata = max(len(np.unique(cells.stratum)), 1)
    counts = {
        "count": float((cells.count * now).sum()),
        "count_before": float((cells.count * before).sum()),
        "days": float((length * now).sum() / 24.0) / strata,
        "days_before": float((length * before).sum() / 24.0) / strata,
        "effort": _mean_effort(cells, now) if now.any() else 0.0,
        "unwatched_count": stated,
    }
    code = _cannot(counts, basis, settings)
    if code:
        points = tuple(_points(cells, None, strata)) if basis != "none" else ()
        return _trend(q, code, Interval(None, None, None), basis, counts, points, ())
    found = _ratio(q, cells.only(part), now[part], settings)
    interval = found.ratio.interval
    counts |= {"dispersion": found.ratio.mean(found.ratio.alpha), "correlation": found.ratio.mean(found.ratio.rho)}
    if basis == "none":
        return _trend(q, "reports", interval, basis, counts, tuple(_points(cells, None, strata)), ())
    weekday = _weekday_factor(q, cells, found)
    points = tuple(_points(cells, _fitted(cells, part, found), strata))
    changes = _changes(cells, weekday, settings) if dated else ()
    return _trend(q, said(interval), interval, basis, counts, points, changes)


def said(ratio: Interval) -> str:
    """What the interval allows to be said."""
    low, high = ratio.low or 0.0, np.inf if ratio.high is None else ratio.high
    if high < 1.0:
        return "fell_to_none" if not ratio.mean else "fell"
    if low > 1.0:
        return "rose_from_none" if ratio.mean is None else "rose"
    return "open" if ratio.low is None or ratio.high is None else "no_change"


def _cannot(counts: dict[str, float], basis: Basis, settings: TrendSettings) -> str | None:
    if basis == "none" and settings.without_effort == "abstain":
        return "effort_unknown"
    if counts["days_before"] < settings.min_before_days:
        return "before_too_short"
    if counts["days"] < settings.min_window_days:
        return "window_too_short"
    return "too_few" if counts["count"] + counts["count_before"] < settings.min_count else None


def _mean_effort(cells: Cells, share: Floats) -> float:
    """Effort per hour over the stretches, each by its share."""
    length = (cells.t_to - cells.t_from) / HOUR_US
    hours = float((length * share).sum())
    return float((cells.effort * share).sum()) / hours if hours > 0 else 1.0


def _ratio(q: Question, cells: Cells, now: Floats, settings: TrendSettings) -> _Found:
    order = np.lexsort((cells.t_from, cells.stratum)).astype(np.int64)
    cells, now = cells.only(order), now[order]
    levels = np.eye(int(cells.stratum.max()) + 1)[cells.stratum]
    levels = levels[:, levels.any(axis=0)]
    x, ridge = levels, np.zeros(levels.shape[1])
    hours = float((cells.t_to - cells.t_from).sum()) / HOUR_US / max(levels.shape[1], 1)
    if hours >= settings.weekday_weeks * 168.0:
        share = series.weekdays(cells, q.days, q.weekdays) - 1.0 / 7.0
        x, ridge = np.c_[x, share], np.r_[ridge, np.full(7, settings.weekday_sd**-2)]
    middle = np.asarray((cells.t_from + cells.t_to) / (2 * DAY_US))
    design = Design(cells.count, cells.effort, cells.at_least, now, x, ridge, middle, cells.stratum)
    return _Found(ratio(design, settings.dispersion, settings.dispersion_sd, CONFIDENCE), design, order)


def _weekday_factor(q: Question, cells: Cells, found: _Found) -> Floats:
    """(n,) what the weekday does to the level; 1 where weekdays have none of their own."""
    own = found.design.ridge > 0
    if not own.any():
        return np.ones(len(cells.count))
    share = series.weekdays(cells, q.days, q.weekdays) - 1.0 / 7.0
    return np.asarray(np.exp(share @ found.ratio.fits.b[own] @ found.ratio.weight))


def _fitted(cells: Cells, part: NDArray[np.bool_], found: _Found) -> Floats:
    """(n, 3) level per day at the effort before, weekdays evened out, with its interval; NaN in neither window."""
    r, d = found.ratio, found.design
    level = d.x * (d.ridge == 0.0)
    inside = d.inside[:, None] * np.exp(r.fits.beta)
    effect = np.log1p(inside - d.inside[:, None])
    # What a wave adds to its level on average is taken from the counts, so that the line runs through their mean.
    added = np.log(d.y.sum() / (d.effort * np.exp((d.x @ r.fits.b + effect) @ r.weight)).sum())
    mean = level @ r.fits.b + effect + added
    columns = np.repeat(level[:, None, :], len(r.alpha), axis=1)
    columns = np.concatenate([columns, (inside / (1.0 - d.inside[:, None] + inside))[:, :, None]], axis=2)
    within = np.einsum("ngi,gij,ngj->ng", columns, r.fits.covariance, columns)
    middle = mean @ r.weight
    spread = np.sqrt((within + (mean - middle[:, None]) ** 2) @ r.weight)
    reach = np.minimum(spread * stats.norm.ppf(0.5 + CONFIDENCE / 2.0), 50.0)
    shown = np.empty((len(d.y), 3))
    shown[found.order] = 24.0 * np.exp(np.c_[middle, middle - reach, middle + reach])
    out = np.full((len(cells.count), 3), np.nan)
    out[part] = shown
    return out


def _changes(cells: Cells, weekday: Floats, settings: TrendSettings) -> tuple[TrendChange, ...]:
    whole = series.summed(cells.with_effort(cells.effort * weekday))
    if len(whole.count) < 4:
        return ()
    days = whole.t_from / DAY_US
    s = Series(whole.count, whole.effort / 24.0, whole.at_least, np.asarray(days - days[0]))
    found = change_points(s, settings.change_days, settings.min_segment_days, settings.change_probability)
    return tuple(_dated(whole, found))


def _dated(cells: Cells, found: Changes) -> Sequence[TrendChange]:
    """Change-points as dates, with the level on both sides: events per day at the effort before."""
    cuts = [0, *(c.cell for c in found.changes), len(cells.count)]
    rates = [float(cells.count[a:b].sum() / cells.effort[a:b].sum() * 24.0) for a, b in pairwise(cuts)]
    return [
        TrendChange(
            _time(cells.t_from[c.cell]),
            _time(cells.t_from[c.low]),
            _time(cells.t_from[c.high]),
            c.probability,
            rates[i],
            rates[i + 1],
        )
        for i, c in enumerate(found.changes)
    ]


def _points(cells: Cells, fitted: Floats | None, strata: int) -> Sequence[TrendPoint]:
    """The series, regions added up; a stretch that only some regions state has no point."""
    whole = cells if strata == 1 else series.summed(cells)
    shown = np.full((len(whole.count), 3), np.nan)
    if fitted is not None:
        for i, (a, b) in enumerate(zip(whole.t_from, whole.t_to, strict=True)):
            shown[i] = fitted[(cells.t_from == a) & (cells.t_to == b)].sum(axis=0)
    length = (whole.t_to - whole.t_from) / HOUR_US
    return [
        TrendPoint(
            _time(a),
            _time(b),
            float(y),
            float(e / hours),
            bool(o),
            None if np.isnan(f[0]) else Interval(*map(float, f)),
        )
        for a, b, y, e, hours, o, f in zip(
            whole.t_from, whole.t_to, whole.count, whole.effort, length, whole.at_least, shown, strict=True
        )
    ]


def _time(at: np.int64) -> datetime:
    return EPOCH + timedelta(microseconds=int(at))


def _trend(
    q: Question,
    code: str,
    ratio: Interval,
    basis: Basis,
    values: dict[str, float],
    points: tuple[TrendPoint, ...],
    changes: tuple[TrendChange, ...],
) -> Trend:
    return Trend(
        q.title, q.measure, q.source_id, tuple(sorted(q.kinds)), *q.window, *q.before, basis, code, ratio,
        tuple(values.items()), points, changes,
    )  # fmt: skip
