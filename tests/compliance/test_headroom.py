"""Room below a limit: what went unseen varies more than a Poisson number, as its rate comes from few that were seen."""

import numpy as np
import pytest
from scipy import stats

from servanda.compliance.judge import _unseen
from servanda.compliance.rates import exceeding
from servanda.compliance.settings import AssessSettings
from servanda.compliance.tally import ones

SETTINGS = AssessSettings()


def headroom(seen: int, maximum: float, power: float) -> float:
    surely = ones(np.ones(seen))
    return exceeding(surely, _unseen(surely, power, SETTINGS), maximum)


@pytest.mark.parametrize(("seen", "maximum"), [(5, 8), (10, 15)])
def test_it_is_the_tail_of_a_negative_binomial(seen: int, maximum: int) -> None:
    tail = stats.nbinom.sf(maximum - seen, seen + SETTINGS.rate_shape, 0.8)
    assert headroom(seen, maximum, 0.8) == pytest.approx(tail, rel=1e-9)
    assert tail > 0.05 > stats.poisson.sf(maximum - seen, seen * 0.25), "a Poisson law would say kept"


def test_with_nothing_seen_there_is_still_a_chance_of_something() -> None:
    assert headroom(0, 1, 0.5) == pytest.approx(stats.nbinom.sf(1, 0.5, 0.5))


def test_full_power_leaves_nothing_unseen() -> None:
    assert headroom(3, 3, 1.0) == pytest.approx(0.0)
