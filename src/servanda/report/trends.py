"""Trends: one drawing each, with the effort below it, and one sentence that says no more than the interval allows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from servanda.findings import Interval, Trend, TrendPoint
from servanda.report import svg
from servanda.report.data import ReportData
from servanda.report.ground import nice
from servanda.report.svg import text

WIDTH, LEFT, RIGHT = 1000.0, 62.0, 12.0
TOP, PLOT, GAP, STRIP, BOTTOM, YEARS = 20.0, 120.0, 8.0, 22.0, 20.0, 13.0
LEVEL, BAND, EFFORT, CHANGE = "#0072B2", "#CFE3F1", "#9CC7B8", "#D55E00"
WIDE = 8.0
"""With the highest rate so many times the middle one, the scale is of square roots, so that the low days are seen."""
WEEK = 7.0
"""With fewer covered days on one side, that is named as a reason why no change can be told."""
MANY = 2.0
"""From a doubling on, a rise is told in times and not in per cent."""


@dataclass(frozen=True)
class TrendView:
    """``picture`` is None where there is no series; ``sentences``: what it rests on and when the level changed."""

    trend: Trend
    said: str
    sure: bool
    picture: Markup | None
    sentences: tuple[str, ...]


def trend_views(data: ReportData) -> list[TrendView]:
    return [_view(data, t, i) for i, t in enumerate(data.trends)]


def _view(data: ReportData, t: Trend, i: int) -> TrendView:
    words = sentence(data, t)
    sure = t.said in ("fell", "rose", "fell_to_none", "rose_from_none")
    drawn = _draw(data, t, words, f"trend-{i}") if t.points else None
    scale = (data.words.say("trend.rooted"),) if t.points and _frame(t).rooted else ()
    return TrendView(t, words, sure, drawn, (*_behind(data, t), *scale))


def sentence(data: ReportData, t: Trend) -> str:
    """The one thing that may be said: a change only where the 95 % interval leaves out none."""
    say = data.words.say
    code, low, high = t.said, t.rate_ratio.low or 0.0, t.rate_ratio.high
    if code == "fell":
        held = {"change": _fall(data, t.rate_ratio.mean or 0.0), "range": _falls(data, low, high or 0.0)}
    elif code == "fell_to_none":
        held = {"least": _fall(data, high or 0.0)}
    elif code == "rose":
        code, held = _rise(data, t.rate_ratio)
    elif code == "rose_from_none":
        held = {"least": _times(data, low)}
    elif code in ("no_change", "open"):
        code = "no_change" if high is not None else "no_change_open"
        held = {"low": _signed(data, low), "high": _signed(data, high or 1.0)}
    elif code == "reports":
        held = {
            "ratio": data.figures.ratio(t.rate_ratio) if t.rate_ratio.mean is not None else f"≥ {_times(data, low)}"
        }
    else:
        held = {k: data.figures.number(v) for k, v in t.values}
        lacking = {"before_too_short": "days_before", "window_too_short": "days"}.get(code)
        if lacking and dict(t.values).get(lacking) == 0:
            code = code.replace("too_short", "uncovered")
    return say(f"trend.{code}", **held)


def _rise(data: ReportData, ratio: Interval) -> tuple[str, dict[str, str]]:
    mean, low = ratio.mean or 1.0, ratio.low or 1.0
    if ratio.high is None:
        return "rose_open", {"least": _times(data, low)}
    if mean < MANY:
        parts = [data.figures.share(x - 1.0) for x in (mean, low, ratio.high)]
        return "rose", {"change": parts[0], "range": _range(data, parts[1], parts[2])}
    return "rose_times", {
        "change": _times(data, mean),
        "range": _range(data, _times(data, low), _times(data, ratio.high)),
    }


def _fall(data: ReportData, ratio: float) -> str:
    """Whole per cent; a fall is never told as a flat 100, which no count supports."""
    if ratio < 0.01:
        return data.words.say("language.above", n=data.figures.share(0.99))
    return data.figures.share(1.0 - ratio)


def _falls(data: ReportData, low: float, high: float) -> str:
    return _range(data, f"{100.0 * (1.0 - high):.0f}", _fall(data, low))


def _signed(data: ReportData, ratio: float) -> str:
    sign = "−" if ratio < 1.0 else "+"
    return sign + data.figures.share(abs(ratio - 1.0))


def _times(data: ReportData, ratio: float) -> str:
    return data.figures.number(ratio)


def _range(data: ReportData, low: str, high: str) -> str:
    return data.words.say("language.range", low=low, high=high)


def _behind(data: ReportData, t: Trend) -> Sequence[str]:
    """What the ratio was read from, the effort, and the change-points with their dates."""
    say, figures, clock, held = data.words.say, data.figures, data.clock, dict(t.values)
    shown = {k: figures.number(held.get(k)) for k in ("count", "days", "count_before", "days_before")}
    counted = "trend.counted_plain" if t.effort_basis == "none" else "trend.counted"
    out = [say(counted, **shown), say(f"trend.basis_{t.effort_basis}")]
    if t.effort_basis in ("watches", "watch_hours") and held.get("days", 0.0) > 0:
        out.append(say("trend.effort_was", share=figures.share(held.get("effort", 0.0))))
    if held.get("no_number", 0.0) + held.get("no_number_before", 0.0) > 0:
        words = {"inside": held["no_number"], "before": held["no_number_before"]}
        out.append(say("trend.no_number", **{k: figures.number(v) for k, v in words.items()}))
    if t.said in ("no_change", "open") and min(held["days"], held["days_before"]) < WEEK:
        out.append(say("trend.thin"))
    if round(held.get("unwatched_count", 0.0)) > 0:  # less is the part of a report that reaches over an edge
        out.append(say("trend.unwatched", count=figures.number(held["unwatched_count"])))
    if "dispersion" in held:
        known = {k: figures.fixed(held[k], 2) for k in ("dispersion", "correlation")}
        out.append(say("trend.allowed", **known))
    if "dispersion" in held and t.effort_basis != "none":
        out += [
            say(
                f"trend.change_{'down' if c.level_after < c.level_before else 'up'}",
                at=clock.days(c.at, c.at + timedelta(microseconds=1), t.t_from),
                dates=clock.days(c.low, c.high + timedelta(microseconds=1), t.t_from),
                before=figures.number(c.level_before),
                after=figures.number(c.level_after),
            )
            for c in t.changes
        ] or [say("trend.no_changes")]
    return out


@dataclass(frozen=True)
class _Frame:
    t_from: datetime
    t_to: datetime
    top: float
    rooted: bool

    def x(self, t: datetime) -> float:
        share = (t - self.t_from) / (self.t_to - self.t_from)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, rate: float) -> float:
        share = min(max(rate, 0.0) / self.top, 1.0)
        return TOP + PLOT * (1.0 - (math.sqrt(share) if self.rooted else share))


def rate(p: TrendPoint) -> float:
    """Events a day at the effort of the time before."""
    return p.count / max(p.effort * ((p.t_to - p.t_from) / timedelta(days=1)), 1e-9)


def _frame(t: Trend) -> _Frame:
    rates = sorted(rate(p) for p in t.points)
    fitted = [p.fitted.mean for p in t.points if p.fitted and p.fitted.mean is not None]
    highest, middle = max([rates[-1], *fitted, 1e-6]), rates[len(rates) // 2]
    first, last = min(t.points[0].t_from, t.before_from), max(t.points[-1].t_to, t.t_to)
    return _Frame(first, last, highest * 1.05, highest > WIDE * max(middle, 1e-9))


def _draw(data: ReportData, t: Trend, words: str, name: str) -> Markup:
    f = _frame(t)
    height = TOP + PLOT + GAP + STRIP + BOTTOM + (YEARS if _years(data, f) > 1 else 0.0)
    drawn = [
        *_window(data, t, f),
        *_changes(t, f),
        *_scale(data, f),
        *_levels(t, f),
        *_dots(t, f),
        *_effort(data, t, f),
    ]
    about = data.words.say("trend.about", said=words)
    return svg.picture(WIDTH, height, t.title, about, *drawn, *_dates(data, f), name=name)


def _window(data: ReportData, t: Trend, f: _Frame) -> list[Markup]:
    a, b = f.x(t.t_from), f.x(t.t_to)
    words = data.words.say("trend.window")
    at, anchor = (a + 5, "start") if WIDTH - RIGHT - a > 7.0 * len(words) else (b - 2, "end")
    return [
        svg.rect(a, TOP - 14, b - a, PLOT + GAP + STRIP + 14, fill="#F3EEDF"),
        text(at, TOP - 4, words, class_="small window", text_anchor=anchor),
    ]


def _changes(t: Trend, f: _Frame) -> list[Markup]:
    """Each as a line at its likeliest moment, over a band of the moments that hold it."""
    out = []
    for c in t.changes:
        a, b, at = f.x(c.low), f.x(c.high), f.x(c.at)
        out += [
            svg.rect(min(a, at - 1.5), TOP, max(b - a, 3.0), PLOT, fill=CHANGE, fill_opacity="0.16"),
            svg.line(at, TOP, at, TOP + PLOT, stroke=CHANGE, stroke_width="1.6", stroke_dasharray="5 3"),
        ]
    return out


def _scale(data: ReportData, f: _Frame) -> list[Markup]:
    out = [text(LEFT - 8, TOP - 8, data.words.say("trend.per_day"), class_="small", text_anchor="end")]
    step = nice(f.top / 3)
    marks = [0.0, f.top / 16, f.top / 4, f.top / 1.6] if f.rooted else [i * step for i in range(4)]
    for mark in sorted({nice(m) if m and f.rooted else m for m in marks}):
        if mark <= f.top:
            y = f.y(mark)
            stroke = svg.RULE if mark else svg.INK
            out += [
                svg.line(LEFT, y, WIDTH - RIGHT, y, stroke=stroke, stroke_width="0.7"),
                text(LEFT - 8, y + 4, data.figures.number(mark), class_="small", text_anchor="end"),
            ]
    return out


def _levels(t: Trend, f: _Frame) -> list[Markup]:
    """The fitted level as steps over its 95 % band; neighbours of one level are one step."""
    out = []
    for a, b, level in _steps(t.points):
        x, width = f.x(a), max(f.x(b) - f.x(a), 1.0)
        top, bottom = f.y(level.high or 0.0), f.y(level.low or 0.0)
        out.append(svg.rect(x, top, width, max(bottom - top, 0.8), fill=BAND, fill_opacity="0.8"))
    for a, b, level in _steps(t.points):
        y = f.y(level.mean or 0.0)
        out.append(svg.line(f.x(a), y, f.x(b), y, stroke=LEVEL, stroke_width="2.2"))
    return out


def _steps(points: Sequence[TrendPoint]) -> list[tuple[datetime, datetime, Interval]]:
    out: list[tuple[datetime, datetime, Interval]] = []
    for p in points:
        if p.fitted is None:
            continue
        if out and math.isclose(out[-1][2].mean or 0.0, p.fitted.mean or 0.0, rel_tol=1e-6):
            out[-1] = (out[-1][0], p.t_to, out[-1][2])
        else:
            out.append((p.t_from, p.t_to, p.fitted))
    return out


def _dots(t: Trend, f: _Frame) -> list[Markup]:
    """A dot for each stretch; 'at least so many' is a triangle that points up."""
    r = 2.6 if len(t.points) < 120 else 1.8
    return [
        svg.mark("triangle" if p.at_least else "circle", f.x(p.t_from + (p.t_to - p.t_from) / 2), f.y(rate(p)), r,
                 fill=svg.INK, fill_opacity="0.75")
        for p in t.points
    ]  # fmt: skip


def _effort(data: ReportData, t: Trend, f: _Frame) -> list[Markup]:
    """Bars below: effort of each stretch against its mean before; a stretch without any has none."""
    base = TOP + PLOT + GAP + STRIP
    most = max(1.0, *(p.effort for p in t.points))
    out = [text(LEFT - 8, base - 6, data.words.say("trend.effort"), class_="small", text_anchor="end")]
    for p in t.points:
        h = STRIP * p.effort / most
        out.append(svg.rect(f.x(p.t_from), base - h, max(f.x(p.t_to) - f.x(p.t_from) - 0.5, 0.6), h, fill=EFFORT))
    return [*out, svg.line(LEFT, base, WIDTH - RIGHT, base, stroke=svg.INK, stroke_width="0.7")]


def _years(data: ReportData, f: _Frame) -> int:
    return data.clock.local(f.t_to - timedelta(microseconds=1)).year - data.clock.local(f.t_from).year + 1


def _dates(data: ReportData, f: _Frame) -> list[Markup]:
    """Days below the drawing; where it holds more than one year, the year below the first day of each."""
    clock, years = data.clock, set[int]()
    days = (f.t_to - f.t_from) / timedelta(days=1)
    step = next((d for d in (1, 2, 5, 7, 14, 28, 56) if days / d <= 12), 91)
    wall = clock.local(f.t_from).replace(hour=0, minute=0, second=0, microsecond=0)
    out = []
    y = TOP + PLOT + GAP + STRIP
    for i in range(int(days // step) + 2):
        at = (wall + timedelta(days=i * step)).astimezone(data.as_of.tzinfo)
        if f.t_from <= at <= f.t_to and f.x(at) < WIDTH - 24:
            x, year = f.x(at), clock.local(at).year
            out += [
                svg.line(x, y, x, y + 4, stroke=svg.INK, stroke_width="0.7"),
                text(max(x, LEFT + 12), y + 15, clock.day(at), class_="small", text_anchor="middle"),
            ]
            if _years(data, f) > 1 and year not in years:
                out.append(text(max(x, LEFT + 12), y + 28, str(year), class_="small day", text_anchor="middle"))
            years.add(year)
    return out
