"""Misbehaving in what a body holds: bytes that are wrong or there twice, or compressed though nobody asked."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import replace

from harness.server.faults import Stage, Step
from harness.server.registry import behaviour
from harness.server.reply import FileSlice, Piece, Reply, split

__all__: list[str] = []

BLOCK_BYTES = 4096
MIB = 1024 * 1024
MOST_MIB = 65_536


@behaviour("wrong_bytes")
def _wrong_bytes(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Flip one bit of the file, at this share of its length; the same one whatever range is asked."""
    share = step.share(step.value, default=0.5)
    pieces: list[Piece] = []
    for piece in reply.body:
        pieces += _flipped(piece, share)
    return replace(reply, body=tuple(pieces))


@behaviour("duplicate")
def _duplicate(reply: Reply, step: Step, _stage: Stage) -> Reply:
    """Send a block of 4096 bytes twice, at this share of the body; the last block falls off, so the length is right."""
    at = int(reply.body_bytes * step.share(step.value, default=0.5))
    before, rest = split(reply.body, at)
    block, _ = split(rest, BLOCK_BYTES)
    body, _ = split((*before, *block, *rest), reply.body_bytes)
    return replace(reply, body=body)


@behaviour("gzip")
def _gzip(_reply: Reply, _step: Step, stage: Stage) -> Reply:
    """Send the whole compressed, and say so, whether that was asked for or not."""
    whole = _whole(stage)
    data = gzip.compress(_joined(whole.body), 1)
    return whole.with_headers(("Content-Encoding", "gzip")).with_body(data)


@behaviour("bomb")
def _bomb(_reply: Reply, step: Step, stage: Stage) -> Reply:
    """Send a gzip body of a few kilobytes that unpacks to this many MiB of zeros."""
    member = gzip.compress(bytes(MIB), 9)  # members may follow each other (RFC 1952, 2.2)
    data = member * step.whole(step.value, most=MOST_MIB)
    return _whole(stage).with_headers(("Content-Encoding", "gzip")).with_body(data)


def _whole(stage: Stage) -> Reply:
    rest = {name: value for name, value in stage.request.headers.items() if name != "range"}
    return stage.answer(replace(stage.request, headers=rest), None)


def _joined(body: Iterable[Piece]) -> bytes:
    return b"".join(
        piece if isinstance(piece, bytes) else piece.file.read_bytes()[piece.start : piece.stop] for piece in body
    )


def _flipped(piece: Piece, share: float) -> list[Piece]:
    if isinstance(piece, bytes):
        at = int((len(piece) - 1) * share)
        return [piece[:at], bytes([piece[at] ^ 1]), piece[at + 1 :]] if piece else []
    at = int((piece.file.stat().st_size - 1) * share)
    if not piece.start <= at < piece.stop:
        return [piece]
    with piece.file.open("rb") as stream:
        stream.seek(at)
        wrong = bytes([stream.read(1)[0] ^ 1])
    return [FileSlice(piece.file, piece.start, at), wrong, FileSlice(piece.file, at + 1, piece.stop)]
