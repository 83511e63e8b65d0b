"""A simulated ceasefire through the pipeline up to the findings, beside the truth: what estimates are measured by."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from servanda.evidence import open_store
from servanda.mission import config, intake
from servanda.mission.pipeline import again
from servanda.worlds.folder import write_mission
from servanda.worlds.score import Pair, pair
from servanda.worlds.simulate import simulate
from servanda.worlds.spec import WorldSpec

READ_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""When the files are taken to be read; every row says itself when it was recorded."""


def marked(spec: WorldSpec, seed: int, folder: Path) -> list[Pair]:
    """Each finding at the end of the world with its truth. ``folder`` is written; no report is made."""
    world = simulate(spec, seed)
    write_mission(world, folder)
    mission = config.load(folder, {})
    with open_store(mission.store_path) as store:
        intake.ingest(mission, store, READ_AT, lambda _: None)
        found = again(mission, store, spec.start + timedelta(days=spec.days)).judged.assessment.findings
    return pair(found, world)
