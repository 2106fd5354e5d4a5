"""Tests of the cap on the speed: arithmetic on a clock of the test's."""

from __future__ import annotations

import heapq
import threading

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled
from chadsdk.pace import Pace
from tests.values.support import PATIENCE_S, in_time

_WANTED_BYTES = 1 << 20


class _Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _transfer(
    bytes_per_s: int, *, connections: int, seconds: float, late_s: float = 0.0, least_bytes: int | None = None
) -> tuple[list[tuple[float, int]], list[int]]:
    """Read as fast as allowed on several connections.

    Args:
        bytes_per_s: The cap.
        connections: How many read.
        seconds: For how long.
        late_s: By how much every sleep ends too late.
        least_bytes: What the reads of the first connection give; as much as is asked for by default.

    Returns:
        When how many bytes came, and how many each connection had.
    """
    clock = _Clock()
    pace = Pace(bytes_per_s, connections=connections, clock=clock)
    end = clock.now + seconds
    turns = [(clock.now, number) for number in range(connections)]
    had, came = [0] * connections, []
    while turns:
        clock.now, number = heapq.heappop(turns)
        if clock.now > end:
            continue
        count = pace.read_bytes(_WANTED_BYTES)
        count = min(count, least_bytes) if least_bytes is not None and number == 0 else count
        pace.took(count)
        had[number] += count
        came.append((clock.now, count))
        debt_s = pace.debt_s
        heapq.heappush(turns, (clock.now + (debt_s + late_s if debt_s > 0 else 0.0), number))
    return came, had


@pytest.mark.parametrize("connections", [1, 4, 16])
@pytest.mark.parametrize("bytes_per_s", [100_000, 2_000_000, 100_000_000])
@pytest.mark.parametrize("late_s", [0.0, 0.02], ids=["prompt", "late"])
def test_the_cap_is_kept_and_used(bytes_per_s: int, connections: int, late_s: float) -> None:
    """Over ten seconds it is met within 5 per cent, also when sleeps end late."""
    came, _ = _transfer(bytes_per_s, connections=connections, seconds=10, late_s=late_s)
    assert sum(count for _, count in came) / 10 == pytest.approx(bytes_per_s, rel=0.05)


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_bursts_are_short(connections: int) -> None:
    """In no tenth of a second comes more than in that and a quarter of a second."""
    bytes_per_s = 2_000_000
    came, _ = _transfer(bytes_per_s, connections=connections, seconds=5, late_s=0.01)
    for start, _ in came:
        burst = sum(count for moment, count in came if start <= moment < start + 0.1)
        assert burst <= bytes_per_s * (0.1 + 0.25)


def test_connections_take_turns() -> None:
    """Four that read as much as they may get the same."""
    _, had = _transfer(2_000_000, connections=4, seconds=10)
    assert max(had) - min(had) <= 2 * Pace(2_000_000, connections=4).read_bytes(_WANTED_BYTES)


def test_what_a_slow_connection_leaves_goes_to_the_others() -> None:
    """One that gets a few bytes at a time does not keep the others from the whole."""
    came, had = _transfer(2_000_000, connections=4, seconds=10, least_bytes=100)
    assert sum(count for _, count in came) / 10 == pytest.approx(2_000_000, rel=0.05)
    assert had[0] < min(had[1:]) / 10


def test_idleness_saves_nothing_up() -> None:
    """After an hour without a byte the first burst is as short as any."""
    clock = _Clock()
    pace = Pace(1_000_000, clock=clock)
    clock.now += 3600
    pace.took(350_000)
    assert pace.debt_s == pytest.approx(0.25)


def test_reads_are_small_under_a_low_cap() -> None:
    """So that progress moves several times a second; without a cap, and under a high one, they are as wanted."""
    assert Pace(None).read_bytes(_WANTED_BYTES) == _WANTED_BYTES
    assert Pace(10**9).read_bytes(_WANTED_BYTES) == _WANTED_BYTES
    assert Pace(1_000_000, connections=4).read_bytes(_WANTED_BYTES) == 37_500
    assert Pace(1, connections=64).read_bytes(_WANTED_BYTES) == 256


def test_without_a_cap_nobody_waits() -> None:
    """However much was read."""
    pace = Pace(None)
    pace.took(10**18)
    in_time(lambda: pace.wait(CancelToken()))


def test_a_cancel_ends_the_wait() -> None:
    """A turn that is an hour away is not waited for by who was cancelled."""
    pace, token = Pace(1), CancelToken()
    pace.took(3600)
    asleep = threading.Event()

    def wait() -> None:
        asleep.set()
        with pytest.raises(ExportCancelled):
            pace.wait(token)

    thread = threading.Thread(target=wait)
    thread.start()
    assert asleep.wait(PATIENCE_S)
    token.cancel()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
