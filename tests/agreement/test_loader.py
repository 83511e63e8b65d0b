"""A sound agreement, resolved."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.agreement.conftest import HEAD, Write

from servanda.agreement.lint import lint
from servanda.agreement.loader import load
from servanda.agreement.written import read_yaml
from servanda.agreement.zones import open_zones
from servanda.errors import AgreementError

ZONES = """\
zones:
  strip: {geometry: {type: Polygon, coordinates: [[[20, 60], [21, 60], [21, 61], [20, 60]]]}}
"""
QUIET = """\
terms:
  quiet: {clause: "1", forbid: [explosive], in: strip}
"""


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_times_are_utc_and_names_are_folded(write: Write) -> None:
    path = write(ZONES + QUIET)
    agreement, warnings = load(path, {})
    assert not warnings
    assert (agreement.t_from, agreement.t_to) == (utc(2025, 2, 28, 22), utc(2025, 5, 31, 21))
    assert agreement.party("north").names == {"north", "northern forces"}
    assert agreement.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert agreement.positions["terms", "quiet"] == (10, 3)
    assert agreement.positions["terms", "quiet", "in"] == (10, 49)


def test_a_term_binds_the_parties_but_not_guarantors(write: Write) -> None:
    path = write(HEAD.rstrip() + "\n  bank: {name: Bank, role: guarantor}\n" + ZONES + QUIET)
    assert load(path, {})[0].versions[0].terms[0].parties == ("north", "south")


def test_every_type_of_term(write: Write) -> None:
    text = """\
    terms:
      quiet: {clause: "1", forbid: [explosive]}
      leave: {clause: "2", require: {kinds: [withdrawal], deadline: start + 14 days}, binds: [north]}
      talk: {clause: "3", require: {kinds: [consultation], every: 7 days, count: 2}}
      few: {clause: "4", limit: {kinds: [drone_overflight], max: 3, per: day}}
      drill: {clause: "5", allow: {kinds: [live_fire_exercise], exempt_from: [quiet]}}
      help: {clause: "6", guarantee: {when: {term: quiet}, guarantors: [south], must: [consultation], within: 24 hours}}
    """
    terms = {t.term_id: t for t in load(write(text), {})[0].versions[0].terms}
    assert [t.type for t in terms.values()] == ["forbid", "require", "require", "limit", "allow", "guarantee"]
    assert terms["talk"].obligation and terms["talk"].obligation.every == timedelta(days=7)
    assert terms["help"].guarantee_within == timedelta(hours=24)
    assert terms["help"].parties == ("south",) and terms["help"].kinds == {"consultation"}
    assert terms["quiet"].proof.witnesses == 2 and terms["quiet"].power == 0.8


def test_days_of_a_deadline_keep_the_clock_time_when_the_clocks_change(write: Write) -> None:
    text = """\
    terms:
      by_days: {clause: "1", require: {kinds: [withdrawal], deadline: start + 30 days}}
      by_hours: {clause: "2", require: {kinds: [withdrawal], deadline: start + 720 hours}}
    """
    terms = load(write(text), {})[0].versions[0].terms
    deadlines = [t.obligation.deadline for t in terms if t.obligation]
    assert deadlines == [utc(2025, 3, 30, 21), utc(2025, 3, 30, 22)]


def test_an_offset_says_which_of_two_equal_clock_times_is_meant(write: Write) -> None:
    text = HEAD.replace("2025-06-01T00:00", "2025-10-26T03:30+03:00") + ZONES + QUIET
    assert load(write(text), {})[0].t_to == utc(2025, 10, 26, 0, 30)


def test_an_end_that_is_a_bare_date_gets_a_warning(write: Write) -> None:
    text = HEAD.replace("2025-06-01T00:00", "2025-06-01") + ZONES + QUIET
    agreement, warnings = load(write(text), {})
    assert agreement.t_to == utc(2025, 5, 31, 21)
    assert [(w.line, w.column, w.level) for w in warnings] == [(3, 40, "warning")]
    assert "'2025-06-01' ends when that day starts" in warnings[0].what


AMENDED = """\
terms:
  quiet: {clause: "1", forbid: [explosive]}
  leave: {clause: "2", require: {kinds: [withdrawal], deadline: start + 14 days}}
amendments:
  - version: "2"
    effective: 2025-04-01T00:00
    reference: Protocol 1
    terms:
      quiet: {clause: "1a", forbid: [explosive, small_arms]}
  - version: "3"
    effective: 2025-05-01T00:00
    reference: Protocol 2
    in_force_to: 2025-07-01T00:00
    terms: {leave: null}
"""


def test_amendments_cut_the_agreement_into_versions(write: Write) -> None:
    agreement, _ = load(write(AMENDED), {})
    first, second, third = agreement.versions
    assert [v.version for v in agreement.versions] == ["1", "2", "3"]
    assert first.t_to == second.t_from == utc(2025, 3, 31, 21)
    assert second.t_to == third.t_from == utc(2025, 4, 30, 21)
    assert third.t_to == agreement.t_to == utc(2025, 6, 30, 21)
    assert [t.term_id for t in third.terms] == ["quiet"]
    assert third.reference == "Protocol 2"


def test_a_term_that_an_amendment_leaves_alone_keeps_its_start_and_its_deadline(write: Write) -> None:
    first, second, _ = load(write(AMENDED), {})[0].versions
    leave = [t for v in (first, second) for t in v.terms if t.term_id == "leave"]
    assert leave[0] == leave[1]
    quiet = [t for t in second.terms if t.term_id == "quiet"]
    assert quiet[0].clause == "1a" and quiet[0].t_from == second.t_from


def test_a_renewal_after_a_lapse_leaves_a_gap_and_a_warning(write: Write) -> None:
    text = """\
    terms:
      quiet: {clause: "1", forbid: [explosive]}
    amendments:
      - {version: "2", effective: 2025-06-10T00:00, reference: Renewal, in_force_to: 2025-07-01T00:00}
    """
    agreement, warnings = load(write(text), {})
    assert agreement.versions[0].t_to == utc(2025, 5, 31, 21)
    assert agreement.versions[1].t_from == utc(2025, 6, 9, 21)
    assert "nothing is in force in between" in warnings[0].what


def test_an_open_ended_agreement(write: Write) -> None:
    text = HEAD.replace(", to: 2025-06-01T00:00", "") + ZONES + QUIET
    agreement, _ = load(write(text), {})
    assert agreement.t_to is None and agreement.versions[0].terms[0].t_to is None


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(AgreementError, match="does not exist"):
        load(tmp_path / "none.yaml", {})


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "agreement.yaml"
    path.write_bytes("title: Überein".encode("latin-1"))
    with pytest.raises(AgreementError, match="not UTF-8"):
        load(path, {})


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mangled_file_is_refused_with_problems_or_loads(write: Write, data: st.DataObject) -> None:
    lines = (HEAD + ZONES + AMENDED).splitlines()
    i = data.draw(st.integers(0, len(lines) - 1))
    j = data.draw(st.integers(0, len(lines[i])))
    insert = data.draw(
        st.sampled_from(["", ":", "[", "}", "-", "'", "\t", "null", "1", " ", "&a", "*a", "? ", "é\x07"])
    )
    lines[i] = lines[i][:j] + insert + lines[i][j + data.draw(st.integers(0, 6)) :]
    try:
        load(write("\n".join(lines)), {})
    except AgreementError as error:
        assert any(p.level == "error" for p in error.problems) and all(p.what and p.mend for p in error.problems)


WHOLE = f"""\
{HEAD}{ZONES}  wide: {{within: 5 km, of: strip}}
  edge: {{edge_of: strip, not_along: [wide], tolerance: 1 km}}
  left: {{within: 1 km, of: edge, side: left}}
  own: {{per_party: {{north: strip, south: wide}}}}
{AMENDED}"""


WRONG: list[Any] = [None, "", "x", -1, 1e400, True, [], {}, ["strip"], {"x": 1}]
WRONG += ["0001-01-01", "9999-12-31", "start + 9 weeks", "left", "own", "quiet"]


def test_the_whole_that_is_spoilt_below_is_sound(write: Write) -> None:
    path = write(WHOLE)
    agreement, _ = load(path, {})
    assert {p.level for p in lint(agreement, open_zones(agreement, path.parent, {}))} == {"info"}


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path in some plain data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_wrong_value_is_refused_with_problems_or_loads(write: Write, data: st.DataObject) -> None:
    whole = json.loads(json.dumps(read_yaml(write(WHOLE)).data))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(whole))))
        inside = whole
        for step in path[:-1]:
            inside = inside[step]
        wrong: list[Any] = [
            None,
            "",
            "x",
            -1,
            1e400,
            True,
            [],
            {},
            ["strip"],
            {"x": 1},
            "9999-12-31",
            "start + 9 weeks",
        ]
        inside[path[-1]] = data.draw(st.sampled_from([*wrong, "0001-01-01", "left", "own", "quiet"]))
    file = write(json.dumps(whole))
    try:
        agreement, _ = load(file, {})
        zones = open_zones(agreement, file.parent, {})
        assert all(p.what and p.mend for p in lint(agreement, zones))
    except AgreementError as error:
        assert any(p.level == "error" for p in error.problems) and all(p.what and p.mend for p in error.problems)
