"""Values that a row gives in another column: whole, or as the part of a text that a pattern finds."""

from collections.abc import Sequence

import polars as pl

from servanda.sources.generic_settings import Fallback, TableSettings

FILLED = "filled"
FILLED_FLAG = {FILLED: "A value was taken from another column, as the mission file says."}


def filled(frame: pl.DataFrame, theirs: str, settings: TableSettings) -> pl.DataFrame:
    """Fill our empty columns from the columns that ``fallback`` names, in order.

    ``__filled`` says where a column that the table does map was empty and is filled now.
    ``theirs`` is the prefix of the provider's own columns in ``frame``.
    """
    touched = pl.lit(False)
    for name, sources in settings.fallback.items():
        own = pl.col(name) if name in frame.columns else pl.lit(None, pl.String)
        found = [_found(f, theirs) for f in _many(sources) if theirs + f.column in frame.columns]
        value = pl.coalesce(own, *found)
        if name in frame.columns:
            touched = touched | (own.is_null() & value.is_not_null())
        frame = frame.with_columns(value.alias(name), touched.alias("__filled"))
        touched = pl.col("__filled")
    return frame


def _many(sources: Fallback | Sequence[Fallback]) -> Sequence[Fallback]:
    return [sources] if isinstance(sources, Fallback) else sources


def _found(fallback: Fallback, theirs: str) -> pl.Expr:
    text = pl.col(theirs + fallback.column)
    return text if fallback.pattern is None else text.str.extract(fallback.pattern, 1)


def fallback_columns(settings: TableSettings) -> set[str]:
    """Their columns that ``fallback`` names."""
    return {f.column for sources in settings.fallback.values() for f in _many(sources)}
