"""One request and its answer: what is asked, the headers that come, the body as it arrives."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

import urllib3

from chadsdk.body import CountedBody, Splice
from chadsdk.cancel import CancelToken
from chadsdk.errors import IntegrityError, TrackError
from chadsdk.files import write_all
from chadsdk.session import naming_network_errors

__all__ = ["Incoming", "Intake", "Reply", "Request"]

_FIRST_BYTES = 64 * 1024  # small, so that little is allocated for a small file
_LARGEST_BYTES = 1024 * 1024
_FULL_S = 0.1  # a piece is passed on after this time, full or not: progress on a slow link has to move


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for.

    Attributes:
        url: Absolute address at the server's own origin.
        what: What it is in words, for messages, such as ``track t-9``.
        method: GET, HEAD or POST.
        headers: Besides the usual ones and the credentials.
        body: Body of a POST.
    """

    url: str
    what: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The status line and headers of an answer.

    Attributes:
        status: 200, 206 or 416: any other became an error.
        headers: Names compare without regard to case.
    """

    status: int
    headers: Mapping[str, str]

    @property
    def content_length(self) -> int | None:
        """Length that is announced; None when it is absent or no plain number."""
        value = self.headers.get("Content-Length", "")
        return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


@dataclass(frozen=True, slots=True)
class Intake:
    """Where a body goes.

    Attributes:
        stream: An open, unbuffered file that stands at `at`.
        at: Place in it of the body's first byte.
        room: Tells, for a place in the file, how many bytes more are wanted there; what it says may fall meanwhile.
        advance: Told the place that is reached, after each piece is written.
        inspect: Shown the first piece before it is written; it may raise.
        digest: Fed with what is written; None when nobody needs it.
    """

    stream: BinaryIO
    at: int
    room: Callable[[int], int]
    advance: Callable[[int], object]
    inspect: Callable[[bytes], object]
    digest: hashlib._Hash | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer whose body is still to come. Valid inside `Transport.opening` only."""

    reply: Reply
    what: str
    _response: urllib3.HTTPResponse
    _token: CancelToken

    def pieces(self) -> Iterator[bytes]:
        """Give the body as it arrives, in pieces of at most 1 MiB, none empty.

        Raises:
            ExportCancelled: Cancelled.
            TrackError: The connection failed.
        """
        size = _FIRST_BYTES
        while piece := self._next_piece(size):
            if len(piece) == size:
                size = min(2 * size, _LARGEST_BYTES)
            yield piece

    def receive(self, intake: Intake) -> int:
        """Write the body into a file.

        Returns:
            The place in the file that was reached.

        Raises:
            ExportCancelled: Cancelled; what had arrived is in the file.
            IntegrityError: More comes than there is room for; the surplus is not written.
            TrackError: The connection failed; what had arrived is in the file.
            OSError: The file cannot take it.
        """
        at = self._store_first(intake)
        body = CountedBody.of(self._response)
        if body is None:
            return self._receive_framed(intake, at)
        if intake.digest is None and body.left > _FIRST_BYTES and Splice.suits(body):
            at = self._splice(intake, body, at)
        else:
            at = self._read(intake, body, at)
        body.finish()
        return at

    def _store_first(self, intake: Intake) -> int:
        first = self._next_piece(_FIRST_BYTES)
        if not first:
            return intake.at
        intake.inspect(first)
        self._refuse_surplus(intake, intake.at, first)
        return _store(first, intake, intake.at)

    def _read(self, intake: Intake, body: CountedBody, at: int) -> int:
        buffer = memoryview(bytearray(min(body.left, _LARGEST_BYTES)))
        while (wanted := min(intake.room(at), len(buffer), body.left)) > 0:
            with self._believing():
                count = body.fill(buffer[:wanted], within_s=_FULL_S)
            self._token.raise_if_cancelled()
            at = _store(buffer[:count], intake, at)
        return at

    def _splice(self, intake: Intake, body: CountedBody, at: int) -> int:
        with Splice(body) as splice:
            while (wanted := min(intake.room(at), body.left)) > 0:
                with self._believing():
                    count = splice.take(wanted)
                self._token.raise_if_cancelled()
                splice.put(count, intake.stream)
                at += count
                intake.advance(at)
        return at

    def _receive_framed(self, intake: Intake, at: int) -> int:
        """Take a body whose length nobody announced, and look for its end, which no count tells."""
        while True:
            try:
                piece = self._next_piece(_LARGEST_BYTES)
            except TrackError:
                if intake.room(at):
                    raise
                return at  # all is here; what could not be had is the end mark, or trailers that do not end
            if not piece:
                return at
            self._refuse_surplus(intake, at, piece)
            at = _store(piece, intake, at)

    def _refuse_surplus(self, intake: Intake, at: int, piece: bytes) -> None:
        room = intake.room(at)
        if len(piece) > room:
            raise IntegrityError(f"The server sends more than the {at + room} bytes expected of {self.what}.")

    def _next_piece(self, size: int) -> bytes:
        with self._believing():
            piece: bytes = self._response.read1(size, decode_content=False)
        # A cut line can look like a clean end.
        self._token.raise_if_cancelled()
        return piece

    @contextmanager
    def _believing(self) -> Iterator[None]:
        """Name the errors of the network, unless it was a cancel that cut the line."""
        try:
            with naming_network_errors(self.what, body=True):
                yield
        except TrackError:
            self._token.raise_if_cancelled()
            raise


def _store(piece: bytes | memoryview, intake: Intake, at: int) -> int:
    write_all(intake.stream, piece)
    if intake.digest is not None:
        intake.digest.update(piece)
    intake.advance(at + len(piece))
    return at + len(piece)
