"""The header that encoders hide in the first frame of an MP3: how many frames follow, how many bytes.

What its numbers say of one another must be possible, or they are not given: damage there would otherwise become a
length of years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from chadsdk.media.mpeg import Frame, shortest_and_longest_bytes
from chadsdk.media.window import Window

__all__ = ["StreamHeader", "stream_header"]

_SEEK_POINTS: Final = 100
_SEEK_STEPS: Final = 256
_LATE_POINTS: Final = 2  # LAME notes only every few frames, and takes the nearest note for a point


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What the encoder wrote about the whole stream.

    Attributes:
        frames: Frames that hold sound; this one does not. None if it does not say, or more or fewer than
            `stream_bytes` can be.
        stream_bytes: Length from the frame with this header to the end of the last one. None if it does not say.
        trimmed_samples: Samples per channel that a player drops at both ends (encoder delay and padding).
        seek_points: For each hundredth of the time, how many 256ths of the stream lie before it. None without them,
            and where the sound cannot lie like that.
    """

    frames: int | None
    stream_bytes: int | None
    trimmed_samples: int
    seek_points: bytes | None = None


def stream_header(window: Window, at: int, frame: Frame) -> StreamHeader | None:
    """The Xing, Info or VBRI header in the frame at `at`, if there is one."""
    header = _as_written(window, at, frame)
    if header is None or header.frames is None or header.stream_bytes is None:
        return header and replace(header, seek_points=None)
    shortest, longest = shortest_and_longest_bytes(frame)
    if not shortest * header.frames <= header.stream_bytes <= longest * (header.frames + 1):
        return replace(header, frames=None, seek_points=None)
    # The most that lies between two points.
    reach = (_LATE_POINTS * header.frames / _SEEK_POINTS + 2) * longest / header.stream_bytes * _SEEK_STEPS + 1
    points = (0, *(header.seek_points or ()), _SEEK_STEPS)
    is_possible = all(0 <= later - earlier <= reach for earlier, later in pairwise(points))
    return header if is_possible else replace(header, seek_points=None)


def _as_written(window: Window, at: int, frame: Frame) -> StreamHeader | None:
    for header_at in (at + 4 + frame.side_info_bytes, at + 36):
        name = window.at(header_at, 4)
        if name in (b"Xing", b"Info"):
            return _xing(window, header_at)
        if name == b"VBRI":
            return StreamHeader(
                frames=window.number(header_at + 14, ">4") or None,
                stream_bytes=window.number(header_at + 10, ">4") or None,
                trimmed_samples=0,
            )
    return None


def _xing(window: Window, at: int) -> StreamHeader:
    flags = window.number(at + 4, ">4")
    at += 8
    values: list[int | None] = []
    for bit in (1, 2):
        values.append(window.number(at, ">4") or None if flags & bit else None)
        at += 4 if flags & bit else 0
    points = window.at(at, _SEEK_POINTS) if flags & 4 else b""
    at += (_SEEK_POINTS if flags & 4 else 0) + (4 if flags & 8 else 0)
    # The LAME extension begins with the encoder's name; two numbers of 12 bits stand 21 bytes on.
    trimmed = window.number(at + 21, ">3") if window.at(at, 3) in (b"LAM", b"Lav") else 0
    return StreamHeader(
        frames=values[0],
        stream_bytes=values[1],
        trimmed_samples=(trimmed >> 12) + (trimmed & 0xFFF),
        seek_points=points if len(points) == _SEEK_POINTS and any(points) else None,
    )
