"""The report as a whole: repeatable, self-contained, safe, and with evidence behind every number."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from servanda.findings import Reason
from servanda.report import ReportData, write
from servanda.report.page import language_tag, markdown_text, weblink
from servanda.report.public import publishable

NETWORK_TAGS = {"script", "link", "img", "iframe", "object", "embed", "source", "base", "audio", "video"}


class Page(HTMLParser):
    """Ids, links and tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.hrefs: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href", "action"):
                self.hrefs.append((tag, value or ""))


@pytest.fixture(scope="module")
def written(truce: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write(truce, folder)
    return folder


@pytest.fixture(scope="module")
def html(written: Path) -> str:
    return (written / "report.html").read_text("utf-8")


def test_writes_four_files_and_leaves_no_draft(truce: ReportData, tmp_path: Path) -> None:
    paths = write(truce, tmp_path / "new" / "folder")
    assert [p.name for p in paths] == ["report.html", "report.md", "findings.json", "incidents.geojson"]
    assert sorted(p.name for p in paths[0].parent.iterdir()) == sorted(p.name for p in paths)


def test_same_data_same_bytes_whatever_the_order_of_rows(truce: ReportData, written: Path, tmp_path: Path) -> None:
    shuffled = replace(
        truce,
        incidents=truce.incidents.sample(fraction=1, shuffle=True, seed=1),
        membership=truce.membership.sample(fraction=1, shuffle=True, seed=2),
        watches=truce.watches.sample(fraction=1, shuffle=True, seed=3),
        observations=truce.observations.sample(fraction=1, shuffle=True, seed=4),
    )
    for path in write(shuffled, tmp_path):
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


def test_every_link_leads_to_an_anchor_that_exists_once(html: str) -> None:
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    inner = [href[1:] for _, href in page.hrefs if href.startswith("#")]
    assert len(inner) > 200
    assert sorted(set(inner) - set(page.ids)) == []


def test_numbers_of_the_verdict_table_link_to_their_findings(html: str) -> None:
    table = html[html.index('<section id="verdicts"') : html.index('<section id="changes"')]
    assert table.count('href="#f-no_fire-any-in_force') == 5
    assert '<a class="n" href="#f-no_fire-any-in_force-1915">72\u00a0%</a>' in table


def test_incidents_that_reasons_name_are_in_the_annex_and_linked(truce: ReportData, tmp_path: Path) -> None:
    few = replace(truce, settings=replace(truce.settings, annex_incidents=1))
    html = write(few, tmp_path)[0].read_text("utf-8")
    assert '<tr id="i-i0000024">' in html
    assert '(<a class="id" href="#i-i0000024" title="i0000024">i0000024</a>; probability 0.97)' in html


def test_nothing_is_fetched_from_the_network(html: str) -> None:
    page = Page(html)
    assert page.tags & NETWORK_TAGS == set()
    outward = [(tag, href) for tag, href in page.hrefs if not href.startswith("#")]
    assert {tag for tag, _ in outward} == {"a"}
    assert all(href.startswith("https://example.org/") for _, href in outward)
    assert not re.search(r"url\((?!#h-)|@import", html)


def test_text_of_others_cannot_become_markup(html: str, written: Path) -> None:
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)" in html
    assert not [a for a in Page(html).attributes if a.startswith("on")]
    assert 'href="javascript:' not in html
    markdown = (written / "report.md").read_text("utf-8")
    assert "<script" not in markdown
    assert r"\| \"quoted\" &amp; \`code\`".replace(r"\"", '"') in markdown


def test_cyrillic_text_is_kept_and_tagged_with_its_language(html: str) -> None:
    assert '<span lang="uk" dir="auto">Обстріл околиць' in html
    assert "Південна Рада" in html
    assert html.index("<meta charset") < 200


def test_restricted_observations_and_sources_are_withheld(html: str, written: Path) -> None:
    assert "of these incidents are restricted: they count, but nothing of them is shown" in html
    for name in ("report.html", "report.md", "findings.json", "incidents.geojson"):
        text = (written / name).read_text("utf-8")
        for secret in (
            "insider",
            "Somebody inside",
            "Shelling heard north",
            "https://example.org/b",
            "secret raw text",
        ):
            assert secret not in text, (name, secret)


def test_no_id_of_a_restricted_observation_is_published(truce: ReportData, written: Path) -> None:
    shut = set(truce.observations.filter(pl.col("access") != "open")["observation_id"])
    named = {r for f in truce.findings for reason in f.reasons for b in reason.because for r in b.observation_ids}
    assert named & shut, "the fixture has reasons that name restricted observations"
    for name in ("report.html", "report.md", "findings.json", "incidents.geojson"):
        found = set(re.findall(r"\bo\d{3}\b", (written / name).read_text("utf-8")))
        assert not found & shut, name
        assert name == "report.md" or found, "those of open ones are there"


def test_reasons_do_not_name_a_restricted_source_or_its_witness_group(truce: ReportData) -> None:
    power = Reason("power_of", "insider alone would have reported it.", (("group", "insider"), ("p", 0.3)))
    seen = Reason(
        "incident", "Shelling, 2 independent witnesses (cell, patrols).", aside=(("groups", "cell, patrols"),)
    )
    hidden = pl.col("source_id") == "insider"
    grouped = truce.sources.with_columns(witness_group=pl.when(hidden).then(pl.lit("cell")).otherwise("witness_group"))
    finding = replace(truce.findings[0], reasons=(Reason("power", "As follows.", because=(power, seen)),))
    (told,) = publishable(replace(truce, sources=grouped, findings=(finding,))).findings
    alone, both = told.reasons[0].because
    assert (alone.text, alone.values) == (
        "restricted sources alone would have reported it.", (("group", "restricted sources"), ("p", 0.3)),
    )  # fmt: skip
    assert both.text == "Shelling, 2 independent witnesses (restricted sources, patrols)."
    assert both.aside == (("groups", "restricted sources, patrols"),)


def test_what_is_left_out_is_stated(truce: ReportData, tmp_path: Path) -> None:
    few = replace(truce.settings, annex_incidents=3, annex_observations=5, quarantine_rows=2, map_symbols=4, regions=1)
    html = write(replace(truce, settings=few), tmp_path)[0].read_text("utf-8")
    assert "3\u00a0incidents of 42 that bear on them" in html
    assert "The first 2 are shown." in html
    assert "3\u00a0further regions in incidents.geojson" in html
    assert re.search(r"(\d+)\u00a0incidents? drawn; not drawn: \d+ less likely or beyond the edge", html)
    assert sorted({h[1:] for _, h in Page(html).hrefs if h.startswith("#")} - set(Page(html).ids)) == []


def test_the_report_says_when_the_map_file_was_cut(truce: ReportData, tmp_path: Path) -> None:
    few = replace(truce, settings=replace(truce.settings, geojson_incidents=1))
    paths = write(few, tmp_path)
    for path in paths[:2]:
        assert "only incidents that bear on a term or lie in the reporting period" in path.read_text("utf-8"), path.name
    assert "of 63)" in paths[0].read_text("utf-8")


def test_the_first_page_tells_heat_and_warnings_from_incidents(hot: ReportData, tmp_path: Path) -> None:
    paths = write(hot, tmp_path)
    head = paths[0].read_text("utf-8").split('<section id="verdicts"')[0]
    assert re.search(r"\d+\u00a0air-raid alerts?</a> \(warnings, not strikes\) and heat seen from space at", head)
    assert re.search(r"\d+\u00a0spots</a>, \d+ of them unusual for the season", head)
    assert 'id="beside"' in paths[0].read_text("utf-8")
    assert re.search(r"heat seen from space at \d+\u00a0spots, \d+ of them unusual", paths[1].read_text("utf-8"))


def test_the_scoreboard_has_its_explanation_and_diagram(html: str) -> None:
    board = html[html.index('<section id="scoreboard"') :]
    assert "the truth is known" in board
    assert 'aria-labelledby="reliability-title' in board


def test_without_any_data_the_report_says_so(truce: ReportData, tmp_path: Path) -> None:
    frames = ("incidents", "membership", "observations", "watches", "quarantine", "sources")
    more = ("incident_terms", "incident_regions", "effort")
    empty = {name: getattr(truce, name).clear() for name in frames + more}
    bare = replace(
        truce, findings=(), previous=(), comparisons=(), zones=(), regions={}, land=None, refused=(), notices=(),
        scoreboard=None, previous_period=None, **empty,
    )  # fmt: skip
    paths = write(bare, tmp_path)
    html = paths[0].read_text("utf-8")
    for words in (
        "nothing was found upon",
        "This is the first report",
        "Nothing to draw",
        "nobody is known to have been looking",
        "No incident falls in this period",
        "Every row of input could be used",
    ):
        assert words in html, words
    assert json.loads(paths[3].read_text("utf-8"))["features"] == []


def test_an_open_ended_agreement_of_a_year_is_counted_by_day(truce: ReportData, tmp_path: Path) -> None:
    start = truce.agreement.t_from.replace(year=truce.agreement.t_from.year - 1)
    long = replace(truce, agreement=replace(truce.agreement, t_from=start, t_to=None))
    html = write(long, tmp_path)[0].read_text("utf-8")
    assert "Incidents by day, local time" in html
    assert "open-ended" in html


def test_incidents_known_only_from_sealed_reports_are_placed_coarsely(truce: ReportData, tmp_path: Path) -> None:
    sealed = replace(truce, observations=truce.observations.with_columns(access=pl.lit("sealed")))
    paths = write(sealed, tmp_path)
    features = json.loads(paths[3].read_text("utf-8"))["features"]
    assert all(f["properties"]["place_coarsened"] for f in features)
    assert all(round(c, 1) == c for f in features for c in f["geometry"]["coordinates"])
    assert "63\u00a0incidents rest on restricted observations only" in paths[0].read_text("utf-8")


def test_only_web_addresses_become_links() -> None:
    assert weblink("https://example.org/a?b=1") == "https://example.org/a?b=1"
    for bad in ("javascript:alert(1)", "data:text/html,x", "//example.org", "https://", "http://[bad", "file:///etc"):
        assert weblink(bad) == "", bad


def test_markdown_and_language_are_made_safe() -> None:
    assert markdown_text("a|b\n# c <d> [e](f)") == r"a\|b \# c &lt;d&gt; \[e\](f)"
    assert markdown_text(3) == 3
    assert language_tag("uk-UA") == "uk-UA"
    assert language_tag('en" onload="x') == "und"
