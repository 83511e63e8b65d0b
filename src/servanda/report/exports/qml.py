"""Styles for QGIS (QML): the colours and shapes of the report, so that a layer opens looking as it does there."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from servanda.findings import VERDICTS
from servanda.report.data import KindGroup, Shape
from servanda.report.exports.layers import AREAS, LINES
from servanda.report.language import MASTER, catalogue
from servanda.report.svg import INK, MUTED
from servanda.report.words import STATUSES, STYLES, group_label, verdict_word

ENGLISH = catalogue(MASTER)
MARKERS: dict[Shape, str] = {
    "circle": "circle",
    "square": "square",
    "triangle": "equilateral_triangle",
    "diamond": "diamond",
    "pentagon": "pentagon",
    "cross": "cross_fill",
}
"""Shapes of the report by their names in QGIS; a bar has none and is drawn as an oblong."""
BRUSHES = {
    "watching": ("#9CC7B8", "solid"),
    "denied": ("#D55E00", "b_diagonal"),
    "jammed": ("#A3457B", "diagonal_x"),
    "clouded": ("#0072B2", "dense6"),
    "dark": ("#3C434A", "dense4"),
    "offline": ("#5F6770", "horizontal"),
    "strike": ("#8A5F00", "vertical"),
}
"""Of each watch status a colour and a pattern, as on the timeline of the report."""
SOLID_BY_PROBABILITY = (
    "set_color_part(@symbol_color, 'alpha', CASE WHEN probability >= 0.9 THEN 255"
    " WHEN probability >= 0.5 THEN 115 ELSE 0 END)"
)
"""Full where sure, half where likely, hollow below: the defaults of ``ReportSettings.sure`` and ``likely``."""

Category = tuple[str, str, Markup]
"""(value, label, symbol layer)"""


def style(layer: str, family: str, groups: tuple[KindGroup, ...]) -> str:
    """QML for a layer: zones by verdict, watches by status, incidents and observations by group of kinds."""
    if layer == "zones":
        return _qml(family, "verdict", _zones(family), 0.9, named=True)
    if layer == "watches":
        looks = ((s, ENGLISH.say(f"statuses.{s}"), _fill(*BRUSHES[s], BRUSHES[s][0])) for s in STATUSES)
        return _qml(family, "status", looks, 0.5)
    sure = SOLID_BY_PROBABILITY if layer == "incidents" else ""
    size = 3.0 if layer == "incidents" else 1.8
    looks = ((g.name, group_label(ENGLISH, g), _of_group(g, family, size, sure)) for g in groups)
    return _qml(family, "kind_group", looks, 0.9)


def _zones(family: str) -> Iterable[Category]:
    for verdict in VERDICTS:
        look = STYLES[verdict]
        drawn = _line(look.colour) if family == LINES else _fill(look.tint, "solid", look.colour, "dash")
        yield verdict, verdict_word(ENGLISH, verdict), drawn
    yield "", "No term is about it", _line(MUTED) if family == LINES else _fill("#FFFFFF", "no", MUTED, "dot")


def _of_group(group: KindGroup, family: str, size: float, sure: str) -> Markup:
    if family == AREAS:
        return _fill(group.colour, "dense6", group.colour)
    if family == LINES:
        return _line(group.colour)
    common = {"color": _rgb(group.colour), "outline_color": _rgb(group.colour), "outline_width": "0.4"}
    if group.shape == "bar":
        oblong = {"symbol_name": "rectangle", "symbol_width": f"{size * 1.2:g}", "symbol_height": f"{size * 0.6:g}"}
        return _layer("EllipseMarker", oblong | common, sure)
    return _layer("SimpleMarker", {"name": MARKERS[group.shape], "size": f"{size:g}"} | common, sure)


def _fill(colour: str, brush: str, outline: str, line: str = "solid") -> Markup:
    pairs = {"color": _rgb(colour), "style": brush, "outline_color": _rgb(outline), "outline_style": line}
    return _layer("SimpleFill", pairs | {"outline_width": "0.4"})


def _line(colour: str) -> Markup:
    return _layer("SimpleLine", {"line_color": _rgb(colour), "line_width": "0.7", "line_style": "solid"})


def _rgb(colour: str) -> str:
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{r},{g},{b},255"


def _layer(kind: str, pairs: dict[str, str], fill_expression: str = "") -> Markup:
    """One layer of a symbol; ``fill_expression`` decides its fill per feature."""
    options = Markup("").join(
        Markup('<Option type="QString" name="{}" value="{}"/>').format(k, v) for k, v in sorted(pairs.items())
    )
    defined = Markup(
        '<data_defined_properties><Option type="Map"><Option type="QString" name="name" value=""/>'
        '<Option type="Map" name="properties"><Option type="Map" name="fillColor">'
        '<Option type="bool" name="active" value="true"/><Option type="QString" name="expression" value="{}"/>'
        '<Option type="int" name="type" value="3"/></Option></Option>'
        '<Option type="QString" name="type" value="collection"/></Option></data_defined_properties>'
    )
    more = defined.format(fill_expression) if fill_expression else Markup("")
    return Markup('<layer class="{}" enabled="1" locked="0" pass="0"><Option type="Map">{}</Option>{}</layer>').format(
        kind, options, more
    )


def _qml(family: str, attribute: str, looks: Iterable[Category], alpha: float, named: bool = False) -> str:
    """The whole style: a category for each value, and names beside the features where ``named``."""
    kind = {AREAS: "fill", LINES: "line"}.get(family, "marker")
    categories, symbols = [], []
    for i, (value, label, drawn) in enumerate(looks):
        entry = '<category type="string" render="true" symbol="{}" value="{}" label="{}"/>'
        categories.append(Markup(entry).format(i, value, label))
        symbol = '<symbol type="{}" name="{}" alpha="{}" clip_to_extent="1" force_rhr="0">{}</symbol>'
        symbols.append(Markup(symbol).format(kind, i, alpha, drawn))
    names = Markup('<labeling type="simple"><settings calloutType="simple"><text-style fieldName="label" fontSize="9"'
                   ' textColor="{}"/></settings></labeling>').format(_rgb(INK)) if named else Markup("")  # fmt: skip
    return str(
        Markup(
            "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
            '<qgis version="3.28.0" styleCategories="Symbology|Labeling" labelsEnabled="{}">'
            '<renderer-v2 type="categorizedSymbol" attr="{}" forceraster="0" symbollevels="0" enableorderby="0">'
            "<categories>{}</categories><symbols>{}</symbols></renderer-v2>{}</qgis>\n"
        ).format(int(named), escape(attribute), Markup("").join(categories), Markup("").join(symbols), names)
    )
