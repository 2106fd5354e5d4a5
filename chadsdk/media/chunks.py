"""The chunks that RIFF, IFF, CAF and MP4 files are made of: where each begins and where it says it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chadsdk.media.window import Window

__all__ = ["Chunk", "caf_chunks", "iff_chunks", "mp4_boxes", "riff_chunks"]

# A file of nothing but empty chunks must not hold us for minutes; no honest one has so many.
_MOST_CHUNKS: Final = 65_536
_TO_THE_END: Final = 0xFFFF_FFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk.

    Attributes:
        kind: Its four-letter name.
        body_at: Offset of its first byte after the header.
        body_bytes: The length that its header claims; None where that is "up to the end of the file".
    """

    kind: bytes
    body_at: int
    body_bytes: int | None

    @property
    def end(self) -> int | None:
        """Offset after its last byte, by its own claim."""
        return None if self.body_bytes is None else self.body_at + self.body_bytes


def riff_chunks(window: Window, at: int = 12) -> Iterator[Chunk]:
    """The chunks of a RIFF file (little-endian, padded to even offsets), as far as the headers can be read."""
    return _padded_chunks(window, at, "<4")


def iff_chunks(window: Window, at: int = 12) -> Iterator[Chunk]:
    """The chunks of an IFF file such as AIFF (big-endian, padded), as far as the headers can be read."""
    return _padded_chunks(window, at, ">4")


def _padded_chunks(window: Window, at: int, layout: str) -> Iterator[Chunk]:
    for _ in range(_MOST_CHUNKS):
        if at + 8 > window.size_bytes:
            return
        size = window.number(at + 4, layout)
        yield Chunk(window.at(at, 4), at + 8, size)
        at += 8 + size + size % 2


def caf_chunks(window: Window) -> Iterator[Chunk]:
    """The chunks of a Core Audio file; the ``data`` chunk may be open-ended (its size is then -1)."""
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 12 > window.size_bytes:
            return
        size = window.number(at + 4, ">8")
        yield Chunk(window.at(at, 4), at + 12, None if size == _TO_THE_END else size)
        at += 12 + size


def mp4_boxes(window: Window, at: int = 0, end: int | None = None) -> Iterator[Chunk]:
    """The boxes of an MP4 file, or those inside one box (ISO/IEC 14496-12 section 4.2).

    Ends before the first thing that cannot be a box.
    """
    end = window.size_bytes if end is None else min(end, window.size_bytes)
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            return
        size, header = window.number(at, ">4"), 8
        if size == 1:
            size, header = window.number(at + 8, ">8"), 16
        if size and size < header:
            return
        yield Chunk(window.at(at + 4, 4), at + header, size - header if size else None)
        if not size:
            return
        at += size
