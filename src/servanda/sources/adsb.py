"""Aircraft positions that transponders broadcast (ADS-B). It is about aircraft in the air, never about persons."""

from datetime import timedelta

import polars as pl

from servanda.sources.adsb_fields import FIELDS
from servanda.sources.adsb_interference import derive_watches, graded
from servanda.sources.adsb_layouts import layout_of, read_records
from servanda.sources.adsb_measures import checks, measured
from servanda.sources.adsb_rows import identified, poor, positions, received
from servanda.sources.adsb_settings import FLAGS, JAMMING, OVERFLIGHT, POSITION, AdsbSettings, settings_of
from servanda.sources.adsb_tracks import overflights
from servanda.sources.base import Context, Payload, Reading, Source
from servanda.sources.content import finish_observations, finish_watches
from servanda.sources.fetch_opensky import FETCH as OPENSKY_FETCH
from servanda.sources.reading import account, set_apart, set_aside


def read(payload: Payload, context: Context) -> Reading:
    """One observation for every position in the air; a watch for every cell and hour in which there was one.

    A degraded position gives a second observation: that this aircraft had poor navigation in that cell and day.
    """
    settings = settings_of(context)
    rows = read_records(payload, context)
    if not rows.columns:
        told = () if rows.bad.height else (f"{payload.name}: no aircraft was received: no watch.",)
        return Reading(quarantine=rows.bad, notices=told)
    layout = layout_of(rows.columns, payload, context)
    needed = (*layout.needed, layout.lon, layout.lat)
    notices = account([*rows.columns, *needed[-2:]], SOURCE.fields, needed, payload, context)
    rows = set_apart(rows, SOURCE.fields)
    frame = measured(rows.frame, layout, settings)
    placed = frame.filter(pl.col("lon").is_not_null() | pl.col("lat").is_not_null() | pl.col("unreadable"))
    good, bad = set_aside(placed, checks(layout), rows.columns, payload, context)
    fresh = good.filter(pl.col("age_s") <= settings.max_age_s)
    air = fresh.filter(~pl.col("on_ground"))
    notices += _left_out(payload, len(frame) - len(placed), len(good) - len(fresh), len(fresh) - len(air))
    air = identified(air, settings, context)
    observations, repeated = finish_observations(
        pl.concat([positions(air), poor(air)], how="diagonal"), SOURCE, payload, context
    )
    watches = finish_watches(received(air, settings), SOURCE, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad]).sort("row"), (*notices, *repeated))


def _left_out(payload: Payload, without: int, old: int, ground: int) -> list[str]:
    told = ((without, "hold no position"), (old, "repeat an old position"), (ground, "are of aircraft on the ground"))
    return [f"{payload.name}: {n} records {what}: not used." for n, what in told if n]


def derive(observations: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Positions to overflights, and degraded aircraft to interference: both hang on many rows."""
    settings = settings_of(context)
    return graded(overflights(observations, settings), settings)


SOURCE = Source(
    name="adsb",
    title="ADS-B: aircraft positions as broadcast",
    provider="Any receiver or network: OpenSky Network, readsb and tar1090 receivers, aggregators",
    licence="As the network states: OpenSky data are for research and non-commercial use",
    citation=(
        "Schäfer, Strohmeier, Lenders, Martinovic, Wilhelm (2014). Bringing up OpenSky: A large-scale ADS-B sensor "
        "network for research. IPSN 2014."
    ),
    url="https://opensky-network.org",
    asks="Name the network; keep to its rate limits; ask before any use that is not research.",
    witness_group="adsb",
    reliability="B",
    reliability_why="The aircraft's own word, received well, but it can be silent, jammed or made to lie.",
    time_zone="UTC",
    latency=timedelta(minutes=1),
    sigma_m=100.0,
    watch_model=(
        "A cell and hour in which at least one aircraft in the air was received is a watch for other aircraft that "
        "broadcast. A cell and hour without one is no watch: no reception and an empty sky look the same. Where more "
        "than a tenth of the aircraft of a day say that their navigation is degraded, the cell is jammed that day. "
        "Aircraft that switch off their transponders are never seen, so p_detect is low."
    ),
    is_monitor=False,
    fields=FIELDS,
    aux={},
    settings=AdsbSettings,
    read=read,
    derive=derive,
    derive_watches=derive_watches,
    flags=FLAGS,
    kinds=frozenset({POSITION, OVERFLIGHT, JAMMING}),
    fetch=(OPENSKY_FETCH,),
    # Whoever receives at all receives every day; an hour without aircraft is no watch anyway.
    cadence=timedelta(days=1),
    watches_from_rows=True,
)
