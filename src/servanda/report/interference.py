"""The airspace of the period: where aircraft were received, how well they knew their place, and where they flew."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from markupsafe import Markup
from numpy.typing import NDArray

from servanda.report import svg
from servanda.report.data import ReportData
from servanda.report.ground import WIDTH, Ground, graticule, ground_for, path, scale_bar
from servanda.report.map import base, zone_shape
from servanda.report.svg import el

Shapes = NDArray[np.object_]
OVERFLIGHT = "aircraft_overflight"
LEVELS: dict[str, tuple[str, str, str]] = {
    "normal": ("#A6CEE3", "0.55", "none"),
    "possible": ("#E69F00", "0.55", "none"),
    "strong": ("#D55E00", "0.75", "none"),
    "few": ("#FFFFFF", "0.35", "3 3"),
}
"""Fill, its opacity and the dashes of the edge, by level; read apart in grey as well."""
TRACKS: dict[bool, dict[str, object]] = {
    True: {"stroke": svg.INK, "stroke_width": "1.4", "stroke_opacity": "0.8"},
    False: {"stroke": svg.MUTED, "stroke_width": "0.7", "stroke_opacity": "0.5"},
}
"""How an overflight is drawn: one in a zone, and any other."""


@dataclass(frozen=True)
class DisturbedCell:
    """A cell with possible or strong interference: its middle in degrees, and the share with its interval."""

    lon: float
    lat: float
    aircraft: int
    degraded: int
    share: float
    low: float
    high: float
    level: str


@dataclass(frozen=True)
class AirspaceView:
    """The drawing and what is said beside it; None of it when no aircraft was received.

    ``cells``: how many of each level. ``in_zone``, ``elsewhere``: overflights drawn; ``untrusted`` ones have no place.
    """

    picture: Markup
    days: tuple[datetime, ...]
    cells: tuple[tuple[str, int], ...]
    in_zone: int
    elsewhere: int
    untrusted: int
    disturbed: tuple[DisturbedCell, ...]
    left: int


def airspace(data: ReportData) -> AirspaceView | None:
    """The map of cells and tracks of the period; None when it has neither."""
    seen, flights = data.interference, _flights(data)
    if seen.is_empty() and flights.is_empty():
        return None
    trusted = flights.filter(pl.col("geometry").is_not_null())
    tracks = shapely.from_wkb(trusted["geometry"].to_list())
    zones = [z.geometry for z in data.zones if z.role == "zone"]
    inside = shapely.intersects(shapely.union_all(zones), tracks)
    disturbed = _disturbed(seen)
    shown = disturbed[: data.settings.airspace_cells]
    counts = {level: seen.filter(pl.col("level") == level).height for level in LEVELS}
    return AirspaceView(
        _picture(data, seen, tracks, inside),
        tuple(seen["day"].unique().sort().to_list()),
        tuple(counts.items()),
        int(inside.sum()),
        int((~inside).sum()),
        flights.height - trusted.height,
        shown,
        len(disturbed) - len(shown),
    )


def _flights(data: ReportData) -> pl.DataFrame:
    """Overflights of the period from open sources; those with an impossible jump have no place to be drawn at."""
    mine = data.observations.filter(
        (pl.col("kind") == OVERFLIGHT)
        & (pl.col("access") == "open")
        & (pl.col("t_start") < data.period.t_to)
        & (pl.col("t_end") >= data.period.t_from)
    ).sort("t_start", "observation_id")
    sure = pl.col("credibility").is_null() | (pl.col("credibility") < 6)
    return mine.select("observation_id", pl.when(sure).then("geometry").alias("geometry"))


def _disturbed(seen: pl.DataFrame) -> tuple[DisturbedCell, ...]:
    found = seen.filter(pl.col("level").is_in(["possible", "strong"])).sort(
        ["share", "aircraft", "day", "cell"], descending=[True, True, False, False]
    )
    centres = shapely.get_coordinates(shapely.centroid(shapely.from_wkb(found["cell"].to_list())))
    rows = found.select("aircraft", "degraded", "share", "low", "high", "level").rows()
    return tuple(DisturbedCell(float(x), float(y), *row) for (x, y), row in zip(centres, rows, strict=True))


def _picture(data: ReportData, seen: pl.DataFrame, tracks: Shapes, inside: NDArray[np.bool_]) -> Markup:
    cells = shapely.from_wkb(seen["cell"].to_list())
    ground = _ground([*cells, *tracks, *(z.geometry for z in data.zones if not z.geometry.is_empty)])
    layers = [
        *base(data, ground),
        svg.group(
            _cell(data, row, shape, ground) for row, shape in zip(seen.iter_rows(named=True), cells, strict=True)
        ),
        graticule(ground, data.figures),
        svg.group(zone_shape(z, ground) for z in data.zones),
        svg.group((_track(t, ground, False) for t in tracks[~inside]), aria_hidden="true"),
        svg.group((_track(t, ground, True) for t in tracks[inside]), aria_hidden="true"),
        scale_bar(ground, data.figures),
        svg.rect(0.5, 0.5, WIDTH - 1, ground.height - 1, fill="none", stroke=svg.RULE),
    ]
    say = data.words.say
    about = say("airspace.about", cells=len(cells), n=len(tracks))
    return svg.picture(WIDTH, ground.height, say("airspace.picture"), about, *layers, name="airspace")


def _ground(shapes: list[shapely.Geometry]) -> Ground:
    bounds = shapely.bounds(np.array(shapes, dtype=object))
    return ground_for(bounds[:, [0, 2]].ravel(), bounds[:, [1, 3]].ravel())


def _cell(data: ReportData, row: dict[str, float | str], shape: shapely.Geometry, ground: Ground) -> Markup:
    fill, opacity, dashes = LEVELS[str(row["level"])]
    words = data.words.say(
        f"airspace.cell_{row['level']}",
        n=int(row["aircraft"]),
        degraded=int(row["degraded"]),
        share=data.figures.share(float(row["share"])),
        low=data.figures.share(float(row["low"])),
        high=data.figures.share(float(row["high"])),
    )
    edge = {"stroke": svg.MUTED, "stroke_width": "0.7", "stroke_dasharray": None if dashes == "none" else dashes}
    return svg.titled(words, el("path", d=path(ground.shape(shape)), fill=fill, fill_opacity=opacity, **edge))


def _track(places: shapely.Geometry, ground: Ground, inside: bool) -> Markup:
    """The places of one overflight in order of time, joined; a single one is a dot."""
    style = TRACKS[inside]
    x, y = ground.xy(*shapely.get_coordinates(places).T)
    if len(x) == 1:
        return el("circle", cx=float(x[0]), cy=float(y[0]), r=2.0, fill=style["stroke"])
    line = shapely.simplify(shapely.linestrings(x, y), 0.5)
    return el("path", d=path(line), fill="none", **style)
