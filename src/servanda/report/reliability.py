"""The reliability diagram: what was stated beside what was true, and how many findings stand behind it."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from servanda.report import svg
from servanda.report.numbers import Figures
from servanda.report.svg import text

SIDE, LEFT, TOP, RIGHT = 236.0, 58.0, 14.0, 18.0
GAP, STRIP, BOTTOM = 10.0, 40.0, 42.0
"""Between the square and the strip of counts; the strip; below it, for the axis."""
RADIUS = 4.5
BLUE, BAND = "#0072B2", "#E8F1F7"
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
NEAR = 0.1
"""The band along the diagonal: a stated chance is off by no more than ten points."""
Z95 = 1.959964

Point = tuple[float, float, int]


def draw_reliability(points: Sequence[Point], figures: Figures, name: str = "reliability") -> Markup | None:
    """Points of (mean stated, share true, number); on the diagonal a chance means what it says.

    Bars are 95 % intervals of the shares, were the findings independent; below, how many findings state such a chance.
    """
    if not points:
        return None
    say, ordered = figures.words.say, sorted(points)
    marks = [svg.titled(_said(p, figures), _whisker(p), _dot(p)) for p in ordered]
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + GAP + STRIP + BOTTOM
    return svg.picture(
        width, height, say("scoreboard.diagram"), say("scoreboard.about"),
        *_ground(), *_axes(figures), *_sides(figures), *marks, *_strip(ordered, figures), name=name,
    )  # fmt: skip


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return TOP + (1.0 - share) * SIDE


def _ground() -> Iterator[Markup]:
    """The square, its grid, the diagonal, and the band near it."""
    corners = ((0, 0), (NEAR, 0), (1, 1 - NEAR), (1, 1), (1 - NEAR, 1), (0, NEAR))
    yield svg.el("polygon", points=" ".join(f"{_x(a):.1f},{_y(b):.1f}" for a, b in corners), fill=BAND)
    for share in TICKS[1:-1]:
        yield svg.line(_x(share), _y(0), _x(share), _y(1), stroke=svg.RULE, stroke_width="0.6")
        yield svg.line(_x(0), _y(share), _x(1), _y(share), stroke=svg.RULE, stroke_width="0.6")
    yield svg.rect(LEFT, TOP, SIDE, SIDE, fill="none", stroke=svg.RULE)
    yield svg.line(_x(0), _y(0), _x(1), _y(1), stroke=svg.MUTED, stroke_dasharray="4 3")


def _axes(figures: Figures) -> Iterator[Markup]:
    say, below, middle = figures.words.say, TOP + SIDE + GAP + STRIP, TOP + SIDE / 2
    for share in TICKS:
        yield text(_x(share), below + 14, figures.share(share), class_="small", text_anchor="middle")
        yield text(LEFT - 6, _y(share) + 4, figures.share(share), class_="small", text_anchor="end")
    yield text(LEFT + SIDE / 2, below + 32, say("scoreboard.stated"), class_="small", text_anchor="middle")
    turned = f"rotate(-90 14 {middle:g})"
    yield text(14, middle, say("scoreboard.true"), class_="small", text_anchor="middle", transform=turned)


def _sides(figures: Figures) -> Iterator[Markup]:
    """What it means to lie above the diagonal, or below it."""
    say = figures.words.say
    halo = {"class_": "tick", "paint_order": "stroke", "stroke": "#fff", "stroke_width": "3"}
    yield text(_x(0) + 8, _y(1) + 16, say("scoreboard.above"), **halo)
    yield text(_x(1) - 8, _y(0) - 8, say("scoreboard.below"), text_anchor="end", **halo)


def _dot(p: Point) -> Markup:
    return svg.el("circle", cx=_x(p[0]), cy=_y(p[1]), r=RADIUS, fill=BLUE)


def _whisker(p: Point) -> Markup:
    low, high = wilson(p[1], p[2])
    return svg.line(_x(p[0]), _y(low), _x(p[0]), _y(high), stroke=BLUE, stroke_width="1.4")


def _strip(points: Sequence[Point], figures: Figures) -> Iterator[Markup]:
    """Bars as high as the number of findings, on a square-root scale, so that few are seen beside many."""
    base, most = TOP + SIDE + GAP + STRIP, max(n for _, _, n in points)
    for stated, _, n in points:
        high = (STRIP - 12.0) * (n / most) ** 0.5
        yield svg.rect(_x(stated) - 6, base - high, 12.0, high, fill=BLUE, fill_opacity="0.35")
        yield text(_x(stated), base - high - 3, figures.words.whole(n), class_="tick", text_anchor="middle")
    yield svg.line(LEFT, base, LEFT + SIDE, base, stroke=svg.RULE)


def _said(p: Point, figures: Figures) -> str:
    say, percent = figures.words.say, figures.percent
    findings = say("common.findings", n=p[2])
    return say("scoreboard.dot", findings=findings, stated=percent(p[0]), true=percent(p[1]))


def wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share seen in ``n`` independent trials (Wilson 1927)."""
    z2 = Z95 * Z95 / n
    middle, half = share + z2 / 2.0, Z95 * (share * (1.0 - share) / n + z2 / (4.0 * n)) ** 0.5
    return max((middle - half) / (1.0 + z2), 0.0), min((middle + half) / (1.0 + z2), 1.0)
