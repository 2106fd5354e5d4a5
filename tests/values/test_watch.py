"""Tests of the watchdog: the arithmetic of its floor, what it looks at, and its thread."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from chadsdk.errors import StalledError
from chadsdk.settings import Settings
from chadsdk.watch import Floor, Limits, Watch, Watchdog
from tests.values.support import PATIENCE_S, run_child

_LIMITS = Limits(header_timeout_s=30.0, min_bytes_per_s=1000, min_rate_window_s=40.0)
_FAR = replace(_LIMITS, header_timeout_s=3600.0)


class _Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class _Watched:
    """A watch that no thread looks at, on a clock of its own."""

    def __init__(self, limits: Limits = _LIMITS) -> None:
        self.clock = _Clock()
        self.cuts = 0
        self.watch = Watch(self._cut, limits, Watchdog(limits), clock=self.clock)

    def _cut(self) -> None:
        self.cuts += 1

    def pass_time(self, seconds: float) -> float:
        """Let time pass, with a look each second; give when the next one is wanted."""
        until = self.clock.now + seconds
        next_look = math.inf
        while self.clock.now < until:
            self.clock.now = min(until, self.clock.now + 1.0)
            next_look = self.watch.look(self.clock.now)
        return next_look

    def read(self, seconds: float, count: int) -> None:
        """Wait for the server for so long, and get so many bytes."""
        self.watch.read_begins()
        self.pass_time(seconds)
        self.watch.read_ended(count)

    def is_late(self) -> bool:
        """Whether it was cut."""
        try:
            self.watch.raise_if_late("track t-1")
        except StalledError:
            return True
        return False


def _late_at(rates: Iterable[int], *, limits: Limits = _LIMITS) -> int | None:
    """The second in which a body is found too slow that comes at these bytes per second, one rate a second."""
    floor, had = Floor(limits), 0
    for second, rate in enumerate(rates, start=1):
        had += rate
        if floor.look(waited_s=float(second), bytes_had=had) is None:
            return second
    return None


@pytest.mark.parametrize(
    ("rates", "late_at"),
    [
        ([0] * 100, 40),
        ([999] * 100, 40),
        ([1000] * 500, None),
        ([10**9] * 500, None),
        ([10**9] + [0] * 100, 50),  # the first quarter of the window was fast
        ([10**9] * 39 + [0] * 100, 80),
        ([10**9] * 40 + [999] * 100, 80),
        ([0] * 39 + [40_000] + [0] * 100, 80),
        (([0] * 9 + [10_000]) * 20, None),  # once in a quarter of a window is enough
        (([0] * 19 + [20_000]) * 20, None),
    ],
    ids=[
        "nothing",
        "just-below",
        "just-enough",
        "fast",
        "start",
        "turns",
        "turns-to-trickle",
        "late",
        "bursts",
        "gaps",
    ],
)
def test_the_floor_over_a_window(rates: list[int], late_at: int | None) -> None:
    """A body is too slow when the last whole window brought less than the floor: five quarters of it at the latest."""
    assert _late_at(rates) == late_at


def test_without_a_floor_a_body_may_trickle() -> None:
    """A floor of 0 is none."""
    assert _late_at([0] * 1000, limits=replace(_LIMITS, min_bytes_per_s=0)) is None


def test_a_process_that_was_stopped_blames_no_server() -> None:
    """After a gap in which nobody looked the window begins anew."""
    floor = Floor(_LIMITS)
    assert [floor.look(waited_s=s, bytes_had=0) for s in (10.0, 20.0, 500.0, 510.0, 520.0, 530.0)] == [10.0] * 6
    assert floor.look(waited_s=540.0, bytes_had=0) is None


def test_the_next_look_is_at_the_end_of_a_quarter() -> None:
    """Neither before there is something to see nor after."""
    floor = Floor(_LIMITS)
    assert [floor.look(waited_s=s, bytes_had=0) for s in (0.0, 4.0, 10.0, 11.0)] == [10.0, 6.0, 10.0, 9.0]


def test_headers_have_a_wall_deadline() -> None:
    """It runs from the request on, and after it the request is cut once, and knows that it was late."""
    watched = _Watched()
    watched.watch.headers_begin()
    assert watched.pass_time(29.5) == watched.clock.now + 0.5
    assert not watched.is_late()
    watched.pass_time(10)
    assert watched.is_late()
    assert watched.cuts == 1


def test_each_request_has_its_own_deadline() -> None:
    """What a redirect or a connection took is not taken from the next request's time."""
    watched = _Watched()
    for _ in range(3):
        watched.watch.headers_begin()
        watched.pass_time(29)
    watched.watch.rest()
    watched.pass_time(1000)
    assert not watched.is_late()


def test_a_slow_body_is_cut() -> None:
    """A byte every half second is late after one window."""
    watched = _Watched()
    for _ in range(79):
        watched.read(0.5, 1)
    assert not watched.is_late()
    watched.read(0.5, 1)
    assert watched.is_late()


def test_a_read_that_does_not_end_is_looked_at() -> None:
    """The floor holds while nothing comes at all."""
    watched = _Watched()
    watched.watch.read_begins()
    watched.pass_time(40)
    assert (watched.is_late(), watched.cuts) == (True, 1)


@pytest.mark.parametrize("away_s", [0.1, 1.0, 100.0])
def test_our_own_time_is_not_the_servers(away_s: float) -> None:
    """Time between reads, for a slow disk or a cap of our own, slows no server down, however long it is."""
    watched = _Watched()
    for _ in range(100):
        watched.read(0.01, 100)  # 10,000 bytes per second of waiting, and fewer than 1,000 of the wall
        watched.pass_time(away_s)
    assert not watched.is_late()


def test_a_server_that_trickles_does_not_hide_behind_a_slow_disk() -> None:
    """The time that is spent waiting for it adds up."""
    watched = _Watched()
    for _ in range(41):
        watched.read(1.0, 10)
        watched.pass_time(3.0)
    assert watched.is_late()


def test_late_is_a_stall_that_may_pass() -> None:
    """The error names what was asked for and is worth another attempt."""
    watched = _Watched()
    watched.watch.expect(1.0)
    watched.pass_time(2)
    with pytest.raises(StalledError, match="asked for track t-1") as caught:
        watched.watch.raise_if_late("track t-1")
    assert caught.value.retryable


def test_limits_of_the_settings() -> None:
    """The numbers are the user's."""
    settings = Settings(cache_dir=Path("/x"), header_timeout_s=1, min_bytes_per_s=2, min_rate_window_s=3)
    assert Limits.of(settings) == Limits(1, 2, 3)


def test_the_thread_cuts_what_is_late() -> None:
    """On the real clock, also a watch whose deadline comes before that of one which the thread waits for already."""
    watchdog, first, second = Watchdog(_FAR), threading.Event(), threading.Event()
    with watchdog.watching(first.set) as patient, watchdog.watching(second.set) as hasty:
        patient.headers_begin()
        hasty.expect(0.01)
        assert second.wait(PATIENCE_S)
        hasty.rest()
        patient.expect(0.01)
        assert first.wait(PATIENCE_S)
    watchdog.close()


def _watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "chadsdk-watch"]


def test_one_thread_for_all_watches() -> None:
    """However many requests there are and follow one another, one daemon looks at them; after close there is none."""
    watchdog = Watchdog(_FAR)
    assert _watchers() == []
    with watchdog.watching(lambda: None):
        [watcher] = _watchers()
        assert watcher.daemon
        for _ in range(50):
            with watchdog.watching(lambda: None) as watch:
                watch.headers_begin()
                assert _watchers() == [watcher]
        watchdog.close()
        assert _watchers() == [watcher]  # something is watched still
    watchdog.close()
    assert _watchers() == []
    watchdog.close()


def test_the_thread_ends_by_itself() -> None:
    """Without a close it is gone soon after the last request, and another request starts another."""
    watchdog = Watchdog(_FAR)
    for _ in range(2):
        with watchdog.watching(lambda: None):
            [watcher] = _watchers()
        watcher.join(PATIENCE_S)
        assert not watcher.is_alive()


def test_watching_races_with_the_end_of_the_thread() -> None:
    """A watch that is added while the thread is about to end is looked at all the same."""
    watchdog = Watchdog(_FAR)
    for _ in range(200):
        cut = threading.Event()
        watchdog.close()
        with watchdog.watching(cut.set) as watch:
            watch.expect(0.0)
            assert cut.wait(PATIENCE_S)
    watchdog.close()


@pytest.mark.parametrize("is_daemon", [True, False])
def test_a_program_that_ends_is_not_kept(*, is_daemon: bool) -> None:
    """A thread that waits for a server for ever is cut when the main thread has ended, so the process does."""
    code = f"""
        import threading
        from chadsdk.watch import Limits, Watchdog
        inside = threading.Event()
        def wait():
            cut = threading.Event()
            with Watchdog(Limits(3600.0, 0, 30.0)).watching(cut.set) as watch:
                watch.headers_begin()
                inside.set()
                cut.wait()
        threading.Thread(target=wait, daemon={is_daemon}).start()
        inside.wait()
    """
    assert run_child(code) == ""


def test_no_look_is_lost() -> None:
    """Watches that ask for a look at any moment, from many threads, each get it: none has to wait for a tick alone."""
    watchdog = Watchdog(_FAR)
    cuts = itertools.count()

    def request() -> None:
        for _ in range(20):
            cut = threading.Event()
            with watchdog.watching(cut.set) as watch:
                watch.expect(0.001)
                assert cut.wait(PATIENCE_S)
                next(cuts)

    threads = [threading.Thread(target=request) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    watchdog.close()
    assert next(cuts) == 160
