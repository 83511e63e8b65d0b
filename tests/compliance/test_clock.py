"""What has a moment in a window, among long and short intervals and instants."""

import numpy as np

from servanda.compliance.clock import Times, share_within


def test_what_touches_a_window_is_all_that_has_a_share_in_it() -> None:
    rng = np.random.default_rng(4)
    start = np.sort(rng.integers(0, 200, 500))
    end = start + rng.choice([0, 1, 5, 150], 500, p=[0.6, 0.2, 0.19, 0.01])
    times = Times(start, end)
    for low in range(0, 220, 7):
        for length in (1, 10, 90):
            share = share_within(start, end, low, low + length)
            assert times.touching(low, low + length).tolist() == np.flatnonzero(share > 0).tolist()


def test_an_empty_record_touches_nothing() -> None:
    none = np.empty(0, dtype=np.int64)
    assert Times(none, none).touching(0, 10).tolist() == []
