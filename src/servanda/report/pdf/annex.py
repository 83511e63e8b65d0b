"""The annex on paper: findings with their reasons, incidents, observations, each with its id."""

from typing import Any

from servanda.findings import Finding, Reason
from servanda.report.data import ReportData
from servanda.report.numbers import NONE, short
from servanda.report.pdf.first import View
from servanda.report.pdf.runs import Block, Line, cell, heading, items, paragraph, run, table
from servanda.report.reasons import value_name
from servanda.report.words import kind_label


def annex(data: ReportData, v: View) -> list[Block]:
    say, whole, a = data.words.say, data.words.whole, v["annex"]
    exported = say("annex.exported", exported=v["exported"], total=v["incidents_total"])
    lede = say(
        "annex.lede",
        findings=say("common.findings", n=len(a.findings)), findings_total=whole(a.findings_total),
        incidents=say("common.incidents", n=len(a.incidents)), incidents_total=whole(a.incidents_total),
        observations=say("common.observations", n=len(a.observations)), observations_total=whole(a.observations_total),
        selection=v["selection"], exported=exported if v["exported"] != v["incidents_total"] else "",
    )  # fmt: skip
    out = [{"do": "break"}, heading(say("annex.title"), 1), paragraph(lede), heading(say("annex.findings"), 2)]
    for f in a.findings:
        out += _finding(data, v, f)
    if not a.findings:
        out.append(paragraph(say("common.nothing")))
    return [*out, *_incidents(data, v), *_observations(data, v), *_footer(data, v)]


def _finding(data: ReportData, v: View, f: Finding) -> list[Block]:
    say, figures = data.words.say, data.figures
    named = v["party"](f.party)
    party = named[0].upper() + named[1:] if f.party == "any" else named
    window = say("annex.whole" if f.period.name == "in_force" else "annex.day")
    unseen = say("common.no_bound") if f.unseen_upper95 is None else data.words.whole(f.unseen_upper95)
    asked = say("common.witnesses", n=f.proof_witnesses)
    facts = [
        party, f"{window}, {data.clock.period(f.period)}",
        say("annex.chance", chance=figures.chance(f.probability)),
        say("annex.expected", expected=figures.interval(f.expected_violations)),
        say("annex.power", power=figures.power(f.power)), say("annex.unseen", unseen=unseen),
        say("annex.proof", chance=figures.percent(f.proof_probability), witnesses=asked),
    ]  # fmt: skip
    ids = [run(f.finding_id, "i")]
    ids += [run(" " + say("annex.supersedes", finding=f.supersedes), "s")] if f.supersedes else []
    ids += _ids(data, "annex.incidents_of", f.incident_ids) + _ids(data, "annex.observations_of", f.observation_ids)
    return [
        {
            "do": "finding",
            "name": f"f-{f.finding_id}",
            "verdict": f.verdict,
            "word": say(f"verdicts.{f.verdict}"),
            "title": v["words"](f.term_id),
            "aside": f"{f.term_id} · {f.clause}",
            "facts": " · ".join(facts),
            "ids": ids,
        },
        items([_reason(data, v, r, f) for r in f.reasons]),
    ]


def _ids(data: ReportData, key: str, ids: tuple[str, ...]) -> Line:
    """A list of ids, cut as on the page."""
    if not ids:
        return []
    shown = ids[: data.settings.listed_ids]
    more = " " + data.words.say("common.and_more", n=len(ids) - len(shown)) if len(ids) > len(shown) else ""
    return [run("  " + data.words.say(key, ids=", ".join(map(short, shown)) + more), "s")]


def _reason(data: ReportData, v: View, reason: Reason, f: Finding) -> dict[str, Any]:
    values = "; ".join(
        short(str(value)) if key == "incident_id" else f"{value_name(data.words, key)} {_value(data, value)}"
        for key, value in reason.values
    )
    runs = [run(v["told"](reason, f)), *([run(f" ({values})", "m")] if values else [])]
    runs += _ids(data, "annex.observations_of", reason.observation_ids)
    return {"runs": runs, "below": [_reason(data, v, r, f) for r in reason.because]}


def _value(data: ReportData, value: float | int | str | None) -> str:
    if isinstance(value, float):
        return data.figures.significant(value)
    return NONE if value is None else str(value)


def _incidents(data: ReportData, v: View) -> list[Block]:
    say, figures, a = data.words.say, data.figures, v["annex"]
    title = heading(say("annex.incidents"), 2)
    if not a.incidents:
        return [title, paragraph(say("common.nothing"))]
    rows = []
    for i in a.incidents:
        place = i.place + (f" ±\u00a0{figures.distance(i.sigma_m)}" if i.sigma_m is not None else "")
        seen = data.words.whole(i.witnesses) + (f", {say('annex.monitor')}" if i.monitor_seen else "")
        terms = [
            f"{term} {figures.percent(p)}" + (f" {say('annex.exempt_by', term=exempt)}" if exempt else "")
            for term, p, exempt in i.terms
        ]
        few = i.observation_ids[:4]
        more = f" {say('common.and_more', n=i.observations - len(few))}" if i.observations > len(few) else ""
        rows.append(
            [cell(run(short(i.incident_id), "i")), cell(kind_label(data.words, i.kind)),
             cell(figures.percent(i.probability)), cell(data.clock.instant(i.t_from, i.t_to)),
             cell(place, ", ".join(i.regions)), cell(seen), cell(*terms),
             cell(run(", ".join(map(short, few)) + more, "i"))]
        )  # fmt: skip
    keys = ("incident", "what", "probability", "when", "where", "witnesses", "violates", "observations")
    heads = [say(f"annex.{h}") for h in keys]
    return [title, table(heads, rows, ("1.5fr", "1.4fr", "1fr", "1.8fr", "1.8fr", "1fr", "1.6fr", "1.8fr"), (2,))]


def _observations(data: ReportData, v: View) -> list[Block]:
    say, a = data.words.say, v["annex"]
    title = heading(say("annex.observations"), 2)
    withheld = [paragraph(say("annex.restricted", n=a.restricted))] if a.restricted else []
    if not a.observations:
        return [title, *(withheld or [paragraph(say("common.nothing"))])]
    rows = []
    for o in a.observations:
        identity = cell(run(short(o.observation_id), "i"))
        claim = f"annex.claim_{o.claim}"
        says = (
            f"{say(claim) if data.words.knows(claim) else o.claim}: {data.words.inline(kind_label(data.words, o.kind))}"
        )
        when = data.clock.instant(o.t_from, o.t_to) if o.t_from and o.t_to else NONE
        text = cell(run(o.text, "", lang=o.language), run(o.url, "s"))
        rows.append([identity, cell(o.source_id), cell(says), cell(when), text])
    heads = [say(f"annex.{h}") for h in ("observation", "source", "says", "when", "words")]
    return [title, *withheld, table(heads, rows, ("1.4fr", "1.2fr", "1.6fr", "1.7fr", "5fr"))]


def _footer(data: ReportData, v: View) -> list[Block]:
    made = data.words.say(
        "first.footer", version=v["version"], as_of=v["utc"].moment(data.as_of), digest=data.agreement.digest
    )
    return [paragraph(made, style="note")]
