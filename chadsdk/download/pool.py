"""Many jobs on a bounded number of threads, told about on the caller's own; knows nothing of downloads."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from chadsdk.cancel import CancelToken

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
        ExportCancelled: Cancelled, or the main thread of the program ended.
        BaseException: The first thing that `work`, `settled` or `tick` raised. Whatever is raised, no worker runs
            any more when this returns.
    """
    done: queue.SimpleQueue[tuple[J, Future[R]]] = queue.SimpleQueue()
    with token.child() as batch, ThreadPoolExecutor(max(1, workers), thread_name_prefix="chadsdk") as executor:
        try:
            for job in jobs:
                future = executor.submit(work, job, batch)
                future.add_done_callback(lambda future, job=job: done.put((job, future)))  # type: ignore[misc]
            for _ in jobs:
                job, future = _next(done, token, tick)
                settled(job, future.result())
                tick()
        except BaseException:
            batch.cancel()
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _next(
    done: queue.SimpleQueue[tuple[J, Future[R]]], token: CancelToken, tick: Callable[[], object]
) -> tuple[J, Future[R]]:
    while True:
        try:
            return done.get(timeout=_TICK_S)
        except queue.Empty:
            token.raise_if_cancelled()
            tick()
