"""How numbers and times are written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servanda.findings import Interval
from servanda.report.language import catalogue
from servanda.report.numbers import Clock, Figures, anchor

ENGLISH = catalogue("en")
SHOWN = Figures(ENGLISH)
KYIV = Clock("Europe/Kyiv", ENGLISH)


@pytest.mark.parametrize(
    ("p", "words"),
    [(None, "—"), (0.0, "< 1 %"), (0.01, "1 %"), (0.99, "99 %"), (0.991, "> 99 %"), (1.0, "> 99 %")],
)  # fmt: skip
def test_chances_are_never_flat_zero_or_hundred(p: float | None, words: str) -> None:
    assert SHOWN.percent(p).replace("\u00a0", " ") == words


def test_no_power_at_all_is_a_fact() -> None:
    assert SHOWN.power(0.0) == "none"
    assert SHOWN.power(0.001) == SHOWN.percent(0.001)


def test_numbers_are_rounded_as_far_as_they_are_known() -> None:
    assert [SHOWN.number(x) for x in (None, 0.0, 3.0, 3.14, 12.6, 12345.6)] == ["—", "0", "3", "3.1", "13", "12,346"]
    assert SHOWN.number(0.01) == "<\u00a00.1"
    assert SHOWN.interval(Interval(3.21, 1.0, 6.0)) == "3.2 (1–6)"
    assert SHOWN.interval(Interval(None, None, None)) == "—"
    assert SHOWN.ratio(Interval(0.618, 0.412, 0.93)) == "0.62 (0.41–0.93)"
    assert SHOWN.ratio(Interval(2.5, 1.1, None)) == "2.50 (1.10–∞)"
    assert SHOWN.ratio(Interval(0.086, 4e-5, 1.07)) == "0.09 (<\u00a00.01–1.07)"
    assert SHOWN.hours(2.0) == "2\u00a0h"
    assert [SHOWN.distance(x) for x in (None, 250.0, 3000.0)] == ["—", "250\u00a0m", "3\u00a0km"]
    assert ENGLISH.say("common.rows", n=1) == "1\u00a0row"
    assert ENGLISH.say("common.witnesses", n=1200) == "1,200\u00a0witnesses"


def test_local_time_carries_its_offset_in_winter_and_summer() -> None:
    assert KYIV.offset(datetime(2025, 1, 1, tzinfo=UTC)) == "UTC+2"
    assert KYIV.offset(datetime(2025, 7, 1, tzinfo=UTC)) == "UTC+3"
    assert Clock("Asia/Kathmandu", ENGLISH).offset(datetime(2025, 7, 1, tzinfo=UTC)) == "UTC+5:45"
    assert Clock("America/St_Johns", ENGLISH).offset(datetime(2025, 1, 1, tzinfo=UTC)) == "UTC−3:30"


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


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        ((0.09, 4e-5, 1.07), "Of reports, not of events; the interval holds 1."),
        ((0.37, 0.13, 0.86), "Of reports, not of events; the interval leaves out 1."),
        ((2.0, 1.2, None), "Of reports, not of events; the interval leaves out 1."),
        ((2.0, None, 9.0), "Of reports, not of events; the interval holds 1."),
        ((0.5, None, None), "Of reports, not of events; how sure it is cannot be said."),
        ((None, None, None), "No ratio can be given."),
    ],
)
def test_a_ratio_in_words_claims_no_more_than_its_interval(
    estimate: tuple[float | None, float | None, float | None], words: str
) -> None:
    assert SHOWN.ratio_words(Interval(*estimate)) == words


def test_a_stretch_that_ends_at_midnight_does_not_name_the_next_day() -> None:
    start, end = datetime(2025, 4, 12, 15, tzinfo=UTC), datetime(2025, 4, 13, 21, tzinfo=UTC)
    assert KYIV.days(start, end) == "12\u00a0Apr–13\u00a0Apr"
    assert KYIV.days(start, start + timedelta(hours=2)) == "12\u00a0Apr"
    assert KYIV.days(start, start) == "12\u00a0Apr"
