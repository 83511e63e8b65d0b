"""The whole printed report as data: what typst sets, in order."""

from typing import Any

from servanda.report.data import ReportData
from servanda.report.pdf import ending, middle, pictures, trust
from servanda.report.pdf.airspace import airspace
from servanda.report.pdf.annex import annex
from servanda.report.pdf.first import behind, head, map_blocks, verdicts
from servanda.report.pdf.runs import paragraph

PAGE, TOTAL = "\u0001", "\u0002"
"""Stand for numbers that only typst knows."""


def document(v: dict[str, Any]) -> dict[str, Any]:
    """The report of a ``page.view``, which must be publishable already."""
    data: ReportData = v["data"]
    say = data.words.say
    as_of = f"{data.clock.moment(data.as_of)} ({data.clock.offset(data.as_of)})"
    blocks = [
        *verdicts(data, v),
        *map_blocks(data, v),
        paragraph(behind(data, v)),
        *middle.changes(data, v),
        *airspace(data, v),
        *middle.timeline(data, v),
        *middle.counts(data, v),
        *middle.comparisons(data, v),
        *middle.trends(data, v),
        *trust.undercounts(data, v),
        *ending.effort(data, v),
        *trust.contributions(data),
        *trust.assumptions(data, v),
        *ending.set_aside(data),
        *ending.sources(data),
        *ending.method(data, v),
        *ending.scoreboard(data, v),
        *annex(data, v),
    ]
    return {
        "language": data.words.language,
        "direction": data.words.direction,
        "running": say("pdf.running", title=data.title, as_of=as_of, version=data.version),
        "page": say("pdf.page", page=PAGE, total=TOTAL),
        "see": say("pdf.see", page=PAGE),
        "description": data.agreement.title,
        "author": f"Servanda {v['version']}",
        "signs": pictures.signs(),
        **head(data, v),
        "blocks": blocks,
    }
