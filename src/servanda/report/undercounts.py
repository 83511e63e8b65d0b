"""The rows of what nobody reported, in the words of the page."""

from dataclasses import dataclass

from servanda.findings import STRATUM_SEPARATOR, Undercount
from servanda.report.data import ReportData
from servanda.report.words import kind_label


@dataclass(frozen=True)
class UndercountRow:
    """One stratum and method of a term. ``total`` and ``basis`` are words; without a total ``basis`` says why."""

    term_id: str
    stratum: str
    method: str
    seen: float
    total: str
    basis: str
    refused: bool


def undercount_rows(data: ReportData) -> list[UndercountRow]:
    """In the order of the terms of the agreement, as the mission gives them."""
    return [_row(data, u) for u in data.undercounts]


def _row(data: ReportData, u: Undercount) -> UndercountRow:
    say, number = data.words.say, data.figures.number
    method = say(f"undercount.by_{u.method}")
    stratum = STRATUM_SEPARATOR.join(kind_label(data.words, part) for part in u.stratum.split(STRATUM_SEPARATOR))
    if u.refused is not None or u.estimate is None:
        why = say(f"undercount.refused_{u.refused.code}", **dict(u.refused.values)) if u.refused else ""
        return UndercountRow(u.term_id, stratum, method, u.seen, say("undercount.no_estimate"), why, True)
    total = say("undercount.interval", total=number(u.estimate), low=number(u.low), high=number(u.high))
    return UndercountRow(u.term_id, stratum, method, u.seen, total, _basis(data, u), False)


def _basis(data: ReportData, u: Undercount) -> str:
    """The lists; of an estimate from effort the watches, and the stated chances that it takes for given."""
    say, share, chances = data.words.say, data.figures.share, dict(u.parts)
    names = ", ".join(u.lists)
    if "least_chance" not in chances:
        return say("undercount.lists", n=len(u.lists), names=names)
    low, high = share(chances["least_chance"]), share(chances["most_chance"])
    if low == high:
        return say("undercount.watches_alike", names=names, chance=low)
    return say("undercount.watches", names=names, low=low, high=high)
