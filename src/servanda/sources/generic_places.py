"""Where a row of a generic table is: coordinates, a geometry (WKT, GeoJSON, WKB), a region's name or a range."""

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda.kinds.crosswalk import unknown
from servanda.sources.base import Context
from servanda.sources.generic_files import WKB
from servanda.sources.generic_settings import TableSettings
from servanda.sources.places import circles, coordinate_checks, mended, number, regions
from servanda.sources.reading import Check, per_value

POLYGONS = ("Polygon", "MultiPolygon")


def placed(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[Check]]:
    """Columns x, y (degrees or null) and area (WKB or null), and checks on what was written but cannot be read.

    ``range_m`` makes a circle of a point.
    """
    checks: list[Check] = []
    frame = frame.with_columns(
        *(
            (number(n) if n in frame.columns else pl.lit(None, pl.Float64)).alias(a)
            for n, a in (("lon", "x"), ("lat", "y"))
        )
    )
    wkb = pl.Series(WKB, [None] * frame.height, pl.Binary)
    if WKB in frame.columns:
        wkb = _sound(WKB, shapely.from_wkb(frame[WKB].to_numpy(), on_invalid="ignore"))
        lost = wkb.is_null() & frame[WKB].is_not_null()
        checks.append((pl.lit(lost), "Its geometry cannot be read, is empty, or is not in degrees."))
    for name in ("geometry", "footprint"):
        if name in frame.columns:
            parsed = parse_geometry(frame[name])
            checks.append(
                (
                    pl.lit((parsed.is_null() & frame[name].is_not_null())),
                    f"Its {name} is no WKT, GeoJSON or WKB in hex.",
                )
            )
            wkb = wkb.zip_with(wkb.is_not_null(), parsed)
    if "place" in frame.columns:
        named, check = _named(frame["place"], context)
        checks.append(check)
        no_place_yet = wkb.is_null() & frame["x"].is_null()
        wkb = wkb.zip_with(~no_place_yet, named)
    frame = _pointed(frame.with_columns(wkb.alias("area")))
    if "range_m" in frame.columns:
        frame, check = _ranged(frame)
        checks.append(check)
    return frame, checks


def _pointed(frame: pl.DataFrame) -> pl.DataFrame:
    """A geometry that is a point becomes x and y, where these are not given, and is no area."""
    shapes = shapely.from_wkb(frame["area"].to_numpy(), on_invalid="ignore")
    point = pl.Series(shapely.get_type_id(shapes) == 0, dtype=pl.Boolean)
    x, y = (pl.Series(n, f(shapes), pl.Float64) for n, f in (("x", shapely.get_x), ("y", shapely.get_y)))
    given = frame["x"].is_not_null() | frame["y"].is_not_null()
    take = point & ~given
    return frame.with_columns(
        x.zip_with(take, frame["x"]), y.zip_with(take, frame["y"]), pl.when(~point).then("area").alias("area")
    )


def point_checks(frame: pl.DataFrame, settings: TableSettings) -> list[Check]:
    """Checks on points, for rows that have one or have no area either."""
    written = [pl.col(c).is_not_null() for c in ("lon", "lat") if c in frame.columns]
    pointed = pl.any_horizontal(written) if written else pl.lit(False)
    checks = [(pointed & when, why) for when, why in coordinate_checks("x", "y")]
    if settings.box is not None:
        west, south, east, north = settings.box
        x, y = pl.col("x"), pl.col("y")
        outside = ~(x.is_between(west, east) & y.is_between(south, north))
        turned = y.is_between(west, east) & x.is_between(south, north)
        why = pl.format("Longitude {} and latitude {} would be inside the box if they were swapped.", "x", "y")
        checks.append((pointed & outside & turned, why))
    return checks


def parse_geometry(column: pl.Series) -> pl.Series:
    """WKB of geometries written as WKT, GeoJSON or WKB in hex; rings mended; null where unreadable or empty."""
    text = column.str.strip_chars()
    values = text.fill_null("").to_numpy().astype(object)
    is_json = text.str.starts_with("{").fill_null(False).to_numpy()
    is_hex = text.str.contains(r"^0[01][0-9A-Fa-f]+$").fill_null(False).to_numpy()
    out = np.full(len(values), None, dtype=object)
    out[is_json] = shapely.from_geojson(values[is_json], on_invalid="ignore")
    out[is_hex] = shapely.from_wkb(values[is_hex], on_invalid="ignore")
    rest = ~is_json & ~is_hex & (values != "")
    out[rest] = shapely.from_wkt(values[rest], on_invalid="ignore")
    return _sound(column.name, out)


def _sound(name: str, out: NDArray[np.object_]) -> pl.Series:
    """WKB of geometries, rings mended; null where one is missing, empty or not in degrees."""
    out[shapely.is_empty(out)] = None
    corners, owner = shapely.get_coordinates(out, return_index=True)
    out[owner[~np.isfinite(corners).all(axis=1)]] = None
    broken = ~shapely.is_valid(out) & ~shapely.is_missing(out)
    out[broken] = [mended(g) for g in out[broken]]
    out[shapely.is_empty(out)] = None
    bounds = shapely.bounds(out)
    outside = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
    out[outside] = None
    return pl.Series(name, list(shapely.to_wkb(out)), pl.Binary)


def _named(place: pl.Series, context: Context) -> tuple[pl.Series, Check]:
    areas = regions(context.aux["regions"], context) if "regions" in context.aux else {}
    key = place.str.strip_chars().str.to_lowercase()
    found = pl.Series("area", [areas.get(k) if k is not None else None for k in key], pl.Binary)
    names = tuple(sorted(areas))
    mend = " Mend: add the boundary file that holds it under 'with: {regions: FILE}'."
    missing = place.is_not_null() & found.is_null()
    reasons = per_value(place.filter(missing), lambda name: unknown(name, names, "region of the boundary file") + mend)
    told = place.set(~missing, None).scatter(missing.arg_true(), reasons) if missing.any() else place
    return found, (pl.lit(missing), pl.lit(told))


def _ranged(frame: pl.DataFrame) -> tuple[pl.DataFrame, Check]:
    range_m = frame.select(number("range_m").alias("r")).to_series()
    wrong = frame["range_m"].is_not_null() & ~((range_m > 0) & (range_m < 1_000_000)).fill_null(False)
    usable = (
        range_m.is_not_null() & frame["x"].is_not_null() & frame["y"].is_not_null() & ~wrong & frame["area"].is_null()
    )
    usable = usable & (frame["y"].abs() <= 90) & (frame["x"].abs() <= 180)
    chosen = frame.filter(usable)
    made = circles(chosen["x"], chosen["y"], range_m.filter(usable))
    area = frame["area"].to_list()
    for index, wkb in zip(usable.arg_true().to_list(), made.to_list(), strict=True):
        area[index] = wkb
    reason = pl.format("range_m {} is not a distance between 0 and 1,000,000 metres.", "range_m")
    return frame.with_columns(pl.Series("area", area, pl.Binary)), (pl.lit(wrong), reason)
