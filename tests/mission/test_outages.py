"""A feed that stops is an outage, not calm; what the sources state passes through."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.mission.conftest import write

from servanda.agreement.loader import load as load_agreement
from servanda.errors import MissionError
from servanda.mission import run_mission
from servanda.mission.config import Mission, load
from servanda.mission.outages import with_outages
from servanda.tables import OBSERVATIONS, WATCHES

DAY = datetime(2025, 3, 1, tzinfo=UTC)
END = datetime(2025, 3, 5, tzinfo=UTC)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def rows(source: str, *hours: float, flags: tuple[str, ...] = (), length: float = 0) -> pl.DataFrame:
    """One observation that starts at each of these hours after the start of the truce."""
    made = [
        {
            "observation_id": f"{source}{h}{flags}", "record_id": f"{source}{h}", "source_id": source,
            "witness_group": source, "kind": "artillery", "claim": "sighting", "access": "open",
            "t_start": at(h), "t_end": at(h + length), "recorded_at": at(h + length), "flags": list(flags),
        }
        for h in hours
    ]  # fmt: skip
    return OBSERVATIONS.conform(pl.DataFrame(made)) if made else OBSERVATIONS.empty()


def watch(source: str, low: float, high: float, status: str = "watching", told: float | None = None) -> pl.DataFrame:
    made = {
        "watch_id": f"{source}{low}{status}", "source_id": source, "witness_group": source, "t_start": at(low),
        "t_end": at(high), "kind": "armed_activity", "p_detect": 0.9 if status == "watching" else 0.0,
        "status": status, "recorded_at": at(high if told is None else told), "footprint": b"somewhere",
    }  # fmt: skip
    return WATCHES.conform(pl.DataFrame([made]))


@pytest.fixture
def mission(folder: Path) -> Mission:
    """Patrols are expected every six hours; ``news`` works its watches out from its rows, one a day at least."""
    path = folder / "mission.yaml"
    text = path.read_text("utf-8").replace(
        "path: data/villages.csv,", "path: data/villages.csv, expected_every: never,"
    )
    text = text.replace('path: "data/patrols*.csv",', 'path: "data/patrols*.csv", expected_every: 6 hours,')
    news = "  - {id: news, source: viina, path: data/none.csv}\n"
    path.write_text(text.replace("comparisons:", news + "comparisons:"), "utf-8")
    return load(folder, {})


def heard(
    mission: Mission, seen: pl.DataFrame, looked: pl.DataFrame, as_of: datetime = END, only: str = "patrols"
) -> list[tuple[str, float, float, str]]:
    """(status, from, to in hours, reason) of one feed."""
    agreement, _ = load_agreement(mission.agreement_path, {})
    got = with_outages(mission.feeds, agreement, seen, looked, as_of, "Etc/UTC").filter(pl.col("source_id") == only)
    hours = [
        (s, (a - DAY).total_seconds() / 3600, (b - DAY).total_seconds() / 3600, r or "")
        for s, a, b, r in got.select("status", "t_start", "t_end", "reason").iter_rows()
    ]
    return sorted(hours, key=lambda h: (h[1], h[2], h[0]))


def test_a_feed_that_stops_is_offline_from_its_last_word_on(mission: Mission) -> None:
    plan = watch("patrols", 0, 72, told=-1)
    got = heard(mission, rows("patrols", *range(0, 31, 5)), plan)
    reason = "Nothing came from patrols after 2 March 2025, 06:00; it is expected every 6 hours."
    assert got == [("watching", 0, 30, ""), ("offline", 30, 72, reason)]


def test_a_silence_in_between_is_cut_out_of_the_watch(mission: Mission) -> None:
    got = heard(mission, rows("patrols", *range(0, 21, 4), *range(40, 97, 4)), watch("patrols", 0, 72, told=-1))
    assert [g[:3] for g in got] == [("watching", 0, 20), ("offline", 20, 40), ("watching", 40, 72)]
    assert "between 1 March 2025, 20:00 and 2 March 2025, 16:00" in got[1][3]


def test_a_silence_of_the_rhythm_itself_is_no_outage(mission: Mission) -> None:
    got = heard(mission, rows("patrols", *range(0, 97, 6)), watch("patrols", 0, 72, told=-1))
    assert [g[:3] for g in got] == [("watching", 0, 72)]


def test_a_report_on_a_watch_is_a_sign_of_life_and_a_plan_is_none(mission: Mission) -> None:
    assert [g[0] for g in heard(mission, rows("patrols", 0), watch("patrols", 0, 96))] == ["watching"]
    assert "offline" in [g[0] for g in heard(mission, rows("patrols", 0), watch("patrols", 0, 96, told=1))]


def test_before_the_first_word_nobody_looked(mission: Mission) -> None:
    got = heard(mission, rows("patrols", *range(30, 97, 5)), WATCHES.empty())
    assert [g[:3] for g in got] == [("offline", 0, 30)] * len(got)
    assert "before 2 March 2025, 06:00" in got[0][3]


def test_a_feed_that_never_came_is_listed_for_what_terms_ask(mission: Mission) -> None:
    got = heard(mission, OBSERVATIONS.empty(), WATCHES.empty())
    assert [g[:3] for g in got] == [("offline", 0, 72)] * 2, "one for each kind that terms name"
    assert got[0][3] == "Nothing ever came from patrols; it is expected every 6 hours."
    agreement, _ = load_agreement(mission.agreement_path, {})
    listed = with_outages(mission.feeds, agreement, OBSERVATIONS.empty(), WATCHES.empty(), END, "Etc/UTC")
    assert "villages" not in listed["source_id"].to_list(), "no rhythm is known of it"


@pytest.mark.parametrize("status", ["denied", "jammed", "clouded", "dark", "offline", "strike"])
def test_what_the_source_states_passes_through(mission: Mission, status: str) -> None:
    stated = watch("patrols", 10, 60, status, told=9)
    got = heard(mission, rows("patrols", *range(0, 11, 5), *range(60, 97, 5)), stated)
    assert [g[:3] for g in got] == [(status, 10, 60)]


def test_only_what_was_known_then_counts(mission: Mission) -> None:
    """At hour 33 the feed had been silent for three hours; at hour 40 for ten."""
    seen, plan = rows("patrols", *range(0, 31, 5)), watch("patrols", 0, 72, told=-1)
    assert [g[0] for g in heard(mission, seen, plan, at(33))] == ["watching"]
    assert [g[:3] for g in heard(mission, seen, plan, at(40))] == [
        ("watching", 0, 30), ("offline", 30, 40), ("watching", 40, 72),
    ]  # fmt: skip


def test_where_watches_follow_from_rows_nothing_after_the_last_row_is_a_watch(mission: Mission) -> None:
    day = watch("news", 0, 24)
    assert heard(mission, rows("news", 1, 5, 8), day, at(20), "news") == [("watching", 0, 8, "")]
    later = heard(mission, rows("news", 1, 5, 8), day, END, "news")
    assert [g[:3] for g in later] == [("watching", 0, 8), ("offline", 8, 72)]


def test_an_interval_longer_than_any_event_is_no_sign_of_life(mission: Mission) -> None:
    seen = pl.concat([rows("news", -2000, length=5000), rows("news", 3)])
    assert ("offline", 3, 72) in [g[:3] for g in heard(mission, seen, watch("news", 0, 72), END, "news")]


def test_a_row_that_knows_the_day_alone_stands_for_its_day_where_nothing_is_sharper(mission: Mission) -> None:
    vague = rows("news", 0, 24, 48, flags=("day_precision",), length=24)
    assert [g[0] for g in heard(mission, vague, watch("news", 0, 72), at(80), "news")] == ["watching"]
    seen = pl.concat([vague.head(2), rows("news", 30)])
    assert heard(mission, seen, watch("news", 0, 48), at(50), "news") == [("watching", 0, 30, "")]


def test_it_is_the_same_whatever_the_order_and_stored_ids_stay(mission: Mission) -> None:
    agreement, _ = load_agreement(mission.agreement_path, {})
    seen = rows("patrols", *range(0, 21, 4), *range(40, 97, 4))
    looked = pl.concat([watch("patrols", 0, 72, told=-1), watch("patrols", 60, 70), watch("villages", 0, 72)])
    one = with_outages(mission.feeds, agreement, seen, looked, END, "Etc/UTC")
    two = with_outages(mission.feeds, agreement, seen.reverse(), looked.reverse(), END, "Etc/UTC")
    assert one.equals(two)
    assert {"patrols60watching", "villages0watching"} <= set(one["watch_id"])
    assert (one.filter(pl.col("status") == "offline")["recorded_at"] <= END).all()


def test_a_rhythm_that_cannot_be_read_is_named(folder: Path) -> None:
    path = folder / "mission.yaml"
    path.write_text(
        path.read_text("utf-8").replace("path: data/villages.csv,", "path: data/villages.csv, expected_every: often,")
    )
    with pytest.raises(MissionError, match=r"rhythm 'often'.*6 hours.*never"):
        load(folder, {})


def run_with(folder: Path, last: str) -> tuple[dict[str, float], str]:
    """Power of the second term by day, and the report, where the watch of the third day ends in ``last``."""
    write(folder)
    agreement = folder / "agreement.yaml"
    lenient = "forbid: [naval_fire], proof: {witnesses: 1, probability: 0.5}"
    agreement.write_text(agreement.read_text("utf-8").replace("forbid: [naval_fire]", lenient), "utf-8")
    path = folder / "data" / "watches.csv"
    head, row = path.read_text("utf-8").splitlines()
    days = [
        row.replace("2025-03-01T00", f"2025-03-0{n}T00").replace("2025-03-04T00", f"2025-03-0{n + 1}T00")
        for n in (1, 2, 3)
    ]
    days[2] = days[2].replace("watching,", last)
    path.write_text("\n".join([head, *days]) + "\n", "utf-8")
    outcome = run_mission(folder, END)
    found = [
        f for f in outcome.findings if f.term_id == "no-naval-fire" and f.period.name == "day" and f.party == "any"
    ]
    page = (outcome.reports / "report.md").read_text("utf-8").replace("\u00a0", " ")
    return {f.period.t_from.date().isoformat(): f.power for f in found}, page


@pytest.mark.parametrize(("status", "word"), [("denied", "access denied"), ("jammed", "jammed")])
def test_a_lost_watch_lowers_the_power_of_its_day_and_is_listed(tmp_path: Path, status: str, word: str) -> None:
    before, _ = run_with(tmp_path / "watched", "watching,")
    after, page = run_with(tmp_path / "lost", f"{status},Turned back.")
    assert before["2025-03-03"] == pytest.approx(0.9)
    assert (after["2025-03-03"], after["2025-03-02"]) == (0, before["2025-03-02"])
    assert f"{word} 24 h" in page and "Turned back" in page
    assert f"Nobody looked at “buffer” in all 24 hours. Of these, {word}: 24 h." in page


def test_a_feed_that_stops_is_in_the_report_and_not_calm(folder: Path) -> None:
    path = folder / "mission.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("path: data/watches.csv,", "path: data/watches.csv, expected_every: 1 day,"), "utf-8")
    rows_ = (folder / "data" / "watches.csv").read_text("utf-8")
    (folder / "data" / "watches.csv").write_text(rows_.replace("2025-03-04T00", "2025-03-01T20"), "utf-8")
    page = (run_mission(folder, END).reports / "report.md").read_text("utf-8").replace("\u00a0", " ")
    assert "Nothing came from watches after 1 March 2025, 20:00; it is expected every day." in page
    assert "offline 24 h" in page
