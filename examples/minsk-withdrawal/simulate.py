"""Makes the simulated observations of this example. Nothing in data/ was ever seen by anybody.

What each simulated unit does is written out below; which patrol meets it, where exactly it is placed and which days
are overcast is drawn with a fixed seed, so that the same files come out every time. The two lines in
zones/lines.geojson are schematic: a few points each, drawn for this example.

    python examples/minsk-withdrawal/simulate.py

It also writes zones/between.geojson, the land between the two lines.
"""

import csv
import json
import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

from pyproj import Geod
from shapely.geometry import LineString, shape

HERE = Path(__file__).parent
SEED = 20150215
Tables = tuple[list[dict[str, object]], list[dict[str, object]]]
GEOD = Geod(ellps="WGS84")
FIRST, LAST = date(2015, 2, 15), date(2015, 3, 28)
PATROL_M, PATROL_P, PATROL_SIGMA_M = 8_000, 0.9, 300
IMAGE_M, IMAGE_P, IMAGE_SIGMA_M = 220_000, 0.95, 100
OVERCAST = 0.15
CENTRE = (38.5, 48.0)
AWAY = {"UA": 315.0, "AF": 135.0}
"""Azimuth, degrees, in which a party leaves the line. The line bends: what counts is the distance to all of it."""

UNITS = [
    # party, kind, weapons, share of the way along its own line, km away from there; then: km away, and the day
    ("UA", "heavy_artillery_present", 6, 0.30, 12, 30, date(2015, 2, 16)),
    ("UA", "heavy_artillery_present", 4, 0.60, 18, 30, date(2015, 3, 7)),  # too late
    ("UA", "mlrs_present", 3, 0.45, 20, 45, date(2015, 2, 23)),
    ("UA", "heavy_mlrs_present", 2, 0.70, 40, 90, date(2015, 2, 24)),
    ("UA", "tactical_missiles_present", 2, 0.20, 60, 100, date(2015, 2, 20)),
    ("AF", "heavy_artillery_present", 6, 0.40, 10, 45, date(2015, 2, 21)),
    ("AF", "mlrs_present", 4, 0.65, 30, 30, None),  # never leaves: too near its own line, far from the other
    ("AF", "heavy_mlrs_present", 2, 0.30, 45, 130, date(2015, 2, 25)),
    ("AF", "heavy_artillery_present", 3, 0.55, -10, 45, date(2015, 3, 3)),  # between the lines; a day or three late
]
SITES = {"UA": (36.9, 48.1, 22), "AF": (38.9, 47.7, 24)}
"""Storage sites: degrees east and north, weapons declared."""
PATROLS = [("UA", 0.30, 15), ("UA", 0.60, 18), ("UA", 0.45, 25), ("AF", 0.40, 12), ("AF", 0.65, 28), ("AF", 0.55, -8)]
"""Where patrols go in turn: the ground of a party, share of its line, km away from there."""


def lines() -> dict[str, LineString]:
    """Each party's own reference line, from south to north: west of it is the left."""
    features = json.loads((HERE / "zones" / "lines.geojson").read_text("utf-8"))["features"]
    return {f["properties"]["measured_for"]: shape(f["geometry"]) for f in features}


def behind(party: str, share: float, km: float) -> tuple[float, float]:
    """The place so far from a point of a party's own line: north-west of it for one, south-east for the other."""
    at = LINES[party].interpolate(share, normalized=True)
    lon, lat, _ = GEOD.fwd(at.x, at.y, AWAY[party], 1000 * km)
    return lon, lat


def where(unit: tuple, day: date) -> tuple[float, float]:
    party, _, _, share, before, after, leaves = unit
    return behind(party, share, before if leaves is None or day < leaves else after)


def placed(at: tuple[float, float], sigma_m: float) -> dict[str, float]:
    lon, lat, _ = GEOD.fwd(*at, RANDOM.uniform(0, 360), abs(RANDOM.gauss(0, sigma_m)))
    return {"lon": round(lon, 5), "lat": round(lat, 5), "sigma_m": sigma_m}


def seen(unit: tuple, day: date, clock: str, sigma_m: float, kind: str = "") -> dict[str, object]:
    party, weapon, n = unit[:3]
    row = {"kind": kind or weapon, "t_start": f"{day}T{clock}", **placed(where(unit, day), sigma_m)}
    return row | {"actor_claimed": party, "count_low": n, "count_high": n, "count_unit": "weapons"}


def patrols(days: list[date]) -> Tables:
    """Two patrols a day. One in ten is turned back; who is near enough is met nine times in ten."""
    met: list[dict[str, object]] = []
    hours: list[dict[str, object]] = []
    for i, day in enumerate(days):
        for turn in range(2):
            at = behind(*PATROLS[(2 * i + turn) % len(PATROLS)])
            denied = RANDOM.random() < 0.1
            for kind in ("heavy_weapons_present", "withdrawal_partial"):
                hours.append(watch(day, kind, at, PATROL_M, PATROL_P, "denied" if denied else "watching"))
            for unit in UNITS if not denied else ():
                near = GEOD.inv(*at, *where(unit, day))[2] <= PATROL_M
                if near and RANDOM.random() < PATROL_P:
                    met.append(seen(unit, day, "11:00", PATROL_SIGMA_M))
    return met, hours


def images(days: list[date]) -> Tables:
    """One image a day of the whole area, none through cloud. It shows what stands there and what leaves."""
    found: list[dict[str, object]] = []
    passes: list[dict[str, object]] = []
    for day in days:
        clear = RANDOM.random() >= OVERCAST or day < FIRST + timedelta(days=2)
        for kind in ("heavy_weapons_present", "withdrawal_partial"):
            passes.append(watch(day, kind, CENTRE, IMAGE_M, IMAGE_P, "watching" if clear else "clouded"))
        for unit in UNITS if clear else ():
            if RANDOM.random() < IMAGE_P:
                found.append(seen(unit, day, "10:00", IMAGE_SIGMA_M))
            if unit[-1] == day:
                gone = (*unit[:5], unit[4], unit[-1])
                found.append(seen(gone, day, "10:00", IMAGE_SIGMA_M, "withdrawal_partial"))
    return found, passes


def watch(day: date, kind: str, at: tuple[float, float], radius: int, p: float, status: str) -> dict[str, object]:
    reason = {"denied": "Turned back at a checkpoint.", "clouded": "Overcast."}.get(status, "")
    lon, lat = (round(x, 5) for x in at)
    span = {"t_start": f"{day}T00:00", "t_end": f"{day + timedelta(days=1)}T00:00"}
    return {"kind": kind, **span, "lon": lon, "lat": lat, "range_m": radius, "p_detect": p, "status": status,
            "reason": reason}  # fmt: skip


def inventories() -> Tables:
    """A visit to each site every week; the third to one of them is refused, and its first finds one gun missing."""
    checks: list[dict[str, object]] = []
    visits: list[dict[str, object]] = []
    for week in range(4):
        for party, (lon, lat, declared) in SITES.items():
            day = date(2015, 3, 4 if party == "UA" else 5) + timedelta(days=7 * week)
            refused = party == "AF" and week == 2
            visits.append(watch(day, "discrepancy", (lon, lat), 3_000, 0.95, "denied" if refused else "watching"))
            base = {"t_start": f"{day}T12:00", "lon": lon, "lat": lat, "sigma_m": 100, "actor_claimed": party,
                    "count_unit": "weapons"}  # fmt: skip
            if refused:
                continue
            missing = 1 if party == "AF" and week == 0 else 0
            counted = declared - missing
            checks.append({"kind": "inventory_checked", **base, "count_low": counted, "count_high": counted})
            if missing:
                checks.append({"kind": "weapons_missing", **base, "count_low": missing, "count_high": missing})
    for lon, lat, _ in SITES.values():  # it knows its own visits, and waits at the sites for what comes in
        whole = {"t_end": f"{LAST + timedelta(days=1)}T00:00"}
        visits.append(watch(FIRST, "inventory_checked", (lon, lat), 3_000, 0.99, "watching") | whole)
        visits.append(watch(FIRST, "withdrawal_completed", (lon, lat), 3_000, 0.97, "watching") | whole)
    ends = {"UA": (date(2015, 2, 27), "sighting"), "AF": (date(2015, 2, 28), "claim")}
    for party, (day, claim) in ends.items():
        lon, lat, _ = SITES[party]
        base = {"t_start": f"{day}T15:00", "lon": lon, "lat": lat, "sigma_m": 100, "actor_claimed": party}
        checks.append({"kind": "withdrawal_completed", **base, "claim": claim})
    return checks, visits


def write(name: str, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    columns = list(dict.fromkeys(c for row in rows for c in row))
    with (HERE / "data" / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def between() -> None:
    ring = [*LINES["UA"].coords, *reversed(LINES["AF"].coords), LINES["UA"].coords[0]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]}, indent=1)
    (HERE / "zones" / "between.geojson").write_text(text + "\n", "utf-8")


def everything() -> tuple[Tables, Tables, Tables]:
    """Patrols, images, inventories: for each, what was seen and who looked."""
    every = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1)]
    return patrols(every), images(every), inventories()


LINES = lines()
RANDOM = random.Random(SEED)

if __name__ == "__main__":
    for name, tables in zip(("patrol", "imagery", "inventory"), everything(), strict=True):
        for part, rows in zip(("seen", "watches"), tables, strict=True):
            write(f"{name}_{part}.csv", rows)
    between()
