"""One request and its answer: what is asked, the headers that come, the body as it arrives."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import requests

from chadsdk.cancel import CancelToken
from chadsdk.errors import IntegrityError, TrackError
from chadsdk.pace import Pace
from chadsdk.session import naming_network_errors
from chadsdk.watch import Watch

__all__ = ["Incoming", "Reply", "Request"]

_PIECE_BYTES = 256 * 1024
_END_S = 1.0  # how long a body that is all here may take to say that nothing follows


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
class Incoming:
    """An answer whose body is still to come. Valid inside `Transport.opening` only."""

    reply: Reply
    what: str
    _response: requests.Response
    _token: CancelToken
    _watch: Watch
    _pace: Pace

    def pieces(self, *, limit_bytes: int | None = None) -> Iterator[bytes]:
        """Give the body as it arrives, in pieces of at most 256 KiB, none empty.

        Args:
            limit_bytes: Read no further than this; None to read to the end.

        Raises:
            ExportCancelled: Cancelled.
            TrackError: The connection failed, or the body comes too slowly.
        """
        left = math.inf if limit_bytes is None else limit_bytes
        while left and (piece := self._read(int(min(left, self._pace.read_bytes(_PIECE_BYTES))))):
            left -= len(piece)
            yield piece

    def _read(self, wanted: int) -> bytes:
        """Wait for up to so many bytes of the body; none at its end."""
        self._pace.wait(self._token)
        self._watch.read_begins()
        try:
            with naming_network_errors(self.what, body=True):
                piece: bytes = self._response.raw.read1(wanted, decode_content=False)
        except TrackError:
            self._token.raise_if_cancelled()
            self._watch.raise_if_late(self.what)
            raise
        self._watch.read_ended(len(piece))
        self._pace.took(len(piece))
        # A cut line can look like a clean end.
        self._token.raise_if_cancelled()
        if not piece:
            self._watch.raise_if_late(self.what)
        return piece

    def _surplus(self) -> bytes:
        """Look one byte beyond the body's expected end; a server that does not come to an end there says nothing."""
        self._watch.expect(_END_S)
        try:
            return self._read(1)
        except TrackError:
            return b""  # trailers without end, or broken: all that was wanted is here
        finally:
            self._watch.rest()

    def receive(
        self,
        into: BinaryIO,
        *,
        digest: hashlib._Hash,
        limit_bytes: int,
        inspect: Callable[[bytes], object],
        advance: Callable[[int], object],
    ) -> int:
        """Write the body into an open, unbuffered file, from where it stands.

        Args:
            into: The file.
            digest: Fed with what is written.
            limit_bytes: Most bytes to accept; those of a body that does not come to an end there are taken as all.
            inspect: Shown the first piece before it is written; it may raise.
            advance: Told how many bytes of this body are written.

        Returns:
            The bytes received.

        Raises:
            ExportCancelled: Cancelled; what had arrived is in the file.
            IntegrityError: More than `limit_bytes`; the surplus is neither written nor read beyond its first byte.
            TrackError: The connection failed; what had arrived is in the file.
            OSError: The file cannot take it.
        """
        done = 0
        for piece in self.pieces(limit_bytes=limit_bytes):
            if not done:
                inspect(piece)
            _write_all(into, piece)
            digest.update(piece)
            done += len(piece)
            advance(done)
        if done == limit_bytes and self._surplus():
            raise IntegrityError(f"The server sends more than the {limit_bytes} bytes expected of {self.what}.")
        return done


def _write_all(into: BinaryIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[into.write(view) :]
