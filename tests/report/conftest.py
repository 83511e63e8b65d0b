"""A made-up truce of thirty hours between two made-up parties, large enough to fill every part of a report."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
import shapely
from shapely.geometry import LineString, Polygon

from servanda.agreement.model import Allow, Proof
from servanda.agreement.resolved import Agreement, Party, Term, TermType, Version
from servanda.findings import BaselineValue, Comparison, Finding, Interval, Period, Reason, Verdict
from servanda.report import MapZone, ReportData, Scoreboard, ScoreRow
from servanda.report.data import EFFORT, INCIDENT_REGIONS, INCIDENT_TERMS
from servanda.tables import INCIDENTS, MEMBERSHIP, OBSERVATIONS, QUARANTINE, SOURCES, WATCHES

T0 = datetime(2031, 4, 19, 15, tzinfo=UTC)
T1 = datetime(2031, 4, 20, 21, tzinfo=UTC)
AS_OF = datetime(2031, 4, 21, 6, tzinfo=UTC)
DAY = Period(datetime(2031, 4, 19, 21, tzinfo=UTC), T1, "day")
DAY_BEFORE = Period(datetime(2031, 4, 18, 21, tzinfo=UTC), DAY.t_from, "day")
IN_FORCE = Period(T0, T1, "in_force")
HOSTILE = "<script>alert('x')</script> | \"quoted\" & `code` "

REGIONS = {
    "Північна область": Polygon([(30.2, 49.1), (33.1, 49.3), (33.4, 48.2), (31.6, 47.9), (30.1, 48.2)]),
    "Східна область": Polygon([(33.1, 49.3), (36.2, 49.0), (36.5, 47.8), (33.4, 48.2)]),
    "Озерна область": Polygon([(30.1, 48.2), (31.6, 47.9), (33.4, 48.2), (33.2, 46.9), (30.4, 46.8)]),
    "Південна область": Polygon([(33.4, 48.2), (36.5, 47.8), (36.1, 46.7), (33.2, 46.9)]),
}
LINE = LineString([(30.6, 48.5), (31.7, 48.15), (32.6, 48.3), (33.6, 47.9), (34.6, 47.75), (35.4, 47.35), (36.3, 47.3)])
LAND = Polygon(
    [
        (28, 50.5),
        (38, 50.5),
        (38, 46.9),
        (36.4, 46.75),
        (35.4, 46.95),
        (34.1, 46.72),
        (33, 46.95),
        (31.6, 46.7),
        (28, 46.6),
    ]
)

TERM_TABLE = """\
no_fire|forbid|Art. 1 (1)|No party fires on the other.|armed_activity|
no_strikes|forbid|Art. 1 (2)|No strikes from the air on any place.|air_strike,drone_strike|
no_advance|forbid|Art. 2|No party moves its forces forward of the line.|advance|
no_heavy|forbid|Art. 3 (1)|No heavy weapons near the line.|heavy_weapons_present|15 km on both sides
exchange|require|Art. 4|Prisoners are exchanged before the truce ends.|prisoner_exchange|
no_denial|forbid|Art. 5 (2)|Monitors pass freely at all times.|patrol_denied|
self_defence|allow|Art. 6|Air defence against an aircraft that attacks.|air_defence|
"""
TERMS = [row.split("|") for row in TERM_TABLE.splitlines()]


def agreement() -> Agreement:
    terms = tuple(
        Term(
            term_id, cast(TermType, kind), clause, text, reading, ("north", "south"), None,
            frozenset(kinds.split(",")), T0, T1, Proof(), 0.8,
            allow=Allow(kinds=("air_defence",)) if kind == "allow" else None,
        )
        for term_id, kind, clause, text, kinds, reading in TERMS
    )  # fmt: skip
    parties = (
        Party("north", "Northern Republic", "party", frozenset({"north"})),
        Party("south", "Південна Рада", "party", frozenset({"south"})),
        Party("guard", "Guarantor States", "guarantor", frozenset({"guard"})),
    )
    version = Version("1", "", T0, T1, terms, {})
    return Agreement(
        "Spring truce of 19 April 2031", "", "Europe/Kyiv", T0, T1, parties, (version,), "ab" * 32, "agreement.yaml"
    )


def finding(
    term: str,
    party: str,
    period: Period,
    verdict: Verdict,
    p: float | None,
    power: float,
    ids: tuple[str, ...] = (),
    **more: Any,
) -> Finding:
    clause = next(t[2] for t in TERMS if t[0] == term)
    n = round((p or 0.0) * max(len(ids), 1), 2)
    shelling = "Artillery fire in the security zone, seen by two independent witness groups."
    below = (
        Reason("artillery", shelling, (("witnesses", 2),), (), ("o000", "o001", "o002", "o003")),
        Reason("incident", "Incident named.", (("incident_id", "i0000024"), ("probability", 0.97))),
    )
    texts = {
        "broken": "3 incidents violate the term to the standard of proof.",
        "alleged": "Reported by one witness group only; the agreement asks for two.",
        "unverifiable": f"Nothing was reported, but power {power:.0%} is below the 80% that the term asks for.",
        "pending": "The deadline is not over.",
    }
    why = Reason(verdict, texts[verdict], (("power", power), ("incidents", 3)), below if verdict == "broken" else ())
    unseen = None if power == 0 else round(3 / power)
    identity = f"{term}-{party}-{period.name}-{period.t_from:%d%H}"
    estimate = Interval(n, float(int(n * 0.6)), float(int(n * 1.5) + 1))
    return Finding(
        identity, term, clause, party, period, verdict, p, estimate, power, unseen, 0.9, 2, "1", (why,), (), ids, **more
    )


def findings(ids: list[str]) -> tuple[Finding, ...]:
    first = Period(T0, DAY.t_from, "day")
    out = []
    for period, part in ((IN_FORCE, ids), (DAY, ids[20:]), (first, ids[:20])):
        some = tuple(part)
        out += [
            finding("no_fire", "any", period, "broken", 0.999, 0.72, some),
            finding("no_fire", "north", period, "broken", 0.97, 0.7, some[::2]),
            finding("no_fire", "south", period, "alleged", 0.63, 0.7, some[1::2]),
            finding("no_strikes", "any", period, "broken" if period is not first else "alleged", 0.96, 0.81, some[:9]),
            finding("no_strikes", "north", period, "alleged", 0.44, 0.81, some[:3]),
            finding("no_strikes", "south", period, "broken", 0.95, 0.81, some[3:9]),
            finding("no_advance", "any", period, "alleged", 0.38, 0.41, some[9:11]),
            finding("no_heavy", "any", period, "unverifiable", 0.004, 0.12),
            finding("exchange", "any", period, "unverifiable" if period is IN_FORCE else "pending", 0.5, 0.31),
            finding("no_denial", "any", period, "unverifiable", None, 0.0),
        ]
    return tuple(out)


def incidents(n: int, seed: int = 7) -> pl.DataFrame:
    """``n`` incidents along the line from the day before the truce to its end."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(
        [
            "artillery",
            "drone_strike",
            "ground_attack",
            "air_strike",
            "small_arms",
            "advance",
            "air_raid_alert",
            "ceasefire_violation",
        ],
        n,
        p=[0.3, 0.2, 0.15, 0.08, 0.1, 0.05, 0.06, 0.06],
    )
    along = shapely.line_interpolate_point(LINE, rng.uniform(0.05, 0.95, n), normalized=True)
    start = DAY_BEFORE.t_from.timestamp() + np.sort(rng.uniform(0, (T1 - DAY_BEFORE.t_from).total_seconds(), n))
    length = rng.choice([0, 600, 3600, 86400], n, p=[0.4, 0.3, 0.2, 0.1])
    rows = pl.DataFrame(
        {
            "incident_id": [f"i{k:07}" for k in range(n)],
            "probability": rng.beta(2.2, 1.2, n).round(6),
            "kind": kinds,
            "t_start": pl.Series((start * 1e6).astype(np.int64)).cast(pl.Datetime("us", "UTC")),
            "t_end": pl.Series(((start + length) * 1e6).astype(np.int64)).cast(pl.Datetime("us", "UTC")),
            "lon": shapely.get_x(along) + rng.normal(0, 0.25, n),
            "lat": shapely.get_y(along) + rng.normal(0, 0.2, n),
            "sigma_m": rng.choice([500.0, 3000.0, 25000.0], n, p=[0.5, 0.35, 0.15]),
            "witnesses": rng.integers(1, 4, n),
            "monitor_seen": rng.random(n) < 0.2,
            "observations": np.full(n, 2),
        }
    )
    return INCIDENTS.conform(rows)


def observations(members: pl.DataFrame, when: pl.DataFrame) -> pl.DataFrame:
    texts = (
        "Обстріл околиць селища, повідомляє голова громади.",
        "Shelling heard north of the reservoir.",
        HOSTILE,
        "За словами очевидців, вибухи тривали годину.",
    )
    frame = (
        members.join(when, on="incident_id").with_row_index("row").with_columns(word=pl.col("row").cast(pl.Int64) % 4)
    )
    numbers = [0, 1, 2, 3]

    def by_word(values: list[str]) -> pl.Expr:
        return pl.col("word").replace_strict(numbers, values, return_dtype=pl.String)

    web = "https://example.org/"
    return OBSERVATIONS.conform(
        frame.with_columns(
            record_id="observation_id",
            source_id=by_word(["newswire", "insider", "newswire", "patrols"]),
            witness_group=pl.lit("a"),
            claim=pl.lit("sighting"),
            text=by_word(list(texts)),
            language=by_word(["uk", "en", "en", "uk"]),
            url=by_word([web + "a", web + "b", "javascript:alert(1)", web + "d"]),
            recorded_at=pl.col("t_end"),
            access=by_word(["open", "sealed", "open", "open"]),
        ).drop("row", "word", "incident_id", "probability")
    )


WATCH_TABLE = """\
source_id,status,from_h,to_h,reason
newswire,watching,-18,54,
patrols,watching,-16,-4,
patrols,watching,6,12,
patrols,denied,12,18,Checkpoint closed to the patrol
patrols,watching,24,30,
drones,watching,-18,3,
drones,jammed,3,15,GNSS interference
drones,watching,15,22,
drones,offline,22,30,Battery charger lost
satellite,watching,-6,-5.9,
satellite,clouded,6,6.3,Cloud above 80 %
satellite,watching,18,18.2,
insider,watching,0,30,
"""

EFFORT_TABLE = """\
which,source_id,kind,status,hours,reason
previous,newswire,armed_activity,watching,24,
period,newswire,armed_activity,watching,24,
previous,patrols,armed_activity,watching,12,
period,patrols,armed_activity,watching,12,
period,patrols,armed_activity,denied,6,Checkpoint closed to the patrol
period,patrols,presence,denied,6,Checkpoint closed to the patrol
previous,drones,explosive,watching,21,
period,drones,explosive,watching,7,
period,drones,explosive,jammed,9,GNSS interference
period,drones,explosive,offline,8,Battery charger lost
previous,satellite,environment,watching,0.2,
period,satellite,environment,watching,0.2,
period,satellite,environment,clouded,0.3,Cloud above 80 %
period,insider,armed_activity,watching,24,
"""


def watches() -> pl.DataFrame:
    table = pl.read_csv(io.StringIO(WATCH_TABLE))

    def at(hours: str) -> pl.Expr:
        return (pl.lit(T0) + pl.duration(seconds=pl.col(hours) * 3600)).cast(pl.Datetime("us", "UTC"))

    made = table.with_row_index("n").select(
        "source_id",
        "status",
        "reason",
        watch_id=pl.lit("w") + pl.col("n").cast(pl.String),
        witness_group="source_id",
        t_start=at("from_h"),
        t_end=at("to_h"),
        kind=pl.lit("armed_activity"),
        p_detect=pl.lit(0.4),
        recorded_at=at("to_h"),
    )
    return WATCHES.conform(made)


def effort() -> pl.DataFrame:
    return pl.read_csv(io.StringIO(EFFORT_TABLE), schema=EFFORT)


def sources() -> pl.DataFrame:
    rows = [
        ("newswire", "Example News Observatory", "ODbL 1.0", "Example News Observatory (2031), War reports.", "C"),
        ("patrols", "The monitoring mission", "internal", "Mission patrol reports.", "A"),
        ("drones", "The monitoring mission", "internal", "Mission drone flights.", "B"),
        ("satellite", "Example Space Agency " + HOSTILE, "open", "Fire detections, https://example.org/fires.", "B"),
        ("insider", "Somebody inside", "secret", "Not to be cited.", "F"),
    ]
    frame = pl.DataFrame(rows, schema=["source_id", "provider", "licence", "citation", "reliability"], orient="row")
    return SOURCES.conform(
        frame.with_columns(
            witness_group=pl.col("source_id"),
            is_monitor=pl.col("source_id").is_in(["patrols", "drones"]),
            is_witness=pl.lit(True),
        )
    )


def comparisons(ids: tuple[str, ...]) -> tuple[Comparison, ...]:
    def weeks(*values: float) -> tuple[BaselineValue, ...]:
        back = [timedelta(days=7 * k) for k in range(1, len(values) + 1)]
        return tuple(BaselineValue(T0 - b, T1 - b, v) for b, v in zip(back, values, strict=True))

    one, two, three = Interval(0.243, 0.13, 0.44), Interval(0.886, 0.65, 1.19), Interval(None, None, None)
    permanent, cloud = ("1 region with a permanent alert",), ("2 passes under cloud",)
    alerts = Comparison("starts", "alerts", "Alerts begun", T0, T1, 11, weeks(46, 51, 39), one, permanent, "", ids)
    reports = Comparison(
        "reports", "newswire", "Reports of shelling", T0, T1, 62, weeks(74, 66), two, (), "Fewer outlets."
    )
    fires = Comparison(
        "fires", "satellite", "Fires near the line", T0, T1, 3, weeks(0), three, cloud, "No baseline fire."
    )
    return (alerts, reports, fires)


def quarantine(n: int) -> pl.DataFrame:
    rows = [
        {
            "source_id": "newswire",
            "file": f"war_{HOSTILE}.csv",
            "row": i + 2,
            "reason": f"Latitude 9{i}.0 is outside −90 to 90.",
            "raw": "secret raw text",
        }
        for i in range(n)
    ]
    return QUARANTINE.conform(pl.DataFrame(rows))


def build(n: int = 63) -> ReportData:
    """The whole of it; ``n`` incidents."""
    events = incidents(n)
    truce = events.filter(pl.col("t_start") >= T0)["incident_id"].to_list()
    members = pl.concat(
        events.select(
            "incident_id",
            observation_id=pl.lit("o") + (pl.int_range(pl.len()) * 2 + k).cast(pl.String).str.zfill(3),
            probability=pl.lit(0.9),
        )
        for k in range(2)
    ).sort("observation_id")
    bearing = pl.DataFrame({"incident_id": truce}).with_columns(
        term_id=pl.lit("no_fire"), probability=pl.lit(0.71), exempt_by=pl.lit(None, pl.String)
    )
    regions = events.select("incident_id", region=pl.lit("")).with_columns(
        pl.Series("region", [list(REGIONS)[i % 4] for i in range(n)])
    )
    found = findings(truce)
    before = tuple(
        finding(
            f.term_id,
            f.party,
            f.period,
            "alleged" if f.term_id == "no_strikes" else f.verdict,
            f.probability,
            f.power,
            f.incident_ids[:2],
        )
        for f in found
        if f.period.name == "in_force"
    )
    return ReportData(
        title="Spring truce: 20 April 2031",
        agreement=agreement(),
        version="1",
        as_of=AS_OF,
        period=DAY,
        previous_period=DAY_BEFORE,
        time_zone="Europe/Kyiv",
        findings=found,
        previous=before,
        comparisons=comparisons(("o000", "o001", "o002")),
        incidents=events,
        membership=MEMBERSHIP.conform(members),
        observations=observations(members, events.select("incident_id", "kind", "t_start", "t_end", "lon", "lat")),
        watches=watches(),
        quarantine=quarantine(23),
        sources=sources(),
        incident_terms=bearing.cast(INCIDENT_TERMS),  # type: ignore[arg-type]
        incident_regions=regions.cast(INCIDENT_REGIONS),  # type: ignore[arg-type]
        zones=(
            MapZone("sz", "Withdrawal zone", LINE.buffer(0.2), "zone"),
            MapZone("loc", "Line of contact, 18 April", LINE, "line"),
        ),
        regions=REGIONS,
        land=LAND,
        effort=effort(),
        refused=("camera: cameras.csv: the file is cut off in row 311",),
        notices=("newswire: column “editor_note” was never seen before and is not used", "insider: late"),
        scoreboard=Scoreboard(
            7,
            (ScoreRow("broken", 0.83, (("count", 6), ("stated", 0.9), ("proof", 0.95))), ScoreRow("calibration", nan)),
            (("broken", 2, 0, 0), ("unverifiable", 1, 0, 2)),
            ((0.1, 0.0, 4), (0.9, 1.0, 2)),
        ),
        pdf=False,
    )


@pytest.fixture(scope="session")
def truce() -> ReportData:
    return build()


@pytest.fixture(scope="session")
def hot(truce: ReportData) -> ReportData:
    """The truce with heat seen from space in place of every third incident; of two spots one is unusual."""
    turned = pl.int_range(pl.len()) % 3 == 0
    events = truce.incidents.with_columns(kind=pl.when(turned).then(pl.lit("thermal_anomaly")).otherwise("kind"))
    fires = events.filter(pl.col("kind") == "thermal_anomaly").select("incident_id").with_row_index("n")
    flagged = truce.membership.join(fires, on="incident_id").select(
        "observation_id", flag=pl.when(pl.col("n") % 2 == 0).then(pl.lit("unusual")).otherwise(pl.lit("seasonal"))
    )
    seen = truce.observations.join(flagged, on="observation_id", how="left")
    seen = seen.with_columns(flags=pl.when(pl.col("flag").is_null()).then(None).otherwise(pl.concat_list("flag")))
    return replace(truce, incidents=events, observations=seen.drop("flag"))
