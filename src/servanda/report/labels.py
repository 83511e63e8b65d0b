"""Names on the map, placed so that none covers another."""

import numpy as np
import polars as pl
import shapely
from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from servanda.report import svg
from servanda.report.data import ReportData
from servanda.report.ground import WIDTH, Ground
from servanda.report.svg import text

LETTER_PX, BOLD_PX = 7.0, 8.2
"""Width of a letter, about: fonts are the reader's own, so that it cannot be known. Zones and lines are in bold."""
Box = tuple[float, float, float, float]


def draw_labels(data: ReportData, ground: Ground, clusters: pl.DataFrame) -> tuple[Markup, Markup]:
    """Names of zones, then of regions; one that would cover another, or a symbol, is left to the legend."""
    symbols = [(x - 9, y - 9, x + 9, y + 9) for x, y in clusters.select("x", "y").iter_rows()]
    taken: list[Box] = []
    zones = [(z.label, z.geometry, f"{z.role}-name") for z in data.zones]
    regions = [(name, data.regions[name], "region-name") for name in sorted(data.regions)]
    named = [_label(*z, ground, taken, symbols) for z in zones]
    under = [_label(*r, ground, taken, symbols) for r in regions]
    return svg.group(named, aria_hidden="true"), svg.group(under, aria_hidden="true")


def _label(
    words: str, geometry: BaseGeometry, style: str, ground: Ground, taken: list[Box], symbols: list[Box]
) -> Markup:
    """The name where it is free, or nothing; what it covers is added to ``taken``.

    A zone is named over symbols where there is no other room.
    """
    seen = ground.shape(geometry)
    half = len(words) * (LETTER_PX if style == "region-name" else BOLD_PX) / 2
    if seen.is_empty or (style == "region-name" and seen.bounds[2] - seen.bounds[0] < half * 1.6):
        return Markup("")
    spots = _spots(seen, half, ground, style)
    clear = (s for s in spots if _free(s, half, taken + symbols))
    spot = next(clear, None)
    if spot is None and style != "region-name":
        spot = next((s for s in spots if _free(s, half, taken)), None)
    if spot is None:
        return Markup("")
    taken.append((spot[0] - half, spot[1] - 12, spot[0] + half, spot[1] + 4))
    return text(*spot, words, class_=style, text_anchor="middle")


def _spots(seen: shapely.Geometry, half: float, ground: Ground, style: str) -> list[tuple[float, float]]:
    """Where a name may stand: zones and lines are named at their ends, regions inside; always on the sheet."""
    inside = shapely.point_on_surface(seen)
    x, y = shapely.get_coordinates(shapely.clip_by_rect(seen, 0, 0, WIDTH, ground.height)).T
    wanted = [(inside.x, inside.y + dy) for dy in (4, 24, -16, 40, -32)]
    if style != "region-name" and len(x):
        high, low, left, right = y.argmin(), y.argmax(), x.argmin(), x.argmax()
        ends = [(x[high], y[high] - 8), (x[low], y[low] + 16), (x[right], y[right] - 10), (x[left], y[left] - 10)]
        wanted = (ends if style == "zone-name" else [ends[2], ends[3], *ends[:2]]) + wanted
    return [
        (float(np.clip(px, half + 6, WIDTH - half - 6)), float(np.clip(py, 28, ground.height - 44)))
        for px, py in wanted
    ]


def _free(spot: tuple[float, float], half: float, taken: list[Box]) -> bool:
    x0, y0, x1, y1 = spot[0] - half, spot[1] - 12, spot[0] + half, spot[1] + 4
    return all(x1 < a or x0 > c or y1 < b or y0 > d for a, b, c, d in taken)
