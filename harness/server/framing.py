"""Misbehaving around the body: heads that are none or never end, chunks that are none, bodies without an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.server.faults import FaultError, Stage, Step
from harness.server.registry import behaviour
from harness.server.reply import NO_STATUS, Ending, FileSlice, Piece, Reply
from harness.server.wire import Connection, head_bytes

__all__: list[str] = []

BLOCK_BYTES = 64 * 1024
MOST_REPEATS = 1_000_000
MOST_HEADERS = 100_000
MOST_HEAD_BYTES = 16 * 1024 * 1024
CHUNK_ENDS = {
    True: (b"0\r\n\r\n", b""),
    "unended": (b"", b""),
    "bad_size": (b"no number\r\n", b""),
    "endless_size": (b"", b"0" * BLOCK_BYTES),
    "endless_chunks": (b"", b"10000\r\n" + bytes(BLOCK_BYTES) + b"\r\n"),
    "endless_trailers": (b"0\r\n", b"X-Trailer: and another\r\n" * 2000),
}


@behaviour("chunked")
def _chunked(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send the body as two chunks; a text says how they end: "unended", "bad_size", "endless_size" and others.

    "endless_chunks" and "endless_trailers" are those. No length is stated, unless `headers` puts one beside the chunks.
    """
    if not isinstance(step.value, str | bool) or step.value not in CHUNK_ENDS:
        raise FaultError(f"chunked: expected true or {', '.join(str(end) for end in CHUNK_ENDS if end is not True)}")
    last, for_ever = CHUNK_ENDS[step.value]
    pieces: list[Piece] = []
    for piece in _halves(reply.body):
        pieces += [f"{len(piece):x}\r\n".encode(), piece, b"\r\n"]
    framed = replace(reply, body=(*pieces, last), announce=None, coda=_endless(for_ever) if for_ever else None)
    return framed.with_headers(("Transfer-Encoding", "chunked"))


@behaviour("endless")
def _endless_body(reply: Reply, _step: Step, _stage: Stage) -> Reply:
    """Send zeros after the body, until the client has had enough."""
    return replace(reply, coda=_endless(bytes(BLOCK_BYTES)))


@behaviour("cut_at")
def _cut_at(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send the file up to this byte, whatever range was asked, and close the connection."""
    left = step.whole(step.value)
    first = reply.body[0] if reply.body else b""
    start = first.start if isinstance(first, FileSlice) else 0
    return replace(reply, send_bytes=max(0, left - start), ending=Ending.CLOSE)


@behaviour("surplus")
def _surplus(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send this text behind the body, on a connection that stays open: an answer to what nobody asked yet."""
    text = step.text(step.value).encode("latin-1", "replace")
    return replace(reply, coda=lambda connection: connection.send(text))


@behaviour("informational", "count")
def _informational(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Say this 1xx `count` times, or for ever where that is "endless", before the reply."""
    head = head_bytes(step.whole(step.value), [("Link", "</style.css>; rel=preload")])
    if step.options.get("count") == "endless":
        return replace(reply, status=NO_STATUS, speak=_speaking_for_ever(head))
    count = step.whole(step.options.get("count", 1), most=MOST_REPEATS)
    return replace(reply, prelude=lambda connection: connection.send(head * count))


@behaviour("drip_head")
def _drip_head(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send the status line at once, and then a head that never ends, a byte every so many seconds."""
    pause_s = step.number(step.value)

    def drip(connection: Connection) -> Ending:
        connection.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not connection.client_left_within(pause_s):
            connection.send(b"x")
        return Ending.CLOSE

    return replace(reply, status=NO_STATUS, speak=drip)


@behaviour("many_headers", "bytes")
def _many_headers(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Add so many headers, each with a value of `bytes` characters."""
    count = step.whole(step.value, most=MOST_HEADERS)
    value = "x" * step.whole(step.options.get("bytes", 10), most=MOST_HEAD_BYTES)
    if count * len(value) > MOST_HEAD_BYTES:
        raise FaultError(f"many_headers: together more than {MOST_HEAD_BYTES} bytes")
    return reply.with_headers(*((f"X-{number}", value) for number in range(count)))


@behaviour("raw")
def _raw(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send this text in place of the whole reply, and close the connection."""
    text = step.text(step.value).encode("latin-1", "replace")

    def speak(connection: Connection) -> Ending:
        connection.send(text)
        return Ending.CLOSE

    return replace(reply, status=NO_STATUS, speak=speak)


def _endless(block: bytes) -> Callable[[Connection], None]:
    def go_on(connection: Connection) -> None:
        while True:  # ended by the client: sending raises then
            connection.send(block)

    return go_on


def _speaking_for_ever(block: bytes) -> Callable[[Connection], Ending]:
    def speak(connection: Connection) -> Ending:
        _endless(block)(connection)
        return Ending.CLOSE

    return speak


def _halves(body: tuple[Piece, ...]) -> list[Piece]:
    halves: list[Piece] = []
    for piece in body:
        middle = len(piece) // 2
        if isinstance(piece, bytes):
            halves += [piece[:middle], piece[middle:]]
        else:
            at = piece.start + middle
            halves += [replace(piece, stop=at), replace(piece, start=at)]
    return [half for half in halves if len(half)]
