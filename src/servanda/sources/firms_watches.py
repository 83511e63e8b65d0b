"""When satellites looked: passes whose feed was delivered whole, and stretches for which it is missing."""

from datetime import timedelta

import polars as pl

from servanda.sources.base import Context, Payload, Source
from servanda.sources.content import finish_watches, identified_watches, latency
from servanda.sources.firms_settings import KIND, FirmsSettings, satellites, settings_of
from servanda.sources.reading import read_csv, refuse

COVERAGE = ("snapshot_utc", "product", "global_features", "first_acq_date", "last_acq_date")
_DAY_H = 24.0


def watches(good: pl.DataFrame, source: Source, payload: Payload, context: Context) -> pl.DataFrame:
    """Passes that the coverage file shows for its products; for other satellites the passes that have a row."""
    settings = settings_of(context)
    passes = _passes(settings)
    seen = _passes_with_rows(good, passes)
    frames = [seen]
    if "coverage" in context.aux:
        covered, gaps = coverage(source, context)
        products = satellites().select("satellite", "product").unique()
        listed = covered["product"].unique().to_list() + gaps["product"].unique().to_list()
        governed = products.filter(pl.col("product").is_in(listed))
        frames = [
            seen.join(governed, on="satellite", how="anti"),
            _passes_within(covered, passes.join(governed, on="satellite"), settings),
            gaps.select("t_start", "t_end", pl.lit("offline").alias("status"), "reason"),
        ]
    half = timedelta(minutes=settings.pass_half_width_min)
    timed = [
        f.select((pl.col("at") - half).alias("t_start"), (pl.col("at") + half).alias("t_end"))
        if "at" in f.columns
        else f
        for f in frames
    ]
    return finish_watches(_of_kinds(pl.concat(timed, how="diagonal"), settings), source, payload, context)


def outage(until: pl.Expr, source: Source, payload: Payload, context: Context) -> pl.DataFrame:
    """The offline watch of an empty feed that was fetched at ``until``."""
    settings = settings_of(context)
    frame = pl.select(
        (until - timedelta(hours=settings.snapshot_h)).alias("t_start"),
        until.alias("t_end"),
        pl.lit("offline").alias("status"),
        pl.lit("The feed was empty: an outage, not a day without fires.").alias("reason"),
    )
    return finish_watches(_of_kinds(frame, settings), source, payload, context)


def coverage(source: Source, context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Stretches for which each product is known, and the gaps between them: product, t_start, t_end (and reason).

    A snapshot with no feature in the world is an outage, hence part of a gap.
    """
    settings, payload = settings_of(context), context.aux["coverage"]
    rows = read_csv(payload, context).frame
    missing = [c for c in COVERAGE if c not in rows.columns]
    if missing:
        raise refuse(payload, context, f"it lacks the column {', '.join(missing)}.", f"It needs {', '.join(COVERAGE)}.")
    until = pl.col("snapshot_utc").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC", strict=False)
    first, last = (
        pl.col(c).str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC", strict=False) for c in COVERAGE[3:]
    )
    looked_back = until - timedelta(hours=settings.snapshot_h)
    whole = pl.col("global_features").cast(pl.Int64, strict=False).fill_null(0) > 0
    lines = rows.select(
        "product",
        pl.max_horizontal(looked_back, first).alias("t_start"),
        pl.min_horizontal(until - latency(source, context), last.dt.offset_by("1d")).alias("t_end"),
        looked_back.alias("from"),
        until.alias("until"),
        whole.alias("whole"),
    )
    known = _merged(lines.filter("whole").select("product", "t_start", "t_end"))
    return known, _gaps(known, lines)


def derive_watches(watches: pl.DataFrame, observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Without a coverage file only pixels show that anything was delivered: nothing after the last one is a watch."""
    if "coverage" in context.aux or observations.is_empty():
        return watches
    last = observations.select(pl.col("t_end").max()).item()
    late = (pl.col("status") == "watching") & (pl.col("t_end") > last)
    cut = watches.filter(late & (pl.col("t_start") < last)).with_columns(pl.lit(last).alias("t_end")).drop("watch_id")
    return pl.concat([watches.filter(~late), identified_watches(cut)]).sort("t_start", "watch_id")


def _merged(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans of each product with overlaps joined."""
    spans = spans.sort("product", "t_start", "t_end")
    reach = pl.col("t_end").cum_max().shift(1).over("product")
    group = (pl.col("t_start") > reach).fill_null(True).cum_sum().alias("group")
    merged = spans.with_columns(group).group_by("product", "group", maintain_order=True)
    return merged.agg(pl.col("t_start").min(), pl.col("t_end").max()).drop("group")


def _gaps(known: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What lies between the known stretches of a product, from its first listed moment to its last."""
    ends = lines.group_by("product").agg(pl.col("from").min(), pl.col("until").max())
    edges = pl.concat(
        [
            known,
            ends.select("product", pl.col("from").alias("t_start"), pl.col("from").alias("t_end")),
            ends.select("product", pl.col("until").alias("t_start"), pl.col("until").alias("t_end")),
        ]
    ).sort("product", "t_start", "t_end")
    gaps = edges.select(
        "product",
        pl.col("t_end").cum_max().shift(1).over("product").alias("gap_start"),
        pl.col("t_start").alias("gap_end"),
    ).filter(pl.col("gap_end") > pl.col("gap_start"))
    reason = pl.format("No whole snapshot of {} covers this time: missing data, not a time without fires.", "product")
    return gaps.select(
        "product", pl.col("gap_start").alias("t_start"), pl.col("gap_end").alias("t_end"), reason.alias("reason")
    )


def _passes(settings: FirmsSettings) -> pl.DataFrame:
    """Hour of the UTC day of every satellite's two nominal passes over the reference meridian."""
    table = satellites().unique("satellite", keep="first", maintain_order=True)
    wide = table.select("satellite", pl.concat_list("day_pass_h", "night_pass_h").alias("solar_h")).explode("solar_h")
    return wide.with_columns(((pl.col("solar_h") - settings.reference_lon / 15) % _DAY_H).alias("pass_h")).drop(
        "solar_h"
    )


def _passes_with_rows(good: pl.DataFrame, passes: pl.DataFrame) -> pl.DataFrame:
    """The nominal pass (``at``) nearest to each pixel."""
    seen = good.select(pl.col("platform").alias("satellite"), "t").unique().join(passes, on="satellite")
    midnight = pl.col("t").dt.truncate("1d")
    hours = (pl.col("t") - midnight).dt.total_minutes() / 60 - pl.col("pass_h")
    days = (hours / _DAY_H).round().cast(pl.Int64)
    at = midnight + pl.duration(days=days) + _hours(pl.col("pass_h"))
    seen = seen.with_columns(at.alias("at")).with_columns((pl.col("t") - pl.col("at")).abs().alias("off"))
    nearest = seen.sort("satellite", "t", "off", "at").unique(["satellite", "t"], keep="first", maintain_order=True)
    return nearest.select("satellite", "at").unique().sort("satellite", "at")


def _passes_within(covered: pl.DataFrame, passes: pl.DataFrame, settings: FirmsSettings) -> pl.DataFrame:
    """Nominal passes that lie, with their whole width, in a stretch for which the product is known."""
    half = timedelta(minutes=settings.pass_half_width_min)
    days = covered.with_columns(
        pl.datetime_ranges(
            pl.col("t_start").dt.truncate("1d"), pl.col("t_end").dt.truncate("1d"), interval="1d", closed="both"
        ).alias("day")
    ).explode("day")
    made = days.join(passes, on="product").with_columns((pl.col("day") + _hours(pl.col("pass_h"))).alias("at"))
    inside = (pl.col("at") - half >= pl.col("t_start")) & (pl.col("at") + half <= pl.col("t_end"))
    return made.filter(inside).select("satellite", "at")


def _hours(hours: pl.Expr) -> pl.Expr:
    return pl.duration(microseconds=(hours * 3_600_000_000).round().cast(pl.Int64))


def _of_kinds(frame: pl.DataFrame, settings: FirmsSettings) -> pl.DataFrame:
    """Each watch for anomalies and, if the mission takes unusual ones for a kind, for that kind."""
    kinds = [(KIND, settings.p_detect, settings.p_false)]
    if settings.unusual_kind is not None:
        kinds.append((settings.unusual_kind, settings.p_detect_unusual, settings.p_false_unusual))
    table = pl.DataFrame(kinds, schema={"kind": pl.String, "p_detect": pl.Float64, "p_false": pl.Float64}, orient="row")
    out = frame.join(table, how="cross")
    if "status" not in out.columns:
        return out
    offline = (pl.col("status") == "offline").fill_null(False)
    return out.with_columns(pl.when(offline).then(0.0).otherwise("p_detect").alias("p_detect"))
