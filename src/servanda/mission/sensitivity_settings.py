"""Which assumptions are tried with another value, and when that would take too long."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Assumption = Literal[
    "trust", "detection", "place", "time", "kind", "repeats", "same_event", "rumour", "gate", "trigger", "presumption"
]
ASSUMPTIONS: tuple[Assumption, ...] = (
    "trust", "detection", "place", "time", "kind", "repeats", "same_event", "rumour", "gate", "trigger", "presumption",
)  # fmt: skip


class SensitivitySettings(BaseModel):
    """Each verdict on the in-force window is judged again with one assumption after the other changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(True, description="Is it done at all?")
    factors: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (0.5, 2.0),
        min_length=1,
        description="What each assumption is multiplied by: errors and windows as they are, chances by their odds, "
        "detection as if looked for so many times as long. A half and a double: about what experts differ by.",
    )
    assumptions: tuple[Assumption, ...] = Field(
        ASSUMPTIONS,
        description="'trust': chance that reports are true. 'detection': chance that a watch or source reports what "
        "happens. 'place', 'time': errors. 'kind': how often kinds are mistaken. 'repeats': how often a source tells "
        "one incident again. 'same_event': odds from which reports are joined. 'rumour': how often false reports are "
        "passed on. 'gate': how far apart reports are compared. 'trigger': how far from a place a duty is asked for. "
        "'presumption': chance beforehand that a duty is done. All as stated or, where learned, as learned.",
    )
    most_observations: int = Field(
        20_000,
        ge=0,
        description="With more observations than this, what needs matching again is not tried, and the report says so. "
        "Up to it, all trials together take less than half of the time of a run.",
    )
