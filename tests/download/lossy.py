"""A line that loses: a TCP relay on loopback that goes silent in the middle of what it carries.

To a program, lost packets are time and nothing else: what TCP cannot repair shows as a line that never says another
word. So the relay drops one block in so many, with all that follow on that connection, and keeps it open.
"""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

__all__ = ["lossy_line"]

BLOCK_BYTES = 16 * 1024


class _Relay:
    def __init__(self, target: tuple[str, int], seed: int, loss: float) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self._target, self._loss = target, loss
        self._chance = random.Random(seed)
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def accept(self) -> None:
        with suppress(OSError):  # closed: it is over
            while True:
                client, _ = self.listening.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                self.start(self._carry, client, server, 0.0)
                self.start(self._carry, server, client, self._loss)

    def _carry(self, source: socket.socket, sink: socket.socket, loss: float) -> None:
        lost = False
        with suppress(OSError):
            while block := source.recv(BLOCK_BYTES):
                lost = lost or self._chance.random() < loss
                if not lost:
                    sink.sendall(block)
            if not lost:
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self.listening, *self._sockets):
            each.close()


@contextmanager
def lossy_line(url: str, *, seed: int, loss: float) -> Iterator[str]:
    """The address of a relay to that server which loses that share of the blocks that come back."""
    address = urlsplit(url)
    relay = _Relay((str(address.hostname), address.port or 80), seed, loss)
    relay.start(relay.accept)
    try:
        yield f"http://127.0.0.1:{relay.listening.getsockname()[1]}"
    finally:
        relay.close()
