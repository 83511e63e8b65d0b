"""What changed, the timeline, counts and comparisons, on paper."""

from markupsafe import Markup

from servanda.findings import Finding
from servanda.report.changes import Step
from servanda.report.counts import Cell as Count
from servanda.report.counts import CountRow
from servanda.report.data import ReportData
from servanda.report.numbers import NONE
from servanda.report.pdf import pictures
from servanda.report.pdf.first import View, page_of, term_cell
from servanda.report.pdf.runs import (
    Block,
    Cell,
    Line,
    bare_sign,
    cell,
    heading,
    joined,
    legend,
    paragraph,
    picture,
    run,
    sign,
    table,
)
from servanda.report.reasons import excluded, note
from servanda.report.words import STYLES, group_label


def changes(data: ReportData, v: View) -> list[Block]:
    say = data.words.say
    title = heading(say("changes.title"), 1)
    if not data.previous:
        return [title, paragraph(say("changes.first"))]
    if not v["changes"]:
        return [title, paragraph(say("changes.nothing"))]
    limit = data.settings.changed_days
    rows = []
    for c in v["changes"]:
        fresh = say("common.further_incidents", n=c.new_incidents) if c.new_incidents else ""
        days = [
            [run(f"{data.clock.day(p.t_from)}{', ' + name if name else ''}: ", "m"), *_step(data, s)]
            for p, name, s in c.days[:limit]
        ]
        more = len(c.days) - limit
        further = say("changes.and_days", days=say("common.further_days", n=more)) if more > 0 else ""
        rows.append(
            [
                term_cell(c.row),
                cell(_step(data, c.whole), run(fresh, "s")),
                cell(sign(data.words, c.row.day.verdict, "") if c.row.day else NONE),
                cell(*([run(f"{name}: ", "m"), *_step(data, s)] for name, s in c.parties)),
                cell(*days, run(further, "s")),
            ]
        )
    heads = [say(f"changes.{h}") for h in ("term", "whole_head", "day", "parties_head", "days_head")]
    left = v["changes_left"]
    same = len(v["rows"]) - len(v["changes"]) - left
    told = [say("markdown.terms_left", terms=say("common.further_terms", n=left))] if left else []
    told += [say("changes.same", n=same)] if same > 0 else []
    return [
        title,
        table(heads, rows, ("3fr", "2.4fr", "1.5fr", "2fr", "2.4fr")),
        paragraph(" ".join(told), style="note"),
    ]


def _step(data: ReportData, step: Step) -> Line:
    words = data.words
    now = sign(words, step.now.verdict) if step.now else [run(words.say("changes.no_longer"), "m")]
    if not step.moved:
        return [*now, run(" " + words.say("common.unchanged"), "m")]
    was = sign(words, step.was, "") if step.was else [run(words.say("changes.not_yet"), "m")]
    return [*was, run(" → "), *now]


def timeline(data: ReportData, v: View) -> list[Block]:
    say, drawn, strip = data.words.say, v["timeline"], v["strip"]
    keys = [(pictures.bar_key(g), group_label(data.words, g)) for g in reversed(drawn.groups)]
    keys += [(pictures.expected_key(), say("timeline.expected"))] if drawn.groups else []
    keys += [(pictures.status_key(s), say(f"statuses.{s}")) for s in drawn.statuses]
    note = say(f"timeline.note_{drawn.unit}")
    if drawn.sources_left_out:
        note += " " + say("timeline.left", sources=say("common.further_sources", n=drawn.sources_left_out))
    about = f"{say('timeline.title')}. {say(f'timeline.about_{drawn.unit}')}"
    together = [
        heading(say("timeline.title"), 1),
        picture(pictures.standing(drawn.picture), about),
        legend(keys),
        paragraph(note, style="note"),
    ]
    out: list[Block] = [{"do": "together", "blocks": together}]
    if len(strip.days) > 1:
        rows = [
            [cell(run(row.words), run(row.reading, "s")), *(_mark(data, v, f) for f in found)]
            for row, found in strip.rows
        ]
        heads = [say("timeline.term"), *(data.clock.day(a) for a, _ in strip.days)]
        out += [heading(say("timeline.by_day"), 2), table(heads, rows, ("6fr", *["1fr"] * len(strip.days)))]
        left = say("timeline.days_left", days=say("common.earlier_days", n=strip.left_out)) if strip.left_out else ""
        out.append(paragraph(f"{say('timeline.by_day_note')} {left}".rstrip(), style="note"))
        shown = {f.verdict for _, found in strip.rows for f in found if f}
        keyed = [sign(data.words, verdict, "") for verdict in STYLES if verdict in shown]
        out.append({"do": "paragraph", "runs": joined(keyed, "   "), "style": "note"})
    return out


def _mark(data: ReportData, v: View, f: Finding | None) -> Cell:
    if f is None:
        return cell(run("·", "m"))
    return cell(bare_sign(data.words, f.verdict, page_of(v, f)), run(data.figures.share(f.power), "s"))


def counts(data: ReportData, v: View) -> list[Block]:
    say = data.words.say
    out = [heading(say("counts.title"), 1), paragraph(say("counts.lede"))]
    if not (v["by_kind"] or v["by_region"]):
        out.append(paragraph(say("counts.nothing")))
    for rows, title, first in ((v["by_kind"], "by_kind", "kind"), (v["by_region"], "by_region", "region")):
        if rows:
            out += [heading(say(f"counts.{title}"), 2), _counted(data, say(f"counts.{first}"), "incidents", rows)]
    note = say("counts.note", partly=say("counts.partly", n=v["partial"]))
    if v["regions_left"]:
        note += " " + say("counts.regions_left", regions=say("common.further_regions", n=v["regions_left"]))
    out.append(paragraph(note, style="note"))
    if v["beside"]:
        out += [
            heading(say("counts.beside_title"), 2),
            paragraph(say("counts.beside_lede")),
            _counted(data, say("counts.what"), "reported", v["beside"]),
        ]
    return out


def _counted(data: ReportData, first: str, reported: str, rows: list[CountRow]) -> Block:
    say = data.words.say
    three = [say(f"counts.{k}") for k in (reported, "expected", "hours")]
    heads: list[str | Cell] = [first]
    for which in ("before", "now"):
        heads += [cell(run(say(f"counts.{which}"), "s"), run(h, "h")) for h in three]
    body = [[cell(run(r.label)), *_numbers(data, r.previous), *_numbers(data, r.period)] for r in rows]
    return table(heads, body, ("3.4fr", *["1.2fr"] * 6), range(1, 7))


def _numbers(data: ReportData, count: Count) -> list[Cell]:
    shown = (
        data.words.whole(count.reported),
        data.figures.number(count.expected),
        data.figures.number(count.watched_h),
    )
    return [cell(s) for s in shown]


def comparisons(data: ReportData, v: View) -> list[Block]:
    say, figures = data.words.say, data.figures
    if not v["comparisons"]:
        return []
    rows = []
    for c, drawing in v["comparisons"]:
        before = "; ".join(figures.number(b.value) for b in c.baselines)
        left = [run(e, "s") for e in (*excluded(data.words, c), note(data.words, c)) if e]
        ratio = cell(run(figures.ratio(c.rate_ratio), "b"), run(figures.ratio_words(c.rate_ratio), "s"))
        rows.append(
            [cell(run(c.title, "b"), run(c.source_id, "s")), cell(figures.number(c.value)), cell(before),
             [*ratio, [_drawn(drawing, figures.ratio(c.rate_ratio))]], cell(*left)]
        )  # fmt: skip
    heads = [say(f"comparisons.{h}") for h in ("measure", "window", "baselines", "ratio_head", "notes")]
    return [
        heading(say("comparisons.title"), 1),
        paragraph(say("comparisons.lede")),
        table(heads, rows, ("2fr", "1fr", "1.2fr", "3fr", "3fr"), (1,)),
    ]


def trends(data: ReportData, v: View) -> list[Block]:
    """Each trend with its sentence, its drawing and what it rests on, kept together."""
    say = data.words.say
    if not v["trends"]:
        return [heading(say("trend.title"), 1), paragraph(say("trend.none"))]
    out = [heading(say("trend.title"), 1), paragraph(say("trend.lede"))]
    for t in v["trends"]:
        source = f" {t.trend.source_id}" if t.trend.source_id else ""
        span = " " + data.clock.span(t.trend.t_from, t.trend.t_to)
        together = [
            heading(t.trend.title, 2, source),
            paragraph(run(t.said, "b" if t.sure else ""), run(span, "m")),
            *([picture(pictures.standing(t.picture), t.said)] if t.picture else []),
            paragraph(" ".join(t.sentences), style="note"),
        ]
        out.append({"do": "together", "blocks": together})
    return out


def _drawn(drawing: Markup, alt: str) -> dict[str, str]:
    return {"t": "", "svg": pictures.standing(drawing), "alt": alt}
