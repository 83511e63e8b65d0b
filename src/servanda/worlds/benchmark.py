"""Many reports from the same process, to measure speed by; and a mission folder that holds them."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from servanda.worlds.folder import write_mission
from servanda.worlds.ready import ARRAY, NORTH, PRESS, SOUTH, STATEMENTS, WARDENS, changed
from servanda.worlds.simulate import World, simulate
from servanda.worlds.spec import Process, WorldSpec

DAYS = 90
MIX = {"artillery": 0.45, "small_arms": 0.25, "ground_attack": 0.1, "drone_overflight": 0.15, "raid": 0.05}
"""Shares of kinds among incidents."""
MARGIN, SPREAD = 1.03, 8.0
"""Mean number of reports drawn: so much more than asked for, and so many square roots of that, not to fall short."""


def benchmark_spec(reports: int) -> WorldSpec:
    """Ninety days in which four sources, hearing from everywhere, give a little more than so many reports."""
    watchers = (
        changed(ARRAY, p_detect=dict.fromkeys(MIX, 0.5), outages_per_30_days=0),
        changed(WARDENS, p_detect=dict.fromkeys(MIX, 0.35)),
        changed(PRESS, p_detect=dict.fromkeys(MIX, 0.6)),
        changed(STATEMENTS, p_detect=dict.fromkeys(MIX, 0.25)),
    )
    per_incident = sum(w.p_detect["artillery"] / (1 - w.false_share) * (1 + w.repeat_share) for w in watchers)
    incidents = (MARGIN * reports + SPREAD * reports**0.5) / per_incident
    processes = tuple(
        Process(kind=kind, actor=actor, per_day=incidents * share / 2 / DAYS)
        for kind, share in MIX.items()
        for actor in (NORTH, SOUTH)
    )
    title = "A simulated ceasefire for measuring speed"
    return WorldSpec(name="benchmark", title=title, days=DAYS, processes=processes, watchers=watchers)


def benchmark_world(n: int, seed: int) -> World:
    """A world with exactly ``n`` reports: the surplus is cut off at the latest ones."""
    world = simulate(benchmark_spec(n), seed)
    last = [
        frame.select("recorded_at", source_id=pl.lit(k), row=pl.int_range(1, pl.len() + 1))
        for k, frame in world.observations.items()
    ]
    kept = pl.concat(last).sort("recorded_at", "source_id", "row").head(n)
    if kept.height < n:
        raise ValueError(f"seed {seed} gave only {kept.height} of {n} reports")
    rows = dict(kept.group_by("source_id").agg(pl.col("row").max()).iter_rows())
    observations = {k: frame.head(rows.get(k, 0)) for k, frame in world.observations.items()}
    within = pl.col("row") <= pl.col("source_id").replace_strict(rows, default=0)
    return replace(world, observations=observations, origins=world.origins.filter(within))


def million(n: int = 1_000_000, seed: int = 1) -> pl.DataFrame:
    """Exactly ``n`` reports in the interchange layout, with source_id and witness_group before its columns."""
    world = benchmark_world(n, seed)
    group = {w.source_id: w.witness_group for w in world.spec.watchers}
    parts = [
        frame.select(pl.lit(k).alias("source_id"), pl.lit(group[k]).alias("witness_group"), pl.all())
        for k, frame in world.observations.items()
    ]
    return pl.concat(parts)


def write_benchmark(directory: Path, n: int = 1_000_000, seed: int = 1) -> None:
    """A mission folder, agreement and zones included, with ``n`` reports in one CSV file per source."""
    write_mission(benchmark_world(n, seed), directory)
