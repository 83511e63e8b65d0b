"""The same spec and seed give the same bytes; another seed gives another world."""

from pathlib import Path

import pytest

from servanda.worlds.folder import write_mission
from servanda.worlds.ready import DEMO, SPECS
from servanda.worlds.simulate import simulate
from servanda.worlds.spec import WorldSpec


def contents(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_same_seed_same_bytes(spec: WorldSpec, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_mission(simulate(spec, 7), tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    world = simulate(DEMO, 7)
    write_mission(world, tmp_path)
    before = contents(tmp_path)
    write_mission(world, tmp_path)
    assert contents(tmp_path) == before


def test_another_seed_is_another_world() -> None:
    assert not simulate(DEMO, 1).incidents.equals(simulate(DEMO, 2).incidents)


def test_another_source_leaves_the_others_as_they_were() -> None:
    fewer = DEMO.model_copy(update={"watchers": DEMO.watchers[:3]})
    a, b = simulate(DEMO, 3), simulate(fewer, 3)
    assert a.incidents.equals(b.incidents)
    for source_id in b.observations:
        assert a.observations[source_id].equals(b.observations[source_id]), source_id
    for source_id in b.watches:
        assert a.watches[source_id].equals(b.watches[source_id]), source_id
