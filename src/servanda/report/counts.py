"""Counts beside those of the previous period and beside the effort behind them."""

from dataclasses import dataclass

import polars as pl

from servanda.kinds import lineage, tree
from servanda.report.data import KindGroup, ReportData
from servanda.report.incidents import Marked
from servanda.report.words import group_of

ELSEWHERE = "No region stated"


@dataclass(frozen=True)
class Cell:
    """``reported`` incidents, of which ``expected`` happened (sum of probabilities), within ``watched_h`` hours.

    ``ids`` are the likeliest of them, ``watched_h`` is None where effort is not known by this row.
    """

    key: str
    reported: int
    expected: float
    watched_h: float | None
    ids: tuple[str, ...]


@dataclass(frozen=True)
class CountRow:
    label: str
    previous: Cell
    period: Cell


def by_kind(data: ReportData, marked: Marked) -> list[CountRow]:
    """One row per kind group that has incidents in either period."""
    counts = _cells(marked.incidents, "group", data.settings.listed_ids)
    rows = []
    for group in data.settings.kind_groups:
        cells = [
            _cell(counts, group.name, which, watched_hours(data.effort, which, group, data.settings.kind_groups))
            for which in ("previous", "period")
        ]
        if any(c.reported for c in cells):
            rows.append(CountRow(group.label, *cells))
    return rows


def by_region(data: ReportData, marked: Marked) -> tuple[list[CountRow], int]:
    """The regions with most incidents in both periods, and how many regions are left out."""
    placed = marked.incidents.filter(pl.col("which") != "other").join(marked.regions, on="incident_id", how="left")
    counts = _cells(placed.with_columns(pl.col("region").fill_null(ELSEWHERE)), "region", data.settings.listed_ids)
    total: dict[str, float] = {}
    for (region, _), cell in counts.items():
        total[region] = total.get(region, 0) + cell.reported
    names = sorted(total, key=lambda r: (r == ELSEWHERE, -total[r], r))
    rows = [CountRow(r, _cell(counts, r, "previous", None), _cell(counts, r, "period", None)) for r in names]
    return rows[: data.settings.regions], max(0, len(rows) - data.settings.regions)


def _cells(incidents: pl.DataFrame, by: str, listed: int) -> dict[tuple[str, str], Cell]:
    frame = (
        incidents.filter(pl.col("which") != "other")
        .sort(["probability", "incident_id"], descending=[True, False])
        .group_by(by, "which", maintain_order=True)
        .agg(
            n=pl.len(),
            expected=pl.col("probability").sum(),
            ids=pl.col("incident_id").head(listed),
        )
    )
    return {
        (r[by], r["which"]): Cell(f"{by}-{r['which']}-{r[by]}", r["n"], r["expected"], None, tuple(r["ids"]))
        for r in frame.iter_rows(named=True)
    }


def _cell(counts: dict[tuple[str, str], Cell], name: str, which: str, watched_h: float | None) -> Cell:
    found = counts.get((name, which))
    if found is None:
        return Cell(f"none-{which}-{name}", 0, 0.0, watched_h, ())
    return Cell(found.key, found.reported, found.expected, watched_h, found.ids)


def watched_hours(effort: pl.DataFrame, which: str, group: KindGroup, groups: tuple[KindGroup, ...]) -> float:
    """Source-hours in which a source was watching that could see at least one kind of the group."""
    rows = effort.filter((pl.col("which") == which) & (pl.col("status") == "watching"))
    seen = {k: lineage(k) for k in tree() if group_of(k, groups) == group}
    able = [w for w in sorted(rows["kind"].unique().to_list()) if any(w in above for above in seen.values())]
    # A source that watches for two kinds of the group at once is watching once.
    per_source = rows.filter(pl.col("kind").is_in(able)).group_by("source_id", "kind").agg(pl.col("hours").sum())
    return float(per_source.group_by("source_id").agg(pl.col("hours").max())["hours"].sum())


@dataclass(frozen=True)
class EffortRow:
    """Hours of one source: watched in both periods, lost in the period by status, and the reasons given."""

    source_id: str
    watched_h: float
    previous_h: float
    lost_h: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]


def effort_rows(data: ReportData) -> list[EffortRow]:
    """One row per source. Several kinds watched at once are one hour of watching, so the most per kind counts."""
    by = ["which", "source_id", "status", "reason"]
    hours = (
        data.effort.group_by([*by, "kind"]).agg(pl.col("hours").sum()).group_by(by).agg(pl.col("hours").max()).sort(by)
    )
    rows = []
    for source_id in sorted(data.effort["source_id"].unique().to_list()):
        mine = hours.filter(pl.col("source_id") == source_id)
        now = mine.filter(pl.col("which") == "period")
        lost = now.filter(pl.col("status") != "watching")
        per_status = lost.group_by("status").agg(pl.col("hours").sum()).sort("status")
        reasons = lost.filter(pl.col("reason").is_not_null() & (pl.col("reason") != "")).sort("hours", descending=True)
        rows.append(
            EffortRow(
                source_id,
                _watched(now),
                _watched(mine.filter(pl.col("which") == "previous")),
                tuple((s, float(h)) for s, h in per_status.iter_rows() if h > 0),
                tuple(dict.fromkeys(reasons["reason"].to_list()))[:3],
            )
        )
    return rows


def _watched(hours: pl.DataFrame) -> float:
    return float(hours.filter(pl.col("status") == "watching")["hours"].sum())
