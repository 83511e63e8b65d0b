"""The peers of the fusion bench, each in a process of its own with a time-out.

SERVANDA_BENCH names the folder that holds their harness (corroboration.py); it is imported, never copied. A peer that
is not installed, fails or takes too long is told of in its place. Peers choose their best setting ON THE TRUTH.
"""

import argparse
import importlib
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from fusion_worlds import Arrays

PEERS = ("cc_threshold", "sklearn_dbscan", "sklearn_hdbscan", "hdbscan", "splink_em", "st_dbscan", "meltt")
GRACE_S = 30.0
"""A peer that minds the time-out itself (meltt's R) may still tell what went wrong."""
RESULT = "RESULT "
_CHECK = re.compile(r"F1 (?P<f1>[\d.]+) B3 (?P<b3>[\d.]+) count_err (?P<count>[\d.]+)")


@dataclass(frozen=True)
class Told:
    """What a peer reached: pairwise F1, B-cubed F1, relative error of the number of incidents (no sign), seconds of one
    fit, peak MB of its process, and the setting it chose."""

    f1: float
    b3: float
    count: float
    seconds: float
    peak_mb: float
    version: str
    note: str


@dataclass(frozen=True)
class Failed:
    why: str


def harness() -> ModuleType | None:
    """The peers' harness, or None where SERVANDA_BENCH names no folder with it."""
    folder = os.environ.get("SERVANDA_BENCH")
    if not folder or not (Path(folder) / "corroboration.py").exists():
        return None
    sys.path.insert(0, folder)
    return importlib.import_module("corroboration")


def ask(peer: str, d: Arrays, sources: Sequence[str], budget_s: float, timeout_s: float) -> Told | Failed:
    """The peer on the world ``d`` (as ``fusion_worlds.world`` makes it), in another process, killed after ``timeout_s``
    with all that it started. ``budget_s``: how long it may look for its best setting."""
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.npz"
        np.savez(world, **d)  # type: ignore[arg-type]
        command = [sys.executable, __file__, peer, str(world), *sources]
        options = ["--budget", str(budget_s), "--timeout", str(timeout_s)]
        process = subprocess.Popen(
            command + options,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"TMPDIR": folder},
        )
        try:
            out, err = process.communicate(timeout=timeout_s + GRACE_S)
        except subprocess.TimeoutExpired:
            return Failed(f"over {timeout_s:g} s")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    found = [line.removeprefix(RESULT) for line in out.splitlines() if line.startswith(RESULT)]
    if not found and "TimeoutExpired" in err:
        return Failed(f"over {timeout_s:g} s")
    if not found:
        return Failed((err.strip().splitlines() or [f"ended with {process.returncode} and no word"])[-1])
    return Told(**json.loads(found[-1]))


def tell(h: ModuleType, peer: str, d: Arrays, sources: Sequence[str], budget_s: float, timeout_s: float) -> Told:
    """The peer on the world ``d``, in this process."""
    vars(h)["SOURCES"] = [(name,) for name in sources]  # two peers look the names up there
    vars(h)["R_CODE"] = _for_sources(h.R_CODE, sources)
    options = SimpleNamespace(budget=budget_s, timeout=timeout_s, meltt_lib=os.environ.get("MELTT_LIB", ""))
    got: dict[str, Any] = h.PEERS[peer](SimpleNamespace(d=d, a=options))
    found = _CHECK.search(got["check"])
    assert found, got["check"]
    f1, b3, count = (float(found[k]) for k in ("f1", "b3", "count"))
    peak_mb = max(h.rss_peak_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    return Told(f1, b3, count, statistics.median(got["times"]), peak_mb, got["version"], got["note"])


def _for_sources(code: str, sources: Sequence[str]) -> str:
    """The harness's R is written for its own four sources; a world of seven needs all of them to be read."""
    quoted = ",".join(f'"{s}"' for s in sources)
    ours = code.replace('"observer","thermal","media","official"', quoted)
    return ours.replace("observer, thermal, media, official", ", ".join(sources))


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("peer", choices=PEERS)
    ap.add_argument("world", type=Path)
    ap.add_argument("sources", nargs="+")
    ap.add_argument("--budget", type=float, required=True)
    ap.add_argument("--timeout", type=float, required=True)
    a = ap.parse_args()
    h = harness()
    if h is None:
        sys.exit("SERVANDA_BENCH names no folder with corroboration.py")
    with np.load(a.world) as held:
        d = {k: held[k] for k in held.files}
    print(RESULT + json.dumps(vars(tell(h, a.peer, d, a.sources, a.budget, a.timeout))))


if __name__ == "__main__":
    main()
