"""``servanda pull`` and a provider that misbehaves: nothing is lost or half there, nothing is asked twice."""

import gzip
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from tests.mission.pull_server import CSV, NOW, Clock, Server, Short, mission, naps, pulled, table

from servanda.errors import MissionError
from servanda.mission import run_mission
from servanda.mission.pull import PullBusy
from servanda.mission.pull.lock import locked

URL = "{url: 'https://data.example.org/in.csv', as: data/in/in.csv}"
POLL = "{url: 'https://data.example.org/in.csv', as: 'data/in/in_{time}.csv'}"
__all__ = ["naps"]


def state(folder: Path) -> dict[str, object]:
    found = json.loads((folder / ".pull/state.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / ".pull/parts").glob("*"))


def test_a_new_file_is_there_and_the_feed_reads_it(tmp_path: Path) -> None:
    folder, server = mission(tmp_path, URL), Server(table())
    outcome = pulled(folder, server)
    assert outcome.feeds[0].new == ("data/in/in.csv",)
    assert not outcome.refused
    assert (folder / "data/in/in.csv").read_text("utf-8") == CSV
    assert leftovers(folder) == []
    assert run_mission(folder, env={}, now=NOW).refused == ()
    assert server.asked[0].headers["User-Agent"].startswith("servanda/")


def test_a_file_that_has_not_changed_is_asked_for_by_its_etag(tmp_path: Path) -> None:
    folder = mission(tmp_path, URL)
    server = Server(table(ETag='"one"'), httpx2.Response(304))
    pulled(folder, server)
    before = (folder / "data/in/in.csv").stat().st_mtime_ns
    outcome = pulled(folder, server)
    assert server.asked[1].headers["If-None-Match"] == '"one"'
    assert (outcome.feeds[0].new, outcome.feeds[0].unchanged) == ((), 1)
    assert (folder / "data/in/in.csv").stat().st_mtime_ns == before


def test_a_file_that_was_removed_or_altered_here_is_asked_for_whole(tmp_path: Path) -> None:
    folder, server = mission(tmp_path, URL), Server(table(ETag='"one"', Last_Modified="Sun, 20 Apr 2025 00:00:00 GMT"))
    pulled(folder, server)
    (folder / "data/in/in.csv").unlink()
    assert pulled(folder, server).feeds[0].new == ("data/in/in.csv",)
    (folder / "data/in/in.csv").write_text("x,y\n", "utf-8")
    assert pulled(folder, server).feeds[0].updated == ("data/in/in.csv",)
    assert not any("If-None-Match" in r.headers or "If-Modified-Since" in r.headers for r in server.asked)


def test_a_changed_file_replaces_the_old_one_but_never_with_less(tmp_path: Path) -> None:
    folder = mission(tmp_path, URL)
    longer = CSV + "artillery,2025-03-02T10:00:00Z,20.5,0.0\n"
    assert pulled(folder, Server(table(longer))).feeds[0].new
    outcome = pulled(folder, Server(table(CSV)))
    assert "has 64 bytes, the one that is here" in outcome.feeds[0].refused[0].replace(str(len(CSV)), "64")
    assert (folder / "data/in/in.csv").read_text("utf-8") == longer
    longest = longer + "artillery,2025-03-03T10:00:00Z,20.5,0.0\n"
    assert pulled(folder, Server(table(longest))).feeds[0].updated == ("data/in/in.csv",)
    assert (folder / "data/in/in.csv").read_text("utf-8") == longest


def test_less_is_taken_where_the_mission_says_so(tmp_path: Path) -> None:
    folder = mission(tmp_path, URL.replace("}", ", least_share: 0.2}"))
    pulled(folder, Server(table(CSV + "artillery,2025-03-02T10:00:00Z,20.5,0.0\n")))
    assert pulled(folder, Server(table(CSV))).feeds[0].updated


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(tmp_path: Path, naps: list[float], status: int) -> None:
    server = Server(httpx2.Response(status, headers={"Retry-After": "7"}), table())
    outcome = pulled(mission(tmp_path, URL), server, clock=Clock())
    assert outcome.feeds[0].new
    assert [n for n in naps if n] == [7.0]
    assert outcome.feeds[0].waited_s >= 7


def test_retry_after_may_be_a_date(tmp_path: Path, naps: list[float]) -> None:
    later = "Sun, 20 Apr 2025 06:00:30 GMT"
    pulled(
        mission(tmp_path, URL.replace("}", ", every_s: 0}")),
        Server(httpx2.Response(429, headers={"Retry-After": later}), table()),
    )
    assert naps == [30.0]


def test_a_wait_that_is_too_long_is_left_to_a_later_pull(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL)
    server = Server(httpx2.Response(429, headers={"X-Rate-Limit-Retry-After-Seconds": "7200"}), table())
    outcome = pulled(folder, server)
    assert outcome.feeds[0].come_back == "2025-04-20T08:00:00+00:00"
    assert not outcome.refused
    assert pulled(folder, server).feeds[0].come_back == "2025-04-20T08:00:00+00:00"
    assert len(server.asked) == 1, "it asked although it was told to stay away"
    late = Clock()
    late.now += timedelta(hours=3)
    assert pulled(folder, server, clock=late).feeds[0].new
    assert naps == []


def test_a_server_error_is_tried_again_with_a_growing_pause(tmp_path: Path, naps: list[float]) -> None:
    server = Server(httpx2.Response(500), httpx2.Response(502), table())
    assert pulled(mission(tmp_path, URL), server).feeds[0].new
    assert len(naps) == 2
    assert all(n > 0 for n in naps)


def test_timeouts_end_in_a_refusal_and_the_next_pull_works(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL, extra="pull: {attempts: 3}\n")
    server = Server(httpx2.ReadTimeout("slow"))
    outcome = pulled(folder, server)
    assert outcome.refused
    assert len(server.asked) == 3
    assert "3 attempts were made" in outcome.feeds[0].refused[0]
    assert "ReadTimeout" in outcome.feeds[0].refused[0]
    assert "since" not in state(folder)["feeds"]["in"]  # type: ignore[index]
    assert pulled(folder, Server(table())).feeds[0].new
    assert "since" in state(folder)["feeds"]["in"]  # type: ignore[index]


def ranged(body: bytes, first: int, etag: str) -> list[object]:
    """A server that breaks off after ``first`` bytes, then honours Range."""

    def cut(request: httpx2.Request) -> httpx2.Response:
        headers = {"Content-Length": str(len(body)), "ETag": etag}
        return httpx2.Response(200, headers=headers, stream=Short(body[:first]))

    def rest(request: httpx2.Request) -> httpx2.Response:
        start = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
        headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}", "ETag": etag}
        return httpx2.Response(206, headers=headers, content=body[start:])

    return [cut, rest]


def test_a_download_that_broke_off_goes_on_where_it_stopped(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL)
    server = Server(*ranged(CSV.encode(), 30, '"v1"'))  # type: ignore[arg-type]
    assert pulled(folder, server).feeds[0].new
    assert server.asked[1].headers["Range"] == "bytes=30-"
    assert server.asked[1].headers["If-Range"] == '"v1"'
    assert (folder / "data/in/in.csv").read_text("utf-8") == CSV
    assert len(naps) == 1


def test_it_goes_on_in_a_later_pull_as_well(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL, extra="pull: {attempts: 1}\n")
    cut, rest = ranged(CSV.encode(), 30, '"v1"')
    assert "broke off after 30 of" in pulled(folder, Server(cut)).feeds[0].refused[0]  # type: ignore[arg-type]
    assert not (folder / "data/in/in.csv").exists()
    assert len(leftovers(folder)) == 2
    again = Server(rest)  # type: ignore[arg-type]
    assert pulled(folder, again).feeds[0].new
    assert (folder / "data/in/in.csv").read_text("utf-8") == CSV
    assert leftovers(folder) == []


def test_a_file_that_changed_meanwhile_is_taken_from_the_start(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL)
    other = CSV.replace("20.5", "20.7777777")
    cut, _ = ranged(CSV.encode(), 30, '"v1"')
    pulled(folder, Server(cut, table(other, ETag='"v2"')))  # type: ignore[arg-type]
    assert (folder / "data/in/in.csv").read_text("utf-8") == other


def test_without_a_strong_validator_nothing_is_pieced_together(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL)
    cut, _ = ranged(CSV.encode(), 30, 'W/"weak"')
    server = Server(cut, table())  # type: ignore[arg-type]
    pulled(folder, server)
    assert "Range" not in server.asked[1].headers
    assert (folder / "data/in/in.csv").read_text("utf-8") == CSV


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx2.Response(200, html="<html><body>We are <b>down</b> for repair</body></html>"), "a web page"),
        (table("<!DOCTYPE html>\n<html>Log in, please</html>"), "a web page"),
        (httpx2.Response(200, headers={"Content-Type": "text/html"}, text="a,b\n1,2\n"), "a web page"),
        (table(""), "empty"),
        (table('{"error": "no"}'), "no table"),
        (table("Too many requests"), "no table"),
        (httpx2.Response(200, content=gzip.compress(CSV.encode())[:-9]), "cut off"),
        (httpx2.Response(418), "answers 418"),
        (httpx2.Response(404), "no such file"),
        (httpx2.Response(403), "does not let us in"),
    ],
)
def test_what_is_no_data_is_refused_and_the_old_file_stays(tmp_path: Path, answer: httpx2.Response, why: str) -> None:
    folder = mission(tmp_path, URL)
    pulled(folder, Server(table()))
    outcome = pulled(folder, Server(answer))
    assert why in outcome.feeds[0].refused[0]
    assert "Mend: " in outcome.feeds[0].refused[0]
    assert (folder / "data/in/in.csv").read_text("utf-8") == CSV
    assert leftovers(folder) == []


def test_a_refusal_shows_the_first_words_of_the_page(tmp_path: Path) -> None:
    outcome = pulled(mission(tmp_path, URL), Server(httpx2.Response(200, html="<html><h1>Maintenance until noon</h1>")))
    assert "Maintenance until noon" in outcome.feeds[0].refused[0]


def test_a_file_larger_than_the_limit_is_refused_told_or_not(tmp_path: Path) -> None:
    folder = mission(tmp_path, URL.replace("}", ", most_mb: 0.00001}"))
    stated = pulled(folder, Server(table()))
    assert "more than 0" in stated.feeds[0].refused[0]

    def endless(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Short(CSV.encode() * 10))

    assert "more than 0" in pulled(folder, endless).feeds[0].refused[0]
    assert not (folder / "data/in/in.csv").exists()


def test_a_poll_that_says_nothing_new_leaves_no_file(tmp_path: Path) -> None:
    folder, clock = mission(tmp_path, POLL), Clock()
    pulled(folder, Server(table()), clock=clock)
    clock.now += timedelta(hours=1)
    assert pulled(folder, Server(table()), clock=clock).feeds[0].unchanged == 1
    clock.now += timedelta(hours=1)
    assert pulled(folder, Server(table("kind,t_start\n")), clock=clock).feeds[0].new == (
        "data/in/in_20250420T080000Z.csv",
    )
    assert len(list((folder / "data/in").iterdir())) == 2


def test_periods_that_are_over_are_asked_for_once(tmp_path: Path) -> None:
    block = "{url: 'https://x.example.org/{day}.csv', as: 'data/in/{day}.csv', since: 2025-04-14, again_days: 2}"
    folder = mission(tmp_path, block)

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(404) if request.url.path == "/20250415.csv" else table(CSV)

    outcome = pulled(folder, answer)
    assert len(outcome.feeds[0].new) == 6
    assert outcome.feeds[0].lacking == 1
    assert not outcome.refused
    again = Server(table())
    second = pulled(folder, again)
    assert [r.url.path for r in again.asked] == ["/20250418.csv", "/20250419.csv", "/20250420.csv"]
    assert second.feeds[0].unchanged == 7


def test_requests_to_a_host_keep_their_distance(tmp_path: Path) -> None:
    block = "{url: 'https://x.example.org/{day}.csv', as: 'data/in/{day}.csv', since: 2025-04-18, every_s: 4}"
    clock = Clock()
    outcome = pulled(mission(tmp_path, block), Server(table()), clock=clock)
    assert clock.slept == [4.0, 4.0]
    assert outcome.feeds[0].waited_s == 8


def test_a_state_that_cannot_be_read_costs_only_time(tmp_path: Path) -> None:
    folder = mission(tmp_path, URL)
    pulled(folder, Server(table(ETag='"one"')))
    for broken in ("{", '{"version": 99}', '{"feeds": {"in": {"since": "yesterday"}}}'):
        (folder / ".pull/state.json").write_text(broken, "utf-8")
        outcome = pulled(folder, Server(table()))
        assert "put aside" in outcome.notices[0]
        assert outcome.feeds[0].unchanged == 1
        assert (folder / ".pull/state.broken.json").read_text("utf-8") == broken
        assert state(folder)["feeds"]


def test_two_pulls_do_not_work_on_one_folder(tmp_path: Path) -> None:
    folder = mission(tmp_path, URL)
    code = (
        "import sys, time; from datetime import datetime, UTC; from pathlib import Path\n"
        "from servanda.mission.pull.lock import locked\n"
        f"with locked(Path({str(folder)!r}), datetime.now(UTC)):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        server = Server(table())
        with pytest.raises(PullBusy, match=f"process {other.pid} since"):
            pulled(folder, server)
        assert server.asked == []
        other.kill()
        other.wait()
    assert (folder / ".pull/lock").read_text("utf-8"), "the holder died and left its file"
    assert pulled(folder, Server(table())).feeds[0].new, "a lock left behind holds nothing"


def test_the_lock_is_free_after_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path, NOW):
        raise ZeroDivisionError
    with locked(tmp_path, NOW):
        pass


def test_one_feed_that_fails_does_not_stop_the_others(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, URL)
    text = (folder / "mission.yaml").read_text("utf-8")
    block = "{url: 'https://b.example.org/two.csv', as: data/two.csv}"
    more = f"  - {{id: two, source: table, path: data/two.csv, pull: {block}}}\n"
    (folder / "mission.yaml").write_text(text.replace("comparisons:", more + "comparisons:"), "utf-8")

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(500) if request.url.host == "data.example.org" else table()

    outcome = pulled(folder, answer)
    assert [bool(f.refused) for f in outcome.feeds] == [True, False]
    assert outcome.feeds[1].new == ("data/two.csv",)
    assert [f.feed for f in pulled(folder, Server(table()), only="two").feeds] == ["two"]
    with pytest.raises(MissionError, match="Did you mean 'two'"):
        pulled(folder, Server(table()), only="twoo")


def test_a_dry_run_asks_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    block = "{url: 'https://x.example.org/in.csv?key=${MY_KEY}', as: data/in/in.csv}"
    folder, server = mission(tmp_path, block), Server(table())
    told = pulled(folder, server, {"MY_KEY": "very-secret-key"}, dry_run=True).feeds[0]
    assert told.planned == ("https://x.example.org/in.csv?key=${MY_KEY} -> ./data/in/in.csv",)
    assert "MY_KEY is not set" in pulled(folder, server, dry_run=True).feeds[0].words
    assert server.asked == []
    assert not (folder / ".pull").exists()


def test_redirects_are_followed_over_https_only(tmp_path: Path) -> None:
    to = httpx2.Response(302, headers={"Location": "https://cdn.example.net/in.csv"})
    assert pulled(mission(tmp_path / "a", URL), Server(to, table())).feeds[0].new
    down = httpx2.Response(302, headers={"Location": "http://cdn.example.net/in.csv"})
    server = Server(down, table())
    assert "not asked over https" in pulled(mission(tmp_path / "b", URL), server).feeds[0].refused[0]
    assert len(server.asked) == 1
    loop = Server(httpx2.Response(302, headers={"Location": "/in.csv"}))
    assert "redirects more than" in pulled(mission(tmp_path / "c", URL), loop).feeds[0].refused[0]


def test_the_real_client_verifies_certificates() -> None:
    import ssl

    from servanda.mission.pull.wire import client

    with client(None, 1) as opened:
        transport = opened._transport
        assert transport._pool._ssl_context.verify_mode == ssl.CERT_REQUIRED  # type: ignore[attr-defined]
        assert transport._pool._ssl_context.check_hostname  # type: ignore[attr-defined]
