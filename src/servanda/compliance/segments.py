"""A term while one version of the agreement holds: where it is watched, what bears on it, what its record tells."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import numpy as np
import shapely

from servanda.agreement.model import Limit
from servanda.agreement.resolved import Agreement, Epoch, Term, Version, ZoneBook
from servanda.compliance import attribution, exposure
from servanda.compliance.answers import Asking, Powers, Ties, Trigger, asking
from servanda.compliance.clock import FAR_FUTURE, Times, micros
from servanda.compliance.exposure import Exposure, Incidents
from servanda.compliance.learned import Learned, learn, record
from servanda.compliance.power import PowerMeter, Watches
from servanda.compliance.settings import AssessSettings
from servanda.compliance.tally import ones
from servanda.compliance.weigh import Weighed, join, weigh
from servanda.findings import ANY_PARTY, Period

JUDGED = ("forbid", "limit", "require")


@dataclass(frozen=True)
class Meters:
    """Power that was worked out: by term, version and party, and of each trigger by term and version."""

    zones: dict[tuple[str, str, str], PowerMeter] = field(default_factory=dict)
    triggers: dict[tuple[str, str], Powers] = field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """A term while one version of the agreement holds."""

    term: Term
    version: Version
    window: tuple[int, int]
    replaced: bool
    """Did a later version change or end it?"""
    exposures: Mapping[str, Exposure]
    """By party where the zone differs by party; otherwise one, under ``any``."""
    meters: Mapping[str, PowerMeter]
    asking: Asking | None = None
    """For a term that asks for each: what asks."""
    learned: Mapping[str, Learned] = field(default_factory=dict)
    """By party: what the whole record of the term tells of it; ``any`` where the zone is one for all."""

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        return self.asking.triggers if self.asking else ()

    @property
    def owners(self) -> Mapping[str, tuple[str, ...]]:
        """Whom to learn of, by zone: each party in its own, or each and all of them in the one for all."""
        if len(self.exposures) > 1:
            return {p: (p,) for p in self.term.parties}
        return {ANY_PARTY: (ANY_PARTY, *self.term.parties)}

    def meter(self, party: str) -> PowerMeter:
        return self.meters.get(party, self.meters[ANY_PARTY])

    def weigh(self, incidents: Incidents, party: str, low: int, high: int) -> Weighed:
        """With a zone for each party, the term as a whole is what each does in its own."""
        if party != ANY_PARTY or len(self.exposures) == 1:
            return weigh(self.exposures.get(party, self.exposures[ANY_PARTY]), incidents, party, low, high)
        return join([weigh(self.exposures[p], incidents, p, low, high) for p in self.term.parties])


def segments_of(
    agreement: Agreement,
    zones: ZoneBook,
    incidents: Incidents,
    watches: Watches,
    settings: AssessSettings,
    end: int,
    tied: Ties | None,
    shared: Meters,
    only: Collection[str] | None,
) -> list[tuple[Segment, ...]]:
    """The terms to judge, each with its versions in time order; terms in the order they first appear.

    ``only``: those with these ids; None: all.
    """
    out: dict[str, list[Segment]] = {}
    for term, versions, replaced in _spans(agreement):
        first, last = versions[0], versions[-1]
        low = max(micros(term.t_from), micros(first.t_from))
        high = min(micros(term.t_to), micros(last.t_to), end)
        if low >= high or (only is not None and term.term_id not in only):
            continue
        if term.obligation and term.obligation.for_each and tied:
            window = (low, high)
            segment = _asking(
                term, first, window, replaced, agreement, zones, incidents, watches, settings, tied, shared
            )
            out.setdefault(term.term_id, []).append(segment)
            continue
        by_party = term.zone is not None and zones.differs(first.version, term.zone)
        exposures, meters = {}, {}
        for party in (ANY_PARTY, *term.parties) if by_party else (ANY_PARTY,):
            owner = None if party == ANY_PARTY else party
            epochs = zones.epochs(first.version, term.zone, owner) if term.zone else _whole_area(agreement, zones)
            exposures[party] = exposure.expose(term, first, (low, high), incidents, zones, settings, owner)
            key = (term.term_id, first.version, party)
            meters[party] = shared.zones.setdefault(key, PowerMeter(watches, epochs, term, settings))
        segment = Segment(term, first, (low, high), replaced, exposures, meters)
        out.setdefault(term.term_id, []).append(segment)
    return [tuple(segments) for segments in out.values()]


def learned_from(
    s: Segment, incidents: Incidents, days: Sequence[Period], as_of: datetime, settings: AssessSettings
) -> Segment:
    """With what its incidents tell of the parties: who does how much of it, and how often."""
    low, high = s.window[0], min(s.window[1], micros(as_of))
    pieces = [(max(low, micros(d.t_from)), min(high, micros(d.t_to))) for d in days]
    pieces = [(a, b) for a, b in pieces if a < b]
    if s.term.obligation or not pieces:
        return s
    learned = {}
    for zone, owners in s.owners.items():
        w = counting(s.term, s.weigh(incidents, zone, low, high), incidents)
        false = w.real * (1.0 / np.maximum(incidents.probability[w.rows], 1e-9) - 1.0)
        expected = float(false @ incidents.companions[w.rows])
        times = Times(incidents.t_start[w.rows], incidents.t_end[w.rows])
        told = record(w.real, expected, times, pieces, partial(_noticed, s.meter(zone)), settings)
        for party in owners:
            mine = s.term.parties if party == ANY_PARTY else (party,)
            said = attribution.evidence(incidents, w.rows, mine)
            learned[party] = learn(told, said, attribution.sides(incidents, mine), settings)
    return replace(s, learned=learned)


def _noticed(meter: PowerMeter, low: int, high: int) -> float:
    return meter.over(low, high).noticed


def asks_for_each(agreement: Agreement) -> bool:
    """Does any term ask for something after each incident of a kind?"""
    return any(t.obligation and t.obligation.for_each for v in agreement.versions for t in v.terms)


def _asking(
    term: Term,
    version: Version,
    window: tuple[int, int],
    replaced: bool,
    agreement: Agreement,
    zones: ZoneBook,
    incidents: Incidents,
    watches: Watches,
    settings: AssessSettings,
    tied: Ties,
    shared: Meters,
) -> Segment:
    """A term that asks for each: its zone says where it is asked; the answer is due where it was asked."""
    assert term.obligation is not None
    asked = replace(term, kinds=term.obligation.for_each)
    anywhere = _whole_area(agreement, zones)
    answered = replace(term, zone=None)
    asks = asking(
        term, exposure.expose(asked, version, window, incidents, zones, settings), incidents, tied, watches, anywhere,
        agreement.time_zone, settings, shared.triggers.setdefault((term.term_id, version.version), {}),
    )  # fmt: skip
    answers = exposure.expose(answered, version, (window[0], FAR_FUTURE), incidents, zones, settings)
    meter = PowerMeter(watches, anywhere, term, settings)
    return Segment(term, version, window, replaced, {ANY_PARTY: answers}, {ANY_PARTY: meter}, asks)


def _spans(agreement: Agreement) -> list[tuple[Term, list[Version], bool]]:
    """Each term with the run of versions that leave it and the zones as they are, and whether one then changed it."""
    spans: list[tuple[Term, list[Version], bool]] = []
    running: dict[str, int] = {}
    for version in agreement.versions:
        present = {t.term_id for t in version.terms}
        for gone in [t for t in running if t not in present]:
            ended = running.pop(gone)
            spans[ended] = (spans[ended][0], spans[ended][1], True)
        for term in version.terms:
            if term.type not in JUDGED:
                continue
            at = running.get(term.term_id)
            if at is not None and spans[at][0] == term and spans[at][1][-1].zones == version.zones:
                spans[at][1].append(version)
                continue
            if at is not None:
                spans[at] = (spans[at][0], spans[at][1], True)
            running[term.term_id] = len(spans)
            spans.append((term, [version], False))
    return spans


def _whole_area(agreement: Agreement, zones: ZoneBook) -> tuple[Epoch, ...]:
    """Where a term without a zone is watched for: the union of all zones of the agreement's first version."""
    version = agreement.versions[0]
    shapes = [zones.epochs(version.version, z)[0].geometry for z in sorted(version.zones)]
    return (Epoch(None, None, shapely.union_all(shapes)),) if shapes else ()


def counting(term: Term, w: Weighed, incidents: Incidents) -> Weighed:
    """What of it can violate the term at all: of a limit on units, what is over it."""
    return _over_the_limit(w, incidents, term.limit) if term.limit and term.limit.of != "incidents" else w


def _over_the_limit(w: Weighed, incidents: Incidents, limit: Limit) -> Weighed:
    """A limit on units: each incident whose count is over it is a violation; an open or unnamed count only may be.

    A count in another unit says nothing; one without a unit possibly means this one.
    """
    table = incidents.frame.select("count_low", "count_high", "count_unit")[w.rows]
    low = table["count_low"].fill_null(0.0).to_numpy()
    high = table["count_high"].fill_null(np.inf).to_numpy()
    named = table["count_unit"].str.strip_chars().str.to_lowercase()
    same = np.ones(len(low), dtype=bool)
    if limit.unit:
        same = named.eq(limit.unit.strip().lower()).fill_null(False).to_numpy()
    unnamed = named.is_null().to_numpy()
    surely = (low > limit.max) & same
    possibly = (high > limit.max) & (low > 0) & (same | unnamed)
    return replace(
        w,
        sure=np.where(surely, w.sure, 0.0),
        gross=np.where(surely, w.gross, 0.0),
        possible=np.where(surely | possibly, w.possible, 0.0),
        surely=ones(np.where(surely, w.sure, 0.0)),
        possibly=ones(np.where(surely | possibly, w.possible, 0.0)),
        real=np.where(surely, w.real, 0.0),
    )
