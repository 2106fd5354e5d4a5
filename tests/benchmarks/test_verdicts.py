"""When a row is met, when it is not, and when that cannot be noise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.goal import Goal, Verdict
from benchmarks.result import CPU_PER_GB, FILES_PER_S, WALL, compare, hold_against
from tests.benchmarks.samples import series

AT_MOST = Goal("at most", 0.9)
AT_LEAST = Goal("at least", 3.0)
EXACTLY = Goal("exactly", 1.0, noise=1.0)


@pytest.mark.parametrize(
    ("goal", "value", "met", "beyond_noise"),
    [
        (AT_MOST, 0.9, True, False),
        (AT_MOST, 0.91, False, False),
        (AT_MOST, 1.8, False, False),
        (AT_MOST, 1.81, False, True),
        (AT_LEAST, 3.0, True, False),
        (AT_LEAST, 2.9, False, False),
        (AT_LEAST, 1.5, False, False),
        (AT_LEAST, 1.4, False, True),
        (EXACTLY, 1.0, True, False),
        (EXACTLY, 1.02, False, True),
        (EXACTLY, 0.98, False, True),
    ],
)
def test_a_goal_judges_a_ratio(goal: Goal, value: float, met: bool, beyond_noise: bool) -> None:
    """The bound itself is good; noise explains a factor of two, but no count."""
    assert (goal.judge(value) is Verdict.MET) == met
    assert goal.is_beyond_noise(value) == beyond_noise


def test_wall_time_is_ours_to_theirs() -> None:
    """Half their time is 0.5."""
    row = compare(series(chadsdk=(1.0, 2.0, 3.0), curl=(2.0, 4.0, 4.0)), WALL, "curl", AT_MOST)
    assert row.ratio is not None
    assert (row.ratio.median, row.ratio.least, row.ratio.most) == (0.5, 0.5, 0.75)
    assert row.verdict is Verdict.MET


def test_files_per_second_is_the_other_way_round() -> None:
    """Half their time is twice their rate."""
    row = compare(series(chadsdk=(1.0,), pooch=(2.0,)), FILES_PER_S, "pooch", AT_LEAST)
    assert row.ours is not None
    assert row.theirs is not None
    assert row.ratio is not None
    assert (row.ours.median, row.theirs.median, row.ratio.median) == (10.0, 5.0, 2.0)
    assert row.verdict is Verdict.NOT_MET
    assert not row.is_beyond_noise


def test_cpu_is_counted_per_gigabyte() -> None:
    """Half a second of CPU for 10 MB is 50 s per GB."""
    row = compare(series(chadsdk=(1.0,), requests=(1.0,)), CPU_PER_GB, "requests", None)
    assert row.ours is not None
    assert row.ours.median == pytest.approx(50.0)
    assert row.verdict is Verdict.SHOWN


def test_a_fixed_bound_is_compared_with_every_round() -> None:
    """The ratio has the spread of ours."""
    row = hold_against(series(chadsdk=(1.0, 2.0)), WALL, "the ideal", 1.0, Goal("at most", 1.1))
    assert row.ratio is not None
    assert (row.ratio.least, row.ratio.most) == (1.0, 2.0)
    assert row.verdict is Verdict.NOT_MET


def test_a_row_without_its_peer_is_skipped() -> None:
    """And fails nothing, whatever the goal."""
    row = compare(series(chadsdk=(1.0,)), WALL, "curl", AT_MOST)
    assert row.verdict is Verdict.SKIPPED
    assert not row.is_beyond_noise
    assert "curl is absent" in row.note


def test_one_round_within_a_factor_of_two_is_enough_to_be_noise() -> None:
    """Where chance plays a part; an exact count is wrong if it is wrong once."""
    row = compare(series(chadsdk=(9.0, 1.0), curl=(1.0, 1.0)), WALL, "curl", AT_MOST)
    assert not row.is_beyond_noise
    assert replace(row, goal=EXACTLY).is_beyond_noise


def test_a_row_without_a_goal_is_never_beyond_noise() -> None:
    """It is there to be read."""
    row = compare(series(chadsdk=(9.0,), curl=(1.0,)), WALL, "curl", AT_MOST)
    assert row.is_beyond_noise
    assert not replace(row, goal=None).is_beyond_noise
