"""A feed that stops is an outage, not calm: its silences become watches with the status offline.

Worked out when a report is made, from what was known at that moment; nothing that is stored changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from servanda import kinds
from servanda.agreement.resolved import Agreement, Term
from servanda.compliance.clock import EPOCH, FAR_FUTURE, FAR_PAST, Micros, column_micros, micros
from servanda.mission.config import Feed
from servanda.report.language import NBSP, catalogue
from servanda.report.numbers import Clock
from servanda.sources.content import identified_watches, latency_of
from servanda.sources.times import DAY_PRECISION
from servanda.tables import TIME, WATCHES

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Silence:
    """Nothing came from ``low`` to ``high``, microseconds UTC. ``since``, ``until``: what came before and after."""

    low: int
    high: int
    since: int | None
    until: int | None


def with_outages(
    feeds: Iterable[Feed],
    agreement: Agreement,
    observations: pl.DataFrame,
    watches: pl.DataFrame,
    as_of: datetime,
    time_zone: str,
) -> pl.DataFrame:
    """The watches as they stand once silences are taken for what they are.

    Of each feed with a rhythm, a time without anything that is longer than the rhythm is offline, over all that
    the feed looks at. Of sources whose watches follow from their rows, nothing after the last row is a watch.
    ``observations`` and ``watches`` are what was known at ``as_of``. Reasons are in local time of ``time_zone``.
    """
    low, high = micros(agreement.t_from), min(micros(agreement.t_to), micros(as_of))
    parts = []
    for feed in feeds:
        own = watches.filter(pl.col("source_id") == feed.id)
        spans = _alive(feed, observations.filter(pl.col("source_id") == feed.id), own)
        known_to = micros(as_of - latency_of(feed.source, feed.settings))
        found = [_clipped(s, low, high) for s in _silences(spans, feed.every, low, known_to)]
        outages = [s for s in found if s.low < s.high]
        holes = [(s.low, s.high) for s in outages]
        if feed.source.watches_from_rows and len(spans):
            holes.append((int(spans[:, 1].max()), FAR_FUTURE))
        parts.append(_without(own, holes))
        if outages:
            parts.append(_offline(feed, outages, own, agreement, time_zone))
    named = [feed.id for feed in feeds]
    others = watches.filter(~pl.col("source_id").is_in(named))
    return pl.concat([others, *parts]).sort("t_start", "watch_id")


def _alive(feed: Feed, observations: pl.DataFrame, watches: pl.DataFrame) -> Micros:
    """(n, 2) stretches from which the feed brought something.

    A watch is a report on the time up to when it was recorded, later it is a plan; what says that nobody could look
    holds for all of its time. Where watches follow from rows, only rows count, and of these only both ends: an
    interval that is longer than any event is a merger, and no sign of life in between.
    """
    if not feed.source.watches_from_rows:
        until = pl.when(pl.col("status") == "watching").then(pl.min_horizontal("t_end", "recorded_at"))
        stated = watches.select("t_start", until.otherwise("t_end").alias("t_end")).filter(
            pl.col("t_end") > pl.col("t_start")
        )
        return _spans(pl.concat([observations.select("t_start", "t_end"), stated]))
    vague = pl.col("flags").list.contains(DAY_PRECISION).fill_null(False)
    sharp = observations.filter(~vague).select("t_start", "t_end")
    moments = np.unique(_spans(sharp))
    days = _spans(observations.filter(vague).select("t_start", "t_end").unique())
    # What a row that knows the day alone says ends with the last clock time of that day, where there is one.
    after, before = (np.searchsorted(moments, days[:, i]) for i in (0, 1))
    ends = np.where(before > after, moments[before - 1] if len(moments) else 0, days[:, 1])
    return np.concatenate([np.column_stack([moments, moments]), np.column_stack([days[:, 0], ends])])


def _spans(frame: pl.DataFrame) -> Micros:
    spans: Micros = np.column_stack([column_micros(frame["t_start"]), column_micros(frame["t_end"])])
    return spans


def _silences(spans: Micros, every: timedelta | None, start: int, known_to: int) -> Iterator[Silence]:
    """Times in which nothing came, though from one arrival to the next (the end of what came) is more than ``every``.

    ``start``: when the first is awaited; ``known_to``: what happened later cannot have come yet.
    """
    if every is None:
        return
    most = every // MICROSECOND
    if not len(spans):
        if known_to - start > most:
            yield Silence(start, FAR_FUTURE, None, None)
        return
    begin, end, first = _blocks(spans)
    if first[0] - start > most and begin[0] > start:
        yield Silence(start, int(begin[0]), None, int(begin[0]))
    for i in np.flatnonzero(first[1:] - end[:-1] > most):
        yield Silence(int(end[i]), int(begin[i + 1]), int(end[i]), int(begin[i + 1]))
    if known_to - end[-1] > most:
        yield Silence(int(end[-1]), FAR_FUTURE, int(end[-1]), None)


def _blocks(spans: Micros) -> tuple[Micros, Micros, Micros]:
    """Start and end of each run of stretches without a hole, and the first arrival in it."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    at: NDArray[np.int64] = np.flatnonzero(np.r_[True, spans[1:, 0] > reach[:-1]])
    ends = reach[np.r_[at[1:] - 1, len(spans) - 1]]
    return spans[at, 0], ends, np.minimum.reduceat(spans[:, 1], at)


def _clipped(silence: Silence, low: int, high: int) -> Silence:
    return Silence(max(silence.low, low), min(silence.high, high), silence.since, silence.until)


def _without(watches: pl.DataFrame, holes: list[tuple[int, int]]) -> pl.DataFrame:
    """The watches; of those that were kept in a hole, only what lies outside of it."""
    if not holes or watches.is_empty():
        return watches
    begin, end, _ = _blocks(np.array(holes, dtype=np.int64))
    bounds = np.r_[FAR_PAST, np.c_[begin, end].ravel(), FAR_FUTURE].reshape(-1, 2)
    kept = pl.DataFrame({"low": bounds[:, 0], "high": bounds[:, 1]})
    dark = pl.DataFrame({"low": begin, "high": end})
    t0, t1 = pl.col("t_start").dt.epoch("us"), pl.col("t_end").dt.epoch("us")
    timed = watches.with_columns(t0.alias("a"), t1.alias("b"))
    inside = (pl.col("a") < pl.col("high"), pl.col("b") > pl.col("low"))
    looking = timed.filter(pl.col("status") == "watching")
    hit = looking.select("watch_id", "a", "b").join_where(dark, *inside)["watch_id"].unique()
    if hit.is_empty():
        return watches
    is_hit = pl.col("watch_id").is_in(hit.implode())
    pieces = timed.filter(is_hit).join_where(kept, *inside)
    cut = pieces.with_columns(
        pl.from_epoch(pl.max_horizontal("a", "low"), time_unit="us").cast(TIME).alias("t_start"),
        pl.from_epoch(pl.min_horizontal("b", "high"), time_unit="us").cast(TIME).alias("t_end"),
    ).select(c for c in WATCHES.names if c != "watch_id")
    return pl.concat([watches.filter(~is_hit), identified_watches(cut)])


def _offline(
    feed: Feed, outages: list[Silence], own: pl.DataFrame, agreement: Agreement, time_zone: str
) -> pl.DataFrame:
    """One offline watch for every silence and kind, over all that the feed ever looked at for that kind."""
    assert feed.every is not None
    delay = feed.every + latency_of(feed.source, feed.settings)
    start = micros(agreement.t_from)
    times = pl.DataFrame(
        {
            "t_start": [s.low for s in outages],
            "t_end": [s.high for s in outages],
            "recorded_at": [(start if s.since is None else s.since) + delay // MICROSECOND for s in outages],
            "reason": [_reason(feed, s, time_zone) for s in outages],
        }
    ).with_columns(pl.from_epoch(c, time_unit="us").cast(TIME) for c in ("t_start", "t_end", "recorded_at"))
    looked = _looked_at(feed, own, agreement)
    frame = times.join(looked, how="cross").with_columns(
        pl.lit(feed.id).alias("source_id"),
        pl.lit(feed.source.group_of(feed.id, feed.settings)).alias("witness_group"),
        pl.lit(0.0).alias("p_detect"),
        pl.lit("offline").alias("status"),
    )
    return identified_watches(frame)


def _looked_at(feed: Feed, own: pl.DataFrame, agreement: Agreement) -> pl.DataFrame:
    """kind, footprint (WKB; null: everywhere): what the feed looks at, by its watches, else by what it could report."""
    schema = {"kind": pl.String, "footprint": pl.Binary}
    if own.is_empty():
        named = feed.source.kinds | feed.settings.added_kinds() if feed.source.kinds else frozenset[str]()
        able = named or frozenset().union(*(asked_kinds(t) for v in agreement.versions for t in v.terms))
        top = sorted(k for k in able if not any(a in able for a in kinds.lineage(k) if a != k))
        return pl.DataFrame({"kind": top, "footprint": [None] * len(top)}, schema=schema)
    rows = []
    for (kind,), mine in own.group_by(["kind"], maintain_order=True):
        prints = mine["footprint"].unique().sort()
        whole = None if prints.null_count() else _union(prints.to_list())
        rows.append((kind, whole))
    return pl.DataFrame(sorted(rows, key=lambda r: str(r[0])), schema=schema, orient="row")


def asked_kinds(term: Term) -> frozenset[str]:
    """The kinds that must be looked for to know whether a term is kept."""
    return term.kinds | (term.obligation.kinds if term.obligation else frozenset())


def _union(prints: list[bytes]) -> bytes:
    if len(prints) == 1:
        return prints[0]
    joined = shapely.union_all(shapely.make_valid(shapely.from_wkb(prints)))
    return bytes(shapely.to_wkb(shapely.normalize(joined)))


def _reason(feed: Feed, silence: Silence, time_zone: str) -> str:
    """Plain English, as all reasons that sources give."""
    assert feed.every is not None
    clock = Clock(time_zone, catalogue("en"))

    def at(moment: int) -> str:
        return clock.moment(EPOCH + moment * MICROSECOND).replace(NBSP, " ")

    when = {
        (True, True): "Nothing ever came from {id}",
        (False, True): "Nothing came from {id} after {since}",
        (True, False): "Nothing came from {id} before {until}",
        (False, False): "Nothing came from {id} between {since} and {until}",
    }[silence.since is None, silence.until is None]
    since, until = (at(m) if m is not None else "" for m in (silence.since, silence.until))
    return when.format(id=feed.id, since=since, until=until) + f"; it is expected every {_words(feed.every)}."


def _words(every: timedelta) -> str:
    """``day``, ``6 hours``, ``2 days``, ``90 minutes``."""
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        n, rest = divmod(every, length)
        if n and not rest:
            return unit if n == 1 else f"{n} {unit}s"
    return f"{every.total_seconds():g} seconds"
