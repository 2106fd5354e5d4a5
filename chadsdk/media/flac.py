"""The two ends of a FLAC stream (RFC 9639): how many samples STREAMINFO announces, whether the last is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from chadsdk.media.mpeg import after_id3v2
from chadsdk.media.window import Window

__all__ = ["counted_samples", "lacks_last_frame"]

_STREAM_INFO_END: Final = 4 + 4 + 34
_BLOCK_BYTES: Final = 128 * 1024
_LONGEST_HEADER_BYTES: Final = 16
_LONGEST_FRAME_BYTES: Final = 2**20
# Sound hardly ever looks like a header. A file of nothing but headers must not hold us for minutes.
_MOST_CHECKED_BYTES: Final = 2**22
_MOST_SYNCS: Final = 2**18
_FIXED_BLOCK_SAMPLES: Final = {1: 192} | {n: 144 << n for n in range(2, 6)} | {n: 1 << n for n in range(8, 16)}
_SYNCS: Final = (b"\xff\xf8", b"\xff\xf9")


@dataclass(frozen=True, slots=True)
class _FrameHeader:
    at: int
    end_sample: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    block_samples: int
    total_samples: int


def lacks_last_frame(window: Window) -> bool:
    """Whether the frame with the last announced sample is missing or cut.

    False where nothing is announced, as by an encoder that writes to a pipe. What stands after the last
    frame (ID3v1, other junk) does not disturb.
    """
    info = _stream_info(window)
    if info is None:
        return True
    if not info.total_samples:
        return False
    final = (h for h in _last_headers(window, info) if h.end_sample == info.total_samples)
    return next(_whole(window, final), None) is None


def counted_samples(window: Window) -> int | None:
    """Samples per channel up to the end of the last frame, for a stream that does not announce them.

    None if no frame is found.
    """
    info = _stream_info(window)
    headers = _last_headers(window, info) if info else ()
    return max((header.end_sample for header in _whole(window, headers)), default=None)


def _stream_info(window: Window) -> _StreamInfo | None:
    at = after_id3v2(window)
    if window.at(at, 4) != b"fLaC" or at + _STREAM_INFO_END > window.size_bytes:
        return None
    body = at + 8
    smallest, largest = window.number(body, ">2"), window.number(body + 2, ">2")
    total = window.number(body + 13, ">5") & 0xF_FFFF_FFFF
    return _StreamInfo(block_samples=largest if smallest == largest else smallest, total_samples=total)


def _last_headers(window: Window, info: _StreamInfo) -> list[_FrameHeader]:
    """The frame headers in the last block that has any (the sound itself may look like one now and then)."""
    end, left = window.size_bytes, _MOST_SYNCS
    while end > 0 and left > 0:
        start = max(0, end - _BLOCK_BYTES)
        block = window.at(start, end - start + _LONGEST_HEADER_BYTES)
        offsets = _sync_offsets(block[: end - start + 1])
        left -= len(offsets)
        found = [
            header
            for offset in offsets
            if (header := _header(block[offset : offset + _LONGEST_HEADER_BYTES], start + offset, info))
        ]
        if found:
            return found
        end = start
    return []


def _sync_offsets(block: bytes) -> list[int]:
    offsets = []
    for sync in _SYNCS:
        offset = block.find(sync)
        while offset >= 0:
            offsets.append(offset)
            offset = block.find(sync, offset + 1)
    return offsets


def _header(header: bytes, at: int, info: _StreamInfo) -> _FrameHeader | None:
    """RFC 9639 section 9.1; None unless the checksum of the header is right."""
    if len(header) < 6 or header[3] & 1:
        return None
    number, used = _coded_number(header[4:])
    size_code, rate_code = header[2] >> 4, header[2] & 15
    extra = {6: 1, 7: 2}.get(size_code, 0)
    length = 4 + used + extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if not used or rate_code == 15 or length >= len(header) or _crc8(header[:length]) != header[length]:
        return None
    if extra:
        samples = int.from_bytes(header[4 + used : 4 + used + extra], "big") + 1
    else:
        samples = _FIXED_BLOCK_SAMPLES.get(size_code, 0)
    first = number if header[1] & 1 else number * info.block_samples
    return _FrameHeader(at, first + samples, length + 1) if samples else None


def _coded_number(coded: bytes) -> tuple[int, int]:
    """The frame or sample number, coded like UTF-8 but up to 36 bits, and how many bytes it takes (0: none)."""
    lead = coded[0]
    if lead < 0x80:
        return lead, 1
    length = 8 - (lead ^ 0xFF).bit_length()
    rest = coded[1:length]
    if length < 2 or length > 7 or len(rest) != length - 1 or any(byte & 0xC0 != 0x80 for byte in rest):
        return 0, 0
    number = lead & (0x7F >> length)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, length


def _whole(window: Window, headers: Iterable[_FrameHeader]) -> Iterator[_FrameHeader]:
    """The headers whose frames are there to the end, as far as there is patience to look for it."""
    left = _MOST_CHECKED_BYTES
    for header in headers:
        frame = window.at(header.at, min(_LONGEST_FRAME_BYTES, left))
        length = _length_to_checksum(frame, header)
        if length is not None:
            yield header
        left -= len(frame) if length is None else length
        if left <= 0:
            return


def _length_to_checksum(frame: bytes, header: _FrameHeader) -> int | None:
    """Where the checksum at the end of the frame is: the residue is then zero."""
    residue = 0
    for position, byte in enumerate(frame):
        residue = (residue << 8 & 0xFFFF) ^ _CRC16[residue >> 8 ^ byte]
        if not residue and position > header.length_bytes:
            return position + 1
    return None


def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> (bits - 1) & 1 else 0)
            value &= (1 << bits) - 1
        table.append(value)
    return tuple(table)


_CRC8: Final = _crc_table(0x07, 8)
_CRC16: Final = _crc_table(0x8005, 16)


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value
