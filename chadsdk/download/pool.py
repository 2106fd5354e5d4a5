"""Many jobs on a bounded number of threads, told about on the caller's own; knows nothing of downloads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from chadsdk.cancel import CancelToken
from chadsdk.errors import ChadError, ExportCancelled

__all__ = ["run_all"]

J = TypeVar("J")
R = TypeVar("R")

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
    if not jobs:
        return
    done: queue.SimpleQueue[tuple[J, Future[R]]] = queue.SimpleQueue()

    def run(job: J) -> None:
        if batch.cancelled:
            return
        future: Future[R] = Future()
        try:
            future.set_result(work(job, batch))
            done.put((job, future))
        except BaseException as exc:  # noqa: BLE001 - it is raised again on the caller's thread
            future.set_exception(exc)
            done.put((job, future))  # before the others are cancelled, so that the cause is heard of first
            batch.cancel()  # here and now: until the caller's thread has heard of it another job would begin

    with (
        token.child() as batch,
        _exit_watch() as check_exit,
        ThreadPoolExecutor(min(max(1, workers), len(jobs)), thread_name_prefix="chadsdk") as executor,
    ):
        try:
            for job in jobs:
                _submit(executor, run, job)
            for _ in jobs:
                job, future = _next(done, token, tick, check_exit)
                settled(job, future.result())
                tick()
        except BaseException:
            batch.cancel()
            executor.shutdown(wait=False, cancel_futures=True)
            raise


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
