"""What machines read: ``findings.json`` and ``incidents.geojson``."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import shapely

import servanda
from servanda.findings import iso
from servanda.report.data import ReportData
from servanda.report.incidents import ELLIPSE, Marked, exported
from servanda.report.public import open_members

PIECE = 50_000
"""Features written at once; sets memory, not content."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
EVERY = "every incident"
SELECTED = "only incidents that bear on a term or lie in the reporting period"


def findings_json(data: ReportData) -> str:
    """Every finding and comparison, whole. The data must be publishable already."""
    order = sorted(data.findings, key=lambda f: (f.period.name, f.period.t_from, f.term_id, f.party, f.finding_id))
    out = {
        "agreement": {"title": data.agreement.title, "version": data.version, "sha256": data.agreement.digest},
        "as_of": iso(data.as_of),
        "period": data.period.to_json(),
        "findings": [f.to_json() for f in order],
        "comparisons": [c.to_json() for c in data.comparisons],
        "trends": [t.to_json() for t in data.trends],
        "undercounts": [u.to_json() for u in data.undercounts],
        "sources": _sources(data),
        "quarantine": _quarantine(data),
        "refused": list(data.refused),
        "servanda": servanda.__version__,
    }
    return json.dumps(out, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _sources(data: ReportData) -> list[dict[str, Any]]:
    shown = ("source_id", "provider", "licence", "citation", "reliability", "is_monitor")
    return data.sources.sort("source_id").select(shown).to_dicts()


def _quarantine(data: ReportData) -> dict[str, Any]:
    counts = data.quarantine["source_id"].value_counts().sort("source_id")
    return {"total": data.quarantine.height, "by_source": dict(counts.iter_rows())}


def incidents_geojson(data: ReportData, marked: Marked) -> Iterator[bytes]:
    """Incidents as GeoJSON features (RFC 7946), degrees lon lat; one feature per line, in order of time.

    All of them, or those that ``exported`` keeps of too many; ``selection`` at the top says which.

    An incident that has an area and no point is drawn as the area; one without either has a null geometry.
    The file comes in pieces, because a million incidents are half a gigabyte.
    """
    chosen = exported(data, marked)
    head = {
        "type": "FeatureCollection",
        "agreement": data.agreement.title,
        "version": data.version,
        "as_of": iso(data.as_of),
        "period": data.period.to_json(),
        "incidents_total": marked.incidents.height,
        "incidents_written": chosen.height,
        "selection": EVERY if chosen.height == marked.incidents.height else SELECTED,
    }
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [').encode()
    joined = _joined(chosen, marked, open_members(data))
    for start in range(0, joined.height, PIECE):
        lines = _features(joined.slice(start, PIECE), data.settings.place_decimals)
        yield (("\n" if start == 0 else ",\n") + lines.str.join(",\n").item()).encode()
    yield b"\n]}\n"


def _features(frame: pl.DataFrame, decimals: int) -> pl.Series:
    """One string per incident. JSON is made column by column, so that a million take seconds."""
    properties = pl.struct(
        "incident_id",
        pl.col("probability").round(4),
        "kind",
        pl.col("group").alias("kind_group"),
        pl.col("role").alias("counted_as"),
        pl.col("unusual").alias("unusual_heat"),
        pl.col("t_start").dt.strftime(TIME_FORMAT),
        pl.col("t_end").dt.strftime(TIME_FORMAT),
        pl.col("sigma_m").round(0),
        pl.col(ELLIPSE).round(0),
        "witnesses",
        "monitor_seen",
        "count_low",
        "count_high",
        "count_unit",
        pl.col("which").alias("report"),
        pl.col("coarse").alias("place_coarsened"),
        "regions",
        "terms",
        "observation_ids",
    ).struct.json_encode()
    return frame.select(
        pl.concat_str(
            pl.lit('{"type":"Feature","geometry":'),
            _geometry(frame, decimals),
            pl.lit(',"properties":'),
            properties,
            pl.lit("}"),
        ).alias("feature")
    )["feature"]


def _joined(chosen: pl.DataFrame, marked: Marked, membership: pl.DataFrame) -> pl.DataFrame:
    """The incidents with their observations, terms and regions as lists; an empty list where there are none."""
    ids = chosen.select("incident_id")

    def listed(frame: pl.DataFrame, name: str, value: pl.Expr, by: str) -> pl.DataFrame:
        mine = frame.join(ids, on="incident_id", how="semi")
        return mine.sort("incident_id", by).group_by("incident_id", maintain_order=True).agg(value.alias(name))

    term = pl.struct("term_id", pl.col("probability").round(4), "exempt_by")
    return (
        chosen.join(
            listed(membership, "observation_ids", pl.col("observation_id"), "observation_id"),
            on="incident_id",
            how="left",
            maintain_order="left",
        )
        .join(listed(marked.terms, "terms", term, "term_id"), on="incident_id", how="left", maintain_order="left")
        .join(
            listed(marked.regions, "regions", pl.col("region"), "region"),
            on="incident_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("observation_ids", "terms", "regions").fill_null([]))
    )


def _geometry(frame: pl.DataFrame, decimals: int) -> pl.Series:
    """GeoJSON geometries as strings; coordinates rounded, so that no false precision is published."""
    point = pl.concat_str(
        pl.lit('{"type":"Point","coordinates":['),
        pl.col("lon").round(decimals).cast(pl.String),
        pl.lit(","),
        pl.col("lat").round(decimals).cast(pl.String),
        pl.lit("]}"),
    )
    points = frame.select(point.fill_null("null").alias("geometry"))["geometry"]
    areal = (frame["lon"].is_null() | frame["lat"].is_null()) & frame["geometry"].is_not_null()
    if not areal.any():
        return points
    areas = shapely.from_wkb(frame.filter(areal)["geometry"].to_numpy())
    flat = shapely.to_geojson(shapely.transform(areas, lambda c: np.round(c, decimals)))
    return points.scatter(areal.arg_true(), pl.Series(flat, dtype=pl.String))
