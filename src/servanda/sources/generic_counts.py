"""Counts of a generic table: words to intervals, and one unit to another by a documented rule."""

import polars as pl

from servanda.sources.count_words import column, converted, rules
from servanda.sources.generic_settings import TableSettings
from servanda.sources.places import number
from servanda.sources.reading import Check

CONVERTED = "count_converted"
CONVERTED_FLAG = {CONVERTED: "The count was given in another unit and converted by the rule that the mission names."}


def counted(frame: pl.DataFrame, settings: TableSettings) -> tuple[pl.DataFrame, list[Check]]:
    """Fill ``count_low`` and ``count_high`` (text, as the table writes them) from ``count``, where neither is given."""
    checks: list[Check] = []
    names = [c for c in ("count_low", "count_high") if c in frame.columns]
    if "count" in frame.columns:
        said = column(frame["count"], settings.about_share)
        open_ = frame.select(pl.all_horizontal(pl.lit(True), *(pl.col(c).is_null() for c in names))).to_series()
        # A constant condition has the height of a literal, not of the frame.
        open_ = open_ if len(open_) == frame.height else pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
        frame = frame.with_columns(_text(said[n], open_, frame, f"count_{n}") for n in ("low", "high"))
        why = pl.format("count '{}' is no count that is understood: write a number, a range, or two columns.", "count")
        checks.append((pl.lit(open_ & ~said["understood"]), why))
    return _converted(frame, settings), checks


def _text(value: pl.Series, open_: pl.Series, frame: pl.DataFrame, name: str) -> pl.Series:
    own = frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return value.cast(pl.String).zip_with(open_, own).alias(name)


def _converted(frame: pl.DataFrame, settings: TableSettings) -> pl.DataFrame:
    if settings.count_rule is None or "count_unit" not in frame.columns:
        return frame
    absent = [c for c in ("count_low", "count_high") if c not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(c) for c in absent)
    low, high, unit, used = converted(
        number("count_low"), number("count_high"), pl.col("count_unit"), rules()[settings.count_rule]
    )
    flags = pl.when(used).then(pl.col("flags").list.concat(pl.lit([CONVERTED]))).otherwise("flags")
    return frame.with_columns(
        pl.when(used).then(low.cast(pl.String)).otherwise("count_low").alias("count_low"),
        pl.when(used).then(high.cast(pl.String)).otherwise("count_high").alias("count_high"),
        unit.alias("count_unit"),
        flags.alias("flags"),
    )
