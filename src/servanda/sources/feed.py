"""RSS, Atom, JSON Feed or any JSON list, as it is polled: entries to observations by the mapping of the mission.

What a feed carries is what somebody says: a claim, unless the mission says otherwise.
"""

from datetime import timedelta
from typing import Literal

import polars as pl
from pydantic import Field

from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.curated import DELETED, SUPERSEDED, UNINFORMATIVE, newest_edition
from servanda.sources.feed_entries import ENTRY, frame_of, is_xml, json_records, xml_entries
from servanda.sources.feed_times import iso
from servanda.sources.fetch_alerts import FETCH as ALERTS_IN_UA
from servanda.sources.generic import SOURCE as TABLE
from servanda.sources.generic import read_as
from servanda.sources.generic_settings import TableSettings
from servanda.sources.reading import Rows, quarantine_rows
from servanda.sources.times import parse_times

IDS = ("id", "guid", "uuid", "_id", "url", "link")
"""Fields that name a record in a JSON list, the best first."""
EDITIONS = {
    SUPERSEDED: "A later version of this entry is known.",
    DELETED: "It was taken back.",
    UNINFORMATIVE: "It makes no incident and no count: it is superseded or taken back.",
}
_TIME_COLUMNS = ("t_start", "t_end", "recorded_at")


class FeedSettings(TableSettings):
    """Settings of a polled feed, besides those of a table.

    ``kind_patterns`` and ``kinds`` are looked for in title and text of an entry; an entry in which none is found, and
    for which there is no ``default_kind`` and no constant kind, is no event.
    """

    holds: Literal["auto", "observations", "watches"] = "observations"
    """A feed tells what somebody said; it says nothing of who looked."""
    items: str | None = None
    """Where the list is in a JSON document, such as data.alerts; None: the only list in it."""
    record: str | None = None
    """Field of a JSON record that names it; None: id, guid, uuid, url or link."""
    happened_within_h: float = Field(24.0, ge=0)
    """An entry tells of something that happened within so many hours before it was published. An assumption."""


def read(payload: Payload, context: Context) -> Reading:
    """Read one poll: an observation for every entry that tells of an event; the same entry twice is one."""
    settings = FeedSettings.model_validate(context.settings.model_dump())
    if is_xml(payload, context):
        frame, is_feed = frame_of(xml_entries(payload, context), ENTRY), True
    else:
        records, is_feed = json_records(payload, settings.items, context)
        frame = frame_of(records, ENTRY if is_feed else None)
    if frame.is_empty():
        return Reading(notices=(f"{payload.name}: it has no entries.",))
    frame = _entries(frame, settings) if is_feed else _records(frame, settings)
    names = ("id",) if is_feed else (settings.record,) if settings.record else IDS
    identity = [c for c in names if c in frame.columns]
    rows = Rows(frame, quarantine_rows([], payload, context))
    return read_as(SOURCE, rows, identity, _mapping(settings, is_feed), payload, context)


def _entries(frame: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """Entries under interchange names. What is not known of any entry is no column."""
    zone = settings.time_zone or SOURCE.time_zone
    published = parse_times(iso(frame["published"]), zone, settings.time_formats)
    updated = parse_times(iso(frame["updated"]), zone, settings.time_formats)["t_end"]
    words = pl.concat_str("title", "text", separator=" ", ignore_nulls=True)
    within = timedelta(hours=settings.happened_within_h)
    frame = frame.with_columns(
        pl.coalesce("id", words).alias("id"),
        words.alias("kind"),
        pl.coalesce("categories", "title").alias("label"),
        words.alias("text"),
        pl.coalesce(_written(published["t_start"] - within), pl.col("published")).alias("t_start"),
        pl.coalesce(_written(published["t_end"]), pl.col("published")).alias("t_end"),
        pl.coalesce(_written(pl.Series(updated).fill_null(published["t_end"])), pl.col("updated")).alias("recorded_at"),
    )
    empty = [c for c in ("lon", "lat", "geometry", "language", "url") if frame[c].null_count() == frame.height]
    return frame.drop(empty, "published", "updated")


def _written(moment: pl.Series) -> pl.Expr:
    return pl.lit(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z"))


def _records(frame: pl.DataFrame, settings: FeedSettings) -> pl.DataFrame:
    """Records of a list as they are, their times in a spelling that can be read."""
    names = {theirs for theirs, ours in settings.columns.items() if ours in _TIME_COLUMNS} | set(_TIME_COLUMNS)
    return frame.with_columns(iso(frame[c]) for c in frame.columns if c in names)


def _mapping(settings: FeedSettings, is_feed: bool) -> FeedSettings:
    """The settings as the mapping of tables takes them: a claim by default, and an entry without a kind is no event."""
    constants = {"claim": "claim", **settings.constants}
    default = settings.default_kind
    if is_feed:
        default = default or str(constants.pop("kind", ""))
    own = ("id", "title", "author", "categories") if is_feed else ()
    return settings.model_copy(
        update={"constants": constants, "default_kind": default, "ignored": (*settings.ignored, *own)}
    )


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """The last version of an entry speaks; earlier ones stay, flagged. Versions of the same moment all speak."""
    del context
    return newest_edition(observations)


SOURCE = Source(
    name="feed",
    title="Polled feed: RSS, Atom, JSON Feed or a JSON list",
    provider="the mission",
    licence="as the mission states",
    citation="as the mission states",
    url="",
    asks="As its publisher asks: state provider, licence and citation in the mission file; do not poll more often than "
    "the feed allows.",
    witness_group="",
    reliability="F",
    reliability_why="Nothing is known of it; the mission grades it.",
    time_zone="UTC",
    latency=timedelta(0),
    sigma_m=None,
    watch_model="None: what a feed does not say is no watch. Statements are claims, not sightings.",
    is_monitor=False,
    fields=Fields(
        used={
            "id": "guid or id: the record",
            "title": "kind and label",
            "text": "content, else summary, without HTML: text and kind",
            "url": "link",
            "published": "end of the interval in which it happened",
            "updated": "when this version could be known",
            "language": "of the entry, else of the feed",
            "categories": "label",
            "lon": "georss:point or geo:long",
            "lat": "georss:point or geo:lat",
            "geometry": "georss:line, polygon, box; GeoJSON in JSON Feed",
        },
        ignored={"author": "reports are of acts, not of persons"},
    ),
    aux=TABLE.aux,
    settings=FeedSettings,
    read=read,
    derive=derive,
    flags={**TABLE.flags, **EDITIONS},
    is_witness=False,
    fetch=(ALERTS_IN_UA,),
)
