"""How far stated chances come true: by family of worlds, with known truth, and where assumptions are broken.

    python benchmarks/calibration.py [families, a,b,c] [seeds] [folder for the results]

Families: those of ``servanda.worlds.ready`` and ``servanda.worlds.broken``. Each row joins all its seeds. 'ECE' is
the calibration error over verdicts that speak, in ten bins; 'kept wrong' the share of findings called kept that were
broken, beside what their power allows; 'covered' the share of 95 % intervals, with the unseen, that hold the truth.
With a folder, each family's points are kept there and families measured before are not measured again; a last line
pools the ready worlds, and the reliability diagram is written to ``reliability.svg``.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from markupsafe import Markup

from servanda.mission.marking import marked
from servanda.report import svg
from servanda.report.language import catalogue
from servanda.report.numbers import Figures
from servanda.report.reliability import Point, draw_reliability
from servanda.worlds.broken import BROKEN
from servanda.worlds.ready import SPECS
from servanda.worlds.score import Bin, Pair, expected_calibration_error, score_pairs

FIRST_SEED = 100
PANEL = (312, 342)
"""Width and height of one diagram, and the room above it for its name."""
HEAD = 26
STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:12px;fill:#1F2328}.small{font-size:11.5px;fill:#454B52}"
    ".tick{font-size:10.5px;fill:#6B6659}.head{font-size:14px;font-weight:600}"
)


def measured(name: str, seeds: int) -> dict[str, Any]:
    """The marks of one family, as they are kept."""
    pairs: list[Pair] = []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        with tempfile.TemporaryDirectory() as folder:
            pairs += marked({**SPECS, **BROKEN}[name], seed, Path(folder))
    s = score_pairs(pairs)
    return {
        "family": name,
        "seeds": seeds,
        "findings": sum(b.findings for b in s.bins),
        "ece": s.ece,
        "broken_right": s.broken_right,
        "broken_proof": s.broken_proof,
        "kept_wrong": s.kept_wrong,
        "kept_allowed": s.kept_stated_miss,
        "coverage": s.coverage_all,
        "bins": [[b.low, b.high, b.findings, b.mean_stated, b.share_broken] for b in s.bins],
        "worst_kept": worst_kept(pairs),
    }


def worst_kept(pairs: list[Pair]) -> list[Any]:
    """The term whose findings called kept are most beyond, or least within, what their power allows."""
    out: list[tuple[float, str, float, float]] = []
    kept = [(f, t) for f, t in pairs if f.verdict == "kept" and t.broken is not None]
    for term in sorted({f.term_id for f, _ in kept}):
        mine = [(f, t) for f, t in kept if f.term_id == term]
        wrong = sum(bool(t.broken) for _, t in mine) / len(mine)
        allowed = sum(1 - f.power for f, _ in mine) / len(mine)
        out.append((wrong - allowed, term, wrong, allowed))
    return list(max(out)[1:]) if out else []


def pooled(rows: list[dict[str, Any]]) -> tuple[Bin, ...]:
    """Bins of several families joined."""
    out = []
    for same in zip(*(r["bins"] for r in rows), strict=True):
        n = sum(b[2] for b in same)
        mean, share = (sum(b[2] * b[k] for b in same if b[2]) / n if n else float("nan") for k in (3, 4))
        out.append(Bin(same[0][0], same[0][1], n, mean, share))
    return tuple(out)


def line(r: dict[str, Any]) -> str:
    term, wrong, allowed = r["worst_kept"] or ("none", float("nan"), float("nan"))
    return (
        f"| {r['family']} | {r['seeds']} | {r['findings']} | {r['ece']:.3f} | {r['broken_right']:.3f} "
        f"({r['broken_proof']:.3f}) | {r['kept_wrong']:.3f} ({r['kept_allowed']:.3f}) | "
        f"{term} {wrong:.3f} ({allowed:.3f}) | {r['coverage']:.3f} |"
    )


def points(bins: Iterator[Bin] | tuple[Bin, ...]) -> tuple[Point, ...]:
    return tuple((b.mean_stated, b.share_broken, b.findings) for b in bins if b.findings)


def diagrams(rows: list[dict[str, Any]]) -> Markup:
    """One diagram for each family, two in a row."""
    wide, high = PANEL
    width, height = 2 * wide + 30, -(-len(rows) // 2) * (high + HEAD + 14)
    figures = Figures(catalogue("en"))
    parts = [svg.el("style", Markup(STYLE)), svg.rect(0, 0, width, height, fill="#fff")]
    for i, r in enumerate(rows):
        drawn = draw_reliability(points(pooled([r])), figures, f"reliability-{r['family']}")
        at = f"translate({i % 2 * (wide + 30)} {i // 2 * (high + HEAD + 14)})"
        title = f"{r['family']}: calibration error {r['ece']:.3f}"
        placed = Markup(str(drawn).replace("<svg ", f'<svg y="{HEAD}" width="{wide}" height="{high}" ', 1))
        parts.append(svg.group([svg.text(58, 16, title, class_="head"), placed], transform=at))
    return svg.picture(width, height, "Reliability by family", "Stated chance and share broken.", *parts, name="all")


def main(families: list[str], seeds: int, folder: Path | None) -> None:
    libraries = ", ".join(f"{n} {version(n)}" for n in ("servanda", "numpy", "scipy", "polars", "shapely"))
    print(f"{libraries}; seeds {FIRST_SEED}-{FIRST_SEED + seeds - 1}\n")
    print("| family | seeds | findings | ECE | broken right (proof) | kept wrong (allowed) | worst term | covered |")
    print("|---|---:|---:|---:|---:|---:|---|---:|")
    rows = []
    for name in families:
        kept = folder / f"{name}-{seeds}.json" if folder else None
        row = json.loads(kept.read_text("utf-8")) if kept and kept.is_file() else measured(name, seeds)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(row), encoding="utf-8")
        rows.append(row)
        print(line(row), flush=True)
    ready = [r for r in rows if r["family"] in SPECS]
    if ready:
        print(f"\nReady worlds pooled: ECE {expected_calibration_error(pooled(ready)):.4f}")
        for stated, true, n in points(pooled(ready)):
            print(f"  stated {stated:.3f}  broken {true:.3f}  of {n}")
    if folder and ready:
        (folder / "reliability.svg").write_text(str(diagrams(ready)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        given[0].split(",") if given else [*SPECS, *BROKEN],
        int(given[1]) if len(given) > 1 else 20,
        Path(given[2]) if len(given) > 2 else None,
    )
