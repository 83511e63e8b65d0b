"""What the verdicts are worth, over twenty simulated ceasefires with known truth and stated quality that is right."""

from collections import defaultdict

import pytest

from servanda.findings import Finding
from servanda.mission.marking import marked
from servanda.worlds.ready import SPECS
from servanda.worlds.score import Pair, score_pairs

SEEDS = range(100, 120)


@pytest.fixture(scope="module", params=["demo", "calm", "dark", "noisy"])
def pairs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    folder, spec = tmp_path_factory.mktemp("worlds"), SPECS[request.param]
    return [p for seed in SEEDS for p in marked(spec, seed, folder / str(seed))]


def test_broken_is_right_at_least_as_often_as_its_standard_of_proof(pairs: list[Pair]) -> None:
    marks = score_pairs(pairs)
    broken = [f for f, t in pairs if f.verdict == "broken" and t.broken is not None]
    assert len(broken) > 50
    assert marks.broken_right >= marks.broken_proof


def test_kept_is_wrong_no_more_often_than_its_power_allows(pairs: list[Pair]) -> None:
    """For every term: among its findings called kept with power p, at most 1 - p are truly broken."""
    by_term: dict[str, list[tuple[Finding, bool]]] = defaultdict(list)
    for finding, truth in pairs:
        if finding.verdict == "kept" and truth.broken is not None:
            by_term[finding.term_id].append((finding, truth.broken))
    assert by_term
    for term, found in by_term.items():
        wrong = sum(broken for _, broken in found) / len(found)
        allowed = sum(1 - f.power for f, _ in found) / len(found)
        assert wrong <= allowed, f"{term}: {wrong:.3f} of {len(found)} kept findings were broken, {allowed:.3f} allowed"


def test_counts_with_what_went_unseen_hold_the_truth(pairs: list[Pair]) -> None:
    assert score_pairs(pairs).coverage_all >= 0.95


def test_a_stated_chance_comes_true_as_often_as_it_says(pairs: list[Pair]) -> None:
    """In each family, and so over all of them: the error of several pooled is at most the mean of theirs."""
    assert score_pairs(pairs).ece <= 0.03
