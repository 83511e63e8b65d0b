"""Observations to reports: one row per provider's record, as arrays that matching works on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda import kinds
from servanda.fusion.place import leans
from servanda.fusion.priors import Priors
from servanda.tables import OBSERVATIONS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
HOUR_US = 3_600_000_000
KM_PER_DEGREE = 111.195
AREA_SIGMA_KM = 1.0
"""Two areas are the same only when their centres are: an area's own width says nothing about that."""
DISTINCT = "distinct"
"""Flag of reports that their source knows to be of different incidents, such as overflights of two aircraft."""
NEEDED = ("observation_id", "source_id", "kind", "t_start", "t_end", "lon", "lat")
OPTIONAL = (
    *("geometry", "sigma_m", "actor_claimed", "count_low", "count_high", "count_unit"),
    *("reliability", "credibility", "flags", "claim", "text", "url", "recorded_at"),
)
"""Columns that a minimal frame may lack; null there."""


ARRAYS = (
    *("x_km", "y_km", "s_km", "lean", "post", "t_h", "width_h", "p_true", "trust", "before"),
    *("kind", "source", "group", "counted", "distinct"),
)


@dataclass(frozen=True)
class Reports:
    """``frame``: usable observations with ``report`` (row of the arrays) and ``p_true``. Arrays (n,) by report.

    x_km, y_km: plane km; s_km: stated standard deviation of the place, NaN where none is stated; lean: (n, 2)
    how far it is from round (``place``), and post: a number for the post of a bearing, 0 for all else; t_h: middle of
    the time, hours since 1970; width_h: length of its interval, 0 for an instant; p_true: stated chance that it
    is true; trust: how many reports that chance weighs as in learning, and before: the chance that learning begins
    with; kind: position in ``kinds``; source and group: position
    in ``sources`` and ``groups``; counted: its count is one of incidents (``Priors.incident_units``); distinct: its
    source knows it to be another incident than any other of its reports with this mark.
    """

    frame: pl.DataFrame
    x_km: Floats
    y_km: Floats
    s_km: Floats
    lean: Floats
    post: Integers
    t_h: Floats
    width_h: Floats
    p_true: Floats
    trust: Floats
    before: Floats
    kind: Integers
    source: Integers
    group: Integers
    counted: Flags
    distinct: Flags
    kinds: Integers
    sources: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.x_km)

    def part(self, rows: Integers) -> "Reports":
        """The same arrays for some reports; the frame stays whole."""
        return self.made({name: getattr(self, name)[rows] for name in ARRAYS})

    def made(self, arrays: Mapping[str, NDArray[Any]]) -> "Reports":
        """With other arrays; sources, groups, kinds and frame stay."""
        changes: dict[str, Any] = dict(arrays)
        return replace(self, **changes)


def complete(observations: pl.DataFrame) -> pl.DataFrame:
    """Add what a minimal frame lacks: its own record, its own witness group, a sighting."""
    columns = [pl.col(n) for n in NEEDED]
    for name in OPTIONAL:
        given = pl.col(name) if name in observations.columns else pl.lit(None, dtype=OBSERVATIONS.schema[name])
        columns.append(given.alias(name))
    for name, stand_in in (("record_id", "observation_id"), ("witness_group", "source_id")):
        columns.append(pl.col(name if name in observations.columns else stand_in).alias(name))
    return observations.select(columns).with_columns(pl.col("claim").fill_null("sighting"))


def reports(observations: pl.DataFrame, sources: pl.DataFrame, priors: Priors) -> Reports:
    """Drop what is no incident (a count of zero is none), grade the rest, and give each record one row."""
    usable = complete(observations).filter(
        ~pl.col("kind").is_in(list(priors.no_incident))
        & ~pl.col("flags").list.contains("uninformative").fill_null(False)
        & (pl.col("count_high") != 0).fill_null(True)
    )
    order = {k: i for i, k in enumerate(kinds.tree())}
    graded = (
        usable.join(_source_beliefs(sources), on="source_id", how="left", maintain_order="left")
        .with_columns(
            _p_true(priors),
            *_trust(priors),
            _counted(priors),
            pl.col("kind").replace_strict(order, return_dtype=pl.Int64).alias("kind_at"),
            # What was said and what was done are two, even where one record tells of both.
            pl.col("kind").is_in([k for k in order if kinds.lineage(k)[-1] == "statement"]).alias("statement"),
        )
        # A record that says and denies one thing is a report of it: what supports it comes first.
        .sort(
            ["t_start", "record_id", "p_true", "kind_at", "observation_id"],
            descending=[False, False, True, False, False],
        )
    )
    one = ["record_id", "statement"]
    first = graded.unique(one, keep="first", maintain_order=True).with_row_index("report")
    frame = graded.join(first.select(*one, "report"), on=one, how="left", maintain_order="left")
    return _arrays(frame, first, priors)


def _source_beliefs(sources: pl.DataFrame) -> pl.DataFrame:
    return sources.select(
        "source_id",
        pl.col("p_true").alias("p_true_source"),
        pl.col("sigma_m").alias("sigma_source_m"),
        "is_monitor",
        "is_witness",
    ).unique("source_id", keep="first", maintain_order=True)


def _p_true(priors: Priors) -> pl.Expr:
    grade = pl.col("reliability").replace_strict(dict(priors.reliability), default=priors.reliability["F"])
    credit = pl.col("credibility").cast(pl.Int64).replace_strict(dict(priors.credibility), default=None)
    by_source = pl.coalesce(pl.col("p_true_source"), grade.cast(pl.Float64))
    supports = pl.col("claim").is_in(["sighting", "claim", "admission"])
    return (pl.min_horizontal(by_source, credit.cast(pl.Float64)) * supports).alias("p_true")


def _trust(priors: Priors) -> Iterator[pl.Expr]:
    """A number that somebody states weighs more than a grade, and 'cannot be judged' next to nothing."""
    graded = pl.col("reliability").is_in(list("ABCDE")) | pl.col("credibility").cast(pl.Int64).is_between(1, 5)
    stated, graded = pl.col("p_true_source").is_not_null(), graded.fill_null(False)
    weight = pl.when(graded).then(priors.grade_weight).otherwise(priors.unstated_weight)
    yield pl.when(stated).then(priors.trust_weight).otherwise(weight).alias("trust")
    yield pl.when(stated | graded).then(_p_true(priors)).otherwise(priors.unstated_true).alias("before")


def _counted(priors: Priors) -> pl.Expr:
    unit = pl.col("count_unit").str.strip_chars().str.to_lowercase()
    stated = pl.col("count_low").is_not_null() | pl.col("count_high").is_not_null()
    return (unit.is_in(list(priors.incident_units)).fill_null(False) & stated).alias("counted")


def _arrays(frame: pl.DataFrame, first: pl.DataFrame, priors: Priors) -> Reports:
    lon, lat = _places(first)
    latitude = float(np.nanmedian(lat)) if len(lat) and not np.isnan(lat).all() else 0.0
    known = first["lon"].is_not_null().to_numpy()
    sigma = first.select(pl.coalesce("sigma_m", "sigma_source_m").fill_null(np.nan)).to_series().to_numpy()
    stated = np.maximum(sigma, priors.sigma_floor_m) / 1000.0
    start, end = (first[c].dt.epoch("us").to_numpy() for c in ("t_start", "t_end"))
    kind, present = _positions(first["kind_at"].to_numpy())
    return Reports(
        frame,
        np.nan_to_num(lon) * np.cos(np.radians(latitude)) * KM_PER_DEGREE,
        np.nan_to_num(lat) * KM_PER_DEGREE,
        np.where(known, stated, AREA_SIGMA_KM),
        *leans(first["geometry"], np.where(known, stated, np.nan)),
        (start + (end - start) // 2) / HOUR_US,
        np.maximum(end - start, 0) / HOUR_US,
        first["p_true"].to_numpy(),
        first["trust"].cast(pl.Float64).to_numpy(),
        first["before"].cast(pl.Float64).to_numpy(),
        kind,
        _coded(first["source_id"]),
        _coded(first["witness_group"]),
        first["counted"].to_numpy().astype(bool),
        first["flags"].list.contains(DISTINCT).fill_null(False).to_numpy().astype(bool),
        present,
        tuple(first["source_id"].unique().sort().to_list()),
        tuple(first["witness_group"].unique().sort().to_list()),
    )


def _positions(values: Integers) -> tuple[Integers, Integers]:
    """Each value as a position among the distinct ones, and these."""
    present, at = np.unique(values, return_inverse=True)
    return at.reshape(-1), present


def _coded(column: pl.Series) -> Integers:
    """A text column as positions among its sorted values."""
    return np.asarray(column.rank("dense").to_numpy().astype(np.int64) - 1)


def _places(first: pl.DataFrame) -> tuple[Floats, Floats]:
    """Longitude and latitude of each report; of an area, those of its centroid."""
    lon, lat = (first[c].cast(pl.Float64).fill_null(np.nan).to_numpy().copy() for c in ("lon", "lat"))
    areas = np.flatnonzero(first["lon"].is_null().to_numpy() & first["geometry"].is_not_null().to_numpy())
    if len(areas):
        wkb = first["geometry"].gather(areas)
        distinct = wkb.unique(maintain_order=True)
        centroids = shapely.get_coordinates(shapely.centroid(shapely.from_wkb(distinct.to_list())))
        centres = dict(zip(distinct, centroids, strict=True))
        at = np.array([centres[w] for w in wkb])
        lon[areas], lat[areas] = at[:, 0], at[:, 1]
    return lon, lat
