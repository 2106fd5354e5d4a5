"""Medians, spreads, ratios of rounds, percentiles."""

from __future__ import annotations

import pytest

from benchmarks.spread import Spread, paired_ratios, percentile


def test_a_spread_is_median_least_and_most() -> None:
    """Whatever the order; of an even number, the mean of the two in the middle."""
    assert Spread.of([5.0, 1.0, 2.0]) == Spread(2.0, 1.0, 5.0)
    assert Spread.of([4.0, 1.0, 2.0, 9.0]).median == 3.0


def test_ratios_are_taken_round_by_round() -> None:
    """A round in which the machine was slow for both sides changes no ratio."""
    assert paired_ratios([1.0, 10.0], [2.0, 20.0]) == [0.5, 0.5]


def test_rounds_that_one_side_sat_out_do_not_count() -> None:
    """A slow peer runs in the first round only."""
    assert paired_ratios([1.0, 2.0, 3.0], [4.0]) == [0.25]


@pytest.mark.parametrize(("count", "expected"), [(200, 198), (100, 99), (10, 10), (1, 1)])
def test_the_99th_percentile_is_a_sample_that_was_seen(count: int, expected: int) -> None:
    """Nearest rank: of 200 samples two lie above it, of ten none."""
    assert percentile(range(count, 0, -1), 0.99) == expected
