"""Many jobs on a bounded number of threads, told about on the caller's own; knows nothing of downloads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
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
    todo: queue.SimpleQueue[J] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[J, Future[R]]] = queue.SimpleQueue()
    for job in jobs:
        todo.put(job)
    with token.child() as batch, _joined() as threads:
        try:
            for number in range(min(max(1, workers), len(jobs))):
                token.raise_if_cancelled()
                # No executor: an interpreter that ends joins its threads before the main thread counts as ended, so
                # that nobody would hear that it is time to go.
                thread = threading.Thread(target=_work_off, args=(todo, done, work, batch), name=f"chadsdk_{number}")
                thread.start()
                threads.append(thread)
            for _ in jobs:
                job, future = _next(done, token, tick)
                settled(job, future.result())
                tick()
        except BaseException:
            batch.cancel()
            raise


@contextmanager
def _joined() -> Iterator[list[threading.Thread]]:
    """Give a list for started threads, which are waited for at the end."""
    threads: list[threading.Thread] = []
    try:
        yield threads
    finally:
        for thread in threads:
            thread.join()


def _work_off(
    todo: queue.SimpleQueue[J],
    done: queue.SimpleQueue[tuple[J, Future[R]]],
    work: Callable[[J, CancelToken], R],
    batch: CancelToken,
) -> None:
    while not batch.cancelled:
        try:
            job = todo.get_nowait()
        except queue.Empty:
            return
        future: Future[R] = Future()
        try:
            future.set_result(work(job, batch))
        except BaseException as exc:  # noqa: BLE001 - it is raised again on the caller's thread
            future.set_exception(exc)
        done.put((job, future))


def _next(
    done: queue.SimpleQueue[tuple[J, Future[R]]], token: CancelToken, tick: Callable[[], object]
) -> tuple[J, Future[R]]:
    while True:
        try:
            return done.get(timeout=_TICK_S)
        except queue.Empty:
            token.raise_if_cancelled()
            tick()
