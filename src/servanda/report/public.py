"""What may be published: sources of which nothing is open are not named, and not shown at work."""

from dataclasses import replace

import polars as pl

from servanda.report.data import ReportData

RESTRICTED = "restricted sources"


def publishable(data: ReportData) -> ReportData:
    """The data without the names of restricted sources; their incidents and hours still count.

    Their watches are left out as well: when somebody was looking can give away who. Observations that are not
    open stay in the table, because ids must be counted; the annex shows nothing of them but the id.
    """
    withheld = withheld_sources(data)
    if not withheld:
        return data
    hidden = pl.col("source_id").is_in(withheld)
    name = pl.when(hidden).then(pl.lit(RESTRICTED)).otherwise(pl.col("source_id")).alias("source_id")

    def blank(column: str) -> pl.Expr:
        return pl.when(hidden).then(pl.lit("withheld")).otherwise(pl.col(column)).alias(column)

    return replace(
        data,
        effort=data.effort.with_columns(blank("reason"), name),
        watches=data.watches.filter(~hidden),
        quarantine=data.quarantine.with_columns(blank("file"), blank("reason"), name),
        sources=data.sources.filter(~hidden),
        comparisons=tuple(replace(c, source_id=RESTRICTED) if c.source_id in withheld else c for c in data.comparisons),
        refused=tuple(_unnamed(r, withheld) for r in data.refused),
        notices=tuple(_unnamed(n, withheld) for n in data.notices),
    )


def withheld_sources(data: ReportData) -> list[str]:
    """Sources that have observations, none of which is open; sorted."""
    access = data.observations.group_by("source_id").agg(open=(pl.col("access") == "open").any())
    return sorted(access.filter(~pl.col("open"))["source_id"].to_list())


def _unnamed(words: str, withheld: list[str]) -> str:
    for source_id in withheld:
        words = words.replace(source_id, RESTRICTED)
    return words
