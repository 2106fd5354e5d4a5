"""`Line`: what one request waits on, so that another thread can end the wait.

Fact, held by a test: before a reply's headers arrive nothing in requests or urllib3 ends a wait, and afterwards
``close`` from another thread waits itself. Shutting a duplicate of the socket down ends every wait at once: for the
connection, the TLS handshake, the headers and the body.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Self

__all__ = ["Line"]


def _ignore() -> None:
    pass


_current_line: ContextVar[Line | None] = ContextVar("chadsdk_line", default=None)


class Line:
    """The sockets that one request uses, so that another thread can cut them.

    A context manager: inside it, connections made or reused by this thread belong to the line.

    Args:
        waiting: Called whenever a wait for the server begins: for a connection, for its proof of who it is, for the
            headers of an answer. Not while a name is looked up.
    """

    def __init__(self, waiting: Callable[[], object] = _ignore) -> None:
        self.waiting = waiting
        self.is_reused = False  # whether the connection of the request that was sent last had served one before
        # Re-entrant: a signal handler may cut the line that its own thread is attaching to.
        self._lock = threading.RLock()
        self._sockets: list[socket.socket] = []  # guarded by _lock, as is what follows
        self._alarms: list[Callable[[], None]] = []
        self._cut = False

    @staticmethod
    def current() -> Line | None:
        """Give the line of the request that this thread is making; None when it makes none."""
        return _current_line.get()

    def __enter__(self) -> Self:
        self._outer = _current_line.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current_line.reset(self._outer)
        self.let_go()

    def let_go(self) -> None:
        """Forget the sockets so far: a request is over and another follows. A duplicate keeps a connection open."""
        self.is_reused = False
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):  # nothing that was asked for hangs on it
                each.close()

    def attach(self, sock: socket.socket) -> None:
        """Take a duplicate of a connection's socket; shutting that down ends every wait on the connection.

        A duplicate, because http.client lets go of the socket as soon as it knows that the reply ends with it.
        """
        # Told what it is, or Python asks the system three times.
        duplicate = socket.socket(sock.family, sock.type, sock.proto, fileno=socket.dup(sock.fileno()))
        with self._lock:
            self._sockets.append(duplicate)
            if self._cut:
                _shut(duplicate)

    @contextmanager
    def ending(self, alarm: Callable[[], None]) -> Iterator[None]:
        """Call `alarm`, which neither blocks nor raises, when the line is cut inside the block, or is cut already."""
        with self._lock:
            self._alarms.append(alarm)
            if self._cut:
                alarm()
        try:
            yield
        finally:
            with self._lock:
                self._alarms.remove(alarm)

    def send(self, sock: socket.socket | None, *, reused: bool) -> None:
        """Note that a request is about to be sent, over this socket if there is one yet."""
        self.is_reused = reused
        if sock is not None:
            self.attach(sock)
        self.waiting()

    def cut(self) -> None:
        """End whatever waits on this line, now and later. From any thread; never blocks, never raises."""
        with self._lock:
            self._cut = True
            for each in self._sockets:
                _shut(each)
            for alarm in self._alarms:
                alarm()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # not connected, or over already
        sock.shutdown(socket.SHUT_RDWR)
