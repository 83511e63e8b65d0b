"""GeoPackage 1.3 (OGC 12-128r17) with the SQLite of Python: layers, attribute tables, and styles that QGIS opens."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import shapely

from servanda.report.exports.evidence import Evidence
from servanda.report.exports.layers import AREAS, LINES, Layer, families, flat, layers
from servanda.report.exports.qml import style
from servanda.tables import TIME

APPLICATION_ID = 0x47504B47
"""“GPKG”, as the standard asks."""
USER_VERSION = 10300
WGS84 = 4326
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.3fZ"
TABLES = ("findings", "effort", "sources")
"""Written as attribute tables, without a place."""

WKT_4326 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],'
    'AUTHORITY["EPSG","4326"]]'
)
SCHEMA = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME);
"""
REFERENCES = (
    ("Undefined cartesian SRS", -1, "NONE", -1, "undefined", "undefined cartesian coordinate reference system"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
    ("WGS 84 geodetic", WGS84, "EPSG", WGS84, WKT_4326, "longitude and latitude in decimal degrees on WGS 84"),
)


def geopackage(evidence: Evidence, path: Path) -> Path:
    """Write it beside ``path`` and move it over. ``last_change`` is the as-of, so that no clock is in the bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        _begin(db)
        for layer in layers(evidence):
            for family, part in families(layer):
                _add_layer(db, part, family, evidence)
        for name in TABLES:
            _add_table(db, name, evidence.tables[name], evidence.as_of)
        _content(db, "layer_styles", "attributes", "Styles of the layers", evidence.as_of)
        db.execute("COMMIT")
    draft.replace(path)
    return path


def _begin(db: sqlite3.Connection) -> None:
    """Every setting that shapes the file is stated, and all is one transaction: the bytes hang on content only."""
    for setting in ("page_size = 4096", "encoding = 'UTF-8'", "journal_mode = OFF", "synchronous = OFF"):
        db.execute(f"PRAGMA {setting}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {USER_VERSION}")
    db.execute("BEGIN")
    for statement in SCHEMA.split(";\n"):
        db.execute(statement)
    db.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", REFERENCES)


def _content(
    db: sqlite3.Connection,
    name: str,
    data_type: str,
    title: str,
    as_of: datetime,
    bounds: tuple[float | None, ...] = (None,) * 4,
) -> None:
    srs = WGS84 if data_type == "features" else None
    row = (name, data_type, name, title, _moment(as_of), *bounds, srs)
    db.execute(f"INSERT INTO gpkg_contents VALUES ({','.join('?' * len(row))})", row)


def _add_layer(db: sqlite3.Connection, layer: Layer, family: str, evidence: Evidence) -> None:
    shapes = _promoted(layer, family)
    _content(db, layer.name, "features", layer.title, evidence.as_of, layer.bounds() or (None,) * 4)
    db.execute("INSERT INTO gpkg_geometry_columns VALUES (?,?,?,?,0,0)", (layer.name, "geom", family, WGS84))
    _fill(db, layer.name, layer.frame.drop("geometry"), (f"geom {family}", headed(shapes)))
    look = style(layer.name.split("_")[0], family, evidence.groups)
    row = (layer.name, "geom", "Servanda", look, True, layer.title, _moment(evidence.as_of))
    db.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
        " styleQML, useAsDefault, description, owner, update_time) VALUES ('','',?,?,?,?,?,?,'',?)",
        row,
    )


def _promoted(layer: Layer, family: str) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """Areas and lines as multi-geometries, so that a layer has one type."""
    shapes = layer.shapes()
    if family not in (AREAS, LINES):
        return shapes
    single, make = (3, shapely.multipolygons) if family == AREAS else (1, shapely.multilinestrings)
    alone = shapely.get_type_id(shapes) == single
    shapes[alone] = [make([shape]) for shape in shapes[alone]]
    return shapes


def headed(shapes: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> list[bytes | None]:
    """GeoPackage geometries: “GP”, version 0, flags (little-endian, envelope xy), SRS, envelope, WKB. None stays."""
    west, south, east, north = shapely.bounds(shapes).T
    envelopes = np.column_stack([west, east, south, north]).astype("<f8")
    head = b"GP\x00\x03" + WGS84.to_bytes(4, "little")
    return [
        None if wkb is None else head + envelope.tobytes() + wkb
        for wkb, envelope in zip(shapely.to_wkb(shapes, byte_order=1), envelopes, strict=True)
    ]


def _add_table(db: sqlite3.Connection, name: str, frame: pl.DataFrame, as_of: datetime) -> None:
    _content(db, name, "attributes", name.capitalize(), as_of)
    _fill(db, name, frame)


def _fill(
    db: sqlite3.Connection, name: str, frame: pl.DataFrame, geometry: tuple[str, list[bytes | None]] | None = None
) -> None:
    columns = [f'"{c}" {_sql_type(t)}' for c, t in frame.schema.items()]
    columns = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", *([geometry[0]] if geometry else []), *columns]
    db.execute(f'CREATE TABLE "{name}" ({", ".join(columns)})')
    times = [pl.col(n).dt.strftime(TIME_FORMAT) for n, t in frame.schema.items() if t == TIME]
    rows: Iterable[tuple[object, ...]] = flat(frame.with_columns(times)).iter_rows()
    if geometry:
        rows = _joined(geometry[1], rows)
    marks = ",".join("?" * (len(columns) - 1))
    db.executemany(f'INSERT INTO "{name}" VALUES (NULL,{marks})', rows)


def _joined(first: list[bytes | None], rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    return ((wkb, *row) for wkb, row in zip(first, rows, strict=True))


def _sql_type(dtype: pl.DataType) -> str:
    if dtype == TIME:
        return "DATETIME"
    if dtype == pl.Boolean:
        return "BOOLEAN"
    if dtype.is_integer():
        return "INTEGER"
    return "DOUBLE" if dtype.is_float() else "TEXT"


def _moment(t: datetime) -> str:
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03}Z"
