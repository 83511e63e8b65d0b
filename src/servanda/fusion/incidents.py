"""Groups of reports to the incidents table: how sure, where, when, what, who, by how many witnesses."""

import hashlib

import numpy as np
import polars as pl

from servanda.fusion.reports import Reports
from servanda.fusion.silence import unconfirmed
from servanda.tables import INCIDENTS, MEMBERSHIP

WITNESSING = ("sighting", "admission")


def build(
    r: Reports, label: np.ndarray[tuple[int], np.dtype[np.int64]], watches: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Incidents and membership. A group that nothing supports (only denials, or all retracted) is no incident."""
    group_of = pl.DataFrame(
        {"report": np.arange(len(label), dtype=np.uint32), "group": label, "s_km": r.s_km, "s_h": r.s_h}
    )
    rows = r.frame.join(group_of, on="report", how="left", maintain_order="left")
    table = _believed(_without_retracted(rows))
    for part in (
        _named(rows),
        _place(rows),
        _time(rows),
        _shares(rows, "kind", "kinds"),
        _actors(rows),
        _counts(rows),
        _counted(rows),
    ):
        table = table.join(part, on="group", how="left", maintain_order="left")
    table = table.with_columns(pl.col("kinds").list.first().struct.field("value").alias("kind"))
    if watches is not None and watches.height and table.height:
        table = table.with_columns(_weighed_by_silence(table, watches))
    incidents = INCIDENTS.conform(table.select(INCIDENTS.names)).sort("t_start", "incident_id")
    ids = table.select("group", "incident_id")
    membership = rows.select("group", "observation_id").join(ids, on="group", how="inner", maintain_order="left")
    members = membership.with_columns(pl.lit(1.0).alias("probability")).select(MEMBERSHIP.names)
    return incidents, MEMBERSHIP.conform(members.sort("incident_id", "observation_id"))


def _weighed_by_silence(table: pl.DataFrame, watches: pl.DataFrame) -> pl.Series:
    """Bayes: the odds that it happened, times the chance that all who looked and reported nothing missed it."""
    p = np.clip(table["probability"].to_numpy(), 0.0, 1.0 - 1e-12)
    odds = p / (1.0 - p) * np.exp(unconfirmed(table, watches))
    return pl.Series("probability", odds / (1.0 + odds))


def _without_retracted(rows: pl.DataFrame) -> pl.DataFrame:
    """A witness group that took its report back supports nothing."""
    taken_back = rows.filter(pl.col("claim") == "retraction").select("group", "witness_group").unique()
    return rows.join(taken_back, on=["group", "witness_group"], how="anti") if taken_back.height else rows


def _believed(rows: pl.DataFrame) -> pl.DataFrame:
    """Chance that at least one witness group is right, each counting once, by its best report."""
    witness = pl.col("claim").is_in(WITNESSING) & pl.col("is_witness").fill_null(True)
    by_group = (
        rows.filter(pl.col("p_true") > 0)
        .group_by("group", "witness_group")
        .agg(
            pl.col("p_true").max(),
            witness.any().alias("witness"),
            (witness & pl.col("is_monitor").fill_null(False)).any().alias("monitor"),
        )
        .sort("group", "witness_group")
    )
    return (
        by_group.group_by("group", maintain_order=True)
        .agg(
            (1.0 - (1.0 - pl.col("p_true")).product()).alias("probability"),
            pl.col("witness").sum().cast(pl.Int64).alias("witnesses"),
            pl.col("witness_group").filter("witness").alias("witness_groups"),
            pl.col("monitor").any().alias("monitor_seen"),
            pl.col("witness_group").alias("groups"),
        )
        .sort("group")
    )


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """An incident's id is the hash of the ids of its observations; one alone lends its own."""
    ids = rows.sort("observation_id").group_by("group").agg(pl.col("observation_id"), pl.len().alias("observations"))
    several = ids.filter(pl.col("observations") > 1)
    names = [hashlib.sha256(" ".join(x).encode()).hexdigest()[:24] for x in several["observation_id"].to_list()]
    named = several.select("group").with_columns(pl.Series("incident_id", names, dtype=pl.String))
    alone = pl.col("observation_id").list.first()
    joined = ids.join(named, on="group", how="left", maintain_order="left")
    return joined.select("group", "observations", pl.coalesce("incident_id", alone).alias("incident_id"))


def _place(rows: pl.DataFrame) -> pl.DataFrame:
    """Precision-weighted mean of the points, each witness group by its best report; else the first area."""
    narrow = rows.select("group", "s_km", "observation_id", "witness_group", "lon", "lat")
    points = narrow.filter(pl.col("lon").is_not_null()).sort("group", "s_km", "observation_id")
    best = points.unique(["group", "witness_group"], keep="first", maintain_order=True)
    weight = pl.col("s_km") ** -2.0
    mean = best.group_by("group").agg(
        ((pl.col("lon") * weight).sum() / weight.sum()).alias("lon"),
        ((pl.col("lat") * weight).sum() / weight.sum()).alias("lat"),
        (1000.0 * weight.sum() ** -0.5).alias("sigma_m"),
    )
    areas = rows.select("group", "observation_id", "geometry").drop_nulls("geometry").sort("group", "observation_id")
    area = areas.group_by("group", maintain_order=True).agg(pl.col("geometry").first())
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
    """The widest interval that any report states, in the unit of the first; a report's largest count is its whole."""
    stated = rows.filter(pl.col("count_low").is_not_null() | pl.col("count_high").is_not_null())
    whole = stated.sort("count_low", "observation_id", descending=[True, False], nulls_last=True)
    ordered = whole.unique(["group", "report"], keep="first").sort("group", "s_h", "observation_id")
    grouped = ordered.group_by("group", maintain_order=True)
    return grouped.agg(*_widest(), pl.col("count_unit").drop_nulls().first())


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Where incidents are counted: how many of each kind, as the widest interval that any report states."""
    of_kind = rows.filter("counted").group_by("group", "kind").agg(*_widest()).sort("group", "kind")
    count = pl.struct("kind", pl.col("count_low").alias("low"), pl.col("count_high").alias("high"))
    return of_kind.group_by("group", maintain_order=True).agg(count.alias("counts"))
