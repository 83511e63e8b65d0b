"""Incidents that stand for many: how many events of a term's kinds each one counts."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from servanda import kinds

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counted:
    """Arrays over ``rows`` of the incidents: those that count events of which some may be of the kinds asked for.

    ``low``, ``high``: how many events; ``share``: chance that each of them is of those kinds.
    """

    rows: NDArray[np.int64]
    low: Floats
    high: Floats
    share: Floats

    def spread(self, values: Floats, n: int, otherwise: float = 1.0) -> Floats:
        """(n,) ``values`` in their rows, ``otherwise`` in all others."""
        out = np.full(n, otherwise)
        out[self.rows] = values
        return out


def counted(incidents: pl.DataFrame, wanted: frozenset[str]) -> Counted:
    """The counts of one incident are of nested kinds: of those that fit ``wanted`` best, the largest stands.

    ``incidents`` is an incidents table; one without ``counts`` has no such incident.
    """
    if "counts" not in incidents.columns or not wanted:
        return _nothing()
    many = incidents.select(pl.col("counts")).with_row_index("i").drop_nulls("counts")
    if many.is_empty():
        return _nothing()
    share = {k: kinds.share(k, wanted) for k in kinds.tree()}
    rows = (
        many.explode("counts")
        .unnest("counts")
        .with_columns(
            pl.col("kind").replace_strict(share, return_dtype=pl.Float64).alias("share"),
            pl.col("low").fill_null(0.0),
            pl.col("high").fill_null(np.inf),
        )
    )
    fit = rows.filter((pl.col("share") > 0) & (pl.col("share") == pl.col("share").max().over("i")))
    most = fit.group_by("i").agg(pl.col("low", "high").max(), pl.col("share").first()).sort("i")
    columns = [most[c].cast(pl.Float64).to_numpy() for c in ("low", "high", "share")]
    return Counted(most["i"].to_numpy().astype(np.int64), *columns)


def _nothing() -> Counted:
    return Counted(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), np.empty(0))
