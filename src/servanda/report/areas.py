"""Incidents on the map whose place is more than a point: routes and areas, and ellipses of bearings."""

import numpy as np
import polars as pl
import shapely
from markupsafe import Markup
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from servanda.geo import WGS84
from servanda.report.data import MapZone, ReportSettings
from servanda.report.ground import Ground, path
from servanda.report.svg import el

CORNERS = 49
"""Points that an ellipse is drawn through."""
BAND_PX = 5.0
"""Width of the band along a route."""
BY_AREA = "by_area"


def pointed(incidents: pl.DataFrame, zones: tuple[MapZone, ...]) -> pl.DataFrame:
    """Incidents with a point to draw, and ``by_area``: was it made from an area or a route.

    Their own point; of a set of points one in a zone, else the middle one in order; of a route its middle; of an area
    a point well inside it.
    """
    own = incidents.filter(pl.col("lon").is_not_null() & pl.col("lat").is_not_null())
    vague = incidents.filter(pl.col("lon").is_null() & pl.col("geometry").is_not_null())
    areas = shapely.union_all([z.geometry for z in zones if z.role == "zone"])
    known = {wkb: _point(shapely.from_wkb(wkb), areas) for wkb in vague["geometry"].unique(maintain_order=True)}
    at = np.array([known[wkb][0] for wkb in vague["geometry"]], dtype=np.float64).reshape(-1, 2)
    by_area = pl.Series(BY_AREA, [known[wkb][1] for wkb in vague["geometry"]], dtype=pl.Boolean)
    found = vague.with_columns(
        pl.Series("lon", at[:, 0]), pl.Series("lat", at[:, 1]), pl.lit(0.0).alias("sigma_m"), by_area
    )
    return pl.concat([own.with_columns(pl.lit(False).alias(BY_AREA)), found])


def _point(shape: BaseGeometry, zones: BaseGeometry) -> tuple[NDArray[np.float64], bool]:
    dimension = shapely.get_dimensions(shape)
    if dimension == 0:
        points = shapely.get_coordinates(shape)
        inside = np.flatnonzero(shapely.contains_xy(zones, points[:, 0], points[:, 1]))
        return points[inside[len(inside) // 2] if len(inside) else len(points) // 2], False
    if dimension == 1:
        parts = shapely.get_parts(shape)
        longest = parts[int(np.argmax(shapely.length(parts)))]
        return shapely.get_coordinates(shapely.line_interpolate_point(longest, 0.5, normalized=True))[0], True
    return shapely.get_coordinates(shapely.point_on_surface(shape))[0], True


def bands(placed: pl.DataFrame, ground: Ground, settings: ReportSettings) -> list[Markup]:
    """Routes and areas of incidents known by these, each once, the largest below, in the colour of the likeliest."""
    vague = placed.filter(BY_AREA).sort(["probability", "incident_id"], descending=[True, False])
    first = vague.unique("geometry", keep="first", maintain_order=True).head(settings.map_symbols)
    colours = {g.name: g.colour for g in settings.kind_groups}
    shapes = shapely.from_wkb(first["geometry"].to_list())
    order = np.argsort(-shapely.area(shapes), kind="stable")
    names = first["group"].to_list()
    return [_band(shapes[i], colours[names[i]], ground) for i in order]


def _band(shape: BaseGeometry, colour: str, ground: Ground) -> Markup:
    d = path(ground.shape(shape))
    if shapely.get_dimensions(shape) == 1:
        look = {"fill": "none", "stroke_width": BAND_PX, "stroke_opacity": "0.3", "stroke_linecap": "round"}
    else:
        look = {"fill": colour, "fill_opacity": "0.1", "stroke_width": "1.2", "stroke_opacity": "0.8"}
    return el("path", d=d, stroke=colour, stroke_linejoin="round", **look)


def ellipses(placed: pl.DataFrame, ground: Ground, settings: ReportSettings) -> list[Markup]:
    """The ellipses that hold the place in 95 %, of the likeliest incidents, where they are large enough to be seen."""
    known = large(placed, ground, settings).sort(["probability", "incident_id"], descending=[True, False])
    colours = {g.name: g.colour for g in settings.kind_groups}
    names = ("group", "lon", "lat", "ellipse_major_m", "ellipse_minor_m", "ellipse_azimuth_deg")
    rows = known.head(settings.map_symbols).select(names).iter_rows()
    return [_ellipse(colours[group], (lon, lat), axes, ground) for group, lon, lat, *axes in rows]


def large(placed: pl.DataFrame, ground: Ground, settings: ReportSettings) -> pl.DataFrame:
    """Incidents with an ellipse that is seen at this scale."""
    seen = pl.col("ellipse_major_m") > settings.map_imprecise_px * ground.m_per_px
    return placed.filter(seen.fill_null(False))


def _ellipse(colour: str, middle: tuple[float, float], axes: list[float], ground: Ground) -> Markup:
    major, minor, azimuth = axes
    turn = np.linspace(0.0, 2.0 * np.pi, CORNERS)
    along, across = major * np.cos(turn), minor * np.sin(turn)
    way = azimuth + np.degrees(np.arctan2(across, along))
    start = [np.full(CORNERS, v) for v in middle]
    x, y, _ = WGS84.fwd(start[0], start[1], way, np.hypot(along, across))
    ring = shapely.polygons(np.column_stack([x, y]))
    look = {"fill": colour, "fill_opacity": "0.06", "stroke": colour, "stroke_width": "0.9", "stroke_dasharray": "4 3"}
    return el("path", d=path(ground.shape(ring)), **look)
