"""A rate ratio drawn as a dot with its 95 % interval, on a logarithmic scale shared by all comparisons."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from servanda.findings import Comparison, Interval
from servanda.report import svg
from servanda.report.numbers import Figures
from servanda.report.svg import text

WIDTH, HEIGHT, EDGE = 260.0, 46.0, 22.0
STOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Where the scale may end. A ratio beyond 100 either way is drawn to the edge: its size is no longer the news."""
NO_CHANGE = 1.0

Scale = tuple[float, float]


def scale_of(comparisons: Sequence[Comparison]) -> Scale:
    """The ends of a scale that holds all estimates and 1, no change, with room on both sides of it."""
    ends = [v for c in comparisons for v in (c.rate_ratio.mean, c.rate_ratio.low, c.rate_ratio.high) if v is not None]
    low, high = min([0.5, *ends]), max([2.0, *ends])
    return (
        max((s for s in STOPS if s <= low), default=STOPS[0]),
        min((s for s in STOPS if s >= high), default=STOPS[-1]),
    )


def whisker(estimate: Interval, scale: Scale, name: str, figures: Figures) -> Markup:
    """One drawing; an interval that goes on beyond the scale is dashed at its end and has no cap."""
    first, last = scale

    def x(value: float) -> float:
        share = math.log(min(max(value, first), last) / first) / math.log(last / first)
        return EDGE + share * (WIDTH - 2 * EDGE)

    y = 15.0
    parts = [
        svg.line(EDGE, y + 13, WIDTH - EDGE, y + 13, stroke=svg.RULE),
        svg.line(x(NO_CHANGE), 2, x(NO_CHANGE), y + 13, stroke=svg.MUTED, stroke_dasharray="2 2"),
        *(text(x(v), HEIGHT - 3, figures.point(f"{v:g}"), text_anchor="middle", class_="small") for v in _ticks(scale)),
    ]
    if estimate.mean is not None:
        low = estimate.low if estimate.low is not None else 0.0
        high = estimate.high if estimate.high is not None else math.inf
        parts += [
            svg.line(x(low), y, x(high), y, stroke=svg.INK, stroke_width="2"),
            _end(x(low), y, figures.point(f"< {first:g}") if low < first else "", -1),
            _end(x(high), y, figures.point(f"> {last:g}") if high > last else "", 1),
            svg.el("circle", cx=x(estimate.mean), cy=y, r=5, fill=svg.INK),
        ]
    say = figures.words.say
    words = say("comparisons.whisker", ratio=figures.ratio(estimate), words=figures.ratio_words(estimate))
    return svg.picture(WIDTH, HEIGHT, say("comparisons.ratio"), words, *parts, name=name)


def _ticks(scale: Scale) -> list[float]:
    """The ends, 1, and the powers of ten between."""
    return sorted({*scale, NO_CHANGE, *(v for v in (0.01, 0.1, 10.0, 100.0) if scale[0] < v < scale[1])})


def _end(x: float, y: float, beyond: str, side: int) -> Markup:
    """A cap; or, where the interval goes on, dashes beyond the scale with ``beyond`` in words."""
    if not beyond:
        return svg.line(x, y - 4, x, y + 4, stroke=svg.INK, stroke_width="2")
    tail = svg.line(x, y, x + side * (EDGE - 4), y, stroke=svg.INK, stroke_width="2", stroke_dasharray="3 3")
    return svg.group([tail, text(x, y - 5, beyond, text_anchor="middle", class_="small")])
