"""What may leave: for the public what the report itself shows, for the mission all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from servanda.findings import VERDICTS, Finding, Period, Verdict
from servanda.report.data import KindGroup, ReportData
from servanda.report.exports.tables import EFFORT_TABLE, ZONES, finding_table
from servanda.report.incidents import Marked, mark
from servanda.report.language import MASTER
from servanda.report.public import open_members, publishable
from servanda.report.verdicts import overall, whole
from servanda.tables import INCIDENTS, MEMBERSHIP, OBSERVATIONS, QUARANTINE, SOURCES, WATCHES

METRES_PER_DEGREE = 111_320.0
"""Length of a degree of latitude, metres."""


@dataclass(frozen=True)
class Evidence:
    """Ready to be written. ``tables``: by name, each in an order that hangs on its content only.

    ``marks``: incident_id, kind_group, counted_as and terms (ids, joined by ``|``) of each incident.
    """

    title: str
    agreement: str
    version: str
    digest: str
    as_of: datetime
    public: bool
    tables: Mapping[str, pl.DataFrame]
    marks: pl.DataFrame
    groups: tuple[KindGroup, ...]


def select(data: ReportData, zones: pl.DataFrame, public: bool) -> Evidence:
    """The tables of one report. ``zones`` as in ``ZONES``, without verdict and terms.

    ``public``: observations that are not open are left out, and with them every mention of their ids; sources of
    which nothing is open are not named; places are those of the report; the monitor's own whereabouts, which are
    the footprints of its watches and the areas that it reports from a post, are left out; so are rows set aside.
    """
    data = replace(data, language=MASTER)
    told = publishable(data) if public else data
    marked = mark(told if public else _opened(told))
    opened = told.observations.filter(pl.col("access") == "open") if public else told.observations
    monitors = told.sources.filter(pl.col("is_monitor"))["source_id"].to_list() if public else []
    tables = {
        "observations": OBSERVATIONS.conform(_observations(opened, told, monitors, public)).sort(
            "t_start", "observation_id"
        ),
        "watches": WATCHES.conform(_hidden(told.watches, "footprint", monitors)).sort("t_start", "watch_id"),
        "quarantine": _quarantine(told, public),
        "sources": SOURCES.conform(told.sources).sort("source_id"),
        "incidents": _incidents(marked, opened, told, public),
        "membership": _membership(told, public),
        "findings": finding_table(told.findings),
        "effort": _effort(told),
        "zones": _zones(zones, told),
    }
    return Evidence(
        data.title, data.agreement.title, data.version, data.agreement.digest, data.as_of, public, tables,
        _marks(marked), data.settings.kind_groups,
    )  # fmt: skip


def _opened(data: ReportData) -> ReportData:
    """As if nothing were restricted, so that no place is made coarse."""
    return replace(data, observations=data.observations.with_columns(access=pl.lit("open")))


def _rounded(decimals: int, public: bool) -> list[pl.Expr]:
    return [pl.col("lon", "lat").round(decimals)] if public else []


def _hidden(frame: pl.DataFrame, column: str, sources: list[str]) -> pl.DataFrame:
    return frame.with_columns(pl.when(~pl.col("source_id").is_in(sources)).then(column).alias(column))


def _observations(opened: pl.DataFrame, data: ReportData, monitors: list[str], public: bool) -> pl.DataFrame:
    return _hidden(opened, "geometry", monitors).with_columns(_rounded(data.settings.place_decimals, public))


def _quarantine(data: ReportData, public: bool) -> pl.DataFrame:
    """Rows set aside; not their raw text to the public, because nobody has said that it is open."""
    raw = pl.lit(None, pl.String) if public else pl.col("raw")
    return QUARANTINE.conform(data.quarantine.with_columns(raw.alias("raw"))).sort("source_id", "file", "row", "reason")


def _incidents(marked: Marked, opened: pl.DataFrame, data: ReportData, public: bool) -> pl.DataFrame:
    """The incidents; one that rests on restricted observations only says how coarse its place was made."""
    step_m = METRES_PER_DEGREE * 10.0**-data.settings.restricted_decimals
    # A place rounded to a step has the variance of the step, spread evenly: step² / 12.
    coarse_m = (pl.col("sigma_m").fill_null(0.0) ** 2 + step_m**2 / 12).sqrt().round(0)
    groups = sorted(opened["witness_group"].unique().to_list())
    named = pl.col("witness_groups").list.eval(pl.element().filter(pl.element().is_in(groups)))
    told = marked.incidents.with_columns(_rounded(data.settings.place_decimals, public))
    if public:
        told = told.with_columns(
            sigma_m=pl.when("coarse").then(coarse_m).otherwise("sigma_m"),
            witness_groups=named,
        )
    return INCIDENTS.conform(told.select(INCIDENTS.names)).sort("t_start", "incident_id")


def _membership(data: ReportData, public: bool) -> pl.DataFrame:
    told = open_members(data) if public else data.membership
    return MEMBERSHIP.conform(told).sort("observation_id", "incident_id")


def _effort(data: ReportData) -> pl.DataFrame:
    whole = Period(min(data.agreement.t_from, data.period.t_from), data.period.t_to, "in_force")
    spans = {"period": data.period, "previous": data.previous_period or data.period, "since": whole}
    which = pl.col("which")
    start = which.replace_strict({k: p.t_from for k, p in spans.items()}, return_dtype=EFFORT_TABLE.schema["t_start"])
    end = which.replace_strict({k: p.t_to for k, p in spans.items()}, return_dtype=EFFORT_TABLE.schema["t_end"])
    keys = ("t_start", "source_id", "kind", "status", "reason")
    timed = data.effort.with_columns(start.alias("t_start"), end.alias("t_end"))
    # Sources that are not named share one name, so that their hours are one row.
    summed = timed.group_by("which", "t_end", *keys).agg(pl.col("hours").sum().round(6))
    return EFFORT_TABLE.conform(summed).sort("t_start", "t_end", *keys[1:], "which", nulls_last=True)


def _zones(zones: pl.DataFrame, data: ReportData) -> pl.DataFrame:
    """The zones with the terms about them and the gravest verdict of these."""
    terms: dict[tuple[str, str], list[str]] = {}
    for version in data.agreement.versions:
        for term in version.terms:
            if term.zone:
                terms.setdefault((version.version, term.zone), []).append(term.term_id)
    by_term: dict[str, dict[str, Finding]] = {}
    for finding in whole(data):
        by_term.setdefault(finding.term_id, {})[finding.party] = finding
    keys = list(zones.select("agreement_version", "zone_id").iter_rows())
    about = [sorted(terms.get(key, [])) for key in keys]
    verdicts = [_gravest([by_term[t] for t in named if t in by_term]) for named in about]
    told = zones.with_columns(
        pl.Series("terms", about, dtype=pl.List(pl.String)), pl.Series("verdict", verdicts, dtype=pl.String)
    )
    return ZONES.conform(told).sort("zone_id", "agreement_version", "party", "t_start", nulls_last=False)


def _gravest(found: list[dict[str, Finding]]) -> Verdict | None:
    said = [f.verdict for f in map(overall, found) if f is not None]
    return min(said, key=VERDICTS.index) if said else None


def _marks(marked: Marked) -> pl.DataFrame:
    terms = marked.terms.select("incident_id", "term_id").unique().sort("incident_id", "term_id")
    joined = terms.group_by("incident_id", maintain_order=True).agg(terms=pl.col("term_id").str.join("|"))
    kinds = marked.incidents.select("incident_id", kind_group="group", counted_as="role")
    return kinds.join(joined, on="incident_id", how="left", maintain_order="left")
