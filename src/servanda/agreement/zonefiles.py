"""Zone files: which they are, and the geometry in them."""

import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from servanda.agreement.model import WrittenZone

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WILD = re.compile(r"[*?\[]")


class ZoneFileError(ValueError):
    """A zone file or geometry that cannot be used; ``field`` is the field of the zone, if it is known."""

    def __init__(self, what: str, mend: str, field: str = "") -> None:
        self.what, self.mend, self.field = what, mend, field
        super().__init__(f"{what} {mend}")


@dataclass(frozen=True)
class ZoneFile:
    """A file of a zone; ``day`` is the date in its name, for a series."""

    path: Path
    day: date | None = None


def expand(text: str, env: Mapping[str, str]) -> str:
    """Put environment variables in for ``${NAME}``. Raises ZoneFileError for one that is not set."""
    for name in _VARIABLE.findall(text):
        if not env.get(name):
            mend = f"Set it before you start, such as: export {name}=/path/to/data"
            raise ZoneFileError(f"the environment variable {name} is not set.", mend)
    return _VARIABLE.sub(lambda m: env[m[1]], text)


def zone_paths(zone: WrittenZone, base_dir: Path, env: Mapping[str, str]) -> tuple[ZoneFile, ...]:
    """The files of a zone: one, or those of a series in order of their dates; none for any other zone.

    Raises ZoneFileError for a file that is missing, and for names without a date or with the same date.
    """
    if zone.file is not None:
        path = base_dir / expand(zone.file, env)
        if not path.is_file():
            raise ZoneFileError(
                f"there is no file '{path}'.", "Check the path; it is relative to the agreement.", "file"
            )
        return (ZoneFile(path),)
    if zone.series is None:
        return ()
    files = [ZoneFile(p, _day(p, zone.date_pattern)) for p in _glob(base_dir / expand(zone.series, env))]
    if not files:
        raise ZoneFileError(f"no file matches '{zone.series}'.", "Check the folder and the pattern.", "series")
    by_day: dict[date, Path] = {}
    for file in files:
        assert file.day is not None
        if file.day in by_day:
            what = f"'{by_day[file.day].name}' and '{file.path.name}' are of the same date."
            raise ZoneFileError(what, "Remove one, or narrow the pattern.", "series")
        by_day[file.day] = file.path
    return tuple(ZoneFile(by_day[day], day) for day in sorted(by_day))


def read_zone_file(path: Path, where: Mapping[str, Any] | None) -> tuple[BaseGeometry, str]:
    """The union of the features in a GeoJSON file (plain or .gz), and the SHA-256 of the file.

    ``where``: keep the features whose properties have these values, or one of the values in a list.
    Invalid rings are mended. Raises ZoneFileError.
    """
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    try:
        data = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except (ValueError, EOFError, OSError, RecursionError) as error:
        raise ZoneFileError(f"'{path.name}' is not JSON: {error}.", "Export it again as GeoJSON.") from None
    features = _features(data, path.name)
    kept = [f for f in features if _matches(f.get("properties"), where)]
    if not kept:
        seen = sorted({str(k) for f in features for k in (f.get("properties") or {})})
        mend = f"Its properties are: {', '.join(seen) or 'none'}." if features else "Put an area or a line into it."
        raise ZoneFileError(f"'{path.name}' has no feature for this zone.", mend, "where" if where else "")
    try:
        return shapely.union_all([read_shape(f.get("geometry")) for f in kept]), digest
    except ZoneFileError as mistake:
        raise ZoneFileError(f"in '{path.name}', {mistake.what}", mistake.mend) from None


def read_shape(geometry: Any) -> BaseGeometry:
    """A GeoJSON geometry, valid and flat, in degrees. Raises ZoneFileError."""
    mend = "Write a GeoJSON geometry with 'type' and 'coordinates' as [lon, lat] in degrees."
    if not isinstance(geometry, dict):
        raise ZoneFileError("a feature has no geometry.", mend)
    try:
        flat = shapely.force_2d(shape(geometry))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise ZoneFileError(f"the geometry cannot be read ({error}).", mend) from None
    xy = shapely.get_coordinates(flat)
    if not np.isfinite(xy).all():
        raise ZoneFileError("the geometry has a coordinate that is not a number.", mend)
    if len(xy) and (np.abs(xy[:, 0]).max() > 180 or np.abs(xy[:, 1]).max() > 90):
        raise ZoneFileError(
            "the geometry lies outside longitude ±180 and latitude ±90.", "Export it in WGS 84, lon lat."
        )
    return shapely.make_valid(flat)


def _features(data: Any, name: str) -> list[dict[str, Any]]:
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "FeatureCollection":
        return [f for f in data.get("features") or () if isinstance(f, dict) and f.get("geometry")]
    if kind == "Feature":
        return [data]
    if isinstance(data, dict) and ("coordinates" in data or "geometries" in data):
        return [{"geometry": data}]
    raise ZoneFileError(f"'{name}' is JSON but not GeoJSON.", "Export it as GeoJSON.")


def _matches(properties: Any, where: Mapping[str, Any] | None) -> bool:
    have = properties if isinstance(properties, dict) else {}
    wanted = {k: v if isinstance(v, list) else [v] for k, v in (where or {}).items()}
    return all(k in have and have[k] in options for k, options in wanted.items())


def _glob(pattern: Path) -> list[Path]:
    """The files that a pattern with wildcards matches, sorted; the folder may be absolute."""
    parts = pattern.parts
    first = next((i for i, part in enumerate(parts) if _WILD.search(part)), len(parts) - 1)
    return sorted(p for p in Path(*parts[:first]).glob(str(Path(*parts[first:]))) if p.is_file())


def _day(path: Path, pattern: str) -> date:
    try:
        found = re.compile(pattern).finditer(path.name)
    except re.error as error:
        raise ZoneFileError(
            f"the pattern '{pattern}' cannot be read: {error}.", "Check the brackets.", "date_pattern"
        ) from None
    for match in found:
        try:
            year, month, day = map(int, match.groups())
            return date(year, month, day)
        except (ValueError, TypeError):
            continue
    what = f"no date (year, month, day) can be read from the name '{path.name}'."
    raise ZoneFileError(what, "Narrow 'series', or set 'date_pattern' with three groups.", "series")
