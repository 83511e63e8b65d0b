"""Small agreements, written as people write them."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

Write = Callable[[str], Path]

HEAD = """\
title: Truce
time_zone: Europe/Helsinki
in_force: {from: 2025-03-01T00:00, to: 2025-06-01T00:00}
parties:
  north: {name: North, aliases: [Northern Forces]}
  south: {name: South}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an agreement: the usual head unless the text has its own title, then the text."""

    def _write(text: str) -> Path:
        body = dedent(text)
        path = tmp_path / "agreement.yaml"
        path.write_text(body if "title:" in body else HEAD + body, "utf-8")
        return path

    return _write
