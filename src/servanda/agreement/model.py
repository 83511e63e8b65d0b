"""The agreement as people write it: one frozen model per thing in ``agreement.yaml``.

Nothing is resolved here: names are names, local times are local. ``resolved.py`` holds what runs.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DEFAULT_PROOF_PROBABILITY = 0.9
DEFAULT_PROOF_WITNESSES = 2
DEFAULT_POWER = 0.8
"""Statistical convention for the power of a test (Cohen 1988, section 2.4)."""


def _no_number(value: object) -> object:
    """A bare number is never a time here; pydantic would take it for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("a number is not a date and time")
    return value


Moment = Annotated[datetime, BeforeValidator(_no_number)]


class Written(BaseModel):
    """Base of everything a person writes: frozen, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WrittenWindow(Written):
    """A half-open stretch of time; a time without an offset is in the agreement's time zone."""

    from_: Moment = Field(alias="from", description="First moment that counts.")
    to: Moment | None = Field(None, description="First moment that counts no more; leave out when open-ended.")


class WrittenParty(Written):
    """Somebody bound by the agreement, or a guarantor of it."""

    name: str = Field(description="What reports call it.")
    aliases: tuple[str, ...] = Field((), description="What sources call it.")
    role: Literal["party", "guarantor", "monitor"] = Field(
        "party", description="Bound by terms, or promising a response."
    )


class Proof(Written):
    """Standard of proof: when a reported violation counts as established."""

    probability: float = Field(DEFAULT_PROOF_PROBABILITY, gt=0, lt=1, description="Least probability.")
    witnesses: int = Field(DEFAULT_PROOF_WITNESSES, ge=1, description="Least number of independent witness groups.")
    monitor_seen: bool = Field(False, description="Must the monitor itself have seen it?")


class WrittenZone(Written):
    """An area or a line. Exactly one of the ways to define it is given; ``side`` goes with ``within``."""

    label: str = Field("", description="What reports and maps call it.")
    clause: str = Field("", description="Where the agreement defines it.")
    file: str | None = Field(
        None, description="GeoJSON file, relative to the agreement; ${NAME} is read from the environment."
    )
    where: dict[str, Any] | None = Field(
        None, description="With file or series: keep the features with these properties; a list: any of its values."
    )
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON geometry written out.")
    series: str | None = Field(None, description="Files of a zone that moves, one per date, as a glob pattern.")
    date_pattern: str = Field(
        r"(\d{4})-?(\d{2})-?(\d{2})", description="With series: finds year, month, day in a file name."
    )
    union: tuple[str, ...] | None = Field(None, description="All of these zones together.")
    intersect: tuple[str, ...] | None = Field(None, description="What these zones have in common.")
    minus: tuple[str, ...] | None = Field(None, description="The first zone less all the others.")
    within: str | None = Field(None, description="A distance such as '15 km', measured on the ground; goes with 'of'.")
    of: str | None = Field(None, description="With within: the zone or line that the distance is from.")
    side: Literal["both", "left", "right", "inside", "outside"] = Field(
        "both",
        description="With within: left or right of a line in its direction; inside or outside of an edge's area.",
    )
    edge_of: str | None = Field(
        None, description="The line of contact: the edge of this area that is neither coast nor border."
    )
    not_along: tuple[str, ...] = Field(
        (), description="With edge_of: zones whose own edges (coast, border) do not count."
    )
    tolerance: str = Field("2 km", description="With edge_of: how near to a coast or border counts as along it.")
    per_party: dict[str, str] | None = Field(None, description="Another zone for each party.")


Kinds = tuple[str, ...]


class Require(Written):
    """Something must happen: by a deadline, once in every stretch of time, or each time that something else does."""

    kinds: Kinds = Field(min_length=1, description="Kinds, each with all below it in the tree.")
    deadline: Moment | str | None = Field(None, description="A moment, or 'start + 14 days'.")
    every: str | None = Field(None, description="A stretch such as '1 day' or '7 days'.")
    for_each: Kinds | None = Field(
        None, min_length=1, description="Kinds of which each incident asks for it, at its place; goes with 'within'."
    )
    within: str | None = Field(None, description="With for_each: how long from its start, such as '1 day'.")
    count: int = Field(1, ge=1, description="How many times at least.")


class Limit(Written):
    """No more than so many."""

    kinds: Kinds = Field(min_length=1, description="Kinds, each with all below it in the tree.")
    max: float = Field(ge=0, description="The most that is allowed.")
    per: Literal["day", "in_force"] = Field("in_force", description="With of: incidents, the stretch that is counted.")
    of: Literal["incidents", "units"] = Field(
        "incidents", description="How often it happens, or how many units at once."
    )
    unit: str = Field("", description="With of: units, the counting unit.")


class Allow(Written):
    """An exemption: what it covers does not break the terms it is an exemption from."""

    kinds: Kinds = Field(min_length=1, description="Kinds, each with all below it in the tree.")
    exempt_from: tuple[str, ...] = Field((), description="Ids of terms; empty: every forbid and limit.")


class GuaranteeTrigger(Written):
    """What sets a guarantee in motion."""

    term: str = Field(description="Id of a term.")
    verdict: tuple[Literal["broken", "alleged"], ...] = Field(("broken",), description="Verdicts that set it off.")


class Guarantee(Written):
    """If that, then a guarantor must do this within so long."""

    when: GuaranteeTrigger
    guarantors: tuple[str, ...] = Field(min_length=1)
    must: Kinds = Field(min_length=1, description="Kinds of which one must be seen.")
    within: str = Field(description="A stretch such as '24 hours'.")


class WrittenTerm(Written):
    """One checkable promise. Exactly one of forbid, require, limit, allow, guarantee is given."""

    clause: str = Field(min_length=1, description="Article and paragraph, so that a lawyer finds it.")
    text: str = Field("", description="The promise in one plain sentence.")
    reading: str = Field("", description="Which reading of the clause this is, where two are held.")
    binds: tuple[str, ...] = Field((), description="Ids of parties; empty: all of them.")
    in_: str | None = Field(None, alias="in", description="Zone id; leave out: anywhere.")
    window: WrittenWindow | None = Field(None, description="When it holds, if not the whole in-force window.")
    proof: Proof = Proof()
    power: float = Field(DEFAULT_POWER, gt=0, lt=1, description="Least monitoring power for 'kept'.")
    forbid: Kinds | None = Field(None, min_length=1)
    require: Require | None = None
    limit: Limit | None = None
    allow: Allow | None = None
    guarantee: Guarantee | None = None


class Amendment(Written):
    """A dated change. From ``effective`` on, the terms and zones named here replace those before."""

    version: str = Field(description="Name of the version that starts here.")
    effective: Moment
    reference: str = Field(min_length=1)
    terms: dict[str, WrittenTerm | None] = Field({}, description="New or replaced terms; null ends one.")
    zones: dict[str, WrittenZone] = Field({}, description="New or replaced zones.")
    in_force_to: Moment | None = Field(None, description="A new end of the in-force window.")


class WrittenAgreement(Written):
    """The whole of ``agreement.yaml``."""

    title: str = Field(description="What reports call the agreement.")
    version: str = Field("1", description="Name of the version before any amendment.")
    reference: str = Field("", description="Where the text was published.")
    time_zone: str = Field(description="IANA name; times without an offset are in it.")
    in_force: WrittenWindow
    parties: dict[str, WrittenParty] = Field(min_length=1)
    zones: dict[str, WrittenZone] = Field({}, description="Areas and lines, by id.")
    terms: dict[str, WrittenTerm] = Field(min_length=1, description="Promises, by id.")
    amendments: tuple[Amendment, ...] = ()
