"""The pieces that the printed report is made of. All is data: typst sets it and never reads it as markup."""

from collections.abc import Iterable, Sequence
from typing import Any

from servanda.findings import Verdict
from servanda.report.language import Catalogue
from servanda.report.words import verdict_word

Run = dict[str, Any]
Line = list[Run]
Cell = list[Line]
Block = dict[str, Any]


def run(text: object, style: str = "", **more: object) -> Run:
    """Words of one look: "" plain, ``b`` strong, ``m`` muted, ``s`` small and muted, ``i`` an id.

    More: ``to`` links to a place of that name, ``lang`` is the language of the words.
    """
    return {"t": str(text), "s": style, **{k: v for k, v in more.items() if v}}


def sign(words: Catalogue, verdict: Verdict, style: str = "b", to: str = "") -> Line:
    """A verdict: its sign and its word, never one without the other."""
    return [{"v": verdict}, run("\u00a0" + verdict_word(words, verdict), style, to=to)]


def bare_sign(words: Catalogue, verdict: Verdict, to: str = "") -> Run:
    """The sign alone, for tables of many days; its word is said to those who do not see it."""
    return {"v": verdict, "alt": verdict_word(words, verdict), **({"to": to} if to else {})}


def cell(*lines: Line | Run | str) -> Cell:
    """A cell of a table; empty lines are left out."""
    made = [[run(x)] if isinstance(x, str) else [x] if isinstance(x, dict) else list(x) for x in lines]
    return [line for line in made if any(r.get("t") or r.get("v") for r in line)]


def joined(parts: Iterable[Line], between: str = ", ") -> Line:
    """Lines one after the other, with ``between`` between them."""
    out: Line = []
    for part in parts:
        out += [run(between), *part] if out else part
    return out


def heading(text: str, level: int, aside: str = "") -> Block:
    return {"do": "heading", "text": text, "level": level, "aside": aside}


def paragraph(*runs: Run | str, style: str = "") -> Block:
    """``style``: "" or ``note`` (small)."""
    return {"do": "paragraph", "runs": [run(r) if isinstance(r, str) else r for r in runs], "style": style}


def table(
    head: Sequence[str | Cell], rows: Iterable[Sequence[Cell]], widths: Sequence[str], right: Iterable[int] = ()
) -> Block:
    """``widths``: ``auto`` or shares such as ``2fr``; ``right``: columns of numbers, from 0."""
    heads = [cell(run(h, "h")) if isinstance(h, str) else h for h in head]
    return {"do": "table", "head": heads, "rows": [list(r) for r in rows], "widths": list(widths), "right": [*right]}


def picture(svg: str, alt: str, width: str = "100%", height_mm: float = 70.0) -> Block:
    """``width``: a share of the page, or ``map``: as wide as fits in ``height_mm``."""
    return {"do": "picture", "svg": svg, "alt": alt, "width": width, "height": height_mm}


def items(nested: list[dict[str, Any]]) -> Block:
    """A nested list; each item has ``runs`` and ``below``."""
    return {"do": "items", "items": nested}


def legend(entries: Iterable[tuple[str, str]]) -> Block:
    """Keys of a picture: (SVG, words)."""
    return {"do": "legend", "entries": [{"svg": s, "text": t} for s, t in entries]}
