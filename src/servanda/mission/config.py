"""The mission file: which agreement, which sources, when the day ends, what to compare and what to draw."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from servanda.agreement.messages import did_you_mean, explain
from servanda.agreement.written import Document, read_yaml
from servanda.agreement.zonefiles import ZoneFileError, expand
from servanda.compliance.settings import AssessSettings
from servanda.compliance.trend.settings import TrendSettings
from servanda.compliance.undercount.settings import UndercountSettings
from servanda.errors import LanguageError, MissionError
from servanda.fusion import Priors
from servanda.mission.pull_block import Pull, PullEntry, PullSettings, resolve
from servanda.mission.sensitivity_settings import SensitivitySettings
from servanda.quantities import QuantityError, span
from servanda.report.language import TAG, catalogue, known
from servanda.sources.base import Settings, Source
from servanda.sources.registry import fetches, sources

FILE = "mission.yaml"
NO_RHYTHM = "never"


class Written(BaseModel):
    """Base of everything in the mission file: frozen, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class SourceEntry(Written):
    """One feed of the mission."""

    id: str = Field(min_length=1, description="Name of the feed in findings and reports.")
    source: str = Field(description="Which reader: see 'servanda sources'.")
    path: str | tuple[str, ...] = Field(description="File, glob pattern, or a list of them.")
    with_: dict[str, str] = Field({}, alias="with", description="Extra files that the reader can use.")
    settings: dict[str, Any] = Field({}, description="Settings of the reader.")
    pull: PullEntry | None = Field(None, description="How 'servanda pull' fetches its files; else it does not.")
    expected_every: str | None = Field(
        None,
        description="Something comes from it at least so often, such as '6 hours'; a longer silence is an outage. "
        "'never': no rhythm is known. Left out: the rhythm of its provider.",
    )
    note: str | None = Field(
        None, description="What readers should know of it; the report quotes it with what the source contributed."
    )


class Baseline(Written):
    """A window to compare with: the measured one moved by ``shift``, or one written out, or each month of it."""

    shift: str | None = Field(None, description="Such as '-7 days'.")
    from_: datetime | None = Field(None, alias="from", description="First moment that counts.")
    to: datetime | None = Field(None, description="First moment that counts no more.")
    each: Literal["month"] | None = Field(None, description="Every calendar month from 'from' to 'to' by itself.")


class ComparisonEntry(Written):
    """A before-and-after measure."""

    title: str = Field(description="What the report calls it.")
    measure: Literal["starts", "hours", "records", "counts"] = Field(description="What is counted: see the guide.")
    source: str = Field(description="Id of a feed of this mission.")
    kinds: tuple[str, ...] = Field((), description="Kinds to count; empty: all but untyped reports.")
    from_: datetime | None = Field(None, alias="from", description="Start of the window; else the in-force window.")
    to: datetime | None = Field(None, description="End of the window; else of the in-force window.")
    baselines: tuple[Baseline, ...] = Field(min_length=1)
    wave_gap_h: float = Field(1.0, gt=0, description="Reports closer together than this count as one wave.")
    unit: str = Field("violations", description="Of the measure 'counts': the unit of the counts.")
    block_days: float = Field(
        7.0, gt=0, description="Of the measure 'counts': fighting within so many days is one run of events."
    )


class TrendEntry(Written):
    """A rate in a window against one stretch before it, for equal effort."""

    title: str = Field(description="What the report calls it.")
    measure: Literal["starts", "hours", "records", "counts", "incidents"] = Field(
        "incidents", description="What is counted: of one feed, or fused incidents of all feeds."
    )
    source: str | None = Field(None, description="Id of a feed of this mission; needed unless incidents are counted.")
    kinds: tuple[str, ...] = Field((), description="Kinds to count; empty: all but untyped reports.")
    term: str | None = Field(None, description="Of incidents: only those of this term's kinds in its zone.")
    from_: datetime | None = Field(None, alias="from", description="Start of the window; else the in-force window.")
    to: datetime | None = Field(None, description="End of the window; else of the in-force window.")
    before: str = Field("28 days", description="How long the stretch before the window is; it ends where that begins.")
    unit: str = Field("violations", description="Of the measure 'counts': the unit of the counts.")


class RegionsEntry(Written):
    """Areas for the counts by region."""

    file: str = Field(description="GeoJSON file.")
    name: str = Field(description="Property that holds a region's name.")


class MapEntry(Written):
    """What the map shows besides incidents."""

    zones: tuple[str, ...] = Field((), description="Zone ids; empty: the zones that terms name.")
    lines: tuple[str, ...] = Field((), description="Zone ids to draw as lines.")
    land: str | None = Field(None, description="GeoJSON file of land.")


class MissionFile(Written):
    """The whole of ``mission.yaml``."""

    title: str = Field(description="Title of the reports.")
    agreement: str = Field("agreement.yaml", description="The agreement file.")
    time_zone: str = Field(description="IANA name; reports are in it.")
    cutoff: str = Field("00:00", description="When a reporting day ends, local time.")
    store: str = Field("evidence.sqlite", description="Where the evidence is kept.")
    replay_limit: int = Field(
        400_000,
        ge=0,
        description="With more observations than this, the report of the day before is not replayed for comparison.",
    )
    sources: tuple[SourceEntry, ...] = ()
    pdf: bool = Field(True, description="Is report.pdf written, where typst is installed?")
    fonts: str | None = Field(None, description="Folder of fonts for letters that those of the PDF lack.")
    languages: tuple[str, ...] = Field(
        ("en",),
        min_length=1,
        description="Languages of the reports; the first is that of report.html. More can be added as data in a folder "
        "'languages' beside the mission file.",
    )
    written_in: str = Field(
        "en",
        pattern=TAG,
        description="Language (BCP 47) of the agreement's texts, titles and labels, which are quoted as written.",
    )
    regions: RegionsEntry | None = None
    map: MapEntry = MapEntry()
    comparisons: tuple[ComparisonEntry, ...] = ()
    trends: tuple[TrendEntry, ...] = ()
    trend: TrendSettings = TrendSettings()
    undercount: UndercountSettings = UndercountSettings()
    assess: AssessSettings = AssessSettings()
    sensitivity: SensitivitySettings = SensitivitySettings()
    pull: PullSettings = PullSettings()
    learn_days: int = Field(
        0,
        ge=0,
        description="What sources are like is learned from so many days before and after the time in force as well. 0: "
        "from what is fused alone, that is the time in force and a day on either side.",
    )
    fusion: Priors = Field(default_factory=lambda: Priors.model_validate({}))


@dataclass(frozen=True)
class Feed:
    """A source entry, resolved: its reader, its settings, its files."""

    id: str
    source: Source
    settings: Settings
    patterns: tuple[str, ...]
    aux: Mapping[str, Path]
    pull: Pull | None = None
    every: timedelta | None = None
    """Something is expected from it so often; None: no rhythm is known."""

    @property
    def reader(self) -> str:
        """Digest of all that decides how a payload is read, besides the payload and the program version."""
        return hashlib.sha256(f"{self.source.name} {self.settings.model_dump_json()}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Mission:
    """A mission folder, ready to run."""

    folder: Path
    written: MissionFile
    feeds: tuple[Feed, ...]
    env: Mapping[str, str]

    @property
    def agreement_path(self) -> Path:
        return self.folder / self.written.agreement

    @property
    def store_path(self) -> Path:
        return self.folder / self.written.store

    @property
    def language_folder(self) -> Path:
        """Where a mission's own languages lie."""
        return self.folder / "languages"


def load(folder: Path, env: Mapping[str, str]) -> Mission:
    """Read ``mission.yaml`` in ``folder``. Raises MissionError with every mistake at once."""
    doc = read_yaml(folder / FILE)
    if doc.problems:
        raise MissionError(doc.problems)
    try:
        written = MissionFile.model_validate(doc.data)
    except ValidationError as error:
        explain(error, doc, MissionFile)
        raise MissionError(doc.problems) from None
    _check_clock(written, doc)
    _check_languages(written, doc, folder / "languages")
    feeds = [_feed(entry, i, doc, folder, env) for i, entry in enumerate(written.sources)]
    _check_comparisons(written, doc)
    _check_trends(written, doc)
    _check_names(written, doc)
    if doc.problems:
        raise MissionError(doc.problems)
    return Mission(folder, written, tuple(f for f in feeds if f), env)


def _check_clock(written: MissionFile, doc: Document) -> None:
    try:
        ZoneInfo(written.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        doc.report(
            ("time_zone",), f"'{written.time_zone}' is no time zone.", "Write an IANA name such as Europe/Paris."
        )
    try:
        if time.fromisoformat(written.cutoff).tzinfo:
            raise ValueError
    except ValueError:
        doc.report(("cutoff",), f"'{written.cutoff}' is no time of day.", "Write it as '19:30', in quotes.")


def _check_languages(written: MissionFile, doc: Document, own: Path) -> None:
    there = known(own)
    for i, language in enumerate(written.languages):
        at = ("languages", i)
        if language not in there:
            doc.report(at, f"There is no language '{language}'.", did_you_mean(language, there))
        elif language in written.languages[:i]:
            doc.report(at, f"The language '{language}' is there twice.", "Name each language once.")
        else:
            try:
                catalogue(language, own)
            except LanguageError as error:
                for problem in error.problems:
                    doc.report(at, f"{problem.file}: {problem.what}", problem.mend)


def _check_names(written: MissionFile, doc: Document) -> None:
    seen: dict[str, SourceEntry] = {}
    for i, entry in enumerate(written.sources):
        if entry.id in seen:
            mend = "Give each its own id; several files of one feed go into a list under its 'path'."
            doc.report(("sources", i, "id"), f"The feed '{entry.id}' is there twice.", mend)
        seen[entry.id] = entry


def _feed(entry: SourceEntry, i: int, doc: Document, folder: Path, env: Mapping[str, str]) -> Feed | None:
    at = ("sources", i)
    known = sources()
    source = known.get(entry.source)
    if source is None:
        doc.report((*at, "source"), f"There is no source '{entry.source}'.", did_you_mean(entry.source, known))
        return None
    for name in sorted(set(entry.with_) - set(source.aux)):
        doc.report(
            (*at, "with", name), f"The source '{source.name}' has no use for '{name}'.", did_you_mean(name, source.aux)
        )
    patterns = [
        _expanded(p, (*at, "path"), doc, env) for p in ([entry.path] if isinstance(entry.path, str) else entry.path)
    ]
    aux = {n: folder / _expanded(p, (*at, "with", n), doc, env) for n, p in entry.with_.items() if n in source.aux}
    try:
        settings = source.settings.model_validate(entry.settings)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = (*at, "settings", *detail["loc"])
            mend = (
                did_you_mean(str(detail["loc"][-1]), source.settings.model_fields)
                if detail["type"] == "extra_forbidden"
                else "See 'servanda sources'."
            )
            doc.report(
                path,
                f"The setting '{'.'.join(map(str, detail['loc']))}' of '{entry.id}': {detail['msg'].lower()}.",
                mend,
            )
        return None
    every = source.cadence if entry.expected_every is None else _every(entry.expected_every, at, doc)
    return Feed(entry.id, source, settings, tuple(patterns), aux, _pull(entry, at, tuple(patterns), doc), every)


def _every(text: str, at: tuple[str | int, ...], doc: Document) -> timedelta | None:
    if text == NO_RHYTHM:
        return None
    try:
        return span(text).elapsed
    except QuantityError as error:
        mend = f"Write a stretch of time such as '6 hours', or '{NO_RHYTHM}'."
        doc.report((*at, "expected_every"), f"The rhythm '{text}' cannot be read: {error.what}", mend)
        return None


def _pull(entry: SourceEntry, at: tuple[str | int, ...], patterns: tuple[str, ...], doc: Document) -> Pull | None:
    if entry.pull is None:
        return None
    return resolve(
        entry.pull, entry.id, patterns, fetches(), lambda path, what, mend: doc.report((*at, "pull", *path), what, mend)
    )


def _expanded(text: str, at: tuple[str | int, ...], doc: Document, env: Mapping[str, str]) -> str:
    try:
        return expand(text, env)
    except ZoneFileError as mistake:
        doc.report(at, mistake.what[0].upper() + mistake.what[1:], mistake.mend)
        return text


def _check_trends(written: MissionFile, doc: Document) -> None:
    ids = [s.id for s in written.sources]
    for i, entry in enumerate(written.trends):
        at = ("trends", i)
        if entry.measure == "incidents" and entry.source is not None:
            doc.report((*at, "source"), "Incidents are of all feeds.", "Leave 'source' out, or name another measure.")
        elif entry.measure != "incidents" and entry.source not in ids:
            mend = did_you_mean(entry.source or "", ids)
            doc.report((*at, "source"), f"There is no feed '{entry.source or ''}'.", mend)
        if entry.term is not None and entry.measure != "incidents":
            doc.report((*at, "term"), "A term is about incidents.", "Leave 'term' out, or 'measure: incidents'.")
        try:
            span(entry.before)
        except QuantityError as error:
            doc.report((*at, "before"), f"'{entry.before}' cannot be read: {error}.", "Write it as '28 days'.")


def _check_comparisons(written: MissionFile, doc: Document) -> None:
    ids = [s.id for s in written.sources]
    for i, entry in enumerate(written.comparisons):
        at = ("comparisons", i)
        if entry.source not in ids:
            doc.report((*at, "source"), f"There is no feed '{entry.source}'.", did_you_mean(entry.source, ids))
        for j, baseline in enumerate(entry.baselines):
            path = (*at, "baselines", j)
            if baseline.shift is not None:
                try:
                    span(baseline.shift.strip().lstrip("+-").strip())
                except QuantityError as error:
                    doc.report(path, f"The shift '{baseline.shift}' cannot be read: {error}.", "Write it as '-7 days'.")
            elif baseline.from_ is None or baseline.to is None:
                doc.report(
                    path, "A baseline has neither a shift nor a window.", "Write 'shift: -7 days', or 'from' and 'to'."
                )
