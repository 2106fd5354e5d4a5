"""One HTTP/1.1 connection at the level of bytes: requests in, heads and bodies out.

Written on the socket itself, because a fault server must be able to say what no HTTP library would.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

__all__ = ["BadRequestError", "Connection", "Headers", "Request", "head_bytes"]

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 1024 * 1024
RECEIVE_BYTES = 64 * 1024
DRAIN_S = 2.0

Headers = tuple[tuple[str, str], ...]
REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequestError(Exception):
    """A request that cannot be answered as asked.

    Attributes:
        status: The HTTP status to refuse it with.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came.

    Attributes:
        method: As sent.
        target: Path and query as sent.
        headers: By lower-case name; values of a repeated one are joined by commas.
        body: The whole body, empty if there is none.
        keep_alive: Whether the client wants the connection to stay.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool

    @property
    def raw_path(self) -> str:
        """The path, escapes and all."""
        return self.target.partition("?")[0]

    @property
    def path(self) -> str:
        """The path with its escapes resolved."""
        return unquote(self.raw_path)

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return self.target.partition("?")[2]


class Connection:
    """A client's connection. One thread at a time uses it, but `abort` may be called from any."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = bytearray()
        self._plain = not isinstance(sock, ssl.SSLSocket)

    def read_request(self) -> Request | None:
        """The next request, or None when the client has closed.

        Raises:
            BadRequestError: It is no HTTP/1.x request, or too large.
            OSError: The connection broke.
        """
        head = self._read_head()
        if head is None:
            return None
        method, target, version, headers = _parsed_head(head)
        if headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        options = {option.strip().lower() for option in headers.get("connection", "").split(",")}
        keep_alive = "close" not in options if version == "HTTP/1.1" else "keep-alive" in options
        return Request(method, target, headers, self._read_body(headers), keep_alive)

    def send(self, data: bytes | bytearray, *, more: bool = False) -> None:
        """Send bytes; with `more`, the kernel may hold them back to join them with what follows."""
        self._sock.sendall(data, socket.MSG_MORE if more and self._plain else 0)

    def send_file(self, file: Path, start: int, stop: int) -> None:
        """Send the bytes ``start`` to ``stop`` of a file, by sendfile where there is no TLS."""
        with file.open("rb", buffering=0) as source:
            if not self._plain:
                self._sock.sendfile(source, start, stop - start)
                return
            while start < stop:
                sent = os.sendfile(self._sock.fileno(), source.fileno(), start, stop - start)
                if sent == 0:  # the file is shorter than the world says: nothing honest can follow
                    raise ConnectionAbortedError(f"{file} ended at byte {start}")
                start += sent

    def client_left_within(self, timeout_s: float) -> bool:
        """Wait for the end of the connection, from either side; False when the time is over before."""
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        return bool(poll.poll(timeout_s * 1000))

    def drain(self) -> None:
        """Wait until the client's kernel has everything that was sent, at most `DRAIN_S`."""
        deadline = time.monotonic() + DRAIN_S
        while self._unacknowledged_bytes() and time.monotonic() < deadline:
            if self.client_left_within(0.001):
                return

    def end(self) -> None:
        """Say that no more will come, in the proper way; the client sees a clean end of stream."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            return  # gone already

    def reset(self) -> None:
        """Break the connection off: the client sees ECONNRESET instead of an end."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def abort(self) -> None:
        """Wake whoever reads or writes on this connection; it is over. Callable from any thread."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # gone already

    def close(self) -> None:
        """Give the socket back to the system."""
        self._sock.close()

    def _unacknowledged_bytes(self) -> int:
        answer = fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0])

    def _read_head(self) -> bytes | None:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if len(self._received) > MAX_HEAD_BYTES:
                raise BadRequestError(431, "The head of the request is too large.")
            if not self._receive():
                return None
        head = bytes(self._received[:end])
        del self._received[: end + 4]
        return head

    def _read_body(self, headers: Mapping[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequestError(501, "A request body needs a Content-Length here.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise BadRequestError(400, "The Content-Length is no number.")
        if len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
            raise BadRequestError(413, "The body of the request is too large.")
        while len(self._received) < int(length):
            if not self._receive():
                raise BadRequestError(400, "The body of the request ended early.")
        body = bytes(self._received[: int(length)])
        del self._received[: int(length)]
        return body

    def _receive(self) -> bool:
        data = self._sock.recv(RECEIVE_BYTES)
        self._received += data
        return bool(data)


def head_bytes(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a reply; headers go out as given, so a reply may repeat one or lie.

    Text that is not Latin-1 goes out as UTF-8, which is what servers do, RFC or not.
    """
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _parsed_head(head: bytes) -> tuple[str, str, str, Mapping[str, str]]:
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] not in {"HTTP/1.1", "HTTP/1.0"} or not parts[1].startswith("/"):
        raise BadRequestError(400, "This is no HTTP/1.1 request.")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or not name or name != name.strip():
            raise BadRequestError(400, "A header line is malformed.")
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    if parts[2] == "HTTP/1.1" and "host" not in headers:
        raise BadRequestError(400, "The Host header is missing.")
    return parts[0], parts[1], parts[2], headers
