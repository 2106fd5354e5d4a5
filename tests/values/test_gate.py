"""Tests of the gate: when a server may be asked again, on a clock of the test's."""

from __future__ import annotations

import pytest

from chadsdk.errors import RateLimitedError
from chadsdk.gate import Gate


class _Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _wait_s(gate: Gate) -> float:
    """For how long it is shut."""
    try:
        gate.raise_if_shut("track t-1")
    except RateLimitedError as exc:
        return exc.retry_after_s or 0.0
    return 0.0


@pytest.mark.parametrize(
    ("shut", "left"),
    [
        ([], 0.0),
        ([(0, 10)], 10.0),
        ([(0, 0)], 0.0),
        ([(9, 10)], 1.0),
        ([(10, 10)], 0.0),
        ([(11, 10)], 0.0),
        ([(5, 10), (0, 3)], 5.0),  # a shorter wish does not open it
        ([(5, 10), (0, 30)], 30.0),
        ([(0, 1e12)], 300.0),
    ],
    ids=["open", "shut", "zero", "almost", "just", "over", "shorter", "longer", "for-ever"],
)
def test_how_long_it_is_shut(shut: list[tuple[float, float]], left: float) -> None:
    """Until the latest moment that was asked for, and never longer than its bound; each wish is (time after it, s)."""
    clock = _Clock()
    gate = Gate(longest_s=300.0, clock=clock)
    for after_s, seconds in shut:
        gate.shut(seconds)
        clock.now += after_s
    assert _wait_s(gate) == pytest.approx(left)


def test_who_may_not_pass_is_told_why() -> None:
    """The error names what was not asked for, and that it was not."""
    gate = Gate(longest_s=300.0, clock=_Clock())
    gate.shut(7)
    with pytest.raises(RateLimitedError, match=r"left alone for 7 s, and was not asked for track t-1\.") as caught:
        gate.raise_if_shut("track t-1")
    assert (caught.value.asked, caught.value.retryable) == (False, True)
