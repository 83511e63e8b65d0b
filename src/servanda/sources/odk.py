"""Patrol reports from phones: ODK Central and KoboToolbox. Our own form needs no mapping, others can be mapped."""

from datetime import timedelta

import polars as pl

from servanda.kinds import tree
from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import finish_observations, finish_watches, with_record_ids
from servanda.sources.fetch_odk import CENTRAL, KOBO
from servanda.sources.odk_answers import answered
from servanda.sources.odk_files import read_reports
from servanda.sources.odk_form import SEEN, WATCH
from servanda.sources.odk_reports import ignored
from servanda.sources.odk_rows import SYSTEM, entry_rows, unread, watch_rows
from servanda.sources.odk_seen import CLOCK_AHEAD, seen
from servanda.sources.odk_settings import OdkSettings, settings_of
from servanda.sources.odk_watches import NOWHERE, Areas, check_watches, watches, with_areas, with_doubts
from servanda.sources.places import regions
from servanda.sources.reading import ROW, set_aside

_RECORD = ("key", "entry")


def read(payload: Payload, context: Context) -> Reading:
    """Read one export: watches of every report, observations of what it says was seen.

    Raises SourceRefused for a file of no known layout, for a repeat group alone, and for a form that does not say when
    anybody was looking.
    """
    settings = settings_of(context)
    zone = settings.time_zone or SOURCE.time_zone
    areas = regions(context.aux["zones"], context) if "zones" in context.aux else {}
    found = read_reports(payload, context, settings.repeat)
    notices = list(found.notices)
    notices += [
        f"{payload.name}: question {f!r} is new: its answers are not read." for f in unread(found.fields, settings)
    ]
    good, bad = watch_rows(found, settings, zone, payload, context)
    good = with_doubts(with_areas(good, areas), settings)
    nowhere = pl.col("area").is_null() & pl.col("post_lon").is_null()
    good, lost = set_aside(good, [(nowhere, NOWHERE)], list(WATCH), payload, context)
    notices += _told(good, payload)
    entries = entry_rows({r.row: r for r in found.reports}, good, settings)
    sighted, unusable = seen(entries, settings, zone, payload, context)
    observations, repeated = _observations(good, sighted, areas, settings, payload, context)
    looked = pl.concat([watches(good, settings), check_watches(good, settings)])
    quarantine = pl.concat([found.bad, bad, lost, unusable]).sort("file", "row", maintain_order=True)
    return Reading(observations, finish_watches(looked, SOURCE, payload, context), quarantine, (*notices, *repeated))


def _observations(
    good: pl.DataFrame,
    sighted: pl.DataFrame,
    areas: Areas,
    settings: OdkSettings,
    payload: Payload,
    context: Context,
) -> tuple[pl.DataFrame, list[str]]:
    said: dict[int, set[str]] = {}
    for row, kind in sighted.filter(pl.col("claim") == "sighting").select(ROW, "kind").iter_rows():
        said.setdefault(row, set()).add(kind)
    rest = answered(good, said, areas, settings)
    frames = [f.with_columns(pl.col("entry").cast(pl.String)) for f in (sighted, rest)]
    together = pl.concat(frames, how="diagonal_relaxed").drop("reason")
    return finish_observations(with_record_ids(together, _RECORD, context), SOURCE, payload, context)


def _told(good: pl.DataFrame, payload: Payload) -> list[str]:
    """Notices about reports whose hours do not count, and about kinds and forms that cannot be read in full."""
    doubted = good.filter(pl.col("doubt").is_not_null()).select(ROW, "doubt").iter_rows()
    asked = good["asked"].str.split(" ").explode().drop_nulls().unique().sort().to_list()
    strange = [k for k in asked if k and k not in tree()]
    unsaid = good.filter(pl.col("asked").is_null()).height
    notices = [f"{payload.name}: report {row}: {doubt} Its hours are no watch." for row, doubt in doubted]
    notices += [
        f"{payload.name}: the form asks for the kind {k!r}, which is not in the tree: no watch." for k in strange
    ]
    if unsaid:
        notices.append(f"{payload.name}: {unsaid} reports do not say which kinds their form offers: see 'watched'.")
    return notices


SOURCE = Source(
    name="odk",
    title="Patrol reports from phones",
    provider="The mission's own patrols (ODK Central, KoboToolbox)",
    licence="as the mission states",
    citation="Patrol reports of the mission.",
    url="https://docs.getodk.org/central-submissions/",
    asks="Nothing of users: the reports are the mission's own. Protect those who wrote them.",
    witness_group="",
    reliability="A",
    reliability_why="Trained observers who report what they saw and heard themselves, with time and place by phone.",
    time_zone="UTC",
    latency=timedelta(hours=24),
    sigma_m=300.0,
    watch_model=(
        "Every report is a watch from its start to its end, for the kinds that its form offered: a circle about the "
        "post as wide as each kind carries, or the zone of a patrol that moved. Nothing reported means that nothing "
        "was noticed there and then. A patrol that was turned back, a report that lacks its entries and a phone with "
        "a wrong clock are lost hours. Hours without a report are no watch."
    ),
    is_monitor=True,
    fields=Fields(
        used={**WATCH, **SEEN, **{f: f"from the server: {what}" for f, what in SYSTEM.items()}}, ignored=ignored()
    ),
    aux={
        "zones": "areas of the zones, written by 'servanda forms': for reports that name a zone and give no point",
        "seen": "CSV of the repeat group, where the export is not one zip",
    },
    settings=OdkSettings,
    read=read,
    flags={CLOCK_AHEAD: "The phone's clock was ahead of the server's: the time may be wrong."},
    fetch=(CENTRAL, KOBO),
)
