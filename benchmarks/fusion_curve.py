"""Cost of fusion against the number of reports, at constant density: `make bench target=fusion-curve`.

The days grow with the reports; area, sources and reports a day stay. The world is that of the peers' harness (seed 7)
where SERVANDA_BENCH names its folder, else the family "dense" of ``fusion_worlds``. Each size runs in a process of its
own; seconds are of ``fuse`` alone, peak MB are of the process, the world itself among them (MB before ``fuse``).
"""

import argparse
import importlib.metadata
import resource
import subprocess
import sys
import time
from dataclasses import replace

SIZES = (10_000, 30_000, 42_732, 100_000, 300_000, 1_000_000)
REPORTS_PER_INCIDENT = 42_732 / 20_000
"""Of the harness at 20,000 incidents and 90 days; the other world gives about as many."""
INCIDENTS_PER_DAY = 20_000 / 90
SEED = 7


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of reports, about")
    ap.add_argument("--one", action="store_true", help="in this process")
    ap.add_argument("--timeout", type=float, default=3600.0, help="seconds after which a size is stopped")
    a = ap.parse_args()
    if a.one:
        for size in a.sizes:
            measure(size)
        return
    versions = " ".join(f"{p} {importlib.metadata.version(p)}" for p in ("servanda", "numpy", "scipy", "polars"))
    print(f"# {versions}; python {sys.version.split()[0]}; seed {SEED}; {INCIDENTS_PER_DAY:.0f} incidents a day")
    print("| reports | days | seconds | CPU s | reports/s | peak MB | MB before | F1 | count |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for size in a.sizes:
        try:
            done = subprocess.run([sys.executable, __file__, "--one", str(size)], timeout=a.timeout, check=False)
            if done.returncode:
                print(f"| {size:,} | ended with {done.returncode} |", flush=True)
        except subprocess.TimeoutExpired:
            print(f"| {size:,} | over {a.timeout:g} s |", flush=True)


def measure(size: int) -> None:
    from fusion_measures import frame, labels, metrics
    from fusion_peers import harness
    from fusion_worlds import FAMILIES, Teller, world

    from servanda.fusion import fuse

    incidents = round(size / REPORTS_PER_INCIDENT)
    days = incidents / INCIDENTS_PER_DAY
    h, dense = harness(), FAMILIES["dense"]
    d = h.make(incidents, days, SEED) if h else world(replace(dense, incidents=incidents, days=days), SEED)
    rows = frame(d, tuple(Teller(*source) for source in h.SOURCES) if h else dense.tellers)
    before = peak_mb()
    start, worked = time.perf_counter(), time.process_time()
    got = fuse(rows)
    seconds, cpu = time.perf_counter() - start, time.process_time() - worked
    peak = peak_mb()
    f1, _, count = metrics(d["truth"], labels(rows, got))
    n = len(rows)
    cost = f"{n:,} | {days:.0f} | {seconds:.1f} | {cpu:.1f} | {n / seconds:,.0f} | {peak:,.0f} | {before:,.0f}"
    print(f"| {cost} | {f1:.3f} | {100 * count:+.1f} % |".replace("-", "−"), flush=True)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
