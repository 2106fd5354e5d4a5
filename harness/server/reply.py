"""A reply as a value, how it is to go out included, and the one function that sends it.

A well-behaved reply is a head and a body. What a fault changes stands in the same value: where the body
stops, how the connection ends, where to pause, how fast to go, or a `speak` that replaces sending altogether.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from enum import Enum, auto
from pathlib import Path

from harness.server.wire import Connection, Headers, head_bytes

__all__ = [
    "NO_STATUS",
    "Ending",
    "FileSlice",
    "Pause",
    "Piece",
    "Reply",
    "deliver",
    "error_reply",
    "json_reply",
    "split",
]

PACE_S = 0.05
NO_STATUS = 0


class Ending(Enum):
    """What becomes of the connection after a reply."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True)
class FileSlice:
    """The bytes of a file from `start` up to and without `stop`."""

    file: Path
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


Piece = bytes | FileSlice


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait in the middle of a reply.

    Attributes:
        at_byte: After so many bytes of the body; None means before the head.
        wait: Returns when it is time to go on, or raises ConnectionError when nobody listens any more.
    """

    at_byte: int | None
    wait: Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, and how.

    Attributes:
        status: HTTP status; `NO_STATUS` where none is sent.
        headers: In order and as sent; without Content-Length unless a fault put one in.
        body: Pieces that follow each other.
        announce: The Content-Length to state; None states none, so that only the end of the connection
            ends the body.
        send_bytes: How much of the body really goes out; None for all.
        ending: What becomes of the connection.
        pauses: Waits on the way.
        bytes_per_s: Pace of the body; None for as fast as it goes.
        fast_bytes: How much of the body goes out before that pace begins.
        prelude: Says something before the head.
        coda: Goes on after the body, until it is done or the client leaves.
        speak: Says the whole reply in its own way, in place of all the above.
    """

    status: int
    headers: Headers = ()
    body: tuple[Piece, ...] = ()
    announce: int | None = 0
    send_bytes: int | None = None
    ending: Ending = Ending.KEEP
    pauses: tuple[Pause, ...] = ()
    bytes_per_s: float | None = None
    fast_bytes: int = 0
    prelude: Callable[[Connection], None] | None = None
    coda: Callable[[Connection], None] | None = None
    speak: Callable[[Connection], Ending] | None = None

    @property
    def body_bytes(self) -> int:
        """Length of the whole body."""
        return sum(len(piece) for piece in self.body)

    def with_body(self, *body: Piece) -> Reply:
        """The same with another body, announced truthfully."""
        return replace(self, body=body, announce=sum(len(piece) for piece in body))

    def with_headers(self, *changed: tuple[str, str | None]) -> Reply:
        """The same with these headers set, or left out where the value is None."""
        names = {name.lower() for name, _ in changed}
        kept = tuple(header for header in self.headers if header[0].lower() not in names)
        added = tuple((name, value) for name, value in changed if value is not None)
        return replace(self, headers=kept + added)


def json_reply(status: int, document: object, *headers: tuple[str, str]) -> Reply:
    """A reply that carries a JSON document; half a character goes out as its own escape."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Reply(status, (("Content-Type", "application/json"), *headers)).with_body(body)


def error_reply(status: int, code: str, message: str, *headers: tuple[str, str]) -> Reply:
    """An error as the API reports them."""
    return json_reply(status, {"error": {"code": code, "message": message}}, *headers)


def deliver(
    reply: Reply,
    connection: Connection,
    *,
    head_only: bool,
    keep_alive: bool,
    note_status: Callable[[int], None],
) -> Ending:
    """Send a reply and say what is to become of the connection.

    `note_status` is told the status before the first byte goes out, so that who has seen a reply finds
    it noted.

    Raises:
        OSError: The client went away, or the connection broke.
    """
    for pause in reply.pauses:
        if pause.at_byte is None:
            pause.wait(connection)
    if reply.status != NO_STATUS:
        note_status(reply.status)
    if reply.speak is not None:
        return reply.speak(connection)
    ending = reply.ending
    if ending is Ending.KEEP and (not keep_alive or (reply.announce is None and not head_only)):
        ending = Ending.CLOSE
    body = () if head_only else split(reply.body, reply.send_bytes)[0]
    if reply.prelude is not None:
        reply.prelude(connection)
    _send(reply, _head(reply, ending), body, connection)
    if reply.coda is not None and not head_only:
        reply.coda(connection)
    if ending is Ending.RESET:
        connection.drain()
    return ending


def split(body: tuple[Piece, ...], at_byte: int | None) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """A body in two: its first `at_byte` bytes, and the rest."""
    left = sum(len(piece) for piece in body) if at_byte is None else at_byte
    before: list[Piece] = []
    after: list[Piece] = []
    for piece in body:
        cut = min(left, len(piece))
        left -= cut
        before.append(_part(piece, 0, cut))
        after.append(_part(piece, cut, len(piece)))
    return tuple(filter(len, before)), tuple(filter(len, after))


def _part(piece: Piece, start: int, stop: int) -> Piece:
    if isinstance(piece, bytes):
        return piece[start:stop]
    return replace(piece, start=piece.start + start, stop=piece.start + stop)


def _head(reply: Reply, ending: Ending) -> bytes:
    headers = [("Date", formatdate(usegmt=True)), *reply.headers]
    if reply.announce is not None and reply.status not in {204, 304}:
        headers.append(("Content-Length", str(reply.announce)))
    if reply.announce is None or (ending is Ending.CLOSE and reply.send_bytes is None):
        headers.append(("Connection", "close"))
    return head_bytes(reply.status, headers)


def _send(reply: Reply, head: bytes, body: tuple[Piece, ...], connection: Connection) -> None:
    """Head and body; what is small goes out in one packet with the head."""
    stops = [(pause.at_byte, pause.wait) for pause in reply.pauses if pause.at_byte is not None]
    if len(body) == 1 and isinstance(body[0], bytes) and not stops and not reply.bytes_per_s:
        connection.send(head + body[0])
        return
    connection.send(head, more=bool(body) and not stops and not reply.bytes_per_s)
    done = 0
    if reply.fast_bytes:
        done = reply.fast_bytes
        before, body = split(body, done)
        _send_pieces(before, None, connection)
    for at_byte, wait in sorted(stops, key=lambda stop: stop[0]):
        before, body = split(body, max(0, at_byte - done))
        _send_pieces(before, reply.bytes_per_s, connection)
        done = max(done, at_byte)
        wait(connection)
    _send_pieces(body, reply.bytes_per_s, connection)


def _send_pieces(body: tuple[Piece, ...], bytes_per_s: float | None, connection: Connection) -> None:
    if bytes_per_s is not None:
        _send_slowly(body, bytes_per_s, connection)
        return
    for piece in body:
        if isinstance(piece, bytes):
            connection.send(piece)
        else:
            connection.send_file(piece.file, piece.start, piece.stop)


def _send_slowly(body: tuple[Piece, ...], bytes_per_s: float, connection: Connection) -> None:
    started, sent = time.monotonic(), 0
    while body:
        due = max(1, int((time.monotonic() - started + PACE_S) * bytes_per_s) - sent)
        now, body = split(body, due)
        _send_pieces(now, None, connection)
        sent += due
        wait_s = sent / bytes_per_s - (time.monotonic() - started)
        if wait_s > 0 and connection.client_left_within(wait_s):
            raise ConnectionAbortedError("the client left")
