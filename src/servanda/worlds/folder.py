"""A simulated world as a mission folder, such as a user would have. The truth stays out of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from servanda.worlds.place import features
from servanda.worlds.simulate import World
from servanda.worlds.spec import Watcher, WorldSpec
from servanda.worlds.written import agreement_text, template

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def write_mission(world: World, directory: Path) -> None:
    """Write mission.yaml, agreement.yaml, zones, data and a README; files of these names are replaced.

    The same world gives the same bytes. Times in the files are UTC, places degrees WGS 84, shapes WKT or GeoJSON.
    """
    for name in ("zones", "data"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for watcher in world.spec.watchers:
        _write_csv(world.observations[watcher.source_id], directory / "data" / f"{watcher.source_id}.csv")
        if watcher.states_watches:
            _write_csv(world.watches[watcher.source_id], directory / "data" / f"{watcher.source_id}_watches.csv")
    zones = dict(world.place.zones)
    _write_json(features({"line": zones.pop("line")}), directory / "zones" / "line.geojson")
    del zones["buffer"]  # the agreement defines it by its distance from the line
    _write_json(features(zones), directory / "zones" / "areas.geojson")
    _write_json(features(world.place.regions), directory / "zones" / "regions.geojson")
    _write_text(agreement_text(world.spec), directory / "agreement.yaml")
    _write_text(mission_text(world.spec), directory / "mission.yaml")
    _write_text(_readme(world), directory / "README.md")


def mission_text(spec: WorldSpec) -> str:
    """``mission.yaml``: every source twice where it states its watches, once for reports and once for these."""
    sources = [line for watcher in spec.watchers for line in _source_lines(spec, watcher)]
    return "\n".join(
        [
            f"title: {json.dumps(spec.title)}",
            "agreement: agreement.yaml",
            "time_zone: Etc/UTC",
            'cutoff: "00:00" # a reporting day ends at midnight',
            "sources:",
            *sources,
            "regions: {file: zones/regions.geojson, name: name}",
            "map: {zones: [buffer, no_fly, training_ground], lines: [line]}",
            "comparisons: []",
            f"assess: {{presumed_fulfilled: {_presumed(spec):.4g}}} # how often promises are kept here",
            "",
        ]
    )


def _presumed(spec: WorldSpec) -> float:
    """Mean chance that a routine is done: the right presumption for this world."""
    chances = [routine.p_done for routine in spec.routines]
    return sum(chances) / len(chances) if chances else 0.5


def _source_lines(spec: WorldSpec, watcher: Watcher) -> list[str]:
    reports = {
        "monitor": watcher.monitor,
        "reliability": watcher.reliability,
        "witness_group": watcher.witness_group,
        "p_true": stated_p_true(spec, watcher),
        "sigma_m": watcher.sigma_m,
    }
    lines = [f"  # {watcher.title}", *_entry(watcher.source_id, watcher.source_id, reports)]
    if watcher.states_watches:
        watches = {"holds": "watches", "witness_group": watcher.witness_group, "everywhere": watcher.beats is None}
        lines += _entry(f"{watcher.source_id}-watches", f"{watcher.source_id}_watches", watches)
    return lines


def _entry(source_id: str, file: str, settings: Mapping[str, Any]) -> list[str]:
    written = ", ".join(f"{k}: {json.dumps(v)}" for k, v in settings.items())
    return [
        f"  - id: {source_id}",
        "    source: table",
        f"    path: data/{file}.csv",
        f"    settings: {{{written}}}",
    ]


def stated_p_true(spec: WorldSpec, watcher: Watcher) -> float:
    """Chance that one of its reports is of something real, as it states it; a copier is no better than its original."""
    stated = 1 - min(1.0, watcher.false_share * watcher.overstates_false)
    if watcher.copies:
        original = next(w for w in spec.watchers if w.source_id == watcher.copies.of)
        stated = min(stated, stated_p_true(spec, original))
    return round(stated, 6)


def _readme(world: World) -> str:
    spec = world.spec
    rows = [f"| `{w.source_id}` | {w.title} | {world.observations[w.source_id].height} |" for w in spec.watchers]
    return template("README.md.in").substitute(
        title=spec.title,
        north=spec.north.name,
        south=spec.south.name,
        name=spec.name,
        seed=world.seed,
        days=spec.days,
        start=f"{spec.start:%Y-%m-%d}",
        sources="\n".join(["| source | who it is | reports |", "|---|---|---|", *rows]),
    )


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    frame.write_csv(path, datetime_format=TIME_FORMAT)


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    _write_text(json.dumps(content, indent=1) + "\n", path)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
