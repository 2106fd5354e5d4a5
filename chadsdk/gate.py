"""`Gate`: when a server may be asked again, for all who ask it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from chadsdk.errors import RateLimitedError

__all__ = ["Gate"]


class Gate:
    """Stands open until a server asks one request to come back later; then no request passes before that moment.

    Nobody waits here: who may not pass is told for how long, and `retry.retrying`, which alone knows how patient it
    still is, does the waiting. Thread-safe.

    Args:
        longest_s: For how long it shuts at most: one mistaken header must not be the end of a service.
        clock: Seconds that never run backwards.
    """

    def __init__(self, *, longest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest_s = longest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._opens_at = clock()  # guarded by _lock

    def shut(self, seconds: float) -> None:
        """Let nobody pass for so long; an earlier and longer wish stays."""
        with self._lock:
            self._opens_at = max(self._opens_at, self._clock() + min(seconds, self._longest_s))

    def raise_if_shut(self, what: str) -> None:
        """Raise unless the server may be asked.

        Raises:
            RateLimitedError: Not asked; it holds the seconds to wait.
        """
        left_s = self._opens_at - self._clock()
        if left_s > 0:
            raise RateLimitedError(
                f"The server wants to be left alone for {left_s:.0f} s, and was not asked for {what}.",
                retry_after_s=left_s,
                asked=False,
            )
