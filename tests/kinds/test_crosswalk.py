"""Crosswalks: every known code has an honest home, an unknown one never gets a default."""

import os
from pathlib import Path

import polars as pl
import pytest

from servanda.kinds import lineage, tree
from servanda.kinds.crosswalk import CROSSWALKS, codes, crosswalk, kind_of, not_events, unknown_kind


@pytest.mark.parametrize("name", CROSSWALKS)
def test_every_code_leads_to_a_kind_or_says_why_not(name: str) -> None:
    for code in codes(name).values():
        assert code.label, f"{name}: {code.code} has no label"
        assert code.kind in tree() or (code.kind == "" and code.note), f"{name}: {code.code} → {code.kind!r}"


@pytest.mark.parametrize("name", CROSSWALKS)
def test_unknown_code_is_an_error_never_a_default(name: str) -> None:
    assert "no such code" not in crosswalk(name)
    with pytest.raises(ValueError, match=f"'no such code' is no code of {name}"):
        kind_of(name, "no such code")


def test_unknown_code_book_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="acled, osce, plover, ucdp, viina"):
        crosswalk("gdelt")


def test_violated_ceasefire_is_not_folded_into_assault() -> None:
    assert kind_of("plover", "196") == "ceasefire_violation"
    assert "armed_activity" in lineage(kind_of("plover", "ASSAULT")), "the folded class must stay under armed activity"
    assert "196" in codes("plover")["ASSAULT"].note


def test_no_cameo_code_of_material_conflict_becomes_a_mere_statement() -> None:
    for code, kind in crosswalk("plover").items():
        if code[:2] in ("18", "19", "20"):
            assert lineage(kind)[-1] != "statement", f"CAMEO {code} → {kind}"


@pytest.mark.parametrize(
    ("cut", "full"),
    [("firefighb", "firefight"), ("airalerb", "airalert"), ("arresb", "arrest"), ("retreab", "retreat")],
)
def test_truncated_labels_mean_what_the_full_ones_mean(cut: str, full: str) -> None:
    assert kind_of("viina", cut) == kind_of("viina", full) != ""


def test_export_leaks_and_topics_are_known_and_no_event() -> None:
    assert not_events("viina") == {"loc", "san", "mil"}
    assert kind_of("viina", "loc") == ""


def test_two_weapons_in_one_category_go_to_their_common_ancestor() -> None:
    aerial = kind_of("acled", "Air/drone strike")
    assert aerial in lineage("air_strike")
    assert aerial in lineage("drone_strike")


def test_suggestion_for_a_misspelt_kind() -> None:
    assert "artillery" in unknown_kind("artilery")


@pytest.mark.real_data
@pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set")
def test_real_files_hold_only_known_codes() -> None:
    data = Path(os.environ["SERVANDA_DATA"])
    acled = pl.read_csv(data / "acled" / "acled_format_sample_31_columns.csv", infer_schema=False)
    assert set(acled["sub_event_type"]) | set(acled["event_type"]) <= set(codes("acled"))
    for file in sorted((data / "viina").glob("*.csv.gz")):
        labels = pl.read_csv(file, infer_schema=False)["event_type"].str.split("|").explode().unique().to_list()
        assert {v for v in labels if v} <= set(codes("viina")), file.name
