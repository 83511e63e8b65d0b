"""Sources of tables: spoiled files end in refusal, quarantine or correct rows. Two files: workers share them."""

import pytest
from tests.fuzz.run import assert_ends_well

TABLES = ("viina", "alerts", "firms", "corridors", "osce", "acled")


@pytest.mark.parametrize("name", TABLES)
def test_spoiled_files_end_well(name: str) -> None:
    assert_ends_well(name)
