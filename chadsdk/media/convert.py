"""A file at another sample rate: decoded, resampled and written again, block by block.

Owns soxr and, with `chadsdk.media.facts`, libsndfile; both are imported where they are used. Keeps bit depth and
container where libsndfile writes them. Refuses to guess: what cannot be converted is left, with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chadsdk.cancel import CancelToken
from chadsdk.errors import ConfigurationError, ConversionError
from chadsdk.files import new_file, open_regular
from chadsdk.media.facts import DECODED_FORMATS, AudioFacts
from chadsdk.media.formats import AudioFormat
from chadsdk.media.samples import DEPTHS, Depth, quantiser
from chadsdk.media.stream import SoundStream

if TYPE_CHECKING:
    import soundfile

__all__ = ["RATES_HZ", "Converted", "Left", "Sound", "convert_file", "require_converter"]

RATES_HZ: Final = range(8_000, 384_001)
"""Sample rates that files can be converted to."""

_QUALITY: Final = "VHQ"  # libsoxr's best: 28 bits, more than a 24-bit file holds
_BLOCK_BYTES: Final = 1024 * 1024
_LEAST_BLOCK_FRAMES: Final = 4096
# What music has, with room. A header that says 1 Hz would make a file 44,100 times as long.
_MUSIC_RATES_HZ: Final = range(4_000, 768_001)
# No more than encoder delay and padding that one reader counts and another drops.
_SLACK_FRAMES: Final = 4096
_MOST_RIFF_BYTES: Final = 2**32 - 1024 * 1024

# The containers that are kept, as libsndfile names them. RF64 is WAV beyond 4 GiB.
_KEPT: Final = frozenset({"WAV", "WAVEX", "RF64", "AIFF", "FLAC", "CAF", "AU"})
_SHORT: Final = frozenset({"WAV", "WAVEX", "AIFF", "AU"})  # lengths of 32 bits
_FLAC_ANY_RATE_HZ: Final = 65_536  # from here on it counts in tens (RFC 9639 section 9.1.2)
_LEFT: Final = "Its sample rate was not converted"


@dataclass(frozen=True, slots=True)
class Converted:
    """What a converted copy was made from.

    Attributes:
        sample_rate_hz: Its sample rate.
        bit_depth: Bits per sample; None for a lossy format, which has none.
    """

    sample_rate_hz: int
    bit_depth: int | None


@dataclass(frozen=True, slots=True)
class Left:
    """A file that cannot be converted, and why, as a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A file to be converted: where it lies and what was found out about it."""

    path: Path
    audio_format: AudioFormat
    facts: AudioFacts | None


def require_converter() -> None:
    """Make sure that files can be converted here.

    Raises:
        ConfigurationError: soxr or libsndfile cannot be loaded.
    """
    try:
        import soundfile  # noqa: F401, PLC0415
        import soxr  # noqa: F401, PLC0415
    except (ImportError, OSError) as exc:
        raise ConfigurationError(f"Sample rates cannot be converted here: {exc}.") from exc


def convert_file(
    sound: Sound, target: Path, *, rate_hz: int, token: CancelToken, advance: Callable[[float], object]
) -> Converted | Left:
    """Write a copy of a file at another sample rate. Uses the same few megabytes for a file of any length.

    Args:
        sound: The file; not changed.
        target: Must not exist; removed again when the copy fails.
        rate_hz: One of `RATES_HZ`.
        token: Heard between any two blocks.
        advance: Told the share of the file that is done, 0 to 1.

    Raises:
        ExportCancelled: In between.
        ConversionError: The file breaks off or cannot be decoded.
        OSError: The copy cannot be written, or the file cannot be read.
    """
    facts = sound.facts
    if facts is None or sound.audio_format not in DECODED_FORMATS:
        return Left(f"{_LEFT}: nothing here decodes this kind of {sound.audio_format.name}.")
    if facts.sample_rate_hz not in _MUSIC_RATES_HZ:
        return Left(f"{_LEFT}: {facts.sample_rate_hz} Hz is no sample rate of music.")
    try:
        with open_regular(sound.path, follow_links=False) as source, new_file(target) as copy:
            outcome = _Conversion(facts, rate_hz, token, advance).carry_out(SoundStream(source), SoundStream(copy))
    except FileExistsError:
        raise
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if isinstance(outcome, Left):
        target.unlink()
    return outcome


@dataclass(frozen=True, slots=True)
class _Conversion:
    """One conversion under way."""

    facts: AudioFacts
    rate_hz: int
    token: CancelToken
    advance: Callable[[float], object]

    @property
    def frames(self) -> int:
        """How many samples per channel the original is to have."""
        return round(self.facts.duration_s * self.facts.sample_rate_hz)

    def carry_out(self, source: SoundStream, copy: SoundStream) -> Converted | Left:
        import soundfile  # noqa: PLC0415 - 60 ms and numpy

        try:
            with soundfile.SoundFile(source) as original:
                # After each read soundfile seeks to where it stands, which a FLAC of unknown length cannot.
                original.seekable = lambda: False
                container, depth = self._shape(original)
                with soundfile.SoundFile(
                    copy,
                    "w",
                    samplerate=self.rate_hz,
                    channels=original.channels,
                    format=container,
                    subtype=depth.subtype,
                ) as target:
                    read = self._pump(original, target, depth)
        except (soundfile.LibsndfileError, AssertionError) as exc:  # `write` asserts that all was written
            raise source.error or copy.error or ConversionError(f"it cannot be decoded ({exc})") from exc
        if error := source.error or copy.error:
            raise error
        if read < self.frames - _SLACK_FRAMES:
            return self._short(original, read)
        return Converted(original.samplerate, _bits_of(original.subtype))

    def _shape(self, original: soundfile.SoundFile) -> tuple[str, Depth]:
        """Choose container and samples of the copy, by the names of libsndfile."""
        container, depth = original.format, DEPTHS.get(original.subtype)
        if depth is None or container not in _KEPT:  # lossy
            container, depth = "WAV", DEPTHS["PCM_24"]
        if container == "FLAC" and self.rate_hz >= _FLAC_ANY_RATE_HZ and self.rate_hz % 10:
            container = "WAV"
        size_bytes = self.facts.duration_s * self.rate_hz * original.channels * depth.bits / 8
        return ("RF64" if container in _SHORT and size_bytes > _MOST_RIFF_BYTES else container), depth

    def _pump(self, original: soundfile.SoundFile, target: soundfile.SoundFile, depth: Depth) -> int:
        """Move everything; give how many samples per channel were read."""
        import numpy as np  # noqa: PLC0415
        import soxr  # noqa: PLC0415

        channels = original.channels
        stream = soxr.ResampleStream(original.samplerate, self.rate_hz, channels, dtype="float64", quality=_QUALITY)
        quantise = quantiser(depth)
        block = np.empty((max(_LEAST_BLOCK_FRAMES, _BLOCK_BYTES // (8 * channels)), channels))
        read, is_last = 0, False
        while not is_last:
            self.token.raise_if_cancelled()
            piece = original.read(out=block)
            is_last = len(piece) < len(block)
            target.write(quantise(stream.resample_chunk(piece, last=is_last)))
            read += len(piece)
            self.advance(min(1.0, read / max(1, self.frames)))
        return read

    def _short(self, original: soundfile.SoundFile, read: int) -> Left:
        if original.format != "MP3":
            raise ConversionError(f"it breaks off after {read} of {self.frames} samples")
        # Without a header that says how long it is, libsndfile guesses the length and reads no further.
        return Left(f"{_LEFT}: this MP3 does not say how long it is, and would be cut short.")


def _bits_of(subtype: str) -> int | None:
    """Bits per sample of a lossless kind of samples; None of a lossy one."""
    if subtype == "ALAC_20":  # the only one that is not kept in as many
        return 20
    depth = DEPTHS.get(subtype)
    return depth.bits if depth else None
