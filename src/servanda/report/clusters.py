"""Incidents as symbols: those too near to be told apart share one, and groups at one place stand side by side."""

import polars as pl
from markupsafe import Markup

from servanda.report import svg
from servanda.report.data import ReportData, ReportSettings
from servanda.report.ground import WIDTH, Ground
from servanda.report.language import Catalogue
from servanda.report.numbers import anchor
from servanda.report.svg import el, text
from servanda.report.words import group_label, kind_label

ALONE_PX, CROWDED_PX, LARGEST_PX = 5.0, 4.6, 11.0
SLOTS = (
    ((0, 0),),
    ((-6, 0), (6, 0)),
    ((-6, -5), (6, -5), (0, 6)),
    ((-6, -6), (6, -6), (-6, 6), (6, 6)),
    ((-11, -6), (0, -6), (11, -6), (-6, 6), (6, 6)),
    ((-11, -6), (0, -6), (11, -6), (-11, 6), (0, 6), (11, 6)),
)
"""Where the symbols of one cell stand around its middle, pixels, by how many they are."""


def cluster(placed: pl.DataFrame, ground: Ground, cell_px: float) -> pl.DataFrame:
    """Incidents of one group in one cell become one symbol; likeliest first. Off the edge is not drawn.

    Gives group, column, row, x, y (pixels), n (how many they are), p (the highest probability), sigma_px (median),
    and of the likeliest incident_id and kind.
    """
    x, y = ground.xy(placed["lon"].to_numpy(), placed["lat"].to_numpy())
    inside = (pl.col("x") >= 0) & (pl.col("x") <= WIDTH) & (pl.col("y") >= 0) & (pl.col("y") <= ground.height)
    return (
        placed.with_columns(x=pl.Series(x, dtype=pl.Float64), y=pl.Series(y, dtype=pl.Float64))
        .filter(inside)
        .sort(["probability", "incident_id"], descending=[True, False])
        .group_by(
            "group",
            (pl.col("x") // cell_px).alias("column"),
            (pl.col("y") // cell_px).alias("row"),
            maintain_order=True,
        )
        .agg(
            pl.col("x").mean(),
            pl.col("y").mean(),
            n=pl.col("number").sum().cast(pl.Int64),
            p=pl.col("probability").first(),
            # An ellipse says more than a circle: where there is one, it is drawn instead.
            sigma_px=pl.col("sigma_m").filter(pl.col("ellipse_major_m").is_null()).median() / ground.m_per_px,
            incident_id=pl.col("incident_id").first(),
            kind=pl.col("kind").first(),
        )
        .sort(["p", "n", "incident_id"], descending=[True, True, False])
    )


def arrange(clusters: pl.DataFrame, settings: ReportSettings) -> pl.DataFrame:
    """Move the symbols of one cell side by side, in the order of the groups.

    Adds ``x_cell``, ``y_cell``, ``many`` (symbols in the cell) and, to the first of a cell only, ``total`` and
    ``sigma_cell_px``.
    """
    cell = ["column", "row"]
    order = [g.name for g in settings.kind_groups]
    weight = pl.col("n").clip(1)
    middle = clusters.with_columns(
        (pl.col("x", "y") * weight).sum().over(cell) / weight.sum().over(cell),
        slot=pl.col("group").cast(pl.Enum(order)).to_physical().rank("ordinal").over(cell).cast(pl.Int64) - 1,
        many=pl.len().over(cell).clip(1, len(SLOTS)),
    )
    offsets = [SLOTS[m - 1][s % m] for s, m in middle.select("slot", "many").iter_rows()]
    first = pl.col("slot") == 0
    return middle.with_columns(
        pl.col("x") + pl.Series("dx", [dx for dx, _ in offsets], dtype=pl.Float64),
        pl.col("y") + pl.Series("dy", [dy for _, dy in offsets], dtype=pl.Float64),
        x_cell="x",
        y_cell="y",
        total=pl.when(first).then(pl.col("n").sum().over(cell)),
        sigma_cell_px=pl.when(first).then(pl.col("sigma_px").max().over(cell)),
    )


def rings(clusters: pl.DataFrame, settings: ReportSettings) -> list[Markup]:
    """One standard deviation around places that are not well known."""
    vague = clusters.filter(pl.col("sigma_cell_px") > settings.map_imprecise_px)
    look = {
        "fill": svg.MUTED,
        "fill_opacity": "0.05",
        "stroke": svg.MUTED,
        "stroke_width": "0.8",
        "stroke_dasharray": "2 3",
    }
    columns = vague.select("x_cell", "y_cell", "sigma_cell_px")
    return [el("circle", cx=x, cy=y, r=min(sigma, 90.0), **look) for x, y, sigma in columns.iter_rows()]


def fill_of(p: float, colour: str, settings: ReportSettings) -> dict[str, str]:
    """Full where sure, half where likely, hollow below; the outline always has the colour of the group."""
    solid = "1" if p >= settings.sure else "0.45" if p >= settings.likely else "0"
    return {"fill": colour, "fill_opacity": solid, "stroke": colour, "stroke_width": "1.6"}


def radius(n: int, many: int) -> float:
    """The area grows with the number of incidents, unless several symbols share a place."""
    return CROWDED_PX if many > 1 else min(ALONE_PX * (0.7 + 0.3 * n**0.5), LARGEST_PX)


def symbol(c: dict[str, object], data: ReportData, linked: frozenset[str]) -> Markup:
    """One symbol, described, and linked to its likeliest incident where the annex holds it."""
    x, y, p = float(str(c["x"])), float(str(c["y"])), float(str(c["p"]))
    n, many, identity = int(str(c["n"])), int(str(c["many"])), str(c["incident_id"])
    words, settings = data.words, data.settings
    kind_group = next(g for g in settings.kind_groups if g.name == c["group"])
    r = radius(n, many)
    said = {"kind": kind_label(words, str(c["kind"])), "chance": data.figures.percent(p)}
    group = group_label(words, kind_group)
    return svg.titled(
        words.say("map.symbols", n=n, group=group, **said) if n > 1 else words.say("map.symbol", **said),
        svg.mark(kind_group.shape, x, y, r, fill="#FFFFFF", fill_opacity="0.8"),
        svg.mark(kind_group.shape, x, y, r, **fill_of(p, kind_group.colour, settings)),
        href="#" + anchor("i", identity) if identity in linked else None,
    )


def uncovered(older: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """The older ones in cells where nothing of the last days is drawn over them."""
    return older.join(recent.select("column", "row").unique(), on=["column", "row"], how="anti", maintain_order="left")


def totals(clusters: pl.DataFrame, words: Catalogue) -> list[Markup]:
    """The number of incidents beside symbols that stand for more than there are symbols."""
    shared = clusters.filter((pl.col("total") > 1) & (pl.col("total") > pl.col("many")))
    out = []
    for x, y, n, many, total in shared.select("x_cell", "y_cell", "n", "many", "total").iter_rows():
        beside = radius(n, many) + 3 if many == 1 else 13 if many < 5 else 18
        out.append(text(x + beside, y + 4, words.whole(total), class_="count"))
    return out
