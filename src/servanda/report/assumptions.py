"""How much hangs on the assumptions: one line for each term, naming only the changes that move its verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from servanda.findings import Finding, Trial, Verdict
from servanda.report.data import ReportData
from servanda.report.verdicts import TermRow, party_name
from servanda.report.words import verdict_word

CHANGES = {0.5: "halved", 2.0: "doubled"}


@dataclass(frozen=True)
class Tried:
    """``lines``: what moves the verdict on the term, then those on parties; ``ranges``: of chance and power."""

    row: TermRow
    finding: Finding
    lines: tuple[str, ...]
    ranges: str


def assumption_rows(data: ReportData, rows: list[TermRow]) -> list[Tried]:
    """The terms whose finding on the whole window was judged again."""
    out = []
    for row in rows:
        f = row.whole
        if f is not None and f.sensitivity is not None and f.sensitivity.trials:
            parties = [p for _, p in row.parties if p.period == f.period and p.moved]
            alike = [p for p in parties if (p.verdict, _moves(data, p)) == (f.verdict, _moves(data, f))]
            lines = [_said(data, f), _alike(data, alike), *(_of_party(data, p) for p in parties if p not in alike)]
            out.append(Tried(row, f, tuple(filter(None, lines)), _ranges(data, f)))
    return out


def untried(data: ReportData, rows: list[TermRow]) -> str:
    """Which assumptions were not tried, and why; empty where all were."""
    held = next((r.whole.sensitivity for r in rows if r.whole and r.whole.sensitivity), None)
    if held is None or not held.not_tried:
        return ""
    names = data.words.say("summary.comma").join(data.words.say(f"assumptions.{a}") for a in held.not_tried)
    return data.words.say("assumptions.not_tried", list=names, n=held.limit)


def _said(data: ReportData, f: Finding) -> str:
    assert f.sensitivity is not None
    return _moves(data, f) if f.moved else data.words.say("assumptions.holds", n=len(f.sensitivity.trials))


def _alike(data: ReportData, findings: list[Finding]) -> str:
    """The parties of whom the same is to be said as of the term; empty where there is none."""
    names = data.words.say("summary.comma").join(party_name(data, f.party) for f in findings)
    return data.words.say("assumptions.alike", parties=names) if names else ""


def _of_party(data: ReportData, f: Finding) -> str:
    verdict = data.words.inline(verdict_word(data.words, f.verdict))
    return data.words.say(
        "assumptions.of_party", party=party_name(data, f.party), verdict=verdict, moves=_moves(data, f)
    )


def _moves(data: ReportData, f: Finding) -> str:
    ordered = sorted(f.moved, key=lambda t: t.verdict)
    parts = [_becomes(data, v, list(trials)) for v, trials in groupby(ordered, key=lambda t: t.verdict)]
    return data.words.say("assumptions.sentence", parts="; ".join(parts))


def _becomes(data: ReportData, verdict: Verdict, trials: list[Trial]) -> str:
    words = data.words
    said = [
        words.say(f"assumptions.{CHANGES[t.factor]}", assumption=words.say(f"assumptions.{t.assumption}"))
        if t.factor in CHANGES
        else words.say("assumptions.times", assumption=words.say(f"assumptions.{t.assumption}"), factor=f"{t.factor:g}")
        for t in trials
    ]
    shown = words.inline(verdict_word(words, verdict))
    return words.say("assumptions.becomes", verdict=shown, list=words.say("assumptions.or").join(said))


def _ranges(data: ReportData, f: Finding) -> str:
    def between(write: Callable[[float], str], low: float, high: float) -> str:
        a, b = write(low), write(high)
        return a if a == b else data.words.say("assumptions.between", low=a, high=b)

    figures, chances = data.figures, f.chances
    chance = between(figures.percent, *chances) if chances else figures.chance(None)
    power = between(figures.power, *f.powers)
    return data.words.say("assumptions.ranges", chance=chance, power=power)
