"""The tables that have a place, each with one geometry column: points where a point is known, else the area."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda.report.exports.evidence import Evidence
from servanda.report.words import group_of

POINTS, AREAS, LINES = "POINT", "MULTIPOLYGON", "MULTILINESTRING"
FAMILY = {0: POINTS, 1: LINES, 2: LINES, 3: AREAS, 4: POINTS, 5: LINES, 6: AREAS}
"""Of the geometry types that shapely counts from 0."""


@dataclass(frozen=True)
class Layer:
    """``frame`` holds ``geometry`` (WKB, little-endian; null: no place known), degrees, lon lat."""

    name: str
    title: str
    frame: pl.DataFrame

    def shapes(self) -> NDArray[np.object_]:
        return np.asarray(shapely.from_wkb(self.frame["geometry"].to_numpy()), dtype=object)

    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of all of it, degrees; None where nothing has a place."""
        edges = shapely.bounds(self.shapes())
        edges = edges[~np.isnan(edges[:, 0])]
        if not len(edges):
            return None
        west, south = (float(v) for v in edges[:, :2].min(axis=0))
        east, north = (float(v) for v in edges[:, 2:].max(axis=0))
        return west, south, east, north


def layers(evidence: Evidence) -> tuple[Layer, ...]:
    """Zones, watches, observations and incidents, in the order in which a map stacks them."""
    tables, groups = evidence.tables, evidence.groups
    kinds = tables["observations"]["kind"].unique().sort().to_list()
    grouped = pl.col("kind").replace_strict(kinds, [group_of(k, groups).name for k in kinds], return_dtype=pl.String)
    observations = tables["observations"].with_columns(kind_group=grouped)
    incidents = tables["incidents"].join(evidence.marks, on="incident_id", how="left", maintain_order="left")
    return (
        Layer("zones", "Zones of the agreement", tables["zones"]),
        Layer("watches", "Where and when somebody looked", tables["watches"].rename({"footprint": "geometry"})),
        Layer("observations", "What each source said", placed(observations)),
        Layer("incidents", "What happened", placed(incidents)),
    )


def placed(frame: pl.DataFrame) -> pl.DataFrame:
    """``geometry`` becomes the point of lon and lat where both are known; else the area stays."""
    points = points_wkb(frame["lon"], frame["lat"])
    return frame.with_columns(points.zip_with(points.is_not_null(), frame["geometry"]).alias("geometry"))


def points_wkb(lon: pl.Series, lat: pl.Series) -> pl.Series:
    """WKB of points; null where a coordinate is."""
    known = (lon.is_not_null() & lat.is_not_null()).to_numpy()
    out = np.full(len(lon), None, dtype=object)
    xy = np.column_stack([lon.to_numpy()[known], lat.to_numpy()[known]])
    out[known] = shapely.to_wkb(shapely.points(xy), byte_order=1)
    return pl.Series("geometry", list(out), dtype=pl.Binary)


def families(layer: Layer) -> list[tuple[str, Layer]]:
    """The layer by family of geometry, for formats that hold one in each; rows without a place go with the points.

    A layer of one family keeps its name; other families are ``NAME_areas`` and ``NAME_lines``.
    """
    kinds = shapely.get_type_id(layer.shapes())
    home = AREAS if layer.name in ("zones", "watches") else POINTS
    names = np.array([FAMILY.get(int(k), home) for k in kinds], dtype=object)
    out = []
    for family, suffix in ((AREAS, "_areas"), (LINES, "_lines"), (POINTS, "_points")):
        part = layer.frame.filter(pl.Series(names == family, dtype=pl.Boolean))
        if family == home or part.height:
            out.append((family, Layer(layer.name + ("" if family == home else suffix), layer.title, part)))
    return out


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as a plain value: lists of text joined by ``|``, other nested values as JSON."""
    return frame.with_columns(_flat(name, dtype) for name, dtype in frame.schema.items())


def _flat(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.List(pl.String):
        return column.list.join("|")
    if isinstance(dtype, pl.List):
        whole = pl.struct(column.alias("_")).struct.json_encode()
        return pl.when(column.is_not_null()).then(whole.str.slice(5).str.head(-1)).alias(name)
    return column
