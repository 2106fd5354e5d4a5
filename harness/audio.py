"""Real, decodable audio: one steady tone per file, in every format that a library really holds.

The bytes depend on the arguments alone. libsndfile numbers Ogg streams at random, so those are
renumbered here (`harness.ogg`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import soundfile

from harness.ogg import renumber
from harness.recording import Recording, sha256_of

__all__ = ["FORMATS", "AudioFormat", "Tone", "write_sized_wav", "write_tone"]

AMPLITUDE = 0.4
FADE_S = 0.02
WAV_HEADER_BYTES = 44
SIZED_WAV_RATE_HZ = 44_100
SIZED_WAV_FULL_SCALE = 32_767

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How libsndfile names a format, and the file name extension that goes with it."""

    container: str
    subtype: str
    extension: str


FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        "wav16": AudioFormat("WAV", "PCM_16", "wav"),
        "wav24": AudioFormat("WAV", "PCM_24", "wav"),
        "aiff16": AudioFormat("AIFF", "PCM_16", "aiff"),
        "aiff24": AudioFormat("AIFF", "PCM_24", "aif"),
        "flac16": AudioFormat("FLAC", "PCM_16", "flac"),
        "flac24": AudioFormat("FLAC", "PCM_24", "flac"),
        "mp3": AudioFormat("MP3", "MPEG_LAYER_III", "mp3"),
        "vorbis": AudioFormat("OGG", "VORBIS", "ogg"),
        "opus": AudioFormat("OGG", "OPUS", "opus"),
    }
)


@dataclass(frozen=True, slots=True)
class Tone:
    """What a file is to sound like.

    Attributes:
        format: A key of `FORMATS`.
        frequency_hz: Pitch of the sine, below half the sample rate.
        duration_s: Length asked for; a lossy codec may round it.
        sample_rate_hz: One that the codec knows (Opus: 8, 12, 16, 24 or 48 kHz).
        channels: 1 or 2; both channels carry the same tone.
    """

    format: str
    frequency_hz: float
    duration_s: float
    sample_rate_hz: int = 44_100
    channels: int = 2


def write_tone(file: Path, tone: Tone) -> Recording:
    """Write a tone as an audio file and give the facts that a decoder finds in it."""
    shape = FORMATS[tone.format]
    with soundfile.SoundFile(
        file,
        "w",
        samplerate=tone.sample_rate_hz,
        channels=tone.channels,
        format=shape.container,
        subtype=shape.subtype,
    ) as target:
        # In blocks of a second: libsndfile's Vorbis encoder keeps a whole write on the C stack.
        for block in _seconds(_samples(tone), tone.sample_rate_hz):
            target.write(block)
    if shape.container == "OGG":
        file.write_bytes(renumber(file.read_bytes(), serial=int(tone.frequency_hz)))
    return _describe(file, tone)


def write_sized_wav(file: Path, *, size_bytes: int, frequency_hz: float) -> Recording:
    """Write a 16-bit mono WAV of exactly this many bytes.

    A second of the tone is repeated, so that large files cost little to make.

    Raises:
        ValueError: The size is odd or leaves no room for a frame.
    """
    data_bytes = size_bytes - WAV_HEADER_BYTES
    if data_bytes < 2 or data_bytes % 2:
        raise ValueError(f"a 16-bit WAV is an even number of bytes and at least 46, not {size_bytes}")
    second = _sine(round(frequency_hz), SIZED_WAV_RATE_HZ, SIZED_WAV_RATE_HZ) * SIZED_WAV_FULL_SCALE
    loop = second.astype("<i2").tobytes()
    with file.open("wb") as target:
        target.write(_wav_header(data_bytes))
        for start in range(0, data_bytes, len(loop)):
            target.write(loop[: data_bytes - start])
    duration_s = data_bytes / 2 / SIZED_WAV_RATE_HZ
    return _describe(file, Tone("wav16", round(frequency_hz), duration_s, SIZED_WAV_RATE_HZ, channels=1))


def _samples(tone: Tone) -> Samples:
    frames = round(tone.duration_s * tone.sample_rate_hz)
    mono = _sine(tone.frequency_hz, tone.sample_rate_hz, frames) * _envelope(frames, tone.sample_rate_hz)
    return np.repeat(mono[:, None], tone.channels, axis=1)


def _sine(frequency_hz: float, sample_rate_hz: int, frames: int) -> Samples:
    phase = np.arange(frames, dtype=np.float64) * (2 * np.pi * frequency_hz / sample_rate_hz)
    return AMPLITUDE * np.sin(phase)


def _envelope(frames: int, sample_rate_hz: int) -> Samples:
    """A raised cosine at both ends: without it each file starts and stops with a click."""
    fade = min(round(FADE_S * sample_rate_hz), frames // 2)
    rise = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, fade))
    return np.concatenate([rise, np.ones(frames - 2 * fade), rise[::-1]])


def _seconds(samples: Samples, sample_rate_hz: int) -> Iterator[Samples]:
    for start in range(0, len(samples), sample_rate_hz):
        yield samples[start : start + sample_rate_hz]


def _wav_header(data_bytes: int) -> bytes:
    rate = SIZED_WAV_RATE_HZ
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    data = struct.pack("<4sI", b"data", data_bytes)
    return struct.pack("<4sI4s", b"RIFF", WAV_HEADER_BYTES - 8 + data_bytes, b"WAVE") + form + data


def _describe(file: Path, tone: Tone) -> Recording:
    found = soundfile.info(str(file))
    return Recording(
        file=file,
        format=tone.format,
        duration_s=found.frames / found.samplerate,
        sample_rate_hz=found.samplerate,
        channels=found.channels,
        frequency_hz=float(tone.frequency_hz),
        size_bytes=file.stat().st_size,
        sha256=sha256_of(file),
    )
