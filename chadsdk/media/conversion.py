"""One conversion under way: what it is to make, how its copy is written, and how libsndfile's files go through it.

Owns, with `chadsdk.media.facts`, libsndfile, which is imported where it is used. Keeps bit depth and container where
libsndfile writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chadsdk.cancel import CancelToken
from chadsdk.errors import ConversionError
from chadsdk.media.facts import AudioFacts
from chadsdk.media.formats import AudioFormat
from chadsdk.media.resample import Original, resample
from chadsdk.media.samples import DEPTHS, Depth
from chadsdk.media.stream import SoundStream
from chadsdk.text import one_line

__all__ = ["LOSSY_DEPTH", "MOST_RIFF_BYTES", "MUSIC_RATES_HZ", "Conversion", "Converted", "Left", "Sound", "left"]

MUSIC_RATES_HZ: Final = range(4_000, 768_001)
"""What music has, with room. A header that says 1 Hz would make a file 44,100 times as long."""
MOST_RIFF_BYTES: Final = 2**32 - 1024 * 1024
"""What WAV holds, with room for its header."""
LOSSY_DEPTH: Final = DEPTHS["PCM_24"]
"""How the samples of lossy files are kept."""

# No more than encoder delay and padding that one reader counts and another drops.
_SLACK_FRAMES: Final = 4096
# The containers that are kept, as libsndfile names them. RF64 is WAV beyond 4 GiB.
_KEPT: Final = frozenset({"WAV", "WAVEX", "RF64", "AIFF", "FLAC", "CAF", "AU"})
_SHORT: Final = frozenset({"WAV", "WAVEX", "AIFF", "AU"})  # lengths of 32 bits
_FLAC_ANY_RATE_HZ: Final = 65_536  # from here on it counts in tens (RFC 9639 section 9.1.2)


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


def left(why: str) -> Left:
    """Say that a file was not converted."""
    return Left(f"It was not converted: {why}.")


@dataclass(frozen=True, slots=True)
class Conversion:
    """One conversion.

    Attributes:
        sound: What is converted.
        rate_hz: Sample rate of the copy.
        token: Heard between any two blocks.
        advance: Told the share of the file that is done, 0 to 1.
    """

    sound: Sound
    rate_hz: int
    token: CancelToken
    advance: Callable[[float], object]

    def carry_out(self, source: SoundStream, copy: SoundStream) -> Converted | Left:
        """Convert a file that libsndfile decodes.

        Raises:
            ExportCancelled: In between.
            ConversionError: The file breaks off or cannot be decoded.
            OSError: The copy cannot be written, or the file cannot be read.
        """
        import soundfile  # noqa: PLC0415 - 60 ms and numpy

        facts = self.sound.facts
        frames = round(facts.duration_s * facts.sample_rate_hz) if facts else 0
        with _naming(source, copy), soundfile.SoundFile(source) as original:
            # After each read soundfile seeks to where it stands, which a FLAC of unknown length cannot.
            original.seekable = lambda: False
            container, depth = original.format, DEPTHS.get(original.subtype)
            if depth is None or container not in _KEPT:  # lossy
                container, depth = "WAV", LOSSY_DEPTH
            read = self.write(original, copy, shape=(container, depth), frames=frames)
        if read >= frames - _SLACK_FRAMES:
            return Converted(original.samplerate, _bits_of(original.subtype))
        if original.format != "MP3":
            raise ConversionError(f"it breaks off after {read} of {frames} samples")
        # Without a header that says how long it is, libsndfile guesses the length and reads no further.
        return left("this MP3 does not say how long it is, and would be cut short")

    def write(
        self,
        original: Original,
        copy: SoundStream,
        *,
        shape: tuple[str, Depth],
        frames: int,
        most_frames: int | None = None,
    ) -> int:
        """Write everything; give how many samples per channel were read.

        Args:
            original: What is read.
            copy: Where to.
            shape: Container, as libsndfile names it, and samples of the copy.
            frames: How many samples per channel the original is to have.
            most_frames: See `resample`.

        Raises:
            ExportCancelled: In between.
            ConversionError: What is read cannot be decoded.
            OSError: The copy cannot be written.
        """
        import soundfile  # noqa: PLC0415

        container, depth = shape
        if container == "FLAC" and self.rate_hz >= _FLAC_ANY_RATE_HZ and self.rate_hz % 10:
            container = "WAV"
        size_bytes = frames / original.samplerate * self.rate_hz * original.channels * depth.bits / 8
        if container in _SHORT and size_bytes > MOST_RIFF_BYTES:
            container = "RF64"
        with (
            _naming(copy),
            soundfile.SoundFile(
                copy, "w", self.rate_hz, original.channels, format=container, subtype=depth.subtype
            ) as target,
        ):
            return resample(
                original,
                target.write,
                rate_hz=self.rate_hz,
                depth=depth,
                token=self.token,
                advance=lambda read: self.advance(min(1.0, read / max(1, frames))),
                most_frames=most_frames,
            )


@contextmanager
def _naming(*streams: SoundStream) -> Iterator[None]:
    """What libsndfile and soundfile say in the block comes out as what the file system said, else as our own error."""
    import soundfile  # noqa: PLC0415

    def refused() -> OSError | None:
        return next((stream.error for stream in streams if stream.error is not None), None)

    try:
        yield
    except (soundfile.LibsndfileError, AssertionError) as exc:  # `write` asserts that all was written
        # Its full text shows the stream as Python does.
        said = exc.error_string if isinstance(exc, soundfile.LibsndfileError) else "not all of it could be written"
        raise refused() or ConversionError(f"it cannot be decoded ({one_line(said)})") from exc
    if error := refused():
        raise error


def _bits_of(subtype: str) -> int | None:
    """Bits per sample of a lossless kind of samples; None of a lossy one."""
    if subtype == "ALAC_20":  # the only one that is not kept in as many
        return 20
    depth = DEPTHS.get(subtype)
    return depth.bits if depth else None
