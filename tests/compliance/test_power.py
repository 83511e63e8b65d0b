"""Monitoring power, against simulated violations and hand-made watches."""

import numpy as np
import pytest
import shapely

from servanda.agreement.model import Proof
from servanda.compliance.power import Group, places_in, proof_chance

A = Group("a", 0.95, 100.0, True, True)
B = Group("b", 0.95, 100.0, False, True)
SPEAKER = Group("speaker", 0.95, 100.0, False, False)


def chance(groups: tuple[Group, ...], p: list[float], proof: Proof) -> float:
    inside = np.ones((len(groups), 1))
    return proof_chance(np.array(p)[:, None], inside, groups, proof)


def test_two_witnesses_need_both_groups() -> None:
    assert chance((A, B), [0.9, 0.8], Proof(witnesses=2)) == pytest.approx(0.72)


def test_one_witness_needs_either() -> None:
    assert chance((A, B), [0.9, 0.8], Proof(witnesses=1)) == pytest.approx(0.98)


def test_the_monitor_must_be_among_them() -> None:
    assert chance((A, B), [0.5, 1.0], Proof(witnesses=1, monitor_seen=True)) == pytest.approx(0.5)


def test_a_source_that_only_repeats_claims_is_no_witness() -> None:
    assert chance((A, SPEAKER), [0.9, 1.0], Proof(witnesses=2)) == 0


def test_too_little_trust_is_no_proof_however_well_it_looks() -> None:
    doubtful = Group("doubtful", 0.6, 100.0, False, True)
    assert chance((doubtful,), [1.0], Proof(witnesses=1, probability=0.9)) == 0


def test_a_place_too_uncertain_for_the_zone_is_no_proof() -> None:
    p, inside = np.array([[1.0, 1.0]]), np.array([[1.0, 0.5]])
    assert proof_chance(p, inside, (A,), Proof(witnesses=1)) == pytest.approx(0.5)


def test_the_chance_agrees_with_drawing_lots() -> None:
    rng = np.random.default_rng(3)
    groups = tuple(Group(f"g{i}", t, 100.0, i == 0, True) for i, t in enumerate((0.9, 0.7, 0.8, 0.6)))
    p = np.array([0.6, 0.7, 0.5, 0.9])
    proof = Proof(witnesses=2, probability=0.93)
    hits = rng.random((100_000, 4)) < p
    believed = 1 - np.prod(np.where(hits, 1 - np.array([g.p_true for g in groups]), 1.0), axis=1)
    expected = np.mean((hits.sum(axis=1) >= 2) & (believed >= 0.93))
    assert chance(groups, p.tolist(), proof) == pytest.approx(expected, abs=0.006)


def test_places_are_even_on_the_ground_and_repeatable() -> None:
    zone = shapely.Polygon([(0, 0), (4, 0), (4, 60), (0, 60)])
    at = places_in(zone, 4000)
    assert np.array_equal(at, places_in(zone, 4000))
    share_north = np.mean(at[:, 1] > 30)
    assert share_north == pytest.approx((np.sin(np.radians(60)) - 0.5) / np.sin(np.radians(60)), abs=0.02)
    line = places_in(shapely.LineString([(0, 0), (1, 0)]), 10)
    assert line[:, 0] == pytest.approx(np.arange(10) / 10 + 0.05)
    assert len(places_in(shapely.Polygon(), 10)) == 0
