"""The pull block: every mistake is named with its line and how to mend it; keys are not needed to check or to run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mission.pull_server import mission

from servanda.errors import MissionError
from servanda.mission import config

URL = "url: 'https://x.example.org/in.csv'"


@pytest.mark.parametrize(
    ("block", "why", "mend"),
    [
        ("{from: aclde}", "There is no fetch 'aclde'", "Did you mean 'acled'"),
        ("{form: acled}", "the field 'form' does not exist", "Did you mean 'from'"),
        ("{}", "needs either 'from' or 'url'", "Write one"),
        (f"{{from: acled, {URL}}}", "needs either 'from' or 'url'", "Write one"),
        ("{from: acled, query: {country: [X]}}", "'since' of 'acled': is missing", "takes country, since"),
        ("{from: acled, query: {country: [X], sinse: 2025-01-01}}", "'sinse' of 'acled'", "Did you mean 'since'"),
        ("{from: acled, query: {country: [X], since: soon}}", "'since' of 'acled'", "Mend"),
        ("{from: acled, since: 2025-01-01}", "'since' goes with 'url'", "under 'query'"),
        (f"{{{URL}}}", "has no 'as'", "as: data/name.csv"),
        (f"{{{URL}, as: '../in.csv'}}", "not below the mission folder", "data/name.csv"),
        (f"{{{URL}, as: '/etc/in.csv'}}", "not below the mission folder", "data/name.csv"),
        (f"{{{URL}, as: data/other/in.csv}}", "does not read what is pulled", "data/other/*.csv"),
        (f"{{{URL}, as: 'data/in/{{dya}}.csv'}}", "'{dya}' stands for nothing", "Did you mean 'day'"),
        (f"{{{URL}, as: data/in/a.csv, since: 2025-01-01}}", "into the same file", "Put {day}"),
        ("{url: 'https://x.example.org/{day}.csv', as: 'data/in/{day}.csv'}", "but not since when", "Add 'since"),
        ("{url: 'http://x.example.org/in.csv', as: data/in/in.csv}", "not encrypted", "allow_http: true"),
        ("{url: 'ftp://x.example.org/in.csv', as: data/in/in.csv}", "is no address", "https://"),
        (f"{{{URL}, as: data/in/in.csv, query: {{a: 1}}}}", "'query' goes with 'from'", "question mark"),
        (f"{{{URL}, as: data/in/in.csv, least_share: 2}}", "must be at most 1", "at most 1"),
        ("{from: firms, query: {box: [3, 2, 1, 4], since: 2025-01-01}}", "west, south, east, north", "takes box"),
    ],
)
def test_mistakes(tmp_path: Path, block: str, why: str, mend: str) -> None:
    folder = mission(tmp_path, block)
    with pytest.raises(MissionError) as caught:
        config.load(folder, {})
    text = str(caught.value)
    assert "mission.yaml:4:" in text
    assert why in text
    assert mend in text


def test_a_good_block_needs_no_key_until_it_is_pulled(tmp_path: Path) -> None:
    block = "{url: 'https://x.example.org/in.csv?k=${NOT_SET}', as: data/in/in.csv}"
    found = config.load(mission(tmp_path, block), {}).feeds[0].pull
    assert found is not None
    assert found.most_bytes == 500_000_000
    assert found.least_share == 1
    assert not found.allow_http


def servanda(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "servanda", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_the_command_speaks_and_ends_with_3_when_a_feed_was_refused(tmp_path: Path) -> None:
    block = "{url: 'https://x.example.org/in.csv?k=${NOT_SET_ANYWHERE}', as: data/in/in.csv}"
    folder = mission(tmp_path, block)
    done = servanda("pull", folder, "--json")
    assert done.returncode == 3
    assert "NOT_SET_ANYWHERE is not set" in json.loads(done.stdout)["feeds"][0]["refused"][0]
    dry = servanda("pull", folder, "--dry-run")
    assert dry.returncode == 0
    assert "NOT_SET_ANYWHERE is not set" in dry.stdout
    assert dry.stderr == ""
    assert servanda("pull", folder, "--only", "nobody").returncode == 2
    assert servanda("pull", tmp_path).returncode == 2


def test_the_catalogue_tells_how_each_source_is_fetched() -> None:
    told = servanda("sources").stdout
    for word in ("Pull from acled", "ACLED_PASSWORD", "UCDP_ACCESS_TOKEN", "FIRMS_MAP_KEY", "2 requests a minute"):
        assert word in " ".join(told.split()), word
    facts = {s["name"]: s for s in json.loads(servanda("sources", "--json").stdout)}
    assert [f["from"] for f in facts["ucdp"]["fetch"]] == ["ucdp", "ucdp_candidate"]
