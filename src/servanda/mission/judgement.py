"""Evidence to findings: fuse, assess, compare."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl

from servanda.agreement.calendar import add, lenient_utc
from servanda.agreement.resolved import Agreement, ZoneBook
from servanda.compliance.assess import Assessment, assess
from servanda.compliance.compare import Question, compare
from servanda.findings import Comparison, Period
from servanda.fusion import Beliefs, FusionResult, believe, fuse, reports
from servanda.mission.config import Baseline, ComparisonEntry, Mission
from servanda.quantities import Span, span

MARGIN = timedelta(days=1)
"""Reports of one incident that differ by more than this are not matched anyway: see ``fusion.gate_sigmas``."""


@dataclass(frozen=True)
class Known:
    """What is known at one moment."""

    as_of: datetime
    observations: pl.DataFrame
    watches: pl.DataFrame


@dataclass(frozen=True)
class Judged:
    """What follows from it."""

    known: Known
    fused: FusionResult
    assessment: Assessment


def judge(
    mission: Mission,
    agreement: Agreement,
    zones: ZoneBook,
    known: Known,
    sources: pl.DataFrame,
    periods: tuple[Period, ...],
) -> Judged:
    """Pure: the same evidence and agreement give the same findings.

    Only what may bear on the in-force window is fused; baselines of comparisons look at observations.
    """
    fused = fuse(
        near(known.observations, agreement, known.as_of),
        known.watches,
        priors=mission.written.fusion,
        sources=sources,
        beliefs=_learned(mission, agreement, known, sources),
    )
    assessment = assess(
        agreement,
        zones,
        fused.incidents,
        fused.membership,
        known.watches,
        sources,
        periods,
        known.as_of,
        mission.written.assess,
        known.observations,
    )
    return Judged(known, fused, assessment)


def _learned(mission: Mission, agreement: Agreement, known: Known, sources: pl.DataFrame) -> Beliefs | None:
    """What sources are like, from a longer stretch than is fused; None: from what is fused."""
    margin = timedelta(days=mission.written.learn_days)
    if margin <= MARGIN:
        return None
    heard = near(known.observations, agreement, known.as_of, margin)
    return believe(reports(heard, sources, mission.written.fusion), mission.written.fusion, seed=0)


def near(observations: pl.DataFrame, agreement: Agreement, as_of: datetime, margin: timedelta = MARGIN) -> pl.DataFrame:
    """What is fused: from the in-force window, or so near it that reports of one incident may lie on both sides."""
    end = min(agreement.t_to or as_of, as_of)
    return observations.filter((pl.col("t_end") >= agreement.t_from - margin) & (pl.col("t_start") < end + margin))


def comparisons(
    mission: Mission, agreement: Agreement, observations: pl.DataFrame, as_of: datetime
) -> tuple[Comparison, ...]:
    """The mission's before-and-after measures. A window that is not over at ``as_of`` ends there."""
    zone = ZoneInfo(mission.written.time_zone)
    out = []
    for entry in mission.written.comparisons:
        window = _window(entry, agreement, as_of, zone)
        if window[0] >= window[1]:
            continue
        baselines = tuple(w for b in entry.baselines for w in _baselines(b, window, zone))
        kinds, how = frozenset(entry.kinds), (entry.wave_gap_h, entry.unit, entry.block_days)
        question = Question(entry.title, entry.measure, entry.source, kinds, window, baselines, *how)
        out.append(compare(question, observations))
    return tuple(out)


def _window(entry: ComparisonEntry, agreement: Agreement, as_of: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = lenient_utc(entry.from_, zone) if entry.from_ else agreement.t_from
    end = lenient_utc(entry.to, zone) if entry.to else agreement.t_to or as_of
    return start, min(end, as_of)


def _baselines(
    baseline: Baseline, window: tuple[datetime, datetime], zone: ZoneInfo
) -> list[tuple[datetime, datetime]]:
    """The baseline's window, or each local calendar month of it."""
    low, high = _baseline(baseline, window, zone)
    if baseline.each is None:
        return [(low, high)]
    first, last = low.astimezone(zone), high.astimezone(zone)
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month + 1)
    starts = [datetime(m // 12, m % 12 + 1, 1, tzinfo=zone).astimezone(UTC) for m in months]
    cut = [(max(low, a), min(high, b)) for a, b in pairwise(starts)]
    return [(a, b) for a, b in cut if a < b]


def _baseline(baseline: Baseline, window: tuple[datetime, datetime], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The window moved by whole local days, so that it starts at the same clock time; or as written."""
    if baseline.shift is None:
        assert baseline.from_ is not None and baseline.to is not None
        return lenient_utc(baseline.from_, zone), lenient_utc(baseline.to, zone)
    text = baseline.shift.strip()
    length = span(text.lstrip("+-").strip())
    sign = -1 if text.startswith("-") else 1
    moved = Span(sign * length.days, sign * length.rest)
    return add(window[0], moved, zone), add(window[1], moved, zone)


def evidence_end(observations: pl.DataFrame, watches: pl.DataFrame) -> datetime | None:
    """The last moment at which anything was recorded that says something; UTC."""
    telling = observations.filter(~pl.col("flags").list.contains("uninformative").fill_null(False))
    kept = watches.filter(pl.col("status") == "watching")
    latest = [f["recorded_at"].max() for f in (telling, kept) if f.height]
    moments = [t.astimezone(UTC) for t in latest if isinstance(t, datetime)]
    return max(moments, default=None)
