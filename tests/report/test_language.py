"""Catalogues: complete, sayable, with the plural forms, numbers and dates of their language; and languages as data."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from markupsafe import Markup

from servanda.errors import LanguageError
from servanda.findings import Interval
from servanda.report import plurals
from servanda.report.language import ROOT, Message, catalogue, known, mistakes, placeholders
from servanda.report.numbers import Clock, Figures

COMPLIANCE = Path(__file__).parents[2] / "src" / "servanda" / "compliance"
ENGLISH = catalogue("en")
SHIPPED = known()
PN = "50,45° пн. ш."
SPACES = str.maketrans("\u00a0\u202f", "  ")


def test_the_four_languages_are_there() -> None:
    assert {"en", "fr", "ru", "uk"} <= set(SHIPPED)


@pytest.mark.parametrize("language", SHIPPED)
def test_every_key_is_in_every_language_with_the_same_placeholders(language: str) -> None:
    mine = catalogue(language)
    assert mine.missing == ()
    assert list(mistakes(mine.messages, ENGLISH.messages)) == []
    unlike = {k for k, m in mine.messages.items() if named(m) != named(ENGLISH.messages[k])}
    assert unlike == set()


def named(message: Message) -> frozenset[str]:
    return placeholders(message) - {"n"} if not isinstance(message, str) else placeholders(message)


@pytest.mark.parametrize("language", SHIPPED)
def test_a_plural_has_every_form_that_counting_needs_or_one_for_all(language: str) -> None:
    mine = catalogue(language)
    needed = {plurals.category(mine.plural, n) for n in range(1001)}
    for key, message in mine.messages.items():
        if isinstance(message, dict) and key != "language.plural":
            forms = {f for f in message if not f.startswith("=")}
            assert forms == {"other"} or forms >= needed, f"{language}: {key} has {sorted(forms)}"


@pytest.mark.parametrize("language", ["uk", "ru", "fr"])
def test_no_message_is_left_in_english(language: str) -> None:
    same = {k for k, m in catalogue(language).messages.items() if m == ENGLISH.messages[k] and letters(m)}
    # Words that the languages share, or that are names and symbols.
    assert {k for k in same if language != "fr"} <= {"values.p", "language.inline"}
    assert len(same) < 70


def letters(message: Message) -> bool:
    texts = [message] if isinstance(message, str) else list(message.values() if isinstance(message, dict) else message)
    return any(re.search(r"[A-Za-z]", re.sub(r"\{\w+\}", "", text)) for text in texts) and "ltr" not in texts


@pytest.mark.parametrize("language", SHIPPED)
def test_catalogues_hold_no_em_of_markup(language: str) -> None:
    held = catalogue(language).messages
    assert [k for k, m in held.items() if isinstance(m, str) and re.search(r"<[a-z/]|&[a-z]+;", m)] == []


def test_every_code_that_compliance_gives_can_be_told() -> None:
    source = "".join(p.read_text("utf-8") for p in sorted(COMPLIANCE.glob("*.py")))
    words = re.search(r"^WORDS = \{\n(.*?)^\}", (COMPLIANCE / "reasons.py").read_text("utf-8"), re.S | re.M)
    assert words is not None
    codes = {*re.findall(r'Reason\(\s*"(\w+)"', source), *re.findall(r'^    "(\w+)":', words[1], re.M)}
    assert len(codes) > 25
    assert {c for c in codes if f"reasons.{c}" not in ENGLISH.messages} == set()


CASES: dict[str, dict[float, str]] = {
    "en": {1: "one", 0: "other", 2: "other", 1.5: "other"},
    "fr": {0: "one", 1: "one", 1.5: "one", 2: "other", 1_000_000: "many", 1_000_001: "other"},
    "uk": {1: "one", 21: "one", 11: "many", 2: "few", 12: "many", 24: "few", 0: "many", 5: "many", 1.5: "other"},
    "ar": {0: "zero", 1: "one", 2: "two", 3: "few", 110: "few", 11: "many", 99: "many", 100: "other", 102: "other"},
}  # fmt: skip
CASES["ru"] = CASES["uk"]


@pytest.mark.parametrize("language", CASES)
def test_plural_rules_are_those_of_cldr(language: str, tmp_path: Path) -> None:
    home = write(tmp_path, language, "common.toml", 'none = "—"') if language not in SHIPPED else None
    rules = catalogue(language, home).plural
    assert {n: plurals.category(rules, n) for n in CASES[language]} == CASES[language]


def test_a_rule_that_cannot_be_read_is_told() -> None:
    assert "'i is 1'" in plurals.problem({"one": "i is 1"})
    assert "takes a rule" in plurals.problem({"other": "n = 1"})
    assert plurals.problem({"one": "n % 10 = 1,2..3 and i != 5 or v != 0"}) == ""


def test_the_value_n_chooses_the_form() -> None:
    said = [catalogue("uk").say("common.incidents", n=n).translate(SPACES) for n in (1, 3, 5, 21, 1234)]
    assert said == ["1 інцидент", "3 інциденти", "5 інцидентів", "21 інцидент", "1 234 інциденти"]
    assert catalogue("en").say("summary.all_kept", n=1).startswith("The one term kept")
    assert catalogue("ru").say("summary.all_broken", n=1) == "Единственное положение нарушено"
    assert catalogue("ru").say("summary.all_broken", n=21) == "Нарушены все положения (21)"


def test_markup_in_a_value_is_kept_and_all_else_is_escaped() -> None:
    said = ENGLISH.say("markdown.row", source="<a>", file="&", row="3", reason=Markup("<b>x</b>"))
    assert said == "&lt;a&gt;, &amp;, row 3: <b>x</b>"
    assert isinstance(said, Markup)
    assert not isinstance(ENGLISH.say("common.hours", hours="<3"), Markup)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["12,346", "3.1", "50 %", "> 99 %", "0.62 (0.41–0.93)", "3.1 (1–6)", "2.5 km"]),
        ("uk", ["12 346", "3,1", "50 %", "> 99 %", "0,62 (0,41–0,93)", "3,1 (1–6)", "2,5 км"]),
        ("ru", ["12 346", "3,1", "50 %", "> 99 %", "0,62 (0,41–0,93)", "3,1 (1–6)", "2,5 км"]),
        ("fr", ["12 346", "3,1", "50 %", "> 99 %", "0,62 (0,41–0,93)", "3,1 (1–6)", "2,5 km"]),
    ],
)
def test_numbers_are_written_as_the_language_does(language: str, words: list[str]) -> None:
    f = Figures(catalogue(language))
    made = [
        f.number(12345.6), f.number(3.14), f.percent(0.5), f.percent(0.999),
        f.ratio(Interval(0.618, 0.412, 0.93)), f.interval(Interval(3.14, 1.0, 6.0)), f.distance(2500.0),
    ]  # fmt: skip
    assert [m.translate(SPACES) for m in made] == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["1 May 2025", "1 May", "1 May 2025, 18:05", "1 May 2025, 00:00–24:00", "50.45° N"]),
        ("uk", ["1 травня 2025 р.", "1 трав.", "1 травня 2025 р., 18:05", "1 травня 2025 р., 00:00–24:00", PN]),
        ("ru", ["1 мая 2025 г.", "1 мая", "1 мая 2025 г., 18:05", "1 мая 2025 г., 00:00–24:00", "50,45° с. ш."]),
        ("fr", ["1er mai 2025", "1er mai", "1er mai 2025, 18 h 05", "1er mai 2025, 00 h 00–24 h 00", "50,45° N"]),
    ],
)  # fmt: skip
def test_dates_and_places_are_written_as_the_language_does(language: str, words: list[str]) -> None:
    clock = Clock("UTC", catalogue(language))
    t, a, b = (
        datetime(2025, 5, 1, 18, 5, tzinfo=UTC),
        datetime(2025, 5, 1, tzinfo=UTC),
        datetime(2025, 5, 2, tzinfo=UTC),
    )
    made = [clock.date(t), clock.day(t), clock.moment(t), clock.span(a, b), Figures(clock.words).latitude(50.45)]
    assert [m.translate(SPACES) for m in made] == words


def test_capitals_of_a_short_form_stay_inside_a_sentence() -> None:
    assert ENGLISH.inline("AIS gap") == "AIS gap"
    assert ENGLISH.inline("Ground attack") == "ground attack"


def write(home: Path, language: str, file: str, text: str) -> Path:
    """A folder of languages with one file; its head says no more than a name."""
    folder = home / language
    folder.mkdir(exist_ok=True)
    (folder / "language.toml").write_text('name = "Novlang"\ndirection = "rtl"\n', encoding="utf-8")
    (folder / file).write_text(text + "\n", encoding="utf-8")
    return home


def test_a_language_is_a_folder_and_what_it_lacks_is_said_in_english_and_reported(tmp_path: Path) -> None:
    home = write(tmp_path, "qaa", "map.toml", 'title = "Mappa"')
    words = catalogue("qaa", home)
    assert (words.name, words.direction, words.say("map.title")) == ("Novlang", "rtl", "Mappa")
    assert words.say("map.less") == "less"
    assert "map.less" in words.missing
    assert "map.title" not in words.missing
    assert "qaa" in known(home)
    assert "qaa" not in known()


def test_a_mission_may_replace_a_single_word(tmp_path: Path) -> None:
    home = write(tmp_path, "fr", "verdicts.toml", 'kept = "Observé"')
    words = catalogue("fr", home)
    assert words.say("verdicts.kept") == "Observé"
    assert words.say("verdicts.broken") == catalogue("fr").say("verdicts.broken")
    assert words.missing == ()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("map.toml", 'titel = "Karte"', "'map.titel': English has no such key"),
        ("map.toml", 'sure = "ab {chanse}"', "nothing gives the value {chanse}"),
        ("map.toml", 'sure = "ab {chance"', "its braces cannot be read"),
        ("map.toml", 'title = { one = "{n} a" }', "no form 'other'"),
        ("common.toml", 'rows = { few = "{n} x" }', "no form 'other'"),
        ("language.toml", 'name = "N"\nplural = { one = "i is 1" }', "the rule of 'one' cannot be read"),
        ("language.toml", 'name = "N"\nmonths = ["Jan"]', "1 entries where English has 12"),
        ("map.toml", "title = ", "The file is no TOML"),
    ],
)
def test_a_catalogue_that_a_report_could_not_say_is_refused(tmp_path: Path, file: str, text: str, told: str) -> None:
    home = write(tmp_path, "qaa", file, text)
    with pytest.raises(LanguageError, match=re.escape(told)):
        catalogue("qaa", home)


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(LanguageError, match=r"There is no language 'xx'.*Known languages: en, fr, ru, uk"):
        catalogue("xx")


def test_no_party_is_named_in_a_catalogue() -> None:
    text = "".join(p.read_text("utf-8") for d in ROOT.iterdir() if d.is_dir() for p in d.iterdir())
    assert not re.search(r"Russia|Росі[яїй]|Росси[яий]|Russie|Ukrain|Україн(?!ська)|Украин", text)
