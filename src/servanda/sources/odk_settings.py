"""What a mission may set for patrol reports, and how far a patrol hears and sees."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeVar

from pydantic import Field, field_validator

from servanda.kinds import lineage, tree
from servanda.kinds.crosswalk import unknown, unknown_kind
from servanda.sources.base import Context, Settings
from servanda.sources.count_words import ABOUT_SHARE
from servanda.sources.odk_form import REPEAT, SEEN, SERVER, WATCH
from servanda.tables import ACCESS

_T = TypeVar("_T")
OURS = (*WATCH, *SEEN, *SERVER)
"""Questions that a mission may map the questions of another form to."""


class OdkSettings(Settings):
    """Settings of patrol reports. Ranges and chances by kind are in the table of senses (see the guide)."""

    p_true: float | None = 0.95
    """Chance that what a trained observer reports was there. An assumption, to be measured."""
    p_false: float = Field(0.05, ge=0, le=1)
    """Share of a patrol's reports with nothing behind them: 1 - p_true."""
    range_m: dict[str, float] = Field(default_factory=dict)
    """Kind to metres: how far a patrol hears or sees it, and all below it. Overrules the table of senses."""
    p_detect: dict[str, float] = Field(default_factory=dict)
    """Kind to the chance that a patrol in range reports one incident of it. Overrules the table of senses."""
    p_detect_check: float = Field(0.9, ge=0, le=1)
    """The same for what a yes-or-no question asked about and the observer answered. An assumption."""
    patrol_share: float = Field(0.5, ge=0, le=1)
    """A patrol that moves through a zone is near any one place for part of the time: factor on p_detect."""
    watched: tuple[str, ...] = ()
    """Kinds that a watch looks for, where the form does not say it itself (forms that are not ours)."""
    bearing_error_deg: float = Field(10.0, gt=0, le=90)
    """Half the width of the sector about a bearing: the true one lies inside in 95 of 100 cases. By ear or hand
    compass; an assumption."""
    declination_deg: float = Field(0.0, ge=-180, le=180)
    """Degrees added to every bearing: magnetic declination (east positive), where bearings are read from a compass."""
    point_sigma_m: float = Field(100.0, gt=0)
    """Place error of a point whose accuracy the phone does not state (set by hand on the map)."""
    least_sigma_m: float = Field(10.0, gt=0)
    """Place error of a phone is never taken for less."""
    here_sigma_m: float = Field(300.0, gt=0)
    """Place error of what happened where the observer stood."""
    about_share: float = Field(ABOUT_SHARE, ge=0, lt=1)
    """'About 40' means 40 less and more this share: 30 to 50. An assumption."""
    clock_tolerance_min: float = Field(10.0, ge=0)
    """A phone whose clock is farther than this ahead of the server is wrong: its hours are no watch."""
    longest_watch_h: float = Field(48.0, gt=0)
    """A longer watch is a slip in a date, and is set aside."""
    post_access: str = "restricted"
    """Access of what would give away where the observer stood: a bearing and range, or 'here'."""
    columns: dict[str, str] = Field(default_factory=dict)
    """For forms that are not ours: their question (with its groups or without) to ours."""
    kinds: dict[str, str] = Field(default_factory=dict)
    """For forms that are not ours: their answer to our kind; an empty kind means that it is no event."""
    constants: dict[str, str] = Field(default_factory=dict)
    """For forms that are not ours: our question to an answer for every report that gives none."""
    repeat: str = REPEAT
    """Name of the repeat group that holds what was seen."""

    @field_validator("columns", "constants")
    @classmethod
    def _questions_exist(cls, value: dict[str, str], info: object) -> dict[str, str]:
        names = value.values() if getattr(info, "field_name", "") == "columns" else value
        wrong = [unknown(name, OURS, "question of the patrol form") for name in names if name not in OURS]
        if wrong:
            raise ValueError(" ".join(wrong))
        return value

    @field_validator("kinds")
    @classmethod
    def _kinds_exist(cls, value: dict[str, str]) -> dict[str, str]:
        return _known(value, [k for k in value.values() if k])

    @field_validator("range_m", "p_detect")
    @classmethod
    def _senses_exist(cls, value: dict[str, float], info: object) -> dict[str, float]:
        most = 1.0 if getattr(info, "field_name", "") == "p_detect" else 1e6
        if any(not 0 <= v <= most for v in value.values()):
            raise ValueError(f"a value must lie between 0 and {most:g}")
        return _known(value, list(value))

    @field_validator("watched")
    @classmethod
    def _watched_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, list(value))

    @field_validator("post_access")
    @classmethod
    def _access_exists(cls, value: str) -> str:
        if value not in ACCESS:
            raise ValueError(unknown(value, ACCESS, "access"))
        return value


def _known(value: _T, kinds: list[str]) -> _T:
    wrong = [unknown_kind(kind) for kind in kinds if kind not in tree()]
    if wrong:
        raise ValueError(" ".join(wrong))
    return value


@dataclass(frozen=True)
class Sense:
    """How far a patrol hears or sees a kind, in metres, and the chance that it reports one incident in range."""

    range_m: float
    p_detect: float


@cache
def senses() -> dict[str, Sense]:
    """The table of senses: by kind, for it and all below it that has no line of its own."""
    text = resources.files("servanda.sources").joinpath("data", "patrol_senses.csv").read_text("utf-8")
    return {r["kind"]: Sense(float(r["range_m"]), float(r["p_detect"])) for r in csv.DictReader(text.splitlines())}


def sense(kind: str, settings: OdkSettings) -> Sense | None:
    """What holds for ``kind``, from the nearest kind above it; None where a patrol has no sense for it."""
    ranges = {k: s.range_m for k, s in senses().items()} | settings.range_m
    chances = {k: s.p_detect for k, s in senses().items()} | settings.p_detect
    near = next((ranges[k] for k in lineage(kind) if k in ranges), None)
    chance = next((chances[k] for k in lineage(kind) if k in chances), None)
    return None if near is None or chance is None else Sense(near, chance)


def settings_of(context: Context) -> OdkSettings:
    return OdkSettings.model_validate(context.settings.model_dump())
