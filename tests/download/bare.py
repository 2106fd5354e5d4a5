"""A server of bare sockets, for what the harness's does not do: it says what a test has it say, in whatever pieces."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["BareServer", "Talk", "bare_server", "deaf_port"]

PAUSE_S = 0.01


class Talk:
    """One connection of a client, to be answered on a thread of its own.

    Attributes:
        number: Which connection of the server's it is, from 1 up.
    """

    def __init__(self, sock: socket.socket, number: int, over: threading.Event) -> None:
        self.number = number
        self._sock = sock
        self._over = over

    def hear(self) -> str:
        """The head of the next request, empty when the client has left."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self._sock.recv(1)
            if not byte:
                return ""
            head += byte
        return head.decode("ascii")

    def say(self, data: bytes) -> None:
        """Send this."""
        self._sock.sendall(data)

    def trickle(self, data: bytes, pause_s: float = PAUSE_S) -> None:
        """Send this for ever, with a pause after each time; it ends with an `OSError` when the client has left."""
        while not self._over.wait(pause_s):
            self.say(data)

    def prove_for_ever(self) -> None:
        """Begin a TLS handshake with a record of 16 KiB, and go on with it in crumbs for ever."""
        self.say(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        self.trickle(b"\x00")

    def listen(self) -> None:
        """Say nothing until the client has left or the server ends."""
        while not self._over.is_set() and self._sock.recv(1 << 16):
            pass


class BareServer:
    """Where it is, and what was asked of it.

    Attributes:
        port: On loopback.
        requests: The first line of each request that was heard, in order.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[str] = []
        self.busy = threading.Semaphore(0)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def wait_for_request(self, timeout_s: float) -> bool:
        """Wait for one more request, or for a connection that is taken and not listened to; False if none comes."""
        return self.busy.acquire(timeout=timeout_s)


@contextmanager
def bare_server(answer: Callable[[Talk, str], object], *, deaf: bool = False) -> Iterator[BareServer]:
    """A server that calls `answer` for each request with its head, on one thread per connection.

    A connection is closed when `answer` raises `OSError` or `EOFError`.

    Args:
        answer: Says what the server says.
        deaf: Call it as soon as a connection is taken, with an empty head.
    """
    over = threading.Event()
    threads: list[threading.Thread] = []
    socks: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = BareServer(listener.getsockname()[1])

        def serve(sock: socket.socket, number: int) -> None:
            talk = Talk(sock, number, over)
            with sock, contextlib.suppress(OSError, EOFError):
                while head := "-" if deaf else talk.hear():
                    server.requests.append(head.partition("\r\n")[0])
                    server.busy.release()
                    answer(talk, head)

        def accept() -> None:
            with contextlib.suppress(OSError):
                for number in itertools.count(1):
                    sock, _ = listener.accept()
                    socks.append(sock)
                    threads.append(threading.Thread(target=serve, args=(sock, number), name="bare"))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, name="bare-accept")
        accepting.start()
        try:
            yield server
        finally:
            over.set()
            for sock in (listener, *socks):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port on which connections are neither taken nor refused: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
