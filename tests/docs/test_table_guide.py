"""The mapped table of the guide gives what the guide says; the settings of the curated sets are settings."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from servanda.sources import acled, ucdp
from servanda.sources.base import Context, Payload
from servanda.sources.generic import SOURCE

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def blocks(guide: str, info: str) -> list[str]:
    return re.findall(rf"```{info}\n(.*?)```", (GUIDES / guide).read_text("utf-8"), re.DOTALL)


def entries(text: str) -> list[dict[str, Any]]:
    return list(YAML(typ="safe", pure=True).load(text)["sources"])


def test_somebody_elses_table_gives_what_the_guide_says() -> None:
    (table,), (mission,) = (blocks("bring-your-own-data.md", f"{info} footage") for info in ("csv", "yaml"))
    (entry,) = entries(mission)
    payload = Payload("footage.csv", table.encode(), sha256(table.encode()).hexdigest())
    got = SOURCE.read(payload, Context("footage", SOURCE.settings.model_validate(entry["settings"])))
    seen = got.observations
    assert sorted(seen["kind"]) == ["damage", "explosive", "explosive", "unclassified"]
    assert seen["record_id"].n_unique() == 4
    assert [n for n in got.notices if "is not read" in n] == []
    assert [n for n in got.notices if "1 exact duplicates" in n]
    (filled,) = seen.filter(seen["flags"].list.contains("filled")).rows(named=True)
    assert (filled["t_end"] - filled["t_start"]).total_seconds() == 24 * 3600
    assert "ford" in filled["text"]
    assert got.quarantine["row"].to_list() == [4]


def test_the_mission_of_the_curated_sets_can_be_set_so() -> None:
    (mission,) = blocks("curated-events.md", "yaml")
    sources = {"ucdp": ucdp.SOURCE, "acled": acled.SOURCE}
    for entry in entries(mission):
        source = sources[entry["source"]]
        source.settings.model_validate(entry["settings"])
        assert set(entry["with"]) <= set(source.aux)


def test_the_numbers_in_the_guide_are_the_defaults() -> None:
    text = (GUIDES / "curated-events.md").read_text("utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith("| place ")]
    error = ucdp.SOURCE.settings().model_dump()["place_error_m"]
    assert f"{error[1] / 1000:g} km; {error[2] / 1000:g} km near a place" in row
    assert f"with {min(error[c] for c in (3, 4, 6)) / 1000:g} to {error[6] / 1000:g} km" in row
    error = acled.SOURCE.settings().model_dump()["place_error_m"]
    assert f"{error[1] / 1000:g} km, {error[2] / 1000:g} km; region polygon, else {error[3] / 1000:g} km" in row
