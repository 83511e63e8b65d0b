"""The page on ``findings.json``: its fields are taken from findings themselves, so that none is forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from servanda.compliance.reasons import WORDS
from servanda.docs.markdown import markdown_table
from servanda.findings import BaselineValue, Comparison, Finding, Interval, Period, Reason, Sensitivity

FILE_FIELDS = {
    "agreement": "title, version in force in the period, and SHA-256 of the file as written",
    "as_of": "nothing recorded later was known",
    "period": "the reporting day",
    "findings": "one for each term, party and period: every reporting day so far and the in-force window",
    "comparisons": "the before-and-after measures of the mission",
    "trends": "rates in a window against before, for equal effort, with change-points",
    "sources": "who provided data, licence, citation, reliability, whether it is the monitor's own",
    "quarantine": "rows set aside: total and by source",
    "refused": "files that were refused whole, with the reason",
    "servanda": "version of the program",
}
FINDING_FIELDS = {
    "finding_id": "hash of all that the finding says, `supersedes` and `sensitivity` left out",
    "term_id": "id of the term in the agreement file",
    "clause": "article and paragraph",
    "agreement_version": "version that the term is judged by",
    "party": "id of a party, or `any`: the term as a whole, whoever did it",
    "period": "`from`, `to` (UTC, half-open) and `name`: `day` or `in_force`",
    "verdict": "`broken`, `exempt`, `alleged`, `kept`, `unverifiable` or `pending`",
    "probability": "chance that the term was violated at least once (require: that it was not fulfilled); null: "
    "not known, as next to nothing was reported and too little was watched",
    "expected_violations": "`mean`, `low`, `high`: number of violations with its 95 % interval",
    "power": "chance that one violation would have been found to the standard of proof",
    "unseen_upper95": "95 % bound of violations that could have gone unseen; null: no bound, nobody was looking",
    "proof": "the standard of proof: least `probability` and number of independent `witnesses`",
    "reasons": "tree of reasons, see below",
    "observation_ids": "the observations behind it, weightiest incident first",
    "incident_ids": "the incidents behind it, weightiest first",
    "supersedes": "the finding on the same term, party and period that was issued before; null for the first",
    "sensitivity": "of the in-force window: how the finding moves when one assumption is changed, see below",
}
SENSITIVITY_FIELDS = {
    "holds": "does the verdict stay the same in every trial",
    "probability": "`low` and `high` over all trials and the finding itself; null: not known in one of them",
    "power": "the same",
    "trials": "in the order of the settings: `assumption`, `factor` it was changed by, and the `verdict`, "
    "`probability` and `power` that come out",
    "not_tried": "assumptions that were not tried, because there are more than `limit` observations",
    "limit": "`sensitivity.most_observations` of the mission file",
}
REASON_FIELDS = {
    "code": "for machines",
    "text": "in plain words",
    "values": "numbers and ids by name",
    "observation_ids": "what it rests on",
    "because": "further reasons",
}
COMPARISON_FIELDS = {
    "measure": "`starts`, `hours` or `records`",
    "source_id": "the feed that is counted",
    "title": "as the mission names it",
    "window": "`from`, `to`",
    "value": "of the measure in the window",
    "baselines": "`from`, `to` and `value` of each baseline",
    "rate_ratio": "`mean`, `low`, `high`: rate in the window over rate in the baselines, 95 % interval",
    "excluded": "what was left out of both sides, and why",
    "note": "how it was counted",
    "observation_ids": "what was counted in the window",
}
_T = datetime(2025, 1, 1, tzinfo=UTC)
_REASON = Reason("code", "text", (("a", 1),), (Reason("code", "text"),), ("id",))
_FINDING = Finding("", "", "", "any", Period(_T, _T, "day"), "kept", 0, Interval(0, 0, 0), 1, 0, 0.9, 2, "1")
_TRIED = replace(_FINDING, sensitivity=Sensitivity(()))
_COMPARISON = Comparison("starts", "", "", _T, _T, 0, (BaselineValue(_T, _T, 0),), Interval(1, 1, 1))


def _described(sample: Mapping[str, object], said: Mapping[str, str]) -> list[str]:
    """A table of the keys that are really written. Raises KeyError when one has no description."""
    return markdown_table(("Key", "Meaning"), [(f"`{key}`", said[key]) for key in sample])


def finding_page() -> Iterator[str]:
    yield "# findings.json\n"
    yield "UTF-8 JSON. Times are UTC with a Z, numbers have six significant digits. Equal input, equal bytes.\n"
    yield from markdown_table(("Key", "Meaning"), [(f"`{k}`", v) for k, v in FILE_FIELDS.items()])
    yield "## A finding\n"
    yield from _described(_TRIED.to_json(), FINDING_FIELDS)
    yield "## Sensitivity\n"
    yield from _described(_TRIED.to_json()["sensitivity"], SENSITIVITY_FIELDS)
    yield "## A reason\n"
    yield from _described(_REASON.to_json(), REASON_FIELDS)
    yield "The first reason decides the verdict. Its code is one of:\n"
    yield from markdown_table(("Code", "Meaning"), [(f"`{k}`", v) for k, v in WORDS.items()])
    yield "## A comparison\n"
    yield from _described(_COMPARISON.to_json(), COMPARISON_FIELDS)
