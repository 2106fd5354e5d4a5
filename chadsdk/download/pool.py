"""Many jobs on a bounded number of threads, told about on the caller's own; knows nothing of downloads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from chadsdk.cancel import CancelToken
from chadsdk.download.finishing import Finishers
from chadsdk.errors import ChadError, ExportCancelled

__all__ = ["Steps", "run_all", "run_all_in_steps", "run_out"]

J = TypeVar("J")
R = TypeVar("R")

Steps = Generator[None, None, R]

_TICK_S = 0.1


def run_all(
    jobs: Sequence[J],
    work: Callable[[J, CancelToken], R],
    *,
    workers: int,
    token: CancelToken,
    settled: Callable[[J, R], object],
    tick: Callable[[], object],
) -> None:
    """Do every job, at most `workers` at a time, in the order given.

    Args:
        jobs: What to do.
        work: Does one, on a worker's thread, with a token that is cancelled as soon as the batch is to stop.
        workers: Number of threads.
        token: The caller's.
        settled: Told each result, on the caller's thread, in the order they come.
        tick: Called on the caller's thread, at least ten times a second.

    Raises:
        ExportCancelled: Cancelled, or the program has begun to end.
        BaseException: The first thing that `work`, `settled` or `tick` raised. Whatever is raised, no worker runs
            any more when this returns.
    """

    def whole(job: J, batch: CancelToken) -> Steps[R]:
        yield from ()  # one step
        return work(job, batch)

    run_all_in_steps(jobs, whole, workers=workers, token=token, settled=settled, tick=tick)


def run_all_in_steps(
    jobs: Sequence[J],
    work: Callable[[J, CancelToken], Steps[R]],
    *,
    workers: int,
    token: CancelToken,
    settled: Callable[[J, R], object],
    tick: Callable[[], object],
) -> None:
    """Do as `run_all`; what comes after a ``yield`` of a job is done on another thread while its worker goes on.

    Raises:
        BaseException: See `run_all`; each job that was begun has come to its end then, too.
    """
    if not jobs:
        return
    threads = min(max(1, workers), len(jobs))
    with (
        token.child() as batch,
        _exit_watch() as check_exit,
        ThreadPoolExecutor(threads, thread_name_prefix="chadsdk-end") as ends,
        ThreadPoolExecutor(threads, thread_name_prefix="chadsdk") as executor,
    ):
        runs = _Runs(work, batch, Finishers(ends, threads))
        try:
            for job in jobs:
                _submit(executor, runs.begin, job)
            for _ in jobs:
                job, future = _next(runs.done, token, tick, check_exit)
                settled(job, future.result())
                tick()
        except BaseException:
            batch.cancel()
            executor.shutdown(wait=False, cancel_futures=True)
            raise


class _Runs(Generic[J, R]):
    """What the threads of a batch do, and how the caller's thread hears of it."""

    def __init__(self, work: Callable[[J, CancelToken], Steps[R]], batch: CancelToken, finishers: Finishers) -> None:
        self.done: queue.SimpleQueue[tuple[J, Future[R]]] = queue.SimpleQueue()
        self._work = work
        self._batch = batch
        self._finishers = finishers

    def begin(self, job: J) -> None:
        """Do a job up to its end or to where another thread can take over."""
        if self._batch.cancelled:
            return
        steps = self._work(job, self._batch)
        with self._settling(job):
            next(steps)
            self._finishers.take(lambda: self._end(job, steps))

    def _end(self, job: J, steps: Steps[R]) -> None:
        with self._settling(job):
            while True:
                next(steps)

    @contextmanager
    def _settling(self, job: J) -> Iterator[None]:
        future: Future[R] = Future()
        try:
            yield
        except StopIteration as end:
            future.set_result(end.value)
            self.done.put((job, future))
        except BaseException as exc:  # noqa: BLE001 - it is raised again on the caller's thread
            future.set_exception(exc)
            self.done.put((job, future))  # before the others are cancelled, so that the cause is heard of first
            self._batch.cancel()  # here and now: until the caller's thread has heard of it another job would begin


def run_out(steps: Steps[R]) -> R:
    """Run steps to their end on this thread, and give what they give."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: R = end.value
            return result


def _next(
    done: queue.SimpleQueue[tuple[J, Future[R]]],
    token: CancelToken,
    tick: Callable[[], object],
    check_exit: Callable[[], object],
) -> tuple[J, Future[R]]:
    while True:
        try:
            return done.get(timeout=_TICK_S)
        except queue.Empty:
            token.raise_if_cancelled()
            check_exit()
            tick()


@contextmanager
def _exit_watch() -> Iterator[Callable[[], object]]:
    """Give a check that raises `ExportCancelled` once the program has begun to end.

    An interpreter that ends joins the workers of every executor while the main thread still counts as alive, so a
    batch on another thread would keep it for as long as a server likes. What tells is that executors then take no more
    work (`concurrent.futures`). One of its own is asked, because what it is given leaves no trace in its queue.
    """
    if threading.current_thread() is threading.main_thread():
        yield lambda: None  # this very thread would have to be over
        return
    with ThreadPoolExecutor(1, thread_name_prefix="chadsdk-exit") as idle:
        yield lambda: _submit(idle, lambda _: None, None)


def _submit(executor: ThreadPoolExecutor, function: Callable[[J], object], argument: J) -> None:
    try:
        executor.submit(function, argument)
    except RuntimeError as exc:
        if "can't start new thread" in str(exc):
            raise ChadError("The system gives no more threads.") from exc
        raise ExportCancelled("the program ends") from exc
