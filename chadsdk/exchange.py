"""One request and its answer: what is asked, the headers that come, the body as it arrives."""

from __future__ import annotations

import functools
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, TypeVar

import urllib3

from chadsdk.body import CountedBody, Splice
from chadsdk.cancel import CancelToken
from chadsdk.errors import IntegrityError, TrackError
from chadsdk.files import write_all
from chadsdk.pace import Pace
from chadsdk.session import naming_network_errors
from chadsdk.watch import Watch

__all__ = ["Incoming", "Intake", "Reply", "Request"]

_FIRST_BYTES = 64 * 1024  # small, so that little is allocated for a small file
_LARGEST_BYTES = 1024 * 1024
_END_S = 1.0  # how long a body that is all here may take to say that nothing follows
_FULL_S = 0.1  # a piece is passed on after this time, full or not: progress on a slow link has to move

R = TypeVar("R", int, bytes)


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
        if "Transfer-Encoding" in self.headers:  # RFC 9112, 6.3: then it says nothing
            return None
        value = self.headers.get("Content-Length", "")
        return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


@dataclass(frozen=True, slots=True)
class Intake:
    """Where a body goes.

    Attributes:
        stream: An open, unbuffered file that stands at `at`.
        at: Place in it of the body's first byte.
        end: Place where the body is to end.
        room: Tells, for a place in the file, how many bytes more are wanted there; what it says may fall meanwhile.
        advance: Told the place that is reached, after each piece is written.
        inspect: Shown the first piece before it is written; it may raise.
        digest: Fed with what is written; None when nobody needs it.
    """

    stream: BinaryIO
    at: int
    end: int
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
    _watch: Watch
    _pace: Pace

    def pieces(self) -> Iterator[bytes]:
        """Give the body as it arrives, in pieces of at most 1 MiB, none empty.

        Raises:
            ExportCancelled: Cancelled.
            TrackError: The connection failed, or the body comes too slowly.
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
        # As much as the buffer of the headers may hold, which Python 3.14 has made larger.
        asked = max(1, min(max(_FIRST_BYTES, io.DEFAULT_BUFFER_SIZE), intake.room(intake.at)))
        at = self._store_first(intake, asked)
        body = CountedBody.of(self._response, asked=asked, got=at - intake.at)
        if body is None:
            return self._receive_framed(intake, at)
        splice = Splice.of(body) if intake.digest is None and body.left > _FIRST_BYTES else None
        if splice is None:
            at = self._read(intake, body, at)
        else:
            with splice:
                at = self._splice(intake, body, splice, at)
        body.finish()
        return at

    def _store_first(self, intake: Intake, asked: int) -> int:
        # Not cut by the cap, which is paid for afterwards: the buffer that read the headers has to be emptied.
        first = self._wait_for(lambda _: self._read1(asked), asked)
        if not first:
            return intake.at
        intake.inspect(first)
        if not intake.room(intake.at):
            raise self._too_much(intake.at)
        return _store(first, intake, intake.at)

    def _read(self, intake: Intake, body: CountedBody, at: int) -> int:
        buffer = memoryview(bytearray(min(body.left, _LARGEST_BYTES)))
        while (wanted := min(intake.room(at), len(buffer), body.left)) > 0:
            # Where our own cap is the bound, no more than is there: to wait for the rest would look like a slow server.
            full_s = _FULL_S if self._pace.read_bytes(wanted) == wanted else 0.0
            fill = functools.partial(_fill, body, buffer, full_s)
            count = self._wait_for(fill, wanted)
            at = _store(buffer[:count], intake, at)
        return at

    def _splice(self, intake: Intake, body: CountedBody, splice: Splice, at: int) -> int:
        while (wanted := min(intake.room(at), body.left)) > 0:
            count = self._wait_for(splice.take, wanted)
            if not count:
                return self._read(intake, body, at)
            splice.put(count, intake.stream)
            at += count
            intake.advance(at)
        return at

    def _receive_framed(self, intake: Intake, at: int) -> int:
        """Take a body whose length nobody announced, up to its end or to what is wanted."""
        while room := intake.room(at):
            piece = self._next_piece(min(room, _LARGEST_BYTES))
            if not piece:
                return at
            at = _store(piece, intake, at)
        if at == intake.end and self._goes_on():  # short of it others have the rest, and more is no surprise
            raise self._too_much(at)
        return at

    def _goes_on(self) -> bool:
        """Look one byte beyond what is wanted; a server that does not come to an end there says nothing."""
        self._watch.expect(_END_S)
        try:
            return bool(self._next_piece(1))
        except TrackError:
            return False  # trailers without end, or broken: all that was wanted is here
        finally:
            self._watch.rest()

    def _too_much(self, at: int) -> IntegrityError:
        return IntegrityError(f"The server sends more than the {at} bytes expected of {self.what}.")

    def _next_piece(self, size: int) -> bytes:
        return self._wait_for(self._read1, size)

    def _read1(self, size: int) -> bytes:
        return self._response.read1(size, decode_content=False)

    def _wait_for(self, read: Callable[[int], R], wanted: int) -> R:
        """Wait for up to so many bytes of the body, under the cap and under the watchdog's eye; none at its end."""
        # Here and not after the read: what a read brought is written first, and kept.
        self._token.raise_if_cancelled()
        self._pace.wait(self._token)
        self._watch.read_begins()
        try:
            with naming_network_errors(self.what, body=True):
                got = read(self._pace.read_bytes(wanted))
        except TrackError:
            self._token.raise_if_cancelled()
            self._watch.raise_if_late(self.what)
            raise
        count = got if isinstance(got, int) else len(got)
        self._watch.read_ended(count)
        self._pace.took(count)
        if not count:  # a cut line can look like a clean end
            self._token.raise_if_cancelled()
            self._watch.raise_if_late(self.what)
        return got


def _fill(body: CountedBody, buffer: memoryview, within_s: float, wanted: int) -> int:
    return body.fill(buffer[:wanted], within_s=within_s)


def _store(piece: bytes | memoryview, intake: Intake, at: int) -> int:
    write_all(intake.stream, piece)
    if intake.digest is not None:
        intake.digest.update(piece)
    intake.advance(at + len(piece))
    return at + len(piece)
