"""Reporting days and local time, over changes of the clocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agreement.conftest import Write

from servanda.agreement.calendar import LocalTimeError, add, lenient_utc, periods, strict_utc
from servanda.agreement.loader import load
from servanda.agreement.resolved import Agreement, Version
from servanda.quantities import span

HELSINKI = ZoneInfo("Europe/Helsinki")
ZONES = ("Europe/Helsinki", "Africa/Cairo", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def agreement(t_from: datetime, t_to: datetime | None, *cuts: datetime) -> Agreement:
    edges = [t_from, *cuts, t_to]
    versions = [Version(str(i), "", a, b, (), {}) for i, (a, b) in enumerate(pairwise(edges)) if a is not None]
    return Agreement("", "", "UTC", t_from, t_to, (), tuple(versions), "", "")


def hours(found: tuple[object, ...]) -> list[float]:
    return [(p.t_to - p.t_from) / timedelta(hours=1) for p in found if p.name == "day"]  # type: ignore[attr-defined]


def test_a_day_has_23_hours_when_the_clocks_go_forward_and_25_when_they_go_back() -> None:
    spring = periods(
        agreement(utc(2025, 3, 28, 17, 30), utc(2025, 3, 31, 16, 30)), "19:30", "Europe/Helsinki", utc(2026, 1, 1)
    )
    assert hours(spring) == [24, 23, 24]
    autumn = periods(
        agreement(utc(2025, 10, 24, 16, 30), utc(2025, 10, 27, 17, 30)), "19:30", "Europe/Helsinki", utc(2026, 1, 1)
    )
    assert hours(autumn) == [24, 25, 24]


def test_the_first_and_the_last_day_are_clipped_to_the_in_force_window() -> None:
    found = periods(agreement(utc(2025, 4, 19, 15), utc(2025, 4, 20, 21)), "19:30", "Europe/Helsinki", utc(2025, 5, 1))
    assert [(p.t_from, p.t_to, p.name) for p in found] == [
        (utc(2025, 4, 19, 15), utc(2025, 4, 19, 16, 30), "day"),
        (utc(2025, 4, 19, 16, 30), utc(2025, 4, 20, 16, 30), "day"),
        (utc(2025, 4, 20, 16, 30), utc(2025, 4, 20, 21), "day"),
        (utc(2025, 4, 19, 15), utc(2025, 4, 20, 21), "in_force"),
    ]


def test_an_amendment_cuts_the_day() -> None:
    found = periods(agreement(utc(2025, 1, 1), utc(2025, 1, 3), utc(2025, 1, 2, 6)), "00:00", "UTC", utc(2026, 1, 1))
    assert [p.t_from for p in found if p.name == "day"] == [utc(2025, 1, 1), utc(2025, 1, 2), utc(2025, 1, 2, 6)]


def test_an_open_end_is_rounded_up_to_the_next_cut_off() -> None:
    found = periods(agreement(utc(2025, 1, 1), None), "06:00", "UTC", utc(2025, 1, 2, 7))
    assert found[-1].name == "in_force" and found[-1].t_to == found[-2].t_to == utc(2025, 1, 3, 6)
    assert periods(agreement(utc(2025, 1, 1), None), "06:00", "UTC", utc(2025, 1, 2, 6))[-1].t_to == utc(2025, 1, 2, 6)


def test_days_after_until_are_not_listed_but_the_window_is_whole() -> None:
    found = periods(agreement(utc(2025, 1, 1), utc(2025, 12, 1)), "00:00", "UTC", utc(2025, 1, 2, 1))
    assert [p.t_to for p in found] == [utc(2025, 1, 2), utc(2025, 1, 3), utc(2025, 12, 1)]


def test_no_period_before_the_agreement_starts() -> None:
    assert periods(agreement(utc(2025, 1, 2), None), "00:00", "UTC", utc(2025, 1, 1)) == ()


def test_nothing_is_reported_between_a_lapse_and_a_renewal(write: Write) -> None:
    text = """\
    terms:
      quiet: {clause: "1", forbid: [explosive]}
    amendments:
      - {version: "2", effective: 2025-06-10T00:00, reference: Renewal, in_force_to: 2025-06-12T00:00}
    """
    found = periods(load(write(text), {})[0], "00:00", "Europe/Helsinki", utc(2026, 1, 1))
    days = [p for p in found if p.name == "day"]
    assert (days[-3].t_to, days[-2].t_from) == (utc(2025, 5, 31, 21), utc(2025, 6, 9, 21))


def test_a_bad_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        periods(agreement(utc(2025, 1, 1), None), "half past", "UTC", utc(2025, 1, 2))


MOMENTS = st.integers(0, 20 * 365 * 24 * 60).map(lambda minutes: utc(2015, 1, 1) + timedelta(minutes=minutes))


@given(
    MOMENTS,
    st.integers(1, 400 * 24),
    st.lists(st.integers(1, 400 * 24), max_size=3),
    st.times(),
    st.sampled_from(ZONES),
)
def test_days_tile_the_in_force_window(
    start: datetime, length_h: int, cuts_h: list[int], clock: object, zone: str
) -> None:
    stop = start + timedelta(hours=length_h)
    cuts = sorted({start + timedelta(hours=h) for h in cuts_h if h < length_h})
    cutoff = f"{clock:%H:%M}"
    found = periods(agreement(start, stop, *cuts), cutoff, zone, stop)
    days = [p for p in found if p.name == "day"]
    assert days[0].t_from == start and days[-1].t_to == stop
    assert all(a.t_to == b.t_from for a, b in pairwise(days))
    assert set(cuts) <= {p.t_from for p in days}
    assert all(timedelta(0) < p.t_to - p.t_from <= timedelta(hours=25) for p in days)
    inner = [p.t_from for p in days[1:] if p.t_from not in cuts]
    shown = {f"{t.astimezone(ZoneInfo(zone)):%H:%M}" for t in inner}
    # A cut-off that the clocks skip moves on by the gap, at most an hour in these zones.
    assert all(t == cutoff or t >= cutoff for t in shown) and len(shown) <= 2


@given(MOMENTS, st.sampled_from(ZONES))
def test_local_time_goes_to_utc_and_back_or_is_refused(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    local = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    try:
        assert strict_utc(local, zone) == moment
    except LocalTimeError as error:
        assert "twice" in error.what
        assert local.date().isoformat() in error.mend


def test_a_skipped_time_moves_on_by_the_gap() -> None:
    assert lenient_utc(datetime.fromisoformat("2025-03-30T03:30"), HELSINKI) == utc(2025, 3, 30, 1, 30)


@given(MOMENTS, st.integers(1, 60))
def test_added_days_keep_the_clock_time(start: datetime, days: int) -> None:
    end = add(start, span(f"{days} days"), HELSINKI)
    before, after = (t.astimezone(HELSINKI) for t in (start, end))
    assert (after.date() - before.date()).days == days
    assert before.time() == after.time() or lenient_utc(after.replace(tzinfo=None), HELSINKI) == end
