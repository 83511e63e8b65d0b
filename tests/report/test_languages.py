"""The report in each language: nothing of the template stays English, what is quoted stays as it was written."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from servanda.findings import Finding, Reason
from servanda.report import ReportData, write
from servanda.report.counts import by_region
from servanda.report.incidents import mark
from servanda.report.language import ROOT, Message, catalogue
from servanda.report.reasons import told

ACCENTS = str.maketrans("aeiouyncsdzAEIOUYNCSDZ", "áéíóúýñçšďžÁÉÍÓÚÝÑÇŠĎŽ")
PLAIN = frozenset("bfghjklmpqrtvwxBFGHJKLMPQRTVWX")
NAMES = {"UTC", "SHA", "Servanda", "findings", "json", "incidents", "geojson", "report", "html", "counted_as"}
NAMES |= {"kind_group", "regions", "Europe", "Kyiv", "Etc", "English", "GNSS", "km", "of", "Clopper", "Pearson", "AIS"}
QUOTED = {
    "title",
    "text",
    "reading",
    "clause",
    "label",
    "provider",
    "licence",
    "citation",
    "reason",
    "file",
    "raw",
    "name",
}
"""Fields and columns that hold what others wrote; their letters are taken out, so that the template's own are left."""
REASONS = (
    Reason("proof_met", "x", (), (
        Reason("incident", "x", (("incident_id", "i0000024"), ("chance", 0.995), ("witnesses", 2)),
               aside=(("kind", "ground_attack"), ("groups", "a, b"))),
        Reason("exempt_incident", "x", (("incident_id", "i0000024"), ("allow", "self_defence"), ("clause", "6"))),
        Reason("stands_for", "x", (("count_low", 3.0), ("count_high", 1200.0)), aside=(("count", "3 to 1,200"),)),
    )),
    Reason("evidence_listed", "x", (("total", 40), ("listed", 24))),
    Reason("stretches", "x", (("broken", 2), ("kept", 1))),
    Reason("asked", "x", (("kept", 2),), (
        Reason("trigger", "x", (("incident_id", "i0000024"), ("verdict", "kept")),
               aside=(("name", "2031-04-19"), ("why", "power_short"))),
    ), aside=(("total", 41), ("named", 40))),
    Reason("power", "x", (("power", 0.5), ("asked", 0.8)), (
        Reason("power_of", "x", (("group", "a"), ("p", 0.004))),
        Reason("unwatched_kinds", "x", aside=(("kinds", "raid,air_strike"),)),
    )),
)  # fmt: skip


class Words(HTMLParser):
    """What is read of a page: its text, and what is said to pointers and screen readers."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("style", "code")
        self.said += [v or "" for k, v in attrs if k in ("title", "aria-label", "data-label")]

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.said.append("" if data.startswith(("http", "javascript:")) else data)


def masked(value: Any) -> Any:
    """The value with ``•`` for every letter in what others wrote."""
    if isinstance(value, pl.DataFrame):
        return value.with_columns(pl.col(c).str.replace_all(r"\p{L}", "•") for c in value.columns if c in QUOTED)
    if isinstance(value, tuple):
        return tuple(masked(v) for v in value)
    if isinstance(value, Finding):
        return replace(value, reasons=REASONS, clause="•")
    if is_dataclass(value) and not isinstance(value, type):
        held = {f.name: getattr(value, f.name) for f in fields(value)}
        return replace(value, **{k: blank(v) if k in QUOTED else masked(v) for k, v in held.items()})
    return value


def blank(value: Any) -> Any:
    return re.sub(r"[^\W\d_]", "•", value) if isinstance(value, str) else masked(value)


@pytest.fixture(scope="module")
def quiet(truce: ReportData) -> ReportData:
    """The truce with everything that it quotes blanked; refusals and notices stay English wherever they are."""
    data: ReportData = replace(masked(replace(truce, settings=truce.settings)), settings=truce.settings)
    regions = {blank(k) + str(i): v for i, (k, v) in enumerate(truce.regions.items())}
    named = dict(zip(truce.regions, regions, strict=True))
    placed = data.incident_regions.with_columns(pl.col("region").replace(named))
    comparisons = tuple(
        replace(c, note="x", excluded=("x",), left_out=(("•", 2),), aside=(("wave_gap_h", 1.5), ("dispersion", 2.0)))
        for c in data.comparisons
    )
    return replace(
        data, regions=regions, incident_regions=placed, refused=("•",), notices=("•",), comparisons=comparisons
    )


def identities(data: ReportData) -> set[str]:
    """Words of ids: of sources, terms, parties, findings, incidents, watches and observations."""
    ids = [
        *data.sources["source_id"],
        *data.watches["source_id"],
        *data.watches["watch_id"],
        "other",
        "alerts",
        "fires",
    ]
    ids += [c.measure for c in data.comparisons]
    ids += [t.term_id for v in data.agreement.versions for t in v.terms] + [f.finding_id for f in data.findings]
    return {word for i in ids for word in re.findall(r"[A-Za-z]+", i)} | {"in_force", "any", "self_defence"}


def latin(page: str, data: ReportData) -> set[str]:
    """Words of plain Latin letters that are neither names nor ids."""
    found = {w for said in Words(page).said for w in re.findall(r"[A-Za-z][A-Za-z_]+", said)}
    own = identities(data) | NAMES
    return {
        w for w in found if not set(re.findall(r"[A-Za-z]+", w)) <= own and w not in own and not re.match("[iow]0", w)
    }


def accented(message: Message, stretch: str = "") -> Message:
    if isinstance(message, str):
        parts = re.split(r"(\{\w+\})", message)
        return "".join(p if p.startswith("{") else "".join(_letter(c) for c in p) for p in parts) + stretch
    if isinstance(message, Mapping):
        return {k: str(accented(v, stretch)) for k, v in message.items()}
    return tuple(str(accented(m)) for m in message)


def _letter(c: str) -> str:
    return f"{c}\u0301" if c in PLAIN else c.translate(ACCENTS)


def quote(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def toml(message: Message) -> str:
    if isinstance(message, str):
        return quote(message)
    if isinstance(message, Mapping):
        return "{ " + ", ".join(f"{quote(k)} = {quote(v)}" for k, v in message.items()) + " }"
    return "[" + ", ".join(map(quote, message)) + "]"


FORMATS = {"direction", "inline", "decimal", "thousands", "percent", "below", "above", "range", "first_of_month"}


def made_up(home: Path, language: str, stretch: str = "") -> Path:
    """A language made from English: every letter that is not a value has an accent."""
    (home / language).mkdir(parents=True)
    topics: dict[str, list[str]] = {}
    for key, message in catalogue("en").messages.items():
        topic, _, name = key.partition(".")
        as_it_is = topic == "language" and name in FORMATS | {"date", "day", "time", "moment", "span", "span_of_day"}
        topics.setdefault(topic, []).append(f"{name} = {toml(message if as_it_is else accented(message, stretch))}")
    for topic, lines in topics.items():
        (home / language / f"{topic}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home


def pages(data: ReportData, folder: Path) -> dict[str, str]:
    written = write(data, folder)
    return {p.name: p.read_text("utf-8") for p in written if p.suffix in (".html", ".md")}


def test_a_language_made_up_as_a_folder_says_everything_that_a_template_says(quiet: ReportData, tmp_path: Path) -> None:
    home = made_up(tmp_path / "languages", "qps")
    found = pages(replace(quiet, languages=("qps",), language_folder=home, written_in="qps"), tmp_path / "out")
    assert latin(found["report.html"], quiet) == set()
    assert latin(found["report.md"], quiet) == set()
    assert '<html lang="qps" dir="ltr">' in found["report.html"]


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_no_english_is_left_in_a_cyrillic_report(quiet: ReportData, tmp_path: Path, language: str) -> None:
    found = pages(replace(quiet, languages=(language,)), tmp_path)
    assert latin(found["report.html"], quiet) == set()
    assert latin(found["report.md"], quiet) == set()


@pytest.mark.parametrize("language", ["uk", "ru", "fr"])
def test_reasons_are_told_by_their_codes(truce: ReportData, language: str) -> None:
    words, finding = catalogue(language), truce.findings[0]
    stack = list(REASONS)
    while stack:
        reason = stack.pop()
        stack += reason.because
        said = told(words, reason, finding)
        assert said not in ("x", ""), reason.code
        assert "{" not in said
    assert told(words, Reason("never_heard_of", "As it came."), finding) == "As it came."


def test_reasons_name_kinds_chances_and_bounds(truce: ReportData) -> None:
    words, finding = catalogue("uk"), truce.findings[0]
    incident = told(words, REASONS[0].because[0], finding)
    assert "наземна атака, імовірність порушення понад 99 %, 2 незалежні свідки (a, b)" in incident
    assert "3–1\u00a0200" in told(words, REASONS[0].because[2], finding)
    assert told(words, Reason("power_short", "x"), finding, duty=True).startswith("Виконання не доведено")
    assert "Наведено перші 40" in told(words, REASONS[3], finding)


def test_english_reasons_are_those_of_the_findings(truce: ReportData) -> None:
    assert told(catalogue("en"), Reason("proof_met", "As it was found."), truce.findings[0]) == "As it was found."


def test_each_language_has_its_pages_and_they_lead_to_each_other(truce: ReportData, tmp_path: Path) -> None:
    paths = write(replace(truce, languages=("uk", "en", "fr")), tmp_path)
    names = [p.name for p in paths]
    assert [n for n in names if n.endswith(".html")] == ["report.html", "report.en.html", "report.fr.html"]
    first, english = ((tmp_path / n).read_text("utf-8") for n in ("report.html", "report.en.html"))
    assert '<html lang="uk" dir="ltr">' in first
    assert '<a href="report.en.html" hreflang="en" lang="en" dir="ltr">English</a>' in first
    assert '<a href="report.html" hreflang="uk" lang="uk" dir="ltr">Українська</a>' in english
    assert "[Українська](report.md)" in (tmp_path / "report.en.md").read_text("utf-8")


def test_what_is_quoted_is_marked_with_its_language_and_stays(truce: ReportData, tmp_path: Path) -> None:
    found = pages(replace(truce, languages=("uk", "en")), tmp_path)
    assert '<h1 lang="en" dir="auto">Spring truce: 20 April 2031</h1>' in found["report.html"]
    assert "<h1>Spring truce: 20 April 2031</h1>" in found["report.en.html"]
    assert '<span lang="en" dir="auto">Art. 1 (1)</span>' in found["report.html"]
    assert "Northern Republic" in found["report.html"]
    assert '<td lang="en" dir="auto">Latitude 90.0 is outside −90 to 90.</td>' in found["report.html"]


def test_what_machines_read_is_the_same_in_every_language(truce: ReportData, tmp_path: Path) -> None:
    for name, languages in (("a", ("en",)), ("b", ("uk", "fr"))):
        write(replace(truce, languages=languages), tmp_path / name)
    for file in ("findings.json", "incidents.geojson"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_english_is_the_same_alone_and_among_others_but_for_the_links(truce: ReportData, tmp_path: Path) -> None:
    alone = pages(truce, tmp_path / "a")["report.html"]
    among = pages(replace(truce, languages=("en", "ru")), tmp_path / "b")["report.html"]
    without = re.sub(r'<p class="languages">.*?</p>\n|\.languages\{.*?\}\n', "", among)
    assert without == alone


def test_rows_stand_in_the_same_order_in_every_language(truce: ReportData) -> None:
    marked = mark(truce)
    rows = [r.label for r in by_region(truce, marked)[0]]
    assert [r.label for r in by_region(replace(truce, languages=("uk",)), marked)[0]] == rows


def test_a_language_from_right_to_left_turns_the_page(truce: ReportData, tmp_path: Path) -> None:
    home = made_up(tmp_path / "languages", "qar")
    head = home / "qar" / "language.toml"
    head.write_text(head.read_text("utf-8").replace('direction = "ltr"', 'direction = "rtl"'), encoding="utf-8")
    html = pages(replace(truce, languages=("qar",), language_folder=home), tmp_path / "out")["report.html"]
    assert '<html lang="qar" dir="rtl">' in html
    assert "text-align:right" in html


def test_the_catalogues_are_part_of_the_package() -> None:
    assert ROOT.joinpath("uk").joinpath("kinds.toml").is_file()
