"""What a running total adds to the one before it, where the periods between leave one stretch of time open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import polars as pl

from servanda.sources.osce_settings import FIGURES, RUNNING_TOTAL, UNINFORMATIVE

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class _Count:
    place: bytes
    t_from: datetime
    t_to: datetime
    low: float
    exact: bool


def with_totals(periods: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """The observations of periods, and every running total: a count of what it adds to the one before it, less what
    is known of periods between, if that is all of them but one stretch; else without information, as it was.

    Never used: a total of 'at least so many', two totals of one moment that differ, a known period across an edge of
    the two totals or of 'at least so many', and totals that add less than is known.
    """
    known = _known(periods)
    exact = totals.filter(pl.col("count_high").is_not_null()).sort("t_end", "observation_id")
    single = exact.filter(pl.col("count_low").n_unique().over("t_end") == 1).unique("t_end", keep="first")
    single = single.sort("t_end")
    found: dict[str, tuple[datetime, datetime, float, bytes | None]] = {}
    rows = single.select("observation_id", "t_end", "count_low", "geometry").rows()
    for (_, a, before, _), (observation, b, after, whole) in pairwise(rows):
        left = _left(known, (a, b), after - before)
        if left is not None:
            (low, high), count, place = left
            found[observation] = (low, high, count, place or whole)
    return pl.concat([periods, _told(totals, found)], how="vertical").sort("t_start", "observation_id")


def _known(periods: pl.DataFrame) -> list[_Count]:
    counts = periods.filter(
        (pl.col("kind") == next(iter(FIGURES.values())))
        & pl.col("count_low").is_not_null()
        & ~pl.col("flags").list.contains(UNINFORMATIVE)
    ).sort("t_start", "observation_id")
    return [
        _Count(place, a, b, low, high is not None)
        for place, a, b, low, high in counts.select("geometry", "t_start", "t_end", "count_low", "count_high").rows()
    ]


def _left(known: Sequence[_Count], between: Stretch, added: float) -> tuple[Stretch, float, bytes | None] | None:
    """The one stretch that no period covers, what happened in it, and the region if it is open for one alone."""
    a, b = between
    inside = [c for c in known if c.t_to > a and c.t_from < b]
    if any(c.t_from < a or c.t_to > b or not c.exact for c in inside):
        return None
    count = added - sum(c.low for c in inside)
    open_in: dict[bytes, list[Stretch]] = {
        place: _gaps([c for c in inside if c.place == place], between) for place in sorted({c.place for c in known})
    }
    lacking = {place: gaps for place, gaps in open_in.items() if gaps}
    stretches = {gap for gaps in lacking.values() for gap in gaps}
    if len(stretches) != 1 or count < 0:
        return None
    return stretches.pop(), count, next(iter(lacking)) if len(lacking) == 1 else None


def _gaps(covered: Sequence[_Count], between: Stretch) -> list[Stretch]:
    at, out = between[0], []
    for c in sorted(covered, key=lambda c: c.t_from):
        if c.t_from > at:
            out.append((at, c.t_from))
        at = max(at, c.t_to)
    return [*out, (at, between[1])] if at < between[1] else out


def _told(totals: pl.DataFrame, found: dict[str, tuple[datetime, datetime, float, bytes | None]]) -> pl.DataFrame:
    columns: dict[str, pl.DataType | type[pl.DataType]] = {
        "observation_id": pl.String,
        "low": pl.Datetime("us", "UTC"),
        "high": pl.Datetime("us", "UTC"),
        "n": pl.Float64,
        "place": pl.Binary,
    }
    rows = [(name, *values) for name, values in sorted(found.items())]
    told = totals.join(
        pl.DataFrame(rows, schema=columns, orient="row"),
        on="observation_id",
        how="left",
        maintain_order="left",
    )
    counts = pl.col("n").is_not_null()
    return told.with_columns(
        pl.coalesce("low", "t_start").alias("t_start"),
        pl.coalesce("high", "t_end").alias("t_end"),
        pl.coalesce("place", "geometry").alias("geometry"),
        *(pl.coalesce("n", c).cast(totals.schema[c]).alias(c) for c in ("count_low", "count_high")),
        pl.when(counts).then([RUNNING_TOTAL]).otherwise([RUNNING_TOTAL, UNINFORMATIVE]).alias("flags"),
    ).select(totals.columns)
