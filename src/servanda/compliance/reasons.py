"""The reason tree of a finding: codes and numbers for machines, plain words for people."""

import numpy as np

from servanda.agreement.resolved import Term
from servanda.compliance.chance import any_of
from servanda.compliance.exposure import Incidents
from servanda.compliance.judge import Judgement, any_part
from servanda.compliance.learned import Parts
from servanda.findings import ANY_PARTY, VERDICTS, Reason, Verdict, rounded

MOST_INCIDENTS = 5
"""Incidents named one by one in a reason; the others are counted."""
MOST_TRIGGERS = 40
"""Things that asked, named one by one in a reason: more than a busy day holds; the others are counted."""

TELLING = 0.02
"""Least difference between two chances that is told; only words hang on it."""

WORDS = {
    "proof_met": "At least one incident violates the term to its standard of proof.",
    "exempted": "What would have broken the term is covered by an exemption.",
    "attribution_short": "Something happened that would break the term, but no proof says that this party did it.",
    "probability_short": "Something was reported that would break the term, but it is not sure enough.",
    "witnesses_short": "Something was reported that would break the term, but by too few independent witnesses.",
    "monitor_short": "Something was reported that would break the term, but the monitor itself has not seen it.",
    "limit_exceeded": "More incidents than the limit allows are proven.",
    "limit_possibly_exceeded": "More incidents than the limit allows were reported, but not proven.",
    "limit_headroom_short": "What was seen is within the limit; with what could have gone unseen it may not be.",
    "period_open": "The period is not over and nothing was reported that counts.",
    "deadline_open": "The deadline is not past and fulfilment is not proven yet.",
    "power_enough": "Nothing was reported that counts, and somebody was looking well enough.",
    "power_short": "Nothing was reported that counts, but the watch was not good enough for that to mean much.",
    "power_below_proof": "It would probably have been seen, but not surely enough for the standard of proof.",
    "fulfilled": "Fulfilment is proven in time.",
    "not_fulfilled": "The time is over, fulfilment was not seen, and it would have been.",
    "nothing_asked": "Nothing was reported that asks for this, which is no proof that nothing did.",
    "asking_unproven": "The time is over and fulfilment would have been seen, but it is not proven that it was asked.",
    "fulfilment_unproven": "The time is over and fulfilment was reported, but not proven.",
}

UNKNOWN = (
    "The chance of a violation is not known: next to nothing was reported, "
    "and too little was watched to say what went unseen."
)


def explain(
    term: Term,
    verdict: Verdict,
    judgements: list[Judgement],
    decisive: Judgement,
    incidents: Incidents,
    party: str,
    total: int,
    listed: int,
    known: bool = True,
) -> tuple[Reason, ...]:
    """Why the verdict is what it is: what decides it, what was reported, how well anybody looked.

    ``known``: can anybody say what the chance of a violation is?
    """
    out = [Reason(decisive.why, _opening(term, decisive, party), (), _incidents(term, decisive, incidents))]
    asked = [j for j in judgements if j.asked_by]
    if asked:
        out.append(_asked(asked, incidents))
    if total > listed:
        text = f"{total} incidents bear on this; the {listed} weightiest are listed as evidence."
        out.append(Reason("evidence_listed", text, (("total", total), ("listed", listed))))
    if len(judgements) > 1 and not asked:
        counts = _tally(judgements)
        text = "Stretches asked about: " + ", ".join(f"{n} {v}" for v, n in counts.items()) + "."
        out.append(Reason("stretches", text, tuple(counts.items())))
    made = any_part([j.parts for j in judgements])
    if not known:
        out.append(Reason("chance_unknown", UNKNOWN))
    elif made:
        out.append(_made_of(made, any_of(np.concatenate([j.sure for j in judgements]))))
    out.append(_power(term, judgements))
    return tuple(out)


def _made_of(parts: Parts, single: float) -> Reason:
    """What of the chance is reported and what unseen. ``single``: chance by the single reports, each for itself."""
    values = (("chance", rounded(parts.either)), ("reported", rounded(parts.reported)))
    weaker: tuple[Reason, ...] = ()
    if parts.reported < single - TELLING:
        text = (
            f"The single reports, each for itself, would make it {_percent(single)}. All that was reported of this "
            "term taken together, some of it is likely of nothing, or of what somebody else did."
        )
        weaker = (Reason("record_weaker", text, (("chance", rounded(single)),)),)
    if parts.unseen is None:
        text = (
            f"The chance of a violation, {_percent(parts.either)}, is of what was reported alone: "
            "too little was watched to say what went unseen."
        )
        return Reason("made_of_reported", text, values, weaker)
    text = (
        f"The chance of a violation is {_percent(parts.either)}: {_percent(parts.reported)} that what was reported "
        f"holds one, {_percent(parts.unseen)} that one went unreported; both may be true."
    )
    return Reason("made_of", text, (*values, ("unseen", rounded(parts.unseen))), weaker)


def _tally(judgements: list[Judgement]) -> dict[Verdict, int]:
    return {v: sum(j.verdict == v for j in judgements) for v in VERDICTS if any(j.verdict == v for j in judgements)}


def _asked(judgements: list[Judgement], incidents: Incidents) -> Reason:
    """Each thing that asked, by name: the gravest answer first, then in time order."""
    counts = _tally(judgements)
    ordered = sorted(judgements, key=lambda j: (VERDICTS.index(j.verdict), j.asked_by.low if j.asked_by else 0))
    named = tuple(
        Reason(
            "trigger",
            f"{j.asked_by.name}: {j.verdict}. {WORDS[j.why]}",
            (("incident_id", _id(incidents, j.asked_by.row)), ("verdict", j.verdict)),
            aside=(("name", j.asked_by.name), ("why", j.why)),
        )
        for j in ordered[:MOST_TRIGGERS]
        if j.asked_by
    )
    more = f" The first {MOST_TRIGGERS} are listed." if len(judgements) > MOST_TRIGGERS else ""
    text = f"It was asked {len(judgements)} times: " + ", ".join(f"{n} {v}" for v, n in counts.items()) + "."
    aside = (("total", len(judgements)), ("named", len(named)))
    text = text.replace("asked 1 times", "asked once") + more
    return Reason("asked", text, tuple(counts.items()), named, aside=aside)


def _opening(term: Term, decisive: Judgement, party: str) -> str:
    text = WORDS[decisive.why]
    if decisive.why == "power_short" and term.type == "require":
        text = "Fulfilment was not proven, and the watch was not good enough to say that it did not happen."
    if decisive.why == "proof_met" and party == ANY_PARTY:
        text = "At least one incident violates the term to its standard of proof, whoever did it."
    return text


def _incidents(term: Term, decisive: Judgement, incidents: Incidents) -> tuple[Reason, ...]:
    if decisive.exempted and not len(decisive.proven):
        return tuple(
            Reason(
                "exempt_incident",
                f"Incident {_id(incidents, row)} falls under {allow.clause} ({allow.term_id}).",
                (("incident_id", _id(incidents, row)), ("allow", allow.term_id), ("clause", allow.clause)),
            )
            for row, allow in decisive.exempted[:MOST_INCIDENTS]
        )
    order = np.lexsort((decisive.rows, -decisive.weights))
    asked_by = decisive.asked_by.row if decisive.asked_by else -1
    order = order[(decisive.weights[order] > 0) & (decisive.rows[order] != asked_by)][:MOST_INCIDENTS]
    if len(decisive.proven):
        wanted = set(decisive.proven.tolist())
        order = np.array([i for i in order if int(decisive.rows[i]) in wanted], dtype=np.int64)
    return tuple(_incident(term, incidents, int(decisive.rows[i]), float(decisive.weights[i])) for i in order)


def _incident(term: Term, incidents: Incidents, row: int, chance: float) -> Reason:
    witnesses = int(incidents.witnesses[row])
    groups = incidents.frame["witness_groups"][row].to_list()
    who = f" ({', '.join(groups)})" if groups else ""
    text = (
        f"Incident {_id(incidents, row)}: {incidents.frame['kind'][row].replace('_', ' ')}, chance {_percent(chance)} "
        f"of being a violation, {witnesses} independent witness{'' if witnesses == 1 else 'es'}{who}; "
        f"the term asks for {_percent(term.proof.probability)} and {term.proof.witnesses}."
    )
    values = (("incident_id", _id(incidents, row)), ("chance", rounded(chance)), ("witnesses", witnesses))
    aside = (("kind", str(incidents.frame["kind"][row])), ("groups", ", ".join(groups)))
    return Reason("incident", text, values, _stands_for(incidents, row), aside=aside)


def _stands_for(incidents: Incidents, row: int) -> tuple[Reason, ...]:
    """Said of an incident that is a count of many."""
    if "counts" not in incidents.frame.columns or incidents.frame["counts"][row] is None:
        return ()
    low, high = incidents.frame["count_low"][row] or 0.0, incidents.frame["count_high"][row]
    values = (("count_low", rounded(low)), ("count_high", rounded(high)))
    if high is None:
        text = f"It stands for at least {low:,.0f} that were counted, not told one by one."
        return (Reason("stands_for_at_least", text, values, aside=(("count", f"{low:,.0f}"),)),)
    count = f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
    text = f"It stands for {count} that were counted, not told one by one."
    return (Reason("stands_for", text, values, aside=(("count", count),)),)


def _power(term: Term, judgements: list[Judgement]) -> Reason:
    mean = float(np.mean([j.power.power for j in judgements]))
    by_group: dict[str, float] = {}
    for j in judgements:
        for name, p in j.power.by_group:
            by_group[name] = by_group.get(name, 0.0) + p / len(judgements)
    unwatched = sorted(set.intersection(*[set(j.power.unwatched) for j in judgements])) if judgements else []
    what = "its fulfilment" if term.type == "require" else "one violation"
    text = (
        f"Had there been {what}, the chance of finding it to the standard of proof was {_percent(mean)}; "
        f"the term asks for {_percent(term.power)}."
    )
    parts = [
        Reason(
            "power_of",
            f"{name} alone would have reported it with chance {_percent(p)}.",
            (("group", name), ("p", rounded(p))),
        )
        for name, p in sorted(by_group.items(), key=lambda x: (-x[1], x[0]))
    ]
    if not by_group:
        parts.append(Reason("nobody_looking", "No source was watching for this, here and then."))
    elif unwatched:
        names = ", ".join(k.replace("_", " ") for k in unwatched)
        aside = (("kinds", ",".join(unwatched)),)
        parts.append(Reason("unwatched_kinds", f"Nobody watched for: {names}.", aside=aside))
    return Reason("power", text, (("power", rounded(mean)), ("asked", term.power)), tuple(parts))


def _id(incidents: Incidents, row: int) -> str:
    return str(incidents.frame["incident_id"][row])


def _percent(p: float) -> str:
    """Whole percents; never 0 % or 100 % for what is neither."""
    if 0 < p < 0.01:
        return "under 1 %"
    if 0.99 < p < 1:
        return "over 99 %"
    return f"{100 * p:.0f} %"
