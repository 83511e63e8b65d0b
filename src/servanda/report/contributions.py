"""What each source contributed and was learned to be like, in words that a head of mission reads."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from servanda.report.data import ReportData
from servanda.report.language import Catalogue
from servanda.report.numbers import NONE

SHARES = ("p_true", "detect", "confusion", "repeat")
REASONS = ("few_reports", "one_group", "no_match", "no_incident", "silent")
COUNTS = ("period", "since", "incidents", "shared", "alone", "copies")
LEAST, MOST = 0.05, 0.95
"""Shares whose interval lies between are told in tenths, others in hundredths."""
FINE = 0.1
"""An interval narrower than this is told in hundredths: tenths would hide how much is known."""


@dataclass(frozen=True)
class Contribution:
    """``counts``: as ``COUNTS`` names them. ``learned``: empty: nothing."""

    source_id: str
    counts: tuple[int, ...]
    stated: str
    learned: tuple[str, ...]


def contribution_rows(data: ReportData) -> list[Contribution]:
    out = []
    for row in _heard(data).iter_rows(named=True):
        counts = tuple(row[k] or 0 for k in COUNTS)
        stated = NONE if row["stated"] is None else in_tens(data.words, row["stated"])
        out.append(Contribution(row["source_id"], counts, stated, () if row["unlearned"] else _learned(data, row)))
    return out


def _heard(data: ReportData) -> pl.DataFrame:
    """Without feeds that only say when somebody looked."""
    return data.contributions.filter((pl.col("since") > 0) | pl.col("stated").is_not_null())


def notes(data: ReportData) -> list[str]:
    """What the mission notes of its sources; then of whom nothing was learned, one sentence for each reason."""
    shown = _heard(data)["source_id"].to_list()
    noted = [(s, data.source_notes[s]) for s in shown if s in data.source_notes]
    out = [data.words.say("sources.noted", source=s, note=note) for s, note in noted]
    for reason in REASONS:
        names = [r["source_id"] for r in _heard(data).iter_rows(named=True) if r["unlearned"] == reason]
        if names:
            listed = data.words.say("summary.comma").join(names)
            out.append(data.words.say(f"sources.{reason}", n=len(names), sources=listed))
    return out


def _learned(data: ReportData, row: dict[str, Any]) -> tuple[str, ...]:
    def told(name: str) -> str:
        value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
        if value is None:
            return data.words.say("sources.as_stated")
        if name in SHARES:
            return in_tens(data.words, value, low, high)
        write = data.figures.distance if name == "sigma_m" else data.figures.duration
        return _around(data.words, *(write(x) for x in (value, low, high)))

    return tuple(told(name) for name in ("p_true", "detect", "sigma_m", "time_h", "confusion", "repeat"))


def in_tens(words: Catalogue, p: float, low: float | None = None, high: float | None = None) -> str:
    """A share as so many in ten, or in a hundred where tenths are too coarse: 'about 6 in 10, 5 to 7'."""
    ends = [p if low is None else low, p if high is None else high]
    fine = low is not None and high is not None and high - low < FINE
    of = 10 if min(p, *ends) > LEAST and max(p, *ends) < MOST and not fine else 100
    k, a, b = (round(of * min(x, 1.0)) for x in (p, *ends))
    if a == b:
        return words.say("sources.fewer", of=of) if k == 0 else words.say("sources.about", k=k, of=of)
    if k == 0:
        return words.say("sources.fewer_between", of=of, high=b)
    return words.say("sources.between", k=k, of=of, low=a, high=b)


def _around(words: Catalogue, value: str, low: str, high: str) -> str:
    key = "sources.size" if low == high else "sources.size_between"
    return words.say(key, value=value, **({} if low == high else {"low": low, "high": high}))
