"""How numbers and times are written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servanda.findings import Interval
from servanda.report.numbers import Clock, anchor, distance, hours, interval, number, percent, plural, power, ratio

KYIV = Clock("Europe/Kyiv")


@pytest.mark.parametrize(
    ("p", "words"),
    [(None, "—"), (0.0, "< 1 %"), (0.01, "1 %"), (0.99, "99 %"), (0.991, "> 99 %"), (1.0, "> 99 %")],
)  # fmt: skip
def test_chances_are_never_flat_zero_or_hundred(p: float | None, words: str) -> None:
    assert percent(p).replace("\u00a0", " ") == words


def test_no_power_at_all_is_a_fact() -> None:
    assert power(0.0) == "none"
    assert power(0.001) == percent(0.001)


def test_numbers_are_rounded_as_far_as_they_are_known() -> None:
    assert [number(x) for x in (None, 0.0, 3.0, 3.14, 12.6, 12345.6)] == ["—", "0", "3", "3.1", "13", "12,346"]
    assert number(0.01) == "<\u00a00.1"
    assert interval(Interval(3.21, 1.0, 6.0)) == "3.2 (1–6)"
    assert interval(Interval(None, None, None)) == "—"
    assert ratio(Interval(0.618, 0.412, 0.93)) == "0.62 (0.41–0.93)"
    assert ratio(Interval(2.5, 1.1, None)) == "2.50 (1.10–∞)"
    assert hours(2.0) == "2\u00a0h"
    assert [distance(x) for x in (None, 250.0, 3000.0)] == ["—", "250\u00a0m", "3\u00a0km"]
    assert plural(1, "row") == "1\u00a0row"
    assert plural(1200, "witness", "witnesses") == "1,200\u00a0witnesses"


def test_local_time_carries_its_offset_in_winter_and_summer() -> None:
    assert KYIV.offset(datetime(2025, 1, 1, tzinfo=UTC)) == "UTC+2"
    assert KYIV.offset(datetime(2025, 7, 1, tzinfo=UTC)) == "UTC+3"
    assert Clock("Asia/Kathmandu").offset(datetime(2025, 7, 1, tzinfo=UTC)) == "UTC+5:45"
    assert Clock("America/St_Johns").offset(datetime(2025, 1, 1, tzinfo=UTC)) == "UTC−3:30"


def test_a_day_ends_at_24_00() -> None:
    day = KYIV.span(datetime(2025, 4, 19, 21, tzinfo=UTC), datetime(2025, 4, 20, 21, tzinfo=UTC))
    assert day.replace("\u00a0", " ") == "20 April 2025, 00:00–24:00"
    two = KYIV.span(datetime(2025, 4, 19, 15, tzinfo=UTC), datetime(2025, 4, 20, 21, tzinfo=UTC))
    assert two.replace("\u00a0", " ") == "19 April 2025, 18:00 – 20 April 2025, 24:00"


def test_an_instant_is_a_moment_and_not_a_span() -> None:
    t = datetime(2025, 4, 19, 15, 5, tzinfo=UTC)
    assert KYIV.instant(t, t) == KYIV.moment(t)
    assert "–" in KYIV.instant(t, t + timedelta(hours=1))


@given(st.text(min_size=1), st.text(min_size=1))
def test_anchors_are_safe_and_tell_ids_apart(a: str, b: str) -> None:
    assert anchor("i", a).isascii()
    assert not set(anchor("i", a)) & set(" \"'<>&#")
    assert (anchor("i", a) == anchor("i", b)) == (a == b)
