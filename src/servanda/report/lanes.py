"""One lane per source: when it watched, when it could not, and why."""

from datetime import datetime

import polars as pl
from markupsafe import Markup

from servanda.report import svg
from servanda.report.axis import LEFT, RIGHT, WIDTH, Axis
from servanda.report.data import ReportData
from servanda.report.language import Catalogue
from servanda.report.svg import text

LANE = 20.0

Lane = tuple[str, list[tuple[str, datetime, datetime]]]


def lanes_of(data: ReportData, axis: Axis) -> tuple[list[Lane], int]:
    """Per source the stretches of each status, touching ones joined; the busiest sources first to be kept."""
    near = data.watches.filter((pl.col("t_end") > axis.t_from) & (pl.col("t_start") < axis.t_to))
    by = ["source_id", "status"]
    joined = (
        near.sort([*by, "t_start"])
        .with_columns(reach=pl.col("t_end").cum_max().shift(1).over(by))
        .with_columns(new=(pl.col("t_start") > pl.col("reach")).fill_null(True).cum_sum().over(by))
        .group_by([*by, "new"], maintain_order=True)
        .agg(pl.col("t_start").min(), pl.col("t_end").max())
    )
    busiest = (
        near["source_id"].value_counts().sort(["count", "source_id"], descending=[True, False])["source_id"].to_list()
    )
    kept = sorted(busiest[: data.settings.timeline_sources])
    lanes = [
        (
            s,
            [
                (r["status"], r["t_start"], r["t_end"])
                for r in joined.filter(pl.col("source_id") == s).iter_rows(named=True)
            ],
        )
        for s in kept
    ]
    return lanes, len(busiest) - len(kept)


def draw_lanes(lanes: list[Lane], axis: Axis, top: float, words: Catalogue) -> list[Markup]:
    """The upper half of a lane: watching. The lower half: why it could not."""
    out = [] if lanes else [text(LEFT + 6, top + 14, words.say("timeline.no_watch"), class_="small")]
    for row, (source_id, bars) in enumerate(lanes):
        y = top + LANE * row
        name = source_id if len(source_id) <= 20 else source_id[:19] + "…"
        out.append(text(LEFT - 8, y + 12, name, class_="small", text_anchor="end"))
        out.append(svg.line(LEFT, y + LANE - 2, WIDTH - RIGHT, y + LANE - 2, stroke=svg.RULE, stroke_width="0.6"))
        for status, t_from, t_to in bars:
            x0, x1 = axis.x(t_from), axis.x(t_to)
            upper = status == "watching"
            bar = svg.rect(
                x0,
                y + (1 if upper else 9),
                max(x1 - x0, 1.0),
                7,
                fill=svg.HATCHES[status],
                stroke=None if upper else svg.INK,
                stroke_width=None if upper else "0.5",
            )
            out.append(
                svg.titled(words.say("timeline.lane", source=source_id, status=words.say(f"statuses.{status}")), bar)
            )
    return out
