"""The reliability diagram: what was stated beside what was true."""

from collections.abc import Sequence

from markupsafe import Markup

from servanda.report import svg
from servanda.report.numbers import percent, plural
from servanda.report.svg import text

SIDE, LEFT, BOTTOM, TOP, RIGHT = 200.0, 58.0, 44.0, 12.0, 24.0
SMALLEST_PX, LARGEST_PX = 3.0, 9.0

Point = tuple[float, float, int]


def draw_reliability(points: Sequence[Point]) -> Markup | None:
    """Points of (mean stated, share true, number), larger for more; on the diagonal a chance means what it says."""
    if not points:
        return None
    most = max(n for _, _, n in points)

    def x(share: float) -> float:
        return LEFT + share * SIDE

    def y(share: float) -> float:
        return TOP + (1 - share) * SIDE

    frame = [svg.rect(LEFT, TOP, SIDE, SIDE, fill="none", stroke=svg.RULE)]
    for share in (0.0, 0.5, 1.0):
        frame += [
            text(x(share), TOP + SIDE + 15, f"{share:.0%}", class_="small", text_anchor="middle"),
            text(LEFT - 6, y(share) + 4, f"{share:.0%}", class_="small", text_anchor="end"),
        ]
    middle = TOP + SIDE / 2
    names = [
        text(LEFT + SIDE / 2, TOP + SIDE + 34, "chance stated", class_="small", text_anchor="middle"),
        text(14, middle, "truly broken", class_="small", text_anchor="middle", transform=f"rotate(-90 14 {middle:g})"),
    ]
    diagonal = svg.line(x(0), y(0), x(1), y(1), stroke=svg.MUTED, stroke_dasharray="3 3")
    dots = [
        svg.titled(
            f"{plural(n, 'finding')}: stated {percent(stated)}, truly broken {percent(true)}",
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
    about = "Share truly broken against the chance stated; on the dashed diagonal a chance means what it says."
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
    return svg.picture(width, height, "Reliability", about, *frame, *names, diagonal, *dots, name="reliability")
