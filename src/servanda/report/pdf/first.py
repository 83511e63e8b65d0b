"""The first page on paper: what was found, in one minute."""

from typing import Any

from servanda.findings import Finding
from servanda.report.data import ReportData
from servanda.report.numbers import NONE
from servanda.report.pdf import pictures
from servanda.report.pdf.runs import Block, Cell, Line, Run, cell, heading, legend, paragraph, picture, run, sign, table
from servanda.report.verdicts import TermRow

View = dict[str, Any]
MAP_MM, LEAST_MAP_MM = 70.0, 46.0
TERMS_BESIDE_MAP, MM_PER_TERM = 6, 9.0


def head(data: ReportData, v: View) -> dict[str, Any]:
    """What stands over everything: titles, facts, the answer in one sentence, and how many terms have which verdict."""
    say, clock, utc = data.words.say, data.clock, v["utc"]
    until = clock.moment(data.agreement.t_to) if data.agreement.t_to else say("common.open_ended")
    period = f"{clock.period(data.period)} {data.time_zone} ({clock.offset(data.period.t_from)})"
    return {
        "kicker": say("first.kicker", agreement=data.agreement.title),
        "title": data.title,
        "facts": [
            [say("first.period"), f"{period} · {utc.period(data.period)} UTC"],
            [say("first.as_of"), f"{clock.moment(data.as_of)} ({clock.offset(data.as_of)})"],
            [
                say("first.agreement"),
                say("first.in_force", version=data.version, start=clock.moment(data.agreement.t_from), end=until),
            ],
        ],
        "lede": v["summary"],
        "tally": [
            [run(n, "b"), {"v": verdict}, run(data.words.inline(say(f"verdicts.{verdict}")))]
            for verdict, n in v["tally"]
        ],
        "refused": [say("first.refused", n=len(data.refused)), *data.refused] if data.refused else [],
    }


def behind(data: ReportData, v: View) -> str:
    """What lies behind the reporting day, and what is not counted as incidents."""
    say, day, hours = data.words.say, v["day"], data.figures.hours
    told = say(
        "first.behind", n=day.bearing, incidents=say("common.incidents", n=day.incidents), bearing=day.bearing,
        watched=hours(v["watched_h"]), sources=say("common.sources", n=v["watchers"]), lost=hours(v["lost_h"]),
        rows=say("common.rows", n=data.quarantine.height),
    )  # fmt: skip
    alerts, spots = say("common.alerts", n=day.warnings), say("common.spots", n=day.heat)
    if day.warnings and day.heat:
        return told + " " + say("first.beside_both", alerts=alerts, spots=spots, unusual=day.unusual)
    if day.warnings:
        return told + " " + say("first.beside_alerts", alerts=alerts)
    return told + (" " + say("first.beside_heat", spots=spots, unusual=day.unusual) if day.heat else "")


def verdicts(data: ReportData, v: View) -> list[Block]:
    say = data.words.say
    if not v["rows"]:
        return [heading(say("terms.title"), 1), paragraph(say("terms.nothing"))]
    heads = ("term", "whole", "day", "chance_head", "power_head", "by_party")
    rows = [_verdict_row(data, v, row) for row in v["rows"]]
    note = say("terms.note").rsplit(". ", 1)[0] + "."
    if v["exemptions"]:
        named = "; ".join(f"{t.clause} ({t.text.rstrip('.')})" if t.text else t.clause for t in v["exemptions"])
        note += " " + say("terms.exemptions", list=named)
    widths = ("3.1fr", "1.45fr", "1.45fr", "1.5fr", "1.7fr", "2.2fr")
    return [
        heading(say("terms.title"), 1),
        table([say(f"terms.{h}") for h in heads], rows, widths),
        paragraph(note, style="note"),
    ]


def term_cell(row: TermRow) -> Cell:
    reading = f" · {row.reading}" if row.reading else ""
    return cell(run(row.words, "b"), run(row.reference + reading, "s"))


def page_of(v: View, finding: Finding | None) -> str:
    """The name of the finding's place in the annex; empty where the annex does not hold it."""
    return f"f-{finding.finding_id}" if finding and finding.finding_id in v["known"]["f"] else ""


def _verdict_row(data: ReportData, v: View, row: TermRow) -> list[Cell]:
    words, figures, f = data.words, data.figures, row.main
    nothing = run(v["no_finding"](row.term_id, data.period.t_from, data.period.t_to), "m")
    day = cell(sign(words, row.day.verdict, "")) if row.day else cell(nothing)
    whole = cell(NONE)
    if row.whole:
        to = page_of(v, row.whole)
        whole = cell(sign(words, row.whole.verdict, to=to), {"page": to, "t": " ", "s": "s"} if to else "")
    if f is None:
        return [term_cell(row), whole, day, cell(NONE), cell(NONE), cell(NONE)]
    unseen = words.say("common.no_bound") if f.unseen_upper95 is None else words.whole(f.unseen_upper95)
    bound = unseen if f.unseen_upper95 is None else words.say("common.at_most", number=unseen)
    needs = f", {words.say('terms.needs', power=figures.percent(row.term.power))}" if row.term else ""
    chance = cell(
        figures.chance(f.probability),
        run(v["reports_only"](f) or v["parts"](f), "s"),
        run(words.say("terms.expected", expected=figures.interval(f.expected_violations)), "s"),
        run(words.say("terms.unseen", unseen=bound), "s"),
    )
    power = cell([run(figures.power(f.power)), run(needs, "m")], run(v["unsure"](f), "s"))
    return [term_cell(row), whole, day, chance, power, _parties(data, row, f)]


def _parties(data: ReportData, row: TermRow, f: Finding) -> Cell:
    if not row.parties:
        return cell(NONE)
    lines: list[Line | Run | str] = []
    for name, p in row.parties:
        word = data.words.inline(data.words.say(f"verdicts.{p.verdict}"))
        lines.append([{"v": p.verdict}, run(f"\u00a0{name}: "), run(word, "b" if p.verdict != f.verdict else "m")])
    return cell(*lines)


def map_blocks(data: ReportData, v: View) -> list[Block]:
    say, drawn, settings = data.words.say, v["map"], data.settings
    if drawn.picture is None:
        return [heading(say("map.title"), 1), paragraph(say("map.nothing"))]
    keys = [(pictures.group_key(g), say(f"groups.{g.name}") if data.words.knows(f"groups.{g.name}") else g.name)
            for g in drawn.groups]  # fmt: skip
    chances = (
        ("sure", settings.sure, settings.sure),
        ("likely", settings.likely, settings.likely),
        ("less", None, 0.0),
    )
    keys += [
        (pictures.chance_key(p, settings), say(f"map.{word}", chance=data.figures.percent(shown)))
        for word, shown, p in chances
    ]
    keys += [(pictures.vague_key(), say("map.imprecise"))]
    keys += [(pictures.band_key(), say("map.by_area"))] if drawn.by_area else []
    keys += [(pictures.ellipse_key(), say("map.ellipse"))] if drawn.ellipses else []
    keys += [(pictures.zone_key(z), z.label) for z in drawn.zones]
    counted = say(
        "map.note_drawn", incidents=say("common.incidents", n=drawn.drawn), less_likely=drawn.not_drawn,
        unplaced=drawn.unplaced,
    )  # fmt: skip
    if drawn.faint_before:
        counted = f"{say('map.fainter', moment=data.clock.moment(drawn.faint_before))} {counted}"
    about = say("map.aside", span=data.clock.span(drawn.t_from, drawn.t_to))
    return [
        {
            "do": "together",
            "blocks": [
                heading(say("map.title"), 1, about),
                picture(
                    pictures.standing(drawn.picture),
                    f"{say('map.picture')}: {about}. {counted}",
                    "map",
                    _map_mm(len(v["rows"])),
                ),
                legend(keys),
                paragraph(f"{counted} {say('map.note_borders')}", style="note"),
            ],
        }
    ]


def _map_mm(terms: int) -> float:
    """Height of the map, so that it stands on the first page below a table of so many terms, as long as it can."""
    return max(MAP_MM - MM_PER_TERM * max(terms - TERMS_BESIDE_MAP, 0), LEAST_MAP_MM)
