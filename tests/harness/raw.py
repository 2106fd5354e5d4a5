"""A client that sees what is on the wire, with no HTTP library in between that would mend or hide it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from harness.process import ServerHandle

__all__ = ["End", "RawClient", "RawReply", "ask", "connected"]

PATIENCE_S = 10.0


class End(Enum):
    """How a body came to its end."""

    LENGTH = auto()
    CLOSED = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply as it was on the wire; status 0 and no headers if not even a head came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    end: End

    def header(self, name: str) -> str | None:
        """The value of a header, None without it; repeated ones fail the test."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1
        return values[0] if values else None


class RawClient:
    """One connection to the server; with a small receive buffer the server sees a client that is slow."""

    def __init__(self, server: ServerHandle, *, buffer_bytes: int | None = None) -> None:
        address = urlsplit(server.url)
        self.sock = socket.socket()
        self.sock.settimeout(PATIENCE_S)
        if buffer_bytes is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.sock.connect((address.hostname, address.port))
        self._server = server
        self._pending = b""

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a request with the good token, unless the headers say something else."""
        said = {"Host": "harness", "Authorization": f"Bearer {self._server.token}", **(headers or {})}
        if body:
            said["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items() if value)]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def receive(self, *, head_only: bool = False) -> RawReply:
        """Read one reply, to its announced length or to the end of the connection."""
        try:
            while b"\r\n\r\n" not in self._pending:
                if not self._more():
                    return RawReply(0, (), self._take(), End.CLOSED)
        except ConnectionResetError:
            return RawReply(0, (), b"", End.RESET)
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        status, headers = _parsed(head)
        reply = RawReply(status, headers, b"", End.LENGTH)
        announced = 0 if head_only or status in {204, 304} else reply.header("Content-Length")
        body, end = self._body(None if announced is None else int(announced))
        return RawReply(status, headers, body, end)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> RawReply:
        """Send a request and read its reply."""
        self.send(method, path, headers, body)
        return self.receive(head_only=method == "HEAD")

    def is_over(self) -> bool:
        """Wait for the server to close; False if it says something instead."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def _body(self, announced: int | None) -> tuple[bytes, End]:
        chunks, have = [self._pending], len(self._pending)
        self._pending = b""
        try:
            while announced is None or have < announced:
                chunk = self.sock.recv(1 << 20)
                if not chunk:
                    return b"".join(chunks), End.CLOSED
                chunks.append(chunk)
                have += len(chunk)
        except ConnectionResetError:
            return b"".join(chunks), End.RESET
        whole = b"".join(chunks)
        self._pending = whole[announced:]
        return whole[:announced], End.LENGTH

    def _more(self) -> bool:
        chunk = self.sock.recv(1 << 16)
        self._pending += chunk
        return bool(chunk)

    def _take(self) -> bytes:
        taken, self._pending = self._pending, b""
        return taken


@contextmanager
def connected(server: ServerHandle, *, buffer_bytes: int | None = None) -> Iterator[RawClient]:
    """A connection that is closed at the end."""
    client = RawClient(server, buffer_bytes=buffer_bytes)
    with client.sock:
        yield client


def ask(server: ServerHandle, method: str, path: str, headers: Mapping[str, str] | None = None) -> RawReply:
    """One request on a connection of its own."""
    with connected(server) as client:
        return client.ask(method, path, headers)


def _parsed(head: bytes) -> tuple[int, tuple[tuple[str, str], ...]]:
    first, *lines = head.decode("utf-8").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version == "HTTP/1.1"
    pairs = (line.partition(": ") for line in lines)
    return int(status), tuple((name, value) for name, _, value in pairs)
