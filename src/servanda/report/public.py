"""What may be published: sources of which nothing is open are not named, and not shown at work."""

from dataclasses import replace

import polars as pl

from servanda.findings import Undercount
from servanda.report.data import ReportData
from servanda.report.language import MASTER, catalogue

RESTRICTED = catalogue(MASTER).say("common.restricted_sources")


def publishable(data: ReportData) -> ReportData:
    """The data without the names of restricted sources; their incidents and hours still count.

    Their watches are left out as well, and the hours that each looked by itself: when somebody was looking can give
    away who. Observations that are not open stay in the table, because ids must be counted; the annex shows nothing
    of them but the id.
    """
    withheld = withheld_sources(data)
    if not withheld:
        return data
    restricted, nothing = data.words.say("common.restricted_sources"), data.words.say("common.withheld")
    hidden = pl.col("source_id").is_in(withheld)
    name = pl.when(hidden).then(pl.lit(restricted)).otherwise(pl.col("source_id")).alias("source_id")

    def blank(column: str) -> pl.Expr:
        return pl.when(hidden).then(pl.lit(nothing)).otherwise(pl.col(column)).alias(column)

    return replace(
        data,
        effort=data.effort.with_columns(blank("reason"), name),
        looked=data.looked.filter(~hidden.fill_null(False)),
        watches=data.watches.filter(~hidden),
        quarantine=data.quarantine.with_columns(blank("file"), blank("reason"), name),
        sources=data.sources.filter(~hidden),
        contributions=data.contributions.filter(~hidden),
        comparisons=tuple(replace(c, source_id=restricted) if c.source_id in withheld else c for c in data.comparisons),
        trends=tuple(replace(t, source_id=restricted) if t.source_id in withheld else t for t in data.trends),
        undercounts=tuple(_unlisted(u, data, withheld, restricted) for u in data.undercounts),
        refused=tuple(unnamed(r, withheld, restricted) for r in data.refused),
        notices=tuple(unnamed(n, withheld, restricted) for n in data.notices),
    )


def _unlisted(u: Undercount, data: ReportData, withheld: list[str], instead: str) -> Undercount:
    """Without the names of lists that restricted sources keep, and without the models that name them."""
    groups = set(data.sources.filter(pl.col("source_id").is_in(withheld))["witness_group"].to_list())
    lists = tuple(instead if groups & set(name.split("+")) else name for name in u.lists)
    return u if lists == u.lists else replace(u, lists=lists, parts=())


def withheld_sources(data: ReportData) -> list[str]:
    """Sources that have observations, none of which is open; sorted."""
    access = data.observations.group_by("source_id").agg(open=(pl.col("access") == "open").any())
    return sorted(access.filter(~pl.col("open"))["source_id"].to_list())


def unnamed(words: str, withheld: list[str], instead: str = RESTRICTED) -> str:
    """The words with ``instead`` in place of the names of these sources."""
    for source_id in withheld:
        words = words.replace(source_id, instead)
    return words
