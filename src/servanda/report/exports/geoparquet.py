"""Parquet: plain tables, and GeoParquet 1.1 for layers (https://geoparquet.org/releases/v1.1.0/)."""

import io
import json

import polars as pl
import shapely

from servanda.report.exports.layers import Layer


def parquet(frame: pl.DataFrame) -> bytes:
    """The table as it is, compressed with zstd."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()


def geoparquet(layer: Layer) -> bytes:
    """The layer with its geometry as WKB in OGC:CRS84, which is what GeoParquet means where no CRS is written."""
    out = io.BytesIO()
    layer.frame.write_parquet(out, compression="zstd", metadata={"geo": json.dumps(_geo(layer))})
    return out.getvalue()


def _geo(layer: Layer) -> dict[str, object]:
    shapes = layer.shapes()
    there = shapes[~shapely.is_missing(shapes)]
    column: dict[str, object] = {
        "encoding": "WKB",
        "geometry_types": sorted({str(g.geom_type) for g in there}),
        "edges": "planar",
    }
    bounds = layer.bounds()
    if bounds:
        column["bbox"] = list(bounds)
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
