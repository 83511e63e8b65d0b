"""The timeline: incidents by hour or day over the window, above who was looking and who could not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from markupsafe import Markup
from numpy.typing import NDArray

from servanda.report import svg
from servanda.report.axis import LEFT, RIGHT, WIDTH, Axis, axis_for, spread
from servanda.report.data import KindGroup, ReportData
from servanda.report.ground import nice
from servanda.report.incidents import Marked
from servanda.report.lanes import LANE, draw_lanes, lanes_of
from servanda.report.svg import text
from servanda.report.words import STATUSES, group_label

TOP, PLOT, EMPTY = 34.0, 190.0, 40.0
"""Heights: above the bars, of the bars, and of what stands instead where there are none."""
LETTER_PX = 6.5
"""Width of a letter, about, as in ``labels``, in smaller type."""
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


def draw_timeline(data: ReportData, marked: Marked) -> TimelineView:
    """Draw it. Incidents are those of kinds that a term is about."""
    axis = axis_for(data)
    near = marked.incidents.filter(
        pl.col("relevant") & (pl.col("t_start") < axis.t_to) & (pl.col("t_end") >= axis.t_from)
    )
    lanes, left_out = lanes_of(data, axis)
    groups = [g for g in data.settings.kind_groups if not near.filter(pl.col("group") == g.name).is_empty()]
    stacks = [spread(near.filter(pl.col("group") == g.name), axis.edges, "number") for g in groups]
    expected = spread(near, axis.edges, "expected")
    plot = PLOT if groups else EMPTY
    height = TOP + plot + 34 + LANE * max(len(lanes), 1) + 8
    counted = [*_scale(data, stacks), *_bars(data, groups, stacks, axis), *_expected(expected, stacks, axis)]
    layers = [
        *_window(data, axis, height),
        *(counted if groups else _nothing(data)),
        *_cut_offs(data, axis, plot),
        *_ticks(data, axis, plot),
        *draw_lanes(lanes, axis, TOP + plot + 32, data.words),
    ]
    about = data.words.say(f"timeline.about_{axis.unit}")
    drawing = svg.picture(WIDTH, height, data.words.say("timeline.title"), about, *layers, name="timeline")
    seen = {status for _, bars in lanes for status, _, _ in bars}
    return TimelineView(
        drawing, axis.unit, axis.t_from, axis.t_to, tuple(groups), tuple(s for s in STATUSES if s in seen), left_out
    )


def _window(data: ReportData, axis: Axis, height: float) -> list[Markup]:
    a, b = axis.x(data.agreement.t_from), axis.x(data.agreement.t_to or axis.t_to)
    words = data.words.say("timeline.in_force")
    words = words if b - a > max(60, LETTER_PX * len(words)) else ""
    return [
        svg.rect(a, TOP - 16, max(b - a, 0.0), height - TOP + 12, fill="#F3EEDF"),
        text(a + 6, TOP - 4, words, class_="small window"),
    ]


def _top(stacks: list[Floats]) -> float:
    """The top of the scale: a round number at or above the highest stack."""
    highest = float(np.sum(stacks, axis=0).max()) if stacks else 0.0
    step = max(nice(max(highest, 1.0) / 3), 1.0)
    return max(-(-highest // step), 1.0) * step


def _scale(data: ReportData, stacks: list[Floats]) -> list[Markup]:
    top = _top(stacks)
    step = max(nice(top / 3), 1.0)
    out = [text(LEFT - 8, TOP - 14, data.words.say("timeline.incidents"), class_="small", text_anchor="end")]
    for i in range(int(top / step) + 1):
        y = TOP + PLOT - PLOT * i * step / top
        out += [
            svg.line(LEFT, y, WIDTH - RIGHT, y, stroke=svg.RULE if i else svg.INK, stroke_width="0.8"),
            text(LEFT - 8, y + 4, data.words.whole(round(i * step)), class_="small", text_anchor="end"),
        ]
    return out


def _nothing(data: ReportData) -> list[Markup]:
    """Instead of bars and their scale, where there is nothing to count."""
    base = TOP + EMPTY
    return [
        svg.line(LEFT, base, WIDTH - RIGHT, base, stroke=svg.INK, stroke_width="0.8"),
        text(LEFT + 6, base - 15, data.words.say("timeline.nothing"), class_="small"),
    ]


def _bars(data: ReportData, groups: list[KindGroup], stacks: list[Floats], axis: Axis) -> list[Markup]:
    base = np.zeros(len(axis.edges) - 1)
    top, out = _top(stacks), []
    for kind_group, values in zip(groups, stacks, strict=True):
        for i in np.flatnonzero(values > 1e-6):
            x0, x1 = axis.x(axis.edges[i]), axis.x(axis.edges[i + 1])
            gap = 1.0 if x1 - x0 > 5 else 0.0
            h = PLOT * float(values[i]) / top
            y = TOP + PLOT - PLOT * float(base[i]) / top - h
            number = data.figures.point(f"{values[i]:.1f}".removesuffix(".0"))
            words = data.words.say("timeline.bar", group=group_label(data.words, kind_group), number=number)
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


def _cut_offs(data: ReportData, axis: Axis, plot: float) -> list[Markup]:
    """Dashed lines where a reporting period ends; the period of this report is named."""
    days = {f.period.t_to for f in data.findings if f.period.name != "in_force"} | {
        data.period.t_from,
        data.period.t_to,
    }
    # Bins of a day run from cut-off to cut-off already.
    inside = sorted(t for t in days if axis.t_from < t < axis.t_to) if axis.unit == "hour" else []
    out = [
        svg.line(
            axis.x(t), TOP - 2, axis.x(t), TOP + plot, stroke=svg.MUTED, stroke_width="0.8", stroke_dasharray="2 3"
        )
        for t in inside[-31:]
    ]
    a, b = axis.x(data.period.t_from), axis.x(data.period.t_to)
    out.append(svg.line(a, TOP - 18, b, TOP - 18, stroke=svg.INK, stroke_width="3"))
    words = data.words.say("timeline.this_report")
    end = max(b, LEFT + LETTER_PX * len(words))
    return [*out, text(end, TOP - 23, words, class_="small", text_anchor="end")]


def _ticks(data: ReportData, axis: Axis, plot: float) -> list[Markup]:
    """Local hours or days, as many as there is room for."""
    clock = data.clock
    hours = (axis.t_to - axis.t_from) / timedelta(hours=1)
    step = next((h for h in (1, 3, 6, 12, 24, 48, 168, 336) if hours / h <= 14), 672)
    midnight = clock.local(axis.t_from).replace(hour=0, minute=0, second=0, microsecond=0)
    out = []
    for i in range(int((hours + 24) // step) + 2):
        # Wall time, so that a tick stays at midnight when the clocks change.
        wall = midnight + timedelta(hours=step * i)
        at = wall.astimezone(data.as_of.tzinfo)
        if axis.t_from <= at <= axis.t_to:
            words = clock.day(at) if wall.hour == 0 else clock.time(at)
            x = axis.x(at)
            out.append(svg.line(x, TOP + plot, x, TOP + plot + 5, stroke=svg.INK, stroke_width="0.8"))
            style = "small day" if wall.hour == 0 else "small"
            out.append(
                text(min(max(x, LEFT + 14), WIDTH - 24), TOP + plot + 18, words, class_=style, text_anchor="middle")
            )
    return out
