"""Doubts about agreements that can run."""

import json

import pytest
import shapely
from shapely.geometry import mapping
from tests.agreement.conftest import HEAD, Write

from servanda.agreement.lint import lint
from servanda.agreement.loader import load
from servanda.agreement.zones import open_zones
from servanda.errors import Problem


def box(*bounds: float) -> str:
    return json.dumps({"geometry": mapping(shapely.box(*bounds))})


ZONES = f"""\
zones:
  strip: {box(20, 60, 21, 61)}
  camp: {box(20.4, 60.4, 20.6, 60.6)}
  away: {box(22, 60, 23, 61)}
"""
USED = """\
  use_strip: {clause: "90", forbid: [detention], in: strip}
  use_camp: {clause: "91", forbid: [detention], in: camp}
  use_away: {clause: "92", forbid: [detention], in: away}
"""


def doubts(write: Write, text: str, seen: dict[str, frozenset[str]] | None = None) -> list[Problem]:
    path = write(text)
    agreement, _ = load(path, {})
    return lint(agreement, open_zones(agreement, path.parent, {}), observable_kinds=seen)


def said(write: Write, *terms: str, seen: dict[str, frozenset[str]] | None = None) -> list[str]:
    """What is said of these terms, beside three that use every zone."""
    text = ZONES + "terms:\n" + "".join(f"  {t}\n" for t in terms) + USED
    return [p.what for p in doubts(write, text, seen)]


def test_nothing_is_said_of_a_sound_agreement(write: Write) -> None:
    assert said(write, 'quiet: {clause: "1", forbid: [explosive], in: strip}') == []


def test_a_doubt_has_a_place_and_a_mend(write: Write) -> None:
    (doubt,) = doubts(write, ZONES.replace("camp", "spare") + "terms:\n" + USED.replace("in: camp", "in: strip"))
    assert (doubt.line, doubt.column, doubt.level) == (9, 3, "info")
    assert doubt.what == "Zone 'spare' is not used."
    assert doubt.mend


def test_an_unbound_party_and_a_shared_name(write: Write) -> None:
    text = (
        HEAD.rstrip()
        + '\n  bank: {name: Bank, role: guarantor, aliases: [SOUTH]}\nterms:\n  q: {clause: "1", forbid: [raid]}\n'
    )
    assert [p.what for p in doubts(write, text)] == [
        "Party 'bank' and party 'south' are both called 'south'.",
        "Party 'bank' is not bound by any term.",
    ]


def test_an_empty_zone(write: Write) -> None:
    text = ZONES + "  none: {intersect: [camp, away]}\nterms:\n  q: {clause: '1', forbid: [raid], in: none}\n" + USED
    assert [p.what for p in doubts(write, text)] == ["Zone 'none' is empty: nothing can happen in it."]


def test_a_line_is_no_place_for_a_term(write: Write) -> None:
    text = ZONES + "  line: {edge_of: camp}\nterms:\n  q: {clause: '1', forbid: [raid], in: line}\n" + USED
    assert [p.what for p in doubts(write, text)] == ["Zone 'line' is a line or a point, and a term needs an area."]


def test_a_zone_with_lon_and_lat_swapped(write: Write) -> None:
    text = ZONES + f"  odd: {box(60, 20, 61, 21)}\nterms:\n  q: {{clause: '1', forbid: [raid], in: odd}}\n" + USED
    assert [p.what for p in doubts(write, text)] == ["Zone 'odd' lies more than 1000 km from every other zone."]


@pytest.mark.parametrize(
    ("kinds", "judged"),
    [({"explosive"}, True), ({"mortar"}, True), ({"armed_activity"}, True), ({"withdrawal"}, False), (set(), False)],
)
def test_a_term_needs_a_source_that_reports_its_kind_or_one_above_or_below(
    write: Write, kinds: set[str], judged: bool
) -> None:
    seen = {"news": frozenset(kinds | {"detention"})}
    found = said(write, 'quiet: {clause: "1", forbid: [artillery], in: strip}', seen=seen)
    expected = "Term 'quiet' can never be judged: no source of this mission reports artillery."
    assert found == ([] if judged else [expected])


QUIET = 'quiet: {clause: "1", forbid: [artillery], in: strip}'
NOTHING = "Term 'drill' is an exemption that covers nothing"


@pytest.mark.parametrize(
    ("allow", "covers"),
    [
        ("allow: {kinds: [mortar]}, in: camp", True),
        ("allow: {kinds: [explosive]}, in: camp", True),
        ("allow: {kinds: [protest]}, in: camp", False),
        ("allow: {kinds: [mortar]}, in: away", False),
        ("allow: {kinds: [mortar], exempt_from: [use_strip]}", False),
        ("allow: {kinds: [mortar]}, window: {from: 2025-07-01T00:00, to: 2025-08-01T00:00}", False),
    ],
)
def test_an_exemption_covers_something(write: Write, allow: str, covers: bool) -> None:
    found = said(write, QUIET, f'drill: {{clause: "2", {allow}}}')
    assert any(what.startswith(NOTHING) for what in found) is not covers


def test_an_exemption_for_another_party_covers_nothing(write: Write) -> None:
    quiet = 'quiet: {clause: "1", forbid: [artillery], binds: [north]}'
    found = said(write, quiet, 'drill: {clause: "2", allow: {kinds: [mortar]}, binds: [south]}')
    assert found[0].startswith(NOTHING)


@pytest.mark.parametrize(
    ("allow", "empties"),
    [
        ("allow: {kinds: [explosive]}, in: strip", True),
        ("allow: {kinds: [artillery]}", True),
        ("allow: {kinds: [mortar]}, in: strip", False),
        ("allow: {kinds: [artillery]}, in: camp", False),
        ("allow: {kinds: [artillery]}, binds: [north]", False),
        ("allow: {kinds: [artillery]}, window: {from: 2025-03-01T00:00, to: 2025-04-01T00:00}", False),
    ],
)
def test_an_exemption_that_leaves_nothing_of_a_term(write: Write, allow: str, empties: bool) -> None:
    found = said(write, QUIET, f'drill: {{clause: "2", {allow}}}')
    assert any("leaves nothing of term 'quiet'" in what for what in found) is empties


@pytest.mark.parametrize(
    ("require", "contradicts"),
    [
        ("require: {kinds: [withdrawal], every: 7 days}, in: camp", True),
        ("require: {kinds: [withdrawal], every: 7 days}", True),
        ("require: {kinds: [withdrawal, consultation], every: 7 days}", False),
        ("require: {kinds: [withdrawal], every: 7 days}, in: away", False),
        ("require: {kinds: [withdrawal], every: 7 days}, binds: [south]", False),
    ],
)
def test_what_must_happen_must_not_be_forbidden(write: Write, require: str, contradicts: bool) -> None:
    forbid = 'still: {clause: "1", forbid: [movement], in: strip, binds: [north]}'
    found = said(write, forbid, f'leave: {{clause: "2", {require}}}')
    assert ["requires what term 'still' forbids" in what for what in found] == [True] * contradicts


def test_deadlines_and_windows_outside_the_time_in_force(write: Write) -> None:
    found = said(
        write,
        'late: {clause: "1", require: {kinds: [withdrawal], deadline: start + 200 days}}',
        'early: {clause: "2", require: {kinds: [withdrawal], deadline: 2025-02-01T12:00}}',
        'never: {clause: "3", forbid: [raid], window: {from: 2026-01-01T00:00, to: 2026-02-01T00:00}}',
        'slow: {clause: "4", require: {kinds: [consultation], every: 100 days}}',
    )
    assert found == [
        "Term 'late' has a deadline after the agreement ends.",
        "Term 'early' has a deadline before the term starts.",
        "Term 'never' never holds: its window lies outside the in-force window.",
        "Term 'slow' asks for something once in a time that is longer than the term holds.",
    ]


def test_two_readings_of_one_clause_are_only_noted(write: Write) -> None:
    terms = """\
    terms:
      wide: {clause: "1", reading: any explosion, forbid: [explosive]}
      narrow: {clause: "1", reading: artillery only, forbid: [artillery]}
      other: {clause: "1", forbid: [raid]}
    """
    (note,) = doubts(write, terms)
    assert note.level == "info"
    assert note.what == "Term 'narrow' and term 'wide' read clause 1 in two ways: both verdicts will be shown."


def test_two_parts_of_one_clause_are_no_two_readings_of_it(write: Write) -> None:
    terms = """\
    terms:
      wide: {clause: "1", reading: no force at all, forbid: [armed_activity]}
      shelling: {clause: "1", reading: no shelling, forbid: [artillery]}
      attack: {clause: "1", reading: no attack, forbid: [ground_combat]}
      their_shelling: {clause: "1", reading: no shelling by the south, forbid: [artillery], binds: [south]}
      our_attack: {clause: "1", reading: no attack by the north, forbid: [ground_combat], binds: [north]}
    """
    pairs = {n.what.split(" read ")[0] for n in doubts(write, terms) if "in two ways" in n.what}
    assert "Term 'shelling' and term 'wide'" in pairs and "Term 'attack' and term 'wide'" in pairs
    assert not any("'attack'" in p and "'shelling'" in p for p in pairs)
    assert not any("'our_attack'" in p and "'their_shelling'" in p for p in pairs)


def test_a_doubt_about_an_amended_term_points_at_the_amendment(write: Write) -> None:
    text = """\
    terms:
      quiet: {clause: "1", forbid: [raid]}
    amendments:
      - version: "2"
        effective: 2025-04-01T00:00
        reference: Protocol
        terms:
          quiet: {clause: "1", forbid: [raid], window: {from: 2026-01-01T00:00, to: 2026-02-01T00:00}}
    """
    (doubt,) = doubts(write, text)
    assert doubt.line == 14 and doubt.what.startswith("Amendment 1, term 'quiet' never holds")


def test_a_term_that_asks_for_each_needs_a_source_that_reports_what_asks(write: Write) -> None:
    promise = "require: {kinds: [corridor_opened], for_each: [corridor_agreed], within: 1 day}"
    text = f'open: {{clause: "1", {promise}, in: strip}}'
    asked = "Term 'open' is never asked for: no source of this mission reports corridor_agreed."
    assert asked in said(write, text, seen={"patrol": frozenset({"corridor_opened"})})
    assert asked not in said(write, text, seen={"patrol": frozenset({"corridor_opened", "corridor_announced"})})
