"""Who was looking, what was set aside, the sources, what the words mean, and the scoreboard, on paper."""

from servanda.report.data import ReportData
from servanda.report.looked import Heat, Spot
from servanda.report.numbers import NONE
from servanda.report.pdf import pictures
from servanda.report.pdf.first import View
from servanda.report.pdf.runs import Block, Line, cell, heading, paragraph, picture, run, sign, table
from servanda.report.words import STYLES, verdict_word


def effort(data: ReportData, v: View) -> list[Block]:
    say, number = data.words.say, data.figures.number
    title = heading(say("effort.title"), 1)
    if not v["effort"]:
        return [title, paragraph(say("effort.nothing"))]
    statuses = v["statuses"]
    looked = _looked(data, v)
    heads = [say("effort.source"), say("effort.before"), say("effort.now"), *(say(f"statuses.{s}") for s in statuses),
             say("effort.reasons")]  # fmt: skip
    rows = []
    for row in v["effort"]:
        lost = dict(row.lost_h)
        hours = [number(row.previous_h), number(row.watched_h), *(number(lost.get(s)) for s in statuses)]
        rows.append([cell(run(row.source_id, "b")), *map(cell, hours), cell(run(row.told or NONE, "s"))])
    widths = ("2fr", "1.3fr", "1.3fr", *["1fr"] * len(statuses), "3fr")
    lost = table(heads, rows, widths, range(1, len(statuses) + 3))
    return [title, *looked, heading(say("effort.lost"), 2), lost, paragraph(say("effort.note"), style="note")]


def _looked(data: ReportData, v: View) -> list[Block]:
    """Hours looked by zone and kind, and by zone and source."""
    say, out = data.words.say, list[Block]()
    if not v["looked"]:
        return out
    out += [paragraph(sentence) for sentence in v["gaps"] or [say("effort.no_gap")]]
    if v["gaps_left"]:
        out.append(paragraph(say("effort.gaps_left", n=v["gaps_left"]), style="note"))
    scale = say(
        "effort.scale_plain", hours=data.figures.hours(v["looked_of"]), date=data.clock.moment(v["looked_since"])
    )
    for head, tables, note in (
        ("by_kind", v["looked"], "looked_note"),
        ("by_source", v["looked_by"], "by_source_note"),
    ):
        if tables:
            out.append(heading(say(f"effort.{head}"), 2))
            out += [_heat(data, t, say("effort.kind" if head == "by_kind" else "effort.source")) for t in tables]
            out.append(paragraph(f"{scale} {say(f'effort.{note}')}", style="note"))
    return out


def _heat(data: ReportData, heat: Heat, head: str) -> Block:
    rows = [
        [cell(run(name, "b")), *(cell(*_spots(data, c)) if c else cell(NONE) for c in cells)]
        for name, cells in heat.rows
    ]
    return table([head, *heat.columns], rows, ("2fr", *["1.3fr"] * len(heat.columns)), range(1, len(heat.columns) + 1))


def _spots(data: ReportData, cells: tuple[Spot, Spot | None]) -> list[Line]:
    """The period, and in brackets the time since the agreement is in force."""
    told = [
        data.figures.hours(s.hours)
        if s.is_sum
        else data.words.say("effort.cell", hours=data.figures.hours(s.hours), share=data.figures.share(s.share))
        for s in cells
        if s
    ]
    return [[run(text if i == 0 else f"({text})", "" if i == 0 else "s")] for i, text in enumerate(told)]


def set_aside(data: ReportData) -> list[Block]:
    say, limit = data.words.say, data.settings.quarantine_rows
    out = [heading(say("input.title"), 1)]
    if data.refused:
        out += [heading(say("input.refused"), 2), *(paragraph(r) for r in data.refused)]
    if data.quarantine.height:
        told = say("input.set_aside", n=data.quarantine.height)
        told += " " + say("input.first_rows", n=limit) if data.quarantine.height > limit else ""
        rows = [
            [cell(str(q["source_id"])), cell(str(q["file"])),
             cell(say("input.whole_file") if q["row"] == 0 else data.words.whole(q["row"])), cell(str(q["reason"]))]
            for q in data.quarantine.sort("source_id", "file", "row").head(limit).iter_rows(named=True)
        ]  # fmt: skip
        heads = [say(f"input.{h}") for h in ("source", "file", "row", "reason")]
        out += [paragraph(told), table(heads, rows, ("1.2fr", "2fr", "0.8fr", "4fr"), (2,))]
    else:
        out.append(paragraph(say("input.nothing")))
    if data.notices:
        out += [heading(say("input.notices"), 2), *(paragraph(n, style="note") for n in data.notices)]
    return out


def sources(data: ReportData) -> list[Block]:
    say = data.words.say
    if not data.sources.height:
        return [heading(say("input.sources"), 1), paragraph(say("input.no_sources"))]
    rows = []
    for s in data.sources.sort("source_id").iter_rows(named=True):
        own = say("input.monitor") if s["is_monitor"] else ""
        shown = [cell(str(s[k])) for k in ("provider", "reliability", "licence", "citation")]
        rows.append([cell(run(s["source_id"], "b"), run(own, "s")), *shown])
    heads = [say(f"input.{h}") for h in ("source", "provider", "grade", "licence", "cite")]
    return [
        heading(say("input.sources"), 1),
        table(heads, rows, ("1.4fr", "2fr", "0.7fr", "1.4fr", "4fr")),
        paragraph(say("input.sources_note"), style="note"),
    ]


def method(data: ReportData, v: View) -> list[Block]:
    say = data.words.say
    verdicts = [[cell(sign(data.words, x)), cell(say(f"verdicts.{x}_means"))] for x in STYLES]
    broken = verdict_word(data.words, "broken")
    topics = ("incident", "beside", "chance", "expected", "power", "unseen", "silence")
    terms = [
        [
            cell(run(say(f"method.{t}"), "b")),
            cell(say(f"method.{t}_means", **({"broken": broken} if t == "chance" else {}))),
        ]
        for t in topics
    ]
    out = [
        heading(say("method.title"), 1),
        {"do": "terms", "rows": verdicts},
        paragraph(say("method.order")),
        {"do": "terms", "rows": terms},
    ]
    if v["period_coarse"]:
        told = say("method.coarse", n=v["period_coarse"], decimals=data.settings.restricted_decimals)
        out.append(paragraph(told))
    return out


def scoreboard(data: ReportData, v: View) -> list[Block]:
    say, board = data.words.say, data.scoreboard
    if board is None:
        return []
    rows = [[cell(what), cell(run(value, "b")), cell(run(note, "s"))] for what, value, note in v["scores"]]
    out = [
        heading(say("scoreboard.title", seed=str(board.seed)), 1),
        paragraph(say("scoreboard.lede")),
        table([say("scoreboard.diagram"), "", ""], rows, ("4fr", "1.4fr", "4fr"), (1,)),
    ]
    if board.table:
        heads = [say(f"scoreboard.{h}") for h in ("verdict", "truly_broken", "truly_exempt", "neither")]
        body = [
            [cell(sign(data.words, x)), *(cell(data.words.whole(n)) for n in numbers)] for x, *numbers in board.table
        ]
        out += [heading(say("scoreboard.by_truth"), 2), table(heads, body, ("2fr", "1fr", "1fr", "1fr"), (1, 2, 3))]
    if v["reliability"]:
        drawn = picture(pictures.standing(v["reliability"]), say("scoreboard.about"), "45%")
        out.append({"do": "together", "blocks": [drawn, paragraph(say("scoreboard.note"), style="note")]})
    return out
