"""The map: zones, regions and incidents, with a shared symbol where they lie too near to be told apart."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from markupsafe import Markup

from servanda.report import svg
from servanda.report.areas import BY_AREA, bands, ellipses, large, pointed
from servanda.report.clusters import arrange, cluster, rings, symbol, totals, uncovered
from servanda.report.data import KindGroup, MapZone, ReportData, ReportSettings
from servanda.report.ground import WIDTH, Ground, graticule, ground_for, path, scale_bar
from servanda.report.incidents import Marked
from servanda.report.labels import draw_labels
from servanda.report.svg import el

SEA, LAND, BORDER, ZONE, LINE = "#E6EDF1", "#FAF8F3", "#A59C89", "#0072B2", "#3A3F45"
FAINT = "0.4"
"""Opacity of what is older than the last days."""


@dataclass(frozen=True)
class Layer:
    """Incidents with a point (``placed``), and the symbols that stand for them, likeliest last."""

    placed: pl.DataFrame
    symbols: pl.DataFrame


@dataclass(frozen=True)
class MapView:
    """The drawing and what the caption must say of it. ``picture`` is None when there is nothing with a place.

    ``faint_before``: what ended before it is drawn fainter; None: nothing is.
    """

    picture: Markup | None
    t_from: datetime
    t_to: datetime
    drawn: int
    not_drawn: int
    unplaced: int
    groups: tuple[KindGroup, ...]
    zones: tuple[MapZone, ...]
    faint_before: datetime | None = None
    by_area: bool = False
    ellipses: bool = False
    """Is an area or a route drawn, or an ellipse?"""


def draw_map(data: ReportData, marked: Marked, linked: frozenset[str]) -> MapView:
    """Draw the incidents of kinds that a term is about since the agreement is in force, those before the last days
    fainter and below.

    ``linked``: incidents that the annex holds.
    """
    shown = data.settings
    t_from = min(data.agreement.t_from, data.period.t_from)
    lately = min(data.period.t_to - timedelta(days=shown.map_days), data.period.t_from)
    # What is known by its date only may lie inside, so overlap counts and not the middle.
    begun, ended = pl.col("t_start") < data.period.t_to, pl.col("t_end") <= t_from
    before = ended & (pl.col("t_start") < t_from)
    known = marked.incidents.filter(pl.col("relevant") & begun & ~before)
    placed = pointed(known, data.zones)
    ground = _ground(data, placed)
    if ground is None:
        return MapView(None, t_from, data.period.t_to, 0, 0, _units(known), (), ())
    old = (pl.col("t_end") <= lately) & (pl.col("t_start") < lately)
    recent = _layer(placed.filter(~old), ground, shown, shown.map_symbols)
    older = _layer(placed.filter(old), ground, shown, shown.map_symbols - recent.symbols.height)
    top = pl.concat([older.symbols, recent.symbols])
    drawn = int(top["n"].sum())
    names = set(top["group"].to_list())
    groups = tuple(g for g in shown.kind_groups if g.name in names)
    picture = _picture(data, ground, (older, recent), linked)
    zones = tuple(z for z in data.zones if not z.geometry.is_empty)
    return MapView(
        picture, t_from, data.period.t_to, drawn, _units(placed) - drawn, _units(known) - _units(placed), groups, zones,
        lately if older.symbols.height else None,
        bool(recent.placed[BY_AREA].any()), large(recent.placed, ground, shown).height > 0,
    )  # fmt: skip


def _units(incidents: pl.DataFrame) -> int:
    """How many they are, as everywhere in the report: a report of a count stands for so many."""
    return int(incidents["number"].sum())


def _layer(placed: pl.DataFrame, ground: Ground, shown: ReportSettings, most: int) -> Layer:
    return Layer(placed, arrange(cluster(placed, ground, shown.map_cell_px).head(most), shown).reverse())


def _ground(data: ReportData, placed: pl.DataFrame) -> Ground | None:
    """Zones and incidents decide what is shown; without them the regions, then the land."""
    areas = [z.geometry for z in data.zones if not z.geometry.is_empty]
    if not areas and placed.is_empty():
        areas = [g for g in (*data.regions.values(), data.land) if g is not None and not g.is_empty]
    corners = [c for a in areas for c in ((a.bounds[0], a.bounds[1]), (a.bounds[2], a.bounds[3]))]
    lon_lat = np.array(corners, dtype=np.float64).reshape(-1, 2)
    if not placed.is_empty():
        # One stray place must not shrink the map: beyond the 1st and 99th percentile it may fall off the edge.
        lon = np.quantile(placed["lon"].to_numpy(), [0.01, 0.99])
        lat = np.quantile(placed["lat"].to_numpy(), [0.01, 0.99])
        lon_lat = np.vstack([lon_lat, np.column_stack([lon, lat])])
    return ground_for(lon_lat[:, 0], lon_lat[:, 1]) if len(lon_lat) else None


def _picture(data: ReportData, ground: Ground, drawn: tuple[Layer, Layer], linked: frozenset[str]) -> Markup:
    """``drawn``: what is older, and the last days."""
    words, (older, recent) = data.words, drawn
    clusters = pl.concat([older.symbols, recent.symbols])
    zone_names, region_names = draw_labels(data, ground, clusters)
    layers = [
        *base(data, ground),
        graticule(ground, data.figures),
        svg.group(zone_shape(z, ground) for z in data.zones),
        svg.group(rings(older.symbols, data.settings), aria_hidden="true", opacity=FAINT),
        svg.group(_extents(data, recent, ground), aria_hidden="true"),
        region_names,
        svg.group((symbol(c, data, linked) for c in older.symbols.iter_rows(named=True)), opacity=FAINT),
        svg.group(totals(uncovered(older.symbols, recent.symbols), words), aria_hidden="true", opacity=FAINT),
        svg.group(symbol(c, data, linked) for c in recent.symbols.iter_rows(named=True)),
        svg.group(totals(recent.symbols, words), aria_hidden="true"),
        zone_names,
        scale_bar(ground, data.figures),
        svg.rect(0.5, 0.5, WIDTH - 1, ground.height - 1, fill="none", stroke=svg.RULE),
    ]
    about = words.say("map.about", n=int(clusters["n"].sum()))
    return svg.picture(WIDTH, ground.height, words.say("map.picture"), about, *layers, name="map")


def _extents(data: ReportData, layer: Layer, ground: Ground) -> list[Markup]:
    """How far places are known: routes and areas, rings, ellipses."""
    shown = data.settings
    known = bands(layer.placed, ground, shown), rings(layer.symbols, shown), ellipses(layer.placed, ground, shown)
    return [shape for shapes in known for shape in shapes]


def base(data: ReportData, ground: Ground) -> list[Markup]:
    """Sea, land and the borders of regions."""
    sea = SEA if data.land is not None else LAND
    out = [svg.rect(0, 0, WIDTH, ground.height, fill=sea)]
    if data.land is not None:
        out.append(el("path", d=path(ground.shape(data.land)), fill=LAND, stroke="#AEB9C0", stroke_width="0.8"))
    borders = "".join(path(ground.shape(data.regions[name])) for name in sorted(data.regions))
    if borders:
        out.append(el("path", d=borders, fill="none", stroke=BORDER, stroke_width="1.1"))
    return out


def zone_shape(zone: MapZone, ground: Ground) -> Markup:
    d = path(ground.shape(zone.geometry))
    if zone.role == "line":
        return svg.titled(
            zone.label, el("path", d=d, fill="none", stroke=LINE, stroke_width="2.6", stroke_linejoin="round")
        )
    return svg.titled(
        zone.label,
        el("path", d=d, fill=ZONE, fill_opacity="0.07", stroke=ZONE, stroke_width="1.4", stroke_dasharray="6 3"),
    )
