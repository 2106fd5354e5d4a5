"""`CancelToken`: one way to stop everything, from any thread, at any moment.

Every wait of the SDK is made on a token, and whatever cannot wait on it (a socket) registers an interrupt with
it. A token also counts as cancelled when the main thread has ended, so that no pool keeps an interpreter alive.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from chadsdk.errors import ExportCancelled

__all__ = ["CancelToken"]

_LOOK_S = 1.5  # how long a sleeper may not know that the main thread has ended


class CancelToken:
    """A flag that can be set once. All methods are safe from any thread and from a signal handler.

    There is no lock, because a signal handler may run between any two steps of its own thread: `threading.Event`
    would wait for that thread, that is for itself. Instead each step is one that Python does as a whole (a store, a
    `dict.pop`, a `SimpleQueue.put`, which is documented as re-entrant), and whoever adds something looks at the flag
    afterwards.
    """

    def __init__(self) -> None:
        self._flag = False
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()  # holds something once the flag is set
        self._interrupts: dict[object, Callable[[], None]] = {}

    def __repr__(self) -> str:
        return f"<CancelToken {'cancelled' if self.cancelled else 'live'}>"

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called or the main thread of the program has ended."""
        return self._flag or not threading.main_thread().is_alive()

    def cancel(self) -> None:
        """Set the flag and run the interrupts; further calls do nothing."""
        self._flag = True
        self._bell.put(None)
        while True:
            try:
                _, interrupt = self._interrupts.popitem()
            except KeyError:
                return
            interrupt()

    def raise_if_cancelled(self) -> None:
        """Raise `ExportCancelled` when cancelled."""
        if self.cancelled:
            raise ExportCancelled("cancelled")

    def sleep(self, seconds: float) -> None:
        """Wait, unless cancelled before or meanwhile.

        Raises:
            ExportCancelled: At once when cancelled.
        """
        until = time.monotonic() + seconds
        while True:
            self.raise_if_cancelled()
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            with suppress(queue.Empty):
                # In slices: nothing rings when the main thread ends.
                self._bell.get(timeout=min(left_s, _LOOK_S))
                self._bell.put(None)  # for the next sleeper

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt` if the token is cancelled inside the block; at once if it already is.

        The interrupt runs at most once, on the cancelling thread, and must neither block nor raise.
        """
        key = object()
        self._interrupts[key] = interrupt
        try:
            # After the entry is made: whoever sets the flag from here on finds it.
            late = self._interrupts.pop(key, None) if self._flag else None
            if late is not None:
                late()
            yield
        finally:
            self._interrupts.pop(key, None)

    @contextmanager
    def child(self) -> Iterator[CancelToken]:
        """Give a token that is cancelled with this one, and can be cancelled without it."""
        child = CancelToken()
        with self.interrupting(child.cancel):
            yield child
