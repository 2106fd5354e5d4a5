"""How long a file plays, at which rate, with how many channels.

Owns libsndfile and tinytag, which are imported where they are used: `import chadsdk` must stay light.
MP3 and ADTS are counted frame by frame here instead. libsndfile guesses an MP3 without a Xing header from
the size of its first frame (2.1 s for 7.0 s, 49 s for 25 s were seen), and its decoder, mpg123, writes to
the process's standard error while it opens a damaged one. (It still may for a damaged MP3 inside a WAV.) A length that
the bytes cannot hold is not believed, whoever says it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from chadsdk.errors import NotAudioError
from chadsdk.media.flac import counted_samples, lacks_last_frame
from chadsdk.media.formats import AudioFormat
from chadsdk.media.mp4 import aac_channels
from chadsdk.media.mp4_length import sound_span
from chadsdk.media.mpeg import Frame, ParseFrame, adts_frame, after_id3v2, frames, mpeg_frame, stream_start
from chadsdk.media.pcm import plain_wave
from chadsdk.media.signature import sniff_window
from chadsdk.media.window import Window, open_window
from chadsdk.media.xing import StreamHeader, stream_header

__all__ = [
    "DECODED_FORMATS",
    "LIBSNDFILE_FORMATS",
    "AudioFacts",
    "check_last_sample",
    "examine",
    "libsndfile_name",
    "read_facts",
]

LIBSNDFILE_FORMATS: Final = frozenset(
    {
        AudioFormat.WAV,
        AudioFormat.AIFF,
        AudioFormat.FLAC,
        AudioFormat.OGG,
        AudioFormat.OPUS,
        AudioFormat.CAF,
        AudioFormat.AU,
    }
)
"""What libsndfile is asked for here."""
DECODED_FORMATS: Final = LIBSNDFILE_FORMATS | {AudioFormat.MP3}
"""What libsndfile decodes; of MP3 it is not asked for the facts."""

# libsndfile 1.2.2 opens no FLAC in Ogg, neither the reference encoder's nor FFmpeg's ("unknown error in
# flac decoder"), though its documentation lists it.
_BY_TINYTAG: Final = frozenset({AudioFormat.MP4, AudioFormat.WMA, AudioFormat.OGG_FLAC})
_UNSUPPORTED_ENCODING: Final = 4  # SF_ERR_UNSUPPORTED_ENCODING of sndfile.h: a good file, but not for us
_UNKNOWN_SAMPLES: Final = 2**62  # libsndfile says SF_COUNT_MAX for a FLAC that does not announce its length
# The most is silence in the longest blocks of FLAC: 65,535 samples in 11 bytes.
_MOST_SAMPLES_PER_BYTE: Final = 6000
# Seven hours of MP3, a second or two of counting.
_MOST_FRAMES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a DAW wants to know of a file before it opens it."""

    duration_s: float
    sample_rate_hz: int
    channels: int


def read_facts(path: Path, audio_format: AudioFormat) -> AudioFacts | None:
    """The facts of a file, whose name does not matter.

    None if nothing here reads the format (WavPack, DSF) or its codec (AAC in CAF, FLAC in MP4), if the
    file does not tell (fragmented MP4, a stream of a million frames) or claims a length that its bytes cannot hold,
    or if libsndfile is not there to ask.

    Raises:
        NotAudioError: The file is not of that format, what reads the format says that it cannot be decoded,
            or it holds no sound.
        OSError: The file cannot be read.
    """
    # libsndfile goes by the bytes too, and would take mpg123 for what looks a little like MP3.
    found, facts = examine(path, expected=audio_format)
    if found is not audio_format:
        raise NotAudioError(f"The file was taken for {audio_format.name} but is {found.name}.")
    return facts


def examine(path: Path, *, expected: AudioFormat | None = None) -> tuple[AudioFormat, AudioFacts | None]:
    """The format of a file and its facts, for one opening where our own readers do; see `sniff_file`, `read_facts`.

    Args:
        path: The file; its name does not matter.
        expected: The only format whose facts are asked for; None asks for those of any.

    Raises:
        NotAudioError: It is no audio, cannot be decoded, or holds no sound.
        OSError: The file cannot be read.
    """
    with open_window(path) as window:
        found = sniff_window(window)
        if expected not in {None, found}:
            return found, None
        if found is AudioFormat.WAV and (sound := plain_wave(window)):
            return found, _facts(sound.samples, sound.sample_rate_hz, sound.channels)
        if found in (AudioFormat.MP3, AudioFormat.ADTS):
            return found, _by_frames(window, mpeg_frame if found is AudioFormat.MP3 else adts_frame)
    if found in LIBSNDFILE_FORMATS:
        facts = _by_libsndfile(path, found)
    else:
        facts = _by_tinytag(path, found) if found in _BY_TINYTAG else None
    return found, facts if facts and _can_hold(window.size_bytes, facts) else None


def check_last_sample(path: Path) -> None:
    """Return if libsndfile can go to the last sample of a file and read it; a cut FLAC claims a length that it lacks.

    Raises:
        NotAudioError: It cannot.
    """
    import soundfile  # noqa: PLC0415 - `import chadsdk` must stay light

    try:
        with soundfile.SoundFile(libsndfile_name(path)) as sound:
            sound.seek(sound.frames - 1)
            read = sound.buffer_read_into(bytearray(2 * sound.channels), "int16")
    except (soundfile.LibsndfileError, RuntimeError) as exc:
        raise NotAudioError(f"The file cannot be decoded to its end: {exc}") from exc
    if not read:
        raise NotAudioError("The file ends before the length that it claims.")


def _can_hold(size_bytes: int, facts: AudioFacts) -> bool:
    """Whether any codec gets so much sound into a file of that length; its last page or its index may be damaged."""
    return facts.duration_s * facts.sample_rate_hz <= size_bytes * _MOST_SAMPLES_PER_BYTE


def _by_libsndfile(path: Path, audio_format: AudioFormat) -> AudioFacts | None:
    try:
        import soundfile  # noqa: PLC0415 - 60 ms and numpy
    except (ImportError, OSError):  # without its wheel's libsndfile it is an OSError
        return None

    # Opened by Python too: a missing file is then an OSError, not libsndfile's "System error". By its name
    # for libsndfile all the same, because reading through a Python object takes a callback per block.
    with path.open("rb"):
        try:
            with soundfile.SoundFile(libsndfile_name(path)) as sound:
                samples, rate, channels = sound.frames, sound.samplerate, sound.channels
        except soundfile.LibsndfileError as exc:
            if exc.code == _UNSUPPORTED_ENCODING:
                return None
            raise NotAudioError("The file has the signature of audio but cannot be decoded.") from exc
    if audio_format is AudioFormat.FLAC:
        samples = _flac_samples(path, samples)
    return _facts(samples, rate, channels)


def _flac_samples(path: Path, announced: int) -> int:
    """What a FLAC holds up to its last frame, if that is not where it announces it."""
    is_unknown = announced >= _UNKNOWN_SAMPLES
    with open_window(path) as window:
        if is_unknown or lacks_last_frame(window):
            return counted_samples(window) or (0 if is_unknown else announced)
    return announced


def libsndfile_name(path: Path) -> str | bytes:
    """Give the name as libsndfile opens it: bytes on POSIX, because soundfile encodes a str strictly as UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _by_tinytag(path: Path, audio_format: AudioFormat) -> AudioFacts | None:
    from tinytag import TinyTag, TinyTagException  # noqa: PLC0415

    with path.open("rb") as stream:
        try:
            tag = TinyTag.get(file_obj=stream, tags=False)
        except TinyTagException as exc:
            raise NotAudioError("The file has the signature of audio but cannot be decoded.") from exc
    duration_s, channels = tag.duration, tag.channels
    if audio_format is AudioFormat.MP4:
        with open_window(path) as window:
            duration_s, channels = sound_span(window).whole_s, aac_channels(window) or channels
    if not duration_s or not tag.samplerate or not channels:
        return None
    return AudioFacts(float(duration_s), int(tag.samplerate), int(channels))


def _by_frames(window: Window, parse: ParseFrame) -> AudioFacts | None:
    at = stream_start(window, after_id3v2(window), parse)
    first = None if at is None else parse(window.at(at, 7))
    if at is None or first is None:
        raise NotAudioError("The file has the signature of audio but no frame of it can be decoded.")
    if not first.channels:  # ADTS may leave them to the first packet
        return None
    header = stream_header(window, at, first) if parse is mpeg_frame else None
    samples = _announced(window, at, first, header) if header else None
    if samples is None:
        samples = _counted(window, at, first, header, parse)
    return None if samples is None else _facts(samples, first.sample_rate_hz, first.channels)


def _announced(window: Window, at: int, first: Frame, header: StreamHeader) -> int | None:
    is_all_there = header.stream_bytes is not None and at + header.stream_bytes <= window.size_bytes
    if header.frames is None or not is_all_there:
        return None
    return header.frames * first.samples - header.trimmed_samples


def _counted(window: Window, at: int, first: Frame, header: StreamHeader | None, parse: ParseFrame) -> int | None:
    if header:  # its frame holds no sound
        at += first.length_bytes
    counted = [frame.samples for _, frame in islice(frames(window, at, parse), _MOST_FRAMES)]
    if len(counted) == _MOST_FRAMES:
        return None
    return sum(counted) - (header.trimmed_samples if header else 0)


def _facts(samples: int, rate: int, channels: int) -> AudioFacts:
    if samples <= 0:
        raise NotAudioError("The file has the signature of audio but holds no sound.")
    return AudioFacts(samples / rate, rate, channels)
