"""Positions to overflights: one aircraft in one stretch of the clock is one thing seen, not hundreds."""

import numpy as np
import polars as pl
import shapely

from servanda.geo import distance_m
from servanda.sources.adsb_settings import DEGRADED, DISTINCT, JUMP, OVERFLIGHT, POSITION, AdsbSettings
from servanda.sources.content import reflagged
from servanda.tables import OBSERVATIONS

UNJUDGED = 6
"""Credibility of an overflight whose places are not to be trusted: cannot be judged."""


def overflights(observations: pl.DataFrame, settings: AdsbSettings) -> pl.DataFrame:
    """The first position of every aircraft in every stretch of ``bin_min`` becomes an overflight; the rest stay.

    An overflight's place is the set of the aircraft's good positions in that stretch (WKB multipoint, in order
    of time): it was in a zone if one of them lies in it. Where all are degraded, it is the first of them with
    the worst error among them, and it cannot be judged. Nothing hangs on the order or the splitting of files.
    """
    positions = observations.filter(pl.col("kind") == POSITION)
    if positions.is_empty():
        return observations
    ordered = positions.sort("label", "t_start", "observation_id").with_columns(
        pl.col("t_start").dt.truncate(f"{round(settings.bin_min * 60)}s").alias("bin"),
        (~pl.col("flags").list.contains(DEGRADED)).alias("good"),
    )
    flights = _flights(ordered.with_columns(_jumps(ordered, settings)))
    first = flights.join(positions.drop("t_end"), on="observation_id", how="left", maintain_order="left")
    made = first.with_columns(
        pl.lit(OVERFLIGHT).alias("kind"),
        pl.concat_str(pl.lit("flight "), "observation_id").alias("record_id"),
        pl.when(~pl.col("good")).then("lon").alias("lon"),
        pl.when(~pl.col("good")).then("lat").alias("lat"),
        pl.when("good").then("places").alias("geometry"),
        pl.col("worst").alias("sigma_m"),
        pl.lit(1.0).alias("count_low"),
        pl.lit(1.0).alias("count_high"),
        pl.lit("aircraft").alias("count_unit"),
        reflagged(pl.col("flags"), {JUMP: pl.col("jump"), DISTINCT: pl.lit(True)}).alias("flags"),
        pl.when(~pl.col("good") | pl.col("jump")).then(UNJUDGED).cast(pl.Int8).alias("credibility"),
        pl.format("{} positions; at first {}", "positions", pl.col("text").fill_null("-")).alias("text"),
        pl.col("last_recorded").alias("recorded_at"),
    )
    rest = observations.filter(~pl.col("observation_id").is_in(made["observation_id"].implode()))
    return OBSERVATIONS.conform(pl.concat([rest, OBSERVATIONS.conform(made.select(OBSERVATIONS.names))])).sort(
        "t_start", "observation_id"
    )


def _jumps(ordered: pl.DataFrame, settings: AdsbSettings) -> pl.Series:
    """Whether an aircraft would have had to fly impossibly fast to come from its last good place, or to its next."""
    good = ordered.with_row_index("at").filter("good")
    lon, lat, sigma = (good[c].to_numpy() for c in ("lon", "lat", "sigma_m"))
    seconds = good["t_start"].dt.epoch("us").to_numpy() / 1e6
    far = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]) - 3 * (sigma[:-1] + sigma[1:])
    same = (good["label"] == good["label"].shift(1)).fill_null(False).to_numpy()[1:]
    impossible = same & (far > settings.most_mps * np.maximum(seconds[1:] - seconds[:-1], 1.0))
    out = np.zeros(ordered.height, dtype=bool)
    at = good["at"].to_numpy()
    out[at[1:][impossible]] = True
    out[at[:-1][impossible]] = True
    return pl.Series("jump", out)


def _flights(ordered: pl.DataFrame) -> pl.DataFrame:
    """One row per aircraft and stretch: its first observation, when it ends, its places, how bad its worst is.

    With any good position in a stretch, the degraded ones are left out of it.
    """
    keys = ["label", "bin"]
    any_good = ordered.group_by(keys).agg(pl.col("good").any().alias("any_good"))
    used = (
        ordered.join(any_good, on=keys, how="left", maintain_order="left")
        .filter(pl.col("good") == pl.col("any_good"))
        .with_columns(pl.struct(keys).rle_id().alias("flight"))
    )
    points = shapely.points(used["lon"].to_numpy(), used["lat"].to_numpy())
    places = shapely.to_wkb(shapely.multipoints(points, indices=used["flight"].to_numpy().astype(np.intp)))
    rows = used.group_by("flight", maintain_order=True).agg(
        pl.col("observation_id").first(),
        pl.col("t_start").last().alias("t_end"),
        pl.col("good").first(),
        pl.col("jump").any(),
        pl.col("sigma_m").max().alias("worst"),
        pl.col("recorded_at").max().alias("last_recorded"),
        pl.len().alias("positions"),
    )
    return rows.with_columns(pl.Series("places", list(places), pl.Binary))
