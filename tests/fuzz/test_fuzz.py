"""The fuzz runs themselves: samples are sound, cases can be repeated, the judge is not blind."""

import os
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from tests.fuzz.mutate import case, seeded
from tests.fuzz.nightly import main
from tests.fuzz.oracle import Wrong, judged
from tests.fuzz.run import cases, made_case, smaller
from tests.fuzz.samples import SAMPLES, samples
from tests.fuzz.test_documents import DOCUMENTS
from tests.fuzz.test_tables import TABLES

from servanda.sources.base import Reading

SEED = 4
ROOT = Path(__file__).parents[2]


def test_every_shipped_source_has_samples_and_is_fuzzed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(SAMPLES) == set(project["project"]["entry-points"]["servanda.sources"]) == {*TABLES, *DOCUMENTS}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_sound(name: str) -> None:
    """A sample that is set aside would show nothing."""
    for sample in samples(name):
        reading = sample.source.read(sample.payload(sample.shape.data()), sample.context(sample.aux))
        aside = 1 if sample.name == "alerts.json" else 0  # one of its records is wrong on purpose
        assert reading.quarantine.height == aside, (sample.name, reading.quarantine["reason"].to_list())
        assert reading.observations.height + reading.watches.height


def test_a_case_hangs_on_seed_source_and_number_alone() -> None:
    for name in SAMPLES:
        for number in range(8):
            one, other = made_case(name, SEED, number), made_case(name, SEED, number)
            assert one.file == other.file and one.aux == other.aux
    code = (
        "from tests.fuzz.run import made_case\n"
        "from tests.fuzz.samples import SAMPLES\n"
        f"print([made_case(n, {SEED}, i).file.sha256 for n in SAMPLES for i in range(8)])"
    )
    here = [made_case(n, SEED, i).file.sha256 for n in SAMPLES for i in range(8)]
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    there = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, cwd=ROOT)
    assert there.stdout.strip() == str(here)


def test_the_oracle_finds_what_is_wrong() -> None:
    """A reader that loses a row, leaves its range or tells control characters is found out."""
    from dataclasses import replace

    import polars as pl

    sample = samples("viina")[0]
    made = next(c for c in (case(sample, seeded("viina", 1, i)) for i in range(99)) if c.record is not None)

    def found(spoil: object) -> str:
        assert callable(spoil)
        bad = replace(
            sample.source, read=lambda p, c: (spoil if p == made.file else _as_it_is)(sample.source.read(p, c))
        )
        with pytest.raises(Wrong) as wrong:
            judged(replace(made, sample=replace(sample, source=bad)))
        return str(wrong.value)

    def seen(r: Reading, **columns: pl.Expr) -> Reading:
        return replace(r, observations=r.observations.with_columns(**columns))

    assert "do not conform" in found(lambda r: replace(r, observations=r.observations.drop("lon")))
    assert "lon is out of range" in found(lambda r: seen(r, lon=pl.lit(181.0)))
    assert "lat is out of range" in found(lambda r: seen(r, lat=pl.lit(float("nan"))))
    assert "ends before it starts" in found(lambda r: seen(r, t_start=pl.col("t_end") + pl.duration(hours=1)))
    assert "sigma_m is no length" in found(lambda r: seen(r, sigma_m=pl.lit(float("inf"))))
    assert "share an id" in found(lambda r: replace(r, observations=pl.concat([r.observations, r.observations])))
    assert "took" in found(lambda r: replace(r, observations=r.observations[:0], watches=r.watches[:0]))
    assert "flags that the source does not state" in found(lambda r: seen(r, flags=pl.lit(["no such flag"])))


def _as_it_is(reading: Reading) -> Reading:
    return reading


def test_a_failing_file_is_made_small() -> None:
    data = b"".join(b"line %d\n" % i for i in range(50))
    assert smaller(data, lambda d: b"31" in d, 500) == b"31"
    assert smaller(data, lambda d: d == data, 500) == data


def test_the_nightly_run_tells_its_seed_and_how_to_repeat_a_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from tests.fuzz import run

    monkeypatch.setattr("tests.fuzz.nightly.ProcessPoolExecutor", _Here)
    assert main(["--cases", "4", "--seed", "2", "--sources", "control", "--jobs", "1", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "seed 2" in told and "control: " in told and "no failures" in told
    monkeypatch.setattr(run, "judged", lambda made: (_ for _ in ()).throw(Wrong("broken")))
    assert main(["--seed", "2", "--sources", "control", "--case", "1", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "FUZZ_SOURCES=control FUZZ_SEED=2 FUZZ_CASE=1" in told
    (kept,) = tmp_path.iterdir()
    assert len(kept.read_bytes()) == 1


class _Here:
    """Runs the work in this process, where it can be made to fail."""

    def __init__(self, jobs: int, mp_context: object) -> None:
        del jobs, mp_context

    def __enter__(self) -> "_Here":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    map = staticmethod(map)


def test_counters_add_up() -> None:
    ends, _ = cases("control", SEED, range(5))
    assert isinstance(ends, Counter) and ends.total() == 5
