"""The annex: every finding with its reasons, the incidents it rests on, and the observations in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from servanda.findings import Finding, Reason
from servanda.report.counts import Cell, CountRow
from servanda.report.data import ReportData
from servanda.report.incidents import Marked
from servanda.report.language import Catalogue
from servanda.report.numbers import Figures
from servanda.report.public import open_members
from servanda.report.verdicts import today, whole


@dataclass(frozen=True)
class IncidentEntry:
    incident_id: str
    kind: str
    probability: float
    t_from: datetime
    t_to: datetime
    place: str
    sigma_m: float | None
    regions: tuple[str, ...]
    witnesses: int
    monitor_seen: bool
    terms: tuple[tuple[str, float, str | None], ...]
    """(term, chance that it violates it, term that exempts it)"""
    observation_ids: tuple[str, ...]
    observations: int


@dataclass(frozen=True)
class ObservationEntry:
    observation_id: str
    source_id: str
    claim: str
    kind: str
    t_from: datetime | None
    t_to: datetime | None
    text: str
    language: str
    url: str


@dataclass(frozen=True)
class Annex:
    findings: tuple[Finding, ...]
    findings_total: int
    incidents: tuple[IncidentEntry, ...]
    incidents_total: int
    observations: tuple[ObservationEntry, ...]
    observations_total: int
    restricted: int
    """Observations of the incidents shown that are not open: counted, and nothing of them is shown."""

    def known(self) -> dict[str, frozenset[str]]:
        """The ids that the annex holds, by the letter that their anchors start with."""
        return {
            "f": frozenset(f.finding_id for f in self.findings),
            "i": frozenset(i.incident_id for i in self.incidents),
            "o": frozenset(o.observation_id for o in self.observations),
        }


def build_annex(data: ReportData, marked: Marked, also: tuple[Finding, ...] = ()) -> Annex:
    """Findings for the whole window and the day, and ``also``; the incidents that reasons name, then the likeliest."""
    every = {f.finding_id: f for f in (*whole(data), *today(data), *also)}
    findings = tuple(every.values())[: data.settings.annex_findings]
    cited = pl.Series("id", [i for f in findings for i in f.incident_ids], dtype=pl.String).unique()
    bearing = marked.incidents.filter(pl.col("incident_id").is_in(cited.implode()))
    told = pl.col("incident_id").is_in(list(_named(findings)))
    weight = bearing.sort([told, "probability", "incident_id"], descending=[True, True, False])
    top = weight.head(data.settings.annex_incidents)
    mine = open_members(data).join(top, on="incident_id", how="semi")
    incidents = _incidents(data, marked, top, mine)
    wanted = list(dict.fromkeys([*_cited(data, findings), *(o for i in incidents for o in i.observation_ids)]))
    named = pl.col("observation_id").is_in(pl.Series(wanted, dtype=pl.String).implode())
    held = data.observations.filter(named, pl.col("access") == "open")
    shown = _observations(held, wanted[: data.settings.annex_observations], data.settings.text_chars)
    restricted = data.membership.join(top, on="incident_id", how="semi").height - mine.height
    return Annex(
        findings, len(data.findings), incidents, bearing.height, shown, held["observation_id"].n_unique(), restricted
    )


def _cited(data: ReportData, findings: tuple[Finding, ...]) -> Iterator[str]:
    """The observations that findings, their reasons and comparisons name themselves, as many as are listed."""
    listed = data.settings.listed_ids
    for finding in findings:
        yield from finding.observation_ids[:listed]
        for reason in finding.reasons:
            yield from _of_reason(reason, listed)
    for comparison in data.comparisons:
        yield from comparison.observation_ids[:listed]


def _named(findings: tuple[Finding, ...]) -> Iterator[str]:
    """The incidents that reasons name one by one."""
    stack = [r for f in findings for r in f.reasons]
    while stack:
        reason = stack.pop()
        stack += reason.because
        yield from (str(v) for k, v in reason.values if k == "incident_id")


def _of_reason(reason: Reason, listed: int) -> Iterator[str]:
    yield from reason.observation_ids[:listed]
    for below in reason.because:
        yield from _of_reason(below, listed)


def _incidents(
    data: ReportData, marked: Marked, top: pl.DataFrame, membership: pl.DataFrame
) -> tuple[IncidentEntry, ...]:
    ids = top["incident_id"].implode()
    members = _lists(membership, ["observation_id"])
    terms = _lists(marked.terms.filter(pl.col("incident_id").is_in(ids)), ["term_id", "probability", "exempt_by"])
    regions = _lists(marked.regions.filter(pl.col("incident_id").is_in(ids)), ["region"])
    where = data.figures
    return tuple(
        IncidentEntry(
            r["incident_id"], r["kind"], r["probability"], r["t_start"], r["t_end"], place(r, where), r["sigma_m"],
            tuple(str(x[0]) for x in regions.get(r["incident_id"], [])),
            r["witnesses"], r["monitor_seen"],
            tuple((x[0], x[1], x[2]) for x in terms.get(r["incident_id"], [])),
            tuple(str(x[0]) for x in members.get(r["incident_id"], []))[: data.settings.listed_ids],
            r["observations"],
        )
        for r in top.iter_rows(named=True)
    )  # fmt: skip


def _lists(frame: pl.DataFrame, columns: list[str]) -> dict[str, list[tuple[str, float, str | None]]]:
    out: dict[str, list[tuple[str, float, str | None]]] = {}
    for row in frame.sort("incident_id", columns[0]).select("incident_id", *columns).iter_rows():
        out.setdefault(row[0], []).append(row[1:])
    return out


def place(row: dict[str, object], figures: Figures) -> str:
    """Degrees, latitude first as people write it; as fine as the place is known and may be shown."""
    lon, lat = row["lon"], row["lat"]
    if not isinstance(lon, float) or not isinstance(lat, float):
        return figures.words.say("common.area" if row["geometry"] is not None else "common.no_place")
    sigma_m = row["sigma_m"]
    vague_m = sigma_m if isinstance(sigma_m, float) else 0.0
    decimals = 1 if row["coarse"] or vague_m >= 10_000 else 2 if vague_m >= 1_000 else 3
    latitude, longitude = figures.latitude(lat, f".{decimals}f"), figures.longitude(lon, f".{decimals}f")
    return figures.words.say("common.place", latitude=latitude, longitude=longitude)


def _observations(held: pl.DataFrame, wanted: list[str], chars: int) -> tuple[ObservationEntry, ...]:
    rows = {r["observation_id"]: r for r in held.iter_rows(named=True)}
    return tuple(_observation(rows[o], chars) for o in wanted if o in rows)


def _observation(row: dict[str, object], chars: int) -> ObservationEntry:
    text = " ".join(str(row["text"] or row["label"] or "").split())
    start, end = row["t_start"], row["t_end"]
    return ObservationEntry(
        str(row["observation_id"]), str(row["source_id"]), str(row["claim"]), str(row["kind"]),
        start if isinstance(start, datetime) else None, end if isinstance(end, datetime) else None,
        text if len(text) <= chars else text[: chars - 1].rstrip() + "…",
        str(row["language"] or ""), str(row["url"] or ""),
    )  # fmt: skip


def number_lists(words: Catalogue, rows: list[CountRow]) -> list[tuple[str, Cell]]:
    """Every count that a table shows: what is counted, and the count with the ids of the incidents behind it."""
    told = [(row, cell, key) for row in rows for cell, key in ((row.previous, "before"), (row.period, "now"))]
    return [(words.say(f"annex.counted_{key}", what=row.label), cell) for row, cell, key in told if cell.reported]


def watch_lists(data: ReportData) -> list[tuple[str, str, int, tuple[str, ...]]]:
    """Behind the hours of the reporting period: source, status, number of watches, the first of their ids."""
    inside = (pl.col("t_start") < data.period.t_to) & (pl.col("t_end") > data.period.t_from)
    grouped = (
        data.watches.filter(inside)
        .sort("t_start", "watch_id")
        .group_by("source_id", "status", maintain_order=True)
        .agg(n=pl.len(), ids=pl.col("watch_id").head(data.settings.listed_ids))
        .sort("source_id", "status")
    )
    return [(r["source_id"], r["status"], r["n"], tuple(r["ids"])) for r in grouped.iter_rows(named=True)]
