"""Aircraft in the air as rows: their positions, who had poor navigation where and when, and where anyone was heard."""

from hashlib import sha256

import polars as pl
import shapely

from servanda.sources.adsb_settings import DEGRADED, JAMMING, OVERFLIGHT, POSITION, UNSTATED, AdsbSettings
from servanda.sources.base import Context
from servanda.sources.content import digests, listed
from servanda.sources.reading import per_value

CONTENT = ("label", "t", "lon", "lat", "accuracy_m", "is_degraded")


def identified(air: pl.DataFrame, settings: AdsbSettings, context: Context) -> pl.DataFrame:
    """Pseudonyms, times and cells. The record is the place that was broadcast, however often it is repeated."""

    def pseudonym(address: str) -> str:
        return "aircraft " + sha256(f"{settings.salt} {address}".encode()).hexdigest()[:10]

    t = pl.from_epoch((pl.col("t_s") * 1e6).round().cast(pl.Int64), time_unit="us").dt.replace_time_zone("UTC")
    side = settings.cell_deg
    air = air.with_columns(
        per_value(air["aircraft"], pseudonym).alias("label"),
        t.alias("t"),
        *((pl.col(c) / side).floor().cast(pl.Int64).alias(f"cell_{c}") for c in ("lon", "lat")),
        pl.lit(context.source_id).alias("source_id:"),
    )
    cells = air.select("cell_lon", "cell_lat").unique(maintain_order=True)
    west, south = (cells[c].to_numpy() * side for c in ("cell_lon", "cell_lat"))
    boxes = shapely.to_wkb(shapely.box(west, south, west + side, south + side))
    cells = cells.with_columns(pl.Series("cell", list(boxes), pl.Binary))
    air = air.with_columns(digests(air, [*CONTENT, "source_id:"]).alias("record_id"))
    return air.join(cells, on=["cell_lon", "cell_lat"], how="left", maintain_order="left")


def positions(air: pl.DataFrame) -> pl.DataFrame:
    return air.select(
        "record_id",
        pl.lit(POSITION).alias("kind"),
        pl.col("t").alias("t_start"),
        pl.col("t").alias("t_end"),
        "lon",
        "lat",
        pl.col("accuracy_m").alias("sigma_m"),
        pl.lit("sighting").alias("claim"),
        "label",
        listed({DEGRADED: pl.col("is_degraded"), UNSTATED: ~pl.col("is_stated")}).alias("flags"),
        pl.col("told").alias("text"),
    )


def poor(air: pl.DataFrame) -> pl.DataFrame:
    """That an aircraft had poor navigation in a cell on a UTC day: once, however many positions say so."""
    day = pl.col("t").dt.truncate("1d")
    degraded = air.filter("is_degraded").select(
        pl.lit(JAMMING).alias("kind"),
        day.alias("t_start"),
        day.dt.offset_by("1d").alias("t_end"),
        pl.col("cell").alias("geometry"),
        pl.lit("sighting").alias("claim"),
        "label",
        pl.lit([DEGRADED]).alias("flags"),
        "source_id:",
    )
    named = degraded.with_columns(digests(degraded, degraded.columns).alias("record_id")).drop("source_id:")
    return named.unique("record_id", keep="first", maintain_order=True)


def received(air: pl.DataFrame, settings: AdsbSettings) -> pl.DataFrame:
    """Cells and hours in which an aircraft in the air was received: only there could another have been."""
    hour = pl.col("t").dt.truncate("1h")
    return air.select(
        hour.alias("t_start"),
        hour.dt.offset_by("1h").alias("t_end"),
        pl.col("cell").alias("footprint"),
        pl.lit(OVERFLIGHT).alias("kind"),
        pl.lit(settings.p_detect).alias("p_detect"),
        pl.lit(settings.p_false).alias("p_false"),
    ).unique(maintain_order=True)
