"""What the reports of one incident say together: where, when, what, who, how many."""

from collections.abc import Iterator

import polars as pl

from servanda.fusion.bearings import located
from servanda.fusion.priors import Priors
from servanda.tables import INCIDENTS


def details(rows: pl.DataFrame, priors: Priors) -> Iterator[pl.DataFrame]:
    """Tables by ``group`` of the reports that it holds: place, time, kinds, actors, counts, counts by kind."""
    yield from (
        _place(rows, priors),
        _time(rows),
        _shares(rows, "kind", "kinds"),
        _actors(rows),
        _counts(rows),
        _counted(rows),
    )


def _place(rows: pl.DataFrame, priors: Priors) -> pl.DataFrame:
    """Precision-weighted mean of the points, each voice by its best report; else the first area.

    Where posts gave bearings, what these and the points say together.
    """
    narrow = rows.select("group", "s_km", "observation_id", "voice", "lon", "lat")
    points = narrow.filter(pl.col("lon").is_not_null()).sort("group", "s_km", "observation_id")
    best = points.unique(["group", "voice"], keep="first", maintain_order=True)
    weight = pl.col("s_km") ** -2.0
    mean = best.group_by("group").agg(
        ((pl.col("lon") * weight).sum() / weight.sum()).alias("lon"),
        ((pl.col("lat") * weight).sum() / weight.sum()).alias("lat"),
        (1000.0 * weight.sum() ** -0.5).alias("sigma_m"),
    )
    areas = rows.select("group", "observation_id", "geometry").drop_nulls("geometry").sort("group", "observation_id")
    area = areas.group_by("group", maintain_order=True).agg(pl.col("geometry").first())
    fixes = located(rows, priors.range_error)
    mean = mean.update(fixes.select(mean.columns), on="group").join(
        fixes.drop("lon", "lat", "sigma_m"), on="group", how="left"
    )
    both = mean.join(area, on="group", how="full", coalesce=True)
    return both.with_columns(pl.when(pl.col("lon").is_null()).then("geometry").alias("geometry"))


def _time(rows: pl.DataFrame) -> pl.DataFrame:
    """What all reports have in common; if they have nothing in common, the most precise one."""
    sharpest = rows.sort("group", "s_h", "t_start", "observation_id").group_by("group", maintain_order=True)
    times = sharpest.agg(
        pl.col("t_start").max().alias("from"),
        pl.col("t_end").min().alias("to"),
        pl.col("t_start").first(),
        pl.col("t_end").first(),
    )
    common = pl.col("from") <= pl.col("to")
    return times.select(
        "group",
        pl.when(common).then("from").otherwise("t_start").alias("t_start"),
        pl.when(common).then("to").otherwise("t_end").alias("t_end"),
    )


def _shares(rows: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """Each value with the weight of the reports that give it, over the weight of all reports; likeliest first."""
    rows = rows.with_columns((pl.col("p_true") * (_part() if column == "kind" else 1.0)).alias("p"))
    weight = rows.select("group", "report", "p_true").unique(["group", "report"], keep="first", maintain_order=True)
    total = weight.group_by("group").agg(pl.col("p_true").sum().alias("total"))
    said = rows.filter(pl.col(column).is_not_null() & (pl.col("p_true") > 0))
    by_report = said.unique(["group", "report", column], keep="first", maintain_order=True)
    shares = (
        by_report.group_by("group", column)
        .agg(pl.col("p").sum())
        .join(total, on="group", how="left")
        .with_columns((pl.col("p") / pl.col("total")).clip(0.0, 1.0).round(9).alias("probability"))
        .sort(["group", "probability", column], descending=[False, True, False])
    )
    pair = pl.struct(pl.col(column).alias("value"), "probability").alias(name)
    return shares.group_by("group", maintain_order=True).agg(pair)


def _actors(rows: pl.DataFrame) -> pl.DataFrame:
    """Who is said to have done it. A report that names nobody does not speak against one that does.

    All names together weigh as much as the chance that at least one naming witness group is right.
    """
    naming = rows.filter(pl.col("actor_claimed").is_not_null() & (pl.col("p_true") > 0))
    by_group = naming.group_by("group", "witness_group", "actor_claimed").agg(pl.col("p_true").max())
    right = by_group.group_by("group", "witness_group").agg(pl.col("p_true").max())
    weight = right.group_by("group").agg((1.0 - (1.0 - pl.col("p_true")).product()).alias("named"))
    total = by_group.group_by("group").agg(pl.col("p_true").sum().alias("total"))
    shares = (
        by_group.group_by("group", "actor_claimed")
        .agg(pl.col("p_true").sum())
        .join(total, on="group")
        .join(weight, on="group")
        .with_columns((pl.col("p_true") / pl.col("total") * pl.col("named")).round(9).alias("probability"))
        .sort(["group", "probability", "actor_claimed"], descending=[False, True, False])
    )
    pair = pl.struct(pl.col("actor_claimed").alias("value"), "probability").alias("actors")
    actors = shares.group_by("group", maintain_order=True).agg(pair)
    missing = rows.select("group").unique().join(actors.select("group"), on="group", how="anti")
    empty = pl.lit([], dtype=INCIDENTS.schema["actors"])
    return pl.concat([actors, missing.with_columns(empty.alias("actors"))])


def _part() -> pl.Expr:
    """What part of a record's counted incidents are of the row's kind; 1 where incidents are not counted."""
    part = pl.col("count_low") / pl.col("count_low").max().over("report")
    return pl.when(pl.col("counted") & part.is_finite()).then(part).otherwise(1.0)


def _widest() -> list[pl.Expr]:
    open_end = pl.col("count_high").is_null().any()
    return [pl.col("count_low").min(), pl.when(~open_end).then(pl.col("count_high").max()).alias("count_high")]


def _counts(rows: pl.DataFrame) -> pl.DataFrame:
    """The widest interval that any report states in the unit of the first; a report's largest count is its whole.

    Counts in other units are not mixed in: nothing says how many of one make the other.
    """
    stated = rows.filter(pl.col("count_low").is_not_null() | pl.col("count_high").is_not_null())
    whole = stated.sort("count_low", "observation_id", descending=[True, False], nulls_last=True)
    ordered = whole.unique(["group", "report"], keep="first").sort("group", "s_h", "observation_id")
    unit = pl.col("count_unit").drop_nulls().first().over("group")
    ordered = ordered.filter(pl.col("count_unit").is_null() | (pl.col("count_unit") == unit))
    grouped = ordered.group_by("group", maintain_order=True)
    return grouped.agg(*_widest(), pl.col("count_unit").drop_nulls().first())


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Where incidents are counted: how many of each kind, as the widest interval that any report states."""
    of_kind = rows.filter("counted").group_by("group", "kind").agg(*_widest()).sort("group", "kind")
    count = pl.struct("kind", pl.col("count_low").alias("low"), pl.col("count_high").alias("high"))
    return of_kind.group_by("group", maintain_order=True).agg(count.alias("counts"))
