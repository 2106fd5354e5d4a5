"""`CancelToken`: one way to stop everything, from any thread, at any moment.

Every wait of the SDK is made on a token, and whatever cannot wait on it (a socket) registers an interrupt with
it. A token also counts as cancelled when the main thread has ended, so that no pool keeps an interpreter alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chadsdk.errors import ExportCancelled

__all__ = ["CancelToken"]


class CancelToken:
    """A flag that can be set once. All methods are safe from any thread and from a signal handler.

    That is why there is no `threading.Event` in it: setting one from a handler that interrupts a wait on it can
    dead-lock. The lock is re-entrant, and every step leaves a state that a handler may find.
    """

    def __init__(self) -> None:
        self._set = False
        self._lock = threading.RLock()
        self._interrupts: dict[object, Callable[[], None]] = {}  # guarded by _lock

    def __repr__(self) -> str:
        return f"<CancelToken {'cancelled' if self.cancelled else 'live'}>"

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called or the main thread of the program has ended."""
        return self._set or not threading.main_thread().is_alive()

    def cancel(self) -> None:
        """Set the flag and run the interrupts; further calls do nothing."""
        self._set = True
        self._run_interrupts()

    def raise_if_cancelled(self) -> None:
        """Raise `ExportCancelled` when cancelled."""
        if self.cancelled:
            raise ExportCancelled("cancelled")

    def sleep(self, seconds: float) -> None:
        """Wait, unless cancelled before or meanwhile.

        Raises:
            ExportCancelled: At once when cancelled.
        """
        bell = threading.Lock()
        bell.acquire()
        with self.interrupting(bell.release):
            bell.acquire(timeout=max(0.0, seconds))
        self.raise_if_cancelled()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt` if the token is cancelled inside the block; at once if it already is.

        The interrupt runs at most once, on the cancelling thread, and must neither block nor raise.
        """
        key = object()
        with self._lock:
            self._interrupts[key] = interrupt
        if self._set:  # asked after the entry was made, so that no moment is left in which it could be missed
            self._run_interrupts()
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.pop(key, None)

    @contextmanager
    def child(self) -> Iterator[CancelToken]:
        """Give a token that is cancelled with this one, and can be cancelled without it."""
        child = CancelToken()
        with self.interrupting(child.cancel):
            yield child

    def _run_interrupts(self) -> None:
        while True:
            with self._lock:
                if not self._interrupts:
                    return
                _, interrupt = self._interrupts.popitem()
            interrupt()
