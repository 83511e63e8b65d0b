"""A file that ends early: of every shipped source, nothing after its end is taken for a watch."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.sources import test_acled, test_alerts, test_corridors, test_firms, test_osce, test_ucdp, test_viina
from tests.sources.conftest import context, csv_text, payload, squares

from servanda.agreement.loader import load as load_agreement
from servanda.mission.config import Feed
from servanda.mission.outages import with_outages
from servanda.sources.base import Context, Payload
from servanda.sources.registry import sources

AREAS = squares(R_1=(30, 46), R_2=(36, 49))
T = 1_741_000_000
AIRCRAFT = [
    {"icao24": "abc123", "timestamp": T + s, "latitude": 50.1, "longitude": 30.1, "altitude": 30000.0,
     "groundspeed": 400.0, "onground": False}
    for s in (0, 900, 1800)
]  # fmt: skip
ENDS = {
    "viina": (csv_text(test_viina.HEADER, test_viina.ROWS), {}),
    "alerts": (csv_text(test_alerts.MERGED, test_alerts.ROWS), {"regions": test_alerts.REGIONS}),
    "acled": (csv_text(test_acled.HEADER, test_acled.ROWS), {"regions": AREAS}),
    "ucdp": (csv_text(test_ucdp.HEADER, test_ucdp.ROWS), {"regions": AREAS}),
    "firms": (csv_text(test_firms.MODIS, test_firms.ROWS), {}),
    "adsb": (json.dumps(AIRCRAFT), {}),
}
STATED = {
    "osce": "every watch is the period of a report",
    "corridors": "every watch is the day of a row",
    "odk": "every watch is one that a report states",
    "table": "every watch is a row",
    "control": "none",
    "feed": "none",
}


def kept(name: str, text: str, aux: Mapping[str, Payload], folder: Path) -> tuple[pl.DataFrame, datetime]:
    """What counts as a watch long after the file was read, and the end of its last row."""
    source = sources()[name]
    ctx: Context = context(source, aux)
    got = source.read(payload(text), ctx)
    seen = source.derive(got.observations, ctx) if source.derive else got.observations
    looked = source.derive_watches(got.watches, seen, ctx) if source.derive_watches else got.watches
    feed = Feed("it", source, ctx.settings, (), {}, None, source.cadence)
    path = folder / "agreement.yaml"
    path.write_text(
        path.read_text("utf-8").replace("2025-03-01T00:00, to: 2025-03-04T00:00", "2025-03-01T00:00"), "utf-8"
    )
    agreement, _ = load_agreement(path, {})
    table = with_outages((feed,), agreement, seen, looked, datetime(2034, 1, 1, tzinfo=UTC), "Etc/UTC")
    end = got.observations["t_end"].max()
    assert isinstance(end, datetime)
    assert looked.filter(pl.col("status") == "watching").height, "the file must show a watch, or nothing is tested"
    return table, end


def test_every_shipped_source_is_looked_at_here() -> None:
    assert set(ENDS) | set(STATED) == set(sources())


@pytest.mark.parametrize("name", sorted(ENDS))
def test_nothing_after_the_last_row_is_a_watch(name: str, folder: Path) -> None:
    text, aux = ENDS[name]
    table, end = kept(name, text, aux, folder)
    watching = table.filter(pl.col("status") == "watching")
    assert watching["t_end"].max() <= end, f"{name} watches after its last row"  # type: ignore[operator]
    after = table.filter((pl.col("status") == "offline") & (pl.col("t_end") > end))
    assert after["reason"].str.contains("Nothing came from it after").any(), "the silence must be listed"


def test_a_day_that_breaks_off_is_a_watch_until_then(folder: Path) -> None:
    table, end = kept("viina", csv_text(test_viina.HEADER, test_viina.ROWS[:2]), {}, folder)
    assert end == datetime(2025, 5, 8, 21, tzinfo=UTC), "a row that knows the day alone ends with its day"
    last = table.filter(pl.col("status") == "watching")["t_end"].max()
    assert last == datetime(2025, 5, 8, 11, 5, tzinfo=UTC)


@pytest.mark.parametrize("module", [test_osce, test_corridors])
def test_where_rows_state_their_watch_none_is_longer_than_its_row(module: object) -> None:
    reading = module.read(module.row())  # type: ignore[attr-defined]
    assert reading.watches.height
    assert reading.watches["t_end"].max() <= reading.observations["t_end"].max()


def test_only_sources_with_a_rhythm_of_their_own_state_one() -> None:
    stated = {name for name, source in sources().items() if source.cadence is not None}
    assert stated == {"viina", "alerts", "firms", "control", "osce", "acled", "ucdp", "adsb"}
