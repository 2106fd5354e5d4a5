"""A file that has come is flushed and named on another thread; its connection brings the next one meanwhile."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.download.finishing import Finishers
from chadsdk.download.pool import Steps, run_all_in_steps
from chadsdk.errors import ChadError, DiskFullError, ExportCancelled
from harness.world import World
from tests.download.conftest import OpenRig
from tests.download.support import PATIENCE_S, Rig, Running, final_files


class SlowFlush:
    """Stands in for `os.fsync`: each flush waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()
        self.error: OSError | None = None
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        """Flush, when it is time."""
        self.entered.release()
        assert self.go.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        self._fsync(descriptor)

    def wait(self) -> None:
        """Return when a flush has begun."""
        assert self.entered.acquire(timeout=PATIENCE_S)


@pytest.fixture
def slow_flush(monkeypatch: pytest.MonkeyPatch) -> SlowFlush:
    """Every flush of this process waits."""
    return SlowFlush(monkeypatch)


def test_the_network_does_not_wait_for_the_disk(plain: World, open_rig: OpenRig, slow_flush: SlowFlush) -> None:
    """One connection, and the flush of the first file hangs: the second is on the wire, the first has no name yet."""
    rig = open_rig(plain, max_concurrent_downloads=1)
    rig.server.set_faults("t-2", [{"gate": "second", "after": 0.5}])
    with Running(lambda: rig.service.download_all([rig.source(1), rig.source(2)])) as running:
        slow_flush.wait()
        rig.server.wait_at_gate("second")
        assert final_files(rig.cache) == []
        slow_flush.go.set()
        rig.server.open_gate("second")
        assert len(running.value()) == 2
    assert rig.server.traffic().accepted == 1


def test_a_slow_disk_holds_the_network_back(thirty: World, open_rig: OpenRig, slow_flush: SlowFlush) -> None:
    """No flush ends: no more files than some per connection are open, however many are to come."""
    rig = open_rig(thirty, max_concurrent_downloads=2)
    with Running(lambda: rig.service.download_all(rig.sources)) as running:
        for _ in range(4):  # two on threads of their own; then the two workers themselves
            slow_flush.wait()
        assert len(rig.temporaries()) <= 2 + 2 + 3
        assert len(rig.server.audio_gets()) <= 2 + 2 + 3
        slow_flush.go.set()
        assert len(running.value()) == 30


def test_a_cancel_drops_no_file_that_waits_for_the_disk(plain: World, open_rig: OpenRig, slow_flush: SlowFlush) -> None:
    """Cancelled while one file is flushed and the next waits for that: both are kept, nothing is fetched again."""
    rig = open_rig(plain, max_concurrent_downloads=1)
    rig.server.set_faults("t-3", [{"gate": "third", "after": 0.5}])
    token = CancelToken()
    with Running(lambda: rig.service.download_all(rig.sources[:3], cancel=token)) as running:
        slow_flush.wait()
        rig.server.wait_at_gate("third")
        token.cancel()
        slow_flush.go.set()
        running.join()
        assert isinstance(running.error, ExportCancelled)
    assert {"t-1", "t-2"} <= {path.stem for path in (*final_files(rig.cache), *rig.partials())}
    before = len(rig.server.audio_gets())
    assert len(rig.service.download_all(rig.sources[:2])) == 2
    assert [entry.range for entry in rig.server.audio_gets()[before:]] == ["bytes=400000-"]


def test_a_flush_that_fails_stops_the_batch(rig: Rig, slow_flush: SlowFlush) -> None:
    """The disk is found full when a file is flushed: that is the batch's error, and nobody goes on fetching."""
    slow_flush.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    slow_flush.go.set()
    with pytest.raises(DiskFullError):
        rig.service.download_all(rig.sources)
    assert final_files(rig.cache) == []
    assert rig.temporaries() == []


def test_each_end_runs_once() -> None:
    """A hundred ends, given faster than one thread runs them: each is run, and none twice."""
    seen: list[int] = []
    with ThreadPoolExecutor(1) as executor:
        finishers = Finishers(executor, 1)
        for number in range(100):
            finishers.take(lambda number=number: seen.append(number))  # type: ignore[misc]
    assert sorted(seen) == list(range(100))


def test_who_brings_too_much_helps() -> None:
    """The only thread is busy and one end waits: the next is run by who brings it, oldest first."""
    busy, go = threading.Event(), threading.Event()
    seen: list[tuple[str, str]] = []

    def note(what: str) -> None:
        seen.append((what, threading.current_thread().name))

    def hold() -> None:
        busy.set()
        go.wait(PATIENCE_S)

    with ThreadPoolExecutor(1) as executor, ExitStack() as stack:
        stack.callback(go.set)
        finishers = Finishers(executor, 1)
        finishers.take(hold)
        assert busy.wait(PATIENCE_S)
        finishers.take(lambda: note("first"))
        assert seen == []
        finishers.take(lambda: note("second"))
        assert seen == [("first", threading.current_thread().name)]
    assert [what for what, _ in seen] == ["first", "second"]


def test_without_a_thread_the_ends_run_at_once() -> None:
    """The executor takes no more work, as when the program ends: the end runs on the thread that brings it."""
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    seen: list[str] = []
    finishers = Finishers(executor, 1)
    for _ in range(3):
        finishers.take(lambda: seen.append(threading.current_thread().name))
    assert seen == [threading.current_thread().name] * 3


def test_a_failed_end_is_the_batch_s() -> None:
    """A job that raises after its ``yield`` stops the batch with that error; what was begun comes to its end."""
    ended: list[int] = []

    def work(job: int, batch: CancelToken) -> Steps[int]:
        try:
            yield
            if job == 1:
                raise ChadError("No more.")
            return job
        finally:
            ended.append(job)

    begun: list[int] = []
    with pytest.raises(ChadError, match=r"No more\."):
        run_all_in_steps(
            range(50),
            lambda job, batch: begun.append(job) or work(job, batch),  # type: ignore[func-returns-value]
            workers=2,
            token=CancelToken(),
            settled=lambda job, result: None,
            tick=lambda: None,
        )
    assert sorted(ended) == sorted(begun)
