"""What a report is made from. The mission fills ``ReportData``; everything in this package is a function of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import polars as pl
from shapely.geometry.base import BaseGeometry

from servanda.agreement.resolved import Agreement, Term
from servanda.findings import Comparison, Finding, Period, Trend, Undercount, Verdict
from servanda.report.language import Catalogue, catalogue
from servanda.report.numbers import Clock, Figures

Shape = Literal["circle", "square", "triangle", "diamond", "pentagon", "cross", "bar"]
Role = Literal["act", "warning", "heat"]
"""What an incident may be counted as: something done, a warning of it, or heat seen from space."""

INCIDENT_TERMS = {
    "incident_id": pl.String(),
    "term_id": pl.String(),
    "probability": pl.Float64(),
    "exempt_by": pl.String(),
}
"""``probability``: chance that the incident violates the term; ``exempt_by``: the term that exempts it, or null."""

INCIDENT_REGIONS = {"incident_id": pl.String(), "region": pl.String()}

QUALITIES = ("p_true", "detect", "sigma_m", "time_h", "confusion", "repeat")
"""Share of its reports that are true, share of incidents it tells, place and time error, share of kinds mistaken,
further reports for each incident."""

EFFORT = {
    "which": pl.String(),
    "source_id": pl.String(),
    "kind": pl.String(),
    "status": pl.String(),
    "hours": pl.Float64(),
    "reason": pl.String(),
}
"""Hours per source, kind and watch status; ``which`` is ``period``, ``previous``, or ``since`` the agreement is in
force. Posts of one source add up."""

NOBODY = "nobody"
"""Stands beside the watch statuses for hours in which nobody meant to look."""

LOOKED = {
    "which": pl.String(),
    "zone": pl.String(),
    "kind": pl.String(),
    "source_id": pl.String(),
    "status": pl.String(),
    "hours": pl.Float64(),
    "of_hours": pl.Float64(),
}
"""Hours in which a zone was looked at for a kind that terms name, weighted by the share of the zone.

``zone`` null: all zones, of terms that name none; ``source_id`` null: all sources together, two at once being one
hour; ``status``: a watch status, or ``nobody``, whose hours add up to ``of_hours``, the length of the stretch."""

CONTRIBUTIONS = {
    "source_id": pl.String(),
    "period": pl.Int64(),
    "since": pl.Int64(),
    "incidents": pl.Int64(),
    "shared": pl.Int64(),
    "alone": pl.Int64(),
    "copies": pl.Int64(),
    "stated": pl.Float64(),
    "matches": pl.Float64(),
    "unlearned": pl.String(),
    **{f"{name}{end}": pl.Float64() for name in QUALITIES for end in ("", "_low", "_high")},
}
"""What each source contributed. Records of the reporting period and since the agreement is in force; incidents it is
in since then, those told by another witness group as well (``shared``) and those that no other source told
(``alone``). ``stated``: chance that its reports are true, before any data; null: nothing is stated. Then what was
learned with its 95 % interval, resting on ``matches``; else null, and ``unlearned`` says why: ``silent``,
``no_incident``, ``few_reports``, ``one_group`` or ``no_match``."""

INTERFERENCE = {
    "day": pl.Datetime("us", "UTC"),
    "cell": pl.Binary(),
    "aircraft": pl.Int64(),
    "degraded": pl.Int64(),
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "level": pl.String(),
}
"""Aircraft that stated how well they know their place, per cell (WKB) and UTC day; those for which it was degraded,
their share with its 95 % interval, and the level: normal, possible, strong, or few (no conclusion)."""


@dataclass(frozen=True)
class KindGroup:
    """Kinds that the report shows alike; a kind belongs to the group of its nearest ancestor that is listed.

    Only groups of the role ``act`` are counted and drawn as incidents; the others are counted beside them. What a
    group is called is the message ``groups.<name>`` of the catalogue.
    """

    name: str
    kinds: tuple[str, ...]
    colour: str
    shape: Shape
    role: Role = "act"


KIND_GROUPS = (
    KindGroup("ground", ("ground_combat",), "#D55E00", "circle"),
    KindGroup("artillery", ("explosive",), "#0072B2", "square"),
    KindGroup("air", ("aerial_strike",), "#CC79A7", "triangle"),
    KindGroup("armed", ("armed_activity",), "#000000", "pentagon"),
    KindGroup("position", ("movement", "presence"), "#009E73", "diamond"),
    KindGroup("airspace", ("airspace",), "#56B4E9", "bar"),
    KindGroup("alert", ("air_raid_alert",), "#56B4E9", "bar", "warning"),
    KindGroup("heat", ("environment",), "#7A7A7A", "cross", "heat"),
    KindGroup("other", (), "#7A7A7A", "cross"),
)
"""Colours: Okabe and Ito, Color Universal Design (2008), without yellow, which is too pale on paper.

The last group takes every kind that no other group holds.
"""


@dataclass(frozen=True)
class ReportSettings:
    """How much a report shows. Nothing here changes a verdict; what is left out is always stated."""

    kind_groups: tuple[KindGroup, ...] = KIND_GROUPS
    map_days: float = 3.0
    """Incidents before the last so many days are fainter on the map."""
    map_symbols: int = 300
    """At most so many symbols on the map."""
    map_cell_px: float = 28.0
    """Incidents of one group nearer than about this share a symbol; the map is 1000 px wide."""
    map_imprecise_px: float = 14.0
    """A place less certain than this gets a ring of one standard deviation."""
    sure: float = 0.9
    likely: float = 0.5
    """Symbols: filled from ``sure``, half-filled from ``likely``, hollow below."""
    hourly_up_to_days: float = 4.0
    """The timeline counts by hour up to this length, by day beyond."""
    timeline_days: float = 92.0
    """The timeline goes back at most so far."""
    timeline_margin_h: float = 12.0
    """An hourly timeline shows so much on both sides of the window, as far as anything is known."""
    timeline_sources: int = 14
    strip_days: int = 14
    regions: int = 15
    quarantine_rows: int = 20
    changes: int = 10
    """At most so many terms in the list of changes."""
    changed_days: int = 3
    """At most so many revised days named for one term."""
    effort_zones: int = 5
    """So many zones side by side in the tables of hours looked; more come below."""
    effort_gaps: int = 6
    """At most so many sentences on what nobody looked at."""
    airspace_cells: int = 12
    """At most so many disturbed cells in the list of them."""
    annex_findings: int = 300
    annex_incidents: int = 400
    annex_observations: int = 1200
    listed_ids: int = 24
    """At most so many ids listed under one number in the annex."""
    text_chars: int = 240
    place_decimals: int = 5
    restricted_decimals: int = 1
    """Decimals of a degree for incidents that rest on restricted observations only (1: about 10 km)."""
    geojson_incidents: int = 200_000
    """Of more incidents, ``incidents.geojson`` holds only those that bear on a term or lie in the reporting period."""


@dataclass(frozen=True)
class MapZone:
    """A zone or line of the agreement as it lay in the period; degrees, lon lat."""

    zone_id: str
    label: str
    geometry: BaseGeometry
    role: Literal["zone", "line"] = "zone"


@dataclass(frozen=True)
class ScoreRow:
    """One mark: ``scoreboard.<code>`` of the catalogue says what it is, ``scoreboard.<code>_note`` tells ``values``.

    NaN: there was nothing to score.
    """

    code: str
    value: float
    values: tuple[tuple[str, float | int], ...] = ()


@dataclass(frozen=True)
class Scoreboard:
    """How the verdicts compare with the known truth of a simulated world."""

    seed: int
    rows: tuple[ScoreRow, ...]
    table: tuple[tuple[Verdict, int, int, int], ...] = ()
    """(verdict, truly broken, truly exempt, truly neither)"""
    points: tuple[tuple[float, float, int], ...] = ()
    """Reliability diagram: (mean probability stated, share that was true, number of findings)."""


@dataclass(frozen=True)
class ReportData:
    """Everything that one report says. Times are UTC; ``time_zone`` (IANA) is the zone that times are shown in.

    ``findings`` holds those of all days and of the whole window, ``previous`` what was said one period earlier.
    Frames: ``incidents``, ``membership``, ``observations``, ``watches``, ``quarantine``, ``sources`` as in
    ``servanda.tables``; ``incident_terms``, ``incident_regions``, ``effort``, ``looked`` as declared above.
    """

    title: str
    agreement: Agreement
    version: str
    as_of: datetime
    period: Period
    previous_period: Period | None
    time_zone: str
    findings: tuple[Finding, ...]
    previous: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...]
    incidents: pl.DataFrame
    membership: pl.DataFrame
    observations: pl.DataFrame
    watches: pl.DataFrame
    quarantine: pl.DataFrame
    sources: pl.DataFrame
    incident_terms: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INCIDENT_TERMS))
    incident_regions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INCIDENT_REGIONS))
    zones: tuple[MapZone, ...] = ()
    regions: Mapping[str, BaseGeometry] = field(default_factory=dict)
    land: BaseGeometry | None = None
    effort: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EFFORT))
    looked: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOOKED))
    contributions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONTRIBUTIONS))
    interference: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INTERFERENCE))
    trends: tuple[Trend, ...] = ()
    undercounts: tuple[Undercount, ...] = ()
    refused: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    scoreboard: Scoreboard | None = None
    settings: ReportSettings = ReportSettings()
    languages: tuple[str, ...] = ("en",)
    """The report is written in each; the first is that of ``report.html``."""
    language: str | None = None
    """Which of them this page is in; None: the first."""
    language_folder: Path | None = None
    """The mission's own catalogues: see ``servanda.report.language``."""
    pdf: bool = True
    """Is ``report.pdf`` written, where typst is installed?"""
    font_folder: Path | None = None
    """More fonts for the PDF, for letters that its own fonts lack."""
    source_notes: Mapping[str, str] = field(default_factory=dict)
    """What the mission file says of a source, by its id."""
    learn_days: int = 0
    """Sources were learned from so many days before and after the time in force as well."""
    written_in: str = "en"
    """Language of what the report quotes: agreement, titles, labels of zones."""

    @cached_property
    def terms(self) -> Mapping[str, Term]:
        """Every term that is in force in the period or was found upon, that of the period's version first."""
        in_order = sorted(self.agreement.versions, key=lambda v: v.version != self.version)
        found = {f.term_id for f in self.findings}
        out: dict[str, Term] = {}
        for version in in_order:
            for term in version.terms:
                if version.version == self.version or term.term_id in found:
                    out.setdefault(term.term_id, term)
        return out

    @property
    def words(self) -> Catalogue:
        return catalogue(self.language or self.languages[0], self.language_folder)

    @property
    def figures(self) -> Figures:
        return Figures(self.words)

    @property
    def clock(self) -> Clock:
        return Clock(self.time_zone, self.words)
