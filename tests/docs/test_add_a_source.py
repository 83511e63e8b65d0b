"""The worked example of the guide is run as it stands on the page."""

import re
from hashlib import sha256
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from servanda.sources.base import ENTRY_POINTS, Context, Payload, Reading
from servanda.sources.registry import load, profile

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "add-a-source.md"


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(found) == 1, f"the guide has {len(found)} blocks of {language}, and one is meant"
    return str(found[0])


@pytest.fixture
def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    (tmp_path / "servanda_bridge.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    name, value = re.findall(r'(\w+) = "(.*?)"', block("toml"))[0]
    source = load((EntryPoint(name, value, ENTRY_POINTS),))[name]
    settings = source.settings.model_validate({})
    assert profile(source, "bridge", settings)["p_true"].to_list() == [0.9]
    data = block("csv").encode()
    return source.read(Payload("bridge.csv", data, sha256(data).hexdigest()), Context("bridge", settings))


def test_it_hears_what_was_written_down(reading: Reading) -> None:
    seen = reading.observations.row(0, named=True)
    assert reading.observations.height == 1
    assert (seen["kind"], seen["count_low"], seen["label"]) == ("artillery", 7.0, "shelling")
    assert seen["t_start"].isoformat() == "2025-03-05T09:00:00+00:00"
    assert (seen["recorded_at"] - seen["t_end"]).total_seconds() == 12 * 3600


def test_it_watches_where_nothing_was_heard(reading: Reading) -> None:
    assert reading.watches.height == 6
    assert sorted(reading.watches["status"].to_list()) == ["denied"] * 2 + ["watching"] * 4
    assert reading.watches["footprint"].null_count() == 0


def test_it_sets_aside_what_it_does_not_know(reading: Reading) -> None:
    assert reading.quarantine.select("row", "reason").rows() == [(4, "thunder is no word of this log.")]
