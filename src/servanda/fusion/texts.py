"""How alike two texts are, whom they name as their source, and what site they stand on."""

import csv
import re
import unicodedata
from functools import cache
from importlib import resources

import numpy as np
import polars as pl
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]
SHINGLE = 5
"""Characters in a shingle (Broder 1997; five hold about a word)."""
HASHES, BANDS = 64, 32
"""MinHash values of a text, and bands of them that make two texts worth comparing: two values in a band find a pair
as alike as 0.5 in all but one of 10,000 cases."""
STEM = 6
"""Letters of a word that count, so that case endings do not part one name."""
_PRIME = np.uint64(1_099_511_628_211)
_LETTERS = re.compile(r"[^\w]+")


def plain(text: str) -> str:
    """Letters and digits only, without case or doubled gaps."""
    return _LETTERS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def shingles(text: str) -> Hashes:
    """The distinct hashes (FNV-1a by character) of all runs of ``SHINGLE`` characters."""
    codes = np.frombuffer(plain(text).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if len(codes) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    value = np.full(len(codes) - SHINGLE + 1, 14_695_981_039_346_656_037, dtype=np.uint64)
    for i in range(SHINGLE):
        value = (value ^ codes[i : i + len(value)]) * _PRIME
    return np.unique(value ^ (value >> np.uint64(29)))


def sketches(texts: list[str], common_share: float, common_least: int, least: int) -> tuple[Integers, Hashes]:
    """Rows of ``texts`` that hold ``least`` telling shingles or more, and their MinHash values (rows, HASHES).

    A shingle of more than ``common_least`` texts and more than ``common_share`` of them says nothing: what many
    write alike, such as the name of a town and the word for shelling, is no sign of copying.
    """
    different = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    of = np.array([different[text] for text in texts], dtype=np.int64)
    found = [shingles(t) for t in different]
    owner = np.repeat(np.arange(len(found)), [len(f) for f in found])
    every = np.concatenate([np.empty(0, dtype=np.uint64), *found])
    _, at = np.unique(every, return_inverse=True)
    count = np.bincount(at, np.bincount(of, minlength=len(found))[owner])
    telling = count[at] <= max(common_least, common_share * len(texts))
    owner, every = owner[telling], every[telling]
    sketched = np.flatnonzero(np.bincount(owner, minlength=len(found)) >= least)
    keep = np.isin(owner, sketched)
    sketch = _least_hashes(every[keep], np.searchsorted(owner[keep], sketched))
    place = np.full(len(found), -1)
    place[sketched] = np.arange(len(sketched))
    rows = np.flatnonzero(place[of] >= 0)
    return rows, sketch[place[of[rows]]]


def _least_hashes(values: Hashes, starts: Integers) -> Hashes:
    out = np.empty((len(starts), HASHES), dtype=np.uint64)
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**63, HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    for i, factor in enumerate(factors):
        mixed = values * factor
        out[:, i] = np.minimum.reduceat(mixed ^ (mixed >> np.uint64(31)), starts) if len(starts) else 0
    return out


@cache
def _roles() -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for row in _table("attribution.csv"):
        out.setdefault(row["role"], []).append(row["phrase"])
    return {role: sorted(set(p), key=lambda x: (-len(x), x)) for role, p in out.items()}


def _table(name: str) -> list[dict[str, str]]:
    text = resources.files("servanda.fusion").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _any(role: str) -> str:
    return "(?i:" + "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in _roles()[role]) + ")"


@cache
def _patterns() -> tuple[str, str]:
    """Who is named after words like 'according to', and before words like 'said'. One group each."""
    word = r"\p{Lu}[\p{L}\d'’-]*"
    name = rf"{word}(?:\s+(?:{_any('link')}\s+)?{word}){{0,4}}"
    skip = rf"(?:{_any('skip')}\s+|[«\"“])*"
    after = rf"(?:^|[^\p{{L}}]){_any('after')}\s+{skip}({name}(?:\s+\p{{Ll}}{{4,}})?)"
    before = rf"(?:^|[^\p{{L}}])((?:{_any('place')}\s+)?{name})[»\"”]?,?\s+{_any('before')}(?:[^\p{{L}}]|$)"
    return after, before


def named(texts: pl.Series) -> pl.Series:
    """Stems of the words that name whom each text takes its news from (sorted list; null where it names nobody)."""
    after, before = _patterns()
    found = texts.to_frame("t").select(pl.coalesce(pl.col("t").str.extract(after), pl.col("t").str.extract(before)))
    known = {n: _stems(n) for n in found.to_series().drop_nulls().unique().to_list()}
    return pl.Series("named", [known.get(n) if n else None for n in found.to_series()], dtype=pl.List(pl.String))


def _stems(name: str) -> list[str] | None:
    words = plain(name).split()
    roles = _roles()
    empty = {*roles["nobody"]}
    if any(w in empty for w in words) or words[0] in roles["place"]:
        return None
    dropped = {*roles["skip"], *(w for p in roles["link"] for w in p.split())}
    return sorted({w[:STEM] for w in words if w not in dropped and len(w) > 1}) or None


def sites(urls: pl.Series) -> pl.Series:
    """The site of each address; on hosts that many write on, with whose page it is."""
    hosts = {r["host"]: r["prefix"] for r in _table("shared_hosts.csv")}
    parts = urls.to_frame("u").select(
        pl.col("u")
        .str.extract(r"^(?i:https?)://(?:(?i:www|m|mobile)\.)?([^/:?#]+)", 1)
        .str.to_lowercase()
        .alias("host"),
        pl.col("u").str.extract(r"^\w+://[^/]+/([^/?#]+)", 1).alias("one"),
        pl.col("u").str.extract(r"^\w+://[^/]+/[^/?#]+/([^/?#]+)", 1).alias("two"),
    )
    prefix = pl.col("host").replace_strict(hosts, default=None, return_dtype=pl.String)
    page = pl.when((pl.col("one") == prefix) & (prefix != "")).then("two").otherwise("one").str.to_lowercase()
    on_shared = pl.col("host").is_in(list(hosts))
    # A shared host without a page names nobody.
    return parts.select(
        pl.when(on_shared).then(pl.concat_str("host", pl.lit("/"), page)).otherwise("host").alias("site")
    ).to_series()
