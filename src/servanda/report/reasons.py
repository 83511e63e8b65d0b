"""The reasons of a finding, told in a language: by their code and values, else in the English that they came with."""

from servanda.findings import ANY_PARTY, VERDICTS, Comparison, Finding, Reason
from servanda.report.language import MASTER, Catalogue
from servanda.report.numbers import Figures
from servanda.report.words import kind_label, verdict_word

CHANCES = ("chance", "p", "power", "reported", "unseen")
SUMS = ("total", "covered", "days", "total_before", "covered_before", "days_before")
"""What stands behind a comparison of counts, by its name in the catalogue."""


def told(words: Catalogue, reason: Reason, finding: Finding, duty: bool = False) -> str:
    """The reason as a sentence. ``duty``: the term asks for something to be done.

    English is told as ``findings.json`` has it, so that the two never differ.
    """
    key = _key(words, reason, finding, duty)
    if words.language == MASTER or not words.knows(key):
        return reason.text
    try:
        return words.say(key, **_values(words, reason, finding))
    except KeyError:
        return reason.text


def value_name(words: Catalogue, name: str) -> str:
    """What a value beside a reason is called."""
    if name in VERDICTS:
        return words.inline(verdict_word(words, name))
    return words.say(f"values.{name}") if words.knows(f"values.{name}") else name.replace("_", " ")


def note(words: Catalogue, comparison: Comparison) -> str:
    """What a comparison counts, what it allows for, and that it is of reports."""
    held, figures = dict(comparison.aside), Figures(words)
    counts = f"comparisons.counts_{comparison.measure}"
    if words.language == MASTER or not words.knows(counts):
        return comparison.note
    if held.keys() >= {"wave_gap_h", "dispersion"}:
        gap, dispersion = figures.point(f"{held['wave_gap_h']:g}"), figures.fixed(held["dispersion"], 1)
        return f"{words.say(counts)} {words.say('comparisons.waves', gap=gap, dispersion=dispersion)}"
    if held.keys() >= set(SUMS):
        return _note_of_counts(words, figures, held)
    return comparison.note


def _note_of_counts(words: Catalogue, figures: Figures, held: dict[str, float]) -> str:
    shown = {name: figures.number(held[name]) for name in SUMS}
    for total, least in (("total", "at_least"), ("total_before", "at_least_before")):
        shown[total] = f"≥ {shown[total]}" if least in held else shown[total]
    runs = [figures.fixed(held[d], 0) for d in ("dispersion", "dispersion_before") if d in held]
    said = [words.say("comparisons.counts_counts", **shown)]
    said += [words.say("comparisons.runs", dispersion=" / ".join(runs))] if runs else []
    return " ".join([*said, words.say("comparisons.unadjusted")])


def measure(words: Catalogue, comparison: Comparison) -> str:
    """What a comparison measures, in a word."""
    key = f"annex.measure_{comparison.measure}"
    return words.say(key) if words.knows(key) else comparison.measure


def excluded(words: Catalogue, comparison: Comparison) -> tuple[str, ...]:
    """What was left out of both sides of a comparison, and why."""
    if words.language == MASTER or len(comparison.left_out) != len(comparison.excluded):
        return comparison.excluded
    return tuple(words.say("comparisons.excluded", name=name, n=n) for name, n in comparison.left_out)


def _key(words: Catalogue, reason: Reason, finding: Finding, duty: bool) -> str:
    """The message of the code; one for duties, for whoever did it, or for a shortened list goes before it."""
    key, aside = f"reasons.{reason.code}", dict(reason.aside)
    special = [f"{key}_duty"] if duty else []
    special += [f"{key}_any"] if finding.party == ANY_PARTY else []
    special += [f"{key}_named"] if aside.get("named") != aside.get("total") else []
    return next((k for k in special if words.knows(k)), key)


def _values(words: Catalogue, reason: Reason, finding: Finding) -> dict[str, object]:
    """The values as words: chances as per cent, kinds and verdicts by their names, and what the term asks for."""
    held: dict[str, object] = {
        "asked": finding.proof_probability,
        "needed": finding.proof_witnesses,
        **dict(reason.values),
        **dict(reason.aside),
    }
    out = {k: _percent(words, v) if k in (*CHANCES, "asked") else v for k, v in held.items() if k not in VERDICTS}
    comma = words.say("summary.comma")
    if "kinds" in held:
        out["kinds"] = comma.join(words.inline(kind_label(words, k)) for k in str(held["kinds"]).split(","))
    if "kind" in held:
        out["kind"] = words.inline(kind_label(words, str(held["kind"])))
    if "groups" in held:
        out["groups"] = f" ({held['groups']})" if held["groups"] else ""
    if "count_low" in held:
        out["count"] = _count(words, held["count_low"], held.get("count_high"))
    if "why" in held:
        out["why"] = words.say(f"reasons.{held['why']}")
    if "verdict" in held:
        out["verdict"] = value_name(words, str(held["verdict"]))
    counted = [(v, n) for v, n in reason.values if v in VERDICTS]
    out["list"] = comma.join(words.say("reasons.stretch", count=n, verdict=value_name(words, v)) for v, n in counted)
    return out | {"n": held.get("witnesses", held.get("total", 0))}


def _count(words: Catalogue, low: object, high: object) -> str:
    """A count, its two bounds, or its lower bound."""
    bounds = [words.whole(round(n)) for n in (low, high) if isinstance(n, int | float)]
    return bounds[0] if len({*bounds}) == 1 else words.say("language.range", low=bounds[0], high=bounds[1])


def _percent(words: Catalogue, p: object) -> str:
    """Whole percents; never 0 % or 100 % for what is neither."""
    if not isinstance(p, int | float):
        raise KeyError(p)
    if 0 < p < 0.01:
        return words.say("reasons.under")
    return words.say("reasons.over") if 0.99 < p < 1 else Figures(words).share(p)
