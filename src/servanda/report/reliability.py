"""The reliability diagram: what was stated beside what was true."""

from collections.abc import Sequence

from markupsafe import Markup

from servanda.report import svg
from servanda.report.numbers import Figures
from servanda.report.svg import text

SIDE, LEFT, BOTTOM, TOP, RIGHT = 200.0, 58.0, 44.0, 12.0, 24.0
SMALLEST_PX, LARGEST_PX = 3.0, 9.0

Point = tuple[float, float, int]


def draw_reliability(points: Sequence[Point], figures: Figures) -> Markup | None:
    """Points of (mean stated, share true, number), larger for more; on the diagonal a chance means what it says."""
    if not points:
        return None
    most, percent = max(n for _, _, n in points), figures.percent

    def x(share: float) -> float:
        return LEFT + share * SIDE

    def y(share: float) -> float:
        return TOP + (1 - share) * SIDE

    frame = [svg.rect(LEFT, TOP, SIDE, SIDE, fill="none", stroke=svg.RULE)]
    for share in (0.0, 0.5, 1.0):
        frame += [
            text(x(share), TOP + SIDE + 15, figures.share(share), class_="small", text_anchor="middle"),
            text(LEFT - 6, y(share) + 4, figures.share(share), class_="small", text_anchor="end"),
        ]
    middle, say = TOP + SIDE / 2, figures.words.say
    turned = f"rotate(-90 14 {middle:g})"
    names = [
        text(LEFT + SIDE / 2, TOP + SIDE + 34, say("scoreboard.stated"), class_="small", text_anchor="middle"),
        text(14, middle, say("scoreboard.true"), class_="small", text_anchor="middle", transform=turned),
    ]
    diagonal = svg.line(x(0), y(0), x(1), y(1), stroke=svg.MUTED, stroke_dasharray="3 3")
    dots = [
        svg.titled(
            say("scoreboard.dot", findings=say("common.findings", n=n), stated=percent(stated), true=percent(true)),
            svg.el(
                "circle",
                cx=x(stated),
                cy=y(true),
                r=SMALLEST_PX + (LARGEST_PX - SMALLEST_PX) * (n / most) ** 0.5,
                fill="#0072B2",
                fill_opacity="0.75",
            ),
        )
        for stated, true, n in sorted(points)
    ]
    width, height, about = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM, say("scoreboard.about")
    return svg.picture(
        width, height, say("scoreboard.diagram"), about, *frame, *names, diagonal, *dots, name="reliability"
    )
