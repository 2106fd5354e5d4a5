"""`CountedBody`: a reply's body of known length, taken from the connection's socket itself. Owns how bytes move.

requests and urllib3 pass each piece through three layers and a new bytes object. Where the length is announced and
nothing is encoded, the socket can be read without them: into one buffer that is used again, or, where nobody has to
look at the bytes, by ``splice(2)`` from the socket into the file without leaving the kernel (ADR 14).

It leans on ``HTTPResponse._fp`` of urllib3 and on ``length`` and ``fp`` of http.client; where an upgrade takes them
away, `CountedBody.of` gives None and the body comes by the ordinary way. A test tells.
"""

from __future__ import annotations

import errno
import http.client
import io
import os
import socket
import ssl
import time
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

import urllib3
from urllib3.util.wait import wait_for_read

from chadsdk.files import write_all

try:
    import fcntl
except ImportError:  # Windows, which has no splice either
    _CAN_SPLICE = False
else:
    _CAN_SPLICE = hasattr(os, "splice") and hasattr(fcntl, "F_SETPIPE_SZ")

__all__ = ["CountedBody", "Splice"]

_NO_SPLICE = {errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES}  # a sandbox, an odd kernel
_PIPE_BYTES = 1024 * 1024  # pipe(7): the most that an unprivileged process may have


class CountedBody:
    """What is still to come of a body. Not thread-safe.

    Attributes:
        left: Bytes that are still to come.
    """

    def __init__(self, response: urllib3.HTTPResponse, reply: http.client.HTTPResponse, sock: socket.socket) -> None:
        self._response = response
        self._reply = reply
        self._socket = sock
        self._failure: Exception | None = None
        self.left = reply.length or 0

    @classmethod
    def of(cls, response: urllib3.HTTPResponse, *, asked: int, got: int) -> CountedBody | None:
        """Give the rest of a body of which a first piece was read.

        The headers were read through a buffer, which holds the first bytes of the body. They are gone from it when the
        first piece was shorter than asked (``read1`` gives what is buffered and no more), or as long as the buffer.

        Args:
            response: The reply.
            asked: How long the first piece might have been.
            got: How long it was.

        Returns:
            None where the body is framed in chunks, ends with the connection, or is over, or part of it is buffered.
        """
        if got >= asked and got < io.DEFAULT_BUFFER_SIZE:
            return None
        reply = getattr(response, "_fp", None)
        sock = getattr(response.connection, "sock", None)
        if not isinstance(reply, http.client.HTTPResponse) or not isinstance(sock, socket.socket):
            return None
        if reply.isclosed() or reply.chunked or not reply.length:
            return None
        return cls(response, reply, sock)

    @property
    def is_plain(self) -> bool:
        """Whether the kernel has the very bytes of the body: no TLS between."""
        return not isinstance(self._socket, ssl.SSLSocket)

    def fill(self, view: memoryview, *, within_s: float) -> int:
        """Read into a buffer until it is full or the time is over, at least one byte.

        Raises:
            http.client.IncompleteRead: The connection ended too early.
            OSError: It broke, or was silent for too long. What came before is given first, then this is raised.
        """
        if self._failure is not None:
            raise self._failure
        filled, wanted, until = 0, min(len(view), self.left), time.monotonic() + within_s
        try:
            while filled < wanted:
                count = self._socket.recv_into(view[filled:wanted])
                if not count:
                    raise http.client.IncompleteRead(b"", self.left - filled)
                filled += count
                if time.monotonic() > until:
                    break
        except (OSError, ValueError, http.client.HTTPException) as exc:
            if not filled:
                raise
            self._failure = exc
        self._took(filled)
        return filled

    def finish(self) -> None:
        """Give the connection of a body that came whole back to its pool; of any other nothing happens here."""
        if not self.left:
            with suppress(OSError):  # the body is here
                self._reply.close()
            self._response.release_conn()

    def _took(self, count: int) -> None:
        self.left -= count
        self._reply.length = self.left


class Splice:
    """Moves a body from its socket into a file inside the kernel. A context manager; Linux only."""

    def __init__(self, body: CountedBody, pipe: tuple[int, int]) -> None:
        self._body = body
        self._out, self._into = pipe
        self._in_kernel = True
        with suppress(OSError):  # over this user's limit for pipes: a smaller one does as well
            fcntl.fcntl(self._into, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @classmethod
    def of(cls, body: CountedBody) -> Splice | None:
        """Give one for a body; None where this system or this body cannot do it, or no pipe is to be had."""
        if not _CAN_SPLICE or not body.is_plain:
            return None
        try:
            return cls(body, os.pipe2(os.O_CLOEXEC))
        except OSError:  # no descriptors are left
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self._out, self._into):
            with suppress(OSError):  # nothing is in it any more, or nothing that is wanted
                os.close(end)

    def take(self, wanted: int) -> int:
        """Take at most so many bytes off the socket, at least one; 0 where the system cannot splice from it.

        Raises:
            http.client.IncompleteRead: The connection ended too early.
            OSError: It broke, or was silent for too long.
        """
        body = self._body
        wanted = min(wanted, body.left, _PIPE_BYTES)
        sock = body._socket  # noqa: SLF001 - the two are one thing in two states
        while True:
            try:
                count = os.splice(sock.fileno(), self._into, wanted, flags=os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK)
            except BlockingIOError:
                if not wait_for_read(sock, sock.gettimeout()):
                    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
                continue
            except OSError as exc:
                if exc.errno in _NO_SPLICE:
                    return 0
                raise
            if not count:
                raise http.client.IncompleteRead(b"", body.left)
            body._took(count)  # noqa: SLF001
            return count

    def put(self, count: int, into: BinaryIO) -> None:
        """Put what was taken into a file, where it stands.

        Raises:
            OSError: The file cannot take it.
        """
        while count:
            try:
                moved = os.splice(self._out, into.fileno(), count) if self._in_kernel else 0
            except OSError as exc:
                if exc.errno != errno.EINVAL:
                    raise
                self._in_kernel = False  # a file system that cannot: by hand
                continue
            if not moved:
                piece = os.read(self._out, count)
                write_all(into, piece)
                moved = len(piece)
            count -= moved
