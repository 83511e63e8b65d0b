"""Worlds ready to use: demo, calm, dark and noisy. The same law holds for every seed; what happens does not.

Numbers are invented. Watching in the demo is of the order of the OSCE mission of 2014-22: cameras every 20 km or
so, patrols by day only, one shift in eight turned back.
"""

from collections.abc import Mapping
from math import hypot

from servanda.worlds.spec import Beats, Copying, Failure, Process, Routine, Watcher, WorldSpec

NORTH, SOUTH = "northland", "southmark"


def processes(violence: float, restraint: float) -> tuple[Process, ...]:
    """Incidents of both parties. ``violence`` multiplies every rate; ``restraint`` is the chance that a party keeps
    a term altogether, so that over many seeds each term is kept in some worlds and broken in others."""
    out: list[Process] = []
    for party, area, share in ((NORTH, "north_area", 0.7), (SOUTH, "south_area", 1.3)):
        rate = violence * share

        def of(
            kind: str, per_day: float, where: str = "line", *, night: float = 0.5, halves: float | None = 15.0,
            party: str = party, rate: float = rate,
        ) -> Process:  # fmt: skip
            return Process(
                kind=kind, actor=party, per_day=per_day * rate, where=where, night_share=night,
                half_life_days=halves, p_restraint=restraint,
                count_mean=12.0 if kind == "artillery" else None,
                count_unit="explosions" if kind == "artillery" else "",
            )  # fmt: skip

        out += [
            of("artillery", 1.6, night=0.6),
            of("small_arms", 3.5, night=0.6),
            of("firefight", 0.3),
            of("ground_attack", 0.15, night=0.3, halves=10.0),
            of("raid", 0.06, night=0.8),
            of("drone_overflight", 0.7, "no_fly", halves=None),
            of("heavy_weapons_present", 0.9, area, night=0.4),
            of("fortification", 0.3, night=0.7, halves=None),
        ]
    return tuple(out)


def exercise(per_day: float) -> Process:
    """The announced live-fire exercise: it would break the term on artillery but for the exemption."""
    return Process(
        kind="artillery", actor=NORTH, per_day=per_day, where="training_ground", from_day=9, to_day=12,
        night_share=0.0, count_mean=30.0, count_unit="explosions",
    )  # fmt: skip


def routines(p_done: float) -> tuple[Routine, ...]:
    """What was promised to be done; ``p_done`` is the chance that it is, each time."""
    return (
        Routine(kind="withdrawal", actor=NORTH, where="north_depot", first_day=9, times=1, p_done=p_done),
        Routine(kind="withdrawal", actor=SOUTH, where="south_depot", first_day=12, times=1, p_done=p_done),
        Routine(kind="aid_delivery", actor=SOUTH, where="corridor", p_done=p_done),
        Routine(kind="consultation", actor=NORTH, where="theatre", first_day=3, every_days=7, p_done=p_done),
    )


PATROLS = Watcher(
    source_id="patrols", title="Patrols of the monitor", witness_group="patrols", monitor=True, reliability="A",
    beats=Beats(number=24, per_day=12, to_km=250, reach_km=8), from_hour=7, to_hour=18,
    p_detect={"artillery": 0.85, "small_arms": 0.7, "ground_attack": 0.9, "firefight": 0.8, "raid": 0.85,
              "drone_overflight": 0.5, "aircraft_overflight": 0.7},
    failures=(Failure(status="denied", chance=0.12, reason="Turned back at a checkpoint."),),
    sigma_m=200, sigma_min=5, confusion=0.03, p_attribute=0.7, p_wrong_actor=0.03, false_share=0.02, latency_h=3,
)  # fmt: skip
CAMERAS = Watcher(
    source_id="cameras", title="Cameras of the monitor", witness_group="cameras", monitor=True, reliability="A",
    beats=Beats(number=12, per_day=12, to_km=250, reach_km=6),
    p_detect={"artillery": 0.6, "small_arms": 0.5, "ground_attack": 0.8, "firefight": 0.7, "raid": 0.7,
              "drone_overflight": 0.6, "aircraft_overflight": 0.7},
    night_factor=0.5, failures=(Failure(status="clouded", chance=0.05, reason="Fog."),),
    outages_per_30_days=1.5, outage_h=14,
    sigma_m=150, sigma_min=0, confusion=0.04, p_attribute=0.5, p_wrong_actor=0.03, false_share=0.04, latency_h=1,
)  # fmt: skip
ARRAY = Watcher(
    source_id="array", title="Acoustic array", witness_group="array", reliability="B",
    p_detect={"artillery": 0.93}, outages_per_30_days=1, outage_h=10,
    sigma_m=600, sigma_min=1, confusion=0.05, p_attribute=0, false_share=0.05, latency_h=0.5,
)  # fmt: skip
RADAR = Watcher(
    source_id="radar", title="Air picture of the monitor", witness_group="radar", monitor=True, reliability="A",
    p_detect={"drone_overflight": 0.75, "aircraft_overflight": 0.95},
    failures=(Failure(status="jammed", chance=0.15, reason="Navigation signals jammed."),),
    sigma_m=400, sigma_min=1, p_attribute=0.6, p_wrong_actor=0.02, false_share=0.05, latency_h=0.5,
)  # fmt: skip
INSPECTORS = Watcher(
    source_id="inspectors", title="Inspectors at sites, crossings and meetings", witness_group="inspectors",
    monitor=True, reliability="A",
    p_detect={"heavy_weapons_present": 0.8, "withdrawal": 0.97, "aid_delivery": 0.97, "consultation": 0.98},
    failures=(Failure(status="denied", chance=0.05, reason="Access to the site refused."),),
    sigma_m=100, sigma_min=10, confusion=0.02, p_attribute=0.95, p_wrong_actor=0.01, false_share=0.01, latency_h=4,
)  # fmt: skip
WARDENS = Watcher(
    source_id="wardens", title="Village wardens", witness_group="wardens", reliability="B",
    p_detect={"artillery": 0.8, "small_arms": 0.5, "ground_attack": 0.9, "firefight": 0.7, "raid": 0.85},
    sigma_m=1000, sigma_min=20, confusion=0.05, p_attribute=0.5, p_wrong_actor=0.08, false_share=0.08,
    repeat_share=0.05, latency_h=5,
)  # fmt: skip
PRESS = Watcher(
    source_id="press", title="Regional newspaper", witness_group="press", reliability="C",
    p_detect={"artillery": 0.65, "small_arms": 0.3, "ground_attack": 0.85, "firefight": 0.5, "raid": 0.8,
              "drone_overflight": 0.35, "aid_delivery": 0.7, "consultation": 0.8, "heavy_weapons_present": 0.1},
    sigma_m=2500, states_sigma=False, sigma_min=60, confusion=0.08, p_attribute=0.8, p_wrong_actor=0.1,
    false_share=0.12, repeat_share=0.1, latency_h=8,
)  # fmt: skip
WIRE = Watcher(
    source_id="wire", title="News wire that carries the newspaper", witness_group="press", reliability="C",
    p_detect={"artillery": 0.15, "ground_attack": 0.3}, sigma_m=4000, states_sigma=False, sigma_min=90,
    confusion=0.1, p_attribute=0.8, p_wrong_actor=0.12, false_share=0.12, latency_h=12,
    copies=Copying(of="press", share=0.5, delay_h=6, blur_m=1000),
)  # fmt: skip
STATEMENTS = Watcher(
    source_id="statements", title="Statements of the parties", witness_group="statements", reliability="E",
    claim="claim", p_detect={"artillery": 0.5, "small_arms": 0.2, "ground_attack": 0.7, "drone_overflight": 0.3},
    sigma_m=5000, sigma_min=120, day_only=True, confusion=0.1, p_attribute=1, p_wrong_actor=0.2, false_share=0.3,
    latency_h=12,
)  # fmt: skip
ALL = (PATROLS, CAMERAS, ARRAY, RADAR, INSPECTORS, WARDENS, PRESS, WIRE, STATEMENTS)


def changed(watcher: Watcher, **fields: object) -> Watcher:
    """A source like this one but for some fields, checked again."""
    return Watcher.model_validate(watcher.model_dump() | fields)


def better(watcher: Watcher, miss: float) -> Watcher:
    """It misses only the share ``miss`` of what it missed before, by night as by day, and never fails."""
    seen = {k: 1 - (1 - p) * miss for k, p in watcher.p_detect.items()}
    return changed(watcher, p_detect=seen, night_factor=1, failures=(), outages_per_30_days=0)


def worse(watcher: Watcher, share: float) -> Watcher:
    """It sees only ``share`` of what it saw before, nothing by night where it needs light, and fails often."""
    seen: Mapping[str, float] = {k: p * share for k, p in watcher.p_detect.items()}
    night = 0 if watcher.night_factor < 1 else 1
    return changed(watcher, p_detect=seen, night_factor=night, outages_per_30_days=6, outage_h=30)


def noisier(watcher: Watcher) -> Watcher:
    """Its reports are far more often of nothing, of the wrong kind, or given twice; and it says so."""
    false_share = min(0.45, 0.1 + 2.5 * watcher.false_share)
    return changed(
        watcher, false_share=false_share, confusion=min(0.2, 2 * watcher.confusion), repeat_share=0.25,
        p_wrong_actor=min(0.3, 0.05 + 2 * watcher.p_wrong_actor),
    )  # fmt: skip


def copier(source_id: str, of: Watcher, share: float) -> Watcher:
    """An outlet with no eyes of its own; its place error is that of the original and its own blur together."""
    blur_m = 1500.0
    return Watcher(
        source_id=source_id, title=f"Outlet that copies {of.source_id}", witness_group=of.witness_group,
        reliability="D", claim=of.claim, p_detect={}, sigma_m=hypot(of.sigma_m, blur_m), states_sigma=False,
        copies=Copying(of=of.source_id, share=share, delay_h=4, blur_m=blur_m),
    )  # fmt: skip


DEMO = WorldSpec(
    name="demo", title="A simulated ceasefire: thirty days of sixty", in_force_days=60,
    processes=(*processes(1.0, 0.25), exercise(5)), routines=routines(0.92), watchers=ALL,
)  # fmt: skip
CALM = WorldSpec(
    name="calm", title="A simulated ceasefire: few incidents, good watch",
    processes=(*processes(0.12, 0.5), exercise(2)), routines=routines(0.97),
    watchers=tuple(better(w, 0.5) for w in ALL),
)  # fmt: skip
DARK = WorldSpec(
    name="dark", title="A simulated ceasefire: many incidents, poor watch",
    processes=(*processes(1.5, 0.25), exercise(5)), routines=routines(0.7),
    watchers=tuple(worse(w, 0.4) for w in (PATROLS, CAMERAS, INSPECTORS, WARDENS, PRESS, WIRE)),
)  # fmt: skip
NOISY = WorldSpec(
    name="noisy", title="A simulated ceasefire: many false reports and copies",
    processes=(*processes(0.5, 0.4), exercise(3)), routines=routines(0.85),
    watchers=(
        *(noisier(w) for w in ALL), copier("echo", PRESS, 0.7), copier("mirror", PRESS, 0.6),
        copier("relay", STATEMENTS, 0.5),
    ),
)  # fmt: skip
SPECS: Mapping[str, WorldSpec] = {s.name: s for s in (DEMO, CALM, DARK, NOISY)}
"""The ready worlds by name."""
