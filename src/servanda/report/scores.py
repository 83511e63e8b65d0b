"""The marks of a scoreboard in words."""

import math

from servanda.report.data import Scoreboard
from servanda.report.numbers import NONE, Figures


def score_rows(board: Scoreboard, figures: Figures) -> tuple[tuple[str, str, str], ...]:
    """(what, value, note) of each row."""
    say = figures.words.say
    return tuple(
        (
            say(f"scoreboard.{row.code}"),
            figures.significant(row.value) if math.isfinite(row.value) else say("scoreboard.none_to_score"),
            say(f"scoreboard.{row.code}_note", **{k: _shown(v, figures) for k, v in row.values}),
        )
        for row in board.rows
    )


def _shown(value: float, figures: Figures) -> object:
    """Whole numbers as they are, shares with three decimals."""
    if isinstance(value, int):
        return value
    return figures.fixed(value) if math.isfinite(value) else NONE
