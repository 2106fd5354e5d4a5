"""The head of an answer: whatever bytes http.client takes for one."""

from __future__ import annotations

from collections.abc import Iterator

from tests.answers import check_answer, read_answer
from tests.fuzz.target import Target

__all__ = ["TARGET"]


def _take(data: bytes) -> None:
    reply = read_answer(data)
    if reply is not None:
        check_answer(reply)


def _seeds() -> Iterator[bytes]:
    usual = b'Content-Type: audio/wav\r\nContent-Length: 600\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\n'
    yield b"HTTP/1.1 200 OK\r\n" + usual + b"Content-Disposition: attachment; filename*=UTF-8''a%2ewav\r\n\r\n"
    yield b"HTTP/1.1 206 Partial Content\r\n" + usual + b"Content-Range: bytes 400-999/1000\r\n\r\n"
    yield b"HTTP/1.1 416 x\r\nContent-Range: bytes */1000\r\nContent-Encoding: gzip\r\n\r\n"
    yield b"HTTP/1.1 429 x\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
    yield b"HTTP/1.1 200 x\r\nRepr-Digest: sha-256=:" + b"A" * 43 + b"=:\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"HTTP/1.1 302 x\r\nLocation: //music.example:8443/a?b#c\r\n\r\n"
    yield b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"


_NAMES = ("Content-Length", "Content-Range", "Content-Disposition", "Content-Type", "ETag", "Retry-After", "Location")

TARGET = Target(
    take=_take,
    seeds=_seeds,
    words=(
        *(b"\r\n ", b"\r", b"\0", b'W/"', b"bytes */", b"400-999/1000", b"://", b"\xe9", b"filename=", b"-2359"),
        *tuple(f"\r\n{name}: ".encode() for name in (*_NAMES, "Repr-Digest", "Transfer-Encoding", "Content-Encoding")),
    ),
)
