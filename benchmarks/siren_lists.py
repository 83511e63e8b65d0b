"""What fusion learns of two real lists of the same alerts, against a join of the lists themselves.

The sources of ``examples/christmas-truce-2023``, in 13 stretches of 57 days from 20 March 2022. In the join an alert of
one list goes with one of the other where they are of one oblast and overlap, the nearest starts first.
``SERVANDA_DATA=... python benchmarks/siren_lists.py``
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from servanda.fusion import fuse
from servanda.mission import config, intake
from servanda.sources.base import Payload

EXAMPLE = Path(__file__).parents[1] / "examples" / "christmas-truce-2023"
LISTS = ("sirens_official", "sirens_volunteer")
FIRST, LENGTH, STRETCHES = datetime(2022, 3, 20, tzinfo=UTC), timedelta(days=57), 13


def observations(feeds: tuple[config.Feed, ...]) -> pl.DataFrame:
    out = []
    for feed in feeds:
        context = intake.context_of(feed)
        for path in map(Path, feed.patterns):
            payload = Payload(path.name, path.read_bytes(), path.name)
            out.append(feed.source.read(payload, context).observations)
    return pl.concat(out)


def joined(one: pl.DataFrame, other: pl.DataFrame) -> int:
    """Pairs, each alert in one at most."""
    apart = (pl.col("t_start_b") - pl.col("t_start")).abs().alias("apart")
    overlap = (pl.col("t_start") <= pl.col("t_end_b")) & (pl.col("t_start_b") <= pl.col("t_end"))
    pairs = one.join(other, on="text", suffix="_b").filter(overlap).with_columns(apart)
    left: set[str] = set()
    right: set[str] = set()
    for a, b in pairs.sort("apart", "observation_id", "observation_id_b")["observation_id", "observation_id_b"].rows():
        if a not in left and b not in right:
            left.add(a)
            right.add(b)
    return len(left)


def main() -> None:
    mission = config.load(EXAMPLE, os.environ)
    feeds = tuple(f for f in mission.feeds if f.id in LISTS)
    seen, sources = observations(feeds), intake.profiles(feeds)
    print("from, alerts of each list, joined, distinct, incidents, and of each list: share in the join: learned (95 %)")
    for k in range(STRETCHES):
        start = FIRST + k * LENGTH
        part = seen.filter((pl.col("t_start") >= start) & (pl.col("t_start") < start + LENGTH))
        one, other = (part.filter(source_id=s) for s in LISTS)
        both = joined(one, other)
        found = fuse(part, priors=mission.written.fusion, sources=sources)
        told = [
            f"{both / len(of):.3f}: {q['detect']:.3f} ({q['detect_low']:.3f} to {q['detect_high']:.3f})"
            for of, q in zip((other, one), found.sources.sort("source_id").iter_rows(named=True), strict=True)
        ]
        distinct = one.height + other.height - both
        counts = (one.height, other.height, both, distinct, found.incidents.height)
        print(f"{start:%Y-%m-%d}", *(f"{n:6d}" for n in counts), *told)


if __name__ == "__main__":
    main()
