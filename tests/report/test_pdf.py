"""The report on paper: the same content, every letter with a shape, the same bytes for the same evidence."""

import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.report.conftest import HOSTILE

from servanda.report import ReportData, Scoreboard, write
from servanda.report.data import ScoreRow
from servanda.report.incidents import mark
from servanda.report.page import render, view
from servanda.report.pdf import press, print_report
from servanda.report.pdf.document import document
from servanda.report.pdf.pictures import signs
from servanda.report.public import publishable
from servanda.report.words import STYLES

ARABIC, CYRILLIC = "المجلس الأعلى للجنوب", "Південна Рада їєґ — Съезд ё"
LANGUAGES = ("en", "uk", "ru", "fr")
poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")


def named(data: ReportData) -> ReportData:
    """The truce, with parties of Arabic and Cyrillic names."""
    parties = tuple(
        replace(p, name=name) for p, name in zip(data.agreement.parties, (ARABIC, CYRILLIC, "Guarantor"), strict=True)
    )
    rows = (ScoreRow("broken", 0.9, (("count", 3), ("stated", 0.9), ("proof", 0.95))),)
    board = Scoreboard(7, rows, (("broken", 2, 0, 1), ("unverifiable", 0, 0, 3)), ((0.1, 0.0, 4), (0.9, 1.0, 2)))
    return replace(data, agreement=replace(data.agreement, parties=parties), scoreboard=board, pdf=True)


@pytest.fixture(scope="module")
def data(truce: ReportData) -> ReportData:
    return publishable(named(truce))


@pytest.fixture(scope="module")
def told(data: ReportData) -> dict[str, Any]:
    return document(view(data, mark(data)))


@pytest.fixture(scope="module")
def printed(data: ReportData) -> press.Printed:
    return print_report(view(data, mark(data)))


@pytest.fixture(scope="module")
def text(printed: press.Printed, tmp_path_factory: pytest.TempPathFactory) -> str:
    return extracted(printed.pdf, tmp_path_factory.mktemp("pdf"))


def extracted(pdf: bytes, folder: Path) -> str:
    path = folder / "report.pdf"
    path.write_bytes(pdf)
    raw = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
    # Marks of direction are put in by pdftotext; joined forms of Arabic are the same letters.
    return unicodedata.normalize("NFKC", re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", raw))


def words_of(block: object) -> str:
    """All words of a document, in order."""
    if isinstance(block, dict):
        return "\n".join(words_of(v) for k, v in block.items() if k not in ("svg", "signs"))
    if isinstance(block, list):
        return "\n".join(map(words_of, block))
    return str(block) if isinstance(block, str) else ""


def test_the_same_evidence_gives_the_same_bytes(data: ReportData, printed: press.Printed) -> None:
    press._fonts.cache_clear()
    assert print_report(view(data, mark(data))).pdf == printed.pdf


def test_it_claims_to_be_read_by_all_and_names_itself(printed: press.Printed, data: ReportData) -> None:
    """PDF/UA-1: typst refuses to write it where a letter has no shape, a picture no words, a page no title."""
    assert b"<pdfuaid:part>1</pdfuaid:part>" in printed.pdf
    assert b"/StructTreeRoot" in printed.pdf
    assert data.title.encode() in printed.pdf
    assert b"/Lang(en)" in printed.pdf.replace(b" ", b"")
    assert b"D:20310421060000" in printed.pdf, "made at the as-of, not at the clock on the wall"


def test_no_letter_of_latin_cyrillic_or_arabic_is_lost(printed: press.Printed) -> None:
    assert printed.notices == ()


@poppler
def test_arabic_and_cyrillic_names_can_be_read_off_the_paper(text: str) -> None:
    assert "Південна Рада їєґ" in text
    # A reader takes the two letters of a ligature (lam-alef) in either order, so letters count and not their order.
    found = {"".join(sorted(word.strip(":"))) for word in text.split()}
    for word in ARABIC.split():
        assert "".join(sorted(word)) in found, word


@poppler
def test_the_first_page_says_it_all(text: str, data: ReportData) -> None:
    first = text.split("\f", maxsplit=1)[0]
    for words in (data.title, "21 April 2031, 09:00", "Verdict on each term", "2 of 6 terms broken", "Map"):
        assert words in first, words
    for verdict in ("Broken", "Alleged", "Unverifiable", "Pending"):
        assert verdict in first


@poppler
def test_every_page_is_numbered_and_the_others_say_of_what_they_are(text: str) -> None:
    pages = text.rstrip("\f\n").split("\f")
    for n, page in enumerate(pages, 1):
        assert f"{n} of {len(pages)}" in page
        head = "as of 21 April 2031, 09:00 (UTC+3) · agreement version 1"
        assert (head in page) == (n > 1), n


@poppler
def test_a_verdict_tells_the_page_of_its_reasons(text: str) -> None:
    pages = text.split("\f")
    told = re.findall(r"p\. (\d+)", pages[0].replace("\u00a0", " "))
    assert len(told) == 6
    assert "no_fire-any-in_force" in pages[int(told[0]) - 1]


def test_paper_and_page_say_the_same(data: ReportData, told: dict[str, Any]) -> None:
    """Every finding, incident and observation of the page, and every row of its tables, is in print."""
    said = words_of(told)
    html = re.sub(r"\s+", " ", render(view(data, mark(data)))[0])
    v = view(data, mark(data))
    for finding in v["annex"].findings:
        assert finding.finding_id in said
        assert f">{finding.finding_id}<" in html
    for row in (*v["by_kind"], *v["by_region"], *v["beside"]):
        assert row.label in said
    for comparison, _ in v["comparisons"]:
        assert data.figures.ratio(comparison.rate_ratio) in said
    for row in v["rows"]:
        assert row.words in said
    assert v["summary"] in said
    ids = {i.incident_id for i in v["annex"].incidents}
    assert ids <= set(said.split("\n"))


def test_nothing_that_others_wrote_is_read_as_markup(data: ReportData) -> None:
    wild = '#panic("x") $ * _ @ref <label> \\ `raw` [ ] = heading #import "/etc/passwd"'
    hostile = replace(data, title=wild, notices=(wild, HOSTILE))
    got = print_report(view(hostile, mark(hostile)))
    assert got.notices == ()
    assert wild in words_of(document(view(hostile, mark(hostile))))


def test_restricted_sources_are_not_in_print(told: dict[str, Any]) -> None:
    said = words_of(told)
    assert "insider" not in said
    assert "secret raw text" not in said
    assert "of these incidents are restricted: they count, but nothing of them is shown" in said


def test_letters_without_a_shape_are_named_and_the_rest_is_printed(data: ReportData) -> None:
    foreign = replace(data, title="停戦 report 🕊", notices=())
    got = print_report(view(foreign, mark(foreign)))
    assert len(got.notices) == 1
    for letter in "停戦🕊":
        assert letter in got.notices[0]
    assert "fonts" in got.notices[0]
    assert b"<pdfuaid:part>1" in got.pdf
    assert print_report(view(foreign, mark(foreign))).pdf == got.pdf


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_printed_in_itself(data: ReportData, language: str) -> None:
    spoken = replace(data, language=language, languages=LANGUAGES)
    got = print_report(view(spoken, mark(spoken)))
    assert got.notices == ()
    assert f"/Lang({language})".encode() in got.pdf.replace(b" ", b"")
    assert spoken.words.say("terms.title") in words_of(document(view(spoken, mark(spoken))))


def test_signs_of_all_verdicts_are_drawn_with_their_words(told: dict[str, Any]) -> None:
    assert set(signs()) == set(STYLES)

    def check(node: object) -> None:
        if isinstance(node, list):
            bare = [i for i, x in enumerate(node) if isinstance(x, dict) and "v" in x and "alt" not in x]
            assert all(i + 1 < len(node) or node[i - 1].get("t") for i in bare), node
            for x in node:
                check(x)
        elif isinstance(node, dict):
            for x in node.values():
                check(x)

    check(told["blocks"])


def test_the_writer_writes_one_for_each_language(data: ReportData, tmp_path: Path) -> None:
    files = write(replace(data, languages=("en", "fr")), tmp_path)
    assert [f.name for f in files if f.suffix == ".pdf"] == ["report.pdf", "report.fr.pdf"]
    assert all(f.read_bytes().startswith(b"%PDF-1.") for f in files if f.suffix == ".pdf")


def test_without_typst_the_rest_is_written_and_the_mend_is_told(
    data: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("report.pdf").write_bytes(b"of yesterday")
    monkeypatch.setattr("servanda.report.writer.available", lambda: False)
    notices: list[str] = []
    files = write(data, tmp_path, notices.append)
    assert notices == ["No PDF was written: typst is not installed. Mend: pip install 'servanda[pdf]'."]
    assert "report.html" in {f.name for f in files}
    assert not tmp_path.joinpath("report.pdf").exists(), "a PDF of an earlier run would say something else"


def test_a_mission_may_do_without(data: ReportData, tmp_path: Path) -> None:
    notices: list[str] = []
    files = write(replace(data, pdf=False), tmp_path, notices.append)
    assert not [f for f in files if f.suffix == ".pdf"]
    assert notices == []
