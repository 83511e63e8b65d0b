"""A rate ratio drawn as a dot with its 95 % interval, on a logarithmic scale shared by all comparisons."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from servanda.findings import Comparison, Interval
from servanda.report import svg
from servanda.report.numbers import ratio
from servanda.report.svg import text

WIDTH, HEIGHT, EDGE = 260.0, 46.0, 14.0
LEAST_REACH = 2.0
FURTHEST_REACH = 100.0


def reach_of(comparisons: Sequence[Comparison]) -> float:
    """The scale runs from 1/reach to reach, so that 1, no change, is in the middle of all drawings."""
    ends = [v for c in comparisons for v in (c.rate_ratio.mean, c.rate_ratio.low, c.rate_ratio.high) if v]
    reach = max([LEAST_REACH, *(max(v, 1 / v) for v in ends)])
    return min(2.0 ** math.ceil(math.log2(reach)), FURTHEST_REACH)


def whisker(estimate: Interval, reach: float, name: str) -> Markup:
    """One drawing; what lies beyond the scale ends in an arrow head."""

    def x(value: float) -> float:
        share = math.log(min(max(value, 1 / reach), reach) / (1 / reach)) / math.log(reach * reach)
        return EDGE + share * (WIDTH - 2 * EDGE)

    y = 15.0
    parts = [
        svg.line(EDGE, y + 13, WIDTH - EDGE, y + 13, stroke=svg.RULE),
        svg.line(x(1), 2, x(1), y + 13, stroke=svg.MUTED, stroke_dasharray="2 2"),
        *(text(x(v), HEIGHT - 3, _tick(v), text_anchor="middle", class_="small") for v in (1 / reach, 1.0, reach)),
    ]
    if estimate.mean is not None:
        low = estimate.low if estimate.low is not None else 0.0
        high = estimate.high if estimate.high is not None else math.inf
        parts += [
            svg.line(x(low), y, x(high), y, stroke=svg.INK, stroke_width="2"),
            _end(x(low), y, low < 1 / reach, -1),
            _end(x(high), y, high > reach, 1),
            svg.el("circle", cx=x(estimate.mean), cy=y, r=5, fill=svg.INK),
        ]
    return svg.picture(WIDTH, HEIGHT, "Rate ratio", f"{ratio(estimate)}; 1 means no change.", *parts, name=name)


def _tick(value: float) -> str:
    return f"{value:g}" if value >= 1 else f"1/{round(1 / value)}"


def _end(x: float, y: float, beyond: bool, side: int) -> Markup:
    if beyond:
        return svg.el("path", d=f"M{x:.1f} {y - 5:.1f}l{side * 7} 5l{-side * 7} 5z", fill=svg.INK)
    return svg.line(x, y - 4, x, y + 4, stroke=svg.INK, stroke_width="2")
