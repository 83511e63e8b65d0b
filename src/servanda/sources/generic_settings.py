"""What a mission may set for a table of its own: how its columns, categories and times are to be read."""

from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from servanda.kinds import tree
from servanda.kinds.crosswalk import CROSSWALKS, unknown, unknown_kind
from servanda.sources.base import Settings
from servanda.sources.count_words import ABOUT_SHARE, rules
from servanda.tables import ACCESS, OBSERVATIONS, WATCHES

POST_COLUMNS = ("post_lon", "post_lat", "bearing_deg", "bearing_error_deg", "range_low_m", "range_high_m")
OWN_COLUMNS = ("place", "range_m", "footprint", "count", *POST_COLUMNS)
"""Interchange columns beyond the tables: name of a region; radius of view of a watch; a count in words; and where
something was from a post: its degrees, the bearing clockwise from true north with half the width of the sector that
holds the true one in 95 of 100 cases, and the least and most distance in metres."""
SET_BY_US = ("observation_id", "watch_id", "source_id", "payload_sha256")
COLUMNS = tuple(dict.fromkeys((*OBSERVATIONS.names, *WATCHES.names, *OWN_COLUMNS)))
FILLABLE = tuple(c for c in COLUMNS if c not in (*SET_BY_US, "record_id"))


class Fallback(BaseModel):
    """Another column of theirs that may hold a value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    """Their column."""
    pattern: str | None = None
    """Regular expression (Rust syntax) with one group: the part of the text that is the value. None: all of it."""

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        if value is not None and _groups(value) < 1:
            raise ValueError(f"{value!r} has no group (...) around the part that is the value")
        return value


def _groups(pattern: str) -> int:
    """How many groups a pattern has. Raises ValueError for one that cannot be used."""
    try:
        return len(pl.select(pl.lit("").str.extract_groups(pattern)).to_series().struct.fields)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error


class TableSettings(Settings):
    """Settings of a generic table."""

    holds: Literal["auto", "observations", "watches"] = "auto"
    """auto: a table with a column p_detect or status holds watches."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Their column name to ours."""
    ignored: tuple[str, ...] = ()
    """Their columns that are left out on purpose: no notice is given of them."""
    kinds: dict[str, str] = Field(default_factory=dict)
    """Their category to our kind; an empty kind means that it is no event."""
    kind_patterns: dict[str, str] = Field(default_factory=dict)
    """Regular expression (Rust syntax) to our kind, for words that ``kinds`` and ``crosswalk`` do not have; the first
    that is found in the word counts."""
    default_kind: str | None = None
    """Kind of a row whose word is not known or empty; None: such a row is set aside."""
    crosswalk: str | None = None
    """A built-in code book for their categories; ``kinds`` overrules it."""
    fallback: dict[str, Fallback | tuple[Fallback, ...]] = Field(default_factory=dict)
    """Our column to where else its value may stand, for rows that do not give it: ``{column: title, pattern: ...}``,
    or a list of these in order. Such rows carry the flag filled."""
    constants: dict[str, str | float] = Field(default_factory=dict)
    """Our column to a value for every row where the table gives none."""
    time_formats: tuple[str, ...] = ()
    """strftime formats tried before ISO 8601."""
    encoding: str = "utf-8"
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """None: comma, semicolon or tab, whichever the header has most of."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north, degrees: a point outside that would be inside when swapped is set aside."""
    everywhere: bool = False
    """A watch without a place looks everywhere the agreement reaches; otherwise it is set aside."""
    sigma_m: float | None = None
    """Place error where a row gives none; None: not known."""
    bearing_error_deg: float = Field(10.0, gt=0, le=90)
    """Of a bearing that states no error of its own: half the width of its sector. By ear or hand compass; an
    assumption."""
    range_high_m: float | None = Field(None, gt=0)
    """Of a bearing without a distance: as far as the post hears or sees. None: such a row is set aside."""
    post_access: str = "restricted"
    """Access of a row that is placed from a post and states none: its area gives away where the observer stood."""
    about_share: float = Field(ABOUT_SHARE, ge=0, lt=1)
    """'About 40' in the column count means 40 less and more this share: 30 to 50. An assumption."""
    count_rule: str | None = None
    """A documented rule by which counts of one unit become counts of another: see the guide. None: no count is
    converted."""
    p_detect: float | None = Field(None, ge=0, le=1)
    p_false: float | None = Field(None, ge=0, le=1)
    """For watches that give none."""
    monitor: bool = False
    """Is this the monitor's own observation?"""
    provider: str | None = None
    licence: str | None = None
    citation: str | None = None

    @field_validator("kind_patterns")
    @classmethod
    def _patterns_are_read(cls, value: dict[str, str]) -> dict[str, str]:
        for pattern in value:
            _groups(pattern)
        return value

    @field_validator("default_kind")
    @classmethod
    def _default_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in tree():
            raise ValueError(unknown_kind(value))
        return value

    @field_validator("kinds", "kind_patterns")
    @classmethod
    def _kinds_exist(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [unknown_kind(kind) for kind in value.values() if kind and kind not in tree()]
        if wrong:
            raise ValueError(" ".join(wrong))
        return value

    @field_validator("columns")
    @classmethod
    def _columns_exist(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [unknown(name, COLUMNS, "interchange column") for name in value.values() if name not in COLUMNS]
        twice = sorted({name for name in value.values() if list(value.values()).count(name) > 1})
        wrong += [f"Two columns are mapped to {name!r}." for name in twice]
        if wrong:
            raise ValueError(" ".join(wrong))
        return value

    @field_validator("fallback")
    @classmethod
    def _fallbacks_exist(cls, value: dict[str, Fallback]) -> dict[str, Fallback]:
        wrong = [unknown(name, FILLABLE, "column that can be filled") for name in value if name not in FILLABLE]
        if wrong:
            raise ValueError(" ".join(wrong))
        return value

    @field_validator("constants")
    @classmethod
    def _constants_exist(cls, value: dict[str, str | float]) -> dict[str, str | float]:
        wrong = [unknown(name, COLUMNS, "interchange column") for name in value if name not in COLUMNS]
        if wrong:
            raise ValueError(" ".join(wrong))
        return value

    @field_validator("count_rule")
    @classmethod
    def _rule_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in rules():
            raise ValueError(unknown(value, tuple(rules()), "rule of conversion"))
        return value

    @field_validator("post_access")
    @classmethod
    def _access_exists(cls, value: str) -> str:
        if value not in ACCESS:
            raise ValueError(unknown(value, ACCESS, "access"))
        return value

    @field_validator("crosswalk")
    @classmethod
    def _crosswalk_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in CROSSWALKS:
            raise ValueError(unknown(value, CROSSWALKS, "crosswalk"))
        return value
