"""`Finishers`: the ends of jobs, on threads of their own, so that a worker goes on with its next job meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["Finishers"]


class Finishers:
    """Runs what it is given, in that order, on no more threads than there is work for. Thread-safe.

    Args:
        executor: Gives the threads.
        threads: How many of them at most.
    """

    def __init__(self, executor: ThreadPoolExecutor, threads: int) -> None:
        self._executor = executor
        self._threads = threads
        self._changed = threading.Lock()
        self._waiting: deque[Callable[[], object]] = deque()  # guarded by _changed, as is what follows
        self._active = 0

    def take(self, end: Callable[[], object]) -> None:
        """Run it soon. Where too much waits, or no thread is to be had, it is run here and now.

        Args:
            end: What to run; it raises nothing.
        """
        with self._changed:
            self._waiting.append(end)
            # A second thread only where the first does not keep up: each takes turns with those that fetch.
            starts = self._active < self._threads and (not self._active or len(self._waiting) > 1)
            self._active += starts
            crowded = not starts and len(self._waiting) > self._threads
        if starts:
            try:
                self._executor.submit(self._run_all)
            except RuntimeError:  # the program ends, or the system gives no more threads
                self._run_all()
        elif crowded:
            self._run_one()

    def _run_all(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._active -= 1
                    return
            self._run_one()

    def _run_one(self) -> None:
        with self._changed:
            end = self._waiting.popleft() if self._waiting else None
        if end is not None:
            end()
