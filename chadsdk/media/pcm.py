"""The header of a plain WAV file: what nearly every uncompressed track is, read without a library.

Whatever is not plain (a compressed codec, RF64, fields that contradict each other, a placeholder for an unknown
length) is left to libsndfile, whose answer for plain files is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chadsdk.media.chunks import riff_chunks
from chadsdk.media.window import Window

__all__ = ["PlainSound", "plain_wave"]

_PCM: Final = 1
_FLOAT: Final = 3
_SAMPLE_BITS: Final = {_PCM: frozenset({8, 16, 24, 32}), _FLOAT: frozenset({32, 64})}
_MOST_CHANNELS: Final = 64
_MOST_CHUNKS: Final = 16


@dataclass(frozen=True, slots=True)
class PlainSound:
    """What the header of a plain file says.

    Attributes:
        samples: Samples per channel.
        sample_rate_hz: Samples per second.
        channels: Number of channels.
        begin: Where in the file the samples begin, in bytes.
        sample_bytes: Length of one sample of one channel.
        is_float: Whether samples are floating point; else integers, unsigned where they are 8 bits.
    """

    samples: int
    sample_rate_hz: int
    channels: int
    begin: int
    sample_bytes: int
    is_float: bool


def plain_wave(window: Window) -> PlainSound | None:
    """What a WAV file of plain samples holds; None for one that somebody else has to judge."""
    if window.at(0, 4) != b"RIFF":
        return None
    form = b""
    for number, chunk in enumerate(riff_chunks(window)):
        if chunk.kind == b"fmt " and not form:
            form = window.at(chunk.body_at, 16)
        elif chunk.kind == b"data":
            return _sound(form, chunk.body_at, chunk.end, chunk.body_bytes, window.size_bytes)
        if number == _MOST_CHUNKS:
            break
    return None


def _sound(form: bytes, begin: int, data_end: int | None, data_bytes: int | None, size_bytes: int) -> PlainSound | None:
    if len(form) < 16 or data_end is None or not data_bytes or data_end > size_bytes:
        return None
    codec, channels = int.from_bytes(form[:2], "little"), int.from_bytes(form[2:4], "little")
    rate = int.from_bytes(form[4:8], "little")
    frame_bytes, bits = int.from_bytes(form[12:14], "little"), int.from_bytes(form[14:16], "little")
    if bits not in _SAMPLE_BITS.get(codec, ()) or frame_bytes != channels * bits // 8:
        return None
    if not 0 < channels <= _MOST_CHANNELS or not 0 < rate < 2**31 or data_bytes < frame_bytes:
        return None
    return PlainSound(data_bytes // frame_bytes, rate, channels, begin, bits // 8, codec == _FLOAT)
