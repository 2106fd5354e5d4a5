"""Samples at another rate, from whatever decodes them to whatever writes them, in blocks of a megabyte.

Owns soxr, which is imported where it is used. Refuses to know files and formats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from chadsdk.cancel import CancelToken
from chadsdk.media.samples import Depth, quantiser

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Delayed", "Original", "resample"]

_QUALITY: Final = "VHQ"  # libsoxr's best: 28 bits, more than a 24-bit file holds
_BLOCK_BYTES: Final = 1024 * 1024
_LEAST_BLOCK_FRAMES: Final = 4096


class Original(Protocol):
    """Sound as it is decoded, from its start."""

    samplerate: int
    channels: int

    def read(self, *, out: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Fill `out`, frames by channels, and give the part that is filled: less than all at the end alone."""


class Delayed:
    """Sound with silence before it.

    Args:
        original: The sound.
        silent_frames: Length of the silence, in samples per channel.
    """

    def __init__(self, original: Original, silent_frames: int) -> None:
        self._original, self._silent_frames = original, silent_frames
        self.samplerate, self.channels = original.samplerate, original.channels

    def read(self, *, out: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Fill `out`, frames by channels, and give the part that is filled: less than all at the end alone."""
        silent = min(len(out), self._silent_frames)
        self._silent_frames -= silent
        out[:silent] = 0.0
        return out[: silent + len(self._original.read(out=out[silent:]))]


def resample(
    original: Original,
    write: Callable[[npt.NDArray[Any]], object],
    *,
    rate_hz: int,
    depth: Depth,
    token: CancelToken,
    advance: Callable[[int], object],
    most_frames: int | None = None,
) -> int:
    """Move everything, and give how many samples per channel were read. At the same rate nothing is resampled.

    Args:
        original: What is read.
        write: Takes the samples, frames by channels, as `depth` keeps them.
        rate_hz: What they are to have.
        depth: How they are kept.
        token: Heard before each block.
        advance: Told how many samples per channel were read so far.
        most_frames: What is read behind so many samples per channel is left out, and nothing is read after that; more
            than that are then said to have been read.

    Raises:
        ExportCancelled: In between.
    """
    import numpy as np  # noqa: PLC0415
    import soxr  # noqa: PLC0415

    channels, stream = original.channels, None
    if original.samplerate != rate_hz:
        stream = soxr.ResampleStream(original.samplerate, rate_hz, channels, dtype="float64", quality=_QUALITY)
    quantise = quantiser(depth)
    block = np.empty((max(_LEAST_BLOCK_FRAMES, _BLOCK_BYTES // (8 * channels)), channels))
    read, is_last = 0, False
    while not is_last:
        token.raise_if_cancelled()
        piece = original.read(out=block)
        read += len(piece)
        is_last = len(piece) < len(block)
        if most_frames is not None and read > most_frames:
            piece, is_last = piece[: len(piece) - (read - most_frames)], True
        write(quantise(stream.resample_chunk(piece, last=is_last) if stream else piece))
        advance(read)
    return read
