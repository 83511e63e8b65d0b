"""Polled feeds: every spelling of a time, edits, repeats, HTML, places, and documents that mean harm."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.sources.conftest import context, flags, payload

from servanda.errors import SourceRefused
from servanda.sources.base import Context, Reading
from servanda.sources.feed import SOURCE
from servanda.sources.feed_entries import plain
from servanda.sources.feed_times import iso

KINDS = {"(?i)shell": "artillery", "(?i)drone": "drone_overflight"}
PLACE = {"lon": 20.5, "lat": 0.1}


def rss(*items: str, head: str = "") -> str:
    spaces = 'xmlns:georss="http://www.georss.org/georss" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"'
    channel = f"<channel><title>Northland news</title><language>en</language>{''.join(items)}</channel>"
    return f'<?xml version="1.0" encoding="utf-8"?>{head}<rss version="2.0" {spaces}>{channel}</rss>'


def item(
    title: str = "Shelling at the bridge",
    date: str = "Sat, 19 Apr 2025 18:00:00 +0300",
    guid: str = "g1",
    more: str = "<georss:point>0.1 20.5</georss:point>",
) -> str:
    return f"<item><title>{title}</title><guid>{guid}</guid><link>https://n.example/{guid}</link><pubDate>{date}</pubDate>{more}</item>"


def settled(**settings: object) -> Context:
    return context(SOURCE, None, **{"kind_patterns": KINDS, **settings})


def read(text: str | bytes, **settings: object) -> Reading:
    return SOURCE.read(payload(text, "feed.xml"), settled(**settings))


def test_an_entry_is_a_claim_of_something_before_it_was_published() -> None:
    reading = read(rss(item()))
    row = reading.observations.row(0, named=True)
    assert row["kind"] == "artillery"
    assert row["claim"] == "claim"
    assert row["t_start"] == datetime(2025, 4, 18, 15, tzinfo=UTC)
    assert row["t_end"] == row["recorded_at"] == datetime(2025, 4, 19, 15, tzinfo=UTC)
    assert (row["lon"], row["lat"]) == (20.5, 0.1)
    assert (row["url"], row["language"]) == ("https://n.example/g1", "en")
    assert reading.quarantine.is_empty()
    assert reading.watches.is_empty()
    assert not SOURCE.is_witness


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("Sat, 19 Apr 2025 18:00:00 +0300", "2025-04-19 15:00"),
        ("Sat, 19 Apr 2025 18:00 GMT", "2025-04-19 18:00"),
        ("19 Apr 25 18:00:00 EST", "2025-04-19 23:00"),
        ("Saturday, 19-Apr-25 18:00:00 UTC", "2025-04-19 18:00"),
        ("2025-04-19T18:00:00+03:00", "2025-04-19 15:00"),
        ("2025-04-19T18:00:00Z", "2025-04-19 18:00"),
        ("2025-04-19 18:00", "2025-04-19 15:00"),
        ("Sat, 19 Apr 2025 18:00:00", "2025-04-19 15:00"),
        ("Sat Apr 19 18:00:00 2025", "2025-04-19 15:00"),
        ("19.04.2025 18:00", "2025-04-19 15:00"),
        ("1745085600", "2025-04-19 18:00"),
        ("1745085600000", "2025-04-19 18:00"),
    ],
)
def test_times_in_all_their_spellings(written: str, utc: str) -> None:
    found = read(rss(item(date=written)), time_zone="Europe/Kyiv", time_formats=["%d.%m.%Y %H:%M"])
    assert found.observations["t_end"].dt.strftime("%Y-%m-%d %H:%M").to_list() == [utc], written


@pytest.mark.parametrize(
    "written", ["Sat, 19 Apr 2025 18:00:00 MSK", "Sat, 31 Feb 2025 18:00:00 +0300", "yesterday", "05/06/2025 18:00", ""]
)
def test_a_time_that_is_not_clear_is_set_aside(written: str) -> None:
    found = read(rss(item(date=written), item(guid="g2")))
    assert found.observations.height == 1
    assert found.quarantine["row"].to_list() == [1]


def test_times_keep_what_they_do_not_know() -> None:
    assert iso(pl.Series(["soon", None, "Mon, 1 Foo 2025 10:00 GMT"])).to_list() == [
        "soon",
        None,
        "Mon, 1 Foo 2025 10:00 GMT",
    ]


def test_the_same_entry_in_two_polls_is_one_observation() -> None:
    one, two = read(rss(item())), read(rss(item(guid="g9", title="Drone seen"), item()))
    assert one.observations["observation_id"][0] in two.observations["observation_id"].to_list()
    assert pl.concat([one.observations, two.observations])["observation_id"].n_unique() == 2


def test_an_edited_entry_keeps_its_versions_and_the_last_one_speaks() -> None:
    def atom(title: str, updated: str) -> str:
        entry = (
            f"<entry><id>urn:1</id><title>{title}</title><published>2025-04-19T10:00:00Z</published>"
            f"<updated>{updated}</updated><summary>x</summary></entry>"
        )
        return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>{entry}</feed>'

    ctx = settled(constants=PLACE)
    first = SOURCE.read(payload(atom("Shelling, two dead", "2025-04-19T10:00:00Z")), ctx).observations
    second = SOURCE.read(payload(atom("Shelling, three dead", "2025-04-19T12:00:00Z")), ctx).observations
    both = pl.concat([second, first])
    assert both["record_id"].n_unique() == 1
    assert both["observation_id"].n_unique() == 2
    assert SOURCE.derive is not None
    derived = SOURCE.derive(both, ctx).sort("recorded_at")
    assert [sorted(set(f) & {"superseded", "uninformative"}) for f in flags(derived)] == [
        ["superseded", "uninformative"],
        [],
    ]
    alone = SOURCE.derive(first, ctx)
    assert "superseded" not in flags(alone)[0]


def test_entries_that_tell_of_nothing_are_counted_and_dropped() -> None:
    found = read(rss(item(), item("Weather report", guid="g2")))
    assert found.observations.height == 1
    assert found.quarantine.is_empty()
    assert any("1 rows are of categories that are no event" in n for n in found.notices)
    every = read(rss(item("Weather report")), constants={"kind": "artillery"})
    assert every.observations["kind"].to_list() == ["artillery"]


def test_html_is_taken_out_of_text() -> None:
    body = "<p>Heavy <b>fire</b> &amp; smoke</p><script>alert(1)</script><img src=x onerror=alert(2)>"
    body = f"<description><![CDATA[{body}]]></description>"
    text = read(rss(item("Shelling", more=f"{body}<georss:point>0.1 20.5</georss:point>"))).observations["text"][0]
    assert text == "Shelling Heavy fire & smoke"
    assert plain("<p>a</p><p>b&lt;c</p>\x00\x07") == "a b<c"
    assert plain("<script>x") is None


@pytest.mark.parametrize(
    ("more", "lon", "wkt"),
    [
        ("<geo:lat>0.1</geo:lat><geo:long>20.5</geo:long>", 20.5, False),
        ("<georss:point>0.1 20.5</georss:point>", 20.5, False),
        ("<georss:polygon>0 20 0 21 1 21 0 20</georss:polygon>", None, True),
    ],
)
def test_places(more: str, lon: float | None, wkt: bool) -> None:
    row = read(rss(item(more=more))).observations.row(0, named=True)
    assert row["lon"] == lon
    assert (row["geometry"] is not None) == wkt


def test_an_entry_without_a_place_is_set_aside_and_a_feed_without_any_is_refused() -> None:
    found = read(rss(item(), item(guid="g2", more="")))
    assert found.quarantine["reason"].to_list() == ["It has no place."]
    with pytest.raises(SourceRefused, match="lacks a place"):
        read(rss(item(more="")))
    assert read(rss(item(more="")), constants=PLACE).observations.height == 1


BOMB = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [BOMB, XXE, XXE.replace("<!ENTITY", "<!entity")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_documents_that_declare_entities_are_refused(head: str, encoding: str) -> None:
    text = rss(item("&x; Shelling"), head=head).replace("utf-8", encoding)
    with pytest.raises(SourceRefused, match="declares entities"):
        read(text.encode(encoding))


def test_a_payload_that_is_a_path_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss(item()), "utf-8")
    with pytest.raises(SourceRefused):
        read(str(secret))


@pytest.mark.parametrize(
    "text",
    [
        rss(item())[:-12],
        "<html><body>Log in</body></html>",
        "<a/>",
        "",
        "{",
        '{"a": 1}',
        '{"a": [], "b": []}',
        "[" * 100_000,
        "7",
    ],
)
def test_what_is_no_feed_is_refused(text: str) -> None:
    with pytest.raises(SourceRefused, match="Mend: "):
        read(text)


def test_a_feed_without_entries_is_no_mistake() -> None:
    found = read(rss())
    assert found.observations.is_empty()
    assert "no entries" in found.notices[0]


def test_json_feed() -> None:
    entry = {
        "id": "1",
        "url": "https://n.example/1",
        "title": "Drone over the bridge",
        "content_html": "<p>Seen <i>twice</i></p>",
        "date_published": "2025-04-19T18:00:00+03:00",
        "geometry": {"type": "Point", "coordinates": [20.5, 0.1]},
    }
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "language": "en", "items": [entry]}
    row = read(json.dumps(document)).observations.row(0, named=True)
    assert (row["kind"], row["text"]) == ("drone_overflight", "Drone over the bridge Seen twice")
    assert row["t_end"] == datetime(2025, 4, 19, 15, tzinfo=UTC)


ALERTS = {
    "alerts": [
        {
            "id": 7,
            "started_at": "2025-04-19T15:00:00.000Z",
            "finished_at": "2025-04-19T16:00:00.000Z",
            "alert_type": "air_raid",
            "where": {"x": 20.5, "y": 0.1},
        },
        {
            "id": 8,
            "started_at": "nonsense",
            "finished_at": None,
            "alert_type": "air_raid",
            "where": {"x": 20.5, "y": 0.1},
        },
        {
            "id": 9,
            "started_at": "2025-04-19T15:00:00.000Z",
            "finished_at": None,
            "alert_type": "flood",
            "where": {"x": 20.5, "y": 0.1},
        },
    ],
    "meta": {"count": 3},
}
MAPPING = {
    "kind_patterns": {},
    "columns": {
        "started_at": "t_start",
        "finished_at": "t_end",
        "alert_type": "kind",
        "where.x": "lon",
        "where.y": "lat",
    },
    "kinds": {"air_raid": "air_raid_alert", "flood": ""},
}


def test_any_json_list_is_read_by_the_mapping_of_tables() -> None:
    found = read(json.dumps(ALERTS), **MAPPING)
    assert found.observations["kind"].to_list() == ["air_raid_alert"]
    assert found.observations["t_end"].to_list() == [datetime(2025, 4, 19, 16, tzinfo=UTC)]
    assert found.quarantine["row"].to_list() == [2]
    edited = json.loads(json.dumps(ALERTS))
    edited["alerts"][0]["finished_at"] = "2025-04-19T17:00:00Z"
    later = read(json.dumps(edited), items="alerts", **MAPPING)
    assert later.observations["record_id"].to_list() == found.observations["record_id"].to_list()
    assert later.observations["observation_id"].to_list() != found.observations["observation_id"].to_list()


def test_the_order_of_entries_changes_nothing() -> None:
    items = [item(guid=f"g{n}", date=f"Sat, 19 Apr 2025 1{n}:00:00 GMT") for n in range(5)]
    whole, turned = read(rss(*items)), read(rss(*items[::-1]))
    assert whole.observations.drop("payload_sha256").equals(turned.observations.drop("payload_sha256"))


def test_the_settings_name_what_they_cannot_take() -> None:
    with pytest.raises(ValueError, match="artilery"):
        SOURCE.settings.model_validate({"default_kind": "artilery"})


@pytest.mark.parametrize(
    "text",
    [
        rss(item("&#xD800; shelling")),
        rss(item()).encode().replace(b"Shelling", b"Shell\xca\xf5ing"),
        rss(item(more="<georss:polygon>0 20 0 1e999 1 21 0 20</georss:polygon>")),
        json.dumps(ALERTS).replace("air_raid", "\\ud800"),
    ],
)
def test_broken_characters_and_numbers_end_in_refusal_or_quarantine(text: str | bytes) -> None:
    settings = MAPPING if text[:1] == "{" else {}
    try:
        found = read(text, **settings)
    except SourceRefused as refusal:
        assert "Mend: " in str(refusal)
        return
    assert found.observations.height + found.quarantine.height >= 1
