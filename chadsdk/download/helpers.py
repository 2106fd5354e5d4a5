"""`Helpers`: the workers that are at somebody else's file at this moment, and how its owner sends them away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chadsdk.cancel import CancelToken

__all__ = ["Helpers"]


class Helpers:
    """Counts helpers in and out. Thread-safe; nobody is let in before `welcome`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0  # guarded by _changed, as is what follows
        self._closing: CancelToken | None = None

    def welcome(self) -> None:
        """Let helpers in from now on."""
        with self._changed:
            self._closing = CancelToken()

    @contextmanager
    def one(self, token: CancelToken) -> Iterator[CancelToken | None]:
        """Count a helper in for the block.

        Args:
            token: The helper's own.

        Yields:
            A token that is cancelled with the helper's own and when the owner sends helpers away; None when nobody is
            let in.
        """
        with self._changed:
            closing = self._closing
            self._count += closing is not None
        if closing is None:
            yield None
            return
        try:
            with token.child() as mine, closing.interrupting(mine.cancel):
                yield mine
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def send_away(self) -> None:
        """Let nobody in any more, and return when the last is out: that takes no longer than a cancel."""
        with self._changed:
            closing, self._closing = self._closing, None
        if closing is None:
            return
        closing.cancel()
        with self._changed:
            self._changed.wait_for(lambda: not self._count)
