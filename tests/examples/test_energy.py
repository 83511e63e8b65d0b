"""The energy moratorium on the real data: its figures, against a computation that does not use the pipeline."""

import csv
import gzip
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from servanda.mission import run
from servanda.sources.alerts_settings import AlertsSettings

ROOT = Path(__file__).parents[2] / "examples" / "energy-moratorium-2025"
DATA = Path(os.environ.get("SERVANDA_DATA", ""))
KYIV, MOSCOW = ZoneInfo("Europe/Kyiv"), ZoneInfo("Europe/Moscow")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("SERVANDA_DATA" not in os.environ, reason="SERVANDA_DATA is not set"),
]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("energy") / "mission"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("reports", "evidence*"))
    return run(folder)


def words() -> dict[str, list[str]]:
    sources = YAML(typ="safe").load((ROOT / "mission.yaml").read_text("utf-8"))["sources"]
    return dict(sources[0]["settings"]["target_words"]["energy_damage"])


def pattern(stems: list[str]) -> re.Pattern[str]:
    """The word lists as regular expressions: another way to the same matches."""
    parts = [re.escape(s.removesuffix("-")) + ("" if s.endswith("-") else r"(?![\w'-])") for s in stems]
    parts = [p.replace(r"\ ", r"[^\w.!?;…]+").replace(r"завда\-", "завда") for p in parts]
    return re.compile(r"(?<![\w'-])(?:" + "|".join(parts) + ")")


def struck(headline: str, lists: dict[str, list[str]]) -> bool:
    text = re.sub("[’ʼ`´‘]", "'", headline).casefold()
    for sentence in re.split(r"(?<=[.!?;…])\s+|\n+", text):
        things = [m.start() for m in pattern(lists["objects"]).finditer(sentence)]
        acts = [
            m.start()
            for m in pattern(lists["acts"]).finditer(sentence)
            if not re.search(r"(?<![\w'-])(не|ні|нет)[^\w]+$", sentence[: m.start()])
        ]
        if things and acts and set(things) != set(acts) and not pattern(lists["unless"]).search(sentence):
            return True
    return False


Row = tuple[datetime, datetime, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Start, end (of the local day where the hour is not known) and headline of rows that report damage to energy."""
    out, lists, known = set(), words(), {}
    for month in ("02", "03", "04", "05"):
        with gzip.open(DATA / f"viina/viina_incidents_2025{month}.csv.gz", "rt", encoding="utf-8-sig") as file:
            for r in csv.DictReader(file):
                if r["headline"] not in known:
                    known[r["headline"]] = struck(r["headline"], lists)
                if not known[r["headline"]]:
                    continue
                local = datetime.fromisoformat(r["datetime"])
                start = local.replace(tzinfo=KYIV).astimezone(UTC)
                day = local.strftime("%H%M%S") == "000000"
                end = (local + timedelta(days=1)).replace(tzinfo=KYIV).astimezone(UTC) if day else start
                out.add((start, end, "|".join(r.values())))
    return sorted(out)


def moment(written: Any) -> datetime:
    """YAML gives a time with an offset as UTC, with or without saying so."""
    t = written if isinstance(written, datetime) else datetime.fromisoformat(str(written))
    return t.astimezone(UTC) if t.tzinfo else t.replace(tzinfo=UTC)


def finding(result: dict[str, Any], term: str) -> dict[str, Any]:
    return next(
        f for f in result["findings"] if (f["term_id"], f["party"], f["period"]["name"]) == (term, "any", "in_force")
    )


def test_the_two_clocks_give_windows_that_differ_by_one_hour() -> None:
    """30 local days by either clock: Kyiv moved its clocks on 30 March 2025, Moscow did not."""
    terms = YAML(typ="safe").load((ROOT / "agreement.yaml").read_text("utf-8"))["terms"]
    start = datetime(2025, 3, 18)  # noqa: DTZ001
    for term, zone, hours in (("energy-kyiv", KYIV, 719), ("energy-moscow", MOSCOW, 720)):
        window = terms[term]["window"]
        low, high = ((start + timedelta(days=d)).replace(tzinfo=zone).astimezone(UTC) for d in (0, 30))
        assert [moment(window[k]) for k in ("from", "to")] == [low, high]
        assert (high - low) / timedelta(hours=1) == hours


def test_rows_by_words_are_as_many_as_another_reading_of_the_lists_finds(
    result: dict[str, Any], rows: list[Row]
) -> None:
    low, high = datetime(2025, 3, 17, 21, tzinfo=UTC), datetime(2025, 4, 16, 21, tzinfo=UTC)
    measured = next(c for c in result["comparisons"] if c["measure"] == "records")
    assert measured["value"] == sum(low <= t < high for t, _, _ in rows)
    for baseline in measured["baselines"]:
        a, b = (datetime.fromisoformat(baseline[k]) for k in ("from", "to"))
        assert baseline["value"] == sum(a <= t < b for t, _, _ in rows)


def test_the_hour_between_the_clocks_decides_about_reports_of_17_march(result: dict[str, Any], rows: list[Row]) -> None:
    """A report of 17 March without an hour lies with one part in 24 in the window of Moscow, not in that of Kyiv."""
    kyiv, moscow = (finding(result, t) for t in ("energy-kyiv", "energy-moscow"))
    eve = datetime(2025, 3, 16, 22, tzinfo=UTC)
    only_moscow = [r for r in rows if r[0] == eve and r[1] == eve + timedelta(days=1)]
    assert only_moscow, "the data must hold such a report, or this shows nothing"
    more = moscow["expected_violations"]["mean"] - kyiv["expected_violations"]["mean"]
    assert 0.2 / 24 - 1e-4 <= more <= 0.2 / 24 * len(only_moscow) + 1e-4
    assert set(kyiv["observation_ids"]) < set(moscow["observation_ids"])


def test_headlines_alone_prove_nothing(result: dict[str, Any]) -> None:
    for term in ("energy-kyiv", "energy-moscow", "energy-from-25-march", "infrastructure"):
        found = finding(result, term)
        assert found["verdict"] == "alleged"
        assert found["observation_ids"]
    assert {f["verdict"] for f in result["findings"]} <= {"alleged", "unverifiable"}


def test_a_later_start_counts_less(result: dict[str, Any]) -> None:
    means = [finding(result, t)["expected_violations"]["mean"] for t in ("energy-from-25-march", "energy-kyiv")]
    assert 0 < means[0] < means[1]


def test_alerts_are_counted_as_by_hand(result: dict[str, Any]) -> None:
    """Alerts within two days of an interval of more than five days in the same region say nothing."""
    low, high = datetime(2025, 3, 17, 21, tzinfo=UTC), datetime(2025, 4, 16, 21, tzinfo=UTC)
    with (DATA / "alerts/oblast_alert_intervals_20250201_20250531.csv").open(encoding="utf-8") as file:
        alerts = [
            (r["region"], datetime.fromisoformat(r["started_at"]), datetime.fromisoformat(r["finished_at"]))
            for r in csv.DictReader(file)
        ]
    around = timedelta(days=AlertsSettings().distrust_days)
    endless = [(r, a - around, b + around) for r, a, b in alerts if b - a > timedelta(hours=120)]
    used = [
        (a, b) for r, a, b in alerts if not any(r == bad and b >= since and a <= until for bad, since, until in endless)
    ]
    starts, hours = (next(c for c in result["comparisons"] if c["measure"] == m) for m in ("starts", "hours"))
    seconds = sum(max(0.0, (min(b, high) - max(a, low)).total_seconds()) for a, b in used)
    assert starts["value"] == sum(low <= a < high for a, _ in used)
    assert hours["value"] == pytest.approx(seconds / 3600, abs=0.01)
