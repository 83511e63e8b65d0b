"""What each source contributed to the picture: counts, and what was learned of it or why nothing was."""

import polars as pl

from servanda.agreement.resolved import Agreement
from servanda.findings import Period
from servanda.fusion import FusionResult, Priors
from servanda.report.data import CONTRIBUTIONS, QUALITIES


def contributions(
    fused: FusionResult,
    observations: pl.DataFrame,
    sources: pl.DataFrame,
    agreement: Agreement,
    period: Period,
    priors: Priors,
) -> pl.DataFrame:
    """A frame ``report.data.CONTRIBUTIONS``, one row for each source of the mission, in order of ids."""
    since = Period(min(agreement.t_from, period.t_from), period.t_to, "in_force")
    table = sources.select("source_id", _stated(priors)).unique("source_id", keep="first").sort("source_id")
    for part in (
        _records(observations, period, "period"),
        _records(observations, since, "since"),
        _incidents(fused, observations, since),
        _learned(fused.sources),
        _copies(fused.sources),
    ):
        table = table.join(part, on="source_id", how="left", maintain_order="left")
    table = table.with_columns(pl.col("period", "since", "incidents", "shared", "alone", "copies").fill_null(0))
    told = table.with_columns(_unlearned(_inside(observations, since), fused, priors))
    return told.select([pl.col(name).cast(dtype) for name, dtype in CONTRIBUTIONS.items()])


def _stated(priors: Priors) -> pl.Expr:
    """F says nothing of a source; so does having neither a number nor a grade."""
    grades = {k: v for k, v in priors.reliability.items() if k != "F"}
    by_grade = pl.col("reliability").replace_strict(grades, default=None, return_dtype=pl.Float64)
    return pl.coalesce("p_true", by_grade).alias("stated")


def _inside(table: pl.DataFrame, stretch: Period) -> pl.DataFrame:
    return table.filter((pl.col("t_end") >= stretch.t_from) & (pl.col("t_start") < stretch.t_to))


def _records(observations: pl.DataFrame, stretch: Period, name: str) -> pl.DataFrame:
    return _inside(observations, stretch).group_by("source_id").agg(pl.col("record_id").n_unique().alias(name))


def _incidents(fused: FusionResult, observations: pl.DataFrame, stretch: Period) -> pl.DataFrame:
    held = _inside(fused.incidents, stretch)
    who = observations.select("observation_id", "source_id", "witness_group")
    members = fused.membership.join(held.select("incident_id"), on="incident_id", how="semi")
    told = members.join(who, on="observation_id").select("incident_id", "source_id", "witness_group").unique()
    others = told.group_by("incident_id").agg(
        (pl.col("witness_group").n_unique() > 1).alias("shared"), (pl.col("source_id").n_unique() == 1).alias("alone")
    )
    each = told.select("incident_id", "source_id").unique().join(others, on="incident_id")
    return each.group_by("source_id").agg(pl.len().alias("incidents"), pl.col("shared").sum(), pl.col("alone").sum())


def _learned(sources: pl.DataFrame) -> pl.DataFrame:
    """Numbers that rest on matches; a stated one is no news, so it is left out here."""
    matched = pl.col("matches") if "matches" in sources.columns else pl.lit(0.0)
    columns = [_of(name, end, sources.columns) for name in QUALITIES for end in ("", "_low", "_high")]
    return sources.select("source_id", matched.cast(pl.Float64).alias("matches"), *columns)


def _copies(sources: pl.DataFrame) -> pl.DataFrame:
    return sources.select("source_id", "copies" if "copies" in sources.columns else pl.lit(0).alias("copies"))


def _of(name: str, end: str, columns: list[str]) -> pl.Expr:
    if f"{name}_low" not in columns:
        return pl.lit(None, dtype=pl.Float64).alias(name + end)
    return pl.when(pl.col(f"{name}_low").is_not_null()).then(pl.col(name + end)).alias(name + end)


def _unlearned(observations: pl.DataFrame, fused: FusionResult, priors: Priors) -> pl.Expr:
    """Why nothing was learned of a source; null where something was. ``observations``: since it is in force."""
    reports = fused.beliefs.reports if fused.beliefs else 0
    telling = observations.filter(~pl.col("kind").is_in(list(priors.no_incident)))
    groups = telling["witness_group"].n_unique()
    nothing = pl.all_horizontal(pl.col(f"{name}_low").is_null() for name in QUALITIES)
    reason = (
        pl.when(pl.col("since") == 0)
        .then(pl.lit("silent"))
        .when(~pl.col("source_id").is_in(telling["source_id"].unique().to_list()))
        .then(pl.lit("no_incident"))
        .when(pl.lit(reports < priors.learn_from))
        .then(pl.lit("few_reports"))
        .when(pl.lit(groups < 2))
        .then(pl.lit("one_group"))
        .otherwise(pl.lit("no_match"))
    )
    return pl.when(nothing).then(reason).alias("unlearned")
