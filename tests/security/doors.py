"""Listening sockets of the tests' own: one that only counts, a proxy that tunnels, and a TLS server."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Door", "counting_door", "door", "tls_door", "tunnel"]

PATIENCE_S = 20.0


@dataclass
class Door:
    """A port on loopback, and what came to it.

    Attributes:
        port: Where.
        visits: Connections that were accepted.
        heard: What each connection said first, as far as it is known.
    """

    port: int
    visits: int = 0
    heard: list[bytes] = field(default_factory=list)

    @property
    def netloc(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def door(serve: Callable[[socket.socket, Door], object]) -> Iterator[Door]:
    """A port whose connections are served one thread each; what fails in one of them ends that one alone."""
    threads: list[threading.Thread] = []
    socks: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened = Door(listener.getsockname()[1])

        def run(sock: socket.socket) -> None:
            with sock, contextlib.suppress(OSError):
                serve(sock, opened)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    sock.settimeout(PATIENCE_S)
                    opened.visits += 1
                    socks.append(sock)
                    threads.append(threading.Thread(target=run, args=(sock,), name="door"))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, name="door")
        accepting.start()
        try:
            yield opened
        finally:
            for sock in (listener, *socks):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join()


def _head(sock: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            raise ConnectionResetError
        head += byte
    return head


def counting_door() -> contextlib.AbstractContextManager[Door]:
    """A door behind which nobody is: it hangs up on whoever comes."""
    return door(lambda _sock, _door: None)


def tls_door(context: ssl.SSLContext) -> contextlib.AbstractContextManager[Door]:
    """A TLS server that notes what it is asked once the handshake is over, and answers 404."""

    def serve(sock: socket.socket, opened: Door) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            opened.heard.append(_head(secure))
            secure.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    return door(serve)


def tunnel() -> contextlib.AbstractContextManager[Door]:
    """A proxy that connects wherever it is asked to (RFC 9110, 9.3.6) and notes how it was asked."""

    def serve(sock: socket.socket, opened: Door) -> None:
        head = _head(sock)
        opened.heard.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE_S) as there:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(there, sock), name="door")
            back.start()
            _pass_on(sock, there)
            back.join()

    return door(serve)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
