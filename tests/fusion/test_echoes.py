"""A source that takes over another's reports is found, and neither is learned from the other."""

from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from tests.fusion.worlds import THREE, world

from servanda.fusion import FusionResult, Priors, fuse
from servanda.fusion.copies import LOCKSTEP
from servanda.fusion.echoes import in_step, origins
from servanda.fusion.reports import Reports, reports
from servanda.tables import SOURCES

PRIORS = Priors.model_validate({})


def echoing(share: float, minutes: float = 12.0, name: str = "echo", of: str = "rough") -> pl.DataFrame:
    """Three sources, and one that has some of another's reports a few minutes later."""
    rows, _ = world(THREE, 700, 60, seed=6)
    told = rows.filter(pl.col("source_id") == of).sort("observation_id")
    rng = np.random.default_rng(8)
    late = pl.Series([timedelta(minutes=float(m)) for m in rng.uniform(0.5 * minutes, 1.5 * minutes, told.height)])
    copied = told.with_columns(
        pl.lit(name).alias("source_id"),
        (pl.col("observation_id") + "e").alias("observation_id"),
        pl.col("t_start") + late,
        pl.col("t_end") + late,
    ).filter(pl.Series(rng.random(told.height) < share))
    return pl.concat([rows, copied])


def read(rows: pl.DataFrame) -> Reports:
    return reports(rows, SOURCES.empty(), PRIORS)


@cache
def fused(share: float) -> FusionResult:
    return fuse(echoing(share))


def test_who_takes_over_is_found_and_what() -> None:
    r = read(echoing(0.4))
    (step,) = in_step(r, PRIORS)
    assert {step.one, step.other} == {"echo", "rough"}
    assert abs(step.late_h) == pytest.approx(0.2, abs=0.03)
    of = origins(r, (step,), PRIORS)
    ids = r.frame.sort("report")["observation_id"].to_list()
    assert [(ids[i], ids[of[i]]) for i in np.flatnonzero(of >= 0)] == [
        (i, i.removesuffix("e")) for i in ids if i.endswith("e")
    ]


def test_independent_sources_are_not_in_step() -> None:
    rows, _ = world(THREE, 700, 60, seed=6)
    assert in_step(read(rows), PRIORS) == ()


def test_two_sources_that_name_one_town_are_not_in_step() -> None:
    """Places rounded to towns are often the same; times still differ by what both err by."""
    rows, _ = world(THREE, 700, 60, seed=6)
    towns = rows.with_columns((pl.col(c) / 0.2).round() * 0.2 for c in ("lon", "lat"))
    assert in_step(read(towns), PRIORS) == ()


def test_a_chain_leads_to_the_first() -> None:
    rows = echoing(1.0)
    further = echoing(1.0, name="third", of="rough").filter(pl.col("source_id") == "third")
    later = further.with_columns(pl.col(c) + timedelta(minutes=30) for c in ("t_start", "t_end"))
    r = read(pl.concat([rows, later.with_columns(pl.col("observation_id") + "f")]))
    of = origins(r, in_step(r, PRIORS), PRIORS)
    ids = np.array(r.frame.sort("report")["observation_id"].to_list())
    assert {i.rstrip("ef") for i in ids[of >= 0]} == set(ids[of[of >= 0]])


def test_taken_over_reports_are_one_witness_and_teach_nothing() -> None:
    alone, copied = fused(0.0), fused(0.5)
    assert copied.incidents.height == pytest.approx(alone.incidents.height, rel=0.01)
    before, after = (x.sources.filter(pl.col("source_id") == "rough").row(0, named=True) for x in (alone, copied))
    for name in ("p_true", "detect", "sigma_m", "time_h"):
        assert after[name] == pytest.approx(before[name], rel=0.12), name
    echo = copied.sources.filter(pl.col("source_id") == "echo").row(0, named=True)
    assert echo["copies"] == echo["reports"] == copied.copies.filter(pl.col("why") == LOCKSTEP).height
    both = copied.incidents.filter(pl.col("witness_groups").list.contains("echo"))
    assert both.is_empty(), "the first to tell it is the witness"


def test_a_copy_stands_where_its_origin_stands() -> None:
    membership = fused(0.5).membership.sort("observation_id")
    of = dict(membership.select("observation_id", "incident_id").rows())
    assert all(of[i] == of[i.removesuffix("e")] for i in of)
