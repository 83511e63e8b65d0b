"""The demo: a simulated ceasefire through the whole pipeline, then the verdicts against the truth."""

import shutil
from datetime import timedelta
from pathlib import Path

from servanda.errors import MissionError, Problem
from servanda.findings import Finding
from servanda.mission.config import FILE
from servanda.mission.intake import Step
from servanda.mission.pipeline import Outcome, run_mission
from servanda.report import Scoreboard, ScoreRow
from servanda.worlds.folder import write_mission
from servanda.worlds.ready import DEMO
from servanda.worlds.score import score
from servanda.worlds.simulate import World, simulate

MARK = "demo-seed.txt"


def demo(out: Path, seed: int, step: Step) -> Outcome:
    """Write the mission of the demo world with this seed into ``out``, run it and score it.

    A folder that holds an earlier demo is replaced; any other folder with files in it is refused.
    """
    _clear(out)
    step("simulating")
    world = simulate(DEMO, seed)
    write_mission(world, out)
    (out / MARK).write_text(f"{seed}\n", encoding="utf-8")
    end = world.spec.start + timedelta(days=world.spec.days)
    return run_mission(out, end, step=step, score=lambda findings: scoreboard(findings, world, seed))


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        if not (out / MARK).is_file():
            what = "The folder has files in it that are not from a demo."
            raise MissionError([Problem(str(out / FILE), 0, 0, what, "Give another folder with --out.")])
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)


def scoreboard(findings: tuple[Finding, ...], world: World, seed: int) -> Scoreboard:
    """Verdicts beside the truth that the simulation knows, ready for the end of the report."""
    marks = score(findings, world)
    rows = tuple(ScoreRow(code, value, values) for code, value, values in marks.rows)
    return Scoreboard(seed, rows, marks.table, marks.reliability)
