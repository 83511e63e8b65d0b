"""Copies are one witness: which reports of an incident repeat each other, and the voices that are left.

Only reports of one incident are compared, each with the first few that could be its origin, so the cost grows with
the number of reports. Signs of a copy: the same record; the same site; the same words; the same authority named as the
source; and two sources whose times agree far better than either agrees with anybody else.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from servanda.fusion.lockstep import lockstep
from servanda.fusion.priors import Priors
from servanda.fusion.texts import BANDS, HASHES, named, sites, sketches

Integers = NDArray[np.int64]
ORIGINS = 8
"""Reports that a later one is compared with, of those that share a key with it."""
SAME_RECORD, SAME_SITE, SAME_WORDS = "same record", "same site", "same words"
SAME_AUTHORITY, LOCKSTEP = "same authority", "times in lock-step"
WHY = (SAME_RECORD, SAME_SITE, SAME_WORDS, SAME_AUTHORITY, LOCKSTEP)
LINKS = pl.Schema({"observation_id": pl.String, "of": pl.String, "why": pl.String})
_PAIR = pl.Schema({"row": pl.Int64, "of": pl.Int64, "why": pl.String})


@dataclass(frozen=True)
class Copies:
    """``links``: observation_id, the earlier observation ``of`` the same incident that it repeats, and ``why`` it is
    taken to. ``voices``: group, witness_group, and ``voice``: the first of the witness groups that speak as one."""

    links: pl.DataFrame
    voices: pl.DataFrame


def copies(rows: pl.DataFrame, priors: Priors) -> Copies:
    """``rows``: group (the incident), observation_id, record_id, source_id, witness_group, t_start, t_end, text, url,
    recorded_at (null where not known), report, and ``repeats``: the report that this one was found to repeat before
    matching (``echoes``), or null."""
    shared = _shared(rows)
    if shared.is_empty():
        none = pl.Schema({"group": rows.schema["group"], "witness_group": pl.String(), "voice": pl.String()})
        return Copies(pl.DataFrame(schema=LINKS), pl.DataFrame(schema=none))
    pairs = pl.concat(
        [
            _alike(shared, pl.col("record_id"), SAME_RECORD),
            _alike(shared.with_columns(sites(shared["url"])), pl.col("site"), SAME_SITE),
            _same_words(shared, priors),
            _same_authority(shared),
            _in_lockstep(shared, priors),
            _in_step(shared),
        ]
    )
    return Copies(_links(shared, pairs), _voices(shared, pairs))


def _shared(rows: pl.DataFrame) -> pl.DataFrame:
    """Reports of incidents that several witness groups tell of, the earliest first, numbered by ``row``."""
    several = rows.group_by("group").agg(pl.col("witness_group").n_unique().alias("n")).filter(pl.col("n") > 1)
    told = rows.join(several.select("group"), on="group", how="semi")
    known = pl.coalesce("recorded_at", "t_end")
    order = told.sort("group", known, "t_start", "observation_id")
    return order.with_row_index("row").cast({"row": pl.Int64, "text": pl.String, "url": pl.String})


def _alike(shared: pl.DataFrame, key: pl.Expr, why: str) -> pl.DataFrame:
    """Each report and the first of another witness group in its incident that has the same ``key``."""
    keyed = shared.select("row", "group", "witness_group", key.alias("key")).drop_nulls("key")
    first = pl.col("row").first().over("group", "key")
    return _pairs(keyed.with_columns(first.alias("of")).join(_groups(keyed), on="of", how="left"), why)


def _groups(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col("row").alias("of"), pl.col("witness_group").alias("theirs"))


def _pairs(found: pl.DataFrame, why: str) -> pl.DataFrame:
    """Of two different witness groups only: one group is one witness anyway."""
    other = found.filter(pl.col("witness_group") != pl.col("theirs"))
    return other.select("row", "of", pl.lit(why).alias("why")).cast(_PAIR)


def _candidates(keyed: pl.DataFrame) -> pl.DataFrame:
    """(row, of) pairs that share a ``key`` within a group: each with the first ``ORIGINS`` that have it."""
    origins = keyed.with_columns(pl.col("row").cum_count().over("group", "key").alias("rank"))
    first = origins.filter(pl.col("rank") <= ORIGINS).select("group", "key", pl.col("row").alias("of"))
    both = keyed.select("group", "key", "row").join(first, on=["group", "key"], how="inner")
    return both.filter(pl.col("of") < pl.col("row")).select("row", "of", "key")


def _same_words(shared: pl.DataFrame, priors: Priors) -> pl.DataFrame:
    texts = shared.filter(pl.col("text").is_not_null())
    at, sketch = sketches(texts["text"].to_list(), priors.common_share, priors.common_least, priors.least_shingles)
    told = texts[at]
    width = HASHES // BANDS
    bands = (
        told.select("row", "group", pl.Series("key", _band(sketch[:, b * width : (b + 1) * width], b), dtype=pl.UInt64))
        for b in range(BANDS)
    )
    pairs = pl.concat([_candidates(b).select("row", "of") for b in bands]).unique(maintain_order=True).sort("row", "of")
    where = np.full(shared.height, -1)
    where[told["row"].to_numpy()] = np.arange(told.height)
    one, other = (where[pairs[c].to_numpy()] for c in ("row", "of"))
    alike = (sketch[one] == sketch[other]).mean(axis=1) if len(one) else np.empty(0)
    return _named_pairs(shared, pairs.filter(pl.Series(alike >= priors.same_words, dtype=pl.Boolean)), SAME_WORDS)


def _band(values: NDArray[np.uint64], band: int) -> NDArray[np.uint64]:
    out = np.full(len(values), band, dtype=np.uint64)
    for column in values.T:
        out = out * np.uint64(1_099_511_628_211) ^ column
    return out


def _same_authority(shared: pl.DataFrame) -> pl.DataFrame:
    """Two names are one when they share two words, or all of the shorter one."""
    who = shared.with_columns(named(shared["text"])).filter(pl.col("named").is_not_null())
    keyed = who.select("row", "group", pl.col("named").alias("key")).explode("key")
    agree = _candidates(keyed).group_by("row", "of").agg(pl.len().alias("same")).sort("row", "of")
    length = who.select("row", pl.col("named").list.len().alias("words"))
    both = agree.join(length, on="row").join(length.rename({"row": "of", "words": "their_words"}), on="of")
    enough = pl.min_horizontal("words", "their_words", pl.lit(2, pl.UInt32))
    return _named_pairs(shared, both.filter(pl.col("same") >= enough).sort("row", "of"), SAME_AUTHORITY)


def _in_lockstep(shared: pl.DataFrame, priors: Priors) -> pl.DataFrame:
    return _named_pairs(shared, lockstep(shared, priors), LOCKSTEP)


def _in_step(shared: pl.DataFrame) -> pl.DataFrame:
    first = shared.select(pl.col("report").alias("repeats"), pl.col("row").alias("of")).unique("repeats", keep="first")
    return _named_pairs(shared, shared.select("row", "repeats").join(first, on="repeats").select("row", "of"), LOCKSTEP)


def _named_pairs(shared: pl.DataFrame, pairs: pl.DataFrame, why: str) -> pl.DataFrame:
    groups = shared.select("row", "witness_group")
    return _pairs(pairs.join(groups, on="row", how="left").join(_groups(groups), on="of", how="left"), why)


def _links(shared: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Each copy once for each sign, of its earliest origin."""
    first = pairs.group_by("row", "why").agg(pl.col("of").min()).sort("row", "why")
    ids = shared["observation_id"]
    return first.select(
        ids.gather(first["row"]).alias("observation_id"), ids.gather(first["of"]).alias("of"), "why"
    ).sort("observation_id", "why")


def _voices(shared: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Witness groups of an incident that repeat each other, under the name of the one that was first."""
    groups = shared.select("group", "witness_group").unique(maintain_order=True).with_row_index("node")
    node = shared.select("group", "witness_group").join(
        groups, on=["group", "witness_group"], how="left", maintain_order="left"
    )["node"]
    one, other = (node.gather(pairs[c]).to_numpy() for c in ("row", "of"))
    n = groups.height
    label = connected_components(coo_matrix((np.ones(len(one)), (one, other)), shape=(n, n)), directed=False)[1]
    parts = groups.with_columns(pl.Series("part", label, dtype=pl.Int64))
    voice = pl.col("witness_group").first().over("part")
    return parts.select("group", "witness_group", voice.alias("voice"))
