"""The columns of all layouts of aircraft positions: what is used, and why the others are not."""

from servanda.sources.base import Fields

FIELDS = Fields(
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
)
