"""`Pace`: a cap on the bytes per second of all connections together. Pure arithmetic, and one wait on a token."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from chadsdk.cancel import CancelToken

__all__ = ["Pace"]

# Together a burst is a quarter of a second at most: what an idle time leaves over, and one read of each connection.
_CREDIT_S = 0.1
_READS_S = 0.15
_LEAST_READ_BYTES = 256


class Pace:
    """Shares a number of bytes per second between connections. Thread-safe.

    The bytes are paid for after they came: each takes its time behind those before it, and whoever wants to read waits
    until all that was had is paid for. So connections take turns, and no byte is lost to one that gets fewer than it
    asked for.

    Args:
        bytes_per_s: The cap; None for none.
        connections: How many may read at a time.
        clock: Seconds that never run backwards.
    """

    def __init__(
        self, bytes_per_s: int | None, *, connections: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._paid_at = clock()  # when all that was had is paid for; guarded by _lock
        self._read_bytes = (
            None if bytes_per_s is None else max(_LEAST_READ_BYTES, int(bytes_per_s * _READS_S / connections))
        )

    def read_bytes(self, wanted: int) -> int:
        """Give how many bytes to read at once, at most `wanted`: few under a low cap, so that progress moves."""
        return wanted if self._read_bytes is None else min(wanted, self._read_bytes)

    def wait(self, token: CancelToken) -> None:
        """Wait for the turn to read.

        Raises:
            ExportCancelled: Cancelled meanwhile.
        """
        if self._bytes_per_s is not None:
            debt_s = self.debt_s
            if debt_s > 0:
                token.sleep(debt_s)

    def took(self, count: int) -> None:
        """Note that `count` bytes were read."""
        if self._bytes_per_s is None:
            return
        with self._lock:
            # Credit for a moment's idleness only: sleeps that end late must not make the whole slower.
            self._paid_at = max(self._paid_at, self._clock() - _CREDIT_S) + count / self._bytes_per_s

    @property
    def debt_s(self) -> float:
        """How long a reader has to wait now; not above 0 when it need not."""
        with self._lock:
            return self._paid_at - self._clock()
