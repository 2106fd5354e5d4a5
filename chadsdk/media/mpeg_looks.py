"""Short stretches out of the middle of an MPEG audio stream, made into one small stream that decodes as it should.

A frame of layer III may borrow bits from those before it, so what is cut out of a stream begins with frames that cannot
be decoded, and mpg123 says so on the standard error of the process. Here those lend their bits and are silent: their
side information, which says what to decode, is blanked out.

Sources: ISO/IEC 11172-3 section 2.4.1.7 (side information, ``main_data_begin``); for the Xing header see `xing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chadsdk.media.mpeg import Frame, after_id3v2, mpeg_frame, stream_start
from chadsdk.media.mpeg_side import is_possible
from chadsdk.media.window import Window
from chadsdk.media.xing import StreamHeader, stream_header

__all__ = ["MpegLooks", "mpeg_looks"]

_LAYER_3: Final = 3
_MPEG_1: Final = 3
# What the nine bits (eight in MPEG 2) of ``main_data_begin`` reach back to.
_RESERVOIR_BYTES: Final = {True: 511, False: 255}
_LONGEST_LEAD_FRAMES: Final = 64
_XING_BYTES: Final = 12
_SAMPLED_FRAMES: Final = 16  # where no header says how many frames there are


@dataclass(frozen=True, slots=True)
class MpegLooks:
    """A stream of a few frames for each look.

    Attributes:
        data: The stream.
        frame_samples: Samples per channel of every frame.
        frames: For each look, how many of its frames there are: the last is the one to look at. None where the stream
            has ended before.
    """

    data: bytes
    frame_samples: int
    frames: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class _Stream:
    """Where the sound of a file lies, and how time becomes a place in it.

    Attributes:
        end: Where what is there ends.
        stated_end: Where all `frames` end; beyond `end` in a file that is cut.
    """

    window: Window
    first: Frame
    begin: int
    end: int
    stated_end: int
    frames: float
    header: StreamHeader | None

    def place(self, moment_s: float) -> float:
        """Give the offset that plays at a moment, as nearly as the file tells; beyond `end` after the end."""
        share = moment_s * self.first.sample_rate_hz / (self.frames * self.first.samples)
        points = self.header.seek_points if self.header else None
        length = self.stated_end - self.begin
        if points is None or not 0 <= share < 1:
            return self.begin + share * length
        number = int(share * len(points))
        low, high = points[number], points[number + 1] if number + 1 < len(points) else 256
        return self.begin + (low + (share * len(points) - number) * (high - low)) / 256 * length


def mpeg_looks(window: Window, *, offset_s: float, length_s: float, looks: int) -> MpegLooks | None:
    """Cut out one frame in the middle of each of `looks` equal stretches of a part, with what it needs before it.

    Where the bit rate varies, a look is as near to its moment as the seek points of the file are (a hundredth of it),
    or, without those, as the rate is even.

    Args:
        window: The file.
        offset_s: Where the part begins.
        length_s: How long it is.
        looks: How many.

    Returns:
        None where there is nothing to cut.
    """
    stream = _stream(window)
    if stream is None:
        return None
    cuts = [_cut(stream, offset_s + (number + 0.5) * length_s / looks) for number in range(looks)]
    frames = [len(cut) or None for cut in cuts]
    whole = [frame for cut in cuts for frame in cut]
    if not whole:
        return None
    head = _announcement(whole[0], len(whole)) if stream.first.stream[1] == _LAYER_3 else b""  # others know none
    if head is None:
        return None
    return MpegLooks(head + b"".join(whole), stream.first.samples, tuple(frames))


def _stream(window: Window) -> _Stream | None:
    at = stream_start(window, after_id3v2(window), mpeg_frame)
    first = None if at is None else mpeg_frame(window.at(at, 4))
    if at is None or first is None:
        return None
    header, end = stream_header(window, at, first), window.size_bytes
    begin = at + first.length_bytes if header else at
    if end <= begin:
        return None
    if header and header.frames:
        stated_end = at + header.stream_bytes if header.stream_bytes else end
        return _Stream(window, first, begin, min(end, stated_end), stated_end, header.frames, header)
    mean_bytes = _mean_frame_bytes(window, begin)
    return _Stream(window, first, begin, end, end, (end - begin) / mean_bytes, header) if mean_bytes else None


def _mean_frame_bytes(window: Window, begin: int) -> float:
    """Give how long frames are, by a few all over the stream; 0 where there are none.

    The harmonic mean: at places that are even in bytes, long frames are met more often.
    """
    lengths = []
    for number in range(_SAMPLED_FRAMES):
        at = stream_start(window, begin + (window.size_bytes - begin) * number // _SAMPLED_FRAMES, mpeg_frame)
        if at is not None and (frame := mpeg_frame(window.at(at, 4))):
            lengths.append(frame.length_bytes)
    return len(lengths) / sum(1 / length for length in lengths) if lengths else 0.0


def _cut(stream: _Stream, moment_s: float) -> list[bytes]:
    """Give the frames of one look; none after the end, or where frames are damaged or do not follow one another."""
    place = stream.place(moment_s)
    if not stream.begin <= place < stream.end:
        return []
    # The look is the last of its frames.
    lead_bytes = _RESERVOIR_BYTES[stream.first.stream[0] == _MPEG_1] + 2 * stream.first.length_bytes
    at = stream_start(stream.window, max(stream.begin, int(place) - lead_bytes), mpeg_frame)
    cut: list[bytes] = []
    lent, full = 0, _reservoir_bytes(stream.first)
    decoded = 0
    while at is not None and decoded < 2 and len(cut) < _LONGEST_LEAD_FRAMES:
        frame = mpeg_frame(stream.window.at(at, 4))
        if frame is None or (frame.stream, frame.channels) != (stream.first.stream, stream.first.channels):
            return []
        data = stream.window.at(at, frame.length_bytes)
        if len(data) < frame.length_bytes or at + len(data) > stream.end:
            return []
        if lent < full:
            cut.append(_silenced(data, frame, borrowed=lent))
            lent += frame.length_bytes - 4 - frame.side_info_bytes
        elif not is_possible(data, frame):
            return []
        else:
            cut.append(data)
            decoded += 1  # the first one lacks what the one before it overlaps it with
        at += frame.length_bytes
    return cut if decoded == 2 else []


def _reservoir_bytes(first: Frame) -> int:
    version, layer, _ = first.stream
    return _RESERVOIR_BYTES[version == _MPEG_1] if layer == _LAYER_3 else 0


def _silenced(data: bytes, frame: Frame, *, borrowed: int) -> bytes:
    """The frame without anything to decode. It borrows what it does not need, or mpg123 would not keep that.

    No checksum is announced: one would be wrong.
    """
    begin = borrowed << 7 if frame.stream[0] == _MPEG_1 else borrowed << 8  # in 16 bits
    side_info = begin.to_bytes(2, "big").ljust(frame.side_info_bytes, b"\0")
    return _plain_head(data) + side_info + data[4 + frame.side_info_bytes :]


def _plain_head(data: bytes) -> bytes:
    return bytes((data[0], data[1] | 1, data[2], data[3]))


def _announcement(data: bytes, frames: int) -> bytes | None:
    """A frame that says how many follow; libsndfile would guess it from the length of the first one."""
    frame = mpeg_frame(data[:4])
    if frame is None:
        return None
    head = _plain_head(data)
    plain = mpeg_frame(head)
    if plain is None or frame.length_bytes < 4 + plain.side_info_bytes + _XING_BYTES:
        return None
    said = b"Xing" + (1).to_bytes(4, "big") + frames.to_bytes(4, "big")
    return (head + bytes(plain.side_info_bytes) + said).ljust(frame.length_bytes, b"\0")
