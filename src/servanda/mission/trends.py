"""The mission's trends: windows in local time, the zone and kinds of a term, incidents as far back as is asked."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from servanda.agreement.calendar import add, lenient_utc
from servanda.agreement.messages import did_you_mean
from servanda.agreement.resolved import Agreement, Term, ZoneBook
from servanda.compliance import exposure
from servanda.compliance.clock import micros
from servanda.compliance.trend import Question, trend_of_feed, trend_of_incidents
from servanda.compliance.trend.series import expected_of_kinds
from servanda.errors import MissionError, Problem
from servanda.findings import Trend
from servanda.fusion import fuse
from servanda.mission.config import FILE, Mission, TrendEntry
from servanda.mission.judgement import MARGIN, Judged
from servanda.quantities import Span, span


def trends(
    mission: Mission, agreement: Agreement, zones: ZoneBook, judged: Judged, sources: pl.DataFrame
) -> tuple[Trend, ...]:
    """Every trend of the mission file. A window that is not over ends at ``as_of``. Raises MissionError for a term
    that the agreement does not have."""
    out = []
    for entry in mission.written.trends:
        window = _window(entry, mission, agreement, judged.known.as_of)
        if window[0] >= window[1]:
            continue
        term = _term(entry, mission, agreement)
        question = _question(entry, mission, agreement, zones, term, window)
        settings = mission.written.trend
        if entry.measure != "incidents":
            out.append(trend_of_feed(question, judged.known.observations, judged.known.watches, settings))
            continue
        incidents, weight = _incidents(question, mission, agreement, zones, judged, sources, term)
        out.append(trend_of_incidents(question, incidents, weight, judged.known.watches, settings))
    return tuple(out)


def _window(entry: TrendEntry, mission: Mission, agreement: Agreement, as_of: datetime) -> tuple[datetime, datetime]:
    zone = ZoneInfo(mission.written.time_zone)
    start = lenient_utc(entry.from_, zone) if entry.from_ else agreement.t_from
    end = lenient_utc(entry.to, zone) if entry.to else agreement.t_to or as_of
    return start, min(end, as_of)


def _term(entry: TrendEntry, mission: Mission, agreement: Agreement) -> Term | None:
    if entry.term is None:
        return None
    known = {t.term_id: t for v in agreement.versions for t in v.terms}
    if entry.term not in known:
        what = f"The trend '{entry.title}' names the term '{entry.term}', and the agreement has none."
        raise MissionError([Problem(str(mission.folder / FILE), 0, 0, what, did_you_mean(entry.term, known))])
    return known[entry.term]


def _question(
    entry: TrendEntry,
    mission: Mission,
    agreement: Agreement,
    zones: ZoneBook,
    term: Term | None,
    window: tuple[datetime, datetime],
) -> Question:
    zone = ZoneInfo(mission.written.time_zone)
    back = span(entry.before)
    before = (add(window[0], Span(-back.days, -back.rest), zone), window[0])
    days = _days(before[0], window[1], mission.written.cutoff, zone)
    # A reporting day is the weekday on which most of it lies.
    names = tuple(((a + (b - a) / 2).astimezone(zone)).weekday() for a, b in pairwise(days))
    kinds = frozenset(entry.kinds) or (term.kinds if term else frozenset())
    area = _area(term, agreement, zones, window[0])
    return Question(entry.title, entry.measure, entry.source, kinds, window, before, days, names, entry.unit, area)


def _days(low: datetime, high: datetime, cutoff: str, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Cut-offs from the last at or before ``low`` to the first at or after ``high``; UTC."""
    clock = time.fromisoformat(cutoff)
    first = (low.astimezone(zone) - timedelta(days=1)).date()
    count = (high.astimezone(zone).date() - first).days + 2
    return tuple(lenient_utc(datetime.combine(first + timedelta(days=i), clock), zone) for i in range(count))


def _area(term: Term | None, agreement: Agreement, zones: ZoneBook, at: datetime) -> BaseGeometry | None:
    """Where a term holds, as it lay at the start of the window; None: everywhere."""
    if term is None or term.zone is None:
        return None
    version = next((v.version for v in agreement.versions if term in v.terms), agreement.versions[0].version)
    epochs = zones.epochs(version, term.zone)
    now = next((e for e in epochs if e.t_to is None or at < e.t_to), epochs[-1])
    return shapely.make_valid(now.geometry)


def _incidents(
    q: Question,
    mission: Mission,
    agreement: Agreement,
    zones: ZoneBook,
    judged: Judged,
    sources: pl.DataFrame,
    term: Term | None,
) -> tuple[pl.DataFrame, "exposure.Floats"]:
    """Incidents from the start of the stretch before, and how many events of the term or kinds each stands for."""
    incidents = judged.fused.incidents
    if q.before[0] < agreement.t_from - MARGIN or q.window[1] > (agreement.t_to or q.window[1]):
        low, high = q.before[0] - MARGIN, q.window[1] + MARGIN
        near = judged.known.observations.filter((pl.col("t_end") >= low) & (pl.col("t_start") < high))
        fused = fuse(near, judged.known.watches, priors=mission.written.fusion, sources=sources)
        incidents = fused.incidents
    if term is None:
        return incidents, expected_of_kinds(incidents, q.kinds)
    version = next(v for v in agreement.versions if term in v.terms)
    prepared = exposure.prepare(incidents, agreement)
    span_us = (micros(q.before[0]), micros(q.window[1]))
    found = exposure.expose(term, version, span_us, prepared, zones, mission.written.assess)
    return prepared.frame[found.rows], found.mass * found.low
