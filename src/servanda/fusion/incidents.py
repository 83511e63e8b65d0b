"""Groups of reports to the incidents table: how sure, where, when, what, who, by how many witnesses."""

import hashlib

import numpy as np
import polars as pl

from servanda.fusion.belief import believed, weighed
from servanda.fusion.calibration import Calibration
from servanda.fusion.copies import copies
from servanda.fusion.details import details
from servanda.fusion.grouping import Grouping
from servanda.fusion.model import Model
from servanda.tables import INCIDENTS, MEMBERSHIP


def build(
    m: Model, grouping: Grouping, watches: pl.DataFrame | None, calibration: Calibration | None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Incidents, membership, alternatives, links of copies. What nothing supports (denied or retracted) is none."""
    per_report = pl.DataFrame(
        {
            "report": np.arange(len(m.r), dtype=np.uint32),
            "group": grouping.label,
            "chance": grouping.chance,
            "p_true": m.true,
            "s_km": m.s_km,
            "s_h": np.sqrt(m.var_h),
        }
    )
    supports = pl.col("p_true") > 0.0
    rows = m.r.frame.with_columns(supports.alias("supports")).drop("p_true")
    rows = rows.join(per_report, on="report", how="left", maintain_order="left").with_columns(
        (pl.col("p_true") * pl.col("supports")).alias("p_true")
    )
    repeated = copies(rows, m.priors)
    table = believed(rows, repeated.voices, m.priors.rumour)
    for part in (_named(rows), *details(rows, m.priors)):
        table = table.join(part, on="group", how="left", maintain_order="left")
    table = table.with_columns(pl.col("kinds").list.first().struct.field("value").alias("kind"))
    table = table.with_columns(weighed(table, m, grouping, watches, calibration))
    incidents = INCIDENTS.conform(table.select(INCIDENTS.names)).sort("t_start", "incident_id")
    ids = table.select("group", "incident_id")
    members = rows.select("group", "observation_id", _belonging().alias("probability"))
    membership = _membership(members, ids)
    return incidents, membership, _membership(_alternatives(m, grouping), ids), repeated.links


def _belonging() -> pl.Expr:
    """The first report of an incident is what the others belong to."""
    return pl.when(pl.col("chance") > 0.0).then("chance").otherwise(1.0)


def _membership(members: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    joined = members.join(ids, on="group", how="inner", maintain_order="left").select(MEMBERSHIP.names)
    return MEMBERSHIP.conform(joined.sort("incident_id", "observation_id"))


def _alternatives(m: Model, grouping: Grouping) -> pl.DataFrame:
    """group, observation_id, probability of the links that were open but not chosen."""
    other = grouping.open_
    links = pl.DataFrame(
        {"report": other.report.astype(np.uint32), "group": other.cluster, "probability": other.chance}
    )
    best = links.group_by("report", "group").agg(pl.col("probability").max())
    ids = m.r.frame.select("report", "observation_id")
    return best.join(ids, on="report", how="inner").sort("report", "group", "observation_id")


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """An incident's id is the hash of the ids of its observations; one alone lends its own."""
    ids = rows.sort("observation_id").group_by("group").agg(pl.col("observation_id"), pl.len().alias("observations"))
    several = ids.filter(pl.col("observations") > 1)
    names = [hashlib.sha256(" ".join(x).encode()).hexdigest()[:24] for x in several["observation_id"].to_list()]
    named = several.select("group").with_columns(pl.Series("incident_id", names, dtype=pl.String))
    alone = pl.col("observation_id").list.first()
    joined = ids.join(named, on="group", how="left", maintain_order="left")
    return joined.select("group", "observations", pl.coalesce("incident_id", alone).alias("incident_id"))
