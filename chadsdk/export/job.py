"""`ExportJob`: an export on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from chadsdk.cancel import CancelToken
from chadsdk.progress import Event, Listener, Progress

__all__ = ["ExportJob"]

R = TypeVar("R")


class ExportJob(Generic[R]):
    """A handle on work that runs in the background. All methods are safe from any thread.

    Args:
        run: Does the work; given a listener for its events and the token it must hear.
    """

    def __init__(self, run: Callable[[Listener, CancelToken], R]) -> None:
        self._token = CancelToken()
        self._future: Future[R] = Future()
        self._latest: Progress | None = None
        # Not a daemon: when the program ends, the token counts as cancelled, and the thread still cleans up.
        self._thread = threading.Thread(target=self._run, args=(run,), name="chadsdk-export")
        self._thread.start()

    def _run(self, run: Callable[[Listener, CancelToken], R]) -> None:
        try:
            result = run(self._note, self._token)
        except BaseException as exc:  # noqa: BLE001 - it is raised again where the result is asked for
            self._future.set_exception(exc)
        else:
            self._future.set_result(result)

    def _note(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._latest = event

    @property
    def done(self) -> bool:
        """Whether it is over, one way or another."""
        return self._future.done()

    def progress(self) -> Progress | None:
        """Give the newest counts; None before the first phase."""
        return self._latest

    def cancel(self) -> None:
        """Ask it to stop; `result` then raises `ExportCancelled`, unless it was over already."""
        self._token.cancel()

    def result(self, timeout: float | None = None) -> R:
        """Wait for the result.

        Args:
            timeout: Longest wait in seconds; None waits for ever.

        Raises:
            TimeoutError: It still runs; it is not cancelled by this.
            ExportCancelled: It was cancelled.
            ChadError: What made it fail.
        """
        return self._future.result(timeout)
