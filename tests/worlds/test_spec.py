"""A spec that contradicts itself is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from servanda.worlds.ready import DEMO, PRESS, WIRE, changed
from servanda.worlds.spec import Beats, WorldSpec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"p_detect": {"armed_activity": 0.5, "artillery": 0.5}}, "overlap"),
        ({"p_detect": {"no_such_kind": 0.5}}, "not a known kind"),
        ({"p_detect": {"artillery": 1.5}}, "chance in"),
        ({"false_share": 0.5}, "less than 0.5"),
        ({"sigma_km": 1}, "Extra inputs"),
    ],
)
def test_watcher(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        changed(PRESS, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"watchers": (WIRE, PRESS)}, "not listed before it"),
        ({"watchers": (PRESS, PRESS)}, "two sources are called press"),
        ({"processes": (DEMO.processes[0].model_copy(update={"actor": "nobody"}),)}, "unknown kind or party"),
    ],
)
def test_world(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        WorldSpec.model_validate(DEMO.model_dump() | fields)


def test_beats() -> None:
    with pytest.raises(ValidationError, match="per_day"):
        Beats(number=2, per_day=3, reach_km=1)


def test_chance_of_a_kind_comes_from_the_nearest_kind_above() -> None:
    assert changed(PRESS, p_detect={"explosive": 0.3}).p_of("mortar") == 0.3
    assert PRESS.p_of("fortification") == 0.0
