"""What may be published: no id of an observation that is not open; sources of which nothing is open are not named, and
not shown at work."""

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from servanda.findings import Finding, Reason, Undercount
from servanda.report.data import ReportData
from servanda.report.language import MASTER, catalogue

RESTRICTED = catalogue(MASTER).say("common.restricted_sources")
NAMING = ("group", "groups")
"""Values of reasons that name witness groups."""


def publishable(data: ReportData) -> ReportData:
    """The data without the names of restricted sources; their incidents and hours still count.

    Their watches are left out as well, and the hours that each looked by itself: when somebody was looking can give
    away who. Findings and comparisons name open observations only. ``observations`` and ``membership`` stay whole,
    because incidents are placed and counted by them: who writes ids takes them from ``open_members``.
    """
    withheld = withheld_sources(data)
    restricted, nothing = data.words.say("common.restricted_sources"), data.words.say("common.withheld")
    names, shut = [*withheld, *_groups_of(data, withheld)], _shut(data)
    hidden = pl.col("source_id").is_in(withheld)
    name = pl.when(hidden).then(pl.lit(restricted)).otherwise(pl.col("source_id")).alias("source_id")

    def blank(column: str) -> pl.Expr:
        return pl.when(hidden).then(pl.lit(nothing)).otherwise(pl.col(column)).alias(column)

    return replace(
        data,
        findings=_findings(data.findings, shut, names, restricted),
        previous=_findings(data.previous, shut, names, restricted),
        effort=data.effort.with_columns(blank("reason"), name),
        looked=data.looked.filter(~hidden.fill_null(False)),
        watches=data.watches.filter(~hidden),
        quarantine=data.quarantine.with_columns(blank("file"), blank("reason"), name),
        sources=data.sources.filter(~hidden),
        contributions=data.contributions.filter(~hidden),
        comparisons=tuple(
            replace(
                c,
                source_id=restricted if c.source_id in withheld else c.source_id,
                observation_ids=_open(c.observation_ids, shut),
            )
            for c in data.comparisons
        ),
        trends=tuple(replace(t, source_id=restricted) if t.source_id in withheld else t for t in data.trends),
        undercounts=tuple(_unlisted(u, data, withheld, restricted) for u in data.undercounts),
        refused=tuple(unnamed(r, withheld, restricted) for r in data.refused),
        notices=tuple(unnamed(n, withheld, restricted) for n in data.notices),
    )


def open_members(data: ReportData) -> pl.DataFrame:
    """The membership of observations that are open: the ids that may be published."""
    opened = data.observations.filter(pl.col("access") == "open")
    return data.membership.join(opened, on="observation_id", how="semi", maintain_order="left")


def _shut(data: ReportData) -> frozenset[str]:
    return frozenset(data.observations.filter(pl.col("access") != "open")["observation_id"])


def _open(ids: Iterable[str], shut: frozenset[str]) -> tuple[str, ...]:
    return tuple(i for i in ids if i not in shut)


def _groups_of(data: ReportData, withheld: list[str]) -> list[str]:
    """Witness groups that have no other sources than these."""
    groups = data.sources.group_by("witness_group").agg(pl.col("source_id").is_in(withheld).all().alias("all"))
    return sorted(groups.filter("all")["witness_group"].drop_nulls())


def _findings(found: tuple[Finding, ...], shut: frozenset[str], names: list[str], instead: str) -> tuple[Finding, ...]:
    return tuple(_finding(f, shut, names, instead) for f in found) if shut or names else found


def _finding(f: Finding, shut: frozenset[str], names: list[str], instead: str) -> Finding:
    reasons = tuple(_reason(r, shut, names, instead) for r in f.reasons)
    return replace(f, reasons=reasons, observation_ids=_open(f.observation_ids, shut))


def _reason(r: Reason, shut: frozenset[str], names: list[str], instead: str) -> Reason:
    return replace(
        r,
        text=unnamed(r.text, names),
        values=tuple((k, unnamed(v, names, instead) if k in NAMING and isinstance(v, str) else v) for k, v in r.values),
        aside=tuple((k, unnamed(v, names, instead) if k in NAMING and isinstance(v, str) else v) for k, v in r.aside),
        because=tuple(_reason(b, shut, names, instead) for b in r.because),
        observation_ids=_open(r.observation_ids, shut),
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
