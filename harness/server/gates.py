"""Gates: named places where replies wait until a test lets them on, so that no test needs to sleep."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from harness.server.wire import Connection

__all__ = ["Gate", "Gates"]

LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate as it stands: how many replies wait at it, and whether it lets them through."""

    waiting: int
    open: bool


class Gates:
    """All gates of a server; safe to use from any thread. A gate that nobody opened is shut."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards the two below
        self._open: set[str] = set()
        self._waiting: Counter[str] = Counter()

    def pass_through(self, name: str, connection: Connection) -> None:
        """Wait until the gate is open.

        Raises:
            ConnectionAbortedError: The connection ended meanwhile, from either side.
        """
        with self._changed:
            self._waiting[name] += 1
            self._changed.notify_all()
        try:
            while not self._is_open_within(name, LOOK_S):
                if connection.client_left_within(0):
                    raise ConnectionAbortedError("nobody listens any more")
        finally:
            with self._changed:
                self._waiting[name] -= 1
                self._changed.notify_all()

    def open(self, name: str) -> Gate:
        """Let everyone through, now and from now on."""
        with self._changed:
            self._open.add(name)
            self._changed.notify_all()
            return self._gate(name)

    def shut(self, name: str) -> Gate:
        """Let nobody through any more."""
        with self._changed:
            self._open.discard(name)
            return self._gate(name)

    def look(self, name: str, *, until_waiting: int = 0, timeout_s: float = 0.0) -> Gate:
        """The gate as it stands, as soon as so many wait at it or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting[name] >= until_waiting, timeout_s)
            return self._gate(name)

    def _is_open_within(self, name: str, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: name in self._open, timeout_s)

    def _gate(self, name: str) -> Gate:
        return Gate(self._waiting[name], name in self._open)
