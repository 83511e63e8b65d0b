"""Observations that a report makes besides its entries: promises seen fulfilled or exceeded, and being turned back."""

import re
from math import floor

import polars as pl

from servanda.kinds import lineage, tree
from servanda.sources.odk_form import LOST_BY, Check, understood
from servanda.sources.odk_seen import CLOCK_AHEAD, near_post
from servanda.sources.odk_settings import OdkSettings
from servanda.sources.odk_watches import Areas
from servanda.sources.reading import ROW

_SCHEMA = {
    ROW: pl.Int64,
    "kind": pl.String,
    "label": pl.String,
    "entry": pl.String,
    "count_low": pl.Float64,
    "count_high": pl.Float64,
    "count_unit": pl.String,
    "own_area": pl.Binary,
}


def answered(frame: pl.DataFrame, kinds_seen: dict[int, set[str]], areas: Areas, settings: OdkSettings) -> pl.DataFrame:
    """Observation columns of what follows from the answers of each report.

    ``kinds_seen``: what the entries of each report (by ``ROW``) say was sighted. What an entry says already is not
    said twice. 'Yes' to a required act is a sighting of it; 'no' to a limit is more than it allows; a count is a count.
    """
    rows = []
    for row in frame.iter_rows(named=True):
        seen = kinds_seen.get(row[ROW], set())
        for check in understood(row["checks"] or ""):
            counted = _count(check, row)
            if counted is not None and check.kind in tree() and not _said(check.kind, seen):
                area = areas.get(check.zone.casefold())
                label = f"{check.answer}: {row.get(check.answer) or 'not answered'}"
                rows.append((row[ROW], check.kind, label, check.answer, *counted, area))
        lost = LOST_BY.get(row["status"])
        if lost and not _said(lost, seen):
            rows.append((row[ROW], lost, row["status"], row["status"], None, None, None, None))
    found = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return _placed(found.join(frame, on=ROW, how="left", maintain_order="left"), settings)


def _said(kind: str, seen: set[str]) -> bool:
    return any(kind in lineage(k) for k in seen)


def _count(check: Check, row: dict[str, str | None]) -> tuple[float | None, float | None, str | None] | None:
    """Low, high and unit of what was seen; None where nothing was. More than the limit is at least one more."""
    answer, unit = row.get(check.answer), check.unit or None
    if check.promise == "require":
        return (None, None, None) if answer == "yes" else None
    text = (row.get(check.count) or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return (float(text), float(text), unit) if float(text) > 0 else None
    if answer != "no":
        return None
    return (floor(check.most) + 1.0 if check.most is not None else None, None, unit)


def _placed(found: pl.DataFrame, settings: OdkSettings) -> pl.DataFrame:
    """At the zone that the question is about, else at the post, else in the zone of the report."""
    area = pl.coalesce("own_area", pl.when(pl.col("post_lon").is_null()).then("area"))
    at_post = area.is_null()
    sigma = (pl.col("post_sigma_m") ** 2 + settings.here_sigma_m**2).sqrt()
    flags = pl.when("clock_ahead").then(pl.lit([CLOCK_AHEAD])).otherwise(pl.lit([], pl.List(pl.String)))
    return found.with_columns(
        area.alias("geometry"),
        pl.when(at_post).then("post_lon").alias("lon"),
        pl.when(at_post).then("post_lat").alias("lat"),
        pl.when(at_post).then(sigma).alias("sigma_m"),
        pl.when(at_post).then(pl.lit(near_post(settings))).alias("access"),
        pl.lit("sighting").alias("claim"),
        pl.col("reason").alias("text"),
        flags.alias("flags"),
    )
