"""The time axis of the timeline, and how many incidents fall in each of its bins."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.report.data import ReportData

WIDTH, LEFT, RIGHT = 1000.0, 150.0, 12.0
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Pixels from UTC. ``edges`` bound the bins."""

    t_from: datetime
    t_to: datetime
    edges: tuple[datetime, ...]
    unit: str

    def x(self, t: datetime) -> float:
        share = (t - self.t_from) / (self.t_to - self.t_from)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def axis_for(data: ReportData) -> Axis:
    """The window so far with some time on both sides of it; whole local hours, or days from cut-off to cut-off."""
    end = max(data.period.t_to, min(data.agreement.t_to or data.period.t_to, data.as_of))
    start = max(min(data.agreement.t_from, data.period.t_from), end - timedelta(days=data.settings.timeline_days))
    if data.previous_period and end - start < timedelta(days=2):
        start = min(start, data.previous_period.t_from)
    if end - start <= timedelta(days=data.settings.hourly_up_to_days):
        step, unit = timedelta(hours=1), "hour"
        margin = timedelta(hours=data.settings.timeline_margin_h)
        start = (start - margin).replace(minute=0, second=0, microsecond=0)
        end = max(end, min(end + margin, data.as_of))
    else:
        step, unit = timedelta(days=1), "day"
        start = data.period.t_from - step * -(-(data.period.t_from - start) // step)
    n = -(-(end - start) // step)
    edges = tuple(start + step * i for i in range(n + 1))
    return Axis(edges[0], edges[-1], edges, unit)


def spread(incidents: pl.DataFrame, edges: tuple[datetime, ...], weight: str | None) -> Floats:
    """Incidents per bin, each spread evenly over its interval; ``weight`` names a column of weights.

    With F(t) the incidents before t, a sum of ramps, the bins are differences of F. Two sorted prefix sums
    give F at every edge, so the work grows with the number of incidents and not with that of the bins.
    """

    def seconds(name: str) -> Floats:
        return incidents[name].dt.epoch("us").to_numpy().astype(np.float64) / 1e6 - (edges[0] - EPOCH).total_seconds()

    at = np.array([(e - edges[0]).total_seconds() for e in edges])
    s, e = seconds("t_start"), seconds("t_end")
    w = incidents[weight].to_numpy() if weight else np.ones(len(s))
    instant = e - s < 1.0
    out = np.histogram(s[instant], bins=at, weights=w[instant])[0].astype(np.float64)
    # np.histogram closes its last bin; ours are half-open.
    out[-1] -= w[instant][s[instant] == at[-1]].sum()
    slope = w[~instant] / (e - s)[~instant]
    return out + np.diff(_ramps(s[~instant], slope, at) - _ramps(e[~instant], slope, at))


def _ramps(start: Floats, slope: Floats, at: Floats) -> Floats:
    """Sum over i of slope[i] * max(t - start[i], 0) for each t in ``at``."""
    order = np.argsort(start, kind="stable")
    n = np.searchsorted(start[order], at)
    slopes = np.concatenate([[0.0], np.cumsum(slope[order])])[n]
    offsets = np.concatenate([[0.0], np.cumsum(slope[order] * start[order])])[n]
    return np.asarray(slopes * at - offsets, dtype=np.float64)
