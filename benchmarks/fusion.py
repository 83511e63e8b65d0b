"""Servanda's fusion beside its peers and its own oracle, on worlds with known truth: `make bench-fusion`.

SERVANDA_BENCH names the folder that holds the peers' harness (corroboration.py); it is imported, never copied.
Peers choose their best setting ON THE TRUTH. The oracle is Servanda's inference with the true parameters of sources.
"""

import argparse
import importlib
import importlib.metadata
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import polars as pl
from fusion_worlds import FALSE, FAMILIES, Arrays, Teller, world
from numpy.typing import NDArray

from servanda.fusion import FusionResult, Priors, fuse
from servanda.fusion.beliefs import Beliefs
from servanda.fusion.model import model
from servanda.fusion.quality import Quality
from servanda.fusion.reports import reports
from servanda.fusion.trial import Learned
from servanda.fusion.tuning import least_chance, twins
from servanda.tables import SOURCES

KINDS = ("artillery", "small_arms", "drone_strike", "mine_or_ied", "naval_fire")
T0 = datetime(2026, 1, 10, tzinfo=UTC)
PEERS = ("cc_threshold", "sklearn_dbscan", "hdbscan", "splink_em")
BINS = 10


def frame(d: Arrays, tellers: tuple[Teller, ...]) -> pl.DataFrame:
    daily = np.array([t.daily for t in tellers])[d["src"]]
    middle = np.round(d["h"] * 3.6e9).astype(np.int64) + int(T0.timestamp() * 1e6)
    half = np.where(daily, 12 * 3600 * 10**6, 0)
    stamp = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        {
            "observation_id": [f"o{i:07d}" for i in range(len(middle))],
            "source_id": [tellers[k].name for k in d["src"]],
            "kind": [KINDS[k] for k in d["kind"]],
            "t_start": pl.Series(middle - half).cast(stamp),
            "t_end": pl.Series(middle + half).cast(stamp),
            "lon": d["lon"],
            "lat": d["lat"],
        }
    )


def oracle(rows: pl.DataFrame, tellers: tuple[Teller, ...]) -> Beliefs:
    """The true parameters of sources; the least chance is set on replicas as ever."""
    priors = Priors.model_validate({})
    r = reports(rows, SOURCES.empty(), priors)
    by_name = {t.name: t for t in tellers}
    ordered = [by_name[s] for s in r.sources]

    def of(name: str) -> NDArray[np.float64]:
        return np.array([float(getattr(t, name)) for t in ordered])

    quality = Quality(
        of("detect"), of("false"), of("repeat"), of("confusion"), of("km"), of("hours"), np.full(len(ordered), 1.0)
    )
    link = least_chance(twins(model(r, quality, priors), 0))
    return Beliefs(tuple(r.sources), Learned(quality, quality, quality), True, link, None)


def labels(rows: pl.DataFrame, got: FusionResult) -> np.ndarray:
    joined = rows.select("observation_id").join(got.membership, on="observation_id", how="left", maintain_order="left")
    return joined["incident_id"].rank("dense").to_numpy().astype(np.int64)


def sureness(d: Arrays, rows: pl.DataFrame, got: FusionResult) -> tuple[np.ndarray, np.ndarray]:
    """Stated probability of each incident, and whether any of its reports is of something real."""
    real = rows.select("observation_id").with_columns(pl.Series("real", d["truth"] < FALSE))
    held = got.membership.join(real, on="observation_id").group_by("incident_id").agg(pl.col("real").any())
    both = got.incidents.join(held, on="incident_id").select("probability", "real")
    return both["probability"].to_numpy(), both["real"].to_numpy()


def calibration_error(p: np.ndarray, happened: np.ndarray) -> float:
    """Expected calibration error over ``BINS`` equal bins (Naeini et al. 2015)."""
    at = np.minimum((p * BINS).astype(int), BINS - 1)
    return float(sum(abs(p[at == b].mean() - happened[at == b].mean()) * (at == b).mean() for b in np.unique(at)))


def harness() -> ModuleType | None:
    folder = os.environ.get("SERVANDA_BENCH")
    if not folder or not (Path(folder) / "corroboration.py").exists():
        print("SERVANDA_BENCH names no folder with corroboration.py: peers and the harness world are left out.")
        return None
    sys.path.insert(0, folder)
    return importlib.import_module("corroboration")


def peers(h: ModuleType, d: Arrays, tellers: tuple[Teller, ...], budget: float) -> dict[str, str]:
    """What each peer reaches; one that is not installed says so."""
    out, own = {}, vars(h)["SOURCES"]
    vars(h)["SOURCES"] = [(t.name,) for t in tellers]  # one peer looks the names up there
    for name in PEERS:
        try:
            told = h.PEERS[name](SimpleNamespace(d=d, a=SimpleNamespace(budget=budget)))
            out[name] = f"{told['check']}  [{told['version']}]"
        except ImportError as error:
            out[name] = f"not installed ({error.name}); see benchmarks/requirements-peers.txt"
    vars(h)["SOURCES"] = own
    return out


def metrics(truth: np.ndarray, label: np.ndarray) -> tuple[float, float, float]:
    """Pairwise F1, B-cubed F1, relative error of the number of incidents (signed)."""
    _, a = np.unique(truth, return_inverse=True)
    _, b = np.unique(label, return_inverse=True)
    cells, both = np.unique(a.astype(np.int64) * (b.max() + 1) + b, return_counts=True)
    left, right = np.bincount(a), np.bincount(b)

    def pairs(v: NDArray[np.int64]) -> float:
        return float((v * (v - 1) // 2).sum())

    f1 = 2 * pairs(both) / max(pairs(left) + pairs(right), 1.0)
    precision = (both**2 / right[cells % (b.max() + 1)]).sum() / len(a)
    recall = (both**2 / left[cells // (b.max() + 1)]).sum() / len(a)
    return f1, 2 * precision * recall / (precision + recall), len(right) / len(left) - 1.0


def family(name: str, made: list[Arrays], tellers: tuple[Teller, ...], h: ModuleType | None, budget: float) -> None:
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
    error = calibration_error(np.concatenate(stated), np.concatenate(happened))
    each = np.mean([calibration_error(p, y) for p, y in zip(stated, happened, strict=True)])
    print(f"\n{name}: {len(made)} seeds, {len(made[0]['src'])} reports in the first")
    print(f"  servanda   F1 {f1:.3f} B3 {b3:.3f} count {np.mean(counts):+.3f} (worst {max(counts, key=abs):+.3f}) "
          f"ECE {error:.3f} (by world {each:.3f})  {seconds / len(made):.1f} s")  # fmt: skip
    print(f"  oracle     F1 {top:.3f} B3 {top_b3:.3f}   servanda / oracle {f1 / top:.3f}")
    if h:
        for peer, line in peers(h, made[0], tellers, budget).items():
            print(f"  {peer:<10} {line}  (first seed)")
    sys.stdout.flush()


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--quick", action="store_true", help="two seeds, and no dense harness world")
    ap.add_argument("--seeds", type=int, default=10)
    ap.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    ap.add_argument("--budget", type=float, default=30.0, help="seconds in which a peer looks for its best setting")
    a = ap.parse_args()
    versions = " ".join(f"{p} {importlib.metadata.version(p)}" for p in ("servanda", "numpy", "scipy", "polars"))
    print(f"# {versions}; python {sys.version.split()[0]}")
    h = harness()
    seeds = range(1, (2 if a.quick else a.seeds) + 1)
    for name, spec in ((n, FAMILIES[n]) for n in a.families):
        family(name, [world(spec, s) for s in seeds], spec.tellers, h, a.budget)
    if h:
        tellers = tuple(
            Teller(n, det, km, hours, conf, false, rep, day) for n, det, km, hours, conf, false, rep, day in h.SOURCES
        )
        sizes = (
            ((2000, "harness, 2,000 incidents"),) if a.quick else ((2000, "harness, 2,000"), (20000, "harness, 20,000"))
        )
        for n, name in sizes:
            family(name, [h.make(n, 90, 7)], tellers, h, a.budget)


if __name__ == "__main__":
    main()
