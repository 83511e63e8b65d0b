"""The rows of what nobody reported, in the words of the page."""

from dataclasses import dataclass

from servanda.findings import STRATUM_SEPARATOR, Undercount
from servanda.report.data import ReportData
from servanda.report.numbers import NONE
from servanda.report.words import kind_label

COUNTED = "counted"
"""Code of the refusal where reports give counts: how many incidents were seen one by one says nothing then."""


@dataclass(frozen=True)
class UndercountRow:
    """One answer of one method, and the terms that it is the answer for. ``seen``, ``total`` and ``basis`` are words;
    without a total ``basis`` says why."""

    term_ids: tuple[str, ...]
    stratum: str
    method: str
    seen: str
    total: str
    basis: str
    refused: bool


def undercount_rows(data: ReportData) -> list[UndercountRow]:
    """In the order of the terms of the agreement; terms with the same answer share a row, at the place of the first."""
    alike: dict[tuple[str, str, str, str, bool], list[Undercount]] = {}
    for u in data.undercounts:
        alike.setdefault((_stratum(data, u), *_answer(data, u)), []).append(u)
    return [
        UndercountRow(tuple(u.term_id for u in of), stratum, method, _seen(data, of), total, basis, refused)
        for (stratum, method, total, basis, refused), of in alike.items()
    ]


def _stratum(data: ReportData, u: Undercount) -> str:
    return STRATUM_SEPARATOR.join(kind_label(data.words, part) for part in u.stratum.split(STRATUM_SEPARATOR))


def _answer(data: ReportData, u: Undercount) -> tuple[str, str, str, bool]:
    """Method, total, what it rests on or why there is none, and whether there is none."""
    say, number = data.words.say, data.figures.number
    method = say(f"undercount.by_{u.method}")
    if u.refused is not None or u.estimate is None:
        values = {k: number(v) if isinstance(v, float) else v for k, v in u.refused.values} if u.refused else {}
        why = say(f"undercount.refused_{u.refused.code}", **values) if u.refused else ""
        return method, say("undercount.no_estimate"), why, True
    total = say("undercount.interval", total=number(u.estimate), low=number(u.low), high=number(u.high))
    return method, total, _basis(data, u), False


def _seen(data: ReportData, of: list[Undercount]) -> str:
    """Of several terms the least and the most."""
    if of[0].refused is not None and of[0].refused.code == COUNTED:
        return NONE
    ends = [data.figures.number(end(u.seen for u in of)) for end in (min, max)]
    return "–".join(dict.fromkeys(ends))


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
