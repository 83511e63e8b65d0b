"""Distances and stretches of time as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servanda.quantities import METRES, QuantityError, Span, duration, metres, span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15 km", 15000),
        ("500 m", 500),
        ("12 nm", 22224),
        ("12nm", 22224),
        ("3 nautical miles", 5556),
        (" 0.5 KM ", 500),
    ],
)
def test_distances(text: str, expected: float) -> None:
    assert metres(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "km", "15", "15 parsecs", "-3 km", "0 km", "1e3 m", "15 km 3 m", "١٥ leagues"])
def test_what_is_not_a_distance_is_refused_with_a_mend(text: str) -> None:
    with pytest.raises(QuantityError) as caught:
        metres(text)
    assert "such as" in caught.value.mend


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 hours", timedelta(hours=24)),
        ("14 days", timedelta(days=14)),
        ("1 day 12 hours", timedelta(days=1, hours=12)),
        ("1 week, 2 days and 3 min", timedelta(days=9, minutes=3)),
        ("1.5 days", timedelta(hours=36)),
        ("P1D", timedelta(days=1)),
        ("PT36H", timedelta(hours=36)),
        ("P2W", timedelta(days=14)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_stretches_of_time(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "soon", "3", "0 days", "PT0S", "1 moon", "day 1", "9999999999 days"]
)
def test_what_is_not_a_stretch_of_time_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        duration(text)


@pytest.mark.parametrize("text", ["1 month", "2 years", "P1M", "P1Y"])
def test_months_and_years_have_no_fixed_length(text: str) -> None:
    with pytest.raises(QuantityError, match="no fixed length"):
        duration(text)


def test_days_are_calendar_days_and_hours_are_not() -> None:
    assert span("1 day") == Span(1, timedelta())
    assert span("24 hours") == Span(0, timedelta(hours=24))


@given(st.integers(1, 10**6), st.sampled_from(sorted(METRES)))
def test_a_written_distance_reads_back(number: int, unit: str) -> None:
    assert metres(f"{number} {unit}") == pytest.approx(number * METRES[unit])


@given(st.integers(0, 400), st.integers(0, 23), st.integers(1, 59))
def test_words_and_iso_8601_agree(days: int, hours: int, minutes: int) -> None:
    assert span(f"{days} days {hours} hours {minutes} minutes") == span(f"P{days}DT{hours}H{minutes}M")


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (metres, duration):
        try:
            read(text)
        except QuantityError as error:
            assert error.what and error.mend
