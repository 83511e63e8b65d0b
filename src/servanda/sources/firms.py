"""NASA FIRMS: heat seen from space. Three CSV layouts and a GeoJSON one, brought to the same columns."""

import re
from datetime import timedelta
from math import sqrt

import polars as pl

from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import finish_observations, with_record_ids
from servanda.sources.fetch_firms import FETCH as FIRMS_FETCH
from servanda.sources.firms_season import derive
from servanda.sources.firms_settings import FLAGS, KIND, FirmsSettings, satellites
from servanda.sources.firms_watches import derive_watches, outage, watches
from servanda.sources.places import coordinate_checks, geojson, number
from servanda.sources.reading import ROW, Rows, account, quarantine_rows, read_csv, set_apart, set_aside, unpacked
from servanda.sources.times import plausible

NEEDED = ("latitude", "longitude", "acq_date", "acq_time", "satellite", "confidence")
SAME = {"bright_ti4": "brightness", "bright_ti5": "bright_t31"}
"""Names of one thing in two layouts."""
RECORD = ("latitude", "longitude", "acq_date", "acq_time", "satellite", "brightness", "frp", "confidence", "version")
CREDIBILITY = {"low": 5, "nominal": 3, "high": 2}
LOW_BELOW, HIGH_FROM = 30, 80
"""Percent: the classes of the MODIS active fire product user's guide."""
_FILE_TIME = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2})")


def read(payload: Payload, context: Context) -> Reading:
    """Read one file: an observation for every pixel, watches for the passes that the data or the coverage file show."""
    rows = _rows(payload, context)
    notices = account(rows.columns, SOURCE.fields, NEEDED, payload, context) if rows.columns else []
    rows = set_apart(rows, SOURCE.fields)
    if rows.frame.is_empty():
        return _empty_feed(rows, notices, payload, context)
    frame = with_record_ids(_canonical(rows), RECORD, context)
    good, bad = set_aside(frame, _checks(), rows.columns, payload, context)
    good = good.with_columns(
        pl.lit(KIND).alias("kind"),
        pl.col("t").alias("t_start"),
        pl.col("t").alias("t_end"),
        _pixel_sigma_m().alias("sigma_m"),
        pl.lit("sighting").alias("claim"),
        pl.col("class").replace_strict(CREDIBILITY, default=None, return_dtype=pl.Int8).alias("credibility"),
        pl.col("confidence").alias("label"),
    )
    observations, duplicates = finish_observations(good, SOURCE, payload, context)
    seen = watches(good, SOURCE, payload, context)
    return Reading(observations, seen, pl.concat([rows.bad, bad]).sort("row"), (*notices, *duplicates))


def _rows(payload: Payload, context: Context) -> Rows:
    if unpacked(payload, context).lstrip()[:1] != b"{":
        return read_csv(payload, context)
    features = geojson(payload, context)["features"]
    properties = [f.get("properties") if isinstance(f, dict) else None for f in features]
    records = [p if isinstance(p, dict) else None for p in properties]
    bad = [
        (n, "The feature has no properties.", str(f))
        for n, (f, r) in enumerate(zip(features, records, strict=True), 1)
        if not r
    ]
    names = sorted({name for r in records if r for name in r})
    kept = [(n, r) for n, r in enumerate(records, 1) if r]
    columns = {c: [None if r.get(c) is None else str(r[c]) for _, r in kept] for c in names}
    frame = pl.DataFrame(
        {ROW: [n for n, _ in kept], **columns}, schema={ROW: pl.Int64, **dict.fromkeys(names, pl.String)}
    )
    return Rows(frame, quarantine_rows(bad, payload, context))


def _canonical(rows: Rows) -> pl.DataFrame:
    """One set of columns whatever the layout: numbers, time, satellite and confidence class in one spelling."""
    present = {old: new for old, new in SAME.items() if old in rows.columns and new not in rows.columns}
    frame = rows.frame.with_columns(pl.col(old).alias(new) for old, new in present.items())
    absent = [c for c in (*RECORD, "scan", "track") if c not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(c) for c in absent)
    clock = pl.col("acq_time").str.strip_chars().str.replace(":", "", literal=True).str.zfill(4)
    stamp = pl.col("acq_date").str.strip_chars() + " " + clock
    percent = pl.col("confidence").cast(pl.Float64, strict=False)
    letter = pl.col("confidence").str.strip_chars().str.to_lowercase().str.slice(0, 1)
    named = letter.replace_strict({"l": "low", "n": "nominal", "h": "high"}, default=None, return_dtype=pl.String)
    classed = pl.when(percent < LOW_BELOW).then(pl.lit("low")).when(percent < HIGH_FROM).then(pl.lit("nominal"))
    names = dict(satellites().select("code", "satellite").rows())
    return frame.with_columns(
        number("longitude").alias("lon"),
        number("latitude").alias("lat"),
        clock.alias("acq_time"),
        plausible(stamp.str.to_datetime("%Y-%m-%d %H%M", time_unit="us", time_zone="UTC", strict=False)).alias("t"),
        pl.col("satellite")
        .str.strip_chars()
        .replace_strict(names, default=None, return_dtype=pl.String)
        .alias("platform"),
        pl.when(percent.is_null())
        .then(named)
        .otherwise(classed.when(percent <= 100).then(pl.lit("high")))
        .alias("class"),
    )


def _checks() -> list[tuple[pl.Expr, pl.Expr | str]]:
    return [
        *coordinate_checks(),
        (pl.col("t").is_null(), pl.format("acq_date {} and acq_time {} are no UTC time.", "acq_date", "acq_time")),
        (
            pl.col("platform").is_null(),
            pl.format("Satellite {} is not known.", pl.col("satellite").fill_null("(none)")),
        ),
        (
            pl.col("class").is_null(),
            pl.format(
                "Confidence {} is neither 0-100 nor low, nominal, high.", pl.col("confidence").fill_null("(none)")
            ),
        ),
    ]


def _pixel_sigma_m() -> pl.Expr:
    """Standard deviation, on the longer side, of a place that is anywhere in the pixel: side / √12. Sides are in km."""
    side = pl.max_horizontal(number("scan"), number("track"))
    return pl.when(side > 0).then(side * 1000 / sqrt(12))


def _empty_feed(rows: Rows, notices: list[str], payload: Payload, context: Context) -> Reading:
    """A valid file without one fire in it is an outage of the feed, not a day without fires."""
    stamp = _FILE_TIME.search(payload.name)
    if stamp is None:
        notices = [*notices, f"{payload.name}: the feed was empty, and its name does not say when."]
        return Reading(quarantine=rows.bad, notices=tuple(notices))
    year, month, day, hour, minute = map(int, stamp.groups())
    until = pl.datetime(year, month, day, hour, minute, time_zone="UTC", time_unit="us")
    notices = [*notices, f"{payload.name}: the feed was empty: an outage, not a day without fires."]
    return Reading(watches=outage(until, SOURCE, payload, context), quarantine=rows.bad, notices=tuple(notices))


SOURCE = Source(
    name="firms",
    title="Thermal anomalies (MODIS, VIIRS)",
    provider="NASA LANCE FIRMS",
    licence="NASA open data policy",
    citation="NASA FIRMS: MODIS Collection 6.1 and VIIRS 375 m active fire products, LANCE.",
    url="https://firms.modaps.eosdis.nasa.gov/",
    asks="Cite FIRMS; do not use for the preservation of life or property.",
    witness_group="firms",
    reliability="C",
    reliability_why="Sees heat well and its cause not at all: field burning and industry outnumber fighting.",
    time_zone="UTC",
    latency=timedelta(hours=3),
    sigma_m=375.0,
    watch_model=(
        "Each satellite passes twice a day; a pass is a watch where the data or the coverage file show that its feed "
        "was delivered whole. Missing snapshots and empty feeds are offline, not calm. Cloud is not known and is part "
        "of p_detect. Anomalies stay anomalies: only unusual ones bear on fighting, and only if a mission says so."
    ),
    is_monitor=False,
    fields=Fields(
        used={
            "latitude": "degrees",
            "longitude": "degrees",
            "acq_date": "UTC date",
            "acq_time": "UTC clock, one to four digits",
            "satellite": "which satellite",
            "confidence": "0-100, or low, nominal, high",
            "scan": "pixel width, km",
            "track": "pixel height, km",
            "brightness": "part of the record",
            "bright_ti4": "brightness in another layout",
            "frp": "part of the record",
            "version": "part of the record: near real time or standard",
        },
        ignored={
            "instrument": "the satellite says it",
            "bright_t31": "second channel, not needed",
            "bright_ti5": "second channel, not needed",
            "daynight": "the time says it",
            "type": "inferred hot spot type of the standard product; the baseline says it",
        },
    ),
    aux={
        "coverage": "list of snapshots (snapshot_utc, product, global_features, first_acq_date, last_acq_date)",
        "baseline": "fires of normal years (LATITUDE, LONGITUDE, ACQ_DATE): tells usual burning and permanent sources",
    },
    settings=FirmsSettings,
    kinds=frozenset({"thermal_anomaly"}),
    read=read,
    derive=derive,
    derive_watches=derive_watches,
    flags=FLAGS,
    fetch=(FIRMS_FETCH,),
    # Each satellite passes twice a day, and snapshots of a day are published day and night.
    cadence=timedelta(days=1),
)
