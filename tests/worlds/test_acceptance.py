"""What the verdicts are worth, over twenty simulated ceasefires with known truth and stated quality that is right."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from servanda.findings import Finding
from servanda.mission import run_mission
from servanda.worlds.folder import write_mission
from servanda.worlds.ready import SPECS
from servanda.worlds.score import Pair, pair, score_pairs
from servanda.worlds.simulate import simulate

SEEDS = range(100, 120)


def pairs_of(name: str, folder: Path) -> Iterator[Pair]:
    spec = SPECS[name]
    for seed in SEEDS:
        world = simulate(spec, seed)
        here = folder / f"{name}-{seed}"
        write_mission(world, here)
        with (here / "mission.yaml").open("a", encoding="utf-8") as mission:
            # What was said the day before, the paper report and what-ifs are not scored.
            mission.write("replay_limit: 0\npdf: false\nsensitivity: {enabled: false}\n")
        yield from pair(run_mission(here, spec.start + timedelta(days=spec.days)).findings, world)


@pytest.fixture(scope="module", params=["demo", "calm", "dark", "noisy"])
def pairs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    return list(pairs_of(request.param, tmp_path_factory.mktemp("worlds")))


def test_broken_is_right_at_least_as_often_as_its_standard_of_proof(pairs: list[Pair]) -> None:
    marks = score_pairs(pairs)
    broken = [f for f, t in pairs if f.verdict == "broken" and t.broken is not None]
    assert len(broken) > 50
    assert marks.broken_right >= marks.broken_proof


def test_kept_is_wrong_no_more_often_than_its_power_allows(pairs: list[Pair]) -> None:
    by_term: dict[str, list[tuple[Finding, bool]]] = {}
    for finding, truth in pairs:
        if finding.verdict == "kept" and truth.broken is not None:
            by_term.setdefault(finding.term_id, []).append((finding, truth.broken))
    assert by_term
    for term, found in by_term.items():
        wrong = sum(broken for _, broken in found) / len(found)
        allowed = sum(1 - f.power for f, _ in found) / len(found)
        assert wrong <= allowed, f"{term}: {wrong:.3f} of {len(found)} kept findings were broken, {allowed:.3f} allowed"


def test_counts_with_what_went_unseen_hold_the_truth(pairs: list[Pair]) -> None:
    assert score_pairs(pairs).coverage_all >= 0.95
