"""Plugins: found by entry point, clear when they clash or do not load; what a source says of itself."""

from importlib.metadata import EntryPoint

import pytest

from servanda.kinds import tree
from servanda.sources.base import ENTRY_POINTS
from servanda.sources.registry import PluginError, load, profile, sources
from servanda.tables import SOURCES


def test_the_sources_that_come_with_the_project() -> None:
    assert {"viina", "alerts", "firms", "control", "table"} <= set(sources())
    assert list(sources()) == sorted(sources())


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, ENTRY_POINTS)


def test_a_name_given_twice_is_an_error_naming_both() -> None:
    both = (point("viina", "servanda.sources.viina:SOURCE"), point("viina", "other.package:SOURCE"))
    with pytest.raises(PluginError, match=r"other\.package:SOURCE and servanda\.sources\.viina:SOURCE.*uninstall one"):
        load(both)
    assert list(load((both[0], both[0]))) == ["viina"], "one package installed twice is no clash"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no.such.module:SOURCE", "does not load.*reinstall"),
        ("servanda.sources.viina:NOTHING", "does not load"),
        ("servanda.sources.viina:HEADER", "does not load"),
        ("servanda.sources.viina:UNTYPED", "is a str, not a Source"),
    ],
)
def test_a_plugin_that_does_not_load_is_named(value: str, why: str) -> None:
    with pytest.raises(PluginError, match=why):
        load((point("mine", value),))


@pytest.mark.parametrize("name", ["viina", "alerts", "firms", "control", "table", "ucdp", "acled"])
def test_every_source_says_what_it_is(name: str) -> None:
    source = sources()[name]
    assert source.name == name
    for said in ("title", "provider", "licence", "citation", "asks", "reliability_why", "watch_model", "time_zone"):
        assert len(getattr(source, said)) >= 3, f"{name}: {said} is empty"
    assert source.reliability in "ABCDEF"
    assert not set(source.fields.used) & set(source.fields.ignored)
    assert all(source.fields.ignored.values()), "an ignored field needs its reason"
    assert all(source.flags.values())
    watched = getattr(source.settings(), "watched", ())
    assert set(watched) <= set(tree())


def test_profile_is_the_sources_own_word_overruled_by_the_mission() -> None:
    source = sources()["viina"]
    own = profile(source, "news", source.settings())
    assert own.schema == SOURCES.schema
    row = own.row(0, named=True)
    assert (row["source_id"], row["p_true"], row["sigma_m"], row["is_monitor"]) == ("news", 0.2, 5000.0, False)
    mine = source.settings(p_true=0.4, witness_group="press", reliability="D")
    row = profile(source, "news", mine).row(0, named=True)
    assert (row["p_true"], row["witness_group"], row["reliability"]) == (0.4, "press", "D")


def test_a_table_may_be_the_monitors_own() -> None:
    source = sources()["table"]
    settings = source.settings.model_validate({"monitor": True, "licence": "internal", "sigma_m": 50})
    row = profile(source, "patrols", settings).row(0, named=True)
    assert (row["is_monitor"], row["licence"], row["sigma_m"]) == (True, "internal", 50.0)
