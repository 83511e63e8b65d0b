"""Sources of documents: spoiled files end in refusal, quarantine or correct rows. Two files: workers share them."""

import pytest
from tests.fuzz.run import assert_ends_well

DOCUMENTS = ("control", "adsb", "table", "ucdp", "odk", "feed")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_spoiled_files_end_well(name: str) -> None:
    assert_ends_well(name)
