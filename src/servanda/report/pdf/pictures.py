"""Drawings that stand on their own: the page keeps patterns and fonts outside them, paper has no outside."""

import re
from functools import cache
from importlib import resources

from markupsafe import Markup

from servanda.report import svg
from servanda.report.clusters import fill_of
from servanda.report.data import KindGroup, MapZone, ReportSettings
from servanda.report.map import LINE, ZONE

LOOK = (
    "text{font-family:'DejaVu Sans';font-size:11px;fill:#1F2328}"
    ".small{font-size:10.5px;fill:#454B52}.tick{font-size:9.5px;fill:#6B6659}.day{font-weight:bold;fill:#1F2328}"
    ".window{font-style:italic}"
    ".count{font-size:10px;font-weight:bold;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}"
    ".zone-name{font-size:12px;font-weight:bold;fill:#00507D;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    ".line-name{font-size:11.5px;font-weight:bold;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    ".region-name{font-size:10px;fill:#6B6659;paint-order:stroke;stroke:#FAF8F3;stroke-width:3px}"
)
"""The classes of the page, a size smaller: this typeface is wide, and it is the same on every machine."""
INK = "#454B52"


def standing(drawing: Markup | str) -> str:
    """The drawing with the patterns and the typeface that it needs."""
    inside = f"<style>{LOOK}</style>{_defs() if 'url(#h-' in drawing else ''}"
    return re.sub(r"(<svg\b[^>]*>)", lambda m: m[1] + inside, str(drawing), count=1)


@cache
def _defs() -> str:
    return resources.files("servanda.report").joinpath("templates/defs.html.j2").read_text("utf-8")


@cache
def signs() -> dict[str, str]:
    """The sign of each verdict as a drawing."""
    found = re.findall(r'<symbol id="v-(\w+)" viewBox="([^"]+)">(.*?)</symbol>', _defs(), re.S)
    return {
        name: f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{inside}</svg>' for name, box, inside in found
    }


def key(drawing: Markup) -> str:
    """A sign of a legend, drawn in 18 by 18."""
    return standing(Markup('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18">{}</svg>').format(drawing))


def group_key(group: KindGroup) -> str:
    return key(svg.mark(group.shape, 9.0, 9.0, 5.5, fill=group.colour))


def bar_key(group: KindGroup) -> str:
    return key(svg.rect(2, 2, 14, 14, fill=group.colour))


def chance_key(p: float, settings: ReportSettings) -> str:
    return key(svg.mark("circle", 9.0, 9.0, 5.5, **fill_of(p, INK, settings)))


def vague_key() -> str:
    return key(svg.mark("circle", 9.0, 9.0, 8.0, fill="none", stroke=INK, stroke_dasharray="2 3"))


def band_key() -> str:
    return key(svg.line(2, 9, 16, 9, stroke=INK, stroke_width="5", stroke_opacity="0.3", stroke_linecap="round"))


def ellipse_key() -> str:
    look = {"fill": "none", "stroke": INK, "stroke_dasharray": "2 2"}
    return key(svg.el("ellipse", cx=9.0, cy=9.0, rx=8.0, ry=4.5, **look))


def zone_key(zone: MapZone) -> str:
    if zone.role == "line":
        return key(svg.line(0, 9, 18, 9, stroke=LINE, stroke_width="2.6"))
    drawn = svg.rect(
        1, 3, 16, 12, fill=ZONE, fill_opacity="0.07", stroke=ZONE, stroke_width="1.4", stroke_dasharray="6 3"
    )
    return key(drawn)


def expected_key() -> str:
    return key(svg.el("path", d="M0 12h9V6h9", fill="none", stroke=svg.INK, stroke_width="1.6"))


def status_key(status: str) -> str:
    stroke = None if status == "watching" else svg.INK
    return key(svg.rect(1, 4, 16, 10, fill=svg.HATCHES[status], stroke=stroke, stroke_width="0.5"))
