"""Aircraft positions that transponders broadcast (ADS-B). It is about aircraft in the air, never about persons."""

from datetime import timedelta
from hashlib import sha256

import polars as pl
import shapely

from servanda.sources.adsb_interference import derive_watches, graded
from servanda.sources.adsb_layouts import FEET, KNOTS, Layout, layout_of, read_records
from servanda.sources.adsb_settings import (
    DEGRADED,
    FLAGS,
    JAMMING,
    NAC_P_M,
    NIC_M,
    NUC_P_M,
    OVERFLIGHT,
    POSITION,
    R95_TO_SIGMA,
    UNSTATED,
    AdsbSettings,
    settings_of,
)
from servanda.sources.adsb_tracks import overflights
from servanda.sources.base import Context, Fields, Payload, Reading, Source
from servanda.sources.content import digests, finish_observations, finish_watches, listed
from servanda.sources.fetch_opensky import FETCH as OPENSKY_FETCH
from servanda.sources.places import coordinate_checks, number
from servanda.sources.reading import Check, account, per_value, set_apart, set_aside
from servanda.sources.times import parse_times

SINCE, UNTIL = 946_684_800, 4_102_444_800
"""2000 and 2100, seconds since 1970: a time outside is a unit mistaken, or a default."""
MILLISECONDS_FROM = 1e11
"""A number above this counts milliseconds: as seconds it would be past the year 5000."""
CONTENT = ("label", "t", "lon", "lat", "accuracy_m", "is_degraded")
RECEIVED = ("adsb", "adsr")
"""Kinds of message (as readsb names them) whose place is the aircraft's own."""


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
    frame = _measured(rows.frame, layout, settings)
    placed = frame.filter(pl.col("lon").is_not_null() | pl.col("lat").is_not_null() | pl.col("unreadable"))
    good, bad = set_aside(placed, _checks(layout), rows.columns, payload, context)
    fresh = good.filter(pl.col("age_s") <= settings.max_age_s)
    air = fresh.filter(~pl.col("on_ground"))
    notices += _left_out(payload, len(frame) - len(placed), len(good) - len(fresh), len(fresh) - len(air))
    air = _identified(air, settings, context)
    observations, repeated = finish_observations(
        pl.concat([_positions(air), _poor(air)], how="diagonal"), SOURCE, payload, context
    )
    watches = finish_watches(_received(air, settings), SOURCE, payload, context)
    return Reading(observations, watches, pl.concat([rows.bad, bad]).sort("row"), (*notices, *repeated))


def _left_out(payload: Payload, without: int, old: int, ground: int) -> list[str]:
    told = ((without, "hold no position"), (old, "repeat an old position"), (ground, "are of aircraft on the ground"))
    return [f"{payload.name}: {n} records {what}: not used." for n, what in told if n]


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _numeric(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """The first of these columns that the file has, as a number."""
    found = next((n for n in names if n in frame.columns), None)
    return number(found) if found else pl.lit(None, pl.Float64)


def _seconds(frame: pl.DataFrame, name: str) -> pl.Series:
    """Seconds since 1970 from seconds, milliseconds or ISO 8601 (UTC where it names no offset)."""
    counted = frame.select(_numeric(frame, name)).to_series()
    if name not in frame.columns:
        return counted
    written = frame.select(pl.when(counted.is_null()).then(pl.col(name))).to_series()
    iso = parse_times(written, "UTC")["t_start"].dt.epoch("us").cast(pl.Float64) / 1e6
    seconds = pl.select(pl.when(counted > MILLISECONDS_FROM).then(counted / 1000).otherwise(counted)).to_series()
    return pl.select(pl.coalesce(seconds, iso)).to_series()


def _measured(frame: pl.DataFrame, layout: Layout, settings: AdsbSettings) -> pl.DataFrame:
    """Working columns: aircraft, t_s (of the place), age_s, lon, lat, on_ground, accuracy_m, is_degraded, told."""
    moment = _seconds(frame, layout.moment)
    known = _seconds(frame, layout.position) if layout.position in frame.columns else moment
    if layout.age in frame.columns:
        known = moment - frame.select(number(layout.age).fill_null(0.0)).to_series()
    x, y = (_numeric(frame, n) for n in (layout.lon, layout.lat))
    unreadable = pl.any_horizontal(
        _column(frame, n).is_not_null() & _numeric(frame, n).is_null() for n in (layout.lon, layout.lat)
    )
    altitude, speed = _numeric(frame, layout.altitude), _numeric(frame, layout.speed)
    out = frame.with_columns(
        _column(frame, layout.aircraft).str.strip_chars().str.to_lowercase().alias("aircraft"),
        known.alias("t_s"),
        (moment - known).fill_null(0.0).alias("age_s"),
        unreadable.alias("unreadable"),
        _on_ground(frame, layout, settings).alias("on_ground"),
        *_accuracy(frame, settings),
        _told(altitude * layout.altitude_m, speed * layout.speed_mps).alias("told"),
        x.alias("x"),
        y.alias("y"),
    )
    return out.drop("lon", "lat", strict=False).rename({"x": "lon", "y": "lat"})


def _on_ground(frame: pl.DataFrame, layout: Layout, settings: AdsbSettings) -> pl.Expr:
    """What the record says; else slow and low, in the units of the decoded layout."""
    said = _column(frame, layout.ground).str.to_lowercase()
    flag = pl.when(said.is_in(["true", "1", "ground"])).then(True).when(said.is_not_null()).then(False)
    message = _column(frame, "bds").replace_strict({"05": False, "06": True}, default=None, return_dtype=pl.Boolean)
    slow = _numeric(frame, layout.speed) * layout.speed_mps < settings.ground_kn * KNOTS
    low = _numeric(frame, layout.altitude) * layout.altitude_m < settings.ground_ft * FEET
    return pl.coalesce(flag, message, slow.fill_null(False) & low.fill_null(True))


def _accuracy(frame: pl.DataFrame, settings: AdsbSettings) -> list[pl.Expr]:
    """``is_stated``, ``is_degraded`` and ``accuracy_m`` (standard deviation on each axis)."""
    scales = (
        (_numeric(frame, "nac_p", "NACp"), NAC_P_M, settings.nac_p_least),
        (_numeric(frame, "nic", "NIC"), NIC_M, settings.nic_least),
        (_numeric(frame, "NUCp"), NUC_P_M, settings.nuc_p_least),
    )
    kind = _column(frame, "type")
    own = kind.is_null() | pl.any_horizontal(kind.str.starts_with(k) for k in RECEIVED)
    stated = own & pl.any_horizontal(v.is_not_null() for v, _, _ in scales)
    poor = pl.any_horizontal((v < least).fill_null(False) for v, _, least in scales)
    radius = pl.coalesce(
        v.cast(pl.Int64, strict=False).replace_strict(radii, default=None, return_dtype=pl.Float64) / R95_TO_SIGMA
        for v, radii, _ in scales
    )
    sigma = pl.when(stated).then(radius.fill_null(settings.worst_sigma_m)).otherwise(settings.unstated_sigma_m)
    return [stated.alias("is_stated"), (stated & poor).alias("is_degraded"), sigma.alias("accuracy_m")]


def _told(altitude_m: pl.Expr, speed_mps: pl.Expr) -> pl.Expr:
    """Height and speed in plain units, whatever the layout's."""
    parts = (
        pl.format("{} m", altitude_m.round().cast(pl.Int64, strict=False)),
        pl.format("{} m/s", speed_mps.round().cast(pl.Int64, strict=False)),
    )
    return pl.concat_str(parts, separator=", ", ignore_nulls=True)


def _checks(layout: Layout) -> list[Check]:
    no_time = f"{layout.moment} cannot be read as a time since 2000: seconds or milliseconds since 1970, or ISO 8601."
    return [
        (~pl.col("aircraft").str.contains(r"^~?[0-9a-f]{6}$").fill_null(False), "It has no address of 24 bits."),
        (~pl.col("t_s").is_between(SINCE, UNTIL).fill_null(False), no_time),
        *coordinate_checks("lon", "lat"),
    ]


def _identified(air: pl.DataFrame, settings: AdsbSettings, context: Context) -> pl.DataFrame:
    """Pseudonyms, times and cells. The record is the place that was broadcast, however often it is repeated."""

    def pseudonym(address: str) -> str:
        return "aircraft " + sha256(f"{settings.salt} {address}".encode()).hexdigest()[:10]

    t = pl.from_epoch((pl.col("t_s") * 1e6).round().cast(pl.Int64), time_unit="us").dt.replace_time_zone("UTC")
    side = settings.cell_deg
    air = air.with_columns(
        per_value(air["aircraft"], pseudonym).alias("label"),
        t.alias("t"),
        *((pl.col(c) / side).floor().cast(pl.Int64).alias(f"cell_{c}") for c in ("lon", "lat")),
        pl.lit(context.source_id).alias("source_id:"),
    )
    cells = air.select("cell_lon", "cell_lat").unique(maintain_order=True)
    west, south = (cells[c].to_numpy() * side for c in ("cell_lon", "cell_lat"))
    boxes = shapely.to_wkb(shapely.box(west, south, west + side, south + side))
    cells = cells.with_columns(pl.Series("cell", list(boxes), pl.Binary))
    air = air.with_columns(digests(air, [*CONTENT, "source_id:"]).alias("record_id"))
    return air.join(cells, on=["cell_lon", "cell_lat"], how="left", maintain_order="left")


def _positions(air: pl.DataFrame) -> pl.DataFrame:
    return air.select(
        "record_id",
        pl.lit(POSITION).alias("kind"),
        pl.col("t").alias("t_start"),
        pl.col("t").alias("t_end"),
        "lon",
        "lat",
        pl.col("accuracy_m").alias("sigma_m"),
        pl.lit("sighting").alias("claim"),
        "label",
        listed({DEGRADED: pl.col("is_degraded"), UNSTATED: ~pl.col("is_stated")}).alias("flags"),
        pl.col("told").alias("text"),
    )


def _poor(air: pl.DataFrame) -> pl.DataFrame:
    """That an aircraft had poor navigation in a cell on a UTC day: once, however many positions say so."""
    day = pl.col("t").dt.truncate("1d")
    poor = air.filter("is_degraded").select(
        pl.lit(JAMMING).alias("kind"),
        day.alias("t_start"),
        day.dt.offset_by("1d").alias("t_end"),
        pl.col("cell").alias("geometry"),
        pl.lit("sighting").alias("claim"),
        "label",
        pl.lit([DEGRADED]).alias("flags"),
        "source_id:",
    )
    named = poor.with_columns(digests(poor, poor.columns).alias("record_id")).drop("source_id:")
    return named.unique("record_id", keep="first", maintain_order=True)


def _received(air: pl.DataFrame, settings: AdsbSettings) -> pl.DataFrame:
    """Cells and hours in which an aircraft in the air was received: only there could another have been."""
    hour = pl.col("t").dt.truncate("1h")
    return air.select(
        hour.alias("t_start"),
        hour.dt.offset_by("1h").alias("t_end"),
        pl.col("cell").alias("footprint"),
        pl.lit(OVERFLIGHT).alias("kind"),
        pl.lit(settings.p_detect).alias("p_detect"),
        pl.lit(settings.p_false).alias("p_false"),
    ).unique(maintain_order=True)


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
    fields=Fields(
        used={
            "icao24": "24-bit address; only a pseudonym of it is kept",
            "hex": "the same (receivers and aggregators); a tilde marks an address that is not ICAO's",
            "timestamp": "when the record was made, seconds or milliseconds",
            "last_position": "when the place was known, seconds or milliseconds",
            "time": "when the record was made (history)",
            "lastposupdate": "when the place was known (history)",
            "time_position": "when the place was known (OpenSky)",
            "last_contact": "when the record was made (OpenSky)",
            "now": "when the snapshot was made (receivers and aggregators)",
            "seen_pos": "age of the place in seconds (receivers and aggregators)",
            "longitude": "degrees",
            "latitude": "degrees",
            "lon": "degrees",
            "lat": "degrees",
            "altitude": "feet (decoded)",
            "baro_altitude": "metres (OpenSky)",
            "baroaltitude": "metres (history)",
            "alt_baro": "feet, or the word ground (receivers and aggregators)",
            "groundspeed": "knots (decoded)",
            "gs": "knots (receivers and aggregators)",
            "velocity": "metres a second (OpenSky, history)",
            "onground": "true or false",
            "on_ground": "true or false (OpenSky)",
            "bds": "message type of decoded Mode S: 05 in the air, 06 on the ground",
            "nac_p": "navigation accuracy category (receivers and aggregators)",
            "nic": "navigation integrity category (receivers and aggregators)",
            "NACp": "navigation accuracy category; of use only in a record that has a place",
            "NIC": "navigation integrity category",
            "NUCp": "navigation uncertainty category, of older transponders",
            "type": "where the place comes from; only the aircraft's own word speaks of its navigation",
        },
        ignored=dict.fromkeys(
            ("callsign", "flight", "r", "registration", "ownOp", "desc", "t", "squawk", "dbFlags", "origin_country"),
            "who it is: this source tells of aircraft, never of whose they are",
        )
        | dict.fromkeys(
            ("track", "true_track", "heading"),
            "course: nothing hangs on it, and some exports keep only 8 bits of it, so that 135 stands there as -121",
        )
        | dict.fromkeys(
            ("vertical_rate", "vertrate", "geo_altitude", "geoaltitude", "alt_geom", "baro_rate", "geom_rate", "ias"),
            "more about height and speed than the terms ask",
        )
        | dict.fromkeys(
            (
                "tas",
                "mach",
                "oat",
                "tat",
                "wd",
                "ws",
                "roll",
                "track_rate",
                "mag_heading",
                "true_heading",
                "nav_heading",
            ),
            "the state of the flight",
        )
        | dict.fromkeys(
            ("nav_qnh", "nav_altitude_mcp", "nav_altitude_fms", "nav_modes", "selected_altitude", "barometric_setting"),
            "what the autopilot was told",
        )
        | dict.fromkeys(
            ("frame", "df", "parity", "lat_cpr", "lon_cpr", "vrate_src", "geo_minus_baro", "source", "wake_vortex"),
            "the raw message, or a detail of it",
        )
        | dict.fromkeys(("bds20", "bds40", "bds50", "bds60", "bds44", "bds45", "bds05", "bds06"), "replies to a radar")
        | dict.fromkeys(
            ("rc", "NACv", "NICa", "NICb", "NICc", "nic_baro", "nac_v", "sil", "sil_type", "gva", "sda", "version"),
            "accuracy of other quantities, or a detail of NIC and NACp",
        )
        | dict.fromkeys(
            ("gpsOkBefore", "gpsOkLat", "gpsOkLon", "rr_lat", "rr_lon", "lastPosition", "calc_track"),
            "where an aircraft was before it lost its place, or a place guessed for it",
        )
        | dict.fromkeys(
            ("messages", "seen", "rssi", "mlat", "tisb", "dst", "dir", "sensors", "serials", "lastcontact", "hour"),
            "about the reception",
        )
        | dict.fromkeys(
            ("alert", "spi", "emergency", "category", "tcas_operational", "position_source", "acas_ra"),
            "what no term is about",
        ),
    ),
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
