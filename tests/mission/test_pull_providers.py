"""Each provider's own way: what is asked, page by page, with which key, and what is asked the next time."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from tests.mission.pull_server import NOW, Clock, Server, mission, naps, pulled

from servanda.sources.fetch_acled import FETCH as ACLED
from servanda.sources.fetch_firms import FETCH as FIRMS
from servanda.sources.fetch_github import DEEPSTATE
from servanda.sources.fetch_odk import CENTRAL
from servanda.sources.fetch_ucdp import CANDIDATES
from servanda.sources.fetching import Ask, months
from servanda.sources.registry import fetches, sources

__all__ = ["naps"]
ACLED_BLOCK = "{from: acled, query: {country: [Ukraine, Moldova], since: 2025-02-01}}"
ACLED_ENV = {"ACLED_EMAIL": "who@example.org", "ACLED_PASSWORD": "correct horse&battery"}


def acled(rows: list[int], seen: list[httpx2.Request]) -> Server:
    """ACLED: a token for the right password, then pages with so many rows."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        if request.url.path == "/oauth/token":
            form = dict(httpx2.QueryParams(request.content.decode()))
            good = form["password"] == ACLED_ENV["ACLED_PASSWORD"] and form["client_id"] == "acled"
            return httpx2.Response(200, json={"access_token": "token-of-the-day"}) if good else httpx2.Response(401)
        assert request.headers["Authorization"] == "Bearer token-of-the-day"
        count = rows[int(request.url.params["page"]) - 1]
        data = [{"event_id_cnty": f"UKR{request.url.params['page']}-{n}"} for n in range(count)]
        return httpx2.Response(200, json={"status": 200, "success": True, "count": count, "data": data})

    return Server(answer)


def test_acled_logs_in_and_turns_pages(tmp_path: Path) -> None:
    folder = mission(tmp_path, ACLED_BLOCK, "data/in/acled_*.json", "acled")
    seen: list[httpx2.Request] = []
    outcome = pulled(folder, acled([5000, 5000, 3], seen), ACLED_ENV)
    stamp = "data/in/acled_20250420T060000Z_p00"
    assert outcome.feeds[0].new == (f"{stamp}1.json", f"{stamp}2.json", f"{stamp}3.json")
    first = seen[1].url.params
    assert first["country"] == "Ukraine:OR:country=Moldova"
    assert first["event_date"] == "2025-02-01|2025-04-20"
    assert "timestamp" not in first
    assert [r.url.path for r in seen].count("/oauth/token") == 1


def test_acled_is_later_asked_for_what_was_edited_since(tmp_path: Path) -> None:
    folder, clock = mission(tmp_path, ACLED_BLOCK, "data/in/acled_*.json", "acled"), Clock()
    pulled(folder, acled([2], []), ACLED_ENV, clock)
    clock.now = NOW + timedelta(days=7)
    seen: list[httpx2.Request] = []
    outcome = pulled(folder, acled([0], seen), ACLED_ENV, clock)
    assert datetime.fromtimestamp(int(seen[1].url.params["timestamp"]), UTC) == NOW - timedelta(days=7)
    assert (outcome.feeds[0].new, outcome.feeds[0].unchanged) == ((), 1)


def test_a_broken_run_of_pages_leaves_nothing_half_done(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, ACLED_BLOCK, "data/in/acled_*.json", "acled", extra="pull: {attempts: 1}\n")
    whole = acled([5000, 1], [])

    def broken(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(500) if request.url.params.get("page") == "2" else whole(request)

    assert pulled(folder, broken, ACLED_ENV).refused
    assert not (folder / "data/in").exists()
    assert len(pulled(folder, acled([5000, 1], []), ACLED_ENV).feeds[0].new) == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"status": 403, "success": False, "message": "No access to events of this week"}, "No access"),
        ([], "JSON list"),
    ],
)
def test_a_refusal_in_the_body_is_no_data(tmp_path: Path, body: object, why: str) -> None:
    folder = mission(tmp_path, ACLED_BLOCK, "data/in/acled_*.json", "acled")
    server = Server(httpx2.Response(200, json={"access_token": "t0ken"}), httpx2.Response(200, json=body))
    assert why in pulled(folder, server, ACLED_ENV).feeds[0].refused[0]


def test_a_token_that_ran_out_is_renewed_once_more(tmp_path: Path, naps: list[float]) -> None:
    folder = mission(tmp_path, ACLED_BLOCK, "data/in/acled_*.json", "acled")
    page = httpx2.Response(200, json={"status": 200, "data": [{"event_id_cnty": "A"}]})
    token = httpx2.Response(200, json={"access_token": "token-2"})
    server = Server(token, httpx2.Response(401), token, page)
    assert pulled(folder, server, ACLED_ENV).feeds[0].new
    assert [r.url.path for r in server.asked].count("/oauth/token") == 2


def test_ucdp_follows_its_pages_on_its_own_host_alone(tmp_path: Path) -> None:
    block = "{from: ucdp, query: {releases: ['25.1'], country: [369]}}"
    env = {"UCDP_ACCESS_TOKEN": "ucdp-secret-token"}

    def page(following: str | None) -> httpx2.Response:
        return httpx2.Response(200, json={"TotalCount": 2, "NextPageUrl": following, "Result": [{"id": 1}]})

    again = "http://ucdpapi.pcr.uu.se/api/gedevents/25.1?pagesize=1000&page=2"
    server = Server(page(again), page(None))
    folder = mission(tmp_path / "a", block, "data/in/*.json", "ucdp")
    assert pulled(folder, server, env).feeds[0].new == ("data/in/ucdp_25.1_p001.json", "data/in/ucdp_25.1_p002.json")
    assert [r.headers["x-ucdp-access-token"] for r in server.asked] == ["ucdp-secret-token"] * 2
    assert server.asked[1].url.scheme == "https", "a key went out without encryption"
    settled = Server(page(None))
    assert pulled(folder, settled, env).feeds[0].unchanged == 1
    assert settled.asked == [], "a release that does not change was asked for again"
    elsewhere = Server(page("https://evil.example.org/?page=2"), page(None))
    refused = pulled(mission(tmp_path / "b", block, "data/in/*.json", "ucdp"), elsewhere, env).feeds[0].refused[0]
    assert "evil.example.org" in refused
    assert len(elsewhere.asked) == 1
    circle = Server(page(again))
    assert "circle" in pulled(mission(tmp_path / "c", block, "data/in/*.json", "ucdp"), circle, env).feeds[0].refused[0]


def test_a_key_does_not_follow_a_redirect_to_another_host(tmp_path: Path) -> None:
    block = "{from: ucdp, query: {releases: ['25.1']}}"
    to = httpx2.Response(302, headers={"Location": "https://elsewhere.example.org/x"})
    server = Server(to, httpx2.Response(200, json={"Result": [{"id": 1}]}))
    pulled(mission(tmp_path, block, "data/in/*.json", "ucdp"), server, {"UCDP_ACCESS_TOKEN": "ucdp-secret-token"})
    assert server.asked[1].url.host == "elsewhere.example.org"
    assert "ucdp-secret-token" not in str(server.asked[1].headers)


def test_firms_errors_come_as_text_with_status_200(tmp_path: Path) -> None:
    block = "{from: firms, query: {box: [22, 44, 40.5, 52.5], since: 2025-04-20, products: [VIIRS_SNPP_NRT]}}"
    env = {"FIRMS_MAP_KEY": "0123456789abcdef"}
    folder = mission(tmp_path, block, "data/in/firms_*.csv", "firms")
    server = Server(httpx2.Response(200, text="Invalid MAP_KEY."))
    refused = pulled(folder, server, env).feeds[0].refused[0]
    assert "no table" in refused
    assert "0123456789abcdef" not in refused
    path = "/api/area/csv/0123456789abcdef/VIIRS_SNPP_NRT/22,44,40.5,52.5/1/2025-04-20"
    assert server.asked[0].url.path == path
    header = "latitude,longitude,bright_ti4,acq_date\n"
    assert pulled(folder, Server(httpx2.Response(200, text=header)), env).feeds[0].new


def test_kobo_and_central_ask_for_what_is_new(tmp_path: Path) -> None:
    kobo = "{from: kobo, query: {asset: aBc, since: 2025-04-01}}"
    folder, clock = mission(tmp_path / "k", kobo, "data/in/kobo_*.json", "odk"), Clock()
    second = "https://kf.kobotoolbox.org/api/v2/assets/aBc/data.json?limit=1000&start=1000"
    pages = [{"count": 2, "next": second, "results": [{"_id": 1}]}, {"count": 2, "next": None, "results": [{"_id": 2}]}]
    server = Server(*(httpx2.Response(200, json=p) for p in pages))
    assert len(pulled(folder, server, {"KOBO_TOKEN": "kobo-secret"}, clock).feeds[0].new) == 2
    assert {r.headers["Authorization"] for r in server.asked} == {"Token kobo-secret"}
    assert json.loads(server.asked[0].url.params["query"]) == {"_submission_time": {"$gte": "2025-04-01T00:00:00"}}
    clock.now = NOW + timedelta(days=30)
    later = Server(httpx2.Response(200, json={"count": 0, "next": None, "results": []}))
    pulled(folder, later, {"KOBO_TOKEN": "kobo-secret"}, clock)
    assert json.loads(later.asked[0].url.params["query"]) == {"_submission_time": {"$gte": "2025-04-06T06:00:00"}}

    central = "{from: odk_central, query: {server: 'https://odk.example.org/', project: 3, form: patrol log}}"
    env = {"ODK_EMAIL": "who@example.org", "ODK_PASSWORD": "central-secret"}
    folder, clock = mission(tmp_path / "c", central, "data/in/odk_*.csv", "odk"), Clock()
    server = Server(httpx2.Response(200, json={"token": "session"}), httpx2.Response(200, text="SubmissionDate,KEY\n"))
    assert pulled(folder, server, env, clock).feeds[0].new
    assert json.loads(server.asked[0].content) == {"email": "who@example.org", "password": "central-secret"}
    assert server.asked[1].url.raw_path == b"/v1/projects/3/forms/patrol%20log/submissions.csv"
    assert server.asked[1].headers["Authorization"] == "Bearer session"


def test_central_asks_for_edits_too() -> None:
    query = CENTRAL.parameters.model_validate({"server": "https://o.example.org", "project": 1, "form": "f"})
    (download,) = CENTRAL.plan(Ask(query, NOW, NOW - timedelta(days=1)))
    moment = "2025-04-17T06:00:00.000Z"
    want = f"__system/submissionDate ge {moment} or __system/updatedAt ge {moment}"
    assert dict(download.request.params)["$filter"] == want


def test_opensky_without_an_account_sends_no_key(tmp_path: Path) -> None:
    block = "{from: opensky, query: {box: [22, 44, 40.5, 52.5], anonymous: true}}"
    server = Server(httpx2.Response(200, json={"time": 1745128800, "states": None}))
    folder = mission(tmp_path, block, "data/in/opensky_*.json", "adsb")
    assert pulled(folder, server).feeds[0].new == ("data/in/opensky_20250420T060000Z.json",)
    assert "Authorization" not in server.asked[0].headers
    assert dict(server.asked[0].url.params)["lamin"] == "44"
    needs = pulled(mission(tmp_path / "b", block.replace("true", "false"), "data/in/*.json", "adsb"), server)
    assert "OPENSKY_CLIENT_ID" in needs.feeds[0].refused[0]


def test_days_that_the_archive_lacks_are_not_asked_for_for_ever() -> None:
    query = DEEPSTATE.parameters.model_validate({"since": date(2025, 3, 30)})
    downloads = DEEPSTATE.plan(Ask(query, datetime(2025, 4, 5, tzinfo=UTC), None))
    assert [d.settled for d in downloads] == [True, True, True, False, False, False, False]
    assert all(d.may_lack for d in downloads)


def test_plans_name_keys_and_never_hold_them() -> None:
    query = FIRMS.parameters.model_validate({"box": (1, 2, 3, 4), "since": date(2025, 4, 20)})
    assert all("${FIRMS_MAP_KEY}" in d.request.url for d in FIRMS.plan(Ask(query, NOW, None)))
    with pytest.raises(ValueError, match="west, south, east, north"):
        FIRMS.parameters.model_validate({"box": (3, 2, 1, 4), "since": date(2025, 4, 20)})


def test_months_cross_the_year() -> None:
    found = months(date(2024, 11, 15), datetime(2025, 2, 1, tzinfo=UTC))
    assert found == (date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1))
    query = CANDIDATES.parameters.model_validate({"since": date(2024, 12, 1)})
    urls = [d.request.url for d in CANDIDATES.plan(Ask(query, datetime(2025, 1, 5, tzinfo=UTC), None))]
    assert [u.rsplit("/", 1)[1] for u in urls] == ["GEDEvent_v24_0_12.csv", "GEDEvent_v25_0_1.csv"]


def test_every_provider_says_what_it_asks_and_needs() -> None:
    known = fetches()
    assert {"acled", "ucdp", "ucdp_candidate", "firms", "viina", "alerts", "alerts_in_ua", "deepstate"} <= set(known)
    assert {"kobo", "odk_central", "opensky"} <= set(known)
    for name, fetch in known.items():
        assert fetch.asks.endswith("."), name
        assert fetch.url.startswith("https://"), name
        assert fetch.rate.stated, name
        assert fetch.example, name
        assert all(key.what for key in fetch.keys), name
    assert ACLED in sources()["acled"].fetch
