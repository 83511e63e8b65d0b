"""How good findings are, against what was true."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from servanda.findings import VERDICTS, Finding, Verdict
from servanda.worlds.simulate import World
from servanda.worlds.verdicts import Truth, truth_verdicts

BINS = 10
"""Equal bins of probability, as is usual for reliability diagrams (Naeini et al. 2015, AAAI)."""
SPEAKING: tuple[Verdict, ...] = ("broken", "exempt", "alleged", "kept")
"""Verdicts that say something; 'unverifiable' and 'pending' abstain, and their probability is not marked."""


Mark = tuple[str, float, tuple[tuple[str, float | int], ...]]


@dataclass(frozen=True)
class Bin:
    """Findings whose probability is in [low, high), the last bin closed: how many, mean stated, share truly broken."""

    low: float
    high: float
    findings: int
    mean_stated: float
    share_broken: float


@dataclass(frozen=True)
class Score:
    """Marks of a set of findings. Shares are NaN where nothing is there to share.

    ``table``: a row per verdict: (verdict, truly broken, truly exempt, truly neither). ``rows``: (code, value, what its
    note names), for the scoreboard of a report.
    Of findings called broken, ``broken_stated`` is the mean probability, ``broken_proof`` the mean standard of proof,
    ``broken_right`` the share that is right. Of those called kept, ``kept_stated_miss`` is the mean of 1 - power,
    ``kept_wrong`` the share truly broken.
    ``coverage_reported``: share of 95 % intervals that hold the number of true violations that anybody reported;
    ``coverage_all``: that hold all true violations, once the bound on unseen ones is added to the upper end.
    """

    table: tuple[tuple[Verdict, int, int, int], ...]
    not_due: int
    broken_stated: float
    broken_proof: float
    broken_right: float
    kept_stated_miss: float
    kept_wrong: float
    unverifiable_broken: int
    coverage_reported: float
    coverage_all: float
    bins: tuple[Bin, ...]
    ece: float
    rows: tuple[Mark, ...]

    @property
    def reliability(self) -> tuple[tuple[float, float, int], ...]:
        """Points of the reliability diagram: (mean stated, share broken, findings), empty bins left out."""
        return tuple((b.mean_stated, b.share_broken, b.findings) for b in self.bins if b.findings)


Pair = tuple[Finding, Truth]


def score(findings: Sequence[Finding], world: World) -> Score:
    """Mark the findings of one world. A finding about nothing that the truth knows is left out."""
    return score_pairs(pair(findings, world))


def pair(findings: Sequence[Finding], world: World) -> list[Pair]:
    """Each finding with its truth; lists from several worlds may be joined and marked together."""
    periods = list(dict.fromkeys(f.period for f in findings))
    truths = {(t.term_id, t.party, t.period): t for t in truth_verdicts(world, periods)}
    keyed = [(f, truths.get((f.term_id, f.party, f.period))) for f in findings]
    return [(f, t) for f, t in keyed if t is not None]


def score_pairs(pairs: Sequence[Pair]) -> Score:
    """Marks of findings that are paired with their truth; where nothing fell due there is nothing to mark."""
    due = [(f, t) for f, t in pairs if t.broken is not None]
    broken, kept = _of(due, "broken"), _of(due, "kept")
    bins = calibration(_stated(due))
    marks = Score(
        table=tuple(_row(due, v) for v in VERDICTS),
        not_due=len(pairs) - len(due),
        broken_stated=_mean(p for p, _ in _stated(broken)),
        broken_proof=_mean(f.proof_probability for f, _ in broken),
        broken_right=_mean(float(bool(t.broken)) for _, t in broken),
        kept_stated_miss=_mean(1 - f.power for f, _ in kept),
        kept_wrong=_mean(float(bool(t.broken)) for _, t in kept),
        unverifiable_broken=sum(bool(t.broken) for _, t in _of(due, "unverifiable")),
        coverage_reported=_mean(float(_holds_reported(f, t)) for f, t in due if t.reported is not None),
        coverage_all=_mean(float(_holds_all(f, t)) for f, t in due if t.reported is not None),
        bins=bins,
        ece=expected_calibration_error(bins),
        rows=(),
    )
    return Score(**{**vars(marks), "rows": _rows(marks)})


def calibration(stated: Sequence[tuple[float, bool]], bins: int = BINS) -> tuple[Bin, ...]:
    """Bin (probability, happened) pairs by probability."""
    p = np.array([q for q, _ in stated], dtype=np.float64)
    happened = np.array([h for _, h in stated], dtype=np.float64)
    at = np.minimum((p * bins).astype(np.int64), bins - 1)
    out = []
    for k in range(bins):
        mine = at == k
        n = int(mine.sum())
        mean, share = (float(p[mine].mean()), float(happened[mine].mean())) if n else (float("nan"), float("nan"))
        out.append(Bin(k / bins, (k + 1) / bins, n, mean, share))
    return tuple(out)


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of stated probability and observed share, weighed by findings; NaN without any."""
    n = sum(b.findings for b in bins)
    return sum(b.findings * abs(b.mean_stated - b.share_broken) for b in bins if b.findings) / n if n else float("nan")


def _stated(pairs: Sequence[Pair]) -> list[tuple[float, bool]]:
    """(chance, broken) of findings that speak; a chance that is not known is not marked either."""
    spoken = [(f.probability, bool(t.broken)) for f, t in pairs if f.verdict in SPEAKING]
    return [(p, broken) for p, broken in spoken if p is not None]


def _of(pairs: Sequence[Pair], verdict: Verdict) -> list[Pair]:
    return [(f, t) for f, t in pairs if f.verdict == verdict]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else float("nan")


def _row(pairs: Sequence[Pair], verdict: Verdict) -> tuple[Verdict, int, int, int]:
    mine = [t for _, t in _of(pairs, verdict)]
    broken = sum(bool(t.broken) for t in mine)
    exempt = sum(not t.broken and t.exempted > 0 for t in mine)
    return verdict, broken, exempt, len(mine) - broken - exempt


def _holds_reported(finding: Finding, truth: Truth) -> bool:
    low, high = finding.expected_violations.low, finding.expected_violations.high
    return low is not None and high is not None and low <= (truth.reported or 0) <= high


def _holds_all(finding: Finding, truth: Truth) -> bool:
    """An unbounded number of unseen violations holds any number."""
    low, high = finding.expected_violations.low, finding.expected_violations.high
    if low is None or high is None or truth.violations < low:
        return False
    return finding.unseen_upper95 is None or truth.violations <= high + finding.unseen_upper95


def _rows(s: Score) -> tuple[Mark, ...]:
    counts = {verdict: sum(numbers) for verdict, *numbers in s.table}
    broken = (("count", counts["broken"]), ("stated", s.broken_stated), ("proof", s.broken_proof))
    return (
        ("findings", float(sum(counts.values())), (("not_due", s.not_due),)),
        ("broken", s.broken_right, broken),
        ("kept", s.kept_wrong, (("count", counts["kept"]), ("stated", s.kept_stated_miss))),
        ("unverifiable", float(s.unverifiable_broken), (("count", counts["unverifiable"]),)),
        ("coverage_reported", s.coverage_reported, ()),
        ("coverage_all", s.coverage_all, ()),
        ("calibration", s.ece, ()),
    )
