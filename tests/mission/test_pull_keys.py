"""Keys are nowhere: not in a file, the state, a message, a log, an exception or the screen."""

import logging
import traceback
from pathlib import Path

import httpx2
import pytest
from tests.mission.pull_server import CSV, Server, Short, mission, naps, pulled, table

from servanda.mission.pull.errors import Refused
from servanda.mission.pull.keys import Keys
from servanda.mission.pull.wire import Wire
from servanda.sources.fetching import Request

__all__ = ["naps"]
SECRET = "s3cr3t/with spaces&more+"
ENV = {"MY_KEY": SECRET}
BLOCK = (
    "{url: 'https://data.example.org/in.csv?key=${MY_KEY}', as: data/in/in.csv, headers: {X-Key: 'Token ${MY_KEY}'}}"
)
FORMS = (SECRET, "s3cr3t%2Fwith%20spaces%26more%2B", "s3cr3t%2Fwith+spaces%26more%2B", "s3cr3t/with%20spaces", "s3cr3t")


def holds_secret(text: str | bytes) -> bool:
    raw = text if isinstance(text, bytes) else text.encode()
    return any(form.encode() in raw for form in FORMS)


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def echo(request: httpx2.Request) -> httpx2.Response:
    """A server that repeats the key wherever it can."""
    return httpx2.Response(302, headers={"Location": str(request.url) + "&again=1", "ETag": '"x"'})


def cut(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Length": "999", "ETag": '"v"'}, stream=Short(CSV.encode()))


def loud(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError(f"cannot reach {request.url} with {request.headers['X-Key']}")


@pytest.mark.parametrize(
    "answer",
    [
        table(ETag='"one"'),
        httpx2.Response(200, html=f"<html>bad key {SECRET}</html>"),
        table(f"error;{SECRET}\n"),
        table(CSV + SECRET + ",1,2,3\n"),
        httpx2.Response(403, text=SECRET),
        httpx2.Response(429, headers={"Retry-After": "9999"}),
        echo,
        cut,
        loud,
    ],
)
def test_a_key_is_nowhere(
    tmp_path: Path, answer: httpx2.Response, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    folder, server = mission(tmp_path, BLOCK), Server(answer)
    for _ in range(2):
        outcome = pulled(folder, server, ENV)
        assert not holds_secret(repr(outcome)), outcome
        assert not holds_secret("\n".join(f.words for f in outcome.feeds))
    assert server.asked[0].url.params["key"] == SECRET, "the key did not reach the server whole"
    assert server.asked[0].headers["X-Key"] == f"Token {SECRET}"
    for path in files(folder):
        assert not holds_secret(path.read_bytes()), path
    assert not holds_secret(caplog.text)
    assert not holds_secret("".join(capsys.readouterr()))


def test_data_that_repeat_a_key_are_not_kept(tmp_path: Path) -> None:
    folder = mission(tmp_path, BLOCK)
    refused = pulled(folder, Server(table(CSV + SECRET + ",1,2,3\n")), ENV).feeds[0].refused[0]
    assert "repeats the key MY_KEY" in refused
    assert not (folder / "data/in/in.csv").exists()


def test_a_key_that_is_not_set_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    folder, server = mission(tmp_path, BLOCK), Server(table())
    for env in ({}, {"MY_KEY": "  "}):
        refused = pulled(folder, server, env).feeds[0].refused[0]
        assert "MY_KEY is not set" in refused
        assert "export MY_KEY" in refused
    assert server.asked == []


def test_an_exception_holds_no_key_even_in_its_chain(naps: list[float]) -> None:
    with httpx2.Client(transport=httpx2.MockTransport(loud)) as opened:
        from datetime import UTC, datetime

        wire = Wire(opened, Keys(ENV), lambda: datetime(2025, 1, 1, tzinfo=UTC), lambda _: None, 0, 2, 60, False)
        request = Request("https://x.example.org/${MY_KEY}/x", headers={"X-Key": "${MY_KEY}"})

        def work() -> None:
            with wire.send(request):
                pass

        with pytest.raises(Refused) as caught:
            wire.try_again(work)
    shown = "".join(traceback.format_exception(caught.value))
    assert not holds_secret(shown)
    assert "${MY_KEY}" in str(caught.value)


def test_a_key_in_a_path_cannot_change_the_path() -> None:
    filled = Keys({"K": "a/../b?c#d"}).fill(Request("https://x.example.org/${K}/end"))
    assert filled.url == "https://x.example.org/a%2F..%2Fb%3Fc%23d/end"


def test_a_key_that_spans_two_blocks_of_a_file_is_found(tmp_path: Path) -> None:
    keys = Keys({"K": "longsecret"})
    keys.fill(Request("https://x.example.org", headers={"K": "${K}"}))
    path = tmp_path / "f"
    path.write_bytes(b"x" * ((1 << 20) - 4) + b"longsecret")
    assert keys.in_file(path) == "K"
    path.write_bytes(b"x" * (1 << 20))
    assert keys.in_file(path) is None
