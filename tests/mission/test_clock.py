"""Cut-offs and the moment a run speaks for, over changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from servanda.mission.clock import cutoff_at_or_after, cutoff_at_or_before, default_as_of

moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda m: datetime(2024, 1, 2, tzinfo=UTC) + timedelta(minutes=m))
ZONES = st.sampled_from(["Europe/Kyiv", "Etc/UTC", "America/Bogota", "Asia/Kathmandu"])


@given(moments, ZONES, st.sampled_from(["00:00", "19:30", "02:30", "23:59"]))
def test_the_moment_lies_between_two_neighbouring_cutoffs(t: datetime, zone: str, cutoff: str) -> None:
    low, high = cutoff_at_or_before(t, cutoff, zone), cutoff_at_or_after(t, cutoff, zone)
    assert low <= t <= high
    assert high - low <= timedelta(hours=25)
    if cutoff != "02:30":  # skipped once a year where the clocks go forward
        assert low.astimezone(ZoneInfo(zone)).strftime("%H:%M") == cutoff


@given(moments, moments, moments)
def test_a_story_that_is_over_does_not_hang_on_the_wall_clock(end: datetime, evidence: datetime, now: datetime) -> None:
    late = max(end, evidence, now) + timedelta(days=3)
    a = default_as_of(end, evidence, late, "00:00", "Europe/Kyiv")
    assert a == default_as_of(end, evidence, late + timedelta(days=400), "00:00", "Europe/Kyiv")
    assert a >= max(end, evidence)


@given(moments, st.one_of(st.none(), moments))
def test_while_it_runs_the_last_cutoff_is_taken(now: datetime, evidence: datetime | None) -> None:
    assert default_as_of(None, evidence, now, "19:30", "Europe/Kyiv") == cutoff_at_or_before(
        now, "19:30", "Europe/Kyiv"
    )
