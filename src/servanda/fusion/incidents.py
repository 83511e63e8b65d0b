"""Groups of reports to the incidents table: how sure, where, when, what, who, by how many witnesses."""

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda.fusion.belief import believed, weighed
from servanda.fusion.calibration import Calibration
from servanda.fusion.copies import copies
from servanda.fusion.details import details
from servanda.fusion.echoes import told_first
from servanda.fusion.grouping import Grouping
from servanda.fusion.model import Model
from servanda.fusion.quality import belief, place_error, time_variance
from servanda.fusion.reports import Reports
from servanda.tables import INCIDENTS, MEMBERSHIP


def build(
    r: Reports,
    m: Model,
    grouping: Grouping,
    origin: NDArray[np.int64],
    watches: pl.DataFrame | None,
    calibration: Calibration | None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Incidents, membership, alternatives, links of copies. What nothing supports (denied or retracted) is none.

    ``m`` and ``grouping`` are of those of all reports ``r`` that repeat none (``origin``, see ``echoes``).
    """
    supports = pl.col("p_true") > 0.0
    rows = r.frame.with_columns(supports.alias("supports")).drop("p_true")
    rows = rows.join(_grouped(r, m, grouping, origin), on="report", how="left", maintain_order="left").with_columns(
        (pl.col("p_true") * pl.col("supports")).alias("p_true")
    )
    repeating = _repeating(r, rows, int(grouping.label.max(initial=-1)) + 1)
    repeated = copies(rows, m.priors)
    rows = _with_voices(rows, repeated.voices)
    table = believed(rows, m.priors.rumour)
    for part in (_named(rows), *details(rows, m.priors)):
        table = table.join(part, on="group", how="left", maintain_order="left")
    table = table.with_columns(pl.col("kinds").list.first().struct.field("value").alias("kind"))
    table = table.with_columns(weighed(table, m, grouping, watches, calibration, repeating))
    incidents = INCIDENTS.conform(table.select(INCIDENTS.names)).sort("t_start", "incident_id")
    ids = table.select("group", "incident_id")
    members = rows.select("group", "observation_id", _belonging().alias("probability"))
    membership = _membership(members, ids)
    others = _alternatives(r, told_first(origin), grouping)
    return incidents, membership, _membership(others, ids), repeated.links


def _repeating(r: Reports, rows: pl.DataFrame, groups: int) -> NDArray[np.int64]:
    """(groups, sources) reports that were found to repeat another before matching."""
    copied = rows.filter(pl.col("repeats").is_not_null()).unique("report", keep="first", maintain_order=True)
    if copied.is_empty():
        return np.zeros((groups, len(r.sources)), dtype=np.int64)
    source = copied["source_id"].replace_strict({s: i for i, s in enumerate(r.sources)}, return_dtype=pl.Int64)
    code = copied["group"].cast(pl.Int64).to_numpy() * len(r.sources) + source.to_numpy()
    return np.bincount(code, minlength=groups * len(r.sources)).reshape(groups, len(r.sources))


def _with_voices(rows: pl.DataFrame, voices: pl.DataFrame) -> pl.DataFrame:
    """``voice``: one witness group, or the first of several that repeat each other."""
    joined = rows.join(voices, on=["group", "witness_group"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("voice", "witness_group").alias("voice"))


def _grouped(r: Reports, m: Model, grouping: Grouping, origin: NDArray[np.int64]) -> pl.DataFrame:
    """What became of every report: a copy is where that is which it repeats."""
    number = np.arange(len(r))
    repeats = origin >= 0
    at = (np.cumsum(~repeats) - 1)[np.where(repeats, origin, number)]
    return pl.DataFrame(
        {
            "report": number.astype(np.uint32),
            "group": grouping.label[at],
            "chance": grouping.chance[at],
            "p_true": belief(r, m.quality),
            "s_km": place_error(r, m.quality),
            "s_h": np.sqrt(time_variance(r, m.quality)),
            "repeats": pl.Series(np.where(repeats, origin, number)).cast(pl.UInt32),
        }
    ).with_columns(pl.when(pl.Series(repeats)).then("repeats").alias("repeats"))


def _belonging() -> pl.Expr:
    """The first report of an incident is what the others belong to."""
    return pl.when(pl.col("chance") > 0.0).then("chance").otherwise(1.0)


def _membership(members: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    joined = members.join(ids, on="group", how="inner", maintain_order="left").select(MEMBERSHIP.names)
    return MEMBERSHIP.conform(joined.sort("incident_id", "observation_id"))


def _alternatives(r: Reports, matched: NDArray[np.int64], grouping: Grouping) -> pl.DataFrame:
    """group, observation_id, probability of the links that were open but not chosen, of the reports ``matched``."""
    other = grouping.open_
    links = pl.DataFrame(
        {"report": matched[other.report].astype(np.uint32), "group": other.cluster, "probability": other.chance}
    )
    best = links.group_by("report", "group").agg(pl.col("probability").max())
    ids = r.frame.select("report", "observation_id")
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
