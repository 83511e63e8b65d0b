"""One mission folder from sources to report."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from servanda.agreement.calendar import periods as calendar
from servanda.agreement.loader import load as load_agreement
from servanda.agreement.resolved import Agreement, ZoneBook
from servanda.agreement.zones import open_zones
from servanda.errors import MissionError, Problem, SourceRefused
from servanda.evidence import Store, open_store
from servanda.findings import Finding, Period
from servanda.mission import config, intake, picture
from servanda.mission.clock import Reporting, default_as_of, reporting
from servanda.mission.config import Mission
from servanda.mission.intake import Intake, Step
from servanda.mission.judgement import Judged, Known, comparisons, evidence_end, judge
from servanda.report import ReportData, Scoreboard, write

Score = Callable[[tuple[Finding, ...]], Scoreboard]


@dataclass(frozen=True)
class Outcome:
    """What a run did. ``result`` is the content of ``findings.json``."""

    result: dict[str, Any]
    reports: Path
    refused: tuple[SourceRefused, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Run:
    """What the steps share."""

    mission: Mission
    agreement: Agreement
    zones: ZoneBook
    store: Store
    intake: Intake
    step: Step


def run(
    directory: str | os.PathLike[str], as_of: datetime | None = None, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Do the whole job on a mission folder and return what ``findings.json`` says.

    ``as_of`` (with time zone): nothing recorded later is known; None: the last reporting cut-off, or the end
    of a story that is over. Reports are written to ``<directory>/reports``. Raises AgreementError or
    MissionError for a bad file. A source that is refused is named in the result, and the rest is done.
    """
    return run_mission(Path(directory), as_of, env).result


def run_mission(
    folder: Path,
    as_of: datetime | None = None,
    env: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
    step: Step = lambda _: None,
    score: Score | None = None,
) -> Outcome:
    """As ``run``, for callers that show progress (``step``) or know the truth (``score``)."""
    env = os.environ if env is None else env
    now = now or datetime.now(UTC)
    mission = config.load(folder, env)
    agreement, _ = load_agreement(mission.agreement_path, env)
    zones = open_zones(agreement, mission.agreement_path.parent, env)
    with open_store(mission.store_path) as store:
        taken = intake.ingest(mission, store, now, step)
        return _report(_Run(mission, agreement, zones, store, taken, step), as_of, now, score)


def _report(r: _Run, as_of: datetime | None, now: datetime, score: Score | None) -> Outcome:
    written = r.mission.written
    r.step("reading the evidence")
    seen, looked = intake.known_at(r.mission, r.store, r.intake.current, as_of)
    end = evidence_end(seen, looked)
    moment = as_of or default_as_of(r.agreement.t_to, end, now, written.cutoff, written.time_zone)
    if as_of is None and end is not None and end > moment:
        seen, looked = intake.known_at(r.mission, r.store, r.intake.current, moment)
    periods = calendar(r.agreement, written.cutoff, written.time_zone, moment)
    about = reporting(periods, moment)
    if about is None:
        raise _too_early(r, moment)
    before = _said_before(r, about, seen.height)
    r.step("judging the terms")
    judged = _judged(r, Known(moment, seen, looked), periods)
    findings = r.store.issue(judged.assessment.findings, moment)
    r.step("writing the report")
    data = _data(r, judged, findings, before, about, score)
    folder = r.mission.folder / "reports" / _name(about.period, written.time_zone)
    write(data, folder)
    result = json.loads((folder / "findings.json").read_text("utf-8"))
    return Outcome(result, folder, r.intake.refused, findings)


def _judged(r: _Run, known: Known, periods: tuple[Period, ...]) -> Judged:
    sources = intake.profiles(r.mission.feeds)
    return judge(r.mission, r.agreement, r.zones, known, sources, periods)


def _said_before(r: _Run, about: Reporting, observations: int) -> tuple[Finding, ...]:
    """What the report of the day before said, replayed from what was recorded by its end; it is kept as well."""
    if about.previous is None or observations > r.mission.written.replay_limit:
        return ()
    then = about.previous.t_to
    r.step("replaying the day before")
    periods = calendar(r.agreement, r.mission.written.cutoff, r.mission.written.time_zone, then)
    known = Known(then, *intake.known_at(r.mission, r.store, r.intake.current, then))
    return r.store.issue(_judged(r, known, periods).assessment.findings, then)


def _too_early(r: _Run, moment: datetime) -> MissionError:
    what = f"At {moment.isoformat()} the agreement is not in force yet; it starts at {r.agreement.t_from.isoformat()}."
    return MissionError([Problem(str(r.mission.folder / config.FILE), 0, 0, what, "Give a later --as-of.")])


def _name(period: Period, time_zone: str) -> str:
    """The local date on which most of the reporting day lies."""
    middle = period.t_from + (period.t_to - period.t_from) / 2
    return middle.astimezone(ZoneInfo(time_zone)).date().isoformat()


def _data(
    r: _Run,
    judged: Judged,
    findings: tuple[Finding, ...],
    before: tuple[Finding, ...],
    about: Reporting,
    score: Score | None,
) -> ReportData:
    written, incidents = r.mission.written, judged.fused.incidents
    areas = picture.regions(r.mission)
    start = about.period.t_from
    version = next(v for v in reversed(r.agreement.versions) if v.t_from <= start)
    ids = [feed.id for feed in r.mission.feeds]
    notices = r.store.notices(ids, r.intake.current)
    return ReportData(
        title=written.title,
        agreement=r.agreement,
        version=version.version,
        as_of=judged.known.as_of,
        period=about.period,
        previous_period=about.previous,
        time_zone=written.time_zone,
        findings=findings,
        previous=before,
        comparisons=comparisons(r.mission, r.agreement, judged.known.observations, judged.known.as_of),
        incidents=incidents,
        membership=judged.fused.membership,
        observations=judged.known.observations,
        watches=judged.known.watches,
        quarantine=r.store.quarantine(ids, r.intake.current),
        sources=intake.profiles(r.mission.feeds),
        incident_terms=judged.assessment.incident_terms,
        incident_regions=picture.incident_regions(incidents, areas),
        zones=picture.map_zones(r.mission, r.agreement, r.zones, start),
        regions=areas,
        land=picture.land(r.mission),
        effort=picture.effort(judged.known.watches, about.period, about.previous),
        refused=tuple(str(refusal) for refusal in r.intake.refused),
        notices=(*_not_replayed(r, judged.known.observations.height), *_told(notices)),
        scoreboard=score(findings) if score else None,
    )


def _told(notices: pl.DataFrame) -> tuple[str, ...]:
    return tuple(f"{row['source_id']}: {row['notice']}" for row in notices.iter_rows(named=True))


def _not_replayed(r: _Run, observations: int) -> tuple[str, ...]:
    limit = r.mission.written.replay_limit
    if observations <= limit:
        return ()
    return (f"The day before was not replayed: {observations} observations are more than replay_limit, {limit}.",)
