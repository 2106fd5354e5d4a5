"""MPEG audio and ADTS frames: what their headers say, where the next one lies, how long the whole plays.

Sources: ISO/IEC 11172-3 and 13818-3 (MPEG frames), 13818-7 (ADTS), id3.org (ID3v2), the LAME tag
specification by Mihai Malesevic (Xing, Info), and Fraunhofer's VBRI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chadsdk.media.window import Window

__all__ = [
    "Frame",
    "ParseFrame",
    "adts_frame",
    "after_id3v2",
    "begins_stream",
    "frames",
    "mpeg_frame",
    "shortest_and_longest_bytes",
    "stream_start",
]

_BITRATES_KBPS: Final = {
    # (MPEG 1, layer): by bitrate index; index 0 is "free", 15 is forbidden.
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_MPEG1_RATES_HZ: Final = (44100, 48000, 32000, 0)
_RATE_DIVISORS: Final = {3: 1, 2: 2, 0: 4}  # version bits: MPEG 1, MPEG 2, MPEG 2.5
_ADTS_RATES_HZ: Final = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_ADTS_CHANNELS: Final = (0, 1, 2, 3, 4, 5, 6, 8)
# Two headers where they belong are proof; after junk, more are asked for, since junk may look like one.
_PROVING_FRAMES: Final = 2
_PROVING_FRAMES_AFTER_JUNK: Final = 4
# A stream that was cut out of another begins with the rest of a frame; none is longer than 2,881 bytes.
_LEADING_JUNK_BYTES: Final = 4096
_RESYNC_BYTES: Final = 64 * 1024
_MOST_JUNK_BYTES: Final = 4 * 1024 * 1024  # between frames, in sum; each byte of it may cost five looks at the file
_MOST_TAGS: Final = 16
_TRAILERS: Final = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame header says. Two frames of one stream have the same `stream`.

    Attributes:
        stream: Version, layer and sample rate: what cannot change within a stream.
        length_bytes: From this header to the next.
        samples: Samples per channel.
        channels: 0 where the header leaves it open.
        side_info_bytes: What stands between an MPEG header (and its checksum) and a Xing header.
    """

    stream: tuple[int, int, int]
    length_bytes: int
    samples: int
    sample_rate_hz: int
    channels: int
    side_info_bytes: int = 0


ParseFrame = Callable[[bytes], Frame | None]


def mpeg_frame(header: bytes) -> Frame | None:
    """The MPEG audio frame that begins with these bytes; None for anything else and for "free" bitrates."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    return _mpeg_frame(header[:4])


@lru_cache(maxsize=256)
def _mpeg_frame(header: bytes) -> Frame | None:
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    if version == 1 or layer == 4 or header[3] & 3 == 2:  # reserved version, layer, emphasis
        return None
    bitrate = 1000 * _BITRATES_KBPS[version == 3, layer][header[2] >> 4]
    rate = _MPEG1_RATES_HZ[header[2] >> 2 & 3] // _RATE_DIVISORS[version]
    if not bitrate or not rate:
        return None
    samples = {1: 384, 2: 1152, 3: 1152 if version == 3 else 576}[layer]
    slot = 4 if layer == 1 else 1
    padding = header[2] >> 1 & 1
    mono = header[3] >> 6 == 3
    side_info = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return Frame(
        stream=(version, layer, rate),
        length_bytes=(samples // 8 // slot * bitrate // rate + padding) * slot,
        samples=samples,
        sample_rate_hz=rate,
        channels=1 if mono else 2,
        side_info_bytes=side_info + (0 if header[1] & 1 else 2),
    )


def shortest_and_longest_bytes(frame: Frame) -> tuple[int, int]:
    """The lengths between which all MPEG frames of one stream lie, whatever their bit rate."""
    version, layer, rate = frame.stream
    slot = 4 if layer == 1 else 1
    bytes_per_kbps = frame.samples // 8 // slot * 1000
    kbps = _BITRATES_KBPS[version == 3, layer]
    return bytes_per_kbps * kbps[1] // rate * slot, (bytes_per_kbps * kbps[14] // rate + 1) * slot


def adts_frame(header: bytes) -> Frame | None:
    """The ADTS (AAC) frame that begins with these bytes."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    rate_index = header[2] >> 2 & 15
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    if rate_index >= len(_ADTS_RATES_HZ) or length < 7:
        return None
    rate = _ADTS_RATES_HZ[rate_index]
    return Frame(
        stream=(header[1] & 8, header[2] >> 6, rate),
        length_bytes=length,
        samples=1024 * (1 + (header[6] & 3)),
        sample_rate_hz=rate,
        channels=_ADTS_CHANNELS[(header[2] & 1) << 2 | header[3] >> 6],
    )


def after_id3v2(window: Window) -> int:
    """The offset after the ID3v2 tags at the start, 0 without one; it may lie beyond the window."""
    at = 0
    for _ in range(_MOST_TAGS):
        tag = window.at(at, 10)
        if len(tag) < 10 or tag[:3] != b"ID3" or tag[3] not in (2, 3, 4) or max(tag[6:]) > 0x7F:
            return at
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        at += 10 + size + (10 if tag[5] & 0x10 else 0)  # the flag of a footer
    return at


def begins_stream(window: Window, at: int, parse: ParseFrame) -> bool:
    """Whether a frame begins exactly there whose end is the next one's beginning, or the end of the file."""
    return _is_chain(window, at, parse, _PROVING_FRAMES)


def stream_start(window: Window, at: int, parse: ParseFrame) -> int | None:
    """Where a stream of frames begins, at `at` or after a little junk (padding, the rest of a cut frame)."""
    if begins_stream(window, at, parse):
        return at
    return _next_chain(window, at + 1, parse, _LEADING_JUNK_BYTES)


def frames(window: Window, at: int, parse: ParseFrame) -> Iterator[tuple[int, Frame]]:
    """Every whole frame of the stream at `at` with its offset, over junk in the middle, which is not without end."""
    first, junk_bytes = parse(window.at(at, 7)), 0
    while first is not None and junk_bytes < _MOST_JUNK_BYTES:
        frame = parse(window.at(at, 7))
        if frame is not None and frame.stream == first.stream:
            if at + frame.length_bytes <= window.size_bytes:
                yield at, frame
            at += frame.length_bytes
            continue
        resumed = _next_chain(window, at + 1, parse, _RESYNC_BYTES)
        if resumed is None:
            return
        junk_bytes += resumed - at
        at = resumed


def _next_chain(window: Window, at: int, parse: ParseFrame, reach_bytes: int) -> int | None:
    region = window.at(at, reach_bytes)
    offset = region.find(b"\xff")
    while offset >= 0:
        if _is_chain(window, at + offset, parse, _PROVING_FRAMES_AFTER_JUNK):
            return at + offset
        offset = region.find(b"\xff", offset + 1)
    return None


def _is_chain(window: Window, at: int, parse: ParseFrame, proving: int) -> bool:
    """Whether frames of one stream follow on one another, enough of them or exactly up to the end."""
    first = parse(window.at(at, 7))
    if first is None:
        return False
    for _ in range(proving):
        frame = parse(window.at(at, 7))
        if frame is None or frame.stream != first.stream:
            return window.whole and window.at(at, 11).startswith(_TRAILERS)
        at += frame.length_bytes
        if at == window.size_bytes:
            return True
    return True
