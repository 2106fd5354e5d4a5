"""Random access to the bytes of a file, or to its first bytes only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["HEAD_BYTES", "Window", "head_window", "open_window"]

HEAD_BYTES: Final = 64 * 1024
"""How many first bytes settle nearly every question; a shorter head is taken for a whole file."""


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes that can be looked at anywhere. For one thread: looking moves the stream's position.

    Attributes:
        stream: Where they are read from.
        size_bytes: How many there are.
        whole: Whether they are all there is; False for the head of something longer.
    """

    stream: BinaryIO
    size_bytes: int
    whole: bool

    def at(self, offset: int, length: int) -> bytes:
        """The bytes from `offset` on; fewer than `length`, or none, past the end."""
        if not 0 <= offset < self.size_bytes:  # `seek` overflows on what a hostile 64-bit size adds up to
            return b""
        self.stream.seek(offset)
        return self.stream.read(length)

    def number(self, offset: int, layout: str) -> int:
        """The unsigned number there: ``>4`` is big-endian in four bytes, ``<8`` little-endian in eight.

        Past the end the missing bytes count as nothing, so a number read there is 0.
        """
        return int.from_bytes(self.at(offset, int(layout[1:])), "big" if layout[0] == ">" else "little")


def head_window(head: bytes) -> Window:
    """A window on the first bytes of something."""
    return Window(BytesIO(head), len(head), whole=len(head) < HEAD_BYTES)


@contextmanager
def open_window(path: Path) -> Iterator[Window]:
    """A window on a whole file, which is closed at the end of the `with`."""
    with path.open("rb") as stream:
        yield Window(stream, os.fstat(stream.fileno()).st_size, whole=True)
