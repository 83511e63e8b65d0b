"""The report as HTML and as Markdown: one view, two templates, and everything written by others escaped."""

import re
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import servanda
from servanda.findings import Finding, Reason
from servanda.report import numbers, svg
from servanda.report.annex import build_annex, number_lists, watch_lists
from servanda.report.assumptions import assumption_rows, untried
from servanda.report.changes import changes, revised
from servanda.report.contributions import COUNTS, contribution_rows, notes
from servanda.report.counts import beside, by_kind, by_region, day_counts, partly
from servanda.report.data import QUALITIES, ReportData
from servanda.report.effort import effort_rows
from servanda.report.incidents import Marked, exported
from servanda.report.interference import LEVELS, TRACKS, airspace
from servanda.report.language import MASTER, TAG, catalogue
from servanda.report.looked import by_source, gaps, heats
from servanda.report.looked import told as told_gap
from servanda.report.map import draw_map
from servanda.report.reasons import excluded, measure, note, told, value_name
from servanda.report.reliability import draw_reliability
from servanda.report.scores import score_rows
from servanda.report.strip import day_strip
from servanda.report.timeline import draw_timeline
from servanda.report.trends import trend_views
from servanda.report.undercounts import undercount_rows
from servanda.report.verdicts import (
    chance_parts,
    exemptions,
    is_duty,
    no_finding,
    party_name,
    reports_only,
    summary,
    tally,
    term_rows,
    why_unsure,
)
from servanda.report.whisker import scale_of, whisker
from servanda.report.words import STATUSES, STYLES, group_label, kind_label, verdict_word


def view(data: ReportData, marked: Marked) -> dict[str, Any]:
    """Everything the templates name, in the language of the page; nothing in it is HTML but drawings."""
    rows = term_rows(data)
    changed = changes(data, rows)
    shown = changed[: data.settings.changes]
    annex = build_annex(data, marked, revised(shown))
    called = {r.term_id: r.words for r in rows} | {c.row.term_id: c.row.words for c in changed}
    return {
        "data": data,
        "settings": data.settings,
        "version": servanda.__version__,
        "clock": data.clock,
        "utc": numbers.Clock("UTC", data.words),
        "rows": rows,
        "summary": summary(data.words, rows),
        "tally": tally(rows),
        "undercounts": undercount_rows(data),
        "exemptions": exemptions(data),
        "changes": shown,
        "changes_left": len(changed) - len(shown),
        "map": draw_map(data, marked, annex.known()["i"]),
        "airspace": airspace(data),
        "timeline": draw_timeline(data, marked),
        "strip": day_strip(data, rows),
        "annex": annex,
        "known": annex.known(),
        "party": lambda p: party_name(data, p),
        "words": lambda term_id: called.get(term_id, term_id),
        "tried": assumption_rows(data, rows),
        "untried": untried(data, rows),
        "contributions": contribution_rows(data),
        "contribution_notes": notes(data),
        "learn_days": data.learn_days,
        **_counts(data, marked),
        **_comparisons(data),
        "trends": trend_views(data),
        **_language(data),
    }


def _language(data: ReportData) -> dict[str, Any]:
    """The catalogue (``lang``), the ways it is used, and the pages in other languages: (catalogue, file name stem)."""
    words = data.words
    others = [catalogue(name, data.language_folder) for name in data.languages if name != words.language]
    foreign = Markup(' lang="{}" dir="auto"')
    return {
        "lang": words,
        "say": words.say,
        "others": [(c, page_name(data, c.language, "")) for c in others],
        "told": lambda reason, finding: _told(data, reason, finding),
        "unsure": lambda finding: why_unsure(data, finding),
        "reports_only": lambda finding: reports_only(data, finding),
        "parts": lambda finding: chance_parts(data, finding),
        "no_finding": lambda term_id, t_from, t_to: no_finding(data, term_id, t_from, t_to),
        "quoted": foreign.format(data.written_in) if data.written_in != words.language else Markup(""),
        "technical": foreign.format(MASTER) if words.language != MASTER else Markup(""),
    }


def _told(data: ReportData, reason: Reason, finding: Finding) -> str:
    return told(data.words, reason, finding, is_duty(data, finding.term_id))


def page_name(data: ReportData, language: str, ending: str) -> str:
    """The file of the page in a language; the first language has the plain name. No ending: up to the last point."""
    return f"report.{ending}" if language == data.languages[0] else f"report.{language}.{ending}"


def _counts(data: ReportData, marked: Marked) -> dict[str, Any]:
    """What the templates name of counts, of the effort behind them, and of what is exported."""
    kinds, others, (regions, regions_left) = by_kind(data, marked), beside(data, marked), by_region(data, marked)
    effort, written = effort_rows(data), exported(data, marked).height
    every = written == marked.incidents.height
    return {
        "by_kind": kinds,
        "beside": others,
        "by_region": regions,
        "regions_left": regions_left,
        "day": day_counts(marked),
        "partial": partly(data, marked),
        "period_coarse": marked.incidents.filter("coarse").height,
        "effort": effort,
        "watched_h": sum(r.watched_h for r in effort),
        "watchers": sum(r.watched_h > 0 for r in effort),
        "lost_h": sum(h for r in effort for _, h in r.lost_h),
        "statuses": [s for s in STATUSES if any(s == x for r in effort for x, _ in (*r.lost_h, *r.since_lost_h))],
        **_looked(data),
        "lists": number_lists(data.words, [*kinds, *regions, *others]),
        "watches": watch_lists(data),
        "incidents_total": marked.incidents.height,
        "exported": written,
        "selection": data.words.say("annex.every_incident" if every else "annex.selected_incidents"),
    }


def _looked(data: ReportData) -> dict[str, Any]:
    """What the templates name of hours looked: sentences on what nobody looked at, and the tables behind them."""
    missed, tables, by = gaps(data), heats(data), by_source(data)
    shown = missed[: data.settings.effort_gaps]
    lengths = data.looked.filter(pl.col("which") == "period")["of_hours"]
    heads = [("effort.kind", t) for t in tables] + [("effort.by_source", t) for t in by]
    return {
        "looked": tables,
        "looked_by": by,
        "looked_tables": [(data.words.say(head), table) for head, table in heads],
        "looked_of": lengths.max(),
        "looked_since": data.agreement.t_from,
        "gaps": [told_gap(data, gap) for gap in shown],
        "gaps_left": len(missed) - len(shown),
    }


def _comparisons(data: ReportData) -> dict[str, Any]:
    scale, figures, board = scale_of(data.comparisons), data.figures, data.scoreboard
    drawn = (whisker(c.rate_ratio, scale, f"ratio-{i}", figures) for i, c in enumerate(data.comparisons))
    return {
        "comparisons": list(zip(data.comparisons, drawn, strict=True)),
        "reliability": draw_reliability(board.points, figures) if board else None,
        "scores": score_rows(board, figures) if board else (),
    }


def render(names: dict[str, Any]) -> tuple[str, str]:
    """``report.html`` and ``report.md`` of a ``view``."""
    data = names["data"]
    html, markdown = _environment(data, autoescape=True), _environment(data, finalize=markdown_text)
    return html.get_template("report.html.j2").render(names), markdown.get_template("report.md.j2").render(names)


def _environment(data: ReportData, **options: Any) -> Environment:
    env = Environment(
        loader=PackageLoader("servanda.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    env.filters |= filters(data)
    env.globals |= NAMES
    return env


NAMES: dict[str, Any] = {
    "AIRSPACE_LEVELS": LEVELS,
    "AIRSPACE_TRACKS": TRACKS,
    "STYLES": STYLES,
    "HATCHES": svg.HATCHES,
    "DASH": numbers.DASH,
    "NONE": numbers.NONE,
    "QUALITIES": QUALITIES,
    "SOURCE_COUNTS": COUNTS,
    "anchor": numbers.anchor,
    "mark": svg.mark,
}


def filters(data: ReportData) -> dict[str, Any]:
    """How templates write values, in the language of the page."""
    words, figures = data.words, data.figures
    return {
        "percent": figures.percent,
        "chance": figures.chance,
        "power": figures.power,
        "number": figures.number,
        "whole": words.whole,
        "interval": figures.interval,
        "ratio": figures.ratio,
        "ratio_words": figures.ratio_words,
        "hours": figures.hours,
        "distance": figures.distance,
        "significant": figures.significant,
        "share": figures.share,
        "latitude": figures.latitude,
        "longitude": figures.longitude,
        "inline": words.inline,
        "verdict": lambda verdict: verdict_word(words, verdict),
        "kind": lambda kind: kind_label(words, kind),
        "group": lambda group: group_label(words, group),
        "status": lambda status: words.say(f"statuses.{status}"),
        "value_name": lambda name: value_name(words, name),
        "note": lambda comparison: note(words, comparison),
        "excluded": lambda comparison: excluded(words, comparison),
        "measure": lambda comparison: measure(words, comparison),
        "short": numbers.short,
        "weblink": weblink,
        "language_tag": language_tag,
    }


def markdown_text(value: object) -> object:
    """Any value as plain Markdown text: no character of it can start markup, a table cell or a line."""
    if isinstance(value, Markup | int):
        return value
    escaped = re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", " ".join(str(value).split("\n")).replace("\r", " "))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def weblink(url: str) -> str:
    """The address if it is one of the web, else nothing: no other scheme may be followed from a report."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def language_tag(language: str) -> str:
    """A BCP 47 tag for ``lang``, else ``und`` (undetermined)."""
    return language if re.fullmatch(TAG, language) else "und"
