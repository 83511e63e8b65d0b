"""Every mistake that a person can make in an agreement, one small file each, with the message beside it."""

from pathlib import Path

import pytest

from servanda.agreement.loader import load
from servanda.errors import AgreementError

FOLDER = Path(__file__).parent / "broken"


def messages(file: Path) -> str:
    """What ``load`` says of a file, without the folder."""
    with pytest.raises(AgreementError) as caught:
        load(file, {})
    return "".join(f"{p}\n" for p in caught.value.problems).replace(f"{FOLDER}/", "")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda f: f.stem)
def test_says_what_is_wrong_where_and_how_to_mend_it(file: Path) -> None:
    assert messages(file) == file.with_suffix(".txt").read_text("utf-8")


def test_every_message_has_its_file() -> None:
    assert {f.stem for f in FOLDER.glob("*.txt")} == {f.stem for f in FOLDER.glob("*.yaml")}
