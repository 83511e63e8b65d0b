"""Plural rules in the notation of Unicode CLDR (UTS 35, part 3), read as data: ``v = 0 and i % 10 = 2..4``."""

import re
from collections.abc import Mapping
from decimal import Decimal

RELATION = re.compile(r"\s*([nivftwce])\s*(?:%\s*(\d+))?\s*(!?=)\s*([\d.,\s]+?)\s*")
CATEGORIES = ("zero", "one", "two", "few", "many", "other")


def category(rules: Mapping[str, str], n: float) -> str:
    """The plural category of a number: the first rule that holds, else ``other``."""
    operands = _operands(n)
    return next((name for name, rule in rules.items() if _holds(rule, operands)), "other")


def problem(rules: Mapping[str, str]) -> str:
    """What is wrong with the rules, in words; empty when nothing is."""
    for name, rule in rules.items():
        if name not in CATEGORIES or name == "other":
            return f"'{name}' is no plural category that takes a rule; use {', '.join(CATEGORIES[:-1])}"
        for relation in re.split(r"\bor\b|\band\b", rule):
            if not RELATION.fullmatch(relation):
                return f"the rule of '{name}' cannot be read at '{relation.strip()}'"
    return ""


def _operands(n: float) -> dict[str, Decimal]:
    """n absolute value, i whole part, v and w number of decimals, f and t decimals as a number; no exponents."""
    value = abs(Decimal(str(n)))
    whole, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0")
    zero, width, decimals = Decimal(0), Decimal(len(part)), Decimal(part or 0)
    return {
        "n": value, "i": Decimal(whole), "v": width, "w": width, "f": decimals, "t": decimals, "c": zero, "e": zero
    }  # fmt: skip


def _holds(rule: str, operands: Mapping[str, Decimal]) -> bool:
    return any(
        all(_relation(relation, operands) for relation in re.split(r"\band\b", part))
        for part in re.split(r"\bor\b", rule)
    )


def _relation(relation: str, operands: Mapping[str, Decimal]) -> bool:
    found = RELATION.fullmatch(relation)
    if not found:
        raise ValueError(f"no plural rule: {relation!r}")
    operand, divisor, sign, ranges = found.groups()
    value = operands[operand] % int(divisor) if divisor else operands[operand]
    return any(_inside(value, part) for part in ranges.split(",")) == (sign == "=")


def _inside(value: Decimal, part: str) -> bool:
    low, _, high = part.strip().partition("..")
    return value in range(int(low), int(high or low) + 1)
