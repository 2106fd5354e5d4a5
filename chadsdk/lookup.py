"""Looking the name of a server up, in a way that can be ended: the C library's own cannot."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["Address", "EndedBy", "look_up"]

Address = tuple[Any, Any, int, str, Any]
"""Family, kind, protocol, canonical name and address of a socket, as `socket.getaddrinfo` gives them."""

EndedBy = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Registers, for the length of a block, what ends a wait."""


def look_up(host: str, port: int, *, ended_by: EndedBy) -> list[Address]:
    """Give the addresses of a host, best first.

    Args:
        host: A name or an address; an address is no name, and takes no thread.
        port: The port.
        ended_by: Registers, for the length of a block, what ends the wait.

    Raises:
        OSError: There is no such host, or the wait was ended. A look-up that is left alone goes on on a daemon.
        UnicodeError: It cannot be a host's name.
    """
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    found: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as exc:  # noqa: BLE001 - it is raised where the answer is waited for
            found.put(exc)

    thread = threading.Thread(target=run, name="chadsdk-lookup", daemon=True)
    with ended_by(lambda: found.put(OSError("the look-up was ended"))):
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads: then it cannot be ended
            run()
        answer = found.get()
    if isinstance(answer, Exception):
        raise answer
    return answer
