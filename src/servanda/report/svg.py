"""Drawing in SVG: an element maker that escapes, the shapes of kind groups, and the hatches of watch status."""

import math
from collections.abc import Iterable

from markupsafe import Markup, escape

from servanda.report.data import Shape

INK, MUTED, RULE = "#1F2328", "#5A6169", "#D8D4CA"


def el(tag: str, *children: object, **attributes: object) -> Markup:
    """An element; ``stroke_width`` becomes ``stroke-width``, ``class_`` becomes ``class``, None is left out."""
    pairs = ((k.rstrip("_").replace("_", "-"), v) for k, v in attributes.items() if v is not None)
    attrs = Markup("").join(Markup(' {}="{}"').format(Markup(k), coordinate(v)) for k, v in pairs)
    inside = Markup("").join(escape(c) for c in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), attrs, inside)


def coordinate(value: object) -> object:
    """Numbers with one decimal: finer is not seen, and every byte counts."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def group(children: Iterable[object], **attributes: object) -> Markup:
    return el("g", *children, **attributes)


def text(x: float, y: float, words: str, **attributes: object) -> Markup:
    return el("text", words, x=x, y=y, **attributes)


def titled(words: str, *children: object, href: str | None = None) -> Markup:
    """A group that says what it is to a pointer and to a screen reader, and links to its evidence."""
    inside = (el("title", words), *children)
    return el("a", *inside, href=href) if href else el("g", *inside)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Markup:
    return el("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> Markup:
    return el("rect", x=x, y=y, width=width, height=height, **attributes)


CORNERS: dict[Shape, tuple[int, float, float]] = {
    "square": (4, 45, 1.25),
    "triangle": (3, 0, 1.35),
    "diamond": (4, 0, 1.3),
    "pentagon": (5, 0, 1.15),
}
"""Number of corners, turn in degrees, scale that makes the areas alike."""


def mark(shape: Shape, x: float, y: float, r: float, **attributes: object) -> Markup:
    """A symbol of about the same area for every shape, centred on x, y."""
    if shape == "circle":
        return el("circle", cx=x, cy=y, r=r, **attributes)
    if shape == "bar":
        return rect(x - r * 1.2, y - r * 0.62, r * 2.4, r * 1.24, **attributes)
    if shape == "cross":
        return el("path", d=_plus(x, y, r), **attributes)
    corners, turn, scale = CORNERS[shape]
    points = (
        (x + r * scale * math.sin(a), y - r * scale * math.cos(a))
        for a in (math.radians(turn + 360 * i / corners) for i in range(corners))
    )
    return el("polygon", points=" ".join(f"{px:.1f},{py:.1f}" for px, py in points), **attributes)


def _plus(x: float, y: float, r: float) -> str:
    a, b = r * 1.1, r * 0.4
    return (
        f"M{x - b:.1f} {y - a:.1f}h{2 * b:.1f}v{a - b:.1f}h{a - b:.1f}v{2 * b:.1f}h{b - a:.1f}v{a - b:.1f}"
        f"h{-2 * b:.1f}v{b - a:.1f}h{b - a:.1f}v{-2 * b:.1f}h{a - b:.1f}z"
    )


HATCHES = {
    "watching": "#9CC7B8",
    "denied": "url(#h-denied)",
    "jammed": "url(#h-jammed)",
    "clouded": "url(#h-clouded)",
    "dark": "url(#h-dark)",
    "offline": "url(#h-offline)",
    "strike": "url(#h-strike)",
}
"""Fill of each watch status; the patterns are defined once in the page."""


def picture(width: float, height: float, title: str, description: str, *children: object, name: str) -> Markup:
    """A whole drawing that scales with its container and is described for those who do not see it."""
    return el(
        "svg",
        el("title", title, id=f"{name}-title"),
        el("desc", description, id=f"{name}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="group",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="picture",
    )
