"""Ids that hang on content alone, and the last step of every source: complete, identify, drop exact duplicates.

An id is the first 24 hex characters of a SHA-256 over the filled fields of a row, each written as
``name=length:value`` (text) or ``name=value``. It does not hang on the file, the row number, the order of
rows or of columns.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256

import polars as pl

from servanda.sources.base import Context, Fields, Payload, Settings, Source
from servanda.sources.reading import ROW
from servanda.tables import OBSERVATIONS, WATCHES

ID_CHARACTERS = 24
DIGEST_ROWS = 100_000
"""Rows whose text is built at once: bounds memory."""
_NOT_CONTENT = ("observation_id", "watch_id", "payload_sha256", ROW)


def digests(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """One id for every row, over its fields in ``columns`` that are not null."""
    ids: list[pl.Series] = []
    for part in frame.iter_slices(DIGEST_ROWS):
        fields = [_canonical(part, c) for c in sorted(columns)]
        text = pl.concat_str(fields, separator="\x1f", ignore_nulls=True)
        lines = part.select(text.cast(pl.Binary)).to_series().to_list()
        hashes = pl.Series("id", [sha256(line).digest() for line in lines], pl.Binary)
        ids.append(hashes.bin.encode("hex").str.head(ID_CHARACTERS))
    return pl.concat(ids) if ids else pl.Series("id", [], pl.String)


def _canonical(frame: pl.DataFrame, name: str) -> pl.Expr:
    """``name=length:value`` as text, null where the field is null or an empty list."""
    column, dtype = pl.col(name), frame.schema[name]
    if frame[name].null_count() == frame.height:
        return pl.lit(None, pl.String)
    if isinstance(dtype, pl.Datetime):
        value = column.dt.convert_time_zone("UTC").dt.epoch("us").cast(pl.String)
    elif isinstance(dtype, pl.List):
        joined = column.list.sort().list.join("|")
        value = pl.when(joined != "").then(joined)
    elif dtype == pl.Binary:
        value = pl.lit(_blob_digests(frame[name]))
    elif dtype.is_float():
        # Adding zero makes -0.0 and 0.0 the same text.
        value = (column + 0.0).cast(pl.String)
    else:
        value = column.cast(pl.String)
    if dtype == pl.String:
        return pl.concat_str([pl.lit(name + "="), value.str.len_bytes(), pl.lit(":"), value])
    return pl.concat_str([pl.lit(name + "="), value])


def _blob_digests(column: pl.Series) -> pl.Series:
    """SHA-256 of every value; equal values, such as one polygon on many rows, are hashed once."""
    seen: dict[bytes | None, str | None] = {None: None}
    for blob in column.unique(maintain_order=True).drop_nulls():
        seen[blob] = sha256(blob).hexdigest()
    return pl.Series(column.name, [seen[blob] for blob in column], pl.String)


def with_record_ids(frame: pl.DataFrame, raw: Sequence[str], context: Context) -> pl.DataFrame:
    """Add ``record_id``: the digest of what the provider wrote in the columns ``raw``, and of the source id."""
    own = frame.with_columns(pl.lit(context.source_id).alias("source_id:"))
    return frame.with_columns(digests(own, [*raw, "source_id:"]).alias("record_id"))


def known(columns: Sequence[str], fields: Fields) -> list[str]:
    """The columns that the provider is known to have: a new column does not give old records new ids."""
    return [c for c in columns if c in fields.used or c in fields.ignored]


def finish_observations(
    frame: pl.DataFrame, source: Source, payload: Payload, context: Context
) -> tuple[pl.DataFrame, list[str]]:
    """Fill what every observation of this source shares, give ids, drop exact duplicates, sort by time.

    ``frame`` holds observation columns, ``record_id`` among them; other columns are left out.
    """
    settings = context.settings
    shared = {
        "source_id": pl.lit(context.source_id),
        "witness_group": pl.lit(source.group_of(context.source_id, settings)),
        "reliability": pl.lit(settings.reliability or source.reliability),
        "recorded_at": pl.col("t_end") + latency(source, context),
        "access": pl.lit(settings.access),
        "flags": pl.lit([], pl.List(pl.String)),
    }
    for name, value in shared.items():
        given = pl.col(name) if name in frame.columns else pl.lit(None)
        frame = frame.with_columns(pl.coalesce(given, value).alias(name))
    frame = frame.select(pl.col(c.name).cast(c.dtype) for c in OBSERVATIONS.columns if c.name in frame.columns)
    ids = digests(frame, [c for c in frame.columns if c not in _NOT_CONTENT])
    frame = frame.with_columns(ids.alias("observation_id"), pl.lit(payload.sha256).alias("payload_sha256"))
    # The order is found on two columns, so that the wide table is copied once.
    narrow = frame.select("observation_id", "t_start").with_row_index("at")
    order = narrow.unique("observation_id", keep="first").sort("t_start", "observation_id")["at"]
    unique = OBSERVATIONS.conform(frame[order])
    dropped = frame.height - unique.height
    notice = [f"{payload.name}: {dropped} exact duplicates were read once."] if dropped else []
    return unique, notice


def finish_watches(frame: pl.DataFrame, source: Source, payload: Payload, context: Context) -> pl.DataFrame:
    """Fill what every watch of this source shares, give ids, drop exact duplicates, sort by time."""
    settings = context.settings
    shared = {
        "source_id": pl.lit(context.source_id),
        "witness_group": pl.lit(source.group_of(context.source_id, settings)),
        "status": pl.lit("watching"),
        "recorded_at": pl.col("t_end") + latency(source, context),
    }
    for name, value in shared.items():
        given = pl.col(name) if name in frame.columns else pl.lit(None)
        frame = frame.with_columns(pl.coalesce(given, value).alias(name))
    frame = frame.with_columns(pl.lit(payload.sha256).alias("payload_sha256"))
    return identified_watches(frame.select(c for c in WATCHES.names if c in frame.columns))


def identified_watches(frame: pl.DataFrame) -> pl.DataFrame:
    """Give every watch the id of its content, drop exact duplicates, sort by time."""
    ids = digests(frame, [c for c in frame.columns if c not in _NOT_CONTENT])
    table = WATCHES.conform(frame.with_columns(ids.alias("watch_id")))
    return table.unique("watch_id", keep="first").sort("t_start", "watch_id")


def latency(source: Source, context: Context) -> timedelta:
    """Time from an event to when it can be known: the mission's setting, else the source's own."""
    return latency_of(source, context.settings)


def latency_of(source: Source, settings: Settings) -> timedelta:
    """As ``latency``, where only the settings of a feed are at hand."""
    return source.latency if settings.latency_h is None else timedelta(hours=settings.latency_h)


def reflagged(flags: pl.Expr, derived: Mapping[str, pl.Expr]) -> pl.Expr:
    """``flags`` in which each flag of ``derived`` stands exactly where its condition is true, after all others."""
    kept = flags.list.eval(pl.element().filter(~pl.element().is_in(list(derived))))
    added = [
        pl.when(when).then(pl.lit([flag])).otherwise(pl.lit([], pl.List(pl.String))) for flag, when in derived.items()
    ]
    return pl.concat_list([kept, *added])


def listed(flags: Mapping[str, pl.Expr]) -> pl.Expr:
    """The flags whose conditions are true, as a list."""
    return reflagged(pl.lit([], pl.List(pl.String)), flags)
