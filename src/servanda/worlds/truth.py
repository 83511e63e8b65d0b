"""Which true incident each term is about: the agreement applied to incidents that are known exactly.

Places are points and times instants here, so a zone or a window holds an incident or does not. This is written
apart from the stage that judges reports, so that one does not inherit the mistakes of the other.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from servanda.agreement.model import WrittenAgreement, WrittenTerm
from servanda.kinds import lineage, tree
from servanda.worlds.place import Place

MATCHES = pl.Schema({"incident_id": pl.String, "term_id": pl.String, "exempt_by": pl.String})


def match(incidents: pl.DataFrame, written: WrittenAgreement, place: Place) -> pl.DataFrame:
    """Every incident with every forbid, require and limit term that is about it, and the exemption that covers it.

    ``incidents`` needs incident_id, kind, t, lon, lat, actor. Returns incident_id, term_id, exempt_by (else null).
    """
    about = {name: _about(term, incidents, written, place) for name, term in written.terms.items()}
    parts = [pl.DataFrame(schema=MATCHES)]
    for name, term in written.terms.items():
        if term.allow or term.guarantee:
            continue
        exempt = pl.lit(None, pl.String)
        for allow_id in _exemptions(name, term, written):
            exempt = pl.when(about[allow_id]).then(pl.lit(allow_id)).otherwise(exempt)
        columns = incidents.select("incident_id", pl.lit(name).alias("term_id"), exempt.alias("exempt_by"))
        parts.append(columns.filter(about[name]))
    return pl.concat(parts).sort("incident_id", "term_id")


def _exemptions(name: str, term: WrittenTerm, written: WrittenAgreement) -> Iterator[str]:
    if term.forbid or term.limit:
        for allow_id, allow in written.terms.items():
            if allow.allow and name in (allow.allow.exempt_from or (name,)):
                yield allow_id


def kinds_of(term: WrittenTerm) -> frozenset[str]:
    """The kinds a term is about, with all kinds below them."""
    body = term.forbid or next(b.kinds for b in (term.require, term.limit, term.allow) if b)
    return frozenset(k for k in tree() if not set(lineage(k)).isdisjoint(body))


def bound(term: WrittenTerm, written: WrittenAgreement) -> tuple[str, ...]:
    return term.binds or tuple(p for p, party in written.parties.items() if party.role == "party")


def window(term: WrittenTerm, written: WrittenAgreement) -> tuple[datetime, datetime]:
    """When a term holds, UTC, half-open. Worlds write their times in UTC."""
    held = term.window or written.in_force
    end = held.to or written.in_force.to
    return utc(held.from_), utc(end) if end else datetime.max.replace(tzinfo=UTC)


def utc(t: datetime) -> datetime:
    return t if t.tzinfo else t.replace(tzinfo=UTC)


def _about(term: WrittenTerm, incidents: pl.DataFrame, written: WrittenAgreement, place: Place) -> pl.Series:
    """(n,) does the term speak of this incident: kind, time, actor and zone."""
    t_from, t_to = window(term, written)
    of_kind = pl.col("kind").is_in(sorted(kinds_of(term)))
    timely = (pl.col("t") >= t_from) & (pl.col("t") < t_to)
    where = pl.lit(False)
    for party in bound(term, written):
        inside = _inside(incidents, zone_geometry(term.in_, party, written, place))
        where = where | ((pl.col("actor") == party) & inside)
    return incidents.select((of_kind & timely & where).alias("about"))["about"]


def _inside(incidents: pl.DataFrame, zone: BaseGeometry | None) -> pl.Series:
    if zone is None:
        return pl.repeat(True, incidents.height, eager=True)
    return pl.Series(shapely.contains_xy(zone, incidents["lon"].to_numpy(), incidents["lat"].to_numpy()))


def zone_geometry(name: str | None, party: str, written: WrittenAgreement, place: Place) -> BaseGeometry | None:
    """The zone as it is for this party; None: anywhere. The place holds every zone that is not per party."""
    per_party = written.zones[name].per_party if name else None
    if per_party:
        name = per_party[party]
    return place.zones[name] if name else None


def mark(incidents: pl.DataFrame, matches: pl.DataFrame, written: WrittenAgreement) -> pl.DataFrame:
    """Add violates (forbid terms broken), exempt_by (the term that allows it) and exempt_from (what it allows)."""
    forbidden = [name for name, term in written.terms.items() if term.forbid]
    covered = pl.col("exempt_by").is_not_null()
    broken = pl.col("term_id").is_in(forbidden) & ~covered
    by_incident = matches.group_by("incident_id").agg(
        pl.col("term_id").filter(broken).alias("violates"),
        pl.col("exempt_by").drop_nulls().first(),
        pl.col("term_id").filter(covered).alias("exempt_from"),
    )
    return incidents.join(by_incident, on="incident_id", how="left", maintain_order="left").with_columns(
        pl.col("violates", "exempt_from").fill_null([])
    )
