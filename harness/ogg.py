"""Gives an Ogg file a stream number of our choice (RFC 3533), because libsndfile draws it at random."""

from __future__ import annotations

import struct
import zlib

__all__ = ["renumber"]

PAGE_HEADER_BYTES = 27
SERIAL = slice(14, 18)
CHECKSUM = slice(22, 26)

# zlib's CRC-32 is Ogg's with the bits of every byte, and of the result, the other way round.
MIRRORED_BYTES = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
ALL_ONES = 0xFFFF_FFFF


def renumber(ogg: bytes, *, serial: int) -> bytes:
    """The same Ogg file of one stream, with this stream number and fresh page checksums."""
    pages = bytearray(ogg)
    start = 0
    while start < len(pages):
        end = start + _page_length(pages, start)
        pages[start:end] = _with_serial(pages[start:end], serial)
        start = end
    return bytes(pages)


def _page_length(pages: bytearray, start: int) -> int:
    segments = pages[start + PAGE_HEADER_BYTES - 1]
    body = start + PAGE_HEADER_BYTES
    return PAGE_HEADER_BYTES + segments + sum(pages[body : body + segments])


def _with_serial(page: bytearray, serial: int) -> bytearray:
    page[SERIAL] = struct.pack("<I", serial)
    page[CHECKSUM] = bytes(4)  # the checksum is taken with its own field at zero
    page[CHECKSUM] = struct.pack("<I", _checksum(page))
    return page


def _checksum(page: bytearray) -> int:
    mirrored = zlib.crc32(page.translate(MIRRORED_BYTES), ALL_ONES) ^ ALL_ONES
    return int(f"{mirrored:032b}"[::-1], 2)
