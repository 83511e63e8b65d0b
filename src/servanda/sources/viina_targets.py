"""What was struck, by the words of a headline, for a mission whose agreement is about a class of targets.

The labels say how, not what. A sentence that names an object and an act on it, and nothing that takes either back,
gives one more report of the same record, with the words that matched. It stays a claim of a headline.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

Sentence = tuple[str, ...]
"""Its words, in small letters, with one kind of apostrophe."""
_APOSTROPHES = str.maketrans("’ʼ`´‘", "'''''")
_SENTENCE_END = re.compile(r"(?<=[.!?;…])\s+|\n+")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
MATCHED = "words: "
"""How the label of such an observation begins."""


class TargetWords(BaseModel):
    """Words that stand for a class of targets. A hyphen at the end stands for any ending: ``substation-``.

    A phrase is words with spaces. Case does not matter; a sentence counts by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: tuple[str, ...] = Field(min_length=1)
    """The targets: one of them must be in the sentence."""
    acts: tuple[str, ...] = Field(min_length=1)
    """What was done to them, or what came of it: one of them must be in the same sentence."""
    unless: tuple[str, ...] = ()
    """Plans, denials, hearsay: a sentence with one of them does not count."""
    negations: tuple[str, ...] = ()
    """An act right after one of these was not done."""


def targets(headlines: pl.Series, wanted: Mapping[str, TargetWords]) -> pl.DataFrame:
    """kind, text, words: every headline that reports an act on a target of that kind, once, and what matched."""
    found: list[tuple[str, str, str]] = []
    for text in headlines.drop_nulls().unique().sort().to_list():
        for kind, words in wanted.items():
            matched = match(text, words)
            if matched:
                found.append((kind, text, MATCHED + ", ".join(matched)))
    return pl.DataFrame(found, schema={"kind": pl.String, "text": pl.String, "words": pl.String}, orient="row")


def match(text: str, words: TargetWords) -> tuple[str, ...]:
    """The object and the act of the first sentence that counts, as written there but in small letters; else nothing."""
    for sentence in sentences(text):
        thing = _first(sentence, words.objects)
        act = _first(sentence, words.acts, words.negations, taken=thing)
        if thing and act and not _first(sentence, words.unless):
            return " ".join(sentence[thing.start : thing.stop]), " ".join(sentence[act.start : act.stop])
    return ()


def sentences(text: str) -> Iterator[Sentence]:
    for part in _SENTENCE_END.split(text.translate(_APOSTROPHES)):
        found = tuple(w.casefold() for w in _WORD.findall(part))
        if found:
            yield found


def _first(
    sentence: Sentence, patterns: Sequence[str], negations: Sequence[str] = (), taken: range = range(0)
) -> range:
    """Where the first pattern that is there stands, outside ``taken``; an empty range if none is."""
    before = {w.casefold() for w in negations}
    for pattern in patterns:
        parts = pattern.translate(_APOSTROPHES).casefold().split()
        for at in range(len(sentence) - len(parts) + 1):
            here = range(at, at + len(parts))
            if at in taken or (at and sentence[at - 1] in before):
                continue
            if all(_is(sentence[i], part) for i, part in zip(here, parts, strict=True)):
                return here
    return range(0)


def _is(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("-") else word == part
