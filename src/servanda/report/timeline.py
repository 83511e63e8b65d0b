"""The timeline: incidents by hour or day over the window, above who was looking and who could not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from markupsafe import Markup
from numpy.typing import NDArray

from servanda.report import svg
from servanda.report.data import KindGroup, ReportData
from servanda.report.ground import nice
from servanda.report.incidents import Marked
from servanda.report.numbers import Clock
from servanda.report.svg import text
from servanda.report.words import STATUS_WORDS

WIDTH, LEFT, RIGHT, TOP, PLOT, LANE = 1000.0, 150.0, 12.0, 34.0, 190.0, 20.0
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TimelineView:
    """The drawing, how it counts (``hour`` or ``day``), and what the caption must say of it."""

    picture: Markup
    unit: str
    t_from: datetime
    t_to: datetime
    groups: tuple[KindGroup, ...]
    statuses: tuple[str, ...]
    sources_left_out: int


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
    start = (
        min(start, data.previous_period.t_from) if data.previous_period and end - start < timedelta(days=2) else start
    )
    if end - start <= timedelta(days=data.settings.hourly_up_to_days):
        step, unit = timedelta(hours=1), "hour"
        start = start.replace(minute=0, second=0, microsecond=0)
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


def draw_timeline(data: ReportData, marked: Marked) -> TimelineView:
    """Draw it. Incidents are those of kinds that a term is about."""
    axis = axis_for(data)
    near = marked.incidents.filter(
        pl.col("relevant") & (pl.col("t_start") < axis.t_to) & (pl.col("t_end") >= axis.t_from)
    )
    lanes, left_out = _lanes(data, axis)
    groups = [g for g in data.settings.kind_groups if not near.filter(pl.col("group") == g.name).is_empty()]
    stacks = [spread(near.filter(pl.col("group") == g.name), axis.edges, None) for g in groups]
    expected = spread(near, axis.edges, "probability")
    height = TOP + PLOT + 34 + LANE * max(len(lanes), 1) + 8
    layers = [
        *_window(data, axis, height),
        *_scale(stacks),
        *_bars(groups, stacks, axis),
        *_expected(expected, stacks, axis),
        *_cut_offs(data, axis),
        *_ticks(data, axis),
        *_draw_lanes(lanes, axis),
    ]
    about = f"Incidents by {axis.unit}, stacked by kind, above a lane per source: when it watched, when it could not."
    drawing = svg.picture(WIDTH, height, "Timeline", about, *layers, name="timeline")
    seen = {status for _, bars in lanes for status, _, _ in bars}
    return TimelineView(
        drawing, axis.unit, axis.t_from, axis.t_to, tuple(groups), tuple(s for s in STATUS_WORDS if s in seen), left_out
    )


def _window(data: ReportData, axis: Axis, height: float) -> list[Markup]:
    a, b = axis.x(data.agreement.t_from), axis.x(data.agreement.t_to or axis.t_to)
    words = "in force" if b - a > 60 else ""
    return [
        svg.rect(a, TOP - 16, max(b - a, 0.0), height - TOP + 12, fill="#F3EEDF"),
        text(a + 6, TOP - 4, words, class_="small window"),
    ]


def _top(stacks: list[Floats]) -> float:
    """The top of the scale: a round number at or above the highest stack."""
    highest = float(np.sum(stacks, axis=0).max()) if stacks else 0.0
    step = max(nice(max(highest, 1.0) / 3), 1.0)
    return max(-(-highest // step), 1.0) * step


def _scale(stacks: list[Floats]) -> list[Markup]:
    top = _top(stacks)
    step = max(nice(top / 3), 1.0)
    out = [text(LEFT - 8, TOP - 14, "incidents", class_="small", text_anchor="end")]
    for i in range(int(top / step) + 1):
        y = TOP + PLOT - PLOT * i * step / top
        out += [
            svg.line(LEFT, y, WIDTH - RIGHT, y, stroke=svg.RULE if i else svg.INK, stroke_width="0.8"),
            text(LEFT - 8, y + 4, f"{i * step:,.0f}", class_="small", text_anchor="end"),
        ]
    return out


def _bars(groups: list[KindGroup], stacks: list[Floats], axis: Axis) -> list[Markup]:
    base = np.zeros(len(axis.edges) - 1)
    top, out = _top(stacks), []
    for kind_group, values in zip(groups, stacks, strict=True):
        for i in np.flatnonzero(values > 1e-6):
            x0, x1 = axis.x(axis.edges[i]), axis.x(axis.edges[i + 1])
            gap = 1.0 if x1 - x0 > 5 else 0.0
            h = PLOT * float(values[i]) / top
            y = TOP + PLOT - PLOT * float(base[i]) / top - h
            words = f"{kind_group.label}: {values[i]:.1f}".removesuffix(".0")
            bar = svg.rect(
                x0 + gap / 2, y, x1 - x0 - gap, h, fill=kind_group.colour, stroke="#FFFFFF", stroke_width="0.4"
            )
            out.append(svg.titled(words, bar))
        base = base + values
    return out


def _expected(expected: Floats, stacks: list[Floats], axis: Axis) -> list[Markup]:
    """A step line: how many of the incidents are expected to have happened."""
    if not expected.any():
        return []
    top = _top(stacks)
    d = ""
    for i, value in enumerate(expected):
        y = TOP + PLOT - PLOT * float(value) / top
        d += f"{'M' if i == 0 else 'L'}{axis.x(axis.edges[i]):.1f} {y:.1f}H{axis.x(axis.edges[i + 1]):.1f}"
    return [
        svg.el("path", d=d, fill="none", stroke=stroke, stroke_width=width)
        for stroke, width in (("#FFFFFF", "3.4"), (svg.INK, "1.4"))
    ]


def _cut_offs(data: ReportData, axis: Axis) -> list[Markup]:
    """Dashed lines where a reporting period ends; the period of this report is named."""
    days = {f.period.t_to for f in data.findings if f.period.name != "in_force"} | {
        data.period.t_from,
        data.period.t_to,
    }
    # Bins of a day run from cut-off to cut-off already.
    inside = sorted(t for t in days if axis.t_from < t < axis.t_to) if axis.unit == "hour" else []
    out = [
        svg.line(
            axis.x(t), TOP - 2, axis.x(t), TOP + PLOT, stroke=svg.MUTED, stroke_width="0.8", stroke_dasharray="2 3"
        )
        for t in inside[-31:]
    ]
    a, b = axis.x(data.period.t_from), axis.x(data.period.t_to)
    out.append(svg.line(a, TOP - 18, b, TOP - 18, stroke=svg.INK, stroke_width="3"))
    return [*out, text(b, TOP - 23, "this report", class_="small", text_anchor="end")]


def _ticks(data: ReportData, axis: Axis) -> list[Markup]:
    """Local hours or days, as many as there is room for."""
    clock = Clock(data.time_zone)
    hours = (axis.t_to - axis.t_from) / timedelta(hours=1)
    step = next((h for h in (1, 3, 6, 12, 24, 48, 168, 336) if hours / h <= 14), 672)
    midnight = clock.local(axis.t_from).replace(hour=0, minute=0, second=0, microsecond=0)
    out = []
    for i in range(int(hours // step) + 3):
        # Wall time, so that a tick stays at midnight when the clocks change.
        wall = midnight + timedelta(hours=step * i)
        at = wall.astimezone(data.as_of.tzinfo)
        if axis.t_from <= at <= axis.t_to:
            words = clock.day(at) if wall.hour == 0 else clock.time(at)
            x = axis.x(at)
            out.append(svg.line(x, TOP + PLOT, x, TOP + PLOT + 5, stroke=svg.INK, stroke_width="0.8"))
            style = "small day" if wall.hour == 0 else "small"
            out.append(
                text(min(max(x, LEFT + 14), WIDTH - 24), TOP + PLOT + 18, words, class_=style, text_anchor="middle")
            )
    return out


Lane = tuple[str, list[tuple[str, datetime, datetime]]]


def _lanes(data: ReportData, axis: Axis) -> tuple[list[Lane], int]:
    """Per source the stretches of each status, touching ones joined; the busiest sources first to be kept."""
    near = data.watches.filter((pl.col("t_end") > axis.t_from) & (pl.col("t_start") < axis.t_to))
    by = ["source_id", "status"]
    joined = (
        near.sort([*by, "t_start"])
        .with_columns(reach=pl.col("t_end").cum_max().shift(1).over(by))
        .with_columns(new=(pl.col("t_start") > pl.col("reach")).fill_null(True).cum_sum().over(by))
        .group_by([*by, "new"], maintain_order=True)
        .agg(pl.col("t_start").min(), pl.col("t_end").max())
    )
    busiest = (
        near["source_id"].value_counts().sort(["count", "source_id"], descending=[True, False])["source_id"].to_list()
    )
    kept = sorted(busiest[: data.settings.timeline_sources])
    lanes = [
        (
            s,
            [
                (r["status"], r["t_start"], r["t_end"])
                for r in joined.filter(pl.col("source_id") == s).iter_rows(named=True)
            ],
        )
        for s in kept
    ]
    return lanes, len(busiest) - len(kept)


def _draw_lanes(lanes: list[Lane], axis: Axis) -> list[Markup]:
    """The upper half of a lane: watching. The lower half: why it could not."""
    top = TOP + PLOT + 32
    out = (
        []
        if lanes
        else [text(LEFT + 6, top + 14, "No watch is known: nobody is known to have been looking.", class_="small")]
    )
    for row, (source_id, bars) in enumerate(lanes):
        y = top + LANE * row
        words = source_id if len(source_id) <= 20 else source_id[:19] + "…"
        out.append(text(LEFT - 8, y + 12, words, class_="small", text_anchor="end"))
        out.append(svg.line(LEFT, y + LANE - 2, WIDTH - RIGHT, y + LANE - 2, stroke=svg.RULE, stroke_width="0.6"))
        for status, t_from, t_to in bars:
            x0, x1 = axis.x(t_from), axis.x(t_to)
            upper = status == "watching"
            bar = svg.rect(
                x0,
                y + (1 if upper else 9),
                max(x1 - x0, 1.0),
                7,
                fill=svg.HATCHES[status],
                stroke=None if upper else svg.INK,
                stroke_width=None if upper else "0.5",
            )
            out.append(svg.titled(f"{source_id}: {STATUS_WORDS[status]}", bar))
    return out
