"""Counts beside those of the previous period and beside the effort behind them."""

from dataclasses import dataclass

import polars as pl

from servanda.kinds import lineage, tree
from servanda.report.data import KindGroup, ReportData
from servanda.report.effort import region_hours
from servanda.report.incidents import Marked, acts
from servanda.report.words import group_label, group_of

ELSEWHERE = "no region"
"""Stands for the region where none is known; the report says it in its language."""
PERIODS = ("previous", "period")


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


@dataclass(frozen=True)
class DayCounts:
    """The reporting period in numbers: incidents, those that bear on a term, warnings, and spots of heat."""

    incidents: int
    bearing: int
    warnings: int
    heat: int
    unusual: int


def day_counts(marked: Marked) -> DayCounts:
    now = marked.incidents.filter(pl.col("which") == "period")
    act, heat = now.filter(pl.col("role") == "act"), now.filter(pl.col("role") == "heat")
    warnings = now.filter(pl.col("role") == "warning").height
    number, bearing = (int(f["number"].sum()) for f in (act, act.filter("bears")))
    return DayCounts(number, bearing, warnings, heat.height, heat.filter("unusual").height)


def partly(data: ReportData, marked: Marked) -> int:
    """Incidents that count in neither period, and yet lie in part in one of them."""
    spans = [p for p in (data.period, data.previous_period) if p]
    inside = pl.any_horizontal((pl.col("t_start") < p.t_to) & (pl.col("t_end") > p.t_from) for p in spans)
    return acts(marked).filter((pl.col("which") == "other") & inside).height


def by_kind(data: ReportData, marked: Marked) -> list[CountRow]:
    """One row per kind group that has incidents in either period. Warnings and heat are not among them."""
    counts = _cells(acts(marked), "group", data.settings.listed_ids)
    return _rows(
        data, counts, [(g, g.name, group_label(data.words, g)) for g in data.settings.kind_groups if g.role == "act"]
    )


def beside(data: ReportData, marked: Marked) -> list[CountRow]:
    """What is not counted as incidents: warnings, and heat seen from space, unusual for the season or not."""
    name = pl.col("group") + pl.when(pl.col("unusual")).then(pl.lit("-unusual")).otherwise(pl.lit(""))
    others = marked.incidents.filter(pl.col("role") != "act").with_columns(beside=name)
    wanted = []
    for group in data.settings.kind_groups:
        label = group_label(data.words, group)
        if group.role == "warning":
            wanted.append((group, group.name, data.words.say("counts.warnings", group=label)))
        elif group.role == "heat":
            wanted.append((group, f"{group.name}-unusual", data.words.say("counts.heat_unusual", group=label)))
            wanted.append((group, group.name, data.words.say("counts.heat_usual", group=label)))
    return _rows(data, _cells(others, "beside", data.settings.listed_ids), wanted)


def _rows(
    data: ReportData, counts: dict[tuple[str, str], Cell], wanted: list[tuple[KindGroup, str, str]]
) -> list[CountRow]:
    """A row for each (group, name in ``counts``, label) that has a count, with the hours watched for the group."""
    rows = []
    for group, name, label in wanted:
        cells = [
            _cell(counts, name, which, watched_hours(data.effort, which, group, data.settings.kind_groups))
            for which in PERIODS
        ]
        if any(c.reported for c in cells):
            rows.append(CountRow(label, *cells))
    return rows


def by_region(data: ReportData, marked: Marked) -> tuple[list[CountRow], int]:
    """The regions with most incidents in both periods, and how many regions with incidents are left out."""
    placed = acts(marked).filter(pl.col("which") != "other").join(marked.regions, on="incident_id", how="left")
    counts = _cells(placed.with_columns(pl.col("region").fill_null(ELSEWHERE)), "region", data.settings.listed_ids)
    total: dict[str, float] = {}
    for (region, _), cell in counts.items():
        total[region] = total.get(region, 0) + cell.reported
    names = sorted(total, key=lambda r: (r == ELSEWHERE, -total[r], r))
    shown = names[: data.settings.regions]
    areas = {r: data.regions[r] for r in shown if r in data.regions}
    groups = data.settings.kind_groups
    able = [k for k in data.watches["kind"].unique() if group_of(k, groups).role == "act"]
    watches = data.watches.filter(pl.col("kind").is_in(able))
    before, now = region_hours(watches, data.previous_period, areas), region_hours(watches, data.period, areas)
    labels = [data.words.say("counts.no_region") if r == ELSEWHERE else r for r in shown]
    rows = [
        CountRow(label, _cell(counts, r, "previous", before.get(r)), _cell(counts, r, "period", now.get(r)))
        for label, r in zip(labels, shown, strict=True)
    ]
    return rows, len(names) - len(shown)


def _cells(incidents: pl.DataFrame, by: str, listed: int) -> dict[tuple[str, str], Cell]:
    frame = (
        incidents.filter(pl.col("which") != "other")
        .sort(["probability", "incident_id"], descending=[True, False])
        .group_by(by, "which", maintain_order=True)
        .agg(
            n=pl.col("number").sum().cast(pl.Int64),
            expected=pl.col("expected").sum(),
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
