"""The airspace of the period on paper."""

from servanda.report import svg
from servanda.report.data import ReportData
from servanda.report.interference import LEVELS, TRACKS, AirspaceView
from servanda.report.pdf import pictures
from servanda.report.pdf.first import View
from servanda.report.pdf.runs import Block, cell, heading, legend, paragraph, picture, table


def airspace(data: ReportData, v: View) -> list[Block]:
    say, shown, view = data.words.say, data.figures, v["airspace"]
    if view is None:
        return []
    about = say("airspace.aside", span=data.clock.period(data.period))
    note = [say("airspace.empty"), say("airspace.untrusted", n=view.untrusted) if view.untrusted else ""]
    together = [
        heading(say("airspace.title"), 1, about),
        paragraph(say("airspace.lead")),
        picture(pictures.standing(view.picture), f"{say('airspace.picture')}: {about}", "map"),
        legend(_keys(data, view)),
        paragraph(" ".join(filter(None, [*note, say("map.note_borders")])), style="note"),
    ]
    out: list[Block] = [{"do": "together", "blocks": together}]
    if not view.disturbed:
        return out
    rows = []
    for c in view.disturbed:
        within = say("language.range", low=shown.share(c.low), high=shown.share(c.high))
        told = (str(c.aircraft), str(c.degraded), f"{shown.share(c.share)} ({within})", say(f"airspace.is_{c.level}"))
        rows.append([cell(f"{shown.latitude(c.lat)} {shown.longitude(c.lon)}"), *map(cell, told)])
    heads = [say(f"airspace.{h}") for h in ("cell", "aircraft", "degraded", "share", "level")]
    left = say("airspace.left", n=view.left) if view.left else ""
    return [
        *out,
        table(heads, rows, ("2fr", "1fr", "1fr", "2fr", "3fr"), (1, 2, 3)),
        paragraph(f"{say('airspace.note')} {left}".strip(), style="note"),
    ]


def _keys(data: ReportData, view: AirspaceView) -> list[tuple[str, str]]:
    say = data.words.say
    keys = []
    for level, n in view.cells:
        fill, opacity, dashes = LEVELS[level]
        look = {"fill": fill, "fill_opacity": opacity, "stroke": svg.MUTED, "stroke_width": "0.7"}
        drawn = svg.rect(2, 2, 14, 14, **look, stroke_dasharray=None if dashes == "none" else dashes)
        keys.append((pictures.key(drawn), say(f"airspace.level_{level}", cells=n)))
    for inside, n in ((True, view.in_zone), (False, view.elsewhere)):
        drawn = svg.el("path", d="M1 12L7 6L17 9", fill="none", **TRACKS[inside])
        keys.append((pictures.key(drawn), say("airspace.track_in" if inside else "airspace.track_out", n=n)))
    return keys
