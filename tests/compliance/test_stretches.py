"""Which stretches a period asks about, and that day by day they make up the whole."""

from datetime import UTC, datetime, timedelta

from servanda.agreement.model import Limit, Proof
from servanda.agreement.resolved import Obligation, Term
from servanda.compliance.clock import micros
from servanda.compliance.stretches import Stretch, stretches
from servanda.findings import Period

T0 = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = tuple(Period(T0 + i * DAY, T0 + (i + 1) * DAY, "day") for i in range(5))
WHOLE = Period(T0, T0 + 5 * DAY, "in_force")
WINDOW = (micros(T0), micros(T0 + 5 * DAY))


def term(**more: object) -> Term:
    base = {"t_from": T0, "t_to": T0 + 5 * DAY, "proof": Proof(), "power": 0.8, "kinds": frozenset({"artillery"})}
    text = {
        "term_id": "t",
        "type": "require",
        "clause": "1",
        "text": "",
        "reading": "",
        "parties": ("a",),
        "zone": None,
    }
    return Term(**(text | base | more))  # type: ignore[arg-type]


def at(days: float) -> int:
    return micros(T0 + days * DAY)


def test_a_forbid_asks_about_the_period_itself() -> None:
    assert stretches(term(type="forbid"), WINDOW, DAYS[1], DAYS, False) == [Stretch(at(1), at(2), at(2))]


def test_a_deadline_is_due_once_and_open_before() -> None:
    by = term(obligation=Obligation(frozenset({"withdrawal"}), 1, T0 + 2.5 * DAY, None))
    assert stretches(by, WINDOW, DAYS[0], DAYS, False) == [Stretch(at(0), at(1), at(2.5))]
    assert stretches(by, WINDOW, DAYS[4], DAYS, False) == [Stretch(at(0), at(2.5), at(2.5))]
    assert stretches(by, WINDOW, WHOLE, DAYS, False) == [Stretch(at(0), at(2.5), at(2.5))]


def test_an_amendment_before_the_deadline_takes_the_question_away() -> None:
    by = term(obligation=Obligation(frozenset({"withdrawal"}), 1, T0 + 4 * DAY, None))
    cut = (at(0), at(2))
    assert stretches(by, cut, WHOLE, DAYS, True) == []
    assert stretches(by, cut, DAYS[0], DAYS, True) == [Stretch(at(0), at(1), at(4))]


def test_recurring_stretches_are_whole_and_belong_to_the_day_they_end_in() -> None:
    every = term(obligation=Obligation(frozenset({"aid_delivery"}), 1, None, 2 * DAY))
    assert stretches(every, WINDOW, WHOLE, DAYS, False) == [
        Stretch(at(0), at(2), at(2)), Stretch(at(2), at(4), at(4)),
    ]  # fmt: skip
    assert stretches(every, WINDOW, DAYS[0], DAYS, False) == [Stretch(at(0), at(1), at(2))]
    assert stretches(every, WINDOW, DAYS[1], DAYS, False) == [Stretch(at(0), at(2), at(2))]
    assert stretches(every, WINDOW, DAYS[4], DAYS, False) == []


def test_a_daily_limit_is_asked_for_each_day() -> None:
    daily = term(type="limit", limit=Limit(kinds=("artillery",), max=3, per="day"))
    assert len(stretches(daily, WINDOW, WHOLE, DAYS, False)) == 5
    assert stretches(daily, WINDOW, DAYS[3], DAYS, False) == [Stretch(at(3), at(4), at(4))]


def test_a_limit_for_the_whole_window_is_due_at_its_end() -> None:
    total = term(type="limit", limit=Limit(kinds=("artillery",), max=3))
    assert stretches(total, WINDOW, DAYS[1], DAYS, False) == [Stretch(at(0), at(2), at(5))]
