"""What nobody reported, what each source contributed, and how much hangs on the assumptions, on paper."""

from servanda.report.contributions import COUNTS, contribution_rows, notes
from servanda.report.data import QUALITIES, ReportData
from servanda.report.pdf.first import View, page_of, term_cell
from servanda.report.pdf.runs import Block, cell, heading, paragraph, run, sign, table


def undercounts(data: ReportData, v: View) -> list[Block]:
    say = data.words.say
    if not v["undercounts"]:
        return []
    rows = [
        [
            cell(*(line for t in u.term_ids for line in (run(v["words"](t), "b"), run(t, "s"))), run(u.stratum, "s")),
            cell(u.method), cell(u.seen), cell(u.total), cell(run(u.basis, "s")),
        ]
        for u in v["undercounts"]
    ]  # fmt: skip
    heads = [say(f"undercount.{h}") for h in ("term", "method", "seen", "total", "basis")]
    return [
        heading(say("undercount.title"), 1),
        paragraph(say("undercount.lede")),
        table(heads, rows, ("3fr", "2fr", "1fr", "1.7fr", "3fr"), (2,)),
        paragraph(say("undercount.note"), style="note"),
    ]


def contributions(data: ReportData) -> list[Block]:
    say, rows = data.words.say, contribution_rows(data)
    if not rows:
        return [heading(say("sources.title"), 1), paragraph(say("sources.nothing"))]
    heads = [say(f"sources.{h}") for h in ("source", *COUNTS, "stated")]
    told = [[cell(run(c.source_id, "b")), *(cell(data.words.whole(n)) for n in c.counts), cell(c.stated)] for c in rows]
    out = [
        heading(say("sources.title"), 1),
        paragraph(say("sources.lede")),
        table(heads, told, ("1.6fr", *["1fr"] * len(COUNTS), "1.8fr"), range(1, 1 + len(COUNTS))),
    ]
    learned = [[cell(run(c.source_id, "b")), *map(cell, c.learned)] for c in rows if c.learned]
    if learned:
        heads = [say("sources.source"), *(say(f"sources.{q}") for q in QUALITIES)]
        out += [heading(say("sources.learned_title"), 2), paragraph(say("sources.learned_lede"), style="note")]
        if data.learn_days:
            out.append(paragraph(say("sources.learned_stretch", n=data.learn_days), style="note"))
        out.append(table(heads, learned, ("1.3fr", *["1.5fr"] * len(QUALITIES))))
    return [*out, *(paragraph(n, style="note") for n in notes(data))]


def assumptions(data: ReportData, v: View) -> list[Block]:
    say = data.words.say
    if not (v["tried"] or v["untried"]):
        return []
    out = [heading(say("assumptions.title"), 1)]
    if v["tried"]:
        rows = [
            [
                term_cell(t.row),
                cell(sign(data.words, t.finding.verdict, to=page_of(v, t.finding))),
                cell(*t.lines),
                cell(t.ranges),
            ]
            for t in v["tried"]
        ]
        heads = [say(f"assumptions.{h}") for h in ("term", "verdict", "moved", "range")]
        out += [paragraph(say("assumptions.lede")), table(heads, rows, ("3fr", "1.6fr", "4fr", "2.4fr"))]
        out.append(paragraph(say("assumptions.note"), style="note"))
    if v["untried"]:
        out.append(paragraph(v["untried"], style="note"))
    return out
