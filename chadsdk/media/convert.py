"""A file at another sample rate, or in a container that more programs open: whether, and by whom it is decoded.

Refuses to guess: what cannot be converted is left, with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from chadsdk.cancel import CancelToken
from chadsdk.errors import ConfigurationError
from chadsdk.files import new_file, open_regular
from chadsdk.media.conversion import MUSIC_RATES_HZ, Conversion, Converted, Left, Sound, left
from chadsdk.media.decoder import PIPED_FORMATS, find_decoder
from chadsdk.media.facts import DECODED_FORMATS, AudioFacts
from chadsdk.media.formats import AudioFormat
from chadsdk.media.piped import carry_out_piped
from chadsdk.media.stream import SoundStream

__all__ = ["RATES_HZ", "convert_file", "is_to_be_converted", "is_unpacked", "require_converter"]

RATES_HZ: Final = range(8_000, 384_001)
"""Sample rates that files can be converted to."""


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


def is_unpacked(audio_format: AudioFormat) -> bool:
    """Whether files of a format that libsndfile does not decode become WAV here: a decoder of the system is there."""
    return audio_format in PIPED_FORMATS and find_decoder() is not None


def is_to_be_converted(audio_format: AudioFormat, facts: AudioFacts | None, rate_hz: int) -> bool:
    """Whether an export at that rate asks for a converted copy of a file; not whether one can be made.

    AAC and MP4 are asked for at the same rate, too, where something decodes them: Ardour on Linux does not open them.
    """
    return facts is None or facts.sample_rate_hz != rate_hz or is_unpacked(audio_format)


def convert_file(
    sound: Sound, target: Path, *, rate_hz: int, token: CancelToken, advance: Callable[[float], object]
) -> Converted | Left:
    """Write a copy of a file at a sample rate. Uses the same few megabytes for a file of any length.

    Args:
        sound: The file; not changed.
        target: Must not exist; removed again when the copy fails.
        rate_hz: One of `RATES_HZ`.
        token: Heard between any two blocks, and ends a decoder of the system at once.
        advance: Told the share of the file that is done, 0 to 1.

    Raises:
        ExportCancelled: In between.
        ConversionError: The file breaks off or cannot be decoded.
        OSError: The copy cannot be written, or the file cannot be read.
    """
    is_piped = sound.audio_format in PIPED_FORMATS
    if not is_piped and (sound.facts is None or sound.audio_format not in DECODED_FORMATS):
        return left(f"nothing here decodes this kind of {sound.audio_format.name}")
    if sound.facts is not None and sound.facts.sample_rate_hz not in MUSIC_RATES_HZ:
        return left(f"{sound.facts.sample_rate_hz} Hz is no sample rate of music")
    conversion = Conversion(sound, rate_hz, token, advance)
    try:
        with open_regular(sound.path, follow_links=False) as source, new_file(target) as copy:
            if is_piped:
                outcome = carry_out_piped(conversion, SoundStream(copy))
            else:
                outcome = conversion.carry_out(SoundStream(source), SoundStream(copy))
    except FileExistsError:
        raise
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if isinstance(outcome, Left):
        target.unlink()
    return outcome
