"""The words of the report in one language: catalogues of messages, kept as data in ``languages/<language>/*.toml``.

The topic is the name of the file, so ``say("map.title")`` is the key ``title`` of ``map.toml``. English is
complete and speaks wherever another language lacks a word. A mission may bring a folder of its own, which adds
languages and replaces single words of those that are there.
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from markupsafe import Markup, escape

from servanda.errors import LanguageError, Problem
from servanda.kinds import tree
from servanda.report import plurals

MASTER = "en"
HEAD = "language.toml"
NBSP = "\u00a0"
TAG = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""Of a BCP 47 tag, as a regular expression."""
ROOT = resources.files(__package__).joinpath("languages")

Message = str | tuple[str, ...] | Mapping[str, str]
"""A text; a list such as the names of months; or the forms of a plural."""


@dataclass(frozen=True)
class Catalogue:
    """What a report says, in one language. ``language`` is a BCP 47 tag, ``name`` its own name for itself.

    ``missing``: keys that it lacks and says in English.
    """

    language: str
    name: str
    direction: Literal["ltr", "rtl"]
    messages: Mapping[str, Message]
    plural: Mapping[str, str]
    missing: tuple[str, ...]

    def say(self, key: str, /, **values: object) -> str:
        """The message with its values. The value ``n`` chooses the plural form; whole numbers are grouped.

        With a value that is markup the result is markup, and everything else in it is escaped. Raises KeyError
        for a key that English lacks and for a value that the message names and the caller does not give.
        """
        message = self.messages[key]
        text = self._form(message, values.get("n")) if isinstance(message, Mapping) else str(message)
        shown = {k: self.whole(v) if type(v) is int else v for k, v in values.items()}
        if any(isinstance(v, Markup) for v in shown.values()):
            return Markup(escape(text)).format(**shown)
        return text.format(**shown)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of words, such as the months."""
        message = self.messages[key]
        return message if isinstance(message, tuple) else ()

    def knows(self, key: str) -> bool:
        return key in self.messages

    def whole(self, n: int) -> str:
        return f"{n:,}".replace(",", self.say("language.thousands"))

    def inline(self, words: str) -> str:
        """Words that begin a line elsewhere, inside a sentence: small letters where the language has it so; not AIS."""
        if self.say("language.inline") != "lower":
            return words
        return " ".join(w if len(w) > 1 and w.isupper() else w.lower() for w in words.split(" "))

    def _form(self, forms: Mapping[str, str], n: object) -> str:
        """The form for exactly this number (``=1``), else for its plural category, else ``other``."""
        if not isinstance(n, int | float):
            raise KeyError("n")
        exact = forms.get(f"={n}")
        return exact if exact is not None else forms.get(plurals.category(self.plural, n), forms["other"])


def known(folder: Path | None = None) -> tuple[str, ...]:
    """The languages that there are, those of a mission's own ``folder`` among them."""
    places = (ROOT, folder) if folder and folder.is_dir() else (ROOT,)
    return tuple(sorted({d.name for place in places for d in place.iterdir() if d.joinpath(HEAD).is_file()}))


@cache
def catalogue(language: str, folder: Path | None = None) -> Catalogue:
    """The catalogue of a language. Raises LanguageError where it is unknown or its files have mistakes."""
    if language not in known(folder):
        mend = f"Known languages: {', '.join(known(folder))}."
        raise LanguageError([Problem(language, 0, 0, f"There is no language '{language}'.", mend)])
    english = {f"kinds.{k.kind}": k.label for k in tree().values()} | dict(_read(ROOT.joinpath(MASTER)))
    mine: dict[str, Message] = english if language == MASTER else dict(_read(ROOT.joinpath(language)))
    if folder:
        added = dict(_read(folder / language))
        _check(added, english, folder / language)
        mine = mine | added
    said = english | mine
    rules = mine.get("language.plural") or _rules().get(language, {})
    missing = tuple(sorted(english.keys() - mine.keys()))
    direction: Literal["ltr", "rtl"] = "rtl" if said["language.direction"] == "rtl" else "ltr"
    return Catalogue(
        language, str(said["language.name"]), direction, said, rules if isinstance(rules, Mapping) else {}, missing
    )


@cache
def _rules() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(ROOT.joinpath("plurals.toml").read_text("utf-8"))


def _read(folder: Traversable) -> Iterator[tuple[str, Message]]:
    """Every (key, message) of a language's folder, files in order of their names."""
    files = sorted(folder.iterdir(), key=lambda f: f.name) if folder.is_dir() else []
    for file in files:
        if file.name.endswith(".toml"):
            try:
                topic = tomllib.loads(file.read_text("utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                what = f"The file is no TOML: {error}."
                raise LanguageError([Problem(str(file), 0, 0, what, "See docs/guides/languages.md.")]) from None
            yield from ((f"{file.name.removesuffix('.toml')}.{key}", _message(m)) for key, m in topic.items())


def _message(written: object) -> Message:
    """A tilde is a space at which a line does not break."""
    if isinstance(written, Mapping):
        return {str(k): str(v).replace("~", NBSP) for k, v in written.items()}
    if isinstance(written, list):
        return tuple(str(v).replace("~", NBSP) for v in written)
    return str(written).replace("~", NBSP)


def placeholders(message: Message) -> frozenset[str]:
    """The values that a message names in any of its forms; ``n`` is that of the plural itself and may be unsaid."""
    if isinstance(message, tuple):
        return frozenset()
    texts = [message] if isinstance(message, str) else [*message.values(), "{n}"]
    return frozenset(name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def mistakes(mine: Mapping[str, Message], english: Mapping[str, Message]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of messages that a report could not say."""
    for key, message in mine.items():
        if key == "language.plural":
            wrong = plurals.problem(message) if isinstance(message, Mapping) else "it must be a table of rules"
            if wrong:
                yield key, wrong
        elif key not in english:
            yield key, "English has no such key, so nothing says it"
        else:
            yield from ((key, wrong) for wrong in _unsayable(message, english[key]))


def _unsayable(message: Message, english: Message) -> Iterator[str]:
    if isinstance(message, tuple) != isinstance(english, tuple):
        yield "one is a list and the other is not"
        return
    if isinstance(message, tuple) and len(message) != len(english):
        yield f"the list has {len(message)} entries where English has {len(english)}"
    if isinstance(message, Mapping) and "other" not in message:
        yield "the plural has no form 'other'"
    try:
        extra = placeholders(message) - placeholders(english)
    except ValueError as error:
        yield f"its braces cannot be read: {error}"
        return
    if isinstance(message, Mapping) and not isinstance(english, Mapping) and "n" in extra:
        yield "it has plural forms, but nothing counts here"
    for name in sorted(extra - {"n"} if isinstance(message, Mapping) else extra):
        yield f"nothing gives the value {{{name}}}"


def _check(mine: Mapping[str, Message], english: Mapping[str, Message], folder: Path) -> None:
    problems = [
        Problem(
            str(folder / f"{key.partition('.')[0]}.toml"), 0, 0, f"'{key}': {what}.", "See docs/guides/languages.md."
        )
        for key, what in mistakes(mine, english)
    ]
    if problems:
        raise LanguageError(problems)
    if mine and not re.match(TAG, folder.name):
        what = f"'{folder.name}' is no language tag."
        raise LanguageError([Problem(str(folder), 0, 0, what, "Name the folder by its BCP 47 tag, such as 'pl'.")])
