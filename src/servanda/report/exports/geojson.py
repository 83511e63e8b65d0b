"""GeoJSON (RFC 7946): a collection per layer, one feature a line."""

import json
from collections.abc import Iterator

import polars as pl
import shapely

from servanda.findings import iso
from servanda.report.exports.evidence import Evidence
from servanda.report.exports.layers import Layer
from servanda.tables import TIME

PIECE = 50_000
"""Features made at once; sets memory, not content."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"


def geojson(layer: Layer, evidence: Evidence) -> Iterator[bytes]:
    """The layer in pieces. Properties are the columns of its table, ``lon`` and ``lat`` with them."""
    head = {
        "type": "FeatureCollection",
        "name": layer.name,
        "agreement": evidence.agreement,
        "version": evidence.version,
        "as_of": iso(evidence.as_of),
        "public": evidence.public,
    }
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [').encode()
    for start in range(0, layer.frame.height, PIECE):
        lines = _features(layer.frame.slice(start, PIECE)).str.join(",\n").item()
        yield (("\n" if start == 0 else ",\n") + lines).encode()
    yield b"\n]}\n"


def _features(frame: pl.DataFrame) -> pl.Series:
    shapes = shapely.to_geojson(shapely.from_wkb(frame["geometry"].to_numpy()))
    drawn = pl.Series("shape", list(shapes), dtype=pl.String).fill_null("null")
    times = [pl.col(n).dt.strftime(TIME_FORMAT) for n, t in frame.schema.items() if t == TIME]
    told = frame.drop("geometry").with_columns(times)
    parts = (
        pl.lit('{"type":"Feature","geometry":'),
        drawn,
        pl.lit(',"properties":'),
        pl.struct(pl.all()).struct.json_encode(),
        pl.lit("}"),
    )
    return told.select(pl.concat_str(parts).alias("feature")).to_series()
