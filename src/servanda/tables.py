"""The tables that stages hand to each other, declared once.

Angles are degrees WGS 84 (lon, lat), distances metres, times UTC microseconds. A table is a polars
frame; ``Table.conform`` gives it exactly these columns, in this order and of these types.
"""

from dataclasses import dataclass

import polars as pl

TIME = pl.Datetime("us", "UTC")
CLAIMS = ("sighting", "claim", "denial", "admission", "retraction")
WATCH_STATUS = ("watching", "denied", "jammed", "clouded", "dark", "offline", "strike")
ACCESS = ("open", "restricted", "sealed")


@dataclass(frozen=True)
class Column:
    """One column: its type, its unit (empty when it has none), what it means, and whether it may be null."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    unit: str
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A named list of columns."""

    name: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({c.name: c.dtype for c in self.columns})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` with this table's columns: missing ones null, cast, in order.

        Raises ValueError for a column that the table does not have or a null in a required one.
        """
        unknown = sorted(set(frame.columns) - set(self.names))
        if unknown:
            raise ValueError(f"{self.name} has no column {', '.join(unknown)}")
        columns = [
            (pl.col(c.name) if c.name in frame.columns else pl.lit(None)).cast(c.dtype).alias(c.name)
            for c in self.columns
        ]
        out = frame.select(columns)
        for c in self.columns:
            if c.required and out[c.name].null_count():
                raise ValueError(f"{self.name}.{c.name} is required but has nulls")
        return out


OBSERVATIONS = Table(
    "observations",
    (
        Column("observation_id", pl.String, "", "hash of what the source said; equal content, equal id", True),
        Column(
            "record_id", pl.String, "", "the provider's record it came from; one record may give several kinds", True
        ),
        Column("source_id", pl.String, "", "who said it: the id in the mission file", True),
        Column("witness_group", pl.String, "", "sources that are not independent share one", True),
        Column("kind", pl.String, "", "what happened, from the tree of kinds", True),
        Column("t_start", TIME, "UTC", "start of the interval in which it happened", True),
        Column("t_end", TIME, "UTC", "end of it, half-open; equal to t_start for an instant", True),
        Column("lon", pl.Float64, "degrees", "best place; null where only a geometry is known"),
        Column("lat", pl.Float64, "degrees", "best place; null where only a geometry is known"),
        Column("sigma_m", pl.Float64, "m", "standard deviation of the place on each axis; null: unknown"),
        Column("geometry", pl.Binary, "WKB", "area in which it happened; null for a plain point"),
        Column("count_low", pl.Float64, "count_unit", "at least so many; null: not stated, never zero"),
        Column("count_high", pl.Float64, "count_unit", "at most so many; null: open"),
        Column("count_unit", pl.String, "", "explosions, projectiles, soldiers, …"),
        Column("actor_claimed", pl.String, "", "who is said to have done it, as the source wrote it"),
        Column("claim", pl.String, "", "sighting, claim, denial, admission or retraction", True),
        Column("label", pl.String, "", "the provider's own category, verbatim"),
        Column("flags", pl.List(pl.String), "", "end_imputed, uninformative, day_precision, …: see the source's page"),
        Column("text", pl.String, "", "the provider's text"),
        Column("language", pl.String, "", "BCP 47 tag of the text"),
        Column("url", pl.String, "", "where it was published"),
        Column("reliability", pl.String, "", "of the source, A (best) to F (cannot be judged)"),
        Column("credibility", pl.Int8, "", "of this report, 1 (confirmed) to 6 (cannot be judged)"),
        Column("recorded_at", TIME, "UTC", "when it could first be known", True),
        Column("payload_sha256", pl.String, "", "the stored payload it was first read from"),
        Column("access", pl.String, "", "open, restricted or sealed", True),
    ),
)

WATCHES = Table(
    "watches",
    (
        Column("watch_id", pl.String, "", "hash of the watch; equal content, equal id", True),
        Column("source_id", pl.String, "", "who was looking", True),
        Column("witness_group", pl.String, "", "sources that are not independent share one", True),
        Column("t_start", TIME, "UTC", "start of the watch", True),
        Column("t_end", TIME, "UTC", "end of it, half-open", True),
        Column("footprint", pl.Binary, "WKB", "where it looked; null: everywhere the agreement reaches"),
        Column("kind", pl.String, "", "what it could see: this kind and all below it", True),
        Column("p_detect", pl.Float64, "1", "chance to report one such incident inside; null: unknown, counts as 0"),
        Column("p_false", pl.Float64, "1", "share of its reports of this kind that are false; null: unknown"),
        Column(
            "status",
            pl.String,
            "",
            "watching, denied, jammed, clouded, dark, offline or strike (its people stopped work)",
            True,
        ),
        Column("reason", pl.String, "", "why it was not watching, in plain words"),
        Column("recorded_at", TIME, "UTC", "when it could first be known", True),
        Column("payload_sha256", pl.String, "", "the stored payload it was first read from"),
        Column(
            "about_record", pl.String, "", "record_id of the one record whose outcome it followed; null: any in reach"
        ),
    ),
)

QUARANTINE = Table(
    "quarantine",
    (
        Column("source_id", pl.String, "", "the source", True),
        Column("file", pl.String, "", "file name", True),
        Column("row", pl.Int64, "", "line or record number in the file, the first data row is 1; 0: whole file", True),
        Column("reason", pl.String, "", "why it was set aside, in plain words", True),
        Column("raw", pl.String, "", "the row as it came, shortened to 500 characters"),
    ),
)

SOURCES = Table(
    "sources",
    (
        Column("source_id", pl.String, "", "the id in the mission file", True),
        Column("provider", pl.String, "", "who provides it", True),
        Column("licence", pl.String, "", "licence of the data", True),
        Column("citation", pl.String, "", "how to cite it", True),
        Column("witness_group", pl.String, "", "sources that are not independent share one", True),
        Column("reliability", pl.String, "", "A to F", True),
        Column(
            "p_true", pl.Float64, "1", "chance that one report of it is of a real incident of that kind; null: by grade"
        ),
        Column("sigma_m", pl.Float64, "m", "stated place error where a report gives none"),
        Column("is_monitor", pl.Boolean, "", "is this the monitor's own observation", True),
        Column("is_witness", pl.Boolean, "", "does it report what was seen, not what was said", True),
    ),
)

_DISTRIBUTION = pl.List(pl.Struct({"value": pl.String, "probability": pl.Float64}))
_COUNTS = pl.List(pl.Struct({"kind": pl.String, "low": pl.Float64, "high": pl.Float64}))

INCIDENTS = Table(
    "incidents",
    (
        Column("incident_id", pl.String, "", "hash of the observations in it", True),
        Column("probability", pl.Float64, "1", "chance that it happened", True),
        Column("kind", pl.String, "", "the likeliest kind", True),
        Column("kinds", _DISTRIBUTION, "1", "every kind it is said to be, each with the chance that it is that"),
        Column("t_start", TIME, "UTC", "start of the interval in which it happened", True),
        Column("t_end", TIME, "UTC", "end of it, half-open", True),
        Column("lon", pl.Float64, "degrees", "best place"),
        Column("lat", pl.Float64, "degrees", "best place"),
        Column("sigma_m", pl.Float64, "m", "standard deviation of the place on each axis"),
        Column("geometry", pl.Binary, "WKB", "area in which it happened, when no point is known"),
        Column(
            "ellipse_major_m",
            pl.Float64,
            "m",
            "longer half axis of the ellipse about the best place that holds it in 95 %; null: round, see sigma_m",
        ),
        Column("ellipse_minor_m", pl.Float64, "m", "shorter half axis of that ellipse"),
        Column("ellipse_azimuth_deg", pl.Float64, "degrees", "direction of its longer axis, clockwise from north"),
        Column("witnesses", pl.Int64, "", "independent witness groups that saw it", True),
        Column("witness_groups", pl.List(pl.String), "", "their names, sorted"),
        Column("monitor_seen", pl.Boolean, "", "did the monitor itself see it", True),
        Column("actors", _DISTRIBUTION, "1", "who is said to have done it; the rest to 1 is unattributed"),
        Column("count_low", pl.Float64, "count_unit", "at least so many"),
        Column("count_high", pl.Float64, "count_unit", "at most so many"),
        Column("count_unit", pl.String, "", "explosions, projectiles, …"),
        Column(
            "counts",
            _COUNTS,
            "incidents",
            "where it stands for many: how many of each kind; what is of two kinds is in both; null: it is one",
        ),
        Column("observations", pl.Int64, "", "how many observations are in it", True),
    ),
)

MEMBERSHIP = Table(
    "membership",
    (
        Column("observation_id", pl.String, "", "the observation", True),
        Column("incident_id", pl.String, "", "the incident it is part of", True),
        Column("probability", pl.Float64, "1", "chance that it is part of it", True),
    ),
)

TABLES = (OBSERVATIONS, WATCHES, QUARANTINE, SOURCES, INCIDENTS, MEMBERSHIP)
