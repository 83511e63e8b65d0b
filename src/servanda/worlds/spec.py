"""What a simulated world is made of. Nothing here hangs on a seed; the same spec and seed give the same world.

Distances are kilometres or metres as named, hours and days are UTC, shares and chances lie in [0, 1].
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import combinations
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from servanda.kinds import lineage, tree

Share = Field(ge=0, le=1)
LINE = "line"
"""``where`` of a process that happens along the line of contact rather than in a zone."""


class Part(BaseModel):
    """Base of every part of a spec: frozen, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(Part):
    """A party of the simulated agreement. Names are invented; north and south are where it stands."""

    party_id: str
    name: str
    alias: str


class Process(Part):
    """Incidents of one kind by one party, as a Poisson process whose rate falls by half every ``half_life_days``."""

    kind: str
    actor: str
    per_day: float = Field(gt=0, description="Mean number on the first day of its window.")
    where: str = Field(LINE, description="'line', or the id of the zone in which they lie evenly.")
    from_day: int = Field(0, ge=0)
    to_day: int | None = Field(None, gt=0, description="Half-open; None: the end of the world.")
    half_life_days: float | None = Field(None, gt=0, description="None: no decline.")
    night_share: float = Field(0.5, ge=0, le=1, description="Share that happens between sunset and sunrise.")
    p_restraint: float = Field(0.0, ge=0, lt=1, description="Chance that in this world the party does none of it.")
    count_mean: float | None = Field(None, gt=1, description="Mean of the true count, at least 1; None: not counted.")
    count_unit: str = ""


class Routine(Part):
    """Something promised that comes round: it is due every ``every_days`` and is done with chance ``p_done``."""

    kind: str
    actor: str
    where: str
    first_day: int = Field(0, ge=0)
    every_days: int = Field(1, ge=1)
    times: int | None = Field(None, ge=1, description="None: to the end of the world.")
    p_done: float = Field(1.0, ge=0, le=1)
    p_restraint: float = Field(0.0, ge=0, lt=1, description="Chance that in this world the party never does it.")
    from_hour: float = Field(8, ge=0, lt=24)
    to_hour: float = Field(16, gt=0, le=24)


class Beats(Part):
    """Equal stretches of the line, of which some are watched each day; the footprint is the stretch and its reach."""

    number: int = Field(ge=1)
    per_day: int = Field(ge=1)
    from_km: float = Field(0.0, ge=0)
    to_km: float = Field(200.0, gt=0, description="Along the line; a little more than its extent reaches its end.")
    reach_km: float = Field(gt=0)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.per_day > self.number or self.from_km >= self.to_km:
            raise ValueError("per_day must not exceed number, and from_km must be below to_km")
        return self


class Failure(Part):
    """Chance per shift that the watch fails as a whole, and what the source says of it."""

    status: Literal["denied", "jammed", "clouded", "dark", "offline", "strike"]
    chance: float = Share
    reason: str


class Copying(Part):
    """Repeats a share of the reports of a source listed before it, after a delay."""

    of: str
    share: float = Share
    delay_h: float = Field(gt=0, description="Mean of an exponential.")
    blur_m: float = Field(0.0, ge=0, description="Added place error on each axis.")
    declared: bool = Field(True, description="Does a copy name where it comes from?")


class Waves(Part):
    """Days in which everything happens more, or less, often: a log-normal factor with mean 1, correlated in time."""

    spread: float = Field(gt=0, description="Standard deviation of the logarithm of the factor.")
    memory_days: float = Field(gt=0, description="Days after which the correlation has fallen to 1/e.")


class Watcher(Part):
    """A source: where and when it looks, how well it sees, how it errs, and what it says of itself.

    ``p_detect`` is the chance that it reports an incident of that kind (or one below) inside a shift by day.
    The *stated* chances are true unless the two ``overstates`` factors are set to something other than 1.
    """

    source_id: str
    title: str
    witness_group: str
    monitor: bool = False
    reliability: Literal["A", "B", "C", "D", "E", "F"] = "B"
    claim: Literal["sighting", "claim"] = "sighting"
    beats: Beats | None = Field(None, description="None: it hears from everywhere.")
    from_hour: float = Field(0, ge=0, lt=24)
    to_hour: float = Field(24, gt=0, le=24)
    p_detect: Mapping[str, float]
    night_factor: float = Field(1.0, ge=0, le=1, description="Multiplies p_detect at night; 0: does not watch.")
    failures: tuple[Failure, ...] = ()
    outages_per_30_days: float = Field(0.0, ge=0, description="Mean number for each beat.")
    outage_h: float = Field(12.0, gt=0, description="Mean length.")
    sigma_m: float = Field(gt=0, description="Place error on each axis.")
    states_sigma: bool = Field(True, description="Does each report give its place error?")
    sigma_min: float = Field(0.0, ge=0, description="Standard deviation of the time error in minutes.")
    day_only: bool = Field(False, description="Reports give the date, not the hour.")
    confusion: float = Field(0.0, ge=0, lt=1, description="Share of reports that name a look-alike kind.")
    p_attribute: float = Field(0.5, ge=0, le=1, description="Chance that a report names an actor.")
    p_wrong_actor: float = Field(0.0, ge=0, le=1, description="Share of named actors that are the wrong one.")
    false_share: float = Field(0.0, ge=0, lt=0.5, description="Share of its own first reports that are of nothing.")
    repeat_share: float = Field(0.0, ge=0, le=1, description="Share of its reports that it gives a second time.")
    latency_h: float = Field(2.0, gt=0, description="Mean of an exponential, from incident to report.")
    copies: Copying | None = None
    overstates_detect: float = Field(1.0, gt=0)
    overstates_false: float = Field(1.0, ge=0)

    @model_validator(mode="after")
    def _kinds(self) -> Self:
        for kind, p in self.p_detect.items():
            if kind not in tree() or not 0 <= p <= 1:
                raise ValueError(f"p_detect: {kind}: {p} is not a known kind with a chance in [0, 1]")
        for a, b in combinations(self.p_detect, 2):
            if a in lineage(b) or b in lineage(a):
                raise ValueError(f"p_detect: {a} and {b} overlap; a watch would count twice")
        return self

    @property
    def states_watches(self) -> bool:
        """Who only copies, or only claims, was not looking: what it does not say proves nothing."""
        return bool(self.p_detect) and self.claim == "sighting"

    def p_of(self, kind: str) -> float:
        """Chance by day that it reports an incident of ``kind``; 0 for a kind that it does not look for."""
        return next((self.p_detect[k] for k in lineage(kind) if k in self.p_detect), 0.0)


class WorldSpec(Part):
    """A simulated ceasefire. ``days`` is how long it is simulated, ``in_force_days`` how long the agreement holds."""

    name: str
    title: str
    start: datetime = datetime(2025, 3, 3, tzinfo=UTC)
    days: int = Field(30, ge=15)
    in_force_days: int | None = Field(None, description="None: as many as days.")
    north: Side = Side(party_id="northland", name="Northland", alias="Northern Command")
    south: Side = Side(party_id="southmark", name="Southmark", alias="Southern Command")
    sunrise_hour: float = 7.0
    sunset_hour: float = 19.0
    extent_km: float = Field(200.0, gt=0, description="From the western to the eastern end of the line.")
    hot_spots_km: tuple[float, ...] = (35.0, 92.0, 118.0, 171.0)
    hot_share: float = Field(0.6, ge=0, le=1, description="Share of incidents along the line that lie at a hot spot.")
    hot_spread_km: float = 4.0
    off_line_km: float = Field(3.0, description="Standard deviation of the distance from the line, on each axis.")
    waves: Waves | None = Field(None, description="Of all processes alike; None: an even pace.")
    processes: tuple[Process, ...]
    routines: tuple[Routine, ...] = ()
    watchers: tuple[Watcher, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sides, seen = {self.north.party_id, self.south.party_id}, set[str]()
        for item in self.acts:
            if item.kind not in tree() or item.actor not in sides:
                raise ValueError(f"{item.kind} by {item.actor}: unknown kind or party")
        for watcher in self.watchers:
            if watcher.source_id in seen:
                raise ValueError(f"two sources are called {watcher.source_id}")
            if watcher.copies and watcher.copies.of not in seen:
                raise ValueError(f"{watcher.source_id} copies {watcher.copies.of}, which is not listed before it")
            seen.add(watcher.source_id)
        return self

    @property
    def acts(self) -> tuple[Process | Routine, ...]:
        """All that may happen: the processes, then the routines."""
        return (*self.processes, *self.routines)

    @property
    def sides(self) -> tuple[Side, Side]:
        return (self.north, self.south)
