"""What a report is made from. The mission fills ``ReportData``; everything in this package is a function of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl
from shapely.geometry.base import BaseGeometry

from servanda.agreement.resolved import Agreement
from servanda.findings import Comparison, Finding, Period

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

EFFORT = {
    "which": pl.String(),
    "source_id": pl.String(),
    "kind": pl.String(),
    "status": pl.String(),
    "hours": pl.Float64(),
    "reason": pl.String(),
}
"""Hours per source, kind and watch status; ``which`` is ``period`` or ``previous``."""


@dataclass(frozen=True)
class KindGroup:
    """Kinds that the report shows alike; a kind belongs to the group of its nearest ancestor that is listed.

    Only groups of the role ``act`` are counted and drawn as incidents; the others are counted beside them.
    """

    name: str
    label: str
    kinds: tuple[str, ...]
    colour: str
    shape: Shape
    role: Role = "act"


KIND_GROUPS = (
    KindGroup("ground", "Ground combat", ("ground_combat",), "#D55E00", "circle"),
    KindGroup("artillery", "Artillery and other explosive weapons", ("explosive",), "#0072B2", "square"),
    KindGroup("air", "Air, missile and drone strikes", ("aerial_strike",), "#CC79A7", "triangle"),
    KindGroup("armed", "Other armed activity", ("armed_activity",), "#000000", "pentagon"),
    KindGroup("position", "Movement and presence", ("movement", "presence"), "#009E73", "diamond"),
    KindGroup("airspace", "Flights and other use of airspace", ("airspace",), "#56B4E9", "bar"),
    KindGroup("alert", "Air-raid alerts", ("air_raid_alert",), "#56B4E9", "bar", "warning"),
    KindGroup("heat", "Heat seen from space", ("environment",), "#7A7A7A", "cross", "heat"),
    KindGroup("other", "Harm, damage and other", (), "#7A7A7A", "cross"),
)
"""Colours: Okabe and Ito, Color Universal Design (2008), without yellow, which is too pale on paper.

The last group takes every kind that no other group holds.
"""


@dataclass(frozen=True)
class ReportSettings:
    """How much a report shows. Nothing here changes a verdict; what is left out is always stated."""

    kind_groups: tuple[KindGroup, ...] = KIND_GROUPS
    map_days: float = 3.0
    """The map shows incidents of so many days up to the end of the reporting period."""
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
class Scoreboard:
    """How the verdicts compare with a known truth. The first row of ``table`` is its head."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    """(what, value, note)"""
    table: tuple[tuple[str, ...], ...] = ()
    points: tuple[tuple[float, float, int], ...] = ()
    """Reliability diagram: (mean probability stated, share that was true, number of findings)."""


@dataclass(frozen=True)
class ReportData:
    """Everything that one report says. Times are UTC; ``time_zone`` (IANA) is the zone that times are shown in.

    ``findings`` holds those of all days and of the whole window, ``previous`` what was said one period earlier.
    Frames: ``incidents``, ``membership``, ``observations``, ``watches``, ``quarantine``, ``sources`` as in
    ``servanda.tables``; ``incident_terms``, ``incident_regions``, ``effort`` as declared above.
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
    refused: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    scoreboard: Scoreboard | None = None
    settings: ReportSettings = ReportSettings()
