"""The ground that the map is drawn on: an equal-area projection about its middle, and what lies under the incidents."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from markupsafe import Markup
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from servanda.report import svg
from servanda.report.numbers import Figures
from servanda.report.svg import el, text

WIDTH, LOWEST, TALLEST = 1000.0, 420.0, 620.0
MARGIN = 0.07
LEAST_SPAN_M = 4_000.0
"""A map of one point still shows so much ground."""
DETAIL_PX = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """Pixels from degrees. ``west`` and ``north`` are the upper left corner in projected metres."""

    projection: Transformer
    west: float
    north: float
    m_per_px: float
    height: float

    def xy(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Pixels right and down from degrees."""
        east_m, north_m = self.projection.transform(lon, lat)
        return (np.asarray(east_m) - self.west) / self.m_per_px, (self.north - np.asarray(north_m)) / self.m_per_px

    def lon_lat(self, x: float, y: float) -> tuple[float, float]:
        lon, lat = self.projection.transform(
            self.west + x * self.m_per_px, self.north - y * self.m_per_px, direction="INVERSE"
        )
        return float(lon), float(lat)

    def bounds(self) -> tuple[float, float, float, float]:
        """Degrees around all that is seen: west, south, east, north."""
        edge = [(x, y) for x in np.linspace(0, WIDTH, 9) for y in np.linspace(0, self.height, 9)]
        lon, lat = np.array([self.lon_lat(float(x), float(y)) for x, y in edge]).T
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    def shape(self, geometry: BaseGeometry) -> BaseGeometry:
        """What of a geometry is seen, in pixels, without detail too fine to see."""
        west, south, east, north = self.bounds()
        near = shapely.clip_by_rect(
            shapely.make_valid(geometry), west - 2, max(south - 2, -90), east + 2, min(north + 2, 90)
        )
        flat = shapely.transform(near, lambda c: np.column_stack(self.xy(c[:, 0], c[:, 1])))
        seen = shapely.clip_by_rect(shapely.make_valid(flat), -20, -20, WIDTH + 20, self.height + 20)
        return shapely.simplify(seen, DETAIL_PX)


def ground_for(lon: Floats, lat: Floats) -> Ground:
    """The ground that shows all these places, degrees; the height follows from them within limits."""
    lon_0, lat_0 = float((lon.min() + lon.max()) / 2), float((lat.min() + lat.max()) / 2)
    projection = Transformer.from_crs(
        "EPSG:4326", f"+proj=laea +lat_0={lat_0:.4f} +lon_0={lon_0:.4f} +datum=WGS84 +units=m", always_xy=True
    )
    x, y = (np.asarray(v) for v in projection.transform(lon, lat))
    wide = max(float(x.max() - x.min()), LEAST_SPAN_M) * (1 + 2 * MARGIN)
    high = max(float(y.max() - y.min()), LEAST_SPAN_M) * (1 + 2 * MARGIN)
    height = min(max(WIDTH * high / wide, LOWEST), TALLEST)
    m_per_px = max(wide / WIDTH, high / height)
    west = float(x.max() + x.min()) / 2 - WIDTH * m_per_px / 2
    north = float(y.max() + y.min()) / 2 + height * m_per_px / 2
    return Ground(projection, west, north, m_per_px, height)


def path(geometry: BaseGeometry) -> str:
    """Path data of polygons and lines that are already in pixels."""
    out = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            out += [_run(ring.coords) + "Z" for ring in (part.exterior, *part.interiors) if not ring.is_empty]
        elif part.geom_type in ("LineString", "LinearRing") and not part.is_empty:
            out.append(_run(part.coords))
        elif part.geom_type.startswith(("Multi", "GeometryCollection")):
            out.append(path(part))
    return "".join(out)


def _run(coords: object) -> str:
    points = np.round(np.asarray(coords)[:, :2], 1)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points).replace(".0", "")


def nice(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above ``value``."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (5, 2, 1) if m * power <= value * (1 + 1e-9))


def scale_bar(ground: Ground, figures: Figures) -> Markup:
    length_m = nice(ground.m_per_px * 180)
    px = length_m / ground.m_per_px
    y = ground.height - 18
    km, metres = figures.point(f"{length_m / 1000:g}"), f"{length_m:g}"
    said = figures.words.say
    label = said("common.kilometres", kilometres=km) if length_m >= 1000 else said("common.metres", metres=metres)
    return svg.group(
        [
            svg.rect(12, y - 22, px + 24, 34, fill="#FFFFFF", fill_opacity="0.85"),
            el("path", d=f"M24 {y - 5:.1f}v5h{px:.1f}v-5", fill="none", stroke=svg.INK, stroke_width="1.5"),
            text(24 + px / 2, y - 8, label, text_anchor="middle", class_="small"),
        ]
    )


def graticule(ground: Ground, figures: Figures) -> Markup:
    """Lines of whole degrees (or parts of one) with their values at the upper and left edge."""
    west, south, east, north = ground.bounds()
    step = nice(max(max(east - west, north - south) / 5, 0.01))
    out: list[Markup] = []
    for lon in _ticks(west, east, step):
        x, y = ground.xy(np.full(25, lon), np.linspace(south, north, 25))
        out.append(el("path", d=_run(np.column_stack([x, y])), fill="none", stroke="#DAD6CB", stroke_width="0.8"))
        top = float(np.interp(0, y[::-1], x[::-1]))
        if 40 < top < WIDTH - 40:
            out.append(text(top + 3, 12, figures.longitude(lon), class_="tick"))
    for lat in _ticks(south, north, step):
        x, y = ground.xy(np.linspace(west, east, 25), np.full(25, lat))
        out.append(el("path", d=_run(np.column_stack([x, y])), fill="none", stroke="#DAD6CB", stroke_width="0.8"))
        left = float(np.interp(0, x, y))
        if 24 < left < ground.height - 48:
            out.append(text(4, left - 3, figures.latitude(lat), class_="tick"))
    return svg.group(out, aria_hidden="true")


def _ticks(low: float, high: float, step: float) -> Iterator[float]:
    return (round(i * step, 6) for i in range(math.ceil(low / step), math.floor(high / step) + 1))
