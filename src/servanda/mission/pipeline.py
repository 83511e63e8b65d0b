"""One mission folder from sources to report."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
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
from servanda.mission.behind import Again
from servanda.mission.clock import Reporting, default_as_of, reporting
from servanda.mission.config import Mission
from servanda.mission.contributions import contributions
from servanda.mission.intake import Intake, Step
from servanda.mission.judgement import Judged, Known, comparisons, evidence_end, judge, near
from servanda.mission.looked import looked
from servanda.mission.outages import with_outages
from servanda.mission.sensitivity import Assumed, Case, with_sensitivity
from servanda.mission.trends import trends
from servanda.mission.undercounts import undercounts
from servanda.report import ReportData, Scoreboard, write
from servanda.report.language import catalogue

Score = Callable[[tuple[Finding, ...]], Scoreboard]


@dataclass(frozen=True)
class Outcome:
    """What a run did. ``result`` is the content of ``findings.json``."""

    result: dict[str, Any]
    reports: Path
    refused: tuple[SourceRefused, ...]
    findings: tuple[Finding, ...]
    notices: tuple[str, ...] = ()
    """What the reports could not show, and why."""


@dataclass(frozen=True)
class Gathered:
    """All that reports and exports are made from. What was found is kept in the store."""

    mission: Mission
    agreement: Agreement
    zones: ZoneBook
    data: ReportData
    refused: tuple[SourceRefused, ...]


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
    made = gather(folder, as_of, env, now=now, step=step, score=score)
    step("writing the report")
    reports = made.mission.folder / "reports" / _name(made.data.period, made.mission.written.time_zone)
    notices: list[str] = []
    write(made.data, reports, notices.append)
    result = json.loads((reports / "findings.json").read_text("utf-8"))
    return Outcome(result, reports, made.refused, made.data.findings, tuple(dict.fromkeys(notices)))


def gather(
    folder: Path,
    as_of: datetime | None = None,
    env: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
    step: Step = lambda _: None,
    score: Score | None = None,
) -> Gathered:
    """Everything up to the report: read the sources, judge the terms, keep the findings. Raises as ``run`` does."""
    env = os.environ if env is None else env
    now = now or datetime.now(UTC)
    mission = config.load(folder, env)
    agreement, _ = load_agreement(mission.agreement_path, env)
    zones = open_zones(agreement, mission.agreement_path.parent, env)
    with open_store(mission.store_path) as store:
        taken = intake.ingest(mission, store, now, step)
        data = _report(_Run(mission, agreement, zones, store, taken, step), as_of, now, score)
    return Gathered(mission, agreement, zones, data, taken.refused)


def _report(r: _Run, as_of: datetime | None, now: datetime, score: Score | None) -> ReportData:
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
    judged = _judged(r, _heard(r, moment, seen, looked), periods)
    r.step("trying the assumptions")
    findings = r.store.issue(tried(r.mission, r.agreement, r.zones, judged, periods), moment)
    return _data(r, judged, findings, before, about, score)


def again(mission: Mission, store: Store, as_of: datetime) -> Again:
    """What the evidence kept says of a past moment. Raises as ``run`` does, but reads and keeps nothing new."""
    written, sources = mission.written, intake.profiles(mission.feeds)
    agreement, _ = load_agreement(mission.agreement_path, mission.env)
    zones = open_zones(agreement, mission.agreement_path.parent, mission.env)
    seen, looked_at = intake.known_at(mission, store, None, as_of)
    watches = with_outages(mission.feeds, agreement, seen, looked_at, as_of, written.time_zone)
    periods = calendar(agreement, written.cutoff, written.time_zone, as_of)
    judged = judge(mission, agreement, zones, Known(as_of, seen, watches), sources, periods)
    return Again(mission, agreement, zones, periods, sources, judged)


def tried(
    mission: Mission, agreement: Agreement, zones: ZoneBook, judged: Judged, periods: tuple[Period, ...]
) -> tuple[Finding, ...]:
    """The findings with how they move when assumptions do."""
    known, written = judged.known, mission.written
    if judged.fused.beliefs is None:
        return judged.assessment.findings
    sources = intake.profiles(mission.feeds)
    fused = near(known.observations, agreement, known.as_of)
    assumed = Assumed(judged.fused.beliefs, written.fusion, written.assess, fused, known.watches, sources, sources)
    case = Case(agreement, zones, periods, known.as_of, known.observations, assumed, judged.fused)
    return with_sensitivity(judged.assessment.findings, case, written.sensitivity)


def _heard(r: _Run, moment: datetime, seen: pl.DataFrame, looked: pl.DataFrame) -> Known:
    """What was known at a moment, with the silence of each feed taken for what it is."""
    zone = r.mission.written.time_zone
    return Known(moment, seen, with_outages(r.mission.feeds, r.agreement, seen, looked, moment, zone))


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
    known = _heard(r, then, *intake.known_at(r.mission, r.store, r.intake.current, then))
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
    inside = picture.incident_regions(incidents, areas)
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
        trends=trends(r.mission, r.agreement, r.zones, judged, intake.profiles(r.mission.feeds)),
        undercounts=undercounts(
            r.mission, r.agreement, r.zones, judged, intake.profiles(r.mission.feeds), inside, areas
        ),
        incidents=incidents,
        membership=judged.fused.membership,
        observations=judged.known.observations,
        watches=judged.known.watches,
        quarantine=r.store.quarantine(ids, r.intake.current),
        sources=intake.profiles(r.mission.feeds),
        incident_terms=judged.assessment.incident_terms,
        incident_regions=inside,
        zones=picture.map_zones(r.mission, r.agreement, r.zones, start),
        regions=areas,
        land=picture.land(r.mission),
        contributions=contributions(
            judged.fused,
            judged.known.observations,
            intake.profiles(r.mission.feeds),
            r.agreement,
            about.period,
            written.fusion,
        ),
        effort=picture.effort(judged.known.watches, about.period, about.previous, r.agreement.t_from),
        looked=looked(
            r.agreement, r.zones, judged.known.watches, about.period, judged.known.as_of, written.assess.power_places
        ),
        interference=picture.interference(r.mission, judged.known.observations, about.period),
        refused=tuple(str(refusal) for refusal in r.intake.refused),
        notices=(*_not_replayed(r, judged.known.observations.height), *_told(notices), *_unsaid(r.mission)),
        scoreboard=score(findings) if score else None,
        languages=written.languages,
        language_folder=r.mission.language_folder,
        learn_days=written.learn_days,
        source_notes={s.id: s.note for s in written.sources if s.note},
        written_in=written.written_in,
        pdf=written.pdf,
        font_folder=r.mission.folder / written.fonts if written.fonts else None,
    )


def _told(notices: pl.DataFrame) -> tuple[str, ...]:
    return tuple(f"{row['source_id']}: {row['notice']}" for row in notices.iter_rows(named=True))


def _unsaid(mission: Mission) -> Iterator[str]:
    """Languages that lack words, which the report then says in English."""
    for language in mission.written.languages:
        missing = catalogue(language, mission.language_folder).missing
        if missing:
            some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            yield f"The language '{language}' lacks {len(missing)} of the report's messages, said in English: {some}."


def _not_replayed(r: _Run, observations: int) -> tuple[str, ...]:
    limit = r.mission.written.replay_limit
    if observations <= limit:
        return ()
    return (f"The day before was not replayed: {observations} observations are more than replay_limit, {limit}.",)
