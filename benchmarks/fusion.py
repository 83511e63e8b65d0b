"""Servanda's fusion beside its peers and its own oracle, on worlds with known truth: `make bench target=fusion`.

Peers choose their best setting ON THE TRUTH. The oracle is Servanda's inference with the true parameters of sources.
"""

import argparse
import importlib.metadata
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from fusion_measures import Measures, calibration_error, frame, labels, metrics, sureness
from fusion_peers import PEERS, Failed, Told, ask, harness
from fusion_worlds import FALSE, FAMILIES, Arrays, Teller, world
from numpy.typing import NDArray

from servanda.fusion import Priors, fuse
from servanda.fusion.beliefs import Beliefs
from servanda.fusion.echoes import in_step, origins, told_first
from servanda.fusion.model import model
from servanda.fusion.quality import Quality
from servanda.fusion.reports import reports
from servanda.fusion.trial import Learned
from servanda.fusion.tuning import least_chance, twins
from servanda.tables import SOURCES

MANY = 5000


def oracle(rows: pl.DataFrame, tellers: tuple[Teller, ...]) -> Beliefs:
    """The true parameters of sources; copies are found, and the least chance is set on replicas, as ever."""
    priors = Priors.model_validate({})
    r = reports(rows, SOURCES.empty(), priors)
    by_name = {t.name: t for t in tellers}
    ordered = [by_name[s] for s in r.sources]

    def of(name: str) -> NDArray[np.float64]:
        return np.array([float(getattr(t, name)) for t in ordered])

    quality = Quality(
        of("detect"), of("false"), of("repeat"), of("confusion"), of("km"), of("hours"), np.full(len(ordered), 1.0)
    )
    steps = in_step(r, priors)
    own = r.part(told_first(origins(r, steps, priors)))
    link = least_chance(twins(model(own, quality, priors), 0))
    return Beliefs(tuple(r.sources), Learned(quality, quality, quality), True, link, None, steps)


@dataclass(frozen=True)
class Options:
    """``peers`` are asked on the first ``peer_seeds`` worlds of a family."""

    peers: Sequence[str]
    peer_seeds: int
    budget_s: float
    timeout_s: float


@dataclass(frozen=True)
class Row:
    """A family of worlds in the table at the end; ``peers``: F1 by peer, None where it failed. stated, happened: of
    each incident of all its worlds."""

    name: str
    f1: float
    oracle: float
    count: float
    worst: float
    ece: float
    peers: dict[str, float | None]
    stated: NDArray[np.float64]
    happened: NDArray[np.bool_]


def family(name: str, made: list[Arrays], tellers: tuple[Teller, ...], options: Options) -> Row:
    ours, best, stated, happened, seconds = [], [], [], [], 0.0
    for d in made:
        rows = frame(d, tellers)
        start = time.perf_counter()
        got = fuse(rows)
        seconds += time.perf_counter() - start
        ours.append(metrics(d["truth"], labels(rows, got)))
        best.append(metrics(d["truth"], labels(rows, fuse(rows, beliefs=oracle(rows, tellers)))))
        p, real = sureness(d, rows, got)
        stated.append(p)
        happened.append(real)
    f1, b3, _ = np.mean(ours, axis=0)
    top, top_b3, _ = np.mean(best, axis=0)
    counts = [c for _, _, c in ours]
    worst = max(counts, key=abs)
    pooled = np.concatenate(stated), np.concatenate(happened)
    error = calibration_error(*pooled)
    each = np.mean([calibration_error(p, y) for p, y in zip(stated, happened, strict=True)])
    print(f"\n{name}: {len(made)} seeds, {len(made[0]['src'])} reports in the first")
    print(f"  {'servanda':<15} F1 {f1:.3f} B3 {b3:.3f} count {np.mean(counts):+.3f} (worst {worst:+.3f}) "
          f"ECE {error:.3f} (by world {each:.3f})  {seconds / len(made):.1f} s")  # fmt: skip
    print(f"  {'oracle':<15} F1 {top:.3f} B3 {top_b3:.3f}   servanda / oracle {f1 / top:.3f}", flush=True)
    reached = {p: beside(p, made, ours, tellers, options) for p in options.peers}
    return Row(name, float(f1), float(top), float(np.mean(counts)), worst, error, reached, *pooled)


def beside(
    peer: str, made: list[Arrays], ours: list[Measures], tellers: tuple[Teller, ...], options: Options
) -> float | None:
    """Mean F1 of the peer on the first worlds, printed with how often ours is better; None if it failed on any."""
    names = [t.name for t in tellers]
    told = [ask(peer, d, names, options.budget_s, options.timeout_s) for d in made[: options.peer_seeds]]
    failed = [t.why for t in told if isinstance(t, Failed)]
    got = [t for t in told if isinstance(t, Told)]
    if failed or not got:
        print(f"  {peer:<15} FAILED on {len(failed)} of {len(told)} worlds: {failed[0] if failed else ''}", flush=True)
        return None
    f1, b3, count, seconds = np.mean([(t.f1, t.b3, t.count, t.seconds) for t in got], axis=0)
    pairs = list(zip(ours, got, strict=False))
    better = (
        sum(f > t.f1 for (f, _, _), t in pairs),
        sum(bool(b > t.b3) for (_, b, _), t in pairs),
        sum(abs(c) < t.count for (_, _, c), t in pairs),
    )
    cost = f"{seconds:.2f} s {max(t.peak_mb for t in got):.0f} MB"
    beaten = f"of {len(got)} servanda is better in F1, B3, count: {', '.join(map(str, better))}"
    print(f"  {peer:<15} F1 {f1:.3f} B3 {b3:.3f} count ±{count:.3f}  {cost}  {beaten}", end="  ")
    print(f"[{got[0].version}; {got[0].note}]", flush=True)
    return float(f1)


def table(rows: Sequence[Row], peers: Sequence[str]) -> str:
    """As in docs/benchmarks.md."""
    head = ["world", "F1", "oracle", "share of oracle", "count", "ECE", *peers]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for r in rows:
        count = f"{100 * r.count:+.1f} % ({100 * r.worst:+.1f})".replace("-", "−")
        theirs = ["failed" if f is None else f"{f:.3f}" for f in r.peers.values()]
        ours = [r.name, f"{r.f1:.3f}", f"{r.oracle:.3f}", f"{r.f1 / r.oracle:.2f}", count, f"{r.ece:.3f}"]
        lines.append("| " + " | ".join([*ours, *theirs]) + " |")
    return "\n".join(lines)


def reliability(rows: Sequence[Row]) -> str:
    """All worlds together: the calibration error, and by tenths what was stated, what was true, how many."""
    p, true = (np.concatenate(v) for v in zip(*((r.stated, r.happened) for r in rows), strict=True))
    tenth = np.minimum((10 * p).astype(int), 9)
    points = [
        f"| {p[tenth == b].mean():.3f} | {true[tenth == b].mean():.3f} | {(tenth == b).sum():,} |"
        for b in np.unique(tenth)
    ]
    head = (
        f"all worlds together: ECE {calibration_error(p, true):.3f}\n\n| stated | true | incidents |\n|---:|---:|---:|"
    )
    return "\n".join([head, *points])


def arguments() -> argparse.Namespace:
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--quick", action="store_true", help="two seeds, and no dense harness world")
    ap.add_argument("--seeds", type=int, default=10)
    ap.add_argument("--first-seed", type=int, default=1)
    ap.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    ap.add_argument("--harness", nargs="*", type=int, default=[2000, 20000], help="incidents of the harness's worlds")
    ap.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    ap.add_argument("--peer-seeds", type=int, default=1, help="on how many worlds of a family peers are asked")
    ap.add_argument("--budget", type=float, default=30.0, help="seconds in which a peer looks for its best setting")
    ap.add_argument("--timeout", type=float, default=600.0, help="seconds after which a peer is stopped")
    return ap.parse_args()


def main() -> None:
    a = arguments()
    versions = " ".join(f"{p} {importlib.metadata.version(p)}" for p in ("servanda", "numpy", "scipy", "polars"))
    print(f"# {versions}; python {sys.version.split()[0]}")
    h = harness()
    if h is None:
        print("SERVANDA_BENCH names no folder with corroboration.py: peers and the harness world are left out.")
    options = Options(a.peers if h else (), a.peer_seeds, a.budget, a.timeout)
    seeds = range(a.first_seed, a.first_seed + (2 if a.quick else a.seeds))
    rows = [family(n, [world(FAMILIES[n], s) for s in seeds], FAMILIES[n].tellers, options) for n in a.families]
    if h:
        tellers = tuple(Teller(*source) for source in h.SOURCES)
        for n in a.harness[:1] if a.quick else a.harness:
            # Of the large world only the seed that the peers' measured baselines are of.
            made = [h.make(n, 90, s) for s in (seeds if n <= MANY else [7])]
            # The harness numbers the false reports of its first source right after the incidents.
            known = [d | {"truth": np.where(d["truth"] < n, d["truth"], d["truth"] + FALSE)} for d in made]
            rows.append(family(f"harness, {n:,}", known, tellers, options))
    print("\n" + table(rows, options.peers) + "\n\n" + reliability(rows))


if __name__ == "__main__":
    main()
