"""From what is written to what runs: times in UTC, defaults filled in, one version per stretch of time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from servanda.agreement.calendar import LocalTimeError, add, strict_utc
from servanda.agreement.check import START_PLUS
from servanda.agreement.draft import Draft
from servanda.agreement.messages import owner
from servanda.agreement.model import Amendment, WrittenTerm, WrittenWindow, WrittenZone
from servanda.agreement.resolved import Obligation, Party, Path, Term, TermType, Version
from servanda.agreement.written import Document
from servanda.quantities import QuantityError, Span, duration, span

_TYPES: tuple[TermType, ...] = ("forbid", "require", "limit", "allow", "guarantee")
_DATE_ONLY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_FAR = datetime.max.replace(tzinfo=UTC)
_TIME_MEND = "Write it as 2025-04-19T18:00, or as 'start + 14 days'."


@dataclass(frozen=True)
class Stretch:
    """Half-open, UTC; ``t_to`` None when open-ended."""

    t_from: datetime
    t_to: datetime | None


@dataclass
class Resolver:
    """Reads times by the agreement's clock; mistakes go to ``doc``. A mistaken time reads as None."""

    doc: Document
    zone: ZoneInfo
    bound: tuple[str, ...]
    seen_dates: set[Path] = field(default_factory=set)

    def moment(self, at: Path, value: datetime | None) -> datetime | None:
        """A written time in UTC."""
        if value is None:
            return None
        try:
            return strict_utc(value, self.zone)
        except LocalTimeError as error:
            self.doc.report(at, f"{owner(at)}: {error.what}", error.mend)
            return None

    def end(self, at: Path, value: datetime | None) -> datetime | None:
        """A written end; a date without a time of day gets a warning, once, because its day is left out."""
        raw = self.doc.get(at)
        if isinstance(raw, str) and _DATE_ONLY.fullmatch(raw.strip()) and at not in self.seen_dates:
            self.seen_dates.add(at)
            what = f"{owner(at)}: '{raw}' ends when that day starts, so the day itself does not count."
            self.doc.warn(at, what, f"Write '{raw}T00:00' if that is meant; else the next day.")
        return self.moment(at, value)

    def window(self, at: Path, written: WrittenWindow) -> Stretch | None:
        """A written window; None when a time in it is mistaken or it ends before it starts."""
        start, stop = self.moment((*at, "from"), written.from_), self.end((*at, "to"), written.to)
        if start is None or (stop is None and written.to is not None):
            return None
        if stop is not None and stop <= start:
            what = f"{owner(at)}: the window ends ({written.to}) before or when it starts ({written.from_})."
            self.doc.report((*at, "to"), what, "Check both times: 'to' is the first moment that counts no more.")
            return None
        return Stretch(start, stop)

    def term(self, at: Path, term_id: str, written: WrittenTerm, start: datetime, stop: datetime | None) -> Term | None:
        """A term that starts and ends with these unless it has a window of its own."""
        window = self.window((*at, "window"), written.window) if written.window else Stretch(start, stop)
        if window is None:
            return None
        kind = next((t for t in _TYPES if getattr(written, t)), None)
        if kind is None:
            return None
        part = getattr(written, kind)
        named = part if kind == "forbid" else part.must if kind == "guarantee" else part.kinds
        parties = written.guarantee.guarantors if written.guarantee else (written.binds or self.bound)
        return Term(
            term_id,
            kind,
            written.clause,
            written.text,
            written.reading,
            tuple(parties),
            written.in_,
            frozenset(named),
            window.t_from,
            # The written end of a window may be open while the agreement itself ends.
            window.t_to if window.t_to is not None else stop,
            written.proof,
            written.power,
            self.obligation((*at, "require"), written, window.t_from),
            written.limit,
            written.allow,
            written.guarantee,
            _length(written.guarantee.within) if written.guarantee else None,
        )

    def obligation(self, at: Path, written: WrittenTerm, start: datetime) -> Obligation | None:
        require = written.require
        if require is None:
            return None
        deadline = self.deadline(at, require.deadline, start)
        within = _span(require.within)
        return Obligation(
            frozenset(require.kinds),
            require.count,
            deadline,
            _length(require.every),
            frozenset(require.for_each or ()),
            within,
        )

    def deadline(self, at: Path, written: datetime | str | None, start: datetime) -> datetime | None:
        """A moment, or so long after the start of the term."""
        at = (*at, "deadline")
        if written is None or isinstance(written, datetime):
            return self.end(at, written)
        match = START_PLUS.fullmatch(written.strip())
        try:
            return add(start, span(match[1]), self.zone) if match else self.end(at, datetime.fromisoformat(written))
        except OverflowError:
            self.doc.report(at, f"{owner(at)}: the deadline '{written}' is too far away.", "Write a nearer one.")
        except QuantityError:
            pass  # reported by the check of quantities
        except ValueError:
            self.doc.report(at, f"{owner(at)}: '{written}' is not a deadline.", _TIME_MEND)
        return None


def _span(text: str | None) -> Span | None:
    """Calendar days and hours; None as for ``_length``."""
    try:
        return None if text is None else span(text)
    except QuantityError:
        return None


def _length(text: str | None) -> timedelta | None:
    """A stretch of time; None when there is none, or when it is mistaken: the check of quantities says so."""
    try:
        return None if text is None else duration(text)
    except QuantityError:
        return None


def parties(draft: Draft) -> tuple[Party, ...]:
    """The parties in the order of the file."""
    return tuple(
        Party(party_id, p.name, p.role, frozenset(n.casefold() for n in (party_id, p.name, *p.aliases)))
        for party_id, p in draft.parties.items()
    )


def versions(draft: Draft, resolver: Resolver, first: str, reference: str) -> tuple[Version, ...]:
    """The agreement between amendments, in time order; mistakes go to the resolver's document."""
    whole = resolver.window(("in_force",), draft.in_force) if draft.in_force else None
    if whole is None:
        return ()
    amended = list(_amended(draft, resolver, whole, first))
    written: dict[str, tuple[Path, WrittenTerm, datetime]] = {}
    zones: dict[str, WrittenZone] = {}
    out = []
    for i, (block, stretch, amendment) in enumerate(amended):
        at = draft.blocks[block].path
        zones = {**zones, **draft.blocks[block].zones_here}
        for term_id, term in draft.blocks[block].terms_here.items():
            written.pop(term_id, None)
            if term is not None:
                written[term_id] = ((*at, "terms", term_id), term, stretch.t_from)
        terms = [resolver.term(path, t, term, start, stretch.t_to) for t, (path, term, start) in written.items()]
        following = amended[i + 1][1].t_from if i + 1 < len(amended) else None
        t_to = min((t for t in (following, stretch.t_to) if t is not None), default=None)
        name, ref = (amendment.version, amendment.reference) if amendment else (first, reference)
        out.append(Version(name, ref, stretch.t_from, t_to, tuple(t for t in terms if t is not None), zones))
    return tuple(out)


def _amended(
    draft: Draft, resolver: Resolver, whole: Stretch, first: str
) -> Iterator[tuple[int, Stretch, Amendment | None]]:
    """Each block with the in-force window as it stands from then on, starting when the block takes effect."""
    yield 0, whole, None
    doc, before, stop, names = resolver.doc, whole.t_from, whole.t_to, {first}
    for i, amendment in enumerate(draft.amendments):
        if amendment is None:
            continue
        at: Path = ("amendments", i)
        start = resolver.moment((*at, "effective"), amendment.effective)
        later = resolver.end((*at, "in_force_to"), amendment.in_force_to)
        if amendment.version in names:
            what = f"{owner(at)}: the version '{amendment.version}' is taken."
            doc.report((*at, "version"), what, "Give every version a name of its own.")
        names.add(amendment.version)
        if start is None:
            continue
        if start <= before:
            amended = before.astimezone(resolver.zone).isoformat()
            what = f"{owner(at)} takes effect at or before what it amends ({amended})."
            doc.report((*at, "effective"), what, "List amendments in the order in which they take effect.")
        if later is None and start >= (stop or _FAR):
            what = f"{owner(at)} takes effect when the agreement has already ended."
            doc.report((*at, "effective"), what, "Add 'in_force_to' to renew the agreement, or correct 'effective'.")
        elif start > (stop or _FAR):
            what = f"{owner(at)} renews the agreement after it had lapsed: nothing is in force in between."
            doc.warn((*at, "effective"), what, "Correct 'effective' if there was no break.")
        if later is not None and later <= start:
            what = f"{owner(at)} ends the agreement before the amendment takes effect."
            doc.report((*at, "in_force_to"), what, "Check 'in_force_to' and 'effective'.")
        stop, before = later or stop, start
        yield i + 1, Stretch(start, stop), amendment
