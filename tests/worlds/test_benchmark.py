"""Reports in bulk: exactly as many as asked for, in the same layout, from the same process."""

from pathlib import Path

import polars as pl
import pytest

from servanda.tables import OBSERVATIONS
from servanda.worlds.benchmark import benchmark_world, million, write_benchmark


@pytest.mark.parametrize("n", [1, 50, 1000, 30_000])
def test_exactly_n(n: int) -> None:
    frame = million(n, seed=3)
    assert frame.height == n
    assert set(frame.columns) <= set(OBSERVATIONS.names)


def test_same_seed_same_reports() -> None:
    assert million(500, 9).equals(million(500, 9))
    assert not million(500, 9).equals(million(500, 8))


def test_truth_is_cut_as_the_reports_are() -> None:
    world = benchmark_world(2000, 3)
    rows = dict(world.origins.group_by("source_id").len().iter_rows())
    assert rows == {k: v.height for k, v in world.observations.items()}


def test_sources_agree_on_incidents_as_often_as_they_should() -> None:
    """The newspaper finds 60 % of what the wardens found: detection is independent."""
    origins = benchmark_world(30_000, 3).origins.filter(pl.col("role") == "own")
    wardens, press = (origins.filter(pl.col("source_id") == s)["incident_id"].unique() for s in ("wardens", "press"))
    assert wardens.is_in(press.implode()).mean() == pytest.approx(0.6, abs=0.03)


def test_folder(tmp_path: Path) -> None:
    write_benchmark(tmp_path, 400, seed=1)
    assert (tmp_path / "agreement.yaml").exists()
    rows = sum(
        pl.read_csv(p).height for p in sorted((tmp_path / "data").glob("*.csv")) if not p.stem.endswith("watches")
    )
    assert rows == 400
