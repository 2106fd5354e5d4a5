"""A conversion of what libsndfile does not decode: by a decoder of the system, into a WAV of 24 bits."""

from __future__ import annotations

import math
from typing import Final

from chadsdk.errors import ConversionError
from chadsdk.media.conversion import LOSSY_DEPTH, MOST_RIFF_BYTES, MUSIC_RATES_HZ, Conversion, Converted, Left, left
from chadsdk.media.decoder import DecodedSound, DecoderUnusableError, decoding, find_decoder
from chadsdk.media.formats import AudioFormat
from chadsdk.media.mp4 import Codec, sound_codec
from chadsdk.media.mp4_length import Span, sound_span
from chadsdk.media.resample import Delayed
from chadsdk.media.stream import SoundStream
from chadsdk.media.window import open_window
from chadsdk.text import one_line

__all__ = ["carry_out_piped"]

_CODECS: Final = frozenset({"aac", "alac"})
# Delay and padding of an encoder, at twice the rate that the file names (HE-AAC).
_SLACK_FRAMES: Final = 8192


def carry_out_piped(conversion: Conversion, copy: SoundStream) -> Converted | Left:
    """Convert an MP4 or ADTS file, if there is something that decodes it.

    Raises:
        ExportCancelled: In between.
        ConversionError: The file breaks off or cannot be decoded.
        OSError: The copy cannot be written, or no process can be made.
    """
    sound = conversion.sound
    undecoded = f"nothing here decodes this kind of {sound.audio_format.name}"
    (codec, span), tool = _look(conversion), find_decoder()
    if codec.name not in _CODECS:
        return left(f"{undecoded} ({one_line(codec.name)})")
    if span.has_gap:
        return left("its sound has gaps that no decoder here keeps")
    if tool is None:
        return left(f"{undecoded}; an ffmpeg on the PATH would")
    try:
        with decoding(tool, sound.path, sound.audio_format, token=conversion.token) as original:
            return _carry_out(conversion, original, copy, codec, span.silence_s)
    except DecoderUnusableError:
        return left(f"{undecoded}; the ffmpeg on the PATH does not run")


def _look(conversion: Conversion) -> tuple[Codec, Span]:
    aac = Codec("aac")
    if conversion.sound.audio_format is not AudioFormat.MP4:
        return aac, Span()
    with open_window(conversion.sound.path) as window:
        # Without an index it is for the decoder to say what is wrong.
        return sound_codec(window) or aac, sound_span(window)


def _carry_out(
    conversion: Conversion, original: DecodedSound, copy: SoundStream, codec: Codec, silence_s: float
) -> Converted | Left:
    rate_hz = original.samplerate
    if rate_hz not in MUSIC_RATES_HZ:
        return left(f"{rate_hz} Hz is no sample rate of music")
    facts = conversion.sound.facts
    seconds = facts.duration_s if facts else MOST_RIFF_BYTES / _bytes_per_s(conversion, original)
    # What the decoder gives beyond the length that the file says is what the encoder filled its last frame with.
    frames = math.ceil(round(seconds * rate_hz, 6))
    silent_frames = round(silence_s * rate_hz)
    delayed = Delayed(original, silent_frames)
    read = conversion.write(delayed, copy, shape=("WAV", LOSSY_DEPTH), frames=frames, most_frames=frames)
    while read <= frames + _SLACK_FRAMES and (more := original.skip(_SLACK_FRAMES)):
        read += more
    if read > frames + _SLACK_FRAMES:
        return left("it plays longer than it says, and would be cut short")
    original.check_end()
    if read <= silent_frames or (facts and read < frames - _SLACK_FRAMES):
        raise ConversionError(f"it breaks off after {read} of {frames} samples")
    return Converted(rate_hz, codec.bits)


def _bytes_per_s(conversion: Conversion, original: DecodedSound) -> float:
    return conversion.rate_hz * original.channels * LOSSY_DEPTH.bits / 8
