"""Counts as people write them: 'about 40', 'at least 12', '10-15', 'several', 'undetermined'; kept as intervals.

The words are in ``data/count_words.csv``. A word that is not there is not guessed at. ``low`` null: not stated;
``high`` null: open. What stands for no number at all gives neither, which is never zero.
"""

import csv
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import polars as pl

ABOUT_SHARE = 0.25
"""'About 40' means 40 less and more this share: 30 to 50. An assumption."""
PREFIXES = ("about", "at_least", "more_than", "at_most", "fewer_than")
_NUMBER = r"[0-9]+(?:[ ,'\u00a0\u202f][0-9]{3})*(?:\.[0-9]+)?"
_RANGE = re.compile(rf"(?:between )?({_NUMBER}) ?(?:-|–|—|to|and|до|à) ?({_NUMBER})")
_OPEN = re.compile(rf"({_NUMBER}) ?\+")


@dataclass(frozen=True)
class Stated:
    """``low`` and ``high`` of a count, either of which may be open."""

    low: float | None
    high: float | None


@dataclass(frozen=True)
class Rule:
    """A documented way from one counting unit to another: one of the incidents is ``least`` of the others or more."""

    from_unit: str
    to_unit: str
    least: float
    note: str


NOT_STATED = Stated(None, None)


@cache
def _words() -> dict[str, dict[str, Stated]]:
    """Form to phrase to the number it stands for."""
    out: dict[str, dict[str, Stated]] = {}
    for row in _table("count_words.csv"):
        low, high = (float(row[c]) if row[c] else None for c in ("low", "high"))
        out.setdefault(row["form"], {})[row["phrase"]] = Stated(low, high)
    return out


@cache
def rules() -> dict[str, Rule]:
    """The rules of conversion by name, from ``data/count_rules.csv``."""
    found = _table("count_rules.csv")
    return {r["rule"]: Rule(r["from_unit"], r["to_unit"], float(r["least"]), r["note"]) for r in found}


def _table(name: str) -> list[dict[str, str]]:
    text = resources.files("servanda.sources").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def parse(text: str, about_share: float = ABOUT_SHARE) -> Stated | None:
    """The interval that ``text`` states; None where it is not understood."""
    said = " ".join(text.split()).casefold()
    if said in _words()["unstated"]:
        return NOT_STATED
    if (plain := _plain(said)) is not None:
        return plain
    for form in PREFIXES:
        for phrase in sorted(_words()[form], key=len, reverse=True):
            rest = said.removeprefix(phrase).strip()
            gap = said.startswith(phrase + " ") or not phrase[-1].isalpha()
            if said.startswith(phrase) and gap and (number := _plain(rest)) is not None:
                return _bounded(form, number, about_share)
    return None


def _plain(said: str) -> Stated | None:
    """A number, a range of two, an open number, or a word for one."""
    if re.fullmatch(_NUMBER, said):
        return Stated(_value(said), _value(said))
    if (pair := _RANGE.fullmatch(said)) is not None:
        low, high = _value(pair[1]), _value(pair[2])
        return Stated(low, high) if low <= high else None
    if (more := _OPEN.fullmatch(said)) is not None:
        return Stated(_value(more[1]), None)
    return _words()["number"].get(said)


def _value(digits: str) -> float:
    return float(re.sub(r"[ ,'\u00a0\u202f]", "", digits))


def _bounded(form: str, number: Stated, share: float) -> Stated:
    low, high = number.low, number.high
    bounds = {
        "about": (_less(low, share), _more(high, share)),
        "at_least": (low, None),
        "more_than": (None if low is None else math.floor(low) + 1.0, None),
        "at_most": (None, high),
        "fewer_than": (None, None if high is None else math.ceil(high) - 1.0),
    }
    return Stated(*bounds[form])


def _less(n: float | None, share: float) -> float | None:
    return None if n is None else float(math.floor(n * (1.0 - share)))


def _more(n: float | None, share: float) -> float | None:
    return None if n is None else float(math.ceil(n * (1.0 + share)))


def interval(says: pl.Expr, low: pl.Expr, high: pl.Expr, about_share: float) -> tuple[pl.Expr, pl.Expr]:
    """Low and high of counts asked in a form: ``says`` is exactly, about, at_least, between or not (none stated)."""
    stated = pl.when(says != "not")
    least = stated.then(pl.when(says == "about").then((low * (1 - about_share)).floor()).otherwise(low))
    most = stated.then(
        pl.when(says == "about").then((low * (1 + about_share)).ceil())
        .when(says == "between").then(high)
        .when(says == "exactly").then(low)
    )  # fmt: skip
    return least, most


def at_least(n: pl.Expr, open_: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Low and high of a figure that is exact, or, where ``open_``, only the least there were."""
    return n, pl.when(~open_).then(n)


def column(texts: pl.Series, about_share: float) -> pl.DataFrame:
    """``low``, ``high`` and ``understood`` of count texts; a null text is understood and states nothing."""
    known = {t: parse(t, about_share) for t in texts.drop_nulls().unique().to_list()}
    found = [NOT_STATED if t is None else known[t] for t in texts]
    schema = {"low": pl.Float64, "high": pl.Float64, "understood": pl.Boolean}
    rows = [(None, None, False) if s is None else (s.low, s.high, True) for s in found]
    return pl.DataFrame(rows, schema=schema, orient="row")


def converted(low: pl.Expr, high: pl.Expr, unit: pl.Expr, rule: Rule) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Low, high and unit by the rule, and where it was used; counts in other units stay as they are.

    To the incidents that consist of so many: none need be, at most high / least may be. From them: at least
    low * least, with no upper bound.
    """
    used = (unit == rule.from_unit).fill_null(False)
    whole = rule.to_unit == "incidents"
    fewest = pl.lit(None, pl.Float64) if whole else low * rule.least
    most = (high / rule.least).floor() if whole else pl.lit(None, pl.Float64)
    return (
        pl.when(used).then(fewest).otherwise(low),
        pl.when(used).then(most).otherwise(high),
        pl.when(used).then(pl.lit(rule.to_unit)).otherwise(unit),
        used,
    )
