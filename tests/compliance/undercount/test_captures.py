"""Which lists count, and Chapman's estimate of two."""

import numpy as np
import pytest

from servanda.compliance.undercount import Abstained, Captures, UndercountSettings, captures, chapman, screened
from servanda.worlds.lists import ListWorld, draw

S = UndercountSettings()


def _code(found: Captures) -> str:
    with pytest.raises(Abstained) as caught:
        screened(found, S)
    return caught.value.reason.code


def test_two_lists_are_too_few_however_much_they_share() -> None:
    assert _code(captures({(1, 0): 50, (0, 1): 50, (1, 1): 50}, ("a", "b"))) == "few_lists"
    assert _code(captures({(1, 0, 0): 50, (0, 1, 0): 50, (1, 1, 0): 50}, ("a", "b", "empty"))) == "few_lists"


def test_a_list_that_shares_too_little_is_no_list() -> None:
    assert (
        _code(captures({(1, 1, 0): 50, (1, 0, 0): 9, (0, 0, 1): 90, (1, 0, 1): 6}, ("a", "b", "c"))) == "thin_overlap"
    )


def test_what_only_a_dropped_list_saw_is_still_seen() -> None:
    table = {(1, 1, 1, 0): 40.0, (1, 0, 0, 0): 9.0, (0, 1, 1, 0): 20.0, (0, 0, 0, 1): 33.0, (1, 0, 0, 1): 2.0}
    kept = screened(captures(table, ("a", "b", "c", "stray")), S)
    assert kept.lists == ("a", "b", "c")
    assert kept.seen == 104 and kept.on_lists == 71


def test_of_many_lists_the_longest_count() -> None:
    rng = np.random.default_rng(1)
    found = Captures(tuple("abcdef"), draw(ListWorld(2000, (0.2, 0.5, 0.1, 0.4, 0.3, 0.35)), rng)[None, :])
    assert screened(found, S).lists == ("a", "b", "d", "e", "f")


def test_nothing_seen_is_said() -> None:
    assert _code(captures({}, ("a", "b", "c"))) == "nothing_seen"


def test_chapman_by_hand() -> None:
    e = chapman(captures({(1, 0): 60.0, (0, 1): 40.0, (1, 1): 40.0}, ("a", "b")))
    assert e.total == pytest.approx(101 * 81 / 41 - 1)
    unseen, variance = e.total - 140, 101 * 81 * 60 * 40 / (41**2 * 42)
    factor = np.exp(1.959964 * np.sqrt(np.log1p(variance / unseen**2)))
    assert (e.low, e.high) == pytest.approx((140 + unseen / factor, 140 + unseen * factor), rel=1e-5)


def test_chapman_holds_the_truth_where_the_lists_are_independent_and_not_where_they_follow_each_other() -> None:
    assert 0.93 < _held(ListWorld(600, (0.4, 0.5))) < 0.985
    assert _held(ListWorld(600, (0.4, 0.5), "dependent", 3.0)) < 0.1


def test_doubt_about_matches_widens_chapman() -> None:
    sure = np.array([[0.0, 60, 40, 40]])
    doubt = np.array([[0.0, 60, 40, 40], [0.0, 70, 50, 30], [0.0, 50, 30, 50]])
    narrow, wide = (chapman(Captures(("a", "b"), c)) for c in (sure, doubt))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def _held(world: ListWorld) -> float:
    rng = np.random.default_rng(2)
    made = [chapman(Captures(("a", "b"), draw(world, rng)[None, :])) for _ in range(1000)]
    return float(np.mean([e.low <= world.n <= e.high for e in made]))
