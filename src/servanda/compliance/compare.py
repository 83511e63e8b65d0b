"""Reports before and after: a measure in the window beside stated baseline windows, as a rate ratio with interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl
from scipy import special

from servanda import kinds
from servanda.compliance.clock import column_micros, micros
from servanda.compliance.count_rates import CountRate, count_rate, stated
from servanda.findings import BaselineValue, Comparison, Interval

Measure = Literal["starts", "hours", "records", "counts"]
HOUR_US = 3_600_000_000
NAME_CHARS = 60
"""A text up to so long names something; a longer one tells a story."""
CONFIDENCE = 0.95
WORDS = {
    "starts": "intervals that start in the window",
    "hours": "hours of intervals that overlap the window",
    "records": "provider's records that start in the window",
    "counts": "stated counts per day that a report covers",
}
UNADJUSTED = "Effort is not adjusted for: this compares reports, not what happened."
"""A comparison sets reports beside each other and says no more; a rise or fall is for ``compliance/trend``."""


@dataclass(frozen=True)
class Question:
    """What to compare. ``kinds``: empty for every kind except untyped reports. Windows are half-open, UTC.

    ``wave_gap_h``: reports closer together than this come in one wave; waves, not single reports, are
    taken as independent, so that one raid that sets off twenty alerts is not twenty pieces of evidence.
    ``unit``, ``block_days``: of the measure ``counts``: which counts, and over how long fighting comes in runs.
    """

    title: str
    measure: Measure
    source_id: str
    kinds: frozenset[str]
    window: tuple[datetime, datetime]
    baselines: tuple[tuple[datetime, datetime], ...]
    wave_gap_h: float
    unit: str = "violations"
    block_days: float = 7.0


def compare(question: Question, observations: pl.DataFrame) -> Comparison:
    """Value in the window and in each baseline, and the ratio of rates per hour with its 95 % interval.

    The interval is that of a ratio of two Poisson rates given their sum (Clopper and Pearson 1934), with
    counts divided by the dispersion of a compound Poisson law: the sum of squared wave sizes over the sum
    of wave sizes. Observations flagged ``uninformative`` in any of the windows are left out and named; an end that
    was imputed (``end_imputed``) adds no hours.
    """
    mine = observations.filter(pl.col("source_id") == question.source_id)
    mine = mine.filter(_wanted(question.kinds)).sort("t_start", "observation_id")
    uninformative = pl.col("flags").list.contains("uninformative").fill_null(False)
    windows = (question.window, *question.baselines)
    used, left_out = mine.filter(~uninformative), mine.filter(uninformative & _touching(windows))
    if question.measure == "counts":
        return _compare_counts(question, used, left_out)
    parts = [_contributions(question.measure, used, a, b) for a, b in windows]
    values = [float(p["size"].sum()) for p in parts]
    dispersion = _dispersion(parts, question)
    hours = [(b - a).total_seconds() / 3600.0 for a, b in windows]
    ratio = rate_ratio(values[0], hours[0], sum(values[1:]), sum(hours[1:]), dispersion)
    return Comparison(
        question.measure,
        question.source_id,
        question.title,
        *question.window,
        values[0],
        tuple(BaselineValue(a, b, v) for (a, b), v in zip(question.baselines, values[1:], strict=True)),
        ratio,
        _excluded(left_out),
        f"Counts {WORDS[question.measure]}. Reports less than {question.wave_gap_h:g} h apart count as one wave; "
        f"the interval allows for waves (dispersion {dispersion:.1f}). {UNADJUSTED}",
        tuple(parts[0]["observation_id"].to_list()),
        _left_out(left_out),
        (("wave_gap_h", question.wave_gap_h), ("dispersion", dispersion)),
    )


def _compare_counts(question: Question, used: pl.DataFrame, left_out: pl.DataFrame) -> Comparison:
    """Counts per covered day, all regions together; each side's counts divided by its own dispersion.

    A side that counts 'at least so many' leaves the ratio open on its side. Without blocks of time to hold
    against each other there is no interval.
    """
    windows = (question.window, *question.baselines)
    counts = stated(used, question.unit).filter(_touching(windows))
    regions = counts["geometry"].unique().sort().to_list()

    def rate(*of: tuple[datetime, datetime]) -> CountRate:
        return count_rate(counts, of, regions, question.block_days)

    here, before = rate(question.window), rate(*question.baselines)
    each = [(b, rate(b)) for b in question.baselines]
    sums = _sums(question, here, before)
    return Comparison(
        question.measure,
        question.source_id,
        question.title,
        *question.window,
        here.per_day,
        tuple(BaselineValue(*b, r.per_day, r.days, r.open) for b, r in each),
        _ratio_of_rates(here, before),
        _excluded(left_out),
        _count_note(question, here, before, sums),
        here.observation_ids,
        left_out=_left_out(left_out),
        aside=tuple(sums.items()),
        covered_days=here.days,
        at_least=here.open,
    )


def _ratio_of_rates(here: CountRate, before: CountRate) -> Interval:
    if here.per_day is None or before.per_day is None:
        return Interval(None, None, None)
    own, other = here.dispersion or before.dispersion, before.dispersion or here.dispersion
    if own is None or other is None:
        return Interval(here.per_day / before.per_day if before.per_day > 0 else None, None, None)
    # Counts and days divided alike leave the rate as it is and make the count as uncertain as its dispersion says.
    days, days_before = here.days / own, before.days / other
    found = rate_ratio(here.per_day * days, days, before.per_day * days_before, days_before, 1.0)
    return Interval(found.mean, 0.0 if before.open else found.low, None if here.open else found.high)


def _sums(question: Question, here: CountRate, before: CountRate) -> dict[str, float]:
    """What stands behind the rates: counts, covered days and days of the window and of all baselines."""

    def days(*windows: tuple[datetime, datetime]) -> float:
        return sum((b - a).total_seconds() for a, b in windows) / 86_400

    return {
        "total": here.total,
        "covered": here.days,
        "days": days(question.window),
        "total_before": before.total,
        "covered_before": before.days,
        "days_before": days(*question.baselines),
        **{f"dispersion{of}": r.dispersion for of, r in (("", here), ("_before", before)) if r.dispersion is not None},
        **{f"at_least{of}": 1.0 for of, r in (("", here), ("_before", before)) if r.open},
    }


def _count_note(question: Question, here: CountRate, before: CountRate, sums: dict[str, float]) -> str:
    least, least_before = ("at least " if r.open else "" for r in (here, before))
    runs = [f"{r.dispersion:.0f}" for r in (here, before) if r.dispersion is not None]
    spread = f" The interval allows for runs of fighting (dispersion {' and '.join(runs)})." if runs else ""
    return (
        f"Shows {WORDS[question.measure]}: {least}{sums['total']:,.0f} {question.unit} in {sums['covered']:.1f} of "
        f"{sums['days']:.1f} days, against {least_before}{sums['total_before']:,.0f} in {sums['covered_before']:.1f} "
        f"of {sums['days_before']:.1f}. Days that no report covers are left out, not taken as zero; a period across "
        f"an edge counts in part.{spread} {UNADJUSTED}"
    )


def _touching(windows: Sequence[tuple[datetime, datetime]]) -> pl.Expr:
    """What lies in one of the half-open windows in part, an instant included."""
    start, end = pl.col("t_start"), pl.col("t_end")
    return pl.any_horizontal((start < b) & ((end > a) | (start >= a)) for a, b in windows)


def _wanted(wanted: frozenset[str]) -> pl.Expr:
    if not wanted:
        return pl.col("kind") != "report_untyped"
    return pl.col("kind").is_in([k for k in kinds.tree() if set(kinds.lineage(k)) & wanted])


def _contributions(measure: Measure, frame: pl.DataFrame, low: datetime, high: datetime) -> pl.DataFrame:
    """observation_id, t_start, text, day_precision, size: what each observation adds to the measure."""
    start, end = column_micros(frame["t_start"]), column_micros(frame["t_end"])
    a, b = micros(low), micros(high)
    size = ((start >= a) & (start < b)).astype(np.float64)
    if measure == "hours":
        size = np.maximum(np.minimum(end, b) - np.maximum(start, a), 0) / HOUR_US
    day = pl.col("flags").list.contains("day_precision").fill_null(False).alias("day_precision")
    picked = frame.select("observation_id", "record_id", "t_start", "text", day).with_columns(pl.Series("size", size))
    picked = picked.filter(pl.col("size") > 0)
    return picked.unique("record_id", keep="first", maintain_order=True) if measure == "records" else picked


def _dispersion(parts: Sequence[pl.DataFrame], question: Question) -> float:
    """Of a compound Poisson law: E[size^2] / E[size] over waves; for hours in units of the mean hour."""
    waves = [w for p in parts for w in _waves(p, question.wave_gap_h)]
    total = sum(waves)
    return float(sum(w * w for w in waves) / total) if total > 0 else 1.0


def _waves(part: pl.DataFrame, gap_h: float) -> list[float]:
    """Total size of each wave: reports near in time; where only the day is known, reports with one text."""
    if part.is_empty():
        return []
    timed, dated = part.filter(~pl.col("day_precision")), part.filter("day_precision")
    t = column_micros(timed["t_start"])
    wave = np.cumsum(np.r_[0, np.diff(t) > gap_h * HOUR_US]) if len(t) else np.empty(0, dtype=np.int64)
    sizes = np.bincount(wave, timed["size"].to_numpy()).tolist() if len(t) else []
    same = dated.group_by("t_start", "text").agg(pl.col("size").sum()).sort("t_start", "text", "size")
    return [*sizes, *same["size"].to_list()]


def rate_ratio(count: float, hours: float, baseline: float, baseline_hours: float, dispersion: float) -> Interval:
    """(count / hours) / (baseline / baseline_hours) with its 95 % interval; None where it is unbounded."""
    if baseline_hours <= 0 or hours <= 0:
        return Interval(None, None, None)
    scale = max(dispersion, 1e-9)
    x, b = count / scale, baseline / scale
    odds = baseline_hours / hours
    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(special.betaincinv(x, b + 1.0, tail)) if x > 0 else 0.0
    high = float(special.betaincinv(x + 1.0, b, 1.0 - tail)) if b > 0 else None
    mean = count / baseline * odds if baseline > 0 else None
    upper = high / (1.0 - high) * odds if high is not None and high < 1.0 else None
    return Interval(mean, low / (1.0 - low) * odds if low < 1.0 else None, upper)


def _excluded(left_out: pl.DataFrame) -> tuple[str, ...]:
    return tuple(f"{name}: {n} observation{'s' if n > 1 else ''}, uninformative" for name, n in _left_out(left_out))


def _left_out(left_out: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """By name: a short text, such as the region of an alert; else the provider's category, such as ``Battles``."""
    short = pl.col("text").str.len_chars() <= NAME_CHARS
    name = pl.when(short).then(pl.coalesce("text", "label")).otherwise(pl.coalesce("label", "text"))
    counts = left_out.group_by(name.fill_null("unnamed").alias("name")).len().sort("name")
    return tuple((str(name).replace("_", " "), int(n)) for name, n in counts.iter_rows())
