"""One million observations from CSV to findings and report: seconds and peak memory of the whole process.

    python benchmarks/million.py [N] [--seed S]

The mission is written first, by another process, and is not timed. Nothing is asserted: a benchmark is no test.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

WRITE = "import sys; from pathlib import Path; from servanda.worlds.benchmark import write_benchmark; "
WRITE += "write_benchmark(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("observations", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", WRITE, folder, str(options.observations), str(options.seed)], check=True)
        measure(Path(folder))


def measure(folder: Path) -> None:
    """Run the mission and print when each step began and how much memory the process had held by then."""
    start = time.perf_counter()

    def step(name: str) -> None:
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{time.perf_counter() - start:7.1f} s {peak_mb:7.0f} MB  {name}", flush=True)

    from servanda.mission import run_mission

    outcome = run_mission(folder, now=NOW, step=step)
    step(f"done: {len(outcome.findings)} findings")


if __name__ == "__main__":
    main()
