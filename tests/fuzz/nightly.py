"""The nightly fuzz run: ``make fuzz``. Every shipped source, many seeded cases, every failure kept as a small file.

    python -m tests.fuzz.nightly [--cases N] [--seed S] [--sources a,b] [--case I] [--jobs J] [--out DIR]

Exit status 1 when anything failed. A case is the same for the same seed, source and number, whatever else runs.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

SHARE = 250
"""Cases that one worker does before it takes the next share."""
SHRINK_STEPS = 300
"""Tries to make a failing file smaller."""


def main(argv: Sequence[str] | None = None) -> int:
    args = _arguments(argv)
    # One thread for each worker; must be set before polars is loaded in the worker.
    os.environ["POLARS_MAX_THREADS"] = "1"
    from tests.fuzz.samples import SAMPLES

    names = args.sources.split(",") if args.sources else list(SAMPLES)
    print(f"seed {args.seed}, {args.cases} cases for each of {len(names)} sources", flush=True)
    failed = 0
    # A forked child of a process with threads, as polars has them, hangs.
    with ProcessPoolExecutor(args.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name in names:
            failed += _source(name, args, pool)
    print("no failures" if not failed else f"{failed} kinds of failure; the files are in {args.out}")
    return int(failed > 0)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fuzz every shipped source.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="else the time of day")
    parser.add_argument("--sources", default="", help="names, joined by commas; else all")
    parser.add_argument("--case", type=int, help="this case alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    return parser.parse_args(argv)


def _source(name: str, args: argparse.Namespace, pool: Executor) -> int:
    """Run one source, print its line, keep its failures. How many kinds of failure there were."""
    from tests.fuzz.run import Failure, cases

    started = time.perf_counter()
    numbers = [range(args.case, args.case + 1)] if args.case is not None else list(_shares(args.cases))
    ends: Counter[str] = Counter()
    failures: dict[str, Failure] = {}
    for counted, found in pool.map(cases, repeat(name), repeat(args.seed), numbers):
        ends += counted
        for failure in found:
            failures.setdefault(failure.kind, failure)
    took = time.perf_counter() - started
    told = ", ".join(f"{n} {end}" for end, n in sorted(ends.items()))
    print(f"{name}: {told}; {ends.total() / took:.0f} cases/s", flush=True)
    for failure in failures.values():
        _keep(name, failure, args)
    return len(failures)


def _shares(cases: int) -> Iterator[range]:
    return (range(first, min(first + SHARE, cases)) for first in range(0, cases, SHARE))


def _keep(name: str, failure: "object", args: argparse.Namespace) -> None:
    from tests.fuzz.run import Failure, shrunk

    assert isinstance(failure, Failure)
    args.out.mkdir(parents=True, exist_ok=True)
    data = shrunk(name, args.seed, failure, SHRINK_STEPS)
    path = args.out / f"{name}-{args.seed}-{failure.number}-{failure.file}"
    path.write_bytes(data)
    print(f"  FAILED case {failure.number} ({failure.sample}, {failure.way}): {failure.kind}")
    print(f"  {failure.text[:400]}")
    print(f"  file: {path} ({len(data)} bytes)")
    print(f"  again: make fuzz FUZZ_SOURCES={name} FUZZ_SEED={args.seed} FUZZ_CASE={failure.number}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
