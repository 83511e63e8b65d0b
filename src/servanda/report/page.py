"""The report as HTML and as Markdown: one view, two templates, and everything written by others escaped."""

import re
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import servanda
from servanda.report import numbers, svg
from servanda.report.annex import build_annex, number_lists, watch_lists
from servanda.report.changes import changes, revised
from servanda.report.counts import beside, by_kind, by_region, day_counts, partly
from servanda.report.data import ReportData
from servanda.report.effort import effort_rows
from servanda.report.export import EVERY, SELECTED
from servanda.report.incidents import Marked, exported
from servanda.report.map import draw_map
from servanda.report.reliability import draw_reliability
from servanda.report.strip import day_strip
from servanda.report.timeline import draw_timeline
from servanda.report.verdicts import exemptions, party_name, summary, tally, term_rows, why_unsure
from servanda.report.whisker import scale_of, whisker
from servanda.report.words import STATUS_WORDS, STYLES, kind_label


def view(data: ReportData, marked: Marked) -> dict[str, Any]:
    """Everything the templates name."""
    rows = term_rows(data)
    changed = changes(data, rows)
    shown = changed[: data.settings.changes]
    annex = build_annex(data, marked, revised(shown))
    called = {r.term_id: r.words for r in rows} | {c.row.term_id: c.row.words for c in changed}
    return {
        "data": data,
        "settings": data.settings,
        "version": servanda.__version__,
        "clock": numbers.Clock(data.time_zone),
        "utc": numbers.UTC_CLOCK,
        "rows": rows,
        "summary": summary(rows),
        "tally": tally(rows),
        "exemptions": exemptions(data),
        "changes": shown,
        "changes_left": len(changed) - len(shown),
        "map": draw_map(data, marked, annex.known()["i"]),
        "timeline": draw_timeline(data, marked),
        "strip": day_strip(data, rows),
        "annex": annex,
        "known": annex.known(),
        "party": lambda p: party_name(data, p),
        "words": lambda term_id: called.get(term_id, term_id),
        **_counts(data, marked),
        **_comparisons(data),
    }


def _counts(data: ReportData, marked: Marked) -> dict[str, Any]:
    """What the templates name of counts, of the effort behind them, and of what is exported."""
    kinds, others, (regions, regions_left) = by_kind(data, marked), beside(data, marked), by_region(data, marked)
    effort, written = effort_rows(data), exported(data, marked).height
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
        "lost_h": sum(h for r in effort for _, h in r.lost_h),
        "statuses": [s for s in STATUS_WORDS if any(s == x for r in effort for x, _ in r.lost_h)],
        "lists": number_lists([*kinds, *regions, *others]),
        "watches": watch_lists(data),
        "incidents_total": marked.incidents.height,
        "exported": written,
        "selection": EVERY if written == marked.incidents.height else SELECTED,
    }


def _comparisons(data: ReportData) -> dict[str, Any]:
    scale = scale_of(data.comparisons)
    return {
        "comparisons": [(c, whisker(c.rate_ratio, scale, f"ratio-{i}")) for i, c in enumerate(data.comparisons)],
        "reliability": draw_reliability(data.scoreboard.points) if data.scoreboard else None,
    }


WORDS: dict[str, Any] = {
    "STYLES": STYLES,
    "STATUS_WORDS": STATUS_WORDS,
    "HATCHES": svg.HATCHES,
    "DASH": numbers.DASH,
    "NONE": numbers.NONE,
    "anchor": numbers.anchor,
    "plural": numbers.plural,
    "mark": svg.mark,
}


def render(data: ReportData, marked: Marked) -> tuple[str, str]:
    """``report.html`` and ``report.md``."""
    names = view(data, marked)
    return _html().get_template("report.html.j2").render(names), _markdown().get_template("report.md.j2").render(names)


def _environment(**options: Any) -> Environment:
    env = Environment(
        loader=PackageLoader("servanda.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    env.filters |= FILTERS
    env.globals |= WORDS
    return env


def _html() -> Environment:
    return _environment(autoescape=True)


def _markdown() -> Environment:
    return _environment(autoescape=False, finalize=markdown_text)


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
    return language if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language) else "und"


FILTERS: dict[str, Any] = {
    "percent": numbers.percent,
    "power": numbers.power,
    "number": numbers.number,
    "interval": numbers.interval,
    "ratio": numbers.ratio,
    "ratio_words": numbers.ratio_words,
    "why_unsure": why_unsure,
    "hours": numbers.hours,
    "distance": numbers.distance,
    "short": numbers.short,
    "kind": kind_label,
    "weblink": weblink,
    "language_tag": language_tag,
}
