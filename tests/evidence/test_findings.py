"""What was said stays said; what replaced it is known."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from servanda.errors import EvidenceError
from servanda.evidence import Store, open_store
from servanda.findings import Finding

Make = Callable[..., Finding]


def day(n: int) -> datetime:
    return datetime(2024, 5, n, 6, tzinfo=UTC)


def links(findings: tuple[Finding, ...]) -> list[tuple[str, str | None]]:
    return [(f.finding_id, f.supersedes) for f in findings]


def test_a_finding_is_kept_as_issued(store: Store, finding: Make) -> None:
    said = finding("f1", clause="Артикул 5 «тиша»")
    assert store.issue([said], day(1)) == (said,)
    kept = store.finding("f1")
    assert kept is not None
    assert kept.json == json.loads(json.dumps(said.to_json()))
    assert (kept.as_of, kept.supersedes, kept.superseded_by) == (day(1), None, ())
    assert store.finding("f2") is None


def test_a_later_finding_supersedes_and_the_earlier_stays(store: Store, finding: Make) -> None:
    store.issue([finding("f1")], day(1))
    assert links(store.issue([finding("f2", verdict="broken")], day(2))) == [("f2", "f1")]
    assert links(store.issue([finding("f3")], day(3))) == [("f3", "f2")]
    history = store.history(finding("any").key)
    assert [(h.finding_id, h.supersedes, h.superseded_by) for h in history] == [
        ("f1", None, ("f2",)),
        ("f2", "f1", ("f3",)),
        ("f3", "f2", ()),
    ]
    assert [h.json["verdict"] for h in history] == ["kept", "broken", "kept"]
    assert history[1].json["supersedes"] == "f1"


def test_issuing_again_changes_nothing(store: Store, finding: Make) -> None:
    store.issue([finding("f1")], day(1))
    first = store.issue([finding("f2")], day(2))
    assert store.issue([finding("f2")], day(5)) == first
    assert links(store.issue([finding("f1")], day(5))) == [("f1", None)]
    kept = store.finding("f2")
    assert kept is not None
    assert kept.as_of == day(2)
    assert len(store.history(finding("any").key)) == 2


def test_a_replay_of_the_past_does_not_supersede_what_came_later(store: Store, finding: Make) -> None:
    store.issue([finding("f1")], day(1))
    store.issue([finding("f3")], day(3))
    assert links(store.issue([finding("f2")], day(2))) == [("f2", "f1")]
    assert links(store.issue([finding("f0")], datetime(2024, 4, 1, tzinfo=UTC))) == [("f0", None)]
    assert links(store.issue([finding("f4")], day(4))) == [("f4", "f3")]


def test_only_the_same_question_is_superseded(store: Store, finding: Make) -> None:
    store.issue([finding("f1"), finding("g1", party="south"), finding("h1", term_id="other")], day(1))
    issued = store.issue([finding("h2", term_id="other"), finding("f2"), finding("g2", party="south")], day(2))
    assert links(issued) == [("h2", "h1"), ("f2", "f1"), ("g2", "g1")]


def test_two_in_one_issue_follow_each_other(store: Store, finding: Make) -> None:
    assert links(store.issue([finding("f1"), finding("f2"), finding("f1")], day(1))) == [
        ("f1", None),
        ("f2", "f1"),
        ("f1", None),
    ]


def test_supersedes_is_the_stores_word(store: Store, finding: Make) -> None:
    assert links(store.issue([finding("f1", supersedes="made up")], day(1))) == [("f1", None)]
    kept = store.finding("f1")
    assert kept is not None
    assert kept.json["supersedes"] is None


def test_a_finding_is_found_by_the_start_of_its_id(store: Store, finding: Make) -> None:
    store.issue([finding(i, party=i) for i in ("ab1", "ab12", "AB3", "c%d", "cxd")], day(1))
    found = {p: f.finding_id for p in ("ab12", "ab1", "AB", "c%", "cx") if (f := store.find_finding(p))}
    assert found == {"ab12": "ab12", "ab1": "ab1", "AB": "AB3", "c%": "c%d", "cx": "cxd"}
    assert store.find_finding("d") is None
    with pytest.raises(EvidenceError, match="2 findings begin with 'ab': ab1, ab12; give more"):
        store.find_finding("ab")


def test_findings_outlive_the_program(store: Store, finding: Make) -> None:
    store.issue([finding("f1")], day(1))
    with open_store(store.path) as again:
        assert links(again.issue([finding("f2")], day(2))) == [("f2", "f1")]
    kept = store.finding("f1")
    assert kept is not None
    assert kept.superseded_by == ("f2",)
    assert store.issue([], day(3)) == ()
