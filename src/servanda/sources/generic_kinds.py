"""From a provider's words to our kinds: word by word, by pattern, or by default; an unknown word is never guessed."""

import polars as pl

from servanda.kinds import tree
from servanda.kinds.crosswalk import crosswalk, not_events, unknown_kind
from servanda.sources.generic_settings import TableSettings
from servanda.sources.reading import Check, per_value


def kinded(frame: pl.DataFrame, settings: TableSettings) -> tuple[pl.DataFrame, int]:
    """``label`` (theirs, verbatim), ``kind`` (ours, null when unknown); rows of no event are dropped and counted."""
    theirs = pl.col("kind").str.strip_chars()
    found = frame.select(_kind(theirs, settings)).to_series()
    label = pl.coalesce("label", "kind") if "label" in frame.columns else pl.col("kind")
    named = frame.with_columns(label.alias("label"), pl.col("kind").alias("__word"), found.alias("kind"))
    kept = named.filter(~(pl.col("kind") == _NO_EVENT).fill_null(False))
    return kept, frame.height - kept.height


_NO_EVENT = ""


def _kind(theirs: pl.Expr, settings: TableSettings) -> pl.Expr:
    """Our kind, empty for no event: by whole word first, then by the first pattern found in it, then by default."""
    words = {kind: kind for kind in tree()}
    if settings.crosswalk is not None:
        words |= dict.fromkeys(not_events(settings.crosswalk), _NO_EVENT) | crosswalk(settings.crosswalk)
    words |= settings.kinds
    by_word = theirs.replace_strict(words, default=None, return_dtype=pl.String)
    by_pattern = [pl.when(theirs.str.contains(p)).then(pl.lit(k)) for p, k in settings.kind_patterns.items()]
    return pl.coalesce(by_word, *by_pattern, pl.lit(settings.default_kind, pl.String))


def kind_check(frame: pl.DataFrame) -> Check:
    """A check that every row has a kind, naming the nearest kinds to a word that is none."""
    lacking = frame["kind"].is_null()
    if not lacking.any():
        return pl.lit(False), ""
    words = per_value(frame["__word"].set(~lacking, None), unknown_kind)
    return pl.lit(lacking), pl.lit(words.fill_null("It has no kind."))
