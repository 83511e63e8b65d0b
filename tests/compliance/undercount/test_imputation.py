"""Histories from match probabilities."""

import numpy as np
import polars as pl
import pytest

from servanda.compliance.undercount import UndercountSettings, histories, log_linear

S = UndercountSettings(imputations=2000)
Row = tuple[str, str, str | None, float]


def _reports(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["observation_id", "incident_id", "list", "probability"], orient="row")


def _incidents(**chance: float) -> pl.DataFrame:
    return pl.DataFrame({"incident_id": list(chance), "probability": list(chance.values())})


def test_sure_matches_are_one_table() -> None:
    found = histories(
        _reports(
            ("1", "i", "a", 1.0), ("2", "i", "b", 1.0), ("3", "j", "b", 1.0),
            ("4", "k", None, 1.0), ("5", "i", "a", 1.0),
        ),
        _incidents(i=1.0, j=1.0, k=1.0), ("a", "b"), S,
    )  # fmt: skip
    assert found.counts.tolist() == [[1.0, 0.0, 1.0, 1.0]]  # k is seen, by what is no list


def test_an_open_match_is_open_in_the_draws() -> None:
    reports = _reports(("1", "i", "a", 1.0), ("2", "i", "b", 0.7), ("2", "j", "b", 0.2), ("3", "j", "a", 1.0))
    found = histories(reports, _incidents(i=1.0, j=1.0), ("a", "b"), S)
    assert found.mean == pytest.approx([0.0, 1.1, 0.1, 0.9], abs=0.04)  # 0.1: report 2 is of an incident of its own
    assert set(found.counts.sum(axis=1)) == {2.0, 3.0}


def test_an_alternative_outside_the_term_takes_its_share_along() -> None:
    reports = _reports(("1", "i", "a", 0.6), ("1", "elsewhere", "a", 0.4))
    found = histories(reports, _incidents(i=1.0), ("a", "b"), S)
    assert found.mean == pytest.approx([0.0, 0.6, 0.0, 0.0], abs=0.04)


def test_an_incident_that_may_not_be_real_counts_as_often() -> None:
    found = histories(_reports(("1", "i", "a", 1.0), ("2", "i", "b", 1.0)), _incidents(i=0.25), ("a", "b"), S)
    assert found.mean == pytest.approx([0.0, 0.0, 0.0, 0.25], abs=0.04)


def test_the_order_of_rows_changes_nothing() -> None:
    reports = _reports(("1", "i", "a", 0.5), ("1", "j", "a", 0.5), ("2", "j", "b", 0.9), ("3", "i", "b", 1.0))
    incidents = _incidents(i=0.9, j=0.8)
    one = histories(reports, incidents, ("a", "b"), S)
    other = histories(reports.reverse(), incidents.reverse(), ("a", "b"), S)
    assert one.counts.tolist() == other.counts.tolist()


def test_no_reports_at_all() -> None:
    empty = _reports(("1", "i", "a", 1.0)).clear()
    assert histories(empty, _incidents(i=1.0), ("a", "b"), S).counts.tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_taking_likely_matches_for_sure_misses_the_truth_and_drawing_them_does_not() -> None:
    rng, tries = np.random.default_rng(4), 40
    drawn = [_estimate(rng, sure=False) for _ in range(tries)]
    hard = [_estimate(rng, sure=True) for _ in range(tries)]
    assert np.mean(drawn) > 0.85
    assert np.mean(hard) < 0.5


def _estimate(rng: np.random.Generator, sure: bool) -> bool:
    """600 incidents on three lists. A third of matches is open: of these 60 % are true, and 0.6 is what is stated."""
    on = rng.random((600, 3)) < (0.5, 0.45, 0.5)
    seen = np.flatnonzero(on.any(axis=1))
    rows = {(int(i), int(j)): (int(i), 1.0) for i in seen for j in np.flatnonzero(on[i])}
    shared = [(i, j) for i, j in rows if j != np.flatnonzero(on[i])[0]]
    opened = [shared[n] for n in rng.permutation(len(shared))[: len(shared) // 3]]
    for at in opened:
        rows[at] = (at[0], 0.6)
    single = rng.permutation([i for i in seen if on[i].sum() == 1])[: len(opened) * 4 // 6]
    hosts = [np.setdiff1d(seen[~on[seen, j]], single) for j in range(3)]
    for i in single.tolist():
        j = int(np.flatnonzero(on[i])[0])
        rows[i, j] = (int(rng.choice(hosts[j])), 0.6)
    reports = [(f"{i}-{j}", f"i{to}", "abc"[j], 1.0 if sure else p) for (i, j), (to, p) in rows.items()]
    chance = {to: 1.0 for _, to, _, _ in reports}
    found = histories(_reports(*reports), _incidents(**chance), ("a", "b", "c"), UndercountSettings(imputations=20))
    e = log_linear(found)
    return e.low <= 600 <= e.high
